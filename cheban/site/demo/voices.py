"""What the demo's owners asked in their conversations and answered in surveys: kept promises and late ones, one who waits.

Everything goes through the voice room's own commands, with the clock standing at that moment.
"""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cheban.core import clock
from cheban.core.calendars import calendar_of
from cheban.core.ids import new_id
from cheban.core.models import Event
from cheban.core.worktime import due
from cheban.customers.models import Vehicle
from cheban.messaging.models import Message
from cheban.org import scope
from cheban.org.access import Actor, actor_for
from cheban.org.models import Staff, Store
from cheban.playbook import commands as playbook
from cheban.playbook.models import Task
from cheban.site.demo.deals import standing_at
from cheban.voice.conversations import commands as talking
from cheban.voice.conversations.models import Conversation
from cheban.voice.surveys import commands as asking
from cheban.voice.surveys.models import Survey
from cheban.voice.surveys.plans import ASKING

ZONE = ZoneInfo("Asia/Shanghai")
TALKS = (
    (
        "service",
        "胎压灯亮了一下又灭了，能接着开吗？",
        4,
        "可以先开。到加油站量一下，四个轮子都到 2.3 就没事；再亮就别上高速，打给我。",
    ),
    (
        "sales",
        "置换补贴说是 10 天到账，现在还没收到。",
        7,
        "我查了，财务今天上午已经打款，最晚明天到账，收到您告诉我一声。",
    ),
    ("service", "第一次保养要提前约吗？周末人多不多？", 3, "提前一天约就行。周六上午人少，我给您留 9 点的工位？"),
    (
        "service",
        "手机连上车机，导航没有声音。",
        16,
        "不好意思回晚了。车机里“设置—声音—导航音量”调到 5 以上，再连一次试试。",
    ),
    (
        "service",
        "行车记录仪的画面怎么导到手机上？",
        6,
        "记录仪和手机连同一个热点，打开“行车影像”就能下载。要是连不上，我到店帮您弄。",
    ),
    ("sales", "当时说送的脚垫，交车那天没有看到。", 9, "是我疏忽，脚垫还在库里。明天给您送到家，您看几点方便？"),
    (
        "service",
        "冷车启动有“哒哒”声，正常吗？",
        12,
        "冷车前几秒有一点是正常的。要是热车还有，请录一段声音发我，我找技师听一下。",
    ),
)
WAITING = ("service", "空调有股味道，是要换滤芯吗？大概多少钱？")
THANKS = "好的，明白了，谢谢！"
WELCOME = "不客气，有事随时找我们。"
ANSWERED = (
    (98, 96, "两位一起交车，讲得很细，问题当场就回答了。"),
    (95, 92, ""),
    (100, 100, "买车时答应的都做到了，售后也知道我的情况，不用再说一遍。"),
    (90, 88, "整体不错，等待区可以再安静一点。"),
    (85, 94, ""),
    (92, 78, "保养等了一个半小时，比说好的晚了半小时。"),
    (96, 98, "专员提前打电话提醒，到店直接上工位。"),
    (40, 72, "买的时候说终身免费基础保养，到店才知道只有两次。"),
    (88, 90, ""),
    (94, 95, "回复很快，微信都不用等。"),
    (75, 80, "价格讲得不够清楚，结账时才说要换滤芯。"),
    (99, 97, ""),
    (93, 30, "空调修了两次还是不凉，没有人主动告诉我下一步。"),
    (97, 91, "技师给我看了换下来的旧件，放心。"),
)
ANSWERS_SHARE = 0.42
VISITS = 34
"""Visits of the last eight weeks that each store's customers were asked about."""


def live(stores: list[Store], *, today: date, seed: int) -> None:
    """Conversations and surveys of each store, after its deliveries. Sets the scope itself; the whole ends before now."""
    now = clock.now()
    for store in stores:
        rng = random.Random(f"{seed}/voices/{store.code}")
        with scope.use([store.id]):
            _talk(store, rng, now=now)
            _ask(store, rng, today=today, now=now)


def _person(staff_id: int | None) -> Actor | None:
    staff = Staff.objects.filter(id=staff_id, is_active=True).first() if staff_id else None
    return actor_for(staff) if staff else None


def _open_moment(store: Store, moment: datetime) -> datetime:
    """That moment when the store is open, else the next one when it is."""
    return due(moment, timedelta(), calendar_of(store.id, tz=store.time_zone))


def _talk(store: Store, rng: random.Random, *, now: datetime) -> None:
    found = list(Conversation.objects.filter(store=store).order_by("opened_at", "vehicle__vin"))
    for number, talk in enumerate(found[:-1]):
        topic, question, minutes, answer = TALKS[number % len(TALKS)]
        begun = _open_moment(store, talk.opened_at + timedelta(hours=rng.randrange(20, 40), minutes=rng.randrange(60)))
        by = _person(talk.sales_consultant_id if topic == "sales" else talk.service_specialist_id)
        if by is None or begun > now - timedelta(hours=1):
            continue
        _says(store, talk, begun, question, topic=topic)
        answered = due(begun, timedelta(minutes=minutes, seconds=-20), calendar_of(store.id, tz=store.time_zone))
        _answers(store, talk, answered, answer, by=by)
        if number % 2 == 0:
            _says(store, talk, answered + timedelta(minutes=2), THANKS, topic="service")
            _answers(store, talk, _open_moment(store, answered + timedelta(minutes=5)), WELCOME, by=by)
    if found:
        _says(store, found[-1], now - timedelta(minutes=4), WAITING[1], topic=WAITING[0])


def _says(store: Store, talk: Conversation, moment: datetime, text: str, *, topic: str) -> None:
    with standing_at(store, moment):
        talking.ask(talk.id, text=text, key=new_id(), topic=topic)


def _answers(store: Store, talk: Conversation, moment: datetime, text: str, *, by: Actor) -> None:
    with standing_at(store, moment):
        talking.answer(talk.id, by=by, text=text, key=new_id())


def _ask(store: Store, rng: random.Random, *, today: date, now: datetime) -> None:
    """Surveys after visits of the last weeks, and answers to them and to those after deliveries."""
    first = datetime.combine(today - timedelta(days=56), time(), tzinfo=ZONE)
    visits = list(
        Event.objects.filter(
            store_id=store.id, name="repair_order.imported", at__gte=first, at__lt=now, customer_id__isnull=False
        ).order_by("at", "id")
    )
    cars = Vehicle.objects.in_bulk({v.vehicle_id for v in visits if v.vehicle_id})
    plan = ASKING.plans["repair_order"]
    for visit in sorted(rng.sample(visits, min(VISITS, len(visits))), key=lambda v: v.at):
        car = cars.get(visit.vehicle_id)
        with standing_at(store, visit.at):
            asking.invite(
                plan,
                store=store,
                cause=f"order:{visit.facts['order_no']}",
                customer_id=visit.customer_id,
                vehicle_id=car.id if car else None,
                happened_at=visit.at,
                sales_staff_id=car.sales_consultant_id if car else None,
                service_staff_id=car.service_specialist_id if car else None,
            )
    asked = list(Survey.objects.filter(store=store, invited_at__lt=now).order_by("invited_at", "vehicle__vin", "kind"))
    for number, survey in enumerate(asked):
        went_out = survey.invited_at + timedelta(seconds=40)
        Message.objects.filter(store=store, dedupe_key=f"survey:{survey.id}").update(
            state=Message.State.DELIVERED, claimed_at=went_out, sent_at=went_out, changed_at=went_out
        )
        moment = survey.invited_at + timedelta(days=rng.choice((0, 0, 0, 1)), minutes=rng.randrange(3, 60 * 11))
        if rng.random() > (0.8 if survey.kind == "delivery" else ANSWERS_SHARE) or moment > now:
            continue
        sales, service, said = ANSWERED[number % len(ANSWERED)]
        with standing_at(store, moment):
            survey = asking.answer(survey.id, points={"sales_points": sales, "service_points": service}, said=said)
        if survey.low_at and survey.low_at < now - timedelta(days=2):
            _called_back(store, survey, moment=_open_moment(store, moment + timedelta(hours=3)))


def _called_back(store: Store, survey: Survey, *, moment: datetime) -> None:
    task = Task.objects.filter(subject_id=survey.id, rule="low_score", state=Task.State.OPEN).first()
    by = _person(task.assignee_id) if task else None
    if task is None or by is None:
        return
    with standing_at(store, moment):
        playbook.record_outcome(task.contact_id, by=by, outcome="settled", note="已道歉，约了周六上午复查")
