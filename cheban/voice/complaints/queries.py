"""Reads of alerts and complaints. Query counts are tested."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.urls import reverse
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cheban.core import clock, privacy, slots
from cheban.core.errors import NotFound
from cheban.core.models import Event
from cheban.customers import queries as customers
from cheban.customers.models import Customer, Vehicle
from cheban.lists import keyset
from cheban.org.access import Actor
from cheban.org.models import Staff, StaffRole, Store
from cheban.org.roles import Role
from cheban.playbook.models import Task
from cheban.voice.complaints import limits, solving, tables
from cheban.voice.complaints.alarms import ACK_WITHIN
from cheban.voice.complaints.commands import ANSWER_WITHIN, claim_of
from cheban.voice.models import Alert, Complaint, Finding, Passage, Solution

BANNERS = 3
SIMILAR = 5
SIMILAR_AMONG = 400
ALIKE = 0.2
"""The same kind, or the same cause, or a fifth of the words in common; the same series alone is not enough."""
FLAGGED = 3
"""So many of one cause in four weeks are no accident."""
SHOWN = 4_000
"""Characters of a customer's words on a page; the rest is said to be there."""
STORY = (
    *("alert.raised", "alert.joined", "alert.acknowledged", "complaint.raised", "complaint.matched"),
    *("complaint.filed", "complaint.dismissed", "complaint.answered", "finding.recorded", "solution.proposed"),
    *("solution.refused", "solution.agreed", "complaint.carried_out", "complaint.confirmed", "complaint.reopened"),
    *("complaint.closed", "complaint.checked"),
)
"""Events that the page's course of things shows."""
CLAIMED = {"name": gettext_lazy("自称"), "phone": gettext_lazy("手机号"), "plate": gettext_lazy("车牌")}


def complaint(complaint_id: UUID) -> Complaint:
    """One complaint of the scope with customer, vehicle and alert. Raises NotFound."""
    found = Complaint.objects.select_related("customer", "vehicle", "alert", "store").filter(id=complaint_id).first()
    if found is None:
        raise NotFound(_("没有这件投诉，或不属于您的门店。"))
    return found


def alert(alert_id: UUID) -> Alert:
    """One alert of the scope. Raises NotFound."""
    found = Alert.objects.filter(id=alert_id).first()
    if found is None:
        raise NotFound(_("没有这条预警，或不属于您的门店。"))
    return found


def finding(finding_id: UUID) -> Finding:
    """One side's card. Raises NotFound."""
    found = Finding.objects.filter(id=finding_id).first()
    if found is None:
        raise NotFound(_("没有这张查证卡，或不属于您的门店。"))
    return found


def solution(solution_id: UUID) -> Solution:
    """One round of a solution. Raises NotFound."""
    found = Solution.objects.filter(id=solution_id).first()
    if found is None:
        raise NotFound(_("没有这个方案，或不属于您的门店。"))
    return found


def solution_of(complaint_id: UUID) -> Solution:
    """The running round of a complaint. Raises NotFound."""
    found = Solution.objects.filter(complaint_id=complaint_id, objected_at__isnull=True).first()
    if found is None:
        raise NotFound(_("这件投诉还没有开始定方案。"))
    return found


def may_hear_alerts(actor: Actor, id: str) -> bool:
    """Whether an open page of this person may hear that a store's alerts changed ('all': some store's)."""
    return actor.may("complaint.see") and (id == "all" or int(id) in actor.stores)


def may_hear_store(actor: Actor, id: str) -> bool:
    """Whether an open page of this person may hear that complaints of this store changed."""
    return actor.may("complaint.see") and int(id) in actor.stores


def may_hear(actor: Actor, id: str) -> bool:
    """Whether an open page of this person may hear that this complaint changed."""
    return actor.may("complaint.see") and Complaint.objects.filter(id=UUID(id)).exists()


def names(staff_ids: Iterable[int | None]) -> dict[int | None, str]:
    """Staff names by id. One query, none for nobody."""
    wanted = {i for i in staff_ids if i}
    return dict(Staff.objects.filter(id__in=wanted).values_list("id", "name")) if wanted else {}


def waiting_alerts(actor: Actor) -> dict[str, Any]:
    """Alerts that nobody has taken, for the banner of every page: the oldest ones and how many more. One query while
    there are none, two more with names.

    `live`: the topics that the banner listens to.
    """
    few = len(actor.stores) <= 20
    live = " ".join(f"alerts:{store}" for store in actor.stores) if few else "alerts:all"
    found = list(
        Alert.objects.filter(acknowledged_at__isnull=True, ended_at__isnull=True)
        .prefetch_related("customer", "vehicle")
        .order_by("raised_at", "id")[: BANNERS + 1]
    )
    return {
        "live": live,
        "more": len(found) > BANNERS,
        "rows": [
            {
                "id": one.id,
                "complaint_id": one.complaint_id,
                "who": privacy.mask_name(one.customer.name) if one.customer else "",
                "plate": one.vehicle.plate_number if one.vehicle else "",
                "plate_kind": one.vehicle.plate_kind if one.vehicle else "",
                "words": one.words,
                "raised_at": one.raised_at,
                "due_at": one.raised_at + ACK_WITHIN,
            }
            for one in found[:BANNERS]
        ],
    }


def marked(text: str, evidence: Sequence[Sequence[Any]], kinds: Sequence[str]) -> SafeString:
    """The customer's words, escaped, with the alarming ones marked; at most `SHOWN` characters."""
    spans = sorted((a, b) for a, b, shows in evidence if shows in kinds)
    parts, at = [], 0
    shown = text[:SHOWN]
    for begin, end in spans:
        if begin < at or begin >= len(shown):
            continue
        parts.append(escape(shown[at:begin]))
        parts.append(format_html("<mark>{}</mark>", shown[begin:end]))
        at = end
    parts.append(escape(shown[at:]))
    return mark_safe("".join(parts))


def page(found: Complaint, actor: Actor) -> dict[str, Any]:
    """The complaint's room: words, clocks, three cards, solution, timeline, similar cases. At most eleven queries."""
    cards = {card.side: card for card in Finding.objects.filter(complaint=found)}
    rounds = list(Solution.objects.filter(complaint=found).order_by("-round"))
    current = rounds[0] if rounds else None
    owed = {
        t.subject_id: t
        for t in Task.objects.filter(
            subject_id__in=[found.id, *(c.id for c in cards.values()), *(s.id for s in rounds)], state="open"
        ).order_by("due_at")
    }
    alert = getattr(found, "alert", None)
    said = list(Passage.objects.filter(alert=alert).order_by("said_at", "id")[:20]) if alert else []
    told = Event.objects.filter(
        store_id=found.store_id, name__in=STORY, at__gte=found.filed_at, facts__complaint_id=str(found.id)
    )
    events = list(told.order_by("at", "id")[:80])
    promises = slots.ask("customer.promises", found.customer_id, default=[]) if found.customer_id else []
    who = names(
        [
            found.speaker_id,
            found.executor_id,
            found.filed_by_id,
            found.answered_by_id,
            found.checked_by_id,
            *(i for c in cards.values() for i in (c.owner_id, c.recorded_by_id)),
            *(i for s in rounds for i in (s.proposed_by_id, s.approved_by_id, s.carried_out_by_id, s.said_to_id)),
            *(i for s in rounds for i in (s.speaker_id, s.executor_id)),
            *(e.actor_id for e in events),
            *(t.assignee_id for t in owed.values()),
            *([alert.acknowledged_by_id] if alert else []),
        ]
    )
    claim = claim_of(found) if found.state == "claimed" else {}
    own = next((p for p in said if p.source == "complaint.filed"), None) or next((p for p in said), None)
    return {
        "complaint": found,
        "alert": alert,
        "acknowledged_by": who.get(alert.acknowledged_by_id, "") if alert else "",
        "ack_due_at": alert.raised_at + ACK_WITHIN if alert else None,
        "words": marked(found.text, own.evidence, own.kinds) if own and own.text == found.text else found.text[:SHOWN],
        "is_cut": len(found.text) > SHOWN,
        "more_words": [
            {"words": marked(p.text, p.evidence, p.kinds), "at": p.said_at, "source": p.source}
            for p in said
            if p is not own
        ],
        "reasons": [tables.REASONS[code].label for code in found.reasons if code in tables.REASONS],
        "claim": claim,
        "claim_lines": [
            (label, privacy.mask_phone(claim[name]) if name == "phone" else claim[name])
            for name, label in CLAIMED.items()
            if claim.get(name)
        ],
        "cards": [_card(side, cards.get(side.code), owed, who, promises, actor) for side in tables.SIDES]
        if cards
        else [],
        "missing": [Finding.Side(c.side).label for c in cards.values() if c.recorded_at is None],
        "promises": promises,
        "clock": clock_of(found, current),
        "owner": who.get(owner_of(found, current, owed), ""),
        "owner_task": owed.get(current.id) if current else owed.get(found.id),
        "who": who,
        "speaker": who.get(found.speaker_id, ""),
        "executor": who.get(found.executor_id, ""),
        "solution": _solution(current, who, actor) if current else None,
        "earlier": [_solution(s, who, actor) for s in rounds[1:]],
        "story": [
            {"title": _title(e), "at": e.at, "who": who.get(e.actor_id, ""), "is_kept": e.facts.get("kept")}
            for e in events
        ],
        "similar": similar(found),
        **_may(found, current, actor),
    }


def _may(found: Complaint, current: Solution | None, actor: Actor) -> dict[str, Any]:
    """What this person can do on the page now."""
    state, limit = found.state, limits.of_actor(actor, found.store_id)
    return {
        "can_answer": state == "filed" and actor.may("complaint.answer"),
        "can_match": state == "claimed" and actor.may("complaint.answer"),
        "can_reveal_claim": state == "claimed" and actor.may("customer.reveal"),
        "can_share": found.customer_id is not None and actor.may("complaint.answer"),
        "can_propose": state == "examined"
        and current is not None
        and not current.needs_role
        and actor.may("solution.propose"),
        "can_approve": bool(
            current and current.needs_role and actor.may("solution.approve") and current.compensation_fen <= limit
        ),
        "can_carry_out": state == "agreed" and actor.may("solution.carry_out"),
        "can_confirm": state == "carried_out" and actor.may("complaint.confirm"),
        "can_check": state == "closed"
        and found.checked_at is None
        and found.check_on is not None
        and found.check_on <= clock.today()
        and actor.may("complaint.check"),
        "can_acknowledge": getattr(found, "alert", None) is not None
        and found.alert.acknowledged_at is None
        and found.alert.ended_at is None
        and actor.may("alert.acknowledge"),
        "limit_fen": limit,
    }


def _title(event: Event) -> str:
    from cheban.core.events import all_declared

    declared = all_declared().get(event.name)
    title = str(declared.title) if declared else event.name
    side = event.facts.get("kind")
    return f"{title} · {Finding.Side(side).label}" if event.name.startswith("finding.") and side else title


def _card(
    side: tables.SideOf,
    card: Finding | None,
    owed: dict[UUID, Task],
    who: dict[int | None, str],
    promises: list[dict[str, Any]],
    actor: Actor,
) -> dict[str, Any]:
    task = owed.get(card.id) if card else None
    chosen = set(card.promises) if card else set()
    return {
        "side": side,
        "label": Finding.Side(side.code).label,
        "card": card,
        "owner": who.get(task.assignee_id if task else card.owner_id, "") if card else "",
        "due_at": task.due_at if task else None,
        "started_at": task.starts_at if task else None,
        "by": who.get(card.recorded_by_id, "") if card else "",
        "verdict": (side.yes if card.is_ours else side.no) if card and card.is_ours is not None else "",
        "promises": [p for p in promises if p["id"] in chosen],
        "can_find": card is not None and card.recorded_at is None and actor.may(f"finding.{side.code}"),
    }


def _solution(found: Solution, who: dict[int | None, str], actor: Actor) -> dict[str, Any]:
    return {
        "row": found,
        "cause": found.get_cause_display(),
        "speaker": who.get(found.speaker_id, ""),
        "executor": who.get(found.executor_id, ""),
        "proposed_by": who.get(found.proposed_by_id, ""),
        "approved_by": who.get(found.approved_by_id, ""),
        "carried_out_by": who.get(found.carried_out_by_id, ""),
        "said_to": who.get(found.said_to_id, ""),
        "waits_for": Role(found.needs_role).label if found.needs_role else "",
        "due_at": found.asked_at + solving.SOLVE_WITHIN,
    }


def clock_of(found: Complaint, current: Solution | None) -> dict[str, Any] | None:
    """The clock that runs now: until when, since when, for what; None when nothing is owed to the customer in hours."""
    if found.state in ("claimed", "filed"):
        return {"due_at": found.filed_at + ANSWER_WITHIN, "since": found.filed_at, "for": _("首次答复")}
    if found.state in ("answered", "examined") and current is not None:
        return {"due_at": current.asked_at + solving.SOLVE_WITHIN, "since": current.asked_at, "for": _("联合方案")}
    return None


def owner_of(found: Complaint, current: Solution | None, owed: dict[UUID, Task]) -> int | None:
    """Who has to do the next thing: whoever the open duty is with, else the one voice or the one who carries out."""
    for subject in (found.id, current.id if current else None):
        if subject in owed:
            return owed[subject].assignee_id
    return found.executor_id if found.state == "agreed" else found.speaker_id


def team_choices(store_id: int) -> dict[str, list[tuple[int, str]]]:
    """Who may speak and who may carry out, in a store. One query."""
    held = StaffRole.objects.filter(store_id=store_id, staff__is_active=True).select_related("staff")
    found: dict[str, dict[int, str]] = {"speakers": {}, "executors": {}}
    speak = (Role.SALES_CONSULTANT, Role.STORE_MANAGER)
    act = (Role.SERVICE_SPECIALIST, Role.SERVICE_ADVISOR, Role.STORE_MANAGER)
    for key, roles in (("speakers", speak), ("executors", act)):
        for one in sorted((h for h in held if h.role in roles), key=lambda h: (roles.index(h.role), h.staff.name)):
            found[key].setdefault(one.staff_id, f"{one.staff.name} · {Role(one.role).label}")
    return {key: list(people.items()) for key, people in found.items()}


def similar(found: Complaint) -> list[dict[str, Any]]:
    """Earlier complaints of the store like this one: same cause, kind, series, and words in common. One query."""
    series = found.vehicle.series if found.vehicle else ""
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH near AS (
                 SELECT k.*, coalesce(v.series, '') AS series FROM voice_complaint k
                 LEFT JOIN customers_vehicle v ON v.id = k.vehicle_id
                 WHERE k.store_id = %(store)s AND k.id <> %(id)s AND k.filed_at > %(since)s AND k.state <> 'dismissed'
                   AND (k.kind = %(kind)s OR k.cause = nullif(%(cause)s, '') OR v.series = nullif(%(series)s, ''))
                 ORDER BY k.filed_at DESC LIMIT %(among)s)
               SELECT n.id, n.text, n.state, n.kind, n.cause, n.filed_at, n.series, n.has_recurred,
                 (SELECT s.measure FROM voice_solution s WHERE s.complaint_id = n.id AND s.agreed_at IS NOT NULL
                   ORDER BY s.round DESC LIMIT 1),
                 c.overlap::float / greatest(cardinality(%(grams)s::varchar[]), 1)
                   + CASE WHEN n.kind = %(kind)s THEN 0.2 ELSE 0 END
                   + CASE WHEN n.cause <> '' AND n.cause = %(cause)s THEN 0.4 ELSE 0 END
                   + CASE WHEN n.series <> '' AND n.series = %(series)s THEN 0.1 ELSE 0 END AS score
               FROM near n CROSS JOIN LATERAL (SELECT count(*) AS overlap FROM unnest(n.grams) g
                 WHERE g = ANY (%(grams)s::varchar[])) c
               ORDER BY score DESC, n.filed_at DESC LIMIT %(most)s""",
            {
                "store": found.store_id,
                "id": found.id,
                "since": found.filed_at - timedelta(days=730),
                "kind": found.kind,
                "cause": found.cause,
                "series": series,
                "grams": found.grams,
                "among": SIMILAR_AMONG,
                "most": SIMILAR,
            },
        )
        rows = cursor.fetchall()
    kinds, causes, states = dict(tables.KINDS), dict(tables.CAUSES), dict(Complaint.State.choices)
    return [
        {
            "id": id,
            "text": text[:80],
            "state": state,
            "state_label": states[state],
            "kind": kinds[kind],
            "cause": causes.get(cause, ""),
            "filed_at": filed_at,
            "series": series,
            "has_recurred": recurred,
            "measure": measure or "",
        }
        for id, text, state, kind, cause, filed_at, series, recurred, measure, score in rows
        if score >= ALIKE
    ]


def complaints_of(customer_id: UUID) -> list[dict[str, Any]]:
    """A customer's complaints, open ones first, for their page (slot customer.complaints). One query."""
    rows = Complaint.objects.filter(customer_id=customer_id).order_by("-filed_at")[:20]
    found = [
        {
            "url": reverse("voice:complaint", args=[one.id]),
            "kind": one.get_kind_display(),
            "level": one.level,
            "level_label": one.get_level_display(),
            "state": one.state,
            "state_label": one.get_state_display(),
            "filed_at": one.filed_at,
            "words": one.words or one.text[:60],
            "is_open": one.state in tables.OPEN,
        }
        for one in rows
    ]
    return sorted(found, key=lambda row: not row["is_open"])


_CAUSES = """SELECT k.store_id, s.name, k.cause, coalesce(v.series, ''), count(*) FILTER (WHERE k.filed_at >= %(short)s),
    count(*), array_agg(k.id ORDER BY k.filed_at DESC), count(*) FILTER (WHERE k.has_recurred)
  FROM voice_complaint k JOIN org_store s ON s.id = k.store_id LEFT JOIN customers_vehicle v ON v.id = k.vehicle_id
  WHERE k.store_id = ANY (%(stores)s) AND k.cause NOT IN ('', 'unfounded') AND k.filed_at >= %(long)s
  GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC, 6 DESC, 2, 3, 4"""


def _causes(store_ids: Sequence[int], *, short: datetime, long: datetime) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(_CAUSES, {"stores": list(store_ids), "short": short, "long": long})
        rows = cursor.fetchall()
    labels = dict(tables.CAUSES)
    return [
        {
            "store_id": store_id,
            "store": store,
            "cause_code": cause,
            "cause": labels[cause],
            "series": series,
            "recent": recent,
            "all": whole,
            "complaint_ids": ids[:20],
            "recurred": recurred,
            "is_flagged": recent >= FLAGGED,
        }
        for store_id, store, cause, series, recent, whole, ids, recurred in rows
    ]


def causes(store_ids: Sequence[int], *, at: datetime) -> list[dict[str, Any]]:
    """Causes by store and series: complaints of the last 4 and 12 weeks, the most frequent first. One query."""
    return _causes(store_ids, short=at - timedelta(weeks=4), long=at - timedelta(weeks=12))


def recurring_causes(store_ids: Sequence[int], since: datetime) -> list[dict[str, Any]]:
    """Causes that came three times or more since then (slot weekly.recurring_causes): store_id, cause_code, cause,
    series, recent, complaint_ids. One query."""
    return [row for row in _causes(store_ids, short=since, long=since) if row["is_flagged"]]


def choose(customer_id: UUID | None) -> tuple[Customer | None, list[Vehicle]]:
    """For filing: the customer and their cars, the newest first."""
    found = Customer.objects.filter(id=customer_id).first() if customer_id else None
    return found, list(Vehicle.objects.filter(owner=found).order_by("-created_at")) if found else []


def car_by_text(text: str) -> Vehicle:
    """The car, with an owner, that a plate or VIN names. Raises NotFound."""
    if not text.strip():
        raise NotFound(_("请填写车牌或 VIN。"))
    found = customers.vehicle_by_text(text)
    if found.owner_id is None:
        raise NotFound(_("这辆车没有车主档案。请先建立客户档案。"))
    return found


def stores_of(actor: Actor) -> list[tuple[int, str]]:
    """The stores of the scope. One query."""
    return list(Store.objects.filter(id__in=actor.stores).order_by("name").values_list("id", "name"))


STEPS = (
    ("filed", gettext_lazy("已收到")),
    ("answered", gettext_lazy("已答复")),
    ("examined", gettext_lazy("查清楚")),
    ("agreed", gettext_lazy("定方案")),
    ("carried_out", gettext_lazy("办好")),
    ("closed", gettext_lazy("您确认")),
)
"""What an owner sees of the states: each is reached when the one before is done."""
_REACHED = {"claimed": 1, "filed": 1, "answered": 2, "examined": 3, "agreed": 4, "carried_out": 5, "closed": 6}


def owner_page(found: Complaint) -> dict[str, Any]:
    """What an owner sees: their words, where it stands, the one voice, the solution; no colleague's findings.

    Three queries.
    """
    current = Solution.objects.filter(complaint=found, objected_at__isnull=True).first()
    voice = names([found.speaker_id]).get(found.speaker_id, "")
    reached = _REACHED.get(found.state, 0)
    return {
        "complaint": found,
        "store": found.store,
        "speaker": voice,
        "plate": privacy.mask_plate(found.vehicle.plate_number) if found.vehicle else "",
        "plate_kind": found.vehicle.plate_kind if found.vehicle else "",
        "steps": [
            {"label": label, "is_done": n < reached, "is_now": n == reached - 1 and found.state != "closed"}
            for n, (_code, label) in enumerate(STEPS)
        ],
        "solution": current if current and current.agreed_at else None,
        "clock": clock_of(found, current),
        "can_answer": found.state == Complaint.State.CARRIED_OUT,
    }


def listed(
    *,
    state: str = "",
    level: str = "",
    kind: str = "",
    customer_id: UUID | None = None,
    after: str = "",
    limit: int = 50,
) -> dict[str, Any]:
    """One keyset page of complaints, the newest first. One query."""
    asked = {"state": state, "level": level, "kind": kind, "customer_id": customer_id}
    rows = Complaint.objects.filter(**{k: v for k, v in asked.items() if v})
    return keyset.newest(rows, "filed_at", after=after, limit=limit)


def whole(found: Complaint) -> dict[str, Any]:
    """The findings and the rounds of the solution of a complaint, for programs. Two queries."""
    return {
        "findings": list(Finding.objects.filter(complaint=found).order_by("side")),
        "solutions": list(Solution.objects.filter(complaint=found).order_by("round")),
    }
