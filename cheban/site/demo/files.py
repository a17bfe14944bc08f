"""What the demo's people did with files: spellings that came in twice, who keeps which file, what customers asked about
their own data. By the house's own commands, days ago.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import connection

from cheban.core import clock, privacy
from cheban.customers import commands, quality
from cheban.customers.models import ContactPoint, Customer
from cheban.customers.privacy_desk import commands as desk
from cheban.customers.privacy_desk import persons
from cheban.org import scope
from cheban.org.access import Actor, system_actor
from cheban.org.models import Store

ZONE = ZoneInfo("Asia/Shanghai")
TWICE = 4
"""Files that somebody opened a second time, per store."""
ASKED = (
    # kind, channel, identity check, days ago, answer
    ("copy", "counter", "当面看过身份证", 9, ""),
    ("withdraw", "phone", "回拨登记的手机号", 19, ""),
    ("correct", "wechat", "核对了手机号后四位与车牌", 3, "地址已改好，微信告知"),
    ("erase", "letter", "随函附身份证复印件，回拨核实", 2, ""),
)


def tell(stores: list[Store], *, today: date, is_large: bool) -> None:
    """Duplicates, keepers, requests; large demos have keepers only."""
    for number, store in enumerate(stores):
        with scope.use([store.id]):
            _keep(store.id, today=today)
            if not is_large:
                by = system_actor([store.id])
                _open_twice(store, by, today=today)
                if number == 0:
                    _ask(store, by, today=today)
            with clock.frozen(_at(today, 2)):
                quality.count_day(today=today)
    with scope.use([store.id for store in stores]), clock.frozen(_at(today, 2)):
        persons.count(today=today)


def _at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour, 40), tzinfo=ZONE)


def _keep(store_id: int, *, today: date) -> None:
    """Four files in five have a keeper, their vehicle's specialist; days of review lie all around the year."""
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE customers_customer c SET keeper_id = v.service_specialist_id,
                 review_on = %(today)s + (hashtext(c.id::text) & 1023) %% 360 - 6
               FROM customers_vehicle v WHERE v.owner_id = c.id AND v.service_specialist_id IS NOT NULL
                 AND c.store_id = %(store)s AND (hashtext(c.id::text) & 1023) %% 5 > 0""",
            {"today": today, "store": store_id},
        )


def _reached(store_id: int, first: int, count: int) -> list[tuple[Customer, str]]:
    """Some people with a mobile, the same ones each time."""
    points = ContactPoint.objects.filter(store_id=store_id, kind="mobile", is_primary=True, customer__kind="person")
    found = points.select_related("customer").order_by("customer__created_at", "customer_id")[first : first + count]
    return [
        (
            p.customer,
            privacy.unseal(p.value_sealed, bound_to=f"customers_contactpoint.value:{p.id}").removeprefix("+86"),
        )
        for p in found
    ]


def _open_twice(store: Store, by: Actor, *, today: date) -> None:
    """The same telephone under a name as it was heard."""
    for number, (known, phone) in enumerate(_reached(store.id, 40, TWICE)):
        name = (known.name[:1] + "先生", known.name, known.name[:1] + "女士", known.name)[number]
        with clock.frozen(_at(today - timedelta(days=1 + number), 15)):
            commands.create_customer(by=by, store_id=store.id, name=name, phone=phone)


def _ask(store: Store, by: Actor, *, today: date) -> None:
    for (kind, channel, check, ago, answer), (customer, _phone) in zip(
        ASKED,
        _reached(store.id, 120, len(ASKED)),
        strict=False,  # a small demo has fewer people
    ):
        with clock.frozen(_at(today - timedelta(days=ago), 10)):
            asked = desk.take(customer, by=by, kind=kind, channel=channel, identity_check=check)
        if answer:
            with clock.frozen(_at(today - timedelta(days=ago - 1), 16)):
                desk.answer(asked, by=by, text=answer)
