"""One contact and lists of them: what the call is about, the clock, parts of joint occasions, next actions. Query counts are tested."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext as _

from cheban.core import facts, slots
from cheban.core.errors import NotFound
from cheban.core.models import Event
from cheban.org.access import Actor
from cheban.org.models import Staff, Store
from cheban.org.roles import Role
from cheban.playbook import moves, planner, words
from cheban.playbook.models import Task
from cheban.playbook.outcomes import FREE_SNOOZES, OUTCOMES, REFUSE_REASONS, SNOOZE_REASONS
from cheban.playbook.rules import HANDBOOK, ByHand, Happened, Red, Rule, Since


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
    about: str = ""  # what the customer said, what was promised or written by hand, which car
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
            about=_about(first.facts),
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


def _about(told: dict[str, Any]) -> str:
    """The words that tell one duty from another of its kind: the customer's own first."""
    if said := told.get("words") or told.get("says"):
        return _("“%(words)s”") % {"words": said}
    return str(told.get("what") or told.get("name") or told.get("series") or "")


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
        return f"{label} · {row.about}" if row.about else label  # the day is over: nothing to count
    if days > 0:
        return _("%(what)s还有 %(days)d 天") % {"what": label, "days": days}
    if days == 0:
        return _("%(what)s就在今天") % {"what": label}
    return _("%(what)s已过 %(days)d 天") % {"what": label, "days": -days}


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
