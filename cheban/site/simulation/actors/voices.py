"""Owners ask in their conversations, by day and by night; staff answer in time or not; surveys say how it was. R037-R038,
R132, R135.

Who forgets elsewhere forgets here: the answer comes late, and the points of the next survey know it.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from uuid import UUID

from django.db.models import Q

from cheban.core.calendars import calendar_of
from cheban.core.ids import new_id
from cheban.core.worktime import due
from cheban.sales.models import SalesPromise
from cheban.site.simulation import behaviour
from cheban.site.simulation.world import ZONE, Place, World, moment_of
from cheban.voice.conversations import commands as talking
from cheban.voice.conversations import reactions as told
from cheban.voice.conversations.models import Conversation, Question
from cheban.voice.surveys import commands as asking
from cheban.voice.surveys import reactions as surveys
from cheban.voice.surveys.models import Survey

LOOKS_AT = time(17, 45)
INVITES_AT = time(9, 55)
ANSWERS_AT = time(20, 10)
QUESTIONS = (
    ("service", "胎压灯亮了，能开吗？"),
    ("service", "手机连不上车机"),
    ("sales", "补贴什么时候到账？"),
    ("service", "第一次保养要不要约？"),
    ("sales", "当时说的脚垫还没有收到"),
    ("service", "刹车的时候有点抖"),
)
SAID = ("", "", "讲得很清楚", "等得有点久", "说好的没有做到", "都很好")


def begin(world: World) -> None:
    """Each evening new conversations are noticed; each day those who were asked may answer."""
    for place in world.places.values():
        for day in world.days():
            world.plan(day, LOOKS_AT, "voices", f"new {place.store.code}", lambda p=place: _look(world, p))
            world.plan(day, INVITES_AT, "voices", f"invites {place.store.code}", lambda p=place: _invite(world, p))
            world.plan(day, ANSWERS_AT, "voices", f"surveys {place.store.code}", lambda p=place: _surveys(world, p))


def _look(world: World, place: Place) -> None:
    """Owners of conversations opened today will ask something in the next days."""
    since = datetime.combine(world.today, time(), tzinfo=ZONE)
    with world.at(place.store.id):
        found = list(Conversation.objects.filter(opened_at__gte=since).order_by("id").values_list("id", "customer_id"))
    for talk_id, _customer in found:
        for number in range(world.dice.whole(0, 2, "asks", talk_id)):
            day = world.today + timedelta(days=world.dice.whole(1, 20, "asks on", talk_id, number))
            at = moment_of(world.dice.whole(7 * 3600, 22 * 3600, "asks at", talk_id, number))
            world.plan(
                day, at, "voices", f"asks {talk_id} {number}", lambda t=talk_id, n=number: _ask(world, place, t, n)
            )


def _ask(world: World, place: Place, talk_id: UUID, number: int) -> None:
    topic, text = world.dice.pick(QUESTIONS, "which question", talk_id, number)
    with world.at(place.store.id):
        if not Conversation.objects.filter(id=talk_id, customer__erased_at__isnull=True).exists():
            return
        key = new_id()
        talking.ask(talk_id, text=text, key=key, topic=topic)
        if world.dice.happens(0.2, "presses twice", talk_id, number):
            talking.ask(talk_id, text=text, key=key, topic=topic)
        world.count["questions asked"] += 1
        calendar = calendar_of(place.store.id, tz=place.store.time_zone)
    role = "service_specialist" if topic == "service" else "sales_consultant"
    there = [w for w in place.of_role(role) if not w.is_away(world.now)] or place.of_role("store_manager")
    if not there:
        return
    by = world.dice.pick(there, "answers", talk_id, number)
    late = world.dice.happens(by.temper.forgets, "answers late", talk_id, number)
    low, high = (11 * 60, 90 * 60) if late else (30, 9 * 60)
    took = timedelta(seconds=world.dice.whole(low, high, "answers after", talk_id, number))
    moment = due(world.now, took, calendar).astimezone(ZONE)
    world.plan(
        moment.date(),
        moment.time(),
        "voices",
        f"answers {talk_id} {number}",
        lambda: _answer(world, place, talk_id, by),
    )


def _answer(world: World, place: Place, talk_id: UUID, by) -> None:
    with world.at(place.store.id):
        if by.has_left or not Conversation.objects.filter(id=talk_id, waiting_since__isnull=False).exists():
            return
        talking.answer(talk_id, by=by.actor, text="收到，我来处理。", key=new_id())
        world.count["questions answered"] += 1


def _invite(world: World, place: Place) -> None:
    """The room's own timers, once a day here."""
    with world.at(place.store.id):
        world.count["surveys after visits"] += surveys.ask_after_visits(at=world.now)
        told.tell_answers(at=world.now)


def _surveys(world: World, place: Place) -> None:
    """Those who were asked today or yesterday answer now, or never; one in ten thinks again."""
    with world.at(place.store.id):
        since = world.now - timedelta(days=1, hours=12)
        found = Survey.objects.filter(invited_at__gt=since, invited_at__lte=world.now, answered_at__isnull=True)
        for survey in found.filter(customer__erased_at__isnull=True).order_by("id"):
            dice, key = world.dice, survey.cause
            if not dice.happens(behaviour.ANSWERS_SURVEY / 2, "answers survey", key, world.today):
                continue
            points = _points(world, survey)
            said = dice.pick(SAID, "says", key)
            asking.answer(survey.id, points=points, said=said)
            world.count["surveys answered"] += 1
            if dice.happens(0.1, "thinks again", key):
                points["service_points"] = max(points["service_points"] - 15, 0)
                asking.answer(survey.id, points=points, said=said)


def _points(world: World, survey: Survey) -> dict[str, int]:
    """Points know what happened: an answer that came late, a promise given up."""
    dice, key = world.dice, survey.cause
    late = Question.objects.filter(conversation__customer_id=survey.customer_id, kept=False).exists()
    broken = SalesPromise.objects.filter(
        Q(state="broken") | Q(disputed_at__isnull=False), customer_id=survey.customer_id
    )
    sales = dice.whole(84, 100, "sales points", key) - (45 if broken.exists() else 0)
    service = dice.whole(82, 100, "service points", key) - (25 if late else 0)
    if dice.happens(behaviour.BAD_DAY, "bad day", key):
        service -= 40
    return {"sales_points": max(sales, 0), "service_points": max(service, 0)}
