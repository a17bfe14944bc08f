"""Seven years of an invented customer's life with cars: bought, driven, serviced, forgotten. Rows as an import's.

Seasonality: cars sell before Spring Festival and from September on; nobody visits on days the store is closed.
94 of 100 come for the first service, 63 of 100 of those for the second: the cliff that the handbook guards.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from cheban.core.worktime import Calendar
from cheban.customers.importing.rows import Row
from cheban.org.models import Store
from cheban.org.roles import Role
from cheban.site.demo import cars, people

ZONE = ZoneInfo("Asia/Shanghai")
MONTHS = (13, 5, 8, 7, 7, 7, 6, 7, 10, 10, 11, 14)
REPAIRS = (
    ("更换前刹车片", 180, 620),
    ("更换蓄电池", 60, 780),
    ("空调滤芯", 30, 150),
    ("更换轮胎2条", 80, 1360),
    ("四轮定位", 200, 0),
    ("钣金喷漆-前保", 450, 300),
    ("更换雨刮片", 20, 160),
    ("空调系统清洗", 160, 120),
    ("更换火花塞", 120, 480),
)
HABITS = ("周末接送孩子", "每天高速上下班", "市区短途为主", "经常跑长途", "老人小孩同车")
REQUESTS = ("修完请洗车", "只用原厂件", "等待时要安静", "提前报价再施工", "周六上午方便")


def chunks(
    wanted: int,
    *,
    store: Store,
    staff: list[tuple[int, str, str]],
    calendar: Calendar,
    today: date,
    rng: random.Random,
    history: bool,
    size: int,
) -> Iterator[tuple[list[Row], list[Row]]]:
    """(customer rows, order line rows), `size` customers at a time."""
    names = {role: [n for _i, n, r in staff if r == role] for role in (Role.SALES_CONSULTANT, Role.SERVICE_ADVISOR)}
    base = store.id * 1_000_000
    for start in range(0, wanted, size):
        rows: list[Row] = []
        orders: list[Row] = []
        for number in range(start, min(start + size, wanted)):
            customer, vehicles = one(base + number, store=store, names=names, today=today, rng=rng)
            for values, rate in vehicles:
                rows.append(Row("demo", number, customer | values, {}))
                if history:
                    orders += visits(
                        customer | values, rate, store=store, calendar=calendar, today=today, rng=rng, names=names
                    )
        yield rows, orders


def one(number: int, *, store: Store, names: dict[str, list[str]], today: date, rng: random.Random):
    """A customer's values and their vehicles' values with daily kilometres."""
    is_company = rng.random() < 0.08
    name, sex = (people.company(rng), "") if is_company else people.person(rng)
    region = rng.choice([r for r in people.REGIONS if store.city in r[0]] or people.REGIONS)
    customer: dict[str, Any] = {
        "name": name,
        "kind": "company" if is_company else "person",
        "mobile": [("mobile", people.phone(number))],
        "province": region[0],
        "district": region[1],
        "address": f"{region[2]}{rng.randrange(1, 900)}弄{rng.randrange(1, 60)}号",
        "source": "purchase" if rng.random() < 0.85 else "service",
    }
    if not is_company:
        customer["gender"] = sex
        if rng.random() < 0.82:
            customer["birth_on"] = date(rng.randrange(1958, 2004), rng.randrange(1, 13), rng.randrange(1, 29))
            if rng.random() < 0.12:
                customer["lunar_birthday"] = rng.randrange(1, 13) * 100 + rng.randrange(1, 30)
    if rng.random() < 0.3:
        customer["habits"] = rng.choice(HABITS)
    if rng.random() < 0.2:
        customer["special_requests"] = rng.choice(REQUESTS)
    if rng.random() < 0.5:
        customer["preferred_channel"] = rng.choice(("phone", "wechat", "wechat"))
    vehicles = [
        vehicle(number * 3 + i, customer, store=store, names=names, today=today, rng=rng)
        for i in range(2 if rng.random() < 0.08 else 1)
    ]
    return customer, vehicles


def bought(today: date, rng: random.Random) -> date:
    """A day of purchase in the last seven years, by the seasons of the trade."""
    while True:
        day = today - timedelta(days=rng.randrange(12, 7 * 365))
        if rng.random() * 14 < MONTHS[day.month - 1]:
            return day


def vehicle(
    number: int, customer: dict[str, Any], *, store: Store, names: dict[str, list[str]], today: date, rng: random.Random
):
    """(values, km a day) of one vehicle."""
    wmi, brand, series, models, price, energy, _share = cars.choose(rng)
    use = (
        "business"
        if customer["kind"] == "company"
        else rng.choices(("family", "business", "ride_hailing"), (90, 7, 3))[0]
    )
    mean, spread = cars.DAILY[use]
    day = bought(today, rng)
    until = date(today.year, day.month, min(day.day, 28))
    if until < today - timedelta(days=rng.choice((0, 0, 0, 200))):
        until = date(today.year + 1, day.month, min(day.day, 28))
    values = {
        "vin": (cars.vin(rng, wmi, day.year, number), True),
        "plate": cars.plate(rng, store.city, energy),
        "brand": brand,
        "series": series,
        "model": rng.choice(models),
        "energy": energy,
        "colour": rng.choice(cars.COLOURS),
        "use": use,
        "price_fen": round(price * rng.uniform(0.9, 1.0) / 100) * 100 * 100,
        "purchased_on": day,
        "registered_on": day + timedelta(days=4),
        "warranty_until": date(day.year + 3, day.month, min(day.day, 28)),
        "insurer": rng.choice(("人保财险", "平安产险", "太平洋产险", "国寿财险")),
        "insurance_until": until,
        "compulsory_until": until,
        "sales_consultant": rng.choice(names[Role.SALES_CONSULTANT]),
        "service_advisor": rng.choice(names[Role.SERVICE_ADVISOR]),
    }
    return values, max(rng.gauss(mean, spread), 5.0)


def open_day(day: date, calendar: Calendar, today: date) -> date | None:
    """The first open day from `day` on; None when it lies ahead."""
    for later in range(12):
        found = day + timedelta(days=later)
        if calendar.spans_of(found):
            return found if found < today else None
    return None


def visits(
    values: dict[str, Any],
    rate: float,
    *,
    store: Store,
    calendar: Calendar,
    today: date,
    rng: random.Random,
    names: dict[str, list[str]],
) -> list[Row]:
    """Order lines of a vehicle's visits so far."""
    start, lines, number = values["purchased_on"], [], 0
    due, stays = start + timedelta(days=min(180, 5000 / rate)), 0.94
    months, km = (12, 15_000) if values["energy"] == "electric" else (6, 7500)
    while due < today:
        came = open_day(due + timedelta(days=int(rng.gauss(4, 14))), calendar, today) if rng.random() < stays else None
        if came is None or came <= start:
            if rng.random() < 0.72:
                break  # lost to another workshop
            due += timedelta(days=rng.randrange(60, 220))
            continue
        number += 1
        items = (
            [("首保（免费）", 0, 0)]
            if number == 1
            else [("小保养（机油机滤）", 120, 380) if number % 2 == 0 else ("大保养", 300, 1280)]
        )
        if values["energy"] == "electric" and number > 1:
            items = [("三电系统检查保养", 180, 60)]
        items += rng.sample(REPAIRS, rng.choices((0, 1, 2), (62, 28, 10))[0])
        lines += order(values, came, start, rate, items, number, store=store, rng=rng, names=names)
        due = came + timedelta(days=min(months * 30, km / rate))
        stays = 0.63 if number == 1 else 0.88
    return lines


def order(
    values: dict[str, Any],
    came: date,
    start: date,
    rate: float,
    items,
    number: int,
    *,
    store: Store,
    rng: random.Random,
    names: dict[str, list[str]],
) -> list[Row]:
    """The lines of one visit."""
    at = datetime.combine(came, time(rng.randrange(9, 17), rng.choice((0, 10, 20, 30, 45))), tzinfo=ZONE)
    km = int((came - start).days * rate * rng.uniform(0.985, 1.0))
    head = {k: values[k] for k in ("name", "mobile", "vin", "plate") if k in values}
    head |= {
        "order_no": f"{store.code}{came:%y%m%d}{values['vin'][0][-6:]}",
        "in_at": at,
        "out_at": at + timedelta(hours=rng.randrange(1, 7)),
        "odometer_km": km,
        "service_advisor": rng.choice(names[Role.SERVICE_ADVISOR]),
        "order_kind": "保养" if number else "维修",
    }
    return [
        Row(
            "demo",
            0,
            head
            | {
                "item": item,
                "labour_fen": labour * 100,
                "material_fen": part * 100,
                "total_fen": (labour + part) * 100,
                "quantity": Decimal(1),
            },
            {},
        )
        for item, labour, part in items
    ]
