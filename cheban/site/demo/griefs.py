"""Complaints of the demo: one in every state, one red alert that nobody has taken, causes that come again.

Each goes through the voice room's own commands by the people whose it is, with the clock standing at that moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cheban.core import clock
from cheban.customers import commands as customers
from cheban.customers.models import Vehicle
from cheban.org import scope
from cheban.org.access import Actor, actor_for
from cheban.org.models import Staff, StaffRole, Store
from cheban.org.roles import Role
from cheban.site.demo.deals import standing_at
from cheban.voice.complaints import alarms, commands, links, solving
from cheban.voice.models import Alert, Complaint, Finding, Solution

ZONE = ZoneInfo("Asia/Shanghai")
ALERT_AGO = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Case:
    """One complaint: when and how it came, what the three found (whose fault), how it is solved, how far it got."""

    days: int
    at: time
    channel: str
    kind: str
    text: str
    until: str
    cause: str = ""
    measure: str = ""
    improvement: str = ""
    yuan: int = 0
    amount: int | None = None
    sales: tuple[str, bool] = ("当时没有就此承诺什么，交车清单逐项讲过。", False)
    service: tuple[str, bool] = ("当天接待，两小时内联系了客户。", False)
    quality: tuple[str, bool] = ("实车检查，没有发现设计或制造问题。", False)
    answer: str = "已电话道歉，说明三个部门今天一起查，明天上午给方案。"
    said: str = "可以，谢谢你们。"


UNTIL = ("filed", "answered", "examined", "proposed", "agreed", "carried_out", "objected", "closed", "checked")
CASES = (
    Case(
        64, time(10, 20), "phone", "waiting", "预约了十点保养，等到下午一点才有人接车，没有一个人来说一声。", "checked",
        "planning", "当面道歉，退本次工时费，下次保养优先工位。", "十点时段只收两台预约", 260,
        service=("十点同时到了五台车，只有两个工位，排队没有告诉客户。", True),
    ),
    Case(
        52, time(15, 5), "visit", "repair", "刚换的刹车片，没两天又开始响，比原来还响。", "checked",
        "workmanship", "免费返工，更换消音片，送一次四轮保养。", "换制动片后必须路试并留记录", 300,
        service=("装配时少了一片消音片，质检没有路试。", True), said="这次安静了。",
    ),
    Case(
        41, time(9, 40), "survey", "promise", "买车时说好送两次保养，现在店里说系统里没有这回事。", "checked",
        "promise_forgotten", "按口头承诺补两次基础保养，写进承诺。", "所有赠送当天登记为销售承诺", 400, 800,
        sales=("销售口头答应过，没有登记，交接表里也没有。", True), said="早该这样。",
    ),
    Case(
        26, time(16, 30), "phone", "waiting", "约好三点取车，五点半才洗好，孩子放学都没接上。", "closed",
        "planning", "道歉，送两次精洗，安排代步车券。", "取车前一小时复核进度", 200,
        service=("洗车区排队，没有提前告知客户改时间。", True),
    ),
    Case(
        19, time(11, 15), "web", "cost", "报价单写一千二，结账变成一千八，多出来的事先没人跟我说。", "closed",
        "price", "退还未经同意的增项 600 元，重新出具结算单。", "增项一律手机确认后再做", 600, 600,
        service=("技师加了变速箱滤网，没有请客户确认。", True), said="退了就好。",
    ),
    Case(
        12, time(10, 50), "phone", "waiting", "说一个小时的首保，从九点坐到中午，电话打到前台没人接。", "closed",
        "planning", "道歉，赠送一次上门取送车。", "前台午间留一人接电话", 150,
        service=("上午集中到店，前台午休无人值守。", True), said="希望下次别再这样。",
    ),
    Case(
        9, time(14, 10), "visit", "quality", "新车才三个月，中控屏一到冬天就黑屏，重启要等十分钟。", "carried_out",
        "part", "更换中控主机（厂家质保），期间提供代步车三天。", "报厂家技术通报", 450, 6_500,
        quality=("同款本月第二台，主机批次问题，已报厂家。", True),
    ),
    Case(
        17, time(9, 50), "conversation", "waiting", "换个雨刮等了一个半小时，前面明明没有几台车。", "closed",
        "planning", "道歉，快修单独设一个工位。", "二十分钟内的活走快修工位", 0,
        service=("快修和保养排同一队，没有分开。", True), said="好，下次看看。",
    ),
    Case(
        2, time(9, 25), "conversation", "attitude", "问个延保条款，销售说“网上自己查”，我买车的时候不是这个态度。", "objected",
        "manner", "销售当面道歉，逐条讲解延保条款。", "", 0,
        sales=("当时在忙交车，语气不耐烦，没有转给同事。", True), said="道歉发了条微信就算完了？我要当面说清楚。",
    ),
    Case(
        4, time(13, 45), "phone", "repair", "空调修了三次，还是一边冷一边热，每次都说好了。", "agreed",
        "diagnosis", "请厂家技师会诊，更换混合风门电机，前三次费用全退。", "同一故障第三次返修必须会诊", 1_860, 1_860,
        service=("前两次只加了冷媒，没有查风门电机。", True), quality=("风门电机卡滞，非批次问题。", False),
    ),
    Case(
        1, time(16, 40), "phone", "quality", "高速上仪表突然全灭了，过一会自己又亮了，家里人都不敢坐。", "proposed",
        "part", "更换仪表总成，延长整车质保一年。", "", 6_800, 20_000,
        quality=("仪表供电插头虚接，装配问题，厂家承担一半。", True),
    ),
    Case(
        1, time(17, 20), "survey", "cost", "同样的保养，朋友在别家少三百，你们到底按什么收的？", "examined",
        sales=("购车时介绍过保养价目，没有承诺最低价。", False),
        service=("按门店价目，用的是全合成机油，没有当面讲清差别。", True),
    ),
    Case(0, time(9, 10), "web", "promise", "答应的充电桩安装拖了一个月，每次都说下周。", "answered", amount=3_000),
    Case(0, time(9, 40), "phone", "waiting", "配件说三天到，今天第八天了，没有一个准信。", "filed"),
)  # fmt: skip
ALARMING = "今天早上高速上刹车踩下去没反应，踩了好几脚才停下来，车现在停在服务区。"
ACKNOWLEDGED = "方向盘突然变得特别沉，差点撞上护栏。"


def live(stores: list[Store], *, today: date) -> None:
    """Live through the complaints of each store; the first has the red alert. Sets the scope itself."""
    now = clock.now()
    for number, store in enumerate(stores):
        with scope.use([store.id]):
            cars = list(
                Vehicle.objects.filter(
                    store=store, owner__isnull=False, is_active=True, services_done__gte=1, owner__refused_purposes=[]
                )
                .exclude(plate_number="")
                .order_by("series", "vin")[: len(CASES) + 2]
            )
            for case, car in zip(CASES, cars, strict=False):
                _lived(store, case, car, today=today, now=now)
            if len(cars) == len(CASES) + 2:
                _acknowledged(store, cars[-2], now=now)
                if number == 0:
                    _alarm(store, cars[-1], now=now)
            with standing_at(store, min(now, datetime.combine(today, time(9), tzinfo=ZONE))):
                links.make_code("前台", by=_of(store, Role.STORE_MANAGER), store_id=store.id)


def _of(store: Store, role: str) -> Actor:
    held = StaffRole.objects.filter(store=store, role=role, staff__is_active=True).order_by("staff_id").first()
    if held is None:
        return _of(store, Role.STORE_MANAGER)
    return actor_for(Staff.objects.get(id=held.staff_id), chosen=store.id)


def _who(store: Store, staff_id: int | None, role: str) -> Actor:
    """The person whose it is, else one of the role."""
    found = Staff.objects.filter(id=staff_id, is_active=True).first()
    return actor_for(found, chosen=store.id) if found else _of(store, role)


def _lived(store: Store, case: Case, car: Vehicle, *, today: date, now: datetime) -> None:
    begun = min(datetime.combine(today - timedelta(days=case.days), case.at, tzinfo=ZONE), now - timedelta(hours=1))
    far = UNTIL.index(case.until)

    def at(hours: float):
        return standing_at(store, min(begun + timedelta(hours=hours), now))

    with at(0):
        made = commands.file(
            by=_of(store, Role.CALLER),
            customer_id=car.owner_id,
            vehicle_id=car.id,
            channel=case.channel,
            kind=case.kind,
            text=case.text,
            amount_fen=case.amount * 100 if case.amount else None,
        )
    made = Complaint.objects.get(id=made.id)
    sales, service = (
        _who(store, made.speaker_id, Role.SALES_CONSULTANT),
        _who(store, made.executor_id, Role.SERVICE_SPECIALIST),
    )
    quality = _of(store, Role.QUALITY_CONTROL)
    if far >= 1:
        with at(0.7):
            commands.answer(made, by=sales, text=case.answer)
    sides = (("service", service), ("sales", sales), ("quality", quality))
    for n, (side, by) in enumerate(sides if far >= 2 else sides[:far]):
        with at(0.8 + n):
            text, is_ours = getattr(case, side)
            commands.find(Finding.objects.get(complaint=made, side=side), by=by, text=text, is_ours=is_ours)
    if far >= 3:
        with at(5):
            solving.propose(
                _round(made),
                by=quality,
                cause=case.cause,
                measure=case.measure,
                improvement=case.improvement,
                compensation_fen=case.yuan * 100,
                speaker_id=sales.staff_id,
                executor_id=service.staff_id,
            )
    if far >= 4 and _round(made).needs_role:
        with at(6):
            solving.approve(_round(made), by=_of(store, Role.STORE_MANAGER))
    if far >= 5:
        with at(26):
            solving.carry_out(_round(made), by=service, how="已办妥，客户在场。")
    if case.until == "objected":
        with at(30):
            solving.object_to(_round(made), by=sales, said=case.said)
    elif far >= 7:
        with at(30):
            solving.confirm(_round(made), by=sales, said=case.said)
    if case.until == "checked":
        with at(24 * 32):
            made.refresh_from_db()
            solving.check(made, by=quality, has_recurred=False, note="电话问过，之后来过一次，没有再发生。")


def _round(complaint: Complaint) -> Solution:
    return Solution.objects.get(complaint=complaint, objected_at__isnull=True)


def _acknowledged(store: Store, car: Vehicle, *, now: datetime) -> None:
    """A red alert of yesterday that quality control took in four minutes."""
    begun = now - timedelta(hours=20)
    with standing_at(store, begun):
        customers.add_note(car.owner, by=_of(store, Role.CALLER), text=ACKNOWLEDGED)
    alert = Alert.objects.filter(customer_id=car.owner_id).first()
    if alert is None:
        return
    with standing_at(store, begun + timedelta(minutes=4)):
        alarms.acknowledge(alert, by=_of(store, Role.QUALITY_CONTROL))
    complaint = alert.complaint
    with standing_at(store, begun + timedelta(minutes=20)):
        speaker = _who(store, complaint.speaker_id, Role.SALES_CONSULTANT)
        commands.answer(complaint, by=speaker, text="已请客户停车，拖车一小时内到，今天安排代步车。")


def _alarm(store: Store, car: Vehicle, *, now: datetime) -> None:
    """The red alert that waits: a note on a call of two minutes ago."""
    with standing_at(store, now - ALERT_AGO):
        customers.add_note(car.owner, by=_of(store, Role.CALLER), text=ALARMING)
