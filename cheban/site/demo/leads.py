"""Leads of the demo in every stage: heard, confirmed, answered well or late, passed on, won and lost.

Each goes through the sales room's own commands by the people it names, with the clock standing at that moment.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import F

from cheban.core import clock
from cheban.core.events import record
from cheban.customers.models import Vehicle
from cheban.org import scope
from cheban.org.access import Actor, actor_for
from cheban.org.models import Staff, StaffRole, Store
from cheban.org.roles import Role
from cheban.sales.leads import commands, inbound, turns
from cheban.sales.leads.models import FOLLOWED, Lead
from cheban.site.demo.deals import ZONE, standing_at

YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Story:
    """One lead: how many days ago which words were heard, and how far it went."""

    ago: int
    kind: str
    text: str
    words: tuple[str, ...]
    goes: str  # proposed dismissed pushed lapsed contacted stuck test_drive appraised quoted won lost
    wanted: str = ""
    grade: str = "a"
    where: str = ""  # a code of states.WHERE: written down by hand there and pushed at once


STORIES = (
    Story(
        0,
        "trade_in",
        "二胎快出生了，五座坐不下，想换一辆七座的，旧车能抵多少",
        ("想换", "七座", "能抵多少"),
        "proposed",
    ),
    Story(0, "additional_purchase", "公司明年要再添两台商务车，你们有没有企业价", ("要再添", "商务车"), "proposed"),
    Story(0, "referral", "我同事也想买这款，介绍过来有什么好处", ("想买", "介绍"), "pushed"),
    Story(1, "trade_in", "这车开了八年，油耗越来越高，空调也不凉了", ("开了八年", "油耗"), "pushed", grade="b"),
    Story(2, "trade_in", "保养一次比一次贵，想趁置换补贴换台混动", ("置换补贴", "换台"), "lapsed", "混动 SUV"),
    Story(
        3, "additional_purchase", "太太刚拿驾照，想再买一台小点的代步", ("想再买", "代步"), "contacted", "小型电动车"
    ),
    Story(4, "referral", "邻居问我这车怎么样，他准备买", ("准备买",), "contacted"),
    Story(6, "trade_in", "后备箱放不下露营的东西，想换大一点的 SUV", ("放不下", "想换"), "test_drive", "中大型 SUV"),
    Story(8, "trade_in", "看了置换补贴的活动，旧车想置换，先估个价", (), "appraised", where="campaign"),
    Story(
        9, "additional_purchase", "单位要采购接待用车，让我问问七座的价格", ("要采购", "七座"), "quoted", "七座商务车"
    ),
    Story(12, "trade_in", "老人上下车不方便，想换底盘低一点的", ("想换",), "won", "舒适版轿车"),
    Story(15, "additional_purchase", "孩子上大学，家里想添一台", ("想添一台",), "won", "紧凑型轿车"),
    Story(18, "referral", "我弟弟打算年底买车，我带他来看看", ("打算", "买车"), "won", "紧凑型 SUV"),
    Story(14, "trade_in", "这车毛病多，准备换牌子了", ("准备换",), "lost"),
    Story(20, "trade_in", "换电车的话，旧车能抵多少", ("能抵多少",), "lost"),
    Story(11, "additional_purchase", "有没有适合跑工地的皮卡，看看再说", ("看看再说",), "stuck", grade="b"),
    Story(5, "additional_purchase", "上次那台试驾车真不错，就随口一说", ("试驾车",), "dismissed", grade="b"),
)
ANSWERS = {
    "contacted": "电话聊了十分钟，周末带家人来看车，旧车一起估",
    "stuck": "说再考虑考虑，约了下周再打",
    "test_drive": "试驾了高配，喜欢空间，觉得价格高",
    "appraised": "旧车评估完，客户认可，等新车报价",
    "quoted": "报了含置换补贴的价，等领导批",
}
WON = (("揽境 380TSI 七座", 259_900), ("朗逸 1.5L 舒适版", 109_900), ("途岳 300TSI", 152_800))
LOST = (("elsewhere", "在对面买了，现车多"), ("old_car_value", "旧车估价差八千没谈拢"))


def live(stores: list[Store], *, today: date, seed: int) -> None:
    """Leads of each store. Sets the scope itself; the whole ends before now."""
    now = clock.now()
    for store in stores:
        rng = random.Random(f"{seed}/leads/{store.code}")
        with scope.use([store.id]):
            service = _people(store, Role.SERVICE_SPECIALIST) or _people(store, Role.SERVICE_ADVISOR)
            if not service or not _people(store, Role.SALES_CONSULTANT):
                continue
            for number, (story, car) in enumerate(zip(STORIES, _cars(store, today), strict=False)):
                _tell(store, story, car, number, service[number % len(service)], rng=rng, now=now)
            _from_the_crm(store, service[0], now=now)


def _people(store: Store, role: str) -> list[Actor]:
    held = StaffRole.objects.filter(store=store, role=role, staff__is_active=True).order_by("staff_id")
    return [actor_for(Staff.objects.get(id=i)) for i in held.values_list("staff_id", flat=True)]


def _cars(store: Store, today: date) -> Iterator[Vehicle]:
    """Cars of four to ten years that still come, of different owners who refused nothing."""
    seen = set()
    for car in Vehicle.objects.filter(
        store=store,
        owner__isnull=False,
        owner__refused_purposes=[],
        is_active=True,
        purchased_on__range=(today - 10 * YEAR, today - 4 * YEAR),
    ).order_by(F("last_visit_on").desc(nulls_last=True), "id")[:200]:
        if car.owner_id not in seen:
            seen.add(car.owner_id)
            yield car


def _tell(
    store: Store, story: Story, car: Vehicle, number: int, by: Actor, *, rng: random.Random, now: datetime
) -> None:
    if story.ago:
        heard_at = datetime.combine(
            now.astimezone(ZONE).date() - timedelta(days=story.ago), time(rng.choice((10, 11, 14, 15)), 20), tzinfo=ZONE
        )
    else:
        heard_at = now - timedelta(minutes=10 + 12 * (number % 3))
    if story.where:
        with standing_at(store, heard_at):
            lead = commands.record_by_hand(
                by=by, customer_id=car.owner_id, vehicle_id=car.id, kind=story.kind, text=story.text,
                where=story.where, grade=story.grade, wanted=story.wanted,
            )  # fmt: skip
        _follow(store, story, lead, heard_at, number, rng=rng, now=now)
        return
    with standing_at(store, heard_at):
        record(
            "interest.heard",
            store_id=store.id,
            customer_id=car.owner_id,
            vehicle_id=car.id,
            actor_id=by.staff_id,
            kind=story.kind,
            passage_id=f"demo-{store.code}-{number}",
            source="customer.note_added",
            words=list(story.words),
            text=story.text,
        )
    lead = Lead.objects.get(heard__passage_id=f"demo-{store.code}-{number}")
    if story.goes == "proposed":
        return
    pushed_at = min(heard_at + timedelta(minutes=rng.randrange(8, 50)), now)
    with standing_at(store, pushed_at):
        if story.goes == "dismissed":
            commands.dismiss(lead, by=by, reason="misheard", why="客户只是随口夸了一句")
            return
        Lead.objects.filter(id=lead.id).update(wanted=story.wanted)
        commands.push(lead, by=by, grade=story.grade)
    if story.goes != "pushed":
        _follow(store, story, lead, pushed_at, number, rng=rng, now=now)


def _follow(
    store: Store, story: Story, lead: Lead, pushed_at: datetime, number: int, *, rng: random.Random, now: datetime
) -> None:
    if story.goes == "lapsed":
        turn = turns.running(lead)
        with standing_at(store, pushed_at + timedelta(hours=24)):
            turns.lapse(turn.id, at=clock.now())
        return
    seller = actor_for(Staff.objects.get(id=_fresh(lead).holder_id))
    first = pushed_at + timedelta(hours=rng.randrange(1, 22))
    steps = ["contacted"]
    if story.goes in ("test_drive", "appraised", "quoted"):
        steps.append(story.goes)
    elif story.goes in ("won", "lost"):
        steps += ["test_drive", "quoted"] if story.kind != "referral" else ["quoted"]
    for which, step in enumerate(steps):
        at = min(first + timedelta(days=2 * which), now)
        ahead = 1 if story.goes == "stuck" else rng.randrange(1, 5)
        # most of those still open are to be spoken to today or in the next days
        agreed = now.astimezone(ZONE).date() + timedelta(days=number % 4) if step == story.goes else None
        with standing_at(store, at):
            commands.answer(
                lead,
                by=seller,
                words=ANSWERS["stuck" if story.goes == "stuck" else step],
                stage=step,
                next_contact_on=max(clock.today() + timedelta(days=ahead), agreed or clock.today()),
                appraised_fen=rng.randrange(300, 900) * 10_000 if step == "appraised" else None,
            )
    with standing_at(store, min(first + timedelta(days=2 * len(steps), hours=3), now)):
        if story.goes == "won":
            what, yuan = WON[number % len(WON)]
            commands.win(lead, by=seller, deal_fen=yuan * 100, deal_what=what)
        elif story.goes == "lost":
            reason, why = LOST[number % len(LOST)]
            commands.lose(lead, by=seller, reason=reason, why=why)


def _fresh(lead: Lead) -> Lead:
    lead.refresh_from_db()
    return lead


def _from_the_crm(store: Store, by: Actor, *, now: datetime) -> None:
    """The sales system has a running lead of somebody whom service heard too."""
    twin = Lead.objects.filter(store=store, state__in=FOLLOWED, kind="trade_in").order_by("-proposed_at").first()
    if twin is not None:
        with standing_at(store, now - timedelta(hours=3)):
            inbound.take_in(
                by=by,
                store_id=store.id,
                customer_id=twin.customer_id,
                kind="trade_in",
                text="官网留资：想了解置换政策，方便时回电",
                source_system="crm",
                external_id=f"W-{store.code}-1024",
                wanted="混动 SUV",
            )
