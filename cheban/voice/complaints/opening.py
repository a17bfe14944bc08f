"""How a complaint begins, whoever opens it: the row, the team, the three cards, the first round of its solution."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cheban.core import slots
from cheban.core.events import record
from cheban.core.ids import new_id
from cheban.core.models import Event
from cheban.customers.models import Vehicle
from cheban.voice.complaints import tables
from cheban.voice.complaints.people import team_of
from cheban.voice.models import Complaint, Finding, Solution

GRAMS_OF = 500
MOST_WORDS = 200
_HAN = re.compile(r"[\u4e00-\u9fff]+|[a-z0-9]{2,}")


def grams(text: str) -> list[str]:
    """Pairs of neighbouring characters of the first words, sorted: what two complaints have in common."""
    found: set[str] = set()
    for run in _HAN.findall(text[:GRAMS_OF].lower()):
        found |= {run[i : i + 2] for i in range(len(run) - 1)}
    return sorted(found)


def reasons_for(
    *, customer_id: UUID | None, kind: str, has_safety_words: bool, amount_fen: int | None, at: datetime
) -> list[str]:
    """Codes of `tables.REASONS` that hold for a complaint filed now. Two queries."""
    found = []
    if has_safety_words:
        found.append("safety_words")
    if kind == "safety":
        found.append("safety_kind")
    if customer_id is not None:
        since = at - timedelta(days=tables.REPEATED_DAYS)
        earlier = Complaint.objects.filter(customer_id=customer_id, filed_at__gte=since).exclude(state="dismissed")
        if earlier.exists():
            found.append("repeated")
        if any(p["is_disputed"] for p in slots.ask("customer.promises", customer_id, default=[])):
            found.append("disputed_promise")
    if (amount_fen or 0) >= tables.LARGE_FEN:
        found.append("amount")
    return found


def open_complaint_of(store_id: int, customer_id: UUID | None, vehicle_id: UUID | None) -> Complaint | None:
    """The customer's open complaint about this car, or about none; without an alert of its own."""
    if customer_id is None:
        return None
    rows = Complaint.objects.select_for_update(of=("self",)).filter(
        store_id=store_id, customer_id=customer_id, state__in=tables.OPEN, alert__isnull=True
    )
    found = list(rows.order_by("-filed_at"))
    return next((c for c in found if vehicle_id is None or c.vehicle_id in (None, vehicle_id)), None)


def begin(
    *,
    store_id: int,
    customer_id: UUID | None,
    vehicle: Vehicle | None,
    channel: str,
    kind: str,
    text: str,
    reasons: list[str],
    words: str = "",
    amount_fen: int | None = None,
    at: datetime,
    by_id: int | None,
    claim_sealed: bytes | None = None,
    id: UUID | None = None,
) -> Complaint:
    """Write the complaint and tell it (`filed` is the event); a claim waits for its customer, all others get their cards
    at once."""
    id = id or new_id()
    is_claim = claim_sealed is not None or (customer_id is None and vehicle is None)
    team = team_of(store_id, vehicle=vehicle, key=customer_id or id, at=at)
    made = Complaint.objects.create(
        id=id,
        store_id=store_id,
        customer_id=customer_id,
        vehicle=vehicle,
        channel=channel,
        kind=kind,
        level=tables.level_of(reasons),
        reasons=reasons,
        text=text,
        words=words[:MOST_WORDS],
        grams=grams(text),
        amount_fen=amount_fen,
        state=Complaint.State.CLAIMED if is_claim else Complaint.State.FILED,
        speaker_id=team.sales,
        executor_id=team.service,
        filed_at=at,
        filed_by_id=by_id,
        claim_sealed=claim_sealed,
    )
    facts = {"kind": kind, "level": made.level, "channel": channel, "owner_id": team.sales}
    made.filed = tell(made, "complaint.filed", at=at, by_id=by_id, **facts)
    if not is_claim:
        deal_cards(made, at=at)
    return made


def deal_cards(complaint: Complaint, *, at: datetime) -> None:
    """A card for each side and the first round of the solution, each owed from the filing on. R113-R117."""
    key = complaint.customer_id or complaint.id
    team = team_of(complaint.store_id, vehicle=complaint.vehicle, key=key, at=at)
    for side in tables.SIDES:
        card = Finding.objects.create(
            store_id=complaint.store_id, complaint=complaint, side=side.code, owner_id=getattr(team, side.code)
        )
        tell(complaint, "finding.asked", at=at, finding_id=str(card.id), kind=side.code)
    ask_solution(complaint, at=at, number=1)


def ask_solution(complaint: Complaint, *, at: datetime, number: int) -> Solution:
    """One more round of the joint solution is owed, with 24 hours."""
    made = Solution.objects.create(
        store_id=complaint.store_id,
        complaint=complaint,
        round=number,
        asked_at=at,
        speaker_id=complaint.speaker_id,
        executor_id=complaint.executor_id,
    )
    tell(complaint, "solution.asked", at=at, solution_id=str(made.id))
    return made


def tell(
    complaint: Complaint, name: str, *, at: datetime | None = None, by_id: int | None = None, **facts: Any
) -> Event:
    """One event of a complaint; open pages hear of it."""
    told = [("complaint", complaint.id), ("complaints", complaint.store_id)]
    return record(
        name,
        store_id=complaint.store_id,
        at=at,
        actor_id=by_id,
        customer_id=complaint.customer_id,
        vehicle_id=complaint.vehicle_id,
        pages=[*told, *([("customer", complaint.customer_id)] if complaint.customer_id else [])],
        complaint_id=str(complaint.id),
        **facts,
    )
