"""Accounts at providers: who may, what is kept, what never comes out, what goes out by them. R044, Y07."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from cheban.core import clock as the_clock
from cheban.core.errors import NotFound, NotPermitted, WrongState
from cheban.core.models import AuditEntry
from cheban.messaging import accounts, commands, members, sending
from cheban.messaging.channels import Accepted
from cheban.messaging.commands import Owed
from cheban.messaging.models import ChannelAccount, Message, WecomMember
from cheban.messaging.pace import TEMPO
from cheban.org import commands as org
from cheban.org import scope
from cheban.org.access import actor_for
from cheban.org.models import Staff, StaffRole
from cheban.org.roles import Role
from tests.providers.aliyun import AliyunServer
from tests.providers.smtp import MailServer
from tests.providers.wecom import WecomServer

pytestmark = [pytest.mark.req("R044", "Y07"), pytest.mark.django_db]
BACKEND = "cheban.site.accounts.Backend"


@pytest.fixture(autouse=True)
def rested():
    TEMPO.forget()
    yield
    TEMPO.forget()


@pytest.fixture
def wecom():
    with WecomServer() as server:
        yield server


def save(cast, provider: str, given: dict, *, store=None, account=None) -> ChannelAccount:
    by = cast.actor(Role.GROUP_ADMIN)
    return accounts.save(account, by=by, provider=provider, store_id=store.id if store else None, given=given)


def page(cast, role=Role.GROUP_ADMIN) -> Client:
    client = Client()
    client.force_login(cast.staff[role], backend=BACKEND)
    return client


def test_a_secret_goes_in_and_never_comes_out(cast, wecom):
    row = save(cast, "wecom_robot", wecom.robot())
    assert wecom.KEY not in row.secrets + json.dumps(row.settings)
    shown = page(cast).get(f"/settings/channels/{row.id}/").content.decode()
    assert "已保存" in shown and wecom.KEY not in shown
    facts = str(AuditEntry.objects.filter(action="channel.made").values_list("facts", flat=True)[0])
    assert "key" in facts and wecom.KEY not in facts


def test_an_empty_secret_stays_and_a_new_one_replaces_it(cast, wecom):
    row = save(cast, "wecom_robot", wecom.robot())
    save(cast, "wecom_robot", wecom.robot(key=""), account=row)
    assert (
        accounts.test(accounts.account(row.id, cast.actor(Role.GROUP_ADMIN)), by=cast.actor(Role.GROUP_ADMIN), to="")
        == Accepted()
    )
    row = save(cast, "wecom_robot", wecom.robot(key="other"), account=row)
    assert accounts._secrets(row) == {"key": "other"}


@pytest.mark.parametrize(
    ("provider", "change", "field"),
    [
        ("wecom_robot", {"key": ""}, "key"),
        ("wecom_robot", {"endpoint": "ftp://x"}, "endpoint"),
        ("wecom_robot", {"endpoint": "http://qyapi.weixin.qq.com"}, "endpoint"),
        ("wecom_robot", {"endpoint": "https://u:p@x.cn/"}, "endpoint"),
        ("wecom", {"agent_id": "abc"}, "agent_id"),
        ("wecom", {"corp_id": "a\nb"}, "corp_id"),
        ("smtp", {"port": "４６５"}, "port"),
        ("smtp", {"security": "rot13"}, "security"),
        ("smtp", {"host": "mail.example.com", "security": "none"}, "security"),
        ("aliyun", {"templates": "channel.test SMS_1"}, "templates"),
        ("aliyun", {"templates": "no.such.kind=SMS_1"}, "templates"),
    ],
)
def test_what_cannot_be_used_is_refused_at_its_field_and_shown_again(cast, provider, change, field):
    good = {
        "wecom_robot": {"key": "k"},
        "wecom": {"corp_id": "ww1", "agent_id": "1", "secret": "s", "site": "https://cheban.example.com"},
        "smtp": {"host": "mail.example.com", "port": "465", "security": "ssl", "sender": "a@example.com"},
        "aliyun": {"access_key_id": "a", "access_key_secret": "b", "sign_name": "c", "templates": "channel.test=SMS_1"},
    }[provider]
    answer = page(cast).post(f"/settings/channels/new/{provider}/", good | change)
    assert answer.status_code == 422
    assert list(answer.context["provider"].settings)
    assert [f["setting"].name for f in answer.context["fields"] if f["wrong"]] == [field]
    assert not ChannelAccount.objects.exists()
    assert page(cast).post(f"/settings/channels/new/{provider}/", good).status_code == 302


def test_one_account_per_channel_and_store_and_the_stores_own_goes_first(cast, wecom):
    group = save(cast, "wecom_robot", wecom.robot(key="group"))
    own = save(cast, "wecom_robot", wecom.robot(), store=cast.a)
    with pytest.raises(WrongState):
        save(cast, "wecom_robot", wecom.robot(), store=cast.a)
    assert accounts.channel_of_store(cast.a.id, "robot")._key == wecom.KEY
    accounts.switch(own, by=cast.actor(Role.GROUP_ADMIN), is_on=False)
    assert accounts.channel_of_store(cast.a.id, "robot")._key == "group"
    accounts.remove(group, by=cast.actor(Role.GROUP_ADMIN))
    assert accounts.channel_of_store(cast.a.id, "robot") is None
    assert ChannelAccount.objects.get(id=group.id).secrets == ""
    save(cast, "wecom_robot", wecom.robot())  # the place is free again


def test_another_group_neither_sees_nor_sends_by_it(cast, wecom):
    row = save(cast, "wecom_robot", wecom.robot())
    assert accounts.channel_of_store(cast.b.id, "robot") is not None  # a store of the same group
    other = org.create_store(group="另一集团", code="C", name="丙店")
    stranger = Staff.objects.create_user("stranger", "Cheban-2026-x", name="外集团管理员")
    StaffRole.objects.create(staff=stranger, store=other, role=Role.GROUP_ADMIN)
    assert accounts.channel_of_store(other.id, "robot") is None
    with pytest.raises(NotFound):
        accounts.account(row.id, actor_for(stranger))
    client = Client()
    client.force_login(stranger, backend=BACKEND)
    assert client.post(f"/settings/channels/{row.id}/switch/", {"on": "0"}).status_code == 404
    with pytest.raises(NotPermitted):
        accounts.switch(row, by=cast.actor(Role.STORE_MANAGER), is_on=False)


def test_a_test_says_what_the_provider_said_in_words(cast, wecom):
    row = save(cast, "wecom", wecom.settings())
    client = page(cast)
    wecom.ip_is_trusted = False
    told = client.post(f"/settings/channels/{row.id}/test/", {"to": "lisi"}, follow=True).content.decode()
    assert "60020 not allow to access from your ip" in told and "企业可信 IP" in told
    assert client.post(f"/settings/channels/{row.id}/test/", {"to": "lisi"}).status_code == 409  # ten seconds
    ChannelAccount.objects.update(checked_at=the_clock.now() - accounts.TEST_EVERY)
    wecom.ip_is_trusted = True
    told = client.post(f"/settings/channels/{row.id}/test/", {"to": "lisi"}, follow=True).content.decode()
    assert "服务商已收下" in told and "测试通过" in told
    assert [card["touser"] for card in wecom.sent] == ["lisi"]


def test_a_test_by_sms_and_by_mail_goes_to_the_address_typed(cast):
    by = cast.actor(Role.GROUP_ADMIN)
    with AliyunServer() as sms, MailServer() as mail:
        assert isinstance(accounts.test(save(cast, "aliyun", sms.settings()), by=by, to="13800001234"), Accepted)
        assert isinstance(accounts.test(save(cast, "smtp", mail.settings()), by=by, to="me@example.com"), Accepted)
        assert [row["PhoneNumbers"] for row in sms.sent] == ["13800001234"]
        assert [row[1] for row in mail.letters] == ["me@example.com"]


def test_a_notice_reaches_a_colleague_in_wecom_with_its_page_and_others_on_paper(cast, wecom, clock):
    row = save(cast, "wecom", wecom.settings())
    manager, operations = cast.staff[Role.STORE_MANAGER], cast.staff[Role.OPERATIONS]
    members.enter(row, {manager.id: "zhangsan"}, by=cast.actor(Role.GROUP_ADMIN))
    commands.notify([manager.id, operations.id], key="x", kind="audit.alarmed", store_id=cast.a.id, count=36)
    commands.notify([manager.id], key="x", kind="audit.alarmed", store_id=cast.a.id, count=36)  # told twice
    sending.send_due()
    [card] = wecom.sent
    assert card["touser"] == "zhangsan" and "36" in card["textcard"]["description"]
    [message] = Message.objects.filter(channel="wecom")
    assert (message.state, message.staff_id, message.provider_id) == ("sent", manager.id, "msg-1")
    item = message.facts["notice"]
    assert f"next=%2Finbox%2F{item}%2F" in card["textcard"]["url"]
    answer = page(cast, Role.STORE_MANAGER).get(f"/inbox/{item}/")
    assert answer["Location"] == "/settings/audit/?alarms=1"
    assert page(cast, Role.OPERATIONS).get(f"/inbox/{item}/").status_code == 404


def test_a_colleague_who_left_meanwhile_gets_nothing(cast, wecom):
    row = save(cast, "wecom", wecom.settings())
    manager = cast.staff[Role.STORE_MANAGER]
    members.enter(row, {manager.id: "zhangsan"}, by=cast.actor(Role.GROUP_ADMIN))
    commands.notify([manager.id], key="x", kind="audit.alarmed", store_id=cast.a.id, count=36)
    manager.is_active = False
    manager.save(update_fields=["is_active"])
    sending.send_due()
    assert wecom.sent == []
    assert Message.objects.get(channel="wecom").why == "staff_gone"


def test_a_wrong_account_loses_nothing_and_is_seen_in_the_outbox(cast, wecom):
    save(cast, "wecom_robot", wecom.robot(key="typo"))
    commands.send(Owed(key="a", kind="audit.alarmed", channel="robot", store_id=cast.a.id, facts={"count": 3}))
    sending.send_due(seconds=2)
    message = Message.objects.get()
    assert (message.state, message.why, message.said) == ("waiting", "busy", "93000 invalid webhook url")
    shown = page(cast).get(f"/inbox/outbox/{message.id}/").content.decode()
    assert "93000 invalid webhook url" in shown and "机器人的 key 不对" in shown


def test_a_member_is_one_colleague(cast, wecom):
    row = save(cast, "wecom", wecom.settings())
    by = cast.actor(Role.GROUP_ADMIN)
    members.enter(row, {cast.staff[Role.CALLER].id: "lisi"}, by=by)
    with pytest.raises(members.WrongMember, match="lisi 已经是"):
        members.enter(row, {cast.staff[Role.PARTS].id: "lisi"}, by=by)
    members.enter(row, {cast.staff[Role.CALLER].id: ""}, by=by)
    members.enter(row, {cast.staff[Role.PARTS].id: "lisi"}, by=by)
    assert list(WecomMember.objects.values_list("staff_id", flat=True)) == [cast.staff[Role.PARTS].id]


def test_many_are_entered_at_once_and_two_may_change_places(cast, wecom):
    row = save(cast, "wecom", wecom.settings())
    one, two = cast.staff[Role.CALLER].id, cast.staff[Role.PARTS].id
    client = page(cast)
    path = f"/settings/channels/{row.id}/members/"
    client.post(path, {f"member-{one}": "lisi", f"member-{two}": "zhangsan"})
    client.post(path, {f"member-{one}": "zhangsan", f"member-{two}": "lisi"})
    assert dict(WecomMember.objects.values_list("staff_id", "user_id")) == {one: "zhangsan", two: "lisi"}
    assert client.post(path, {f"member-{one}": "lisi"}).status_code == 422
    assert dict(WecomMember.objects.values_list("staff_id", "user_id")) == {one: "zhangsan", two: "lisi"}


def test_the_list_asks_the_same_few_queries_for_more_accounts(cast, wecom, django_assert_max_num_queries):
    save(cast, "wecom_robot", wecom.robot())
    save(cast, "wecom", wecom.settings())
    save(cast, "wecom_robot", wecom.robot(), store=cast.a)
    scope.set_stores([cast.a.id])
    by = cast.actor(Role.GROUP_ADMIN)
    with django_assert_max_num_queries(5):
        found = accounts.overview(by)
    assert len(found["rows"]) == 3
