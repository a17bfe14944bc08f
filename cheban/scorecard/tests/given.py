"""Builders of the scorecard's tests: events of rooms, weeks of a figure."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from uuid import NAMESPACE_OID, uuid5
from zoneinfo import ZoneInfo

from cheban.core import clock, events
from cheban.core.models import Event
from cheban.org import dispatch, scope
from cheban.playbook import ladder
from cheban.scorecard import tally
from cheban.scorecard.weeks import monday_of

ZONE = ZoneInfo("Asia/Shanghai")
LEAD = {"lead_id": "lead", "hours_count": "hours", "owner_id": "staff id", "to": "staff id", "kept": "in time"}
COMPLAINT = {"complaint_id": "complaint", "owner_id": "staff id", "kept": "in time"}
TOLD = {
    "lead.pushed": LEAD,
    "lead.answered": LEAD,
    "lead.won": LEAD,
    "lead.lost": LEAD,
    "survey.answered": {"response_id": "answer", "joint_points_count": "points"},
    "complaint.filed": COMPLAINT,
    "complaint.answered": COMPLAINT,
}
"""Events of rooms that may not be built yet, with the facts that figures read."""


def declare() -> None:
    """Declare those that no room declares, and count them; real declarations stay."""
    for name, facts in TOLD.items():
        if name not in events.all_declared():
            events.declare(name, name, **facts)
    tally.react()


def deliver(cast) -> None:
    """Run all reactions that are owed, then look from store A again."""
    while dispatch.run_pending():
        pass
    scope.set_stores([cast.a.id])


def work(cast) -> None:
    """Reactions and the ladder."""
    deliver(cast)
    ladder.escalate_overdue(at=clock.now())


def complaints(cast, week: date, *, kept: int, of: int, who: int | None = None, metric_day: int = 2) -> list[Event]:
    """So many complaints of a week (any day of it), `kept` of them answered within a day. Counted when delivered."""
    at = datetime.combine(monday_of(week) + timedelta(days=metric_day - 1), time(10), tzinfo=ZONE)
    told = []
    for number in range(of):
        facts = {
            "complaint_id": str(uuid5(NAMESPACE_OID, f"{week}-{number}")),
            "owner_id": who or cast.staff["service_advisor"].id,
        }
        told.append(events.record("complaint.filed", store_id=cast.a.id, at=at, **facts))
        if number < kept:
            told.append(
                events.record(
                    "complaint.answered",
                    store_id=cast.a.id,
                    at=at + timedelta(hours=5),
                    complaint_id=facts["complaint_id"],
                    kept=True,
                )
            )
    return told


WON = LEAD | {
    "kind": "kind of lead",
    "amount_fen": "price",
    "service_staff_id": "who found it",
    "service_share_percent": "share of service",
    "source": "service or crm",
}
SURVEY = {
    "survey_id": "survey",
    "joint_points_count": "points",
    "service_points_count": "points",
    "sales_staff_id": "consultant",
    "service_staff_id": "service person",
}


def declare_pay() -> None:
    """Events that incentives read, with all their facts; figures and drafts hear of them."""
    from cheban.scorecard.incentives import offers

    for name, facts in {"lead.won": WON, "survey.answered": SURVEY, "survey.changed": SURVEY}.items():
        events.declare(name, name, **facts)
    declare()
    events.reaction("lead.won")(offers.count_won)


def won(cast, at: datetime, lead: str, *, kind: str = "additional_purchase", share: int = 60, **facts) -> Event:
    """A won lead of store A: found by its service specialist, closed by its sales consultant."""
    told = {
        "service_staff_id": cast.staff["service_specialist"].id,
        "owner_id": cast.staff["sales_consultant"].id,
        "service_share_percent": share,
        "amount_fen": 20_000_000,
        "hours_count": 50,
    }
    return events.record("lead.won", store_id=cast.a.id, at=at, lead_id=lead, kind=kind, **told | facts)


def answers(cast, at: datetime, *points: int, prefix: str = "s") -> list[Event]:
    """Answers of customers of store A's consultant, served by its specialist."""
    return [
        events.record(
            "survey.answered",
            store_id=cast.a.id,
            at=at + timedelta(minutes=number),
            survey_id=str(uuid5(NAMESPACE_OID, f"{prefix}{at:%m%d}-{number}")),
            joint_points_count=each,
            service_points_count=each,
            sales_staff_id=cast.staff["sales_consultant"].id,
            service_staff_id=cast.staff["service_specialist"].id,
        )
        for number, each in enumerate(points)
    ]
