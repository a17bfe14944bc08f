"""What rules may ask about deliveries, sheets, promises and first feedback. See core.facts."""

from __future__ import annotations

from cheban.core.facts import Fact, Subject, register

_OF_DELIVERY = "JOIN customers_vehicle v ON v.id = d.vehicle_id JOIN customers_customer c ON c.id = d.customer_id"
_CAR = {
    "series": Fact("v.series", "text", "车系"),
    "delivered_on": Fact("(d.completed_at AT TIME ZONE 'Asia/Shanghai')::date", "date", "交车日期"),
}
_COMMON = {
    "customer": "d.customer_id",
    "vehicle": "d.vehicle_id",
    "ready": "true",
    "refusals": "c.refused_purposes",
    "value": "c.spent_fen",
    "last_contact": "c.last_contact_at",
    "staff": ("d.sales_consultant_id", "d.service_specialist_id", "v.service_advisor_id"),
}


def offer() -> None:
    """Register the subjects (called when the app is ready)."""
    register(
        Subject(
            name="delivery",
            source="sales_vehicledelivery d JOIN sales_handoversheet h ON h.delivery_id = d.id "
            f"LEFT JOIN sales_firstfeedback f ON f.delivery_id = d.id {_OF_DELIVERY}",
            id="d.id",
            store="d.store_id",
            tables=("sales_vehicledelivery", "sales_handoversheet", "sales_firstfeedback"),
            facts=_CAR
            | {
                "state": Fact("d.state", "text", "交车状态"),
                "scheduled_on": Fact("(d.scheduled_at AT TIME ZONE 'Asia/Shanghai')::date", "date", "约好的交车日"),
                "scheduled_time": Fact(
                    "to_char(d.scheduled_at AT TIME ZONE 'Asia/Shanghai', 'HH24:MI')", "text", "约好几点"
                ),
                "sheet": Fact("h.state", "text", "交接表状态"),
                "feedback_at": Fact("f.at", "date", "首次反馈"),
            },
            told_by="delivery_id",
            page="sales:delivery",
            **_COMMON,
        )
    )
    register(
        Subject(
            name="handover",
            source="sales_handoverrevision r JOIN sales_handoversheet h ON h.id = r.sheet_id "
            f"JOIN sales_vehicledelivery d ON d.id = h.delivery_id {_OF_DELIVERY}",
            id="r.id",
            store="r.store_id",
            tables=("sales_handoverrevision",),
            facts=_CAR
            | {
                "answered_at": Fact("r.answered_at", "date", "答复时间"),
                "newer": Fact(
                    "(SELECT count(*) FROM sales_handoverrevision n WHERE n.sheet_id = r.sheet_id "
                    "AND n.number > r.number)",
                    "number",
                    "改正后的版本",
                ),
            },
            told_by="revision_id",
            page="sales:revision",
            **_COMMON,
        )
    )
    register(
        Subject(
            name="feedback",
            source=f"sales_firstfeedback f JOIN sales_vehicledelivery d ON d.id = f.delivery_id {_OF_DELIVERY}",
            id="f.id",
            store="f.store_id",
            tables=("sales_firstfeedback",),
            facts=_CAR | {"read_at": Fact("f.read_at", "date", "已读时间")},
            told_by="feedback_id",
            page="sales:feedback",
            **_COMMON,
        )
    )
    register(
        Subject(
            name="promise",
            source="sales_salespromise p JOIN customers_customer c ON c.id = p.customer_id "
            "LEFT JOIN customers_vehicle v ON v.id = p.vehicle_id",
            id="p.id",
            store="p.store_id",
            customer="p.customer_id",
            vehicle="p.vehicle_id",
            ready="p.state = 'open'",
            refusals="c.refused_purposes",
            value="c.spent_fen",
            last_contact="c.last_contact_at",
            tables=("sales_salespromise",),
            facts={
                "due_on": Fact("p.due_on", "date", "兑现日期"),
                "what": Fact("p.what", "text", "承诺内容"),
                "side": Fact("p.side", "text", "由谁兑现"),
                "state": Fact("p.state", "text", "承诺状态"),
            },
            told_by="promise_id",
            # Whoever was named keeps it, in whichever role the duty is owed.
            staff=("p.keeper_id", "p.keeper_id", "p.keeper_id"),
            page="sales:promise",
        )
    )
