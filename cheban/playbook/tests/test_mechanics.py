"""Whatever people do in whatever order: somebody who is there has every open task, no clock starts again, no step of a
ladder is taken twice. R090, R208, reliability 5.2.
"""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

import pytest
from django.test import Client

from cheban.core import clock as real_clock
from cheban.core.errors import Refused
from cheban.core.models import CalendarDay, Event
from cheban.org import absences
from cheban.org.absences import Leave
from cheban.org.access import actor_for
from cheban.org.models import Absence, Staff
from cheban.org.presence import presence_of
from cheban.org.roles import Role
from cheban.playbook import commands, cover, ladder, moves, planner, reassigning
from cheban.playbook.models import Task, TaskPause
from cheban.playbook.outcomes import SNOOZE_REASONS
from tests import given

CALLING = (Role.SERVICE_SPECIALIST, Role.SALES_CONSULTANT, Role.SERVICE_ADVISOR, Role.CALLER, Role.STORE_MANAGER)


class World:
    """A store, its tasks and one source of chance; each deed may be refused, none may break what must hold."""

    def __init__(self, cast, clock, seed: int) -> None:
        self.cast, self.clock, self.chance = cast, clock, random.Random(seed)
        self.people = [cast.staff[role] for role in CALLING]
        self.people += [given.staff(cast.a, Role.SERVICE_SPECIALIST, login=f"more{n}") for n in range(2)]
        self.done: Counter[str] = Counter()

    def contact(self):
        return self.chance.choice(sorted(set(Task.objects.values_list("contact_id", flat=True))))

    def by(self, contact):
        """Mostly whoever has it, sometimes anybody."""
        has = Task.objects.filter(contact_id=contact).values_list("assignee_id", flat=True)[0]
        person = Staff.objects.filter(id=has).first() if self.chance.random() < 0.7 else None
        return actor_for(person or self.chance.choice(self.people))

    def goes(self):
        now = real_clock.now()
        deputies = self.chance.sample(self.people, 2)
        named = {"": deputies[0].id, Role.SERVICE_SPECIALIST: deputies[1].id} if self.chance.random() < 0.7 else {}
        length = timedelta(hours=self.chance.randint(2, 80))
        who = self.chance.choice(self.people)
        absences.enter(Leave(who.id, "leave", now, now + length, named), by=self.cast.actor(Role.STORE_MANAGER))

    def comes_back(self):
        running = list(Absence.objects.filter(cancelled_at=None).order_by("id"))
        if running:
            absences.cancel(self.chance.choice(running).id, by=self.cast.actor(Role.STORE_MANAGER))

    def puts_off(self):
        contact = self.contact()
        until = real_clock.now() + timedelta(hours=self.chance.choice((1, 2, 5, 20, 26)))
        moves.snooze(contact, by=self.by(contact), until=until, reason=self.chance.choice(list(SNOOZE_REASONS)))

    def hands_over(self):
        contact = self.contact()
        moves.hand_over(contact, by=self.by(contact), to=self.chance.choice(self.people).id, note="请接")

    def sends_back(self):
        contact = self.contact()
        moves.send_back(contact, by=self.by(contact), note="请看")

    def takes(self):
        contact = self.contact()
        moves.take(contact, by=self.by(contact))

    def puts_back(self):
        names = ("task.taken", "task.snoozed", "task.handed_over", "task.sent_back")
        event = Event.objects.filter(name__in=names).order_by("-id").first()
        if event:
            moves.put_back(event, by=actor_for(Staff.objects.get(id=event.actor_id)))

    def reassigns(self):
        to = [p.id for p in self.chance.sample(self.people, 2)]
        reassigning.reassign([self.contact(), self.contact()], by=self.cast.actor(Role.STORE_MANAGER), to=to)

    def tells(self):
        contact = self.contact()
        commands.record_outcome(contact, by=self.by(contact), outcome=self.chance.choice(("no_answer", "reached")))

    def waits(self):
        self.clock.set(real_clock.now() + timedelta(minutes=self.chance.choice((5, 60, 300, 1400))))

    def runs(self):
        at = real_clock.now()
        cover.cover_absences(at=at, store_ids=[self.cast.a.id])
        commands.pass_on_of_leavers(at=at)
        cover.cover_absences(at=at, store_ids=[self.cast.a.id])
        ladder.escalate_overdue(at=at)

    def step(self) -> None:
        deed = self.chance.choice(
            (
                self.goes, self.comes_back, self.puts_off, self.puts_off, self.hands_over, self.sends_back,
                self.takes, self.puts_back, self.reassigns, self.tells, self.waits, self.waits,
            )
        )  # fmt: skip
        before = {t.id: t for t in Task.objects.all()}
        try:
            deed()
            self.done[deed.__name__] += 1
        except Refused:
            pass
        self.check_clocks(deed.__name__, before)
        self.runs()
        self.check_owners()

    def check_clocks(self, deed: str, before: dict) -> None:
        """Only a pause and an outcome move a time limit, and neither one lets it start again from nothing."""
        moved = [t for t in Task.objects.filter(state="open") if t.due_at != before[t.id].due_at]
        if deed in ("puts_off", "puts_back", "tells"):
            return
        assert moved == [], deed

    def check_owners(self) -> None:
        at = real_clock.now()
        there = presence_of([self.cast.a.id], at=at)
        managers = set(there.works.get((self.cast.a.id, Role.STORE_MANAGER), ()))
        for task in Task.objects.filter(state="open"):
            waits = task.owner_id is None and task.assignee_id in there.away
            kept = waits and task.due_at >= there.away[task.assignee_id].ends_at
            sibling = (
                waits
                and Task.objects.filter(
                    contact_id=task.contact_id, state="open", due_at__gte=there.away[task.assignee_id].ends_at
                ).exists()
            )
            assert there.is_there(task.assignee_id, task.store_id) or task.assignee_id in managers or kept or sibling
        of_contact = Task.objects.filter(state="open").values_list("contact_id", "assignee_id").distinct()
        assert len(of_contact) == len({contact for contact, _person in of_contact})
        steps = Counter(Event.objects.filter(name="task.escalated").values_list("facts__task_id", "facts__level"))
        assert max(steps.values(), default=1) == 1
        for pause in TaskPause.objects.all():
            assert pause.starts_at < pause.ends_at


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_every_open_task_has_somebody_and_every_step_comes_once(cast, clock, seed):
    for n in range(4):
        given.vehicle(
            cast.a, given.customer(cast.a, phone=f"1380000{n:04}"), plate=f"沪A1230{n}",
            purchased_on=given.days(-170), first_service_due_on=given.days(5), insurance_until=given.days(40),
        )  # fmt: skip
    planner.plan_day(real_clock.today(), store_ids=[cast.a.id])
    world = World(cast, clock, seed)
    for _step in range(60):
        world.step()
    assert sum(world.done.values()) > 20


def test_whoever_can_enter_holidays_is_told_in_their_day_that_next_years_are_missing(cast):
    CalendarDay.objects.filter(store_id=cast.a.id, on__year=2027).delete()
    backend = "cheban.site.accounts.Backend"
    for role, told in ((Role.STORE_MANAGER, True), (Role.CALLER, False)):
        client = Client()
        client.force_login(cast.staff[role], backend=backend)
        gaps = client.get("/my-day/").context["calendar_gaps"]
        assert [(gap["stores"], gap["count"], gap["year"]) for gap in gaps] == (
            [(cast.a.name, 1, 2027)] if told else []
        )
    CalendarDay.objects.create(store_id=cast.a.id, on="2027-01-01", kind="holiday", name="元旦")
    client.force_login(cast.staff[Role.STORE_MANAGER], backend=backend)
    assert client.get("/my-day/").context["calendar_gaps"] == []
