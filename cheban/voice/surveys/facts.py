"""What rules may ask about a survey. See core.facts."""

from __future__ import annotations

from cheban.core.facts import Fact, Subject, register


def offer() -> None:
    """Register the subject (called when the app is ready)."""
    register(
        Subject(
            name="survey",
            source="voice_survey s JOIN customers_customer c ON c.id = s.customer_id "
            "LEFT JOIN customers_vehicle v ON v.id = s.vehicle_id",
            id="s.id",
            store="s.store_id",
            customer="s.customer_id",
            vehicle="s.vehicle_id",
            ready="c.erased_at IS NULL",
            refusals="c.refused_purposes",
            value="c.spent_fen",
            last_contact="c.last_contact_at",
            tables=("voice_survey",),
            facts={
                "kind": Fact("s.kind", "text", "评价的场合"),
                "sales_points": Fact("s.sales_points", "number", "销售得分"),
                "service_points": Fact("s.service_points", "number", "售后得分"),
                "joint_points": Fact("s.joint_points", "number", "联合满意度"),
                "answered_at": Fact("s.answered_at", "date", "评价时间"),
            },
            told_by="survey_id",
            staff=("s.sales_staff_id", "s.service_staff_id", "v.service_advisor_id"),
            page="surveys:survey",
        )
    )
