"""Lists of the sales room: deliveries with their sheets, and promises. Y09, R028, R033."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cheban.core import clock
from cheban.customers import queries as customers
from cheban.customers.models import Customer, Vehicle
from cheban.lists.spec import Column, Filter, ListSpec, Out, Sort, declare
from cheban.sales import queries
from cheban.sales.deliveries.commands import MAY
from cheban.sales.models import HandoverSheet, SalesPromise, VehicleDelivery

ZONE = ZoneInfo("Asia/Shanghai")
LATE = [("due", gettext_lazy("24 小时内要发")), ("late", gettext_lazy("超过 24 小时没有发"))]


def _names(rows: Sequence[Any]) -> None:
    """Customer and car of each row: `customer_name`, `plate`, `plate_kind`, `car`. Two queries."""
    people = dict(Customer.objects.filter(id__in={r.customer_id for r in rows}).values_list("id", "name"))
    cars = Vehicle.objects.in_bulk({r.vehicle_id for r in rows if r.vehicle_id})
    for row in rows:
        car = cars.get(row.vehicle_id)
        row.customer_name = people.get(row.customer_id, "")
        row.plate, row.plate_kind = (car.plate_number, car.plate_kind) if car else ("", "")
        row.car = customers.vehicle_label(car) if car else ""


def _dress_deliveries(rows: list[Any]) -> None:
    """Names, people, state of the sheet and its clock. Four queries."""
    _names(rows)
    sheets = {s.delivery_id: s for s in HandoverSheet.objects.filter(delivery_id__in=[r.id for r in rows])}
    who = queries.names(i for r in rows for i in (r.sales_consultant_id, r.service_specialist_id))
    now = clock.now()
    for row in rows:
        row.now = now
        row.sheet_state, row.sheet_label = sheets[row.id].state, sheets[row.id].get_state_display()
        row.sales_name = who.get(row.sales_consultant_id, "")
        row.service_name = who.get(row.service_specialist_id, "")
        waits = row.state == "completed" and row.sheet_state == "draft"
        row.sheet_due_at = row.completed_at + queries.SHEET_HOURS if waits else None


def _people(stores: Sequence[int]) -> list[tuple[int, str]]:
    found = {i: name for permission in MAY.values() for i, name in queries.people_of_side(stores, permission)}
    return sorted(found.items(), key=lambda pair: pair[1])


def _when(value: str, today: date) -> Q:
    begin = datetime.combine(today, time(), tzinfo=ZONE)
    first = {"today": begin, "week": begin - timedelta(days=today.weekday()), "month": begin.replace(day=1)}[value]
    until = {"today": begin + timedelta(days=1), "week": first + timedelta(days=7)}.get(
        value, (first + timedelta(days=32)).replace(day=1)
    )
    return Q(scheduled_at__gte=first, scheduled_at__lt=until)


def _sheet_clock(value: str, today: date) -> Q:
    edge = clock.now() - queries.SHEET_HOURS
    late = Q(completed_at__lt=edge) if value == "late" else Q(completed_at__gte=edge)
    return late & Q(state="completed", sheet__state="draft")


def _found(words: str, today: date) -> Q:
    return (
        Q(customer__name__icontains=words)
        | Q(vehicle__plate_number__icontains=words.replace("·", "").replace(" ", "").upper())
        | Q(vehicle__vin__iendswith=words)
        | Q(customer__name_initials__startswith=words.lower())
        | Q(customer__name_full_pinyin__startswith=words.lower())
    )


DELIVERIES = declare(
    ListSpec(
        code="deliveries",
        title=gettext_lazy("交车与交接"),
        permission="delivery.see",
        url="sales:deliveries",
        model=VehicleDelivery,
        cells="sales/cells",
        dress=_dress_deliveries,
        columns=[
            Column(
                "delivery",
                gettext_lazy("客户与车辆"),
                css="nowrap s-main",
                fixed=True,
                out=[
                    Out(gettext_lazy("客户"), "customer_name"),
                    Out(gettext_lazy("车牌"), "plate"),
                    Out(gettext_lazy("车型"), "car"),
                ],
            ),
            Column(
                "scheduled",
                gettext_lazy("交车时间"),
                sort="newest",
                css="nowrap s-end",
                out=[Out(gettext_lazy("交车时间"), "scheduled_at", "moment")],
            ),
            Column(
                "state",
                gettext_lazy("交车"),
                out=[
                    Out(gettext_lazy("交车"), lambda d: d.get_state_display()),
                    Out(gettext_lazy("交付于"), "completed_at", "moment"),
                ],
            ),
            Column(
                "sheet",
                gettext_lazy("交接表"),
                css="s-sub",
                out=[Out(gettext_lazy("交接表"), "sheet_label")],
            ),
            Column("sales", gettext_lazy("销售顾问"), css="c-more", out=[Out(gettext_lazy("销售顾问"), "sales_name")]),
            Column(
                "service", gettext_lazy("售后专员"), css="c-more", out=[Out(gettext_lazy("售后专员"), "service_name")]
            ),
        ],
        filters=[
            Filter("q", gettext_lazy("找客户、车牌、VIN 尾号"), "search", _found),
            Filter(
                "when",
                gettext_lazy("交车时间"),
                "choice",
                _when,
                choices=[
                    ("today", gettext_lazy("今天")),
                    ("week", gettext_lazy("本周")),
                    ("month", gettext_lazy("本月")),
                ],
            ),
            Filter(
                "state",
                gettext_lazy("交车"),
                "choice",
                lambda v, today: Q(state=v),
                choices=VehicleDelivery.State.choices,
            ),
            Filter(
                "sheet",
                gettext_lazy("交接表"),
                "choice",
                lambda v, today: Q(sheet__state=v),
                choices=HandoverSheet.State.choices,
            ),
            Filter("clock", gettext_lazy("交接时限"), "choice", _sheet_clock, choices=LATE),
            Filter(
                "person",
                gettext_lazy("经办人"),
                "choice",
                lambda v, today: Q(sales_consultant_id=int(v)) | Q(service_specialist_id=int(v)),
                choices=_people,
            ),
        ],
        sorts=[
            Sort("newest", "scheduled_at", "timestamptz", gettext_lazy("最晚交车在前"), gettext_lazy("最早交车在前"))
        ],
    )
)


def _dress_promises(rows: list[Any]) -> None:
    """Names, keeper, words. Three queries."""
    _names(rows)
    who, today = queries.names(r.keeper_id for r in rows), clock.today()
    for row in rows:
        row.keeper, row.today, row.now = who.get(row.keeper_id, ""), today, clock.now()
        row.is_disputed = row.disputed_at is not None and row.found_at is None
        row.is_late = row.state == "open" and row.due_on < today


PROMISES = declare(
    ListSpec(
        code="promises",
        title=gettext_lazy("销售承诺"),
        permission="delivery.see",
        url="sales:promises",
        model=SalesPromise,
        cells="sales/promise_cells",
        dress=_dress_promises,
        columns=[
            Column("what", gettext_lazy("承诺"), css="s-main", fixed=True, out=[Out(gettext_lazy("承诺"), "what")]),
            Column(
                "customer",
                gettext_lazy("客户与车辆"),
                css="nowrap s-sub",
                out=[Out(gettext_lazy("客户"), "customer_name"), Out(gettext_lazy("车牌"), "plate")],
            ),
            Column("kind", gettext_lazy("类别"), out=[Out(gettext_lazy("类别"), lambda p: p.get_kind_display())]),
            Column(
                "due",
                gettext_lazy("兑现日期"),
                sort="due",
                css="nowrap s-end",
                out=[Out(gettext_lazy("兑现日期"), "due_on", "date")],
            ),
            Column(
                "state",
                gettext_lazy("状态"),
                out=[
                    Out(gettext_lazy("状态"), lambda p: p.get_state_display()),
                    Out(gettext_lazy("争议"), lambda p: _("有") if p.is_disputed else ""),
                ],
            ),
            Column(
                "keeper",
                gettext_lazy("由谁兑现"),
                out=[
                    Out(gettext_lazy("由谁兑现"), "keeper"),
                    Out(gettext_lazy("哪一边"), lambda p: p.get_side_display()),
                ],
            ),
            Column(
                "evidence",
                gettext_lazy("依据"),
                css="c-more",
                shown=False,
                out=[Out(gettext_lazy("依据"), "evidence")],
            ),
        ],
        filters=[
            Filter(
                "q",
                gettext_lazy("找承诺、客户、车牌"),
                "search",
                lambda v, today: _found(v, today) | Q(what__icontains=v),
            ),
            Filter(
                "state", gettext_lazy("状态"), "choice", lambda v, today: Q(state=v), choices=SalesPromise.State.choices
            ),
            Filter("late", gettext_lazy("已过兑现日期"), "flag", lambda v, today: Q(state="open", due_on__lt=today)),
            Filter(
                "disputed",
                gettext_lazy("有争议"),
                "flag",
                lambda v, today: Q(disputed_at__isnull=False, found_at__isnull=True),
            ),
            Filter(
                "side", gettext_lazy("哪一边"), "choice", lambda v, today: Q(side=v), choices=SalesPromise.Side.choices
            ),
            Filter(
                "kind", gettext_lazy("类别"), "choice", lambda v, today: Q(kind=v), choices=SalesPromise.Kind.choices
            ),
            Filter(
                "person",
                gettext_lazy("由谁兑现"),
                "choice",
                lambda v, today: Q(keeper_id=int(v)),
                choices=_people,
            ),
        ],
        sorts=[Sort("due", "due_on", "date", gettext_lazy("最晚到期在前"), gettext_lazy("最早到期在前"))],
    )
)
