"""What rules may ask about leads and about a person's turn with one. See core.facts."""

from __future__ import annotations

from cheban.core.facts import Fact, Subject, register

_FILES = "JOIN customers_customer c ON c.id = l.customer_id LEFT JOIN customers_vehicle v ON v.id = l.vehicle_id"
_SAYS = Fact(
    "(SELECT w.text FROM sales_leadwords w WHERE w.lead_id = l.id ORDER BY w.at DESC, w.id LIMIT 1)",
    "text",
    "客户的话",
)
_COMMON = {
    "store": "l.store_id",
    "customer": "l.customer_id",
    "vehicle": "l.vehicle_id",
    "refusals": "c.refused_purposes",
    "value": "c.spent_fen",
    "last_contact": "c.last_contact_at",
}


def offer() -> None:
    """Register both subjects (called when the app is ready)."""
    register(
        Subject(
            name="lead",
            source=f"sales_lead l {_FILES}",
            id="l.id",
            ready="l.closed_at IS NULL",
            tables=("sales_lead", "sales_leadwords"),
            facts={
                "state": Fact("l.state", "text", "线索阶段"),
                "grade": Fact("l.grade", "text", "线索分级"),
                "held_as": Fact("l.holder_role", "text", "由谁跟进"),
                "next_contact_on": Fact("l.next_contact_on", "date", "下次联系"),
                "says": _SAYS,
            },
            told_by="lead_id",
            page="sales:lead",
            staff=("l.holder_id", "coalesce(v.service_specialist_id, l.finder_id)", "v.service_advisor_id"),
            **_COMMON,
        )
    )
    register(
        Subject(
            name="lead_turn",
            source=f"sales_leadturn t JOIN sales_lead l ON l.id = t.lead_id {_FILES}",
            id="t.id",
            ready="t.ended_at IS NULL",
            tables=("sales_leadturn",),
            facts={
                "role": Fact("t.role", "text", "由谁跟进"),
                "grade": Fact("l.grade", "text", "线索分级"),
                "says": _SAYS,
            },
            told_by="turn_id",
            page="sales:lead_turn",
            staff=("t.holder_id", "t.holder_id", "t.holder_id"),
            **_COMMON,
        )
    )
