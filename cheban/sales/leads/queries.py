"""Reads of the leads. Query counts are tested."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.html import conditional_escape, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from cheban.core import clock, events
from cheban.core.errors import NotFound
from cheban.customers import queries as customers
from cheban.customers.models import Customer, Vehicle
from cheban.org.access import Actor
from cheban.org.roles import Role
from cheban.playbook.models import Task
from cheban.sales import queries as sales
from cheban.sales.leads import joining, states, value
from cheban.sales.leads.models import FOLLOWED, OPEN, Lead, LeadAnswer, LeadTurn, LeadWords

VISITS = 5


def lead(lead_id: UUID) -> Lead:
    """One lead of the scope with customer and vehicle. Raises NotFound."""
    found = Lead.objects.select_related("customer", "vehicle").filter(id=lead_id).first()
    if found is None:
        raise NotFound(_("没有这条线索，或不属于您的门店。"))
    return found


def lead_of_turn(turn_id: UUID) -> UUID:
    """The lead that a turn is about. Raises NotFound."""
    found = LeadTurn.objects.filter(id=turn_id).values_list("lead_id", flat=True).first()
    if found is None:
        raise NotFound(_("没有这条线索，或不属于您的门店。"))
    return found


def may_hear(actor: Actor, lead_id: str) -> bool:
    """Whether an open page of this person may hear that this lead changed (live topic)."""
    return actor.may("lead.see") and Lead.objects.filter(id=UUID(lead_id)).exists()


def marked(text: str, words: Iterable[str]) -> SafeString:
    """The sentence with the words that show the wish in <mark>, everything escaped. Longer words first."""
    found = sorted({word for word in words if word}, key=len, reverse=True)
    if not found:
        return SafeString(conditional_escape(text))
    pieces = re.split("(" + "|".join(map(re.escape, found)) + ")", text, flags=re.IGNORECASE)
    return format_html_join(
        "", "{}", ((SafeString(f"<mark>{conditional_escape(p)}</mark>") if n % 2 else p,) for n, p in enumerate(pieces))
    )


def where_label(source: str) -> str:
    """Where words came from: what somebody chose, or what the event is called."""
    if source in states.WHERE:
        return str(states.WHERE[source])
    try:
        return str(events.declared(source).title)
    except KeyError:
        return ""


def heard(lead_ids: Iterable[UUID]) -> dict[UUID, list[LeadWords]]:
    """The sentences of each lead, the newest first, dressed for a page. One query."""
    found: dict[UUID, list[LeadWords]] = {}
    for row in LeadWords.objects.filter(lead_id__in=list(lead_ids)).order_by("-at", "-id"):
        row.marked, row.where = marked(row.text, row.words), where_label(row.source)  # type: ignore[attr-defined]
        found.setdefault(row.lead_id, []).append(row)
    return found


def clocks(leads: Sequence[Lead]) -> dict[UUID, Task]:
    """The open duty of each lead that is due first: confirm, answer or follow up. Two queries."""
    turn_of = dict(LeadTurn.objects.filter(lead__in=leads, ended_at__isnull=True).values_list("id", "lead_id"))
    subjects = {**{one.id: one.id for one in leads}, **turn_of}
    found: dict[UUID, Task] = {}
    for task in Task.objects.filter(subject_id__in=subjects, state="open").order_by("due_at"):
        found.setdefault(subjects[task.subject_id], task)
    return found


def page(found: Lead, actor: Actor) -> dict[str, Any]:
    """The lead's page: who, what they said, the car and its worth, visits, the path, answers and turns, the like."""
    turns, answers = list(found.turns.order_by("-number")), list(found.answers.order_by("-at", "-id"))
    likes = joining.like(found) if found.state in OPEN else []
    words = heard([found.id, *(one.id for one in likes)])
    who = sales.names(
        [
            *(found.finder_id, found.pushed_by_id, found.holder_id, found.closed_by_id),
            *(i for t in turns for i in (t.holder_id,)),
            *(a.by_id for a in answers),
            *(w.by_id for several in words.values() for w in several),
            *(one.holder_id for one in likes),
        ]
    )
    for row in (*words.get(found.id, ()), *answers):
        row.by = who.get(row.by_id, "")
    for turn in turns:
        turn.who = who.get(turn.holder_id, "")
    for one in likes:
        one.said, one.holder = next(iter(words.get(one.id, ())), None), who.get(one.holder_id, "")
    is_open, is_followed = found.state in OPEN, found.state in FOLLOWED
    people = [found.store_id]
    may_pick = actor.may("lead.push") and found.state == "proposed" or actor.may("lead.assign") and is_followed
    return {
        "lead": found,
        "words": words.get(found.id, []),
        "worth": value.of(found.vehicle, today=clock.today()) if found.vehicle else None,
        "visits": customers.timeline(found.customer_id, most=VISITS, group="service")["items"],
        "reach": customers.phones([found.customer_id]).get(found.customer_id, []),
        "steps": _steps(found),
        "turns": turns,
        "answers": answers,
        "likes": likes,
        "task": clocks([found]).get(found.id) if is_open else None,
        "who": {
            "finder": who.get(found.finder_id, ""),
            "pushed": who.get(found.pushed_by_id, ""),
            "holder": who.get(found.holder_id, ""),
            "closed": who.get(found.closed_by_id, ""),
        },
        "reason": states.LOST.get(found.reason_code) or states.NO_LEAD.get(found.reason_code) or "",
        "stages": states.stages_after(found),
        "lost": list(states.LOST.items()),
        "no_lead": list(states.NO_LEAD.items()),
        "share": states.share_of(found),
        "consultants": consultants(people) if may_pick else [],
        "can_push": found.state == "proposed" and actor.may("lead.push"),
        "can_answer": is_followed and actor.may("lead.answer"),
        "can_assign": is_followed and actor.may("lead.assign"),
        "can_join": is_open and actor.may("lead.join"),
        "can_reveal": actor.may("customer.reveal"),
    }


def consultants(store_ids: Sequence[int]) -> list[tuple[int, str]]:
    """(id, name) of the consultants of these stores who still work there. One query."""
    return sorted(
        {
            (one.staff_id, one.staff.name)
            for one in sales.StaffRole.objects.filter(
                store_id__in=store_ids, role=Role.SALES_CONSULTANT, staff__is_active=True
            ).select_related("staff")
        },
        key=lambda pair: pair[1],
    )


def _steps(found: Lead) -> list[dict[str, Any]]:
    """The path as the page draws it; what was passed over has no tick, and a lost one ends where it was left."""
    reached = set(LeadAnswer.objects.filter(lead=found).values_list("stage", flat=True))
    last = found.state if found.state in states.PATH else ""
    reached |= {"proposed", *(["pushed"] if found.pushed_at else [])}
    path = [s for s in states.PATH if s != "appraised" or found.kind == "trade_in" or "appraised" in reached]
    return [
        {
            "label": Lead.State(state).label,
            "state": "now" if state == last and state != "won" else "done" if state in {*reached, last} else "next",
        }
        for state in path
    ]


def of_customer(customer_id: UUID) -> list[dict[str, Any]]:
    """Open leads of a customer and those that ended last, for their page (slot customer.leads). Three queries."""
    found = list(
        Lead.objects.filter(customer_id=customer_id).exclude(state__in=["joined", "dismissed"]).order_by("-proposed_at")
    )
    found = [*(one for one in found if one.state in OPEN), *(one for one in found if one.state not in OPEN)][:5]
    words = heard([one.id for one in found]) if found else {}
    who = sales.names(one.holder_id for one in found)
    return [
        {
            "url": reverse("sales:lead", args=[one.id]),
            "kind": one.get_kind_display(),
            "grade": one.grade.upper(),
            "state": one.state,
            "state_label": one.get_state_display(),
            "is_open": one.state in OPEN,
            "said": next(iter(words.get(one.id, ())), None),
            "holder": who.get(one.holder_id, ""),
            "next_contact_on": one.next_contact_on,
        }
        for one in found
    ]


def event_words(name: str, facts: Mapping[str, Any]) -> str:
    """What the timeline says of a lead's event besides its title (slot timeline.lead)."""
    parts = []
    if kind := dict(Lead.Kind.choices).get(facts.get("kind")):
        parts.append(str(kind))
    if facts.get("grade"):
        parts.append(_("%(grade)s 类") % {"grade": str(facts["grade"]).upper()})
    if stage := dict(Lead.State.choices).get(facts.get("stage")):
        parts.append(str(stage))
    code = facts.get("reason_code")
    if reason := states.LOST.get(code) or states.NO_LEAD.get(code):
        parts.append(str(reason))
    if name == "lead.answered" and facts.get("kept") is False:
        parts.append(_("超时"))
    return " · ".join(parts)


def choose(customer_id: UUID | None) -> tuple[Customer, list[Vehicle]]:
    """For writing a lead down: the customer and their cars, the newest first. Raises NotFound."""
    if customer_id is None:
        raise NotFound(_("没有这位客户，或不属于您的门店。"))
    customer = customers.customer(customer_id)
    return customer, list(Vehicle.objects.filter(owner=customer, is_active=True).order_by("-created_at"))
