"""The demo's figures judged week by week, and what its people did about red ones. R161-R174.

Weeks are judged with the clock standing on each Monday, so two red weeks opened their improvement when they would have.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cheban.core import clock
from cheban.org import dispatch, scope
from cheban.org.access import Actor, actor_for
from cheban.org.models import Staff, StaffRole, Store
from cheban.org.roles import Role
from cheban.scorecard import tally, weeks
from cheban.scorecard.improvement import actions, cases, forces, meetings, practices
from cheban.scorecard.models import ImprovementCase

ZONE = ZoneInfo("Asia/Shanghai")
WEEKS = 8
CASES = (
    (
        "下午四点以后到期的联系没有人接着打；周末排班只有一位同事",
        "下午四点前没打完的，交给当天值班的同事；周末加一位值班",
        ("下午四点看一遍今天还没打的，分给值班同事", "排出下个月周末的值班表", "把三次没打通的改约到晚上七点以后"),
    ),
    (
        "交接表当天急着发，客户的担心和联系时间是猜的",
        "交车当天只填客户亲口说过的；拿不准的先问客户一句再发",
        ("交车清单加一句：请客户自己说最担心什么", "每周抽三张交接表，和客户核对一遍"),
    ),
)
CASE = {
    "title": "洗车等待时的一句闲聊，换来一台增购",
    "story": "服务顾问在休息区听客户说孩子要上小学、两个人上班方向不同，当天把线索推给了销售。"
    "销售顾问第二天约了试驾，售后把老车的保养记录整理成一页给客户看，旧车估价高了，客户两周后订了第二台车。",
    "lesson": "接待时多问一句“家里最近有什么变化”，听到了当天就推，不等下次进店。",
}


def live(stores: list[Store], *, today: date) -> None:
    """Judge the last weeks, lead the improvements they opened, hold the meetings. Sets the scope itself."""
    now = clock.now()
    ids = [store.id for store in stores]
    monday = today - timedelta(days=today.weekday())
    with scope.use(ids):
        tally.count_tasks(ids, weeks=WEEKS + 1)
    for back in reversed(range(WEEKS)):
        at = datetime.combine(monday - timedelta(weeks=back), time(0, 20), tzinfo=ZONE)
        with scope.use(ids), clock.frozen(at):
            weeks.judge(ids, at=at)
            _deliver(ids)
    for number, store in enumerate(stores):
        with scope.use([store.id]):
            manager = _person(store, Role.STORE_MANAGER)
            if manager is None:
                continue
            _lead(store, manager, now=now, as_far_as=number)
            _meet(store, manager, monday=monday, now=now)
    _praise(stores[0], now=now)


def _deliver(ids: list[int]) -> None:
    while dispatch.run_pending(limit=200) == 200:
        pass
    scope.set_stores(ids)


def _person(store: Store, role: str) -> Actor | None:
    held = StaffRole.objects.filter(store=store, role=role, staff__is_active=True).order_by("staff_id").first()
    return actor_for(Staff.objects.get(id=held.staff_id), chosen=store.id) if held else None


@contextmanager
def _at(store: Store, moment: datetime) -> Iterator[None]:
    with clock.frozen(moment):
        yield
        _deliver([store.id])


def _owners(store: Store) -> list[int]:
    held = StaffRole.objects.filter(
        store=store, staff__is_active=True, role__in=[Role.SERVICE_ADVISOR, Role.SALES_CONSULTANT, Role.CALLER]
    )
    return sorted(set(held.values_list("staff_id", flat=True)))


def _lead(store: Store, manager: Actor, *, now: datetime, as_far_as: int) -> None:
    """The first store has a plan and works on it, the second has met, a third has only just begun."""
    people = _owners(store)
    for case in ImprovementCase.objects.filter(store=store).exclude(state="closed").order_by("opened_at"):
        cause, plan, deeds = CASES[case.metric == "handover_accuracy"]
        met_at = case.opened_at + timedelta(hours=10)
        if met_at > now or as_far_as > 1:
            continue
        with _at(store, met_at):
            cases.meet(case, by=manager, attended="店长、销售经理、售后经理、客服主管", cause=cause)
        case.refresh_from_db()
        planned_at = case.opened_at + timedelta(hours=34)
        if planned_at > now or as_far_as == 1:
            continue
        made = []
        with _at(store, planned_at):
            for index, what in enumerate(deeds):
                due = clock.today() + timedelta(days=3 + 2 * index)
                owner = people[index % len(people)]
                made.append(actions.agree(case, by=manager, what=what, owner_id=owner, due_on=due))
            cases.plan(case, by=manager, text=plan)
        for action in made:
            done_at = datetime.combine(action.due_on, time(11), tzinfo=ZONE)
            if done_at < now:
                with _at(store, done_at):
                    actions.finish(action, by=manager, result="已经照做，早会上说过一遍")
        case.refresh_from_db()
        if case.check_on and case.check_on < now.astimezone(ZONE).date():
            with _at(store, datetime.combine(case.check_on, time(15), tzinfo=ZONE)):
                cases.check(case, by=manager, text="照新的办法做了四周，对照目标看过每周的数", goes_on=False)
        elif made and not case.is_effective:
            opened_at = planned_at + timedelta(hours=6)
            if opened_at < now and len(people) > 2:
                with _at(store, opened_at):
                    force = forces.open_force(
                        by=manager,
                        store_id=store.id,
                        metric=case.metric,
                        goal="两周内把这项指标拉回目标",
                        lead_id=people[0],
                        member_ids=people[1:3],
                        case=case,
                    )
                solved_at = opened_at + timedelta(hours=52)
                if solved_at < now:
                    with _at(store, solved_at):
                        forces.solve(
                            force,
                            by=manager,
                            solution="下午四点由一个人收口：还没打的当场分掉，三次没通的改约",
                            first_check="试了两天，当天到期的只剩三件没打",
                        )


def _meet(store: Store, manager: Actor, *, monday: date, now: datetime) -> None:
    """The weekly meetings of the last two weeks, each with a decision and an action."""
    people = _owners(store)
    for back, (decision, what) in enumerate(
        (
            ("首保客户进店，先由售后专员打招呼，再交给服务顾问", "写一张首保接待的一页话术"),
            ("推给销售的线索，售后顾问当面说一遍客户的原话", "把上周没有跟进的线索逐条问清楚"),
        ),
        start=1,
    ):
        week = monday - timedelta(weeks=back)
        at = datetime.combine(week + timedelta(days=2), time(16), tzinfo=ZONE)
        if at > now or not people:
            continue
        with _at(store, at):
            held = meetings.hold(by=manager, store_id=store.id, week=week, attended="店长、销售经理、售后经理")
            meetings.decide(held, by=manager, text=decision)
            action = actions.agree(
                held,
                by=manager,
                what=what,
                owner_id=people[back % len(people)],
                due_on=clock.today() + timedelta(days=9),
            )
        if back == 2:
            with _at(store, at + timedelta(days=5)):
                actions.finish(action, by=manager, result="三条重新分给了值班的销售顾问")


def _praise(store: Store, *, now: datetime) -> None:
    """One case is in the handbook, one is being voted on."""
    with scope.use([store.id]):
        manager, seller = _person(store, Role.STORE_MANAGER), _person(store, Role.SALES_CONSULTANT)
        advisor, caller = _person(store, Role.SERVICE_ADVISOR), _person(store, Role.CALLER)
        if not (manager and seller and advisor and caller):
            return
        with _at(store, now - timedelta(days=12)):
            first = practices.nominate(by=advisor, store_id=store.id, kind="lead", **CASE)
        for who in (seller, caller):
            with _at(store, now - timedelta(days=10)):
                practices.vote(first, by=who)
        with _at(store, now - timedelta(days=8)):
            practices.publish(first, by=manager, **CASE)
        with _at(store, now - timedelta(days=2)):
            second = practices.nominate(
                by=seller,
                store_id=store.id,
                kind="complaint",
                title="交车第三天的一通电话，留住了想退车的客户",
                story="客户说车机总断连，想退车。售后专员当天上门教了一遍，销售顾问补送了数据线，第二天再打电话确认。",
                lesson="新车的头三天，问题当天上门，比解释有用。",
            )
            practices.vote(second, by=caller)
