"""What the weekly meeting, the monthly review and a case look at. Reads only. R112, R128, R169-R171."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import F, Q, Sum
from django.urls import reverse
from django.utils.translation import gettext as _

from cheban.core import clock, events, slots
from cheban.core.models import Event
from cheban.customers.models import Customer
from cheban.org.access import Actor
from cheban.org.models import StaffRole, Store
from cheban.org.roles import Role
from cheban.playbook.models import Task
from cheban.playbook.outcomes import REFUSE_REASONS
from cheban.playbook.rules import HANDBOOK
from cheban.sales.handover import fields
from cheban.scorecard import board, cells, lists
from cheban.scorecard.definitions import BY_CODE, LISTED, light, shown, values
from cheban.scorecard.improvement import meetings
from cheban.scorecard.models import (
    Action,
    Counted,
    ImprovementCase,
    Tally,
    TaskForce,
    WeekLight,
    WeeklyMeeting,
)
from cheban.scorecard.targets import Goals
from cheban.scorecard.weeks import monday_of

LOST = ("lead.lost", "promise.broken", "complaint.closed", "contact.refused")
"""Events that may tell of a customer lost; `_is_lost` says which of them do."""
GONE = ("done_elsewhere", "do_not_contact")
MOST = 30
ANSWERED_IN = timedelta(hours=24)
"""A lead pushed so long ago without an answer is stuck."""


def _moment(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone)


def people(store_id: int) -> list[tuple[int, str]]:
    """(id, name and role) of who works in a store. One query."""
    held = StaffRole.objects.filter(store_id=store_id, staff__is_active=True).select_related("staff")
    found: dict[int, str] = {}
    order = list(Role.values)
    for one in sorted(held, key=lambda h: (order.index(h.role), h.staff.name)):
        found.setdefault(one.staff_id, f"{one.staff.name} · {Role(one.role).label}")
    return list(found.items())


def _is_lost(event: Event) -> bool:
    if event.name == "contact.refused":
        return event.facts.get("reason") in GONE
    if event.name == "complaint.closed":
        return event.facts.get("accepted") is False or event.facts.get("outcome") in ("lost", "unsatisfied", "rejected")
    return True


def _why(event: Event) -> str:
    """In words: of a contact its reason, of everything else what its own room says in the timeline; never a code."""
    if event.name == "contact.refused":
        known = REFUSE_REASONS.get(event.facts.get("reason", ""))
        return str(known.label) if known else ""
    return str(slots.ask(f"timeline.{event.name.split('.')[0]}", event.name, event.facts, default=""))


def lost_customers(store_id: int, first: date, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Customers lost in a week, by what was told: lead, broken promise, complaint closed badly, gone elsewhere. Two queries."""
    told = [
        event
        for event in Event.objects.filter(
            store_id=store_id,
            name__in=LOST,
            at__gte=_moment(first, zone),
            at__lt=_moment(first + timedelta(days=7), zone),
        ).order_by("-at", "-id")[:200]
        if _is_lost(event)
    ][:MOST]
    names = dict(
        Customer.objects.filter(id__in={e.customer_id for e in told if e.customer_id}).values_list("id", "name")
    )
    return [
        {
            "at": event.at,
            "what": str(events.declared(event.name).title),
            "customer": names.get(event.customer_id, ""),
            "why": _why(event),
            "url": lists.page_of(event),
        }
        for event in told
    ]


def blocked_leads(store_id: int, at: datetime) -> list[Any]:
    """Leads pushed to sales whose time to answer is over without an answer; oldest first. A lead's own room may tell
    better (slot weekly.blocked_leads, with the store)."""
    told = slots.ask("weekly.blocked_leads", store_id)
    if told is not None:
        return list(told)[:MOST]
    rows = list(
        Counted.objects.filter(
            store_id=store_id,
            metric="lead_heard",
            closed_id__isnull=True,
            opened_at__lt=at - ANSWERED_IN,
            day__gte=clock.day_of(at) - timedelta(days=60),
        ).order_by("opened_at")[:MOST]
    )
    lists.dress_counted(rows)
    return [
        {"customer": r.customer_name, "url": r.url, "since": r.opened_at, "person": r.person, "why": _("没有按时跟进")}
        for r in rows
    ]


def recurring_causes(store_id: int, first: date, zone: ZoneInfo) -> list[dict[str, Any]]:
    """What went wrong more than once in four weeks: causes of complaints (slot weekly.recurring_causes, with the
    stores and the first moment), and fields of the handover sheet that came back. One query."""
    since = first - timedelta(weeks=3)
    found = [
        {"cause": f"{row['cause']} {row.get('series') or ''}".strip(), "count": row["recent"]}
        for row in slots.ask("weekly.recurring_causes", [store_id], _moment(since, zone), default=())
    ]
    wrong: Counter[str] = Counter()
    for (facts,) in Event.objects.filter(
        store_id=store_id,
        name="handover.sent_back",
        at__gte=_moment(since, zone),
        at__lt=_moment(first + timedelta(days=7), zone),
    ).values_list("facts"):
        wrong.update(facts.get("fields") or ())
    found += [
        {"cause": _("交接表“%(field)s”填错") % {"field": fields.BY_CODE[code].label}, "count": count}
        for code, count in wrong.most_common()
        if count > 1 and code in fields.BY_CODE
    ]
    return sorted(found, key=lambda row: -row["count"])[:10]


def action_rows(found: Any, at: datetime) -> list[Any]:
    """Actions with owner and lateness, open ones first by their day. Two queries."""
    rows = list(found.order_by("due_on", "id")[:200])
    lists.dress_actions(rows)
    rows.sort(key=lambda r: (r.state != "open", r.due_on))
    return rows


def actions_of(*, at: datetime, **where: Any) -> list[Any]:
    """Actions of a case, a force, or one by its id, dressed for a page. Three queries."""
    return action_rows(Action.objects.filter(**where), at)


def weekly(actor: Actor, store: Store, week: date, *, at: datetime) -> dict[str, Any]:
    """The page of a weekly meeting: what the last full week told, what was agreed and is still open, the minutes."""
    zone = ZoneInfo(store.time_zone)
    before = week - timedelta(weeks=1)
    held = meetings.of_week(store.id, week)
    red = list(WeekLight.objects.filter(store_id=store.id, week=before, light="broken"))
    carried = Action.objects.filter(store_id=store.id, state="open")
    if held is not None:
        carried = carried.exclude(meeting=held)
    earlier = list(WeeklyMeeting.objects.filter(store_id=store.id).order_by("-week")[:12])
    return {
        "store": store,
        "week": week,
        "before": before,
        "sunday": week - timedelta(days=1),
        "week_number": week.isocalendar().week,
        "is_now": week == monday_of(clock.day_of(at)),
        "previous": before,
        "following": week + timedelta(weeks=1),
        "meeting": held,
        "decisions": list(held.decisions.order_by("at", "id")) if held else [],
        "agreed": action_rows(held.actions.all(), at) if held else [],
        "carried": action_rows(carried.filter(agreed_at__lt=_moment(week + timedelta(days=7), zone)), at),
        "lost": lost_customers(store.id, before, zone),
        "blocked": blocked_leads(store.id, at),
        "causes": recurring_causes(store.id, before, zone),
        "red": [
            {
                "title": _(BY_CODE[row.metric].title),
                "code": row.metric,
                "shown": cells.number(values(row.part, row.whole, BY_CODE[row.metric].unit), BY_CODE[row.metric]),
                "goal": cells.goal_words(row.target, BY_CODE[row.metric]),
            }
            for row in red
        ],
        "cases": board.open_cases([store.id], names={store.id: store.name}),
        "earlier": earlier,
        "people": people(store.id),
        "can_lead": actor.may("improvement.lead"),
        "default_due": clock.day_of(at) + timedelta(days=7),
        "now": at,
        "today": clock.day_of(at),
    }


def monthly(actor: Actor, store: Store, month: date, *, at: datetime) -> dict[str, Any]:
    """The monthly review: figures of the month against the month before, red weeks, cases and their effect. R169."""
    first = month.replace(day=1)
    until = (first + timedelta(days=32)).replace(day=1)
    last_month = (first - timedelta(days=1)).replace(day=1)
    sums: dict[tuple[str, bool], tuple[int, int]] = {}
    today = clock.day_of(at)
    for begin, end, is_now in ((first, min(until, today + timedelta(days=1)), True), (last_month, first, False)):
        for metric, part, whole in (
            Tally.objects.filter(store_id=store.id, person_id=0, day__gte=begin, day__lt=end)
            .values_list("metric")
            .annotate(Sum("part"), Sum("whole"))
        ):
            sums[metric, is_now] = (part, whole)
    red: Counter[str] = Counter(
        WeekLight.objects.filter(
            store_id=store.id, light="broken", week__gte=first - timedelta(days=6), week__lt=until
        ).values_list("metric", flat=True)
    )
    goals = Goals([store.id])
    judged_on = min(until - timedelta(days=1), today)
    rows = []
    for definition in LISTED:
        if (definition.code, True) not in sums and (definition.code, False) not in sums:
            continue
        now = cells.cell(*sums.get((definition.code, True), (0, 0)), definition, goals, store.id, judged_on)
        had = values(*sums.get((definition.code, False), (0, 0)), definition.unit)
        better = None
        if now["value"] is not None and had is not None and now["value"] != had:
            better = (now["value"] > had) is (definition.better == "more")
        rows.append(
            now
            | {
                "title": _(definition.title),
                "before": cells.number(had, definition),
                "red_weeks": red[definition.code],
                "is_better": better,
            }
        )
    rows.sort(key=lambda r: (cells.WORST[r["light"]], -r["red_weeks"]))
    begin, end = _moment(first, ZoneInfo(store.time_zone)), _moment(until, ZoneInfo(store.time_zone))
    cases = list(
        ImprovementCase.objects.filter(store_id=store.id, opened_at__lt=end)
        .filter(Q(closed_at__isnull=True) | Q(closed_at__gte=begin))
        .order_by("-opened_at")
    )
    lists.dress_cases(cases)
    actions = Action.objects.filter(store_id=store.id)
    done = list(actions.filter(state="done", settled_at__gte=begin, settled_at__lt=end))
    return {
        "store": store,
        "month": first,
        "previous": last_month,
        "following": until,
        "is_now": first <= today < until,
        "rows": rows,
        "cases": cases,
        "done": len(done),
        "done_late": sum(clock.day_of(a.settled_at) > a.due_on for a in done),
        "late": actions.filter(state="open", due_on__lt=min(today, until)).count(),
        "can_lead": actor.may("improvement.lead"),
        "now": at,
    }


def _missed(found: ImprovementCase, *, at: datetime, most: int = 8) -> list[Any]:
    """Records of both red weeks that missed, the newest first: what the meeting looks at."""
    first, until = found.week - timedelta(weeks=1), found.week + timedelta(weeks=1)
    if BY_CODE[found.metric].from_tasks:
        both = board.Period("", first, until - timedelta(days=1))
        rows, _count = task_records(found.metric, [found.store_id], both, person=0, only_bad=True, at=at, most=most)
        for row in rows:
            row.thing, row.day = row.title, row.due_at
            row.result = _("没有完成") if row.state == "open" else _("超时完成")
            row.url = reverse("customers:customer", args=[row.customer_id]) if row.customer_id else ""
        return rows
    rows = list(
        Counted.objects.filter(
            store_id=found.store_id, metric=found.metric, day__gte=first, day__lt=until, part__lt=F("whole")
        ).order_by("-day", "-id")[:most]
    )
    lists.dress_counted(rows)
    return rows


def case(actor: Actor, found: ImprovementCase, *, at: datetime) -> dict[str, Any]:
    """A case's page: its red weeks, worst records and people, steps with their clocks, actions, forces. Ten queries."""
    definition = BY_CODE[found.metric]
    store = Store.objects.get(id=found.store_id)
    weeks = list(
        WeekLight.objects.filter(
            store_id=found.store_id, metric=found.metric, week__gte=found.week - timedelta(weeks=7)
        ).order_by("week")[:26]
    )
    owed = {
        t.rule: t
        for t in Task.objects.filter(
            subject_id=found.id, rule__in=["improvement_meet", "improvement_plan", "improvement_check"]
        ).order_by("occasion_on")
    }
    worst = _missed(found, at=at)
    who = lists.names_of([found.met_by_id, found.planned_by_id, found.checked_by_id])
    forces = list(TaskForce.objects.filter(case=found).order_by("-opened_at"))
    goal = Goals([found.store_id]).of(found.metric, found.store_id, clock.day_of(at))
    last = monday_of(clock.day_of(at))
    recent = [w for w in weeks if last - timedelta(weeks=4) <= w.week < last]
    value = values(sum(w.part for w in recent), sum(w.whole for w in recent), definition.unit)
    return {
        "case": found,
        "store": store,
        "title": _(definition.title),
        "formula": _(definition.formula),
        "before": cells.number(found.value_before, definition),
        "after": cells.number(found.value_after, definition) if found.value_after is not None else "",
        "goal": cells.goal_words(found.target, definition),
        "goal_now": cells.goal_words(goal.value, definition),
        "recent": cells.number(value, definition),
        "recent_light": light(
            value, sum(w.whole for w in recent), definition=definition, target=goal.value, least=goal.least
        ),
        "weeks": [
            {
                "week": w.week,
                "sunday": w.week + timedelta(days=6),
                "shown": cells.number(values(w.part, w.whole, definition.unit), definition),
                "value": shown(values(w.part, w.whole, definition.unit), definition),
                "part": w.part,
                "whole": w.whole,
                "light": w.light,
                "target": w.target,
                "is_cause": found.week - timedelta(weeks=1) <= w.week <= found.week,
            }
            for w in weeks
        ],
        "worst": worst,
        "meet_due": owed["improvement_meet"].due_at if "improvement_meet" in owed else None,
        "plan_due": owed["improvement_plan"].due_at if "improvement_plan" in owed else None,
        "meet_by": who.get(found.met_by_id, ""),
        "plan_by": who.get(found.planned_by_id, ""),
        "check_by": who.get(found.checked_by_id, ""),
        "actions": actions_of(at=at, case=found),
        "forces": forces,
        "people": people(found.store_id),
        "default_due": clock.day_of(at) + timedelta(days=7),
        "can_lead": actor.may("improvement.lead"),
        "now": at,
        "today": clock.day_of(at),
    }


def task_records(
    metric: str, store_ids: list[int], when: board.Period, *, person: int, only_bad: bool, at: datetime, most: int = 200
) -> tuple[list[Any], int]:
    """Tasks that a figure made of tasks counts in a period, the newest due first, and how many there are. Four queries."""
    zone = ZoneInfo("Asia/Shanghai")
    found = Task.objects.filter(
        store_id__in=store_ids,
        due_at__gte=_moment(when.first, zone),
        due_at__lt=min(_moment(when.last + timedelta(days=1), zone), at),
    ).exclude(state="dropped")
    if metric == "follow_up":
        contacts = [r.code for r in HANDBOOK.rules.values() if not r.is_duty and r.purpose != "internal"]
        found = found.filter(rule__in=contacts)
        bad = ~Q(state="done") | Q(outcome="unreached")
    else:
        bad = ~Q(state="done") | Q(closed_at__gt=F("due_at"))
    if person:
        found = found.filter(assignee_id=person)
    if only_bad:
        found = found.filter(bad)
    count = found.count()
    rows = list(found.order_by("-due_at", "-id")[:most])
    names = dict(
        Customer.objects.filter(id__in={r.customer_id for r in rows if r.customer_id}).values_list("id", "name")
    )
    staff = lists.names_of({r.assignee_id for r in rows})
    for row in rows:
        rule = HANDBOOK.rules.get(row.rule)
        row.now, row.title = at, _(rule.title) if rule else row.rule
        row.customer_name, row.person = names.get(row.customer_id, ""), staff.get(row.assignee_id, "")
        row.is_good = row.state == "done" and (
            row.outcome != "unreached" if metric == "follow_up" else row.closed_at <= row.due_at
        )
    return rows, count
