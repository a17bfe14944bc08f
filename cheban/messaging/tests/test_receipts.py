"""What providers report: twice, in any order, before our own call came back, about strangers, in nonsense. R044."""

from __future__ import annotations

import json
import random
from datetime import timedelta

import pytest
from django.test import Client

from cheban.core import clock as the_clock
from cheban.messaging import accounts, claiming, commands, receipts, sending
from cheban.messaging.commands import Owed
from cheban.messaging.models import Message, Receipt
from cheban.messaging.pace import TEMPO
from cheban.org import scope
from cheban.org.roles import Role
from tests import given
from tests.providers.aliyun import AliyunServer

pytestmark = [pytest.mark.req("R044"), pytest.mark.django_db]


@pytest.fixture
def sms(cast, kinds):
    TEMPO.forget()
    with AliyunServer() as server:
        asked = server.settings(templates="channel.test=SMS_100\ntest.ready=SMS_200")
        server.account = accounts.save(
            None, by=cast.actor(Role.GROUP_ADMIN), provider="aliyun", store_id=None, given=asked
        )
        yield server
    TEMPO.forget()


@pytest.fixture
def message(cast, sms):
    """One message to a customer, not sent yet."""
    customer = given.customer(cast.a, "王女士")
    commands.send(Owed("ready:1", "test.ready", "sms", cast.a.id, customer_id=customer.id, facts={"total": "¥680.00"}))
    return Message.objects.get()


def report(message: Message, *, success: bool = True, minute: int = 0, **more) -> dict:
    """As SmsReport documents it."""
    return {
        "phone_number": "13800001234",
        "send_time": "2026-11-24 10:00:00",
        "report_time": f"2026-11-24 10:{minute:02}:07",
        "success": success,
        "err_code": "DELIVERED" if success else "MOBILE_NOT_ON_SERVICE",
        "err_msg": "用户接收成功" if success else "停机 13800001234",
        "sms_size": "1",
        "biz_id": "90001^0",
        "out_id": message.id.hex,
    } | more


def post(sms, body, *, token: str = "") -> int:
    path = f"/receipts/{token or receipts.address_of(sms.account)}/"
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Client(enforce_csrf_checks=True).post(path, text, content_type="application/json").status_code


def state(message: Message) -> str:
    scope.set_stores([message.store_id])
    message.refresh_from_db()
    return message.state


def test_a_text_is_sent_then_delivered_and_a_repeat_changes_nothing(sms, message):
    sending.send_due()
    assert state(message) == "sent"
    for _time in range(3):
        assert post(sms, [report(message)]) == 200
        assert state(message) == "delivered"
    assert Receipt.objects.count() == 1


def test_a_report_before_our_own_call_came_back_is_kept(sms, message):
    claiming.claim({"sms": 1}, at=the_clock.now())
    assert state(message) == "sending"
    assert post(sms, [report(message)]) == 200
    assert state(message) == "delivered" and message.sent_at is not None
    sending.write_down(Message(id=message.id, state="sending", attempts=1), sending.Unsure(), at=the_clock.now())
    assert state(message) == "delivered"


def test_fifty_reports_in_any_order_end_in_the_farthest_state(sms, message):
    sending.send_due()
    told = [report(message, success=False, minute=m) for m in range(25)] + [
        report(message, minute=m) for m in range(25)
    ]
    random.Random(7).shuffle(told)
    seen_delivered = False
    for each in told:
        post(sms, [each])
        seen_delivered = seen_delivered or each["success"]
        assert state(message) == ("delivered" if seen_delivered else "failed")


def test_a_failure_is_a_failure_with_its_reason_and_without_the_number(sms, message):
    sending.send_due()
    post(sms, [report(message, success=False)])
    assert state(message) == "failed"
    assert (message.why, message.said) == ("not_delivered", "MOBILE_NOT_ON_SERVICE 停机 …")


def test_an_unknown_call_is_settled_by_a_report(sms, message, clock):
    from tests.providers.aliyun import DROPPED

    sms.say.append(DROPPED)
    sending.send_due()
    assert state(message) == "unknown"
    post(sms, [report(message)])
    assert state(message) == "delivered"
    clock.set(clock.now + timedelta(minutes=3))
    assert sending.recover(at=the_clock.now()) == 0 and len(sms.sent) == 1


def test_one_that_never_went_out_is_not_moved_by_a_report(sms, message):
    assert post(sms, [report(message)]) == 200
    assert state(message) == "waiting" and Receipt.objects.count() == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"not json", 400),
        ({"out_id": 1}, 400),
        ([1], 400),
        ([{"success": "yes"}], 400),
        ([{"success": True, "out_id": "somebody-else's"}], 200),
        ([{"success": True, "out_id": "0" * 32, "report_time": "2026-11-24 10:00:00"}], 200),
        ([], 200),
    ],
)
def test_nonsense_and_strangers_are_answered_and_change_nothing(sms, message, body, status):
    sending.send_due()
    assert post(sms, body) == status
    assert state(message) == "sent"


def test_only_the_signed_address_is_heard_and_only_about_its_own(cast, sms, message):
    sending.send_due()
    good = receipts.address_of(sms.account)
    assert post(sms, [report(message)], token=good[:-1] + ("A" if good[-1] != "A" else "B")) == 404
    accounts.remove(sms.account, by=cast.actor(Role.GROUP_ADMIN))
    assert post(sms, [report(message)]) == 404
    assert state(message) == "sent"


def test_the_page_of_a_message_tells_when_it_arrived(cast, sms, message):
    sending.send_due()
    post(sms, [report(message)])
    client = Client()
    client.force_login(cast.staff[Role.GROUP_ADMIN], backend="cheban.site.accounts.Backend")
    shown = client.get(f"/inbox/outbox/{message.id}/").content.decode()
    assert "已送达" in shown and "2026-11-24 10:00:07" in shown
