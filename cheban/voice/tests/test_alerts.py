"""Words of danger reach all three sides at once, are taken in 15 minutes or go up, once for a customer's car. R119."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connections, transaction

from cheban.core import said
from cheban.core.errors import WrongState
from cheban.core.events import record
from cheban.core.models import Event
from cheban.messaging import sending
from cheban.messaging.models import InboxItem, Message, WecomMember
from cheban.org import dispatch, scope
from cheban.org.roles import Role
from cheban.playbook.models import Task
from cheban.voice.complaints import alarms
from cheban.voice.hearing import reactions, reading
from cheban.voice.models import Alert, Complaint, Passage
from cheban.voice.tests import griefs as voice
from tests import given, serving

ALL_THREE = (Role.QUALITY_CONTROL, Role.SALES_CONSULTANT, Role.SERVICE_SPECIALIST)


@pytest.mark.req("R119", "R113")
def test_words_of_danger_tell_all_three_sides_and_start_a_clock(cast, clock):
    customer = voice.owner(cast)
    voice.note(cast, customer)
    alert = Alert.objects.get()
    assert (alert.customer_id, alert.vehicle_id, alert.kinds) == (customer.id, customer.car.id, ["brakes"])
    assert "刹车突然失灵" in alert.words
    assert (alert.complaint.level, alert.complaint.kind, alert.complaint.state) == ("red", "safety", "filed")
    told = set(InboxItem.objects.filter(kind="alert.raised").values_list("staff_id", flat=True))
    assert told == {cast.staff[role].id for role in ALL_THREE}
    assert Message.objects.get(kind="alert.raised").channel == "robot"
    task = Task.objects.get(rule="red_alert")
    assert (task.assignee_id, task.due_at - alert.raised_at) == (
        cast.staff[Role.QUALITY_CONTROL].id,
        timedelta(minutes=15),
    )
    [event] = Event.objects.filter(name="alert.raised")
    assert event.facts["level"] == "red" and event.facts["complaint_id"] == str(alert.complaint_id)


@pytest.mark.req("R119")
@pytest.mark.parametrize("words", ["刹车没有问题，很好用", "上个月刹车失灵已经修好了", "想问问刹车片多少钱", ""])
def test_what_is_no_danger_raises_nothing(cast, words):
    customer = voice.owner(cast)
    if words:
        voice.note(cast, customer, words)
    assert not Alert.objects.exists() and not Complaint.objects.exists()
    assert Passage.objects.filter(kinds=[]).count() == (1 if words else 0)


@pytest.mark.req("R119")
def test_further_words_join_the_open_alert_and_another_car_has_its_own(cast, clock):
    customer = voice.owner(cast)
    voice.note(cast, customer)
    clock.set(clock.now + timedelta(minutes=3))
    voice.note(cast, customer, "方向盘也卡死了一次")
    alert = Alert.objects.get()
    assert alert.kinds == ["brakes", "steering"] and alert.passages.count() == 2
    assert InboxItem.objects.filter(kind="alert.raised").count() == 3
    assert Event.objects.filter(name="alert.joined").count() == 1
    second = given.vehicle(cast.a, customer, vin="LSVAA4187E2000002", plate="沪B12345")
    scope.set_stores([cast.a.id])
    voice.filed(cast, customer, vehicle_id=second.id, kind="safety", text="这台车行驶中突然熄火失去动力")
    assert Alert.objects.count() == 2


@pytest.mark.req("R119")
def test_taken_within_fifteen_minutes_the_ladder_stands_still(cast, clock):
    voice.note(cast, voice.owner(cast))
    alert = Alert.objects.get()
    clock.set(clock.now + timedelta(minutes=14))
    told = alarms.acknowledge(alert, by=voice.service(cast))
    assert (told.facts["minutes_count"], told.facts["kept"]) == (14, True)
    with pytest.raises(WrongState):
        alarms.acknowledge(alert, by=voice.quality(cast))
    clock.set(clock.now + timedelta(minutes=30))
    voice.work(cast)
    task = Task.objects.get(rule="red_alert")
    assert (task.state, task.closed_by_id, task.escalation) == ("done", cast.staff[Role.SERVICE_SPECIALIST].id, 0)


@pytest.mark.req("R119")
def test_not_taken_it_goes_to_the_manager_then_to_operations_past_whoever_left(cast, clock):
    begun = clock.now
    voice.note(cast, voice.owner(cast))
    clock.set(begun + timedelta(minutes=14))
    voice.work(cast)
    task = Task.objects.get(rule="red_alert")
    assert task.told_id is None
    clock.set(begun + timedelta(minutes=15))
    voice.work(cast)
    task.refresh_from_db()
    assert task.told_id == cast.staff[Role.STORE_MANAGER].id
    assert InboxItem.objects.filter(kind="task.escalated", staff_id=task.told_id).exists()
    gone = cast.staff[Role.OPERATIONS]
    gone.is_active = False
    gone.save(update_fields=["is_active"])
    clock.set(begun + timedelta(minutes=30))
    voice.work(cast)
    task.refresh_from_db()
    assert task.told_id not in (gone.id, cast.staff[Role.STORE_MANAGER].id, None)
    told = alarms.acknowledge(Alert.objects.get(), by=cast.actor(Role.STORE_MANAGER))
    assert told.facts["kept"] is False


@pytest.mark.req("R119")
def test_by_night_and_on_holidays_the_fifteen_minutes_run_as_ever(cast, clock):
    clock.set(clock.now.replace(month=10, day=1, hour=2))
    voice.note(cast, voice.owner(cast))
    task = Task.objects.get(rule="red_alert")
    assert task.due_at == clock.now + timedelta(minutes=15)
    message = Message.objects.get(kind="alert.raised")
    assert message.not_before_at <= clock.now and message.message_class == "red_alert"


@pytest.mark.req("R119", "Y07")
@pytest.mark.parametrize("down", ["hangs up", "breaks", "not there"])
def test_a_channel_that_is_down_holds_up_no_other_and_is_seen(cast, clock, down):
    """The group's robot does not answer, answers 500, or nobody listens at its address; cards in WeCom go out."""
    from cheban.messaging import accounts
    from cheban.messaging.pace import TEMPO
    from tests.providers.http import Answer
    from tests.providers.wecom import DROPPED, WecomServer

    TEMPO.forget()
    admin = cast.actor(Role.GROUP_ADMIN)
    scope.set_stores(admin.stores)
    with WecomServer() as robot, WecomServer() as wecom:
        robot.say = [DROPPED if down == "hangs up" else Answer({}, status=500)] * 9
        nobody = {"endpoint": f"http://127.0.0.1:{serving.free_port()}"} if down == "not there" else {}
        for provider, given_ in (("wecom_robot", robot.robot(**nobody)), ("wecom", wecom.settings())):
            accounts.save(None, by=admin, provider=provider, store_id=None, given=given_)
        scope.set_stores([cast.a.id])
        WecomMember.objects.create(
            staff=cast.staff[Role.QUALITY_CONTROL], corp_id=wecom.CORP, user_id="zhangsan", linked_at=clock.now
        )
        voice.note(cast, voice.owner(cast))
        sending.send_due()
        scope.set_stores([cast.a.id])
        [card] = wecom.sent
        assert card["touser"] == "zhangsan" and "刹车" in str(card["textcard"])
        assert Message.objects.get(channel="wecom").state == "sent"
        silent = Message.objects.get(channel="robot")
        if down == "not there":  # surely not taken: it waits for the robot to come back
            assert (silent.state, robot.asked) == ("waiting", [])
        else:  # it may have gone out: a work list, never a blind second time
            assert (silent.state, len(robot.asked)) == ("unknown", 1)
        assert silent.why and InboxItem.objects.filter(kind="alert.raised").count() == 3
    TEMPO.forget()


@pytest.mark.req("R119")
def test_an_event_heard_twice_is_kept_once(cast):
    event = voice.note(cast, voice.owner(cast))
    reactions.hear(event)
    assert (Passage.objects.count(), Alert.objects.count()) == (1, 1)


@pytest.mark.req("R119")
def test_a_room_that_is_ready_later_is_heard_too(cast, monkeypatch):
    from cheban.core import events

    monkeypatch.setitem(events._declared, "test.told", events.Declared("test.told", "说", {"text": "words"}))
    said.offer("test.told", lambda event: event.facts["text"])
    try:
        customer = voice.owner(cast)
        record("test.told", store_id=cast.a.id, customer_id=customer.id, text="发动机舱冒烟着火了")
        voice.work(cast)
        assert Alert.objects.get().kinds == ["fire"]
    finally:
        del said._words["test.told"], events._reactions["test.told"]


@pytest.mark.req("R119")
def test_a_megabyte_and_markup_are_read_in_bounds_and_shown_escaped(cast):
    from cheban.voice.complaints import queries

    customer = voice.owner(cast)
    text = "<script>alert(1)</script>刹车失灵了。" + "一" * 1_000_000
    made = voice.filed(cast, customer, text=text, kind="other")
    passage = Passage.objects.get()
    assert passage.is_cut and len(passage.text) == reading.MOST and made.level == "red"
    shown = queries.marked(passage.text, passage.evidence, passage.kinds)
    assert "<script>" not in shown and "&lt;script&gt;" in shown and "<mark>刹车</mark>" in shown
    assert len(Alert.objects.get().words) <= 200


@pytest.mark.req("R119", "R042")
def test_a_wish_is_told_on_and_alarms_nobody(cast):
    voice.note(cast, voice.owner(cast), "我想换车，旧车能置换吗")
    [heard] = Event.objects.filter(name="interest.heard")
    assert heard.facts["kind"] == "trade_in" and heard.facts["source"] == "customer.note_added"
    assert heard.facts["words"] and all(len(w) > 1 and w in "我想换车，旧车能置换吗" for w in heard.facts["words"])
    assert not Alert.objects.exists()


def test_words_of_long_ago_are_kept_and_disturb_nobody(cast, clock):
    customer = voice.owner(cast)
    record(
        "customer.note_added",
        store_id=cast.a.id,
        customer_id=customer.id,
        at=clock.now - timedelta(days=30),
        text=voice.BRAKES,
    )
    voice.work(cast)
    assert Passage.objects.get().is_history and not Alert.objects.exists()


@pytest.mark.req("R119")
def test_two_alarming_words_at_the_same_moment_raise_one_alert(committed, clock):
    with transaction.atomic():
        cast = given.cast()
        customer = voice.owner(cast)
        for words in ("刹车失灵", "刹车踩不下去，方向盘锁死"):
            record("customer.note_added", store_id=cast.a.id, customer_id=customer.id, text=words)
    with scope.use([cast.a.id]):
        heard = list(Event.objects.filter(name="customer.note_added"))
        Passage.objects.all().delete() if not Alert.objects.exists() else None
    barrier, failures = threading.Barrier(2), []

    def hear(event) -> None:
        try:
            barrier.wait(10)
            with scope.use([cast.a.id]):
                reactions.hear(event)
        except Exception as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=hear, args=(event,)) for event in heard]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with scope.use([cast.a.id]):
        assert Alert.objects.count() == 1 and Passage.objects.filter(alert__isnull=False).count() == 2
        assert Complaint.objects.count() == 1
    while dispatch.run_pending():
        pass


def test_words_go_with_the_file_that_an_undo_takes_back(cast):
    from django.db import connection

    from cheban.customers.models import Customer, Vehicle, VehicleOwnership
    from cheban.voice import undoing

    customer = voice.owner(cast)
    voice.note(cast, customer, "洗车很干净")
    assert Passage.objects.get().customer_id == customer.id
    VehicleOwnership.objects.all().delete()
    Vehicle.objects.all()._raw_delete("default")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM customers_contactpoint WHERE customer_id = %s", [customer.id])
        cursor.execute("DELETE FROM customers_customer WHERE id = %s", [customer.id])
        undoing._forget_the_gone(cursor, [], [])
    assert not Passage.objects.exists() and not Customer.objects.filter(id=customer.id).exists()
