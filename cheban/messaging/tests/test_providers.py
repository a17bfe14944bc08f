"""Each provider against a server that behaves as its documents say, and fails in its ways. R044, Y07."""

from __future__ import annotations

import re
import ssl
from datetime import timedelta

import pytest

from cheban.core import clock as the_clock
from cheban.core.ids import new_id
from cheban.messaging.channels import Accepted, Busy, Letter, Turned, Unsure, said
from cheban.messaging.providers.aliyun import Aliyun
from cheban.messaging.providers.robot import Robot
from cheban.messaging.providers.smtp import Smtp
from cheban.messaging.providers.wecom import Wecom
from tests.providers import aliyun as aliyun_server
from tests.providers import wecom as wecom_server
from tests.providers.aliyun import AliyunServer
from tests.providers.http import Answer
from tests.providers.smtp import MailServer
from tests.providers.wecom import WecomServer

pytestmark = [pytest.mark.req("R044", "Y07"), pytest.mark.django_db]


def letter(address: str = "", **more) -> Letter:
    asked = {"text": "王女士您好，爱车已修好，合计 ¥680.00。", "kind": "channel.test", "title": "取车"} | more
    return Letter(request_id=new_id().hex, address=address, begun_at=the_clock.now(), **asked)


@pytest.fixture
def wecom():
    with WecomServer() as server:
        yield server


@pytest.fixture
def aliyun():
    with AliyunServer() as server:
        yield server


def test_a_providers_words_are_kept_without_numbers_and_addresses_of_people():
    assert said("isv.MOBILE_NUMBER_ILLEGAL", "+86 138 0000 1234invalid") == "isv.MOBILE_NUMBER_ILLEGAL +…invalid"
    assert said(550, "<wang@example.com>: User\r\n unknown") == "550 <…>: User unknown"
    assert len(said(1, "x" * 500)) == 200


# ----- WeCom


def test_a_card_reaches_the_member_with_a_button_to_our_page(wecom):
    sent = Wecom("a1", wecom.settings()).send(letter("zhangsan", path="/inbox/7/"))
    assert sent == Accepted("msg-1")
    [card] = wecom.sent
    assert (card["touser"], card["agentid"], card["enable_duplicate_check"]) == ("zhangsan", wecom.AGENT, 1)
    assert card["textcard"]["url"] == "https://cheban.example.com/wecom/a1/go/?next=%2Finbox%2F7%2F"
    assert card["textcard"]["title"] == "取车"


def test_a_token_is_fetched_once_and_shared_and_an_old_one_is_replaced_once(wecom):
    for _time in range(3):
        assert isinstance(Wecom("a2", wecom.settings()).send(letter("lisi")), Accepted)
    assert sum(asked.path == "/cgi-bin/gettoken" for asked in wecom.asked) == 1
    wecom.expire_tokens()
    assert isinstance(Wecom("a2", wecom.settings()).send(letter("lisi")), Accepted)
    assert sum(asked.path == "/cgi-bin/gettoken" for asked in wecom.asked) == 2
    assert len(wecom.sent) == 4


def test_a_token_does_not_lie_open_in_the_database(wecom):
    from django.db import connection

    Wecom("a3", wecom.settings()).send(letter("lisi"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(value, ' ') FROM site_cache")
        [kept] = cursor.fetchone()
    import base64

    opened = b" ".join(base64.b64decode(part) for part in kept.split())
    assert wecom.tokens[-1].encode() not in opened


@pytest.mark.parametrize(
    ("change", "address", "outcome", "code"),
    [
        ({"corp_id": "wrong"}, "lisi", Busy, "40013"),
        ({"secret": "wrong"}, "lisi", Busy, "40001"),
        ({"agent_id": "7"}, "lisi", Busy, "40056"),
        ({}, "nobody", Turned, "81013"),
    ],
)
def test_a_wrong_account_holds_messages_back_and_an_unknown_member_ends_one(wecom, change, address, outcome, code):
    """What is wrong with the account is mended by a person; until then nothing is lost."""
    found = Wecom(f"a4{code}", wecom.settings(**change)).send(letter(address))
    assert isinstance(found, outcome)
    assert found.said.split()[0] == code


def test_an_untrusted_address_and_the_rate_limit_wait(wecom):
    wecom.ip_is_trusted = False
    assert Wecom("a5", wecom.settings()).send(letter("lisi")).said.startswith("60020 ")
    wecom.ip_is_trusted = True
    wecom.say.append(wecom_server.TOO_OFTEN)
    found = Wecom("a5", wecom.settings()).send(letter("lisi"))
    assert isinstance(found, Busy) and found.seconds == 60
    assert wecom.sent == []


def test_a_line_that_breaks_after_taking_is_not_known(wecom):
    wecom.say.append(wecom_server.DROPPED)
    assert isinstance(Wecom("a6", wecom.settings()).send(letter("lisi")), Unsure)
    assert len(wecom.sent) == 1


def test_nobody_there_is_no_attempt(wecom):
    there = wecom.settings()
    wecom.__exit__()
    assert isinstance(Wecom("a7", there).send(letter("lisi")), Busy)
    assert isinstance(Robot("a7", wecom.robot()).send(letter()), Busy)
    wecom.__init__()


def test_long_texts_are_cut_to_what_a_card_holds_never_within_a_character(wecom):
    assert isinstance(Wecom("a8", wecom.settings()).send(letter("lisi", text="修" * 400, title="车" * 90)), Accepted)
    card = wecom.sent[-1]["textcard"]
    assert card["title"].endswith("…") and set(card["title"][:-1]) == {"车"}


def test_the_robot_speaks_in_the_group(wecom):
    assert Robot("r", wecom.robot()).send(letter(text="刹车失灵，请马上联系客户。")) == Accepted()
    assert wecom.said == ["刹车失灵，请马上联系客户。"]
    assert Robot("r", wecom.robot()).status(letter()) is None


@pytest.mark.parametrize(
    ("settings", "answer", "outcome"),
    [
        ({"key": "gone"}, None, Busy),
        ({}, wecom_server.TOO_OFTEN, Busy),
        ({}, Answer({"errcode": -1, "errmsg": "system busy"}), Busy),
        ({}, Answer({"errcode": 40058, "errmsg": "content size out of limit"}), Turned),
        ({}, Answer({}, status=503, headers={"Retry-After": "7"}), Busy),
        ({}, Answer({}, status=502), Unsure),
        ({}, Answer(b"<html>proxy</html>"), Unsure),
        ({}, wecom_server.DROPPED, Unsure),
    ],
)
def test_what_the_robot_answers_is_told_apart(wecom, settings, answer, outcome):
    wecom.say += [answer] if answer else []
    found = Robot("r", wecom.robot(**settings)).send(letter())
    assert type(found) is outcome
    if answer and answer.status == 503:
        assert found.seconds == 7


def test_secrets_do_not_stand_in_the_log(wecom, aliyun, caplog, capfd):
    import logging

    with caplog.at_level(logging.DEBUG):
        Wecom("a9", wecom.settings()).send(letter("lisi"))
        Robot("r", wecom.robot()).send(letter())
        Aliyun("s", aliyun.settings()).send(letter("13800001234"))
    said = caplog.text + "".join(capfd.readouterr())
    for secret in (wecom.SECRET, wecom.KEY, wecom.tokens[-1], aliyun.SECRET, "13800001234"):
        assert secret not in said


# ----- SMS


def test_a_text_goes_out_by_its_template_under_our_own_id(aliyun):
    one = letter("13800001234", kind="x.ready", values={"name": "王女士", "total": "¥680.00"})
    found = Aliyun("s", aliyun.settings(templates="channel.test=SMS_100\nx.ready = SMS_200")).send(one)
    assert found == Accepted("90001^0")
    [values] = aliyun.sent
    assert values["OutId"] == one.request_id
    assert values["TemplateParam"] == '{"name": "王女士", "total": "¥680.00"}'


@pytest.mark.parametrize(
    ("change", "address", "outcome", "code"),
    [
        ({"templates": "x=SMS_1"}, "13800001234", Turned, "no_template"),
        ({"templates": "channel.test=SMS_404"}, "13800001234", Turned, "isv.SMS_TEMPLATE_ILLEGAL"),
        ({"templates": "channel.test=SMS_200"}, "13800001234", Turned, "isv.TEMPLATE_MISSING_PARAMETERS"),
        ({}, "123", Turned, "isv.MOBILE_NUMBER_ILLEGAL"),
        ({"sign_name": "别人"}, "13800001234", Busy, "isv.SMS_SIGNATURE_ILLEGAL"),
        ({"access_key_id": "LTAInot"}, "13800001234", Busy, "InvalidAccessKeyId.NotFound"),
        ({"access_key_secret": "wrong"}, "13800001234", Busy, "SignatureDoesNotMatch"),
    ],
)
def test_what_is_wrong_with_a_text_ends_it_and_what_is_wrong_with_the_account_does_not(
    aliyun, change, address, outcome, code
):
    found = Aliyun("s", aliyun.settings(**change)).send(letter(address))
    assert type(found) is outcome
    assert found.said.split()[0] == code
    assert "13800001234" not in found.said


def test_the_limit_of_the_carrier_waits(aliyun):
    aliyun.say.append(aliyun_server.LIMIT)
    found = Aliyun("s", aliyun.settings()).send(letter("13800001234"))
    assert isinstance(found, Busy) and found.seconds == 3600


def test_a_text_that_was_taken_without_an_answer_is_found_again_by_our_id(aliyun, clock):
    way, one = Aliyun("s", aliyun.settings()), letter("13800001234")
    aliyun.say.append(aliyun_server.DROPPED)
    assert isinstance(way.send(one), Unsure)
    assert way.status(one) == Accepted()
    aliyun.is_late = True
    assert isinstance(way.status(one), Unsure)  # not there yet is not never
    clock.set(clock.now + timedelta(minutes=11))
    assert isinstance(way.status(one), Busy)


def test_no_line_to_the_sms_provider_is_no_attempt(aliyun):
    there = aliyun.settings()
    aliyun.__exit__()
    assert isinstance(Aliyun("s", there).send(letter("13800001234")), Busy)
    aliyun.__init__()


# ----- e-mail


def test_a_letter_arrives_with_its_own_id():
    with MailServer(login="u", password="p") as server:
        one = letter("wang@example.com", is_marketing=True)
        assert Smtp("m", server.settings()).send(one) == Accepted(f"{one.request_id}@pd1.example.com"[:64])
        [(sender, receiver, text)] = server.letters
    assert (sender, receiver) == ("service@pd1.example.com", "wang@example.com")
    assert f"Message-ID: <{one.request_id}@pd1.example.com>".encode() in text
    assert b"List-Unsubscribe: <mailto:service@pd1.example.com" in text
    import email
    import email.policy

    read = email.message_from_bytes(text, policy=email.policy.default)
    assert read["Subject"] == "取车" and read.get_content().strip() == one.text


@pytest.mark.parametrize(
    ("fail", "outcome", "code"),
    [
        ({"GREET": "421 too many connections"}, Busy, "421"),
        ({"RCPT": "550 5.1.1 <wang@example.com> user unknown"}, Turned, "550"),
        ({"RCPT": "450 4.2.0 greylisted"}, Busy, "450"),
        ({"DATA": "554 5.7.1 spam"}, Turned, "554"),
        ({"END": "452 4.3.1 no space"}, Busy, "452"),
        ({"RCPT": "drop"}, Busy, "no_connection"),
        ({"END": "drop"}, Unsure, "no_answer"),
    ],
)
def test_a_mail_server_says_later_never_or_nothing(fail, outcome, code):
    with MailServer() as server:
        server.fail = fail
        found = Smtp("m", server.settings()).send(letter("wang@example.com"))
    assert type(found) is outcome
    assert found.said.split()[0] == code
    assert "wang@" not in found.said


def test_a_wrong_password_holds_letters_back():
    with MailServer(login="u", password="p") as server:
        found = Smtp("m", server.settings(password="x")).send(letter("wang@example.com"))
    assert isinstance(found, Busy) and found.said.startswith("535 ")


def test_a_certificate_that_nobody_vouches_for_stops_the_letter(tmp_path):
    from tests.providers.certificates import self_signed

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    with MailServer(login="u", password="p", tls=context) as server:
        found = Smtp("m", server.settings(security="starttls")).send(letter("wang@example.com"))
        assert isinstance(found, Busy) and found.said.startswith("certificate")
        assert server.letters == []


@pytest.mark.parametrize("address", ["not an address", "a@b\r\nBcc: all@example.com", "", "@"])
def test_an_address_that_is_none_ends_the_letter_and_adds_no_header(address):
    with MailServer() as server:
        assert isinstance(Smtp("m", server.settings()).send(letter(address)), Turned)
        assert server.letters == []


def test_a_line_break_in_a_subject_makes_no_header():
    with MailServer() as server:
        assert isinstance(
            Smtp("m", server.settings()).send(letter("w@example.com", title="a\r\nBcc: x@y.cn")), Turned | Accepted
        )
        assert not any(re.search(rb"^Bcc:", text, re.M) for _from, _to, text in server.letters)
