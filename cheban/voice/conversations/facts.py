"""What rules may ask about a question that waits. See core.facts."""

from __future__ import annotations

from cheban.core.facts import Fact, Subject, register


def offer() -> None:
    """Register the subject (called when the app is ready)."""
    register(
        Subject(
            name="question",
            source="voice_question q JOIN voice_conversation k ON k.id = q.conversation_id "
            "JOIN customers_customer c ON c.id = k.customer_id LEFT JOIN customers_vehicle v ON v.id = k.vehicle_id",
            id="q.message_id",
            store="q.store_id",
            customer="k.customer_id",
            vehicle="k.vehicle_id",
            ready="true",
            refusals="c.refused_purposes",
            value="c.spent_fen",
            last_contact="c.last_contact_at",
            tables=("voice_question",),
            facts={
                "topic": Fact("q.topic", "text", "问的是什么"),
                "answered_at": Fact("q.answered_at", "date", "答复时间"),
                "series": Fact("v.series", "text", "车系"),
            },
            told_by="message_id",
            staff=("k.sales_consultant_id", "k.service_specialist_id", "v.service_advisor_id"),
            page="conversations:question",
        )
    )
