"""Deliveries of the demo's newest cars: handed over by two, sheets confirmed, sent back or late, promises kept and open.

Each goes through the sales room's own commands by the people it names, with the clock standing at that moment.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import typst
from django.core.files.uploadedfile import SimpleUploadedFile

from cheban.core import clock
from cheban.customers.models import Vehicle
from cheban.customers.privacy_desk.copies import FONTS
from cheban.org import dispatch, scope
from cheban.org.access import Actor, actor_for
from cheban.org.models import Staff, StaffRole, Store
from cheban.org.roles import Role
from cheban.sales import feedback
from cheban.sales.deliveries import checklist
from cheban.sales.deliveries import commands as delivering
from cheban.sales.handover import commands as handing
from cheban.sales.models import VehicleDelivery
from cheban.sales.promises import commands as promising
from cheban.workshop.arrivals import commands as arriving

ZONE = ZoneInfo("Asia/Shanghai")
PAST = (20, 16, 12, 9, 7, 6, 5, 3, 2, 1)
"""How many days ago each car was delivered."""
TODAY = (time(15, 0), time(17, 30))
"""When today's cars are handed over."""
HEARD = (
    ("family", ["upkeep"], "二胎，周末常带老人孩子出去", "wechat", "晚上八点以后", ["family_day", "self_drive"]),
    ("commuting", ["consumption"], "每天来回六十公里", "phone", "午休", ["none"]),
    ("business", ["value"], "公司接待客户用", "wechat", "工作日上午", ["none"]),
    ("upgrade", ["operation", "faults"], "上一台开了八年，第一次用混动", "phone", "周末", ["care_class"]),
    ("first_car", ["operation"], "新手，刚拿驾照", "wechat", "随时", ["care_class", "self_drive"]),
)
WRONG = {
    "motive": "客户说主要是接送孩子，不是通勤",
    "channel_time": "客户白天开会，只能晚上联系",
    "worries": "客户更担心保养费用，表里没有写",
}
PROMISED = (
    ("gift", "送原厂脚垫和行车记录仪", "合同补充条款第 2 条", 14, "sales"),
    ("care_package", "三年六次基础养护套餐（机油机滤）", "合同补充条款第 3 条", 180, "service"),
    ("warranty", "动力电池质保延长到 8 年", "厂家活动单，销售经理签字", 30, "sales"),
    ("price", "置换补贴 5,000 元", "报价单备注，客户微信确认", 10, "sales"),
    ("gift", "补送一次全车镀膜", "交车当天微信承诺", 2, "service"),
)
ASKED = (
    ("手机怎么连车机，蓝牙总断开", "父母也想换车，问有没有大一点的"),
    ("没有问题，自动泊车还没敢用", ""),
    ("仪表上的续航和实际差多少", "问家里充电桩谁来装"),
    ("胎压报警怎么复位", ""),
)


@dataclass(frozen=True, slots=True)
class Pair:
    """Who hands a car over."""

    sales: Actor
    service: Actor


def live(stores: list[Store], *, today: date, seed: int) -> None:
    """Hand over the newest cars of each store. Sets the scope itself; the whole ends before now."""
    now = clock.now()
    for store in stores:
        rng = random.Random(f"{seed}/deals/{store.code}")
        pairs = _pairs(store)
        with scope.use([store.id]):
            cars = list(
                Vehicle.objects.filter(
                    store=store, owner__isnull=False, is_active=True, services_done=0, last_visit_on__isnull=True
                ).order_by("-purchased_on", "id")[: len(PAST) + len(TODAY)]
            )
            for number, (ago, car) in enumerate(zip(PAST, cars, strict=False)):
                _delivered(store, car, pairs[number % len(pairs)], number, today=today, ago=ago, rng=rng, now=now)
            _arrivals(store, cars, pairs, today=today, now=now)
            for at, car in zip(TODAY, cars[len(PAST) :], strict=False):
                _planned(store, car, rng.choice(pairs), datetime.combine(today, at, tzinfo=ZONE), now=now)


def _pairs(store: Store) -> list[Pair]:
    def people(role: str) -> list[Actor]:
        held = StaffRole.objects.filter(store=store, role=role, staff__is_active=True).order_by("staff_id")
        return [actor_for(Staff.objects.get(id=i)) for i in held.values_list("staff_id", flat=True)]

    sales, service = people(Role.SALES_CONSULTANT), people(Role.SERVICE_SPECIALIST)
    return [Pair(s, service[n % len(service)]) for n, s in enumerate(sales)]


@contextmanager
def standing_at(store: Store, moment: datetime) -> Iterator[None]:
    """The clock stands there; what the house owes because of it is done before it goes on."""
    with clock.frozen(moment):
        yield
        while dispatch.run_pending(limit=200) == 200:
            pass
        scope.set_stores([store.id])


def _arrivals(store: Store, cars: list[Vehicle], pairs: list[Pair], *, today: date, now: datetime) -> None:
    """Two customers came this morning: one was greeted, the other still waits for their consultant."""
    for car, at, heard in zip(
        cars[2:4], (time(9, 5), time(9, 40)), ("车开着挺好，父母想换一台省油的", ""), strict=False
    ):
        moment = min(datetime.combine(today, at, tzinfo=ZONE), now)
        with standing_at(store, moment):
            made, _new = arriving.note(car.id, by=pairs[0].service)
        if heard:
            with standing_at(store, min(moment + timedelta(minutes=8), now)):
                arriving.greet(made, by=pairs[0].sales, heard=heard)


def _planned(store: Store, car: Vehicle, pair: Pair, at: datetime, *, now: datetime) -> VehicleDelivery:
    with standing_at(store, min(at - timedelta(days=1), now)):
        return delivering.plan(
            by=pair.sales,
            vehicle_id=car.id,
            scheduled_at=at,
            sales_consultant_id=pair.sales.staff_id,
            service_specialist_id=pair.service.staff_id,
        )


def _delivered(
    store: Store, car: Vehicle, pair: Pair, number: int, *, today: date, ago: int, rng: random.Random, now: datetime
) -> None:
    at = datetime.combine(today - timedelta(days=ago), time(rng.choice((10, 11, 14, 15, 16)), 30), tzinfo=ZONE)
    delivery = _planned(store, car, pair, at, now=now)
    with standing_at(store, at):
        for point in checklist.POINTS:
            by = pair.sales if point.side == "sales" else pair.service
            delivering.tick(delivery, by=by, point=point.code, is_done=True)
        delivering.complete(delivery, by=pair.sales)
        _promise(delivery, car, pair, number, today=today)
    if ago == 2 or ago == 1 and number % 2:  # nobody has filled these in yet: one is late, one still in time
        return
    motive, worries, note, channel, when, events = HEARD[number % len(HEARD)]
    said = {"motive": motive, "worries": worries, "needs_note": note, "channel": channel, "channel_time": when}
    with standing_at(store, min(at + timedelta(hours=rng.randrange(2, 20)), now)):
        sheet = delivery.sheet
        handing.fill_in(sheet, by=pair.sales, data=said | {"events": events}, version=0)
        try:
            revision = handing.send(sheet, by=pair.sales)
        except handing.Incomplete:
            return  # the old system's file lacks the car's configuration: sales still has to find out
    if ago <= 3:
        return  # waits for service
    wrong = dict([rng.choice(list(WRONG.items()))]) if number % 3 == 1 else {}
    with standing_at(store, min(at + timedelta(hours=26), now)):
        checks = {code: code not in wrong for code in revision.content}
        handing.answer(revision, by=pair.service, checks=checks, remarks=wrong)
    if wrong and ago > 6:
        with standing_at(store, at + timedelta(hours=30)):
            sheet.refresh_from_db()
            handing.fill_in(sheet, by=pair.sales, data=said | {"events": events}, version=sheet.version)
            second = handing.send(sheet, by=pair.sales)
        with standing_at(store, at + timedelta(hours=48)):
            handing.answer(second, by=pair.service, checks=dict.fromkeys(second.content, True), remarks={})
    with standing_at(store, min(at + timedelta(days=2, hours=1), now)):
        questions, needs = ASKED[number % len(ASKED)]
        heard = feedback.record_first(delivery, by=pair.service, questions=questions, needs=needs)
    if ago > 5:
        with standing_at(store, at + timedelta(days=3)):
            feedback.read(heard, by=pair.sales)


def paper(what: str, evidence: str) -> SimpleUploadedFile:
    """The page on which a promise stands, as if somebody had photographed it: set in type, marked as made up."""
    source = Path(__file__).with_name("paper.typ")
    page = typst.compile(
        source,
        root=source.parent,
        font_paths=[FONTS],
        ignore_system_fonts=True,
        sys_inputs={"what": what, "evidence": evidence},
        format="png",
        ppi=110,
    )
    return SimpleUploadedFile("paper.png", page)


def _promise(delivery: VehicleDelivery, car: Vehicle, pair: Pair, number: int, *, today: date) -> None:
    if number % 2:
        return
    kind, what, evidence, days, side = PROMISED[number // 2 % len(PROMISED)]
    made = promising.make(
        by=pair.sales,
        customer_id=car.owner_id,
        vehicle_id=car.id,
        kind=kind,
        what=what,
        evidence=evidence,
        due_on=clock.today() + timedelta(days=days),
        side=side,
        keeper_id=(pair.sales if side == "sales" else pair.service).staff_id,
        proofs=[paper(what, evidence)] if number != 6 else (),  # one is on somebody's word only
    )
    if number == 0:
        promising.keep(made, by=pair.sales, how="交车当天装好，客户签收")
    elif number == 4:
        promising.dispute(made, by=pair.service, claimed="客户说当时答应的是整车终身质保")
