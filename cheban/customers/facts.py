"""What rules may ask about customers and vehicles: names, columns, labels. See core.facts."""

from __future__ import annotations

from cheban.core.facts import Fact, Subject, register

_CUSTOMER = {
    "birthday": Fact("c.birthday", "month_day", "生日"),
    "lunar_birthday": Fact("c.lunar_birthday", "lunar_day", "农历生日"),
    "tier": Fact("c.tier", "text", "客户等级"),
    "kind": Fact("c.kind", "text", "客户类型"),
    "tags": Fact("c.tags", "text[]", "标签"),
    "visits": Fact("c.visits", "number", "到店次数"),
    "spent_fen": Fact("c.spent_fen", "number", "累计消费"),
    "last_visit_on": Fact("c.last_visit_on", "date", "上次到店"),
}
_VEHICLE = {
    "purchased_on": Fact("v.purchased_on", "date", "购车日期"),
    "first_service_due_on": Fact("v.first_service_due_on", "date", "首保到期"),
    "second_service_due_on": Fact("v.second_service_due_on", "date", "二保到期"),
    "maintenance_due_on": Fact("v.maintenance_due_on", "date", "保养到期"),
    "maintenance_low_on": Fact("v.maintenance_low_on", "date", "保养最早到期"),
    "maintenance_high_on": Fact("v.maintenance_high_on", "date", "保养最晚到期"),
    "maintenance_due_by": Fact("v.maintenance_due_by", "text", "保养到期依据"),
    "last_service_on": Fact("v.last_service_on", "date", "上次保养"),
    "last_service_km": Fact("v.last_service_km", "number", "上次保养里程"),
    "services_done": Fact("v.services_done", "number", "已做保养次数"),
    "odometer_km": Fact("v.odometer_km", "number", "最近里程"),
    "odometer_on": Fact("v.odometer_on", "date", "最近里程日期"),
    "km_per_day": Fact("round(v.km_per_day::numeric, 1)", "number", "日均里程"),
    "inspection_due_on": Fact("v.inspection_due_on", "date", "年检到期"),
    "inspection_kind": Fact("v.inspection_kind", "text", "年检方式"),
    "insurance_until": Fact("v.insurance_until", "date", "商业保险到期"),
    "insurer": Fact("v.insurer", "text", "保险公司"),
    "warranty_until": Fact("v.warranty_until", "date", "保修到期"),
    "last_visit_on": Fact("v.last_visit_on", "date", "上次到店"),
    "series": Fact("v.series", "text", "车系"),
    "use": Fact("v.use", "text", "用途"),
    "customer_visits": Fact("c.visits", "number", "到店次数"),
}


def offer() -> None:
    """Register both subjects (called when the app is ready)."""
    register(
        Subject(
            name="customer",
            source="customers_customer c",
            id="c.id",
            store="c.store_id",
            customer="c.id",
            vehicle="NULL::uuid",
            ready="true",
            refusals="c.refused_purposes",
            value="c.spent_fen",
            last_contact="c.last_contact_at",
            tables=("customers_customer",),
            facts=_CUSTOMER,
            told_by="customer_id",
        )
    )
    register(
        Subject(
            name="vehicle",
            # OFFSET 0 keeps it a look-up per vehicle: rules want some vehicles by an index, and a hash join would read
            # every customer for them (measured: 0.7 s against 3.7 s for 147,000 of 1,780,000).
            source="customers_vehicle v CROSS JOIN LATERAL "
            "(SELECT * FROM customers_customer WHERE id = v.owner_id OFFSET 0) c",
            id="v.id",
            store="v.store_id",
            customer="v.owner_id",
            vehicle="v.id",
            ready="v.is_active",
            refusals="c.refused_purposes",
            value="c.spent_fen",
            last_contact="c.last_contact_at",
            tables=("customers_vehicle", "customers_customer"),
            facts=_VEHICLE,
            told_by="vehicle_id",
            staff=("v.sales_consultant_id", "v.service_specialist_id", "v.service_advisor_id"),
        )
    )
