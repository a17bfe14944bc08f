"""Reads of the playbook: my day, one contact, the team, why a task exists. Query counts are tested."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Count, F, Max, Min, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from cheban.core import facts, slots
from cheban.core.calendars import missing_years_of
from cheban.core.errors import NotFound
from cheban.core.models import Event
from cheban.org import presence
from cheban.org.access import Actor
from cheban.org.models import Staff, StaffRole, Store
from cheban.org.roles import Role, permissions_of
from cheban.playbook import effective, handmade, moves, planner, reassigning, words
from cheban.playbook.models import PlanRun, Task
from cheban.playbook.outcomes import FREE_SNOOZES, OUTCOMES, REFUSE_REASONS, SNOOZE_REASONS
from cheban.playbook.rules import HANDBOOK, ByHand, Happened, Red, Rule, Since

MOST = 400
"""How many open tasks one page of my day reads; more than a person can do in weeks."""


@dataclass(slots=True)
class ContactRow:
    """One contact in a list: a customer, the reasons, the clock."""

    id: UUID
    customer_id: UUID
    vehicle_id: UUID | None
    store_id: int
    assignee_id: int | None
    due_at: datetime
    starts_at: datetime
    weight: int
    value_fen: int
    rules: list[str]
    due_on: date
    attempts: int
    escalation: int
    outcome: str
    what: str = ""  # of a task written by hand
    side: str = "service"
    snoozes: int = 0
    is_reported: bool = False
    is_taken: bool = False
    stands_in: bool = False
    joined: bool = False
    customer_name: str = ""
    plate: str = ""
    plate_kind: str = ""
    more_vehicles: int = 0
    title: str = ""
    kind_label: str = ""
    is_late: bool = False
    is_current: bool = False
    assignee_name: str = ""


@dataclass(slots=True)
class Group:
    """Contacts that fall together: now, today, later."""

    key: str
    label: str
    contacts: list[ContactRow] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many contacts."""
        return len(self.contacts)


def fold(tasks: Iterable[Task], *, at: datetime, tz: str = "Asia/Shanghai") -> list[ContactRow]:
    """Tasks folded into contacts, with names and plates (two more queries for all of them)."""
    today = at.astimezone(ZoneInfo(tz)).date()
    folded: dict[UUID, list[Task]] = defaultdict(list)
    for task in tasks:
        folded[task.contact_id].append(task)
    rows = []
    for contact_id, several in folded.items():
        several.sort(key=lambda t: (-t.weight, t.due_at))
        first = several[0]
        rule = HANDBOOK.rules.get(first.rule)
        row = ContactRow(
            id=contact_id,
            customer_id=first.customer_id,
            vehicle_id=first.vehicle_id,
            store_id=first.store_id,
            assignee_id=first.assignee_id,
            due_at=min(t.due_at for t in several),
            starts_at=min(t.starts_at for t in several),
            weight=max(t.weight for t in several),
            value_fen=first.value_fen,
            rules=list(dict.fromkeys(t.rule for t in several)),
            due_on=first.due_on,
            attempts=max(t.attempts for t in several),
            escalation=max(t.escalation for t in several),
            outcome=first.outcome,
            what=first.facts.get("what", "") if rule and isinstance(rule.when, ByHand) else "",
            side=planner.SIDE.get(first.role, "service"),
            snoozes=max(t.snoozes for t in several),
            is_reported=any(t.told_id for t in several),
            is_taken=any(t.taken_at for t in several),
            stands_in=any(t.owner_id for t in several),
            joined=bool(rule and rule.joined),
            more_vehicles=len({t.vehicle_id for t in several if t.vehicle_id}) - 1,
        )
        row.is_late = row.due_at < at
        row.kind_label = str(_(rule.short)) if rule else first.rule
        row.title = _title(row, today=today, at=at)
        rows.append(row)
    if not rows:
        return []
    stores = {r.store_id for r in rows if r.customer_id is None}
    store_names = dict(Store.objects.filter(id__in=stores).values_list("id", "name")) if stores else {}
    cards = slots.ask(
        "contact.cards",
        [r.customer_id for r in rows if r.customer_id],
        [r.vehicle_id for r in rows if r.vehicle_id],
        default={},
    )
    for row in rows:
        card = cards.get(row.customer_id, {})
        row.customer_name = card.get("name", "") or store_names.get(row.store_id, "")
        vehicle = card.get("vehicles", {}).get(row.vehicle_id) or next(iter(card.get("vehicles", {}).values()), None)
        if vehicle:
            row.plate, row.plate_kind = vehicle["plate"], vehicle["plate_kind"]
    return rows


def _title(row: ContactRow, *, today: date, at: datetime) -> str:
    days = (row.due_on - today).days
    names = [str(_(HANDBOOK.rules[r].short)) for r in row.rules if r in HANDBOOK.rules]
    label = _("、").join(dict.fromkeys(names))
    if row.snoozes and row.starts_at > at:
        return _("%(what)s · 已推迟") % {"what": label}
    if row.outcome == "call_back":
        return _("%(what)s · 约好再打") % {"what": label}
    if row.outcome == "no_answer":
        return _("%(what)s · 第 %(n)d 次未接") % {"what": label, "n": row.attempts}
    rule = HANDBOOK.rules.get(row.rules[0]) if row.rules else None
    if rule is not None and isinstance(rule.when, (Since, Happened, Red, ByHand)):
        return f"{label} · {row.what}" if row.what else label  # the day is over: nothing to count
    if days > 0:
        return _("%(what)s还有 %(days)d 天") % {"what": label, "days": days}
    if days == 0:
        return _("%(what)s就在今天") % {"what": label}
    return _("%(what)s已过 %(days)d 天") % {"what": label, "days": -days}


def my_day(actor: Actor, *, at: datetime) -> dict[str, Any]:
    """The signed-in person's work list, grouped and ordered by urgency, then value. R035, R208."""
    zone = ZoneInfo("Asia/Shanghai")
    end_of_day = datetime.combine(at.astimezone(zone).date() + timedelta(days=1), datetime.min.time(), tzinfo=zone)
    tasks = Task.objects.filter(
        Q(assignee_id=actor.staff_id) | Q(told_id=actor.staff_id),
        state=Task.State.OPEN,
        starts_at__lt=end_of_day + timedelta(days=1),
    ).order_by("due_at")[:MOST]
    rows = sorted(
        fold(tasks, at=at),
        key=lambda r: (r.starts_at > at, not r.is_late, r.due_at.date(), -r.weight, -r.value_fen, str(r.id)),
    )
    groups = {
        key: Group(key, label)
        for key, label in (
            ("up", _("上报给您，请接手")),
            ("now", _("现在")),
            ("today", _("今天")),
            ("week", _("本周")),
            ("booked", _("约好再打、已推迟")),
            ("tomorrow", _("明天")),
        )
    }
    for row in rows:
        if row.assignee_id != actor.staff_id:
            groups["up"].contacts.append(row)
        elif row.starts_at >= end_of_day:
            groups["tomorrow"].contacts.append(row)
        elif row.starts_at > at:
            groups["booked"].contacts.append(row)
        elif row.is_late or row.due_at - at < timedelta(hours=2) or row.weight >= planner.URGENT:
            groups["now"].contacts.append(row)
        elif row.due_at < end_of_day:
            groups["today"].contacts.append(row)
        else:
            groups["week"].contacts.append(row)
    begin = end_of_day - timedelta(days=1)
    with connection.cursor() as cursor:  # written out: every open day asks it after each change
        cursor.execute(
            """SELECT count(DISTINCT contact_id) FROM playbook_task
               WHERE assignee_id = %s AND closed_at >= %s AND state <> 'open'""",
            [actor.staff_id, begin],
        )
        done = cursor.fetchone()[0]
    return {
        "groups": [g for g in groups.values() if g.contacts],
        "day": {
            "date_label": words.day_words(at.astimezone(zone).date(), today=at.astimezone(zone).date()),
            "open_count": len(rows),
            "done_count": done,
            "late_count": sum(r.is_late for r in rows),
            "sides": _sides(rows),
        },
    }


def calendar_gaps(actor: Actor, *, today: date) -> list[dict[str, Any]]:
    """Stores whose holidays of this year, or from November the next, are not known: every time limit there counts on
    usual weeks. Only for those who can enter them. Two queries when something may be missing. Reliability rows 74-78.
    """
    if not actor.may("calendar.edit"):
        return []
    gaps = missing_years_of(actor.stores, today=today)
    names = dict(Store.objects.filter(id__in=gaps).values_list("id", "name")) if gaps else {}
    return [{"store_id": s, "store": names[s], "year": year} for s, years in gaps.items() for year in years]


def _sides(rows: list[ContactRow]) -> list[tuple[str, int]]:
    """How many contacts are of the sales side and how many of the service side; empty when all are of one."""
    sales = sum(r.side == "sales" for r in rows)
    return [(_("销售"), sales), (_("售后"), len(rows) - sales)] if 0 < sales < len(rows) else []


def may_hear(actor: Actor, contact_id: str) -> bool:
    """Whether an open page of this person may hear that this contact changed (live topic)."""
    rows = Task.objects.filter(contact_id=UUID(contact_id))
    if not actor.may("task.see_team"):
        rows = rows.filter(Q(assignee_id=actor.staff_id) | Q(told_id=actor.staff_id))
    return rows.exists()


def open_count(actor: Actor, *, at: datetime) -> int:
    """How many contacts wait for this person now (the badge in the menu)."""
    return Task.objects.filter(assignee_id=actor.staff_id, state=Task.State.OPEN, starts_at__lte=at).aggregate(
        n=Count("contact_id", distinct=True)
    )["n"]


def contact(contact_id: UUID, actor: Actor, *, at: datetime) -> dict[str, Any]:
    """Everything beside the telephone: reason, script, outcomes, promises, what was said. Raises NotFound."""
    tasks = list(Task.objects.filter(contact_id=contact_id).order_by("-weight", "due_at"))
    opened = [t for t in tasks if t.state == Task.State.OPEN]
    if not opened:
        raise NotFound(_("这件事已经完成，或不属于您的门店。"))
    first = opened[0]
    store = Store.objects.get(id=first.store_id)
    today = at.astimezone(ZoneInfo(store.time_zone)).date()
    detail = {}
    if first.customer_id is not None:
        detail = slots.ask(
            "contact.detail", first.customer_id, [t.vehicle_id for t in opened if t.vehicle_id], actor, default={}
        )
    customer = detail.get("customer", {})
    me = actor.name
    base = {
        "store": store.name,
        "me": me,
        "call_name": words.call_name(
            customer.get("name", ""), gender=customer.get("gender", ""), kind=customer.get("kind", "")
        ),
    }
    sentences = []
    for task in opened:
        rule = HANDBOOK.rules.get(task.rule)
        if rule:
            plate = detail.get("plates", {}).get(task.vehicle_id, "")
            sentence = words.fill(rule.reason, base | task.facts | {"due": task.due_on.isoformat()}, today=today)
            sentences.append({"text": sentence, "rule": _(rule.title), "code": rule.code, "plate": plate})
    lead = HANDBOOK.rules.get(first.rule)
    script = (
        words.segments(words.fill(lead.script, base | first.facts | {"due": first.due_on.isoformat()}, today=today))
        if lead
        else []
    )
    return {
        "id": contact_id,
        "customer": customer,
        "vehicle": detail.get("vehicle"),
        "due_at": min(t.due_at for t in opened),
        "started_at": min(t.starts_at for t in opened),
        "headline": sentences[0]["text"] if sentences else "",
        "sentences": sentences,
        "script": script,
        **_partners(opened),
        "attempts": max(t.attempts for t in opened),
        "outcomes": _outcomes(lead, has_customer=first.customer_id is not None),
        "duty": _duty(lead, first),
        "store_name": store.name,
        "refuse_reasons": list(REFUSE_REASONS.values()),
        "timeline": detail.get("timeline", []),
        "profile_tags": detail.get("tags", []),
        "said": detail.get("said", []),
        **_moved(opened, actor, at=at),
        "is_mine": first.assignee_id == actor.staff_id,
        "assignee_id": first.assignee_id,
        "store_id": first.store_id,
        "is_late": min(t.due_at for t in opened) < at,
    }


def _duty(rule: Rule | None, task: Task) -> dict[str, str] | None:
    """Where a duty is done: the page of its subject and what it is called there; None for a contact."""
    if rule is None or not rule.is_duty:
        return None
    owed = next((o for o in rule.owes if o.duty == task.duty), rule.owes[0])
    page = facts.subject(rule.subject).page
    return {"label": str(_(owed.title)), "url": reverse(page, args=[task.subject_id]) if page else ""}


def _moved(opened: list[Task], actor: Actor, *, at: datetime) -> dict[str, Any]:
    """Whose it is, how it came here, and which moves this person may make. One query when somebody is to be named."""
    first = opened[0]
    told = next((t.told_id for t in opened if t.told_id), None)
    taken = any(t.taken_at for t in opened)
    people = {first.assignee_id, first.owner_id, first.handed_by_id, told} - {None, actor.staff_id}
    names = dict(Staff.objects.filter(id__in=people).values_list("id", "name")) if people else {}
    names[actor.staff_id] = actor.name
    manages = actor.may("task.reassign")
    mine = first.assignee_id == actor.staff_id
    level = max(t.escalation for t in opened)
    snoozes = max(t.snoozes for t in opened)
    return {
        "owner_name": names.get(first.owner_id, ""),
        "assignee_name": "" if mine else names.get(first.assignee_id, _("未分配")),
        "reported": {"level": level, "to": names.get(told, ""), "to_me": told == actor.staff_id}
        if level and not taken
        else None,
        "is_taken": taken,
        "can_take": level > 0 and not taken and (mine or manages or told == actor.staff_id),
        "handed": {
            "by": names.get(first.handed_by_id, ""),
            "note": first.handed_note,
            "is_back": first.handed_back,
            "can_send_back": mine and not first.handed_back and actor.may("task.hand_over"),
        }
        if first.handed_by_id and mine
        else None,
        "can_hand_over": (mine or manages) and actor.may("task.hand_over"),
        "can_snooze": (mine or manages)
        and actor.may("task.snooze")
        and moves.may_wait(opened)
        and (manages or (snoozes < FREE_SNOOZES and not told)),
        "snoozes": snoozes,
        "snoozed": {
            "until": first.starts_at,
            "reason": SNOOZE_REASONS[first.snooze_reason].label if first.snooze_reason in SNOOZE_REASONS else "",
        }
        if snoozes and first.starts_at > at
        else None,
        "snooze_reasons": list(SNOOZE_REASONS.values()),
    }


def _outcomes(rule, *, has_customer: bool) -> list[dict[str, Any]]:
    """The five answers with their keys; the rule's own 'done' comes first."""
    first = rule.done_when[0] if rule else "settled"
    codes = [first, "reached", "no_answer", "call_back", "refused"]
    labels = {first: _(rule.done_label)} if rule and rule.done_label else {}
    if rule and not has_customer:  # nobody is called
        codes, labels = [first, "call_back"], labels | {"call_back": _("改个时间")}
    return [
        {
            "key": str(i),
            "code": code,
            "needs": OUTCOMES[code].needs,
            "primary": i == 1,
            "label": labels.get(code, OUTCOMES[code].label),
        }
        for i, code in enumerate(codes, 1)
    ]


def is_joint(code: str) -> bool:
    """Whether several people may owe a part each of one occasion of this rule."""
    rule = HANDBOOK.rules.get(code)
    return rule is not None and (rule.joined or len(rule.owes) > 1 or isinstance(rule.when, ByHand))


def parts_of(tasks: Iterable[Task]) -> dict[tuple, list[dict[str, Any]]]:
    """(subject, rule, occasion) -> every part of an occasion that several people owe: who, as what, how far.

    Occasions of one part are left out. Two queries, none when no rule of these is joint.
    """
    wanted = {(t.subject_id, t.rule, t.occasion_on) for t in tasks if is_joint(t.rule)}
    if not wanted:
        return {}
    found: dict[tuple, list[Task]] = defaultdict(list)
    for task in Task.objects.filter(subject_id__in={w[0] for w in wanted}, rule__in={w[1] for w in wanted}).order_by(
        "role"
    ):
        if (key := (task.subject_id, task.rule, task.occasion_on)) in wanted:
            found[key].append(task)
    found = {key: several for key, several in found.items() if len(several) > 1}
    people = {t.assignee_id for several in found.values() for t in several}
    names = dict(Staff.objects.filter(id__in=people).values_list("id", "name")) if people else {}
    return {
        key: [
            {
                "contact_id": t.contact_id,
                "role": Role(t.role).label,
                "name": names.get(t.assignee_id, _("未分配")),
                "assignee_id": t.assignee_id,
                "state": t.state,
                "says": _part_state(t),
            }
            for t in several
        ]
        for key, several in found.items()
    }


def _part_state(task: Task) -> str:
    if task.outcome in OUTCOMES:
        return str(OUTCOMES[task.outcome].label)
    if task.state == Task.State.OPEN:
        return _("未联系")
    return _("未接通") if task.outcome == "unreached" else str(Task.State(task.state).label)


def _partners(opened: list[Task]) -> dict[str, Any]:
    """The parts of the first joint occasion of a contact, and what ends it."""
    for key, several in parts_of(opened).items():
        return {"parts": several, "parts_joined": HANDBOOK.rules[key[1]].joined}
    return {"parts": [], "parts_joined": False}


def board(actor: Actor, *, at: datetime) -> dict[str, Any]:
    """The manager's board: who has what open, late, done and kept; what is late, escalated, nobody's. Three queries."""
    zone = ZoneInfo("Asia/Shanghai")
    begin = datetime.combine(at.astimezone(zone).date(), datetime.min.time(), tzinfo=zone)
    month = begin - timedelta(days=30)
    open_by = {
        r["assignee_id"]: r
        for r in Task.objects.filter(state="open")
        .values("assignee_id")
        .annotate(
            open=Count("contact_id", distinct=True),
            late=Count("contact_id", distinct=True, filter=Q(due_at__lt=at)),
            up=Count("contact_id", distinct=True, filter=Q(escalation__gt=0)),
        )
    }
    done_by = {
        r["assignee_id"]: r
        for r in Task.objects.filter(closed_at__gte=month)
        .exclude(state="open")
        .values("assignee_id")
        .annotate(
            done=Count("contact_id", distinct=True, filter=Q(closed_at__gte=begin)),
            closed=Count("id"),
            kept=Count("id", filter=Q(closed_at__lte=F("due_at"))),
        )
    }
    people: dict[int, dict[str, Any]] = {}
    for staff_id, name, role in (
        StaffRole.objects.filter(store_id__in=actor.stores, staff__is_active=True)
        .order_by("role", "staff__name")
        .values_list("staff_id", "staff__name", "role")
    ):
        people.setdefault(staff_id, {"id": staff_id, "name": name, "roles": []})["roles"].append(Role(role).label)
    rows = []
    for staff_id, who in people.items():
        o, d = open_by.get(staff_id, {}), done_by.get(staff_id, {})
        if not o and not d:
            continue
        closed = d.get("closed", 0)
        rows.append(
            who
            | {
                "role_label": _("、").join(dict.fromkeys(map(str, who["roles"]))),
                "open": o.get("open", 0),
                "late": o.get("late", 0),
                "escalated": o.get("up", 0),
                "done": d.get("done", 0),
                "kept": d.get("kept", 0),
                "closed": closed,
                "kept_percent": round(100 * d.get("kept", 0) / closed, 1) if closed else None,
            }
        )
    rows.sort(key=lambda r: (-r["late"], -r["open"]))
    return {
        "people": rows,
        "colleagues": list(people.values()),
        "unassigned": open_by.get(None, {}).get("open", 0),
        "open": sum(r.get("open", 0) for r in open_by.values()),
        "late": sum(r.get("late", 0) for r in open_by.values()),
        "escalated": sum(r.get("up", 0) for r in open_by.values()),
    }


def team(
    actor: Actor, *, at: datetime, person: int | None = None, only: str = "", limit: int = 100, after: str = ""
) -> dict[str, Any]:
    """The board and open contacts of the team for programs, the most urgent first (keyset)."""
    whole = board(actor, at=at)
    names = {who["id"]: who["name"] for who in whole["colleagues"]}
    tasks = reassigning.filtered(at=at, person=person, only=only)
    contacts = tasks.values("contact_id").annotate(due=Min("due_at"), top=Max("weight")).order_by("due", "contact_id")
    if after:
        moment, _sep, last = after.rpartition("~")
        contacts = contacts.filter(Q(due__gt=moment) | Q(due=moment, contact_id__gt=last))
    page = list(contacts[: limit + 1])
    more = page[limit - 1] if len(page) > limit else None
    found = Task.objects.filter(contact_id__in=[c["contact_id"] for c in page[:limit]], state="open")
    listed = sorted(fold(found, at=at), key=lambda r: (r.due_at, str(r.id)))
    for row in listed:
        row.assignee_name = names.get(row.assignee_id, "")
    return whole | {
        "contacts": listed,
        "after": f"{more['due'].isoformat()}~{more['contact_id']}" if more else "",
    }


def contacts_of(contact_ids: list[UUID], *, at: datetime) -> list[ContactRow]:
    """These contacts, as far as they are open, the most urgent first, with who has them. Raises NotFound for none."""
    rows = fold(Task.objects.filter(contact_id__in=contact_ids, state="open"), at=at)
    if not rows:
        raise NotFound(_("没有这件事，或不属于您的门店。"))
    names = dict(Staff.objects.filter(id__in={r.assignee_id for r in rows}).values_list("id", "name"))
    for row in rows:
        row.assignee_name = names.get(row.assignee_id, "")
    return sorted(rows, key=lambda r: (r.due_at, str(r.id)))


def tasks_of_customer(customer_id: UUID, *, at: datetime) -> list[ContactRow]:
    """Open contacts of one customer, for the 360 page."""
    return sorted(fold(Task.objects.filter(customer_id=customer_id, state="open"), at=at), key=lambda r: r.due_at)


def last_runs(store_ids: Iterable[int]) -> list[PlanRun]:
    """The newest daily run of each store."""
    return list(PlanRun.objects.filter(store_id__in=store_ids).order_by("store_id", "-on").distinct("store_id"))


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of an explanation: holds or not, what was asked, what was found."""

    holds: bool
    says: str
    found: str = ""


def subject_of(rule_code: str, *, vehicle_id: UUID, customer_id: UUID | None, store_id: int) -> UUID | None:
    """Whom a rule is about, of a vehicle, its owner and their store."""
    rule = HANDBOOK.rules.get(rule_code)
    if rule is not None and rule.subject == "store":
        return UUID(hashlib.md5(f"store:{store_id}".encode(), usedforsecurity=False).hexdigest())
    return customer_id if rule is not None and rule.subject == "customer" else vehicle_id


def explain(rule_code: str, subject_id: UUID, *, day: date) -> list[Finding]:
    """Why a task exists or not: every condition of the rule for one subject. Raises NotFound."""
    rule = HANDBOOK.rules.get(rule_code)
    if rule is None:
        raise NotFound(_("没有规则 %(code)s。现有：%(all)s") % {"code": rule_code, "all": _("、").join(HANDBOOK.rules)})
    subject = facts.subject(rule.subject)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {subject.store}, {subject.customer}, {subject.refusals}, {subject.last_contact} "  # noqa: S608
            f"FROM {subject.source} WHERE {subject.id} = %s",
            [subject_id],
        )
        row = cursor.fetchone()
        if row is None:
            raise NotFound(_("没有找到这辆车或客户，或车辆还没有车主。"))
        store = Store.objects.get(id=row[0])
        findings = []
        held = effective.of_store(row[0])[rule_code]
        rule = held.rule
        if not held.is_on:
            findings.append(Finding(False, _("规则在本店开启"), _("停用")))
        wanted = planner.clauses(rule, day)
        if wanted is None:
            by_hand = isinstance(rule.when, ByHand)
            return [*findings, Finding(by_hand, rule.when.read(), "" if by_hand else _("今天不是这些节日"))]
        named = [None if not hasattr(rule.when, "fact") else rule.when.fact, None, *(i.fact for i in rule.only_if)]
        for clause, path in zip(wanted, named, strict=True):
            shown = f", ({facts.fact(path).sql})::text" if path else ", ''"
            cursor.execute(
                f"SELECT coalesce(({clause.sql}), false){shown} FROM {subject.source} "  # noqa: S608
                f"WHERE {subject.id} = %(subject)s",
                clause.params | {"subject": subject_id, "day": day},
            )
            holds, found = cursor.fetchone()
            findings.append(Finding(holds, clause.says, found or (_("未登记") if path else "")))
        refused = {rule.purpose, "all"} & set(row[2] or [])
        findings.append(
            Finding(not refused, _("客户没有拒绝这类联系（%(p)s）") % {"p": rule.purpose}, _("、").join(refused))
        )
        gap = (
            row[3] is not None
            and rule.keeps_gap
            and rule.weight < planner.URGENT
            and row[3] > planner.gap_begins(day, store)
        )
        findings.append(
            Finding(
                not gap,
                _("距上次联系超过 %(d)d 天，或这条规则不等待") % {"d": store.contact_gap_days},
                row[3].date().isoformat() if row[3] else "",
            )
        )
        for task in Task.objects.filter(subject_id=subject_id, rule=rule.code).order_by("-occasion_on")[:4]:
            findings.append(
                Finding(
                    True,
                    _("已有任务：%(day)s 计划，%(state)s")
                    % {"day": task.planned_on.isoformat(), "state": task.get_state_display()},
                    f"{Role(task.role).label} · {task.due_at.date().isoformat()}",
                )
            )
    return findings


def colleagues(actor: Actor, *, at: datetime) -> list[dict[str, Any]]:
    """Active staff of the chosen stores who call customers and are at work, for handing over. Two queries."""
    people: dict[int, dict[str, Any]] = {}
    away = presence.away_at(at)
    for staff_id, name, role in (
        StaffRole.objects.filter(store_id__in=actor.stores, staff__is_active=True)
        .order_by("role", "staff__name")
        .values_list("staff_id", "staff__name", "role")
    ):
        if staff_id not in away and "task.finish" in permissions_of({role}):
            people.setdefault(staff_id, {"id": staff_id, "name": name, "role_label": str(Role(role).label)})
    return list(people.values())


def loads(actor: Actor, *, at: datetime) -> list[dict[str, Any]]:
    """Colleagues who are at work and may take contacts, with what they have open and late. Three queries."""
    by = {
        row["assignee_id"]: row
        for row in Task.objects.filter(state="open")
        .values("assignee_id")
        .annotate(
            open=Count("contact_id", distinct=True), late=Count("contact_id", distinct=True, filter=Q(due_at__lt=at))
        )
        .order_by()
    }
    people = colleagues(actor, at=at)
    return [
        who | {"open": by.get(who["id"], {}).get("open", 0), "late": by.get(who["id"], {}).get("late", 0)}
        for who in people
    ]


def new_task(actor: Actor, *, at: datetime, customer_id: UUID | None, vehicle_id: UUID | None) -> dict[str, Any]:
    """What the form of a new task offers: templates, colleagues who are there, whom it is about. Raises NotFound."""
    store_id, owner_id = handmade.about(customer_id, vehicle_id)
    card = slots.ask("contact.cards", [owner_id], [vehicle_id] if vehicle_id else [], default={}).get(owner_id, {})
    cars = card.get("vehicles", {})
    return {
        "customer": {"id": owner_id, "name": card.get("name", "")} if owner_id else None,
        "vehicle": {"id": vehicle_id, **cars[vehicle_id]} if vehicle_id in cars else None,
        "cars": [{"id": key, **car} for key, car in cars.items()],
        "templates": [
            {"code": r.code, "title": _(r.title), "within": str(r.owes[0].within)} for r in handmade.templates()
        ],
        "people": loads(actor, at=at),
    }


def outcome_event(event_id: int) -> Event:
    """The event of an outcome, to take it back. Raises NotFound."""
    event = Event.objects.filter(id=event_id, name__startswith="contact.").first()
    if event is None:
        raise NotFound(_("没有这次登记。"))
    return event


def contact_words(name: str, told: dict[str, Any]) -> str:
    """What a contact event says in a timeline: which reasons, what came of it (slots timeline.contact, timeline.task)."""
    parts = [
        _("、").join(
            dict.fromkeys(str(_(HANDBOOK.rules[r].short)) for r in told.get("rules", []) if r in HANDBOOK.rules)
        )
    ]
    if outcome := OUTCOMES.get(told.get("outcome", "")):
        parts.append(str(outcome.label))
    if when := told.get("when"):
        parts.append(datetime.fromisoformat(when).astimezone(ZoneInfo("Asia/Shanghai")).strftime("%m-%d %H:%M"))
    if reason := REFUSE_REASONS.get(told.get("reason", "")):
        parts.append(str(reason.label))
    if why := SNOOZE_REASONS.get(told.get("why", "")):
        parts.append(str(why.label))
    if told.get("attempts"):
        parts.append(_("第 %(n)d 次") % {"n": told["attempts"]})
    return " · ".join(p for p in parts if p)


def next_actions(tasks: list[ContactRow], actor: Actor) -> list[dict[str, Any]]:
    """The next best actions of a customer with their reasons: their open contacts, the most urgent first; an occasion
    that several people share is one of them, with everybody's part."""
    open_tasks = Task.objects.filter(contact_id__in=[r.id for r in tasks], state="open")
    joint = [t for t in open_tasks if is_joint(t.rule)] if any(is_joint(c) for r in tasks for c in r.rules) else []
    parts = parts_of(joint)
    of_contact = {t.contact_id: key for t in joint if (key := (t.subject_id, t.rule, t.occasion_on)) in parts}
    found, shown = [], set()
    for row in sorted(tasks, key=lambda r: (r.assignee_id != actor.staff_id, str(r.id))):
        key = of_contact.get(row.id)
        alone = len(row.rules) == 1
        if key in shown and alone:
            continue
        shown |= {key} - {None}
        rule = HANDBOOK.rules.get(row.rules[0])
        found.append(
            (
                (not row.is_late, -row.weight, row.due_at),
                {
                    "id": row.id,
                    "title": row.title,
                    "rule": "" if rule and isinstance(rule.when, ByHand) else row.rules[0],
                    "due_at": row.due_at,
                    "is_late": row.is_late,
                    "is_mine": row.assignee_id == actor.staff_id,
                    "kind_label": row.kind_label,
                    "rule_title": str(_(rule.title)) if rule else "",
                    "parts": parts.get(key, []),
                },
            )
        )
    return [action for _order, action in sorted(found, key=lambda f: f[0])]


def words_of(event: Event) -> str:
    """What a colleague wrote down of a contact (core.said)."""
    return str(event.facts.get("note", ""))
