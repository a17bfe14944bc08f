"""What the playbook does about what others told. Each may run twice."""

from __future__ import annotations

from uuid import UUID

from django.db import connection

from cheban.core import clock, facts
from cheban.core.events import is_taken_back, reaction, record
from cheban.core.live import announce_all
from cheban.core.models import Event
from cheban.playbook import cover, handmade, pauses, planner, rows
from cheban.playbook.commands import tell_pages
from cheban.playbook.models import Task
from cheban.playbook.rules import HANDBOOK, ByHand, Rule

SOLD = "sold"
"""Outcome of a dropped task: its car is another's, or in use no more."""


@reaction("import.undone")
def drop_tasks_of_nobody(event: Event) -> None:
    """Open tasks about customers that an undo took away are dropped."""
    subject = facts.subject("customer")
    with connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE playbook_task t SET state = 'dropped', closed_at = %s, outcome = 'undone', escalate_at = NULL
                WHERE t.state = 'open' AND t.customer_id IS NOT NULL AND NOT EXISTS (
                  SELECT 1 FROM {subject.source} WHERE {subject.id} = t.customer_id)""",  # noqa: S608 - SQL of ours
            [clock.now()],
        )


def _drop(tasks, outcome: str, *, may_return: bool = False) -> None:
    """End open tasks that are owed no more, and tell the pages that show them. What may be owed again keeps its way up."""
    _tell_of(tasks)
    way_up = {} if may_return else {"escalate_at": None}
    tasks.update(state=Task.State.DROPPED, outcome=outcome, closed_at=clock.now(), **way_up)


def _tell_of(tasks) -> None:
    owed = list(tasks.values_list("contact_id", "assignee_id").distinct())
    announce_all({("contact", contact) for contact, _person in owed} | {("day", p) for _contact, p in owed if p})


@reaction("consent.refused", only_if=lambda event: event.facts.get("channel") == "any")
def drop_what_was_refused(event: Event) -> None:
    """Whoever refused a purpose is not called about it by a colleague whose list is a day old. PIPL art. 15."""
    purpose = event.facts.get("purpose")
    # What the house owes itself or a person in danger is no wooing: it stays whatever was refused.
    rules = [r.code for r in HANDBOOK.rules.values() if purpose in (r.purpose, "all") and r.purpose != "internal"]
    _drop(Task.objects.filter(customer_id=event.customer_id, state=Task.State.OPEN, rule__in=rules), "refused")


@reaction("vehicle.changed_hands")
def drop_tasks_of_former_owner(event: Event) -> None:
    """What was owed to the former owner about this vehicle is owed no more."""
    tasks = Task.objects.filter(vehicle_id=event.vehicle_id, state=Task.State.OPEN).exclude(rule__in=_duties())
    owner = _owner_of(event.vehicle_id)
    _drop(tasks.exclude(customer_id=owner) if owner else tasks, SOLD)


def _owner_of(vehicle_id: UUID) -> UUID | None:
    subject = facts.subject("vehicle")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {subject.customer} FROM {subject.source} WHERE {subject.id} = %s",  # noqa: S608 - SQL of ours
            [vehicle_id],
        )
        return (cursor.fetchone() or (None,))[0]


@reaction("contact.refused", only_if=lambda event: event.facts.get("reason") == "sold" and bool(event.vehicle_id))
def drop_tasks_of_sold_vehicle(event: Event) -> None:
    """A car that is sold or scrapped needs nothing more, whoever else had something to say about it; what was promised
    to its buyer, or is owed to a colleague about them, stays owed."""
    _one_after_the_other(event.id)
    if not is_taken_back(event):
        _drop(
            Task.objects.filter(vehicle_id=event.vehicle_id, state=Task.State.OPEN).exclude(rule__in=_duties()),
            SOLD,
            may_return=True,
        )


@reaction("contact.taken_back", only_if=lambda event: bool(event.vehicle_id))
def owe_again_for_a_car_that_was_not_sold(event: Event) -> None:
    """A car said to be sold was not: what ended with it, colleagues' tasks too, is owed again with the time limits it had.
    One that became another's meanwhile is not: what the undo brought back about it ends as it did."""
    if _owner_of(event.vehicle_id) != event.customer_id:
        theirs = Task.objects.filter(vehicle_id=event.vehicle_id, customer_id=event.customer_id, state=Task.State.OPEN)
        _drop(theirs.exclude(rule__in=_duties()), SOLD)
        return
    slip = Event.objects.filter(id=event.facts.get("event_id"), name="contact.refused", facts__reason="sold").first()
    if slip is None:
        return
    _one_after_the_other(slip.id)
    tasks = Task.objects.filter(
        vehicle_id=event.vehicle_id, state=Task.State.DROPPED, outcome=SOLD, closed_at__gte=slip.at
    )
    _tell_of(tasks)
    tasks.update(state=Task.State.OPEN, outcome="", closed_at=None)


def _one_after_the_other(slip_id: int) -> None:
    """What a slip ends and what its undo brings back never run side by side."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"playbook.slip:{slip_id}"])


def _duties() -> list[str]:
    return [rule.code for rule in HANDBOOK.rules.values() if rule.is_duty]


def end_joint(event: Event) -> None:
    """An occasion that several people share is done when all parts are; told once, whoever comes last."""
    closed = Task.objects.filter(contact_id=event.facts["contact_id"]).exclude(state=Task.State.OPEN)
    for task in closed.filter(rule__in=[rule.code for rule in handmade.templates()]).order_by("subject_id"):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"playbook.joint:{task.subject_id}"]
            )
        parts = list(Task.objects.filter(subject_id=task.subject_id, rule=task.rule, occasion_on=task.occasion_on))
        contacts = [str(t.contact_id) for t in parts]
        told = Event.objects.filter(name="task.joint_done", store_id=task.store_id, facts__contact_id__in=contacts)
        if len(parts) > 1 and all(t.state != Task.State.OPEN for t in parts) and not told.exists():
            record(
                "task.joint_done",
                store_id=task.store_id,
                customer_id=task.customer_id,
                vehicle_id=task.vehicle_id,
                rules=[task.rule],
                contact_id=str(task.contact_id),
            )


def _may_be_joint(event: Event) -> bool:
    return any(isinstance(HANDBOOK.rules[r].when, ByHand) for r in event.facts["rules"] if r in HANDBOOK.rules)


for _name in ("contact.reached", "contact.refused", "contact.missed"):
    reaction(_name, only_if=_may_be_joint)(end_joint)


@reaction("absence.entered")
def cover_at_once(event: Event) -> None:
    """Whoever goes now leaves nothing lying."""
    cover.cover_absences(at=clock.now(), store_ids=[event.store_id])


@reaction("absence.cancelled")
def bring_home_at_once(event: Event) -> None:
    """Whoever is back early finds their own work again."""
    cover.cover_absences(at=clock.now(), store_ids=[event.store_id])


def plan_at_once(event: Event) -> None:
    """What the handbook's rules owe because this event was told."""
    planner.plan_event(event)
    if event.customer_id:  # pages that show what is owed to this customer looked before it was
        announce_all([("customer", event.customer_id)])


def fulfil(event: Event) -> None:
    """What was done on the page of its subject is owed no more: the open tasks of that subject are done, at the moment
    of the event and by who did it."""
    tasks = _about(event, [rule for rule in HANDBOOK.rules.values() if event.name in rule.done_by])
    if not tasks:
        return
    pauses.end(tasks, at=event.at)
    Task.objects.filter(id__in=[t.id for t in tasks]).update(
        state=Task.State.DONE,
        outcome="settled",
        closed_at=event.at,
        closed_by_id=event.actor_id,
        escalate_at=None,
        told_id=None,
    )
    people = {person for t in tasks for person in (t.assignee_id, t.told_id)}
    tell_pages({event.store_id}, people, {t.contact_id for t in tasks}, {event.customer_id})


def void(event: Event) -> None:
    """What changed about the subject takes its open tasks away; what is owed instead the next plan makes."""
    tasks = _about(event, [rule for rule in HANDBOOK.rules.values() if event.name in rule.void_by])
    _drop(Task.objects.filter(id__in=[t.id for t in tasks]), "changed")


def _about(event: Event, rules: list[Rule]) -> list[Task]:
    """Open tasks, locked, that these rules made about the event's subjects."""
    told = ((rule.code, facts.subject(rule.subject).told(event)) for rule in rules)
    return rows.locked_about((code, subject_id) for code, subject_id in told if subject_id is not None)


def react_to_rules() -> None:
    """Have every event that a rule names planned at once, and every event that fulfils one end its tasks (called when
    the handbook is complete)."""
    for rule in planner.told_rules():
        reaction(rule.when.event)(plan_at_once)
    for rule in HANDBOOK.rules.values():
        for name in rule.done_by:
            reaction(name)(fulfil)
        for name in rule.void_by:
            reaction(name)(void)
