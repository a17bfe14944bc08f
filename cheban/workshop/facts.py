"""What rules may ask about arrivals. See core.facts."""

from __future__ import annotations

from cheban.core.facts import Fact, Subject, register


def offer() -> None:
    """Register the subject (called when the app is ready)."""
    register(
        Subject(
            name="arrival",
            source="workshop_arrival a JOIN customers_customer c ON c.id = a.customer_id "
            "JOIN customers_vehicle v ON v.id = a.vehicle_id",
            id="a.id",
            store="a.store_id",
            customer="a.customer_id",
            vehicle="a.vehicle_id",
            ready="true",
            refusals="c.refused_purposes",
            value="c.spent_fen",
            last_contact="c.last_contact_at",
            tables=("workshop_arrival",),
            facts={
                "series": Fact("coalesce(nullif(v.series, ''), '车主')", "text", "车系"),
                "greeted_at": Fact("a.greeted_at", "date", "到店关怀"),
                "purchased_on": Fact("v.purchased_on", "date", "购车日期"),
            },
            told_by="arrival_id",
            staff=("v.sales_consultant_id", "v.service_specialist_id", "v.service_advisor_id"),
            page="workshop:arrival",
        )
    )
