"""Owners complain, follow and confirm on a page of their own: no sign-in, nothing of anybody else, never too often. R123."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from cheban.core import owner_links
from cheban.core.errors import NotFound
from cheban.org import scope
from cheban.org.roles import Role
from cheban.voice.complaints import commands, links
from cheban.voice.models import Alert, Complaint, OwnerLink
from cheban.voice.tests import griefs as voice


def here(cast, link) -> str:
    return f"/k/{links.token_of(link)}/"


@pytest.fixture(autouse=True)
def fresh_counts(db):
    from django.core.cache import cache

    cache.clear()


def get(cast, path, client=None):
    answer = (client or Client()).get(path)
    scope.set_stores([cast.a.id])
    return answer


def post(cast, path, data, client=None):
    answer = (client or Client()).post(path, data)
    scope.set_stores([cast.a.id])
    return answer


@pytest.mark.req("R118", "R123")
def test_the_owner_sees_the_progress_and_one_name_and_no_colleagues_findings(cast):
    made = voice.agreed(cast)
    link = links.share(made, by=voice.sales(cast))
    assert links.share(made, by=voice.sales(cast)).id == link.id
    text = get(cast, here(cast, link)).content.decode()
    assert cast.staff[Role.SALES_CONSULTANT].name in text and "方案定了，正在办" in text
    assert "当面道歉，下次保养免工时" in text and "¥200.00" in text and "沪A···X1" in text
    assert "查过了" not in text and cast.staff[Role.QUALITY_CONTROL].name not in text
    assert "王小明" not in text and "13800001234" not in text and "沪A8K3X1" not in text


@pytest.mark.req("R121", "R123")
def test_the_owner_confirms_once_and_the_complaint_ends(cast):
    made = voice.carried_out(cast)
    link = links.share(made, by=voice.sales(cast))
    page = here(cast, link)
    assert "已经办好，请您确认" in get(cast, page).content.decode()
    assert post(cast, page + "answer/", {"solved": "1"}).status_code == 302
    made.refresh_from_db()
    assert made.state == "closed"
    assert post(cast, page + "answer/", {"solved": "1"}).status_code == 409
    assert "已经解决，谢谢您告诉我们" in get(cast, page).content.decode()


@pytest.mark.req("R120", "R123")
def test_an_objection_needs_words_and_opens_the_solution_again(cast):
    made = voice.carried_out(cast)
    page = here(cast, links.share(made, by=voice.sales(cast)))
    answer = post(cast, page + "answer/", {"solved": "0", "said": ""})
    assert answer.status_code == 422 and "请写下哪里还没有解决" in answer.content.decode()
    assert post(cast, page + "answer/", {"solved": "0", "said": "<b>券没到</b>"}).status_code == 302
    made.refresh_from_db()
    assert (made.state, voice.round_of(made).round) == ("examined", 2)
    assert "<b>券没到</b>" not in get(cast, page).content.decode()


@pytest.mark.req("R123", "R122", "R125")
def test_whoever_scans_the_stores_code_files_a_claim_that_staff_match(cast, clock):
    owner = voice.owner(cast)
    code = links.make_code("前台", by=cast.actor(Role.STORE_MANAGER), store_id=cast.a.id)
    page = here(cast, code)
    assert "不满意？请告诉我们" in get(cast, page).content.decode()
    typed = {"kind": "waiting", "text": voice.SLOW, "plate": "沪A8K3X1", "phone": "13800001234", "name": "王先生"}
    for wrong in ({"phone": "123"}, {"plate": ""}, {"text": " "}, {"kind": "none"}):
        assert post(cast, page + "file/", typed | wrong).status_code == 422
    assert not Complaint.objects.exists()
    from django.core.cache import cache

    cache.clear()
    answer = post(cast, page + "file/", typed)
    assert answer.status_code == 302 and answer["Location"] != page
    made = Complaint.objects.get()
    assert (made.state, made.channel, made.customer_id) == ("claimed", "web", None)
    assert commands.claim_of(made)["phone"] == "+8613800001234"
    assert b"13800001234" not in bytes(made.claim_sealed)
    assert "我们收到了" in get(cast, answer["Location"]).content.decode()
    voice.work(cast)
    clock.set(clock.now + timedelta(hours=3))
    commands.match(made, by=voice.sales(cast), customer_id=owner.id, vehicle_id=owner.car.id)
    voice.work(cast)
    made.refresh_from_db()
    assert (made.state, made.customer_id) == ("filed", owner.id)
    from cheban.playbook.models import Task

    due = dict(Task.objects.values_list("rule", "due_at"))
    assert due["joint_solution"] == made.filed_at + timedelta(hours=24) == due["complaint_answer"]
    told = commands.answer(made, by=voice.sales(cast), text="已道歉")
    assert told.facts["hours_count"] == 3


@pytest.mark.req("R119", "R123")
def test_words_of_danger_on_the_owners_page_alarm_before_anybody_is_matched(cast):
    owner = voice.owner(cast)
    code = links.make_code("前台", by=cast.actor(Role.STORE_MANAGER), store_id=cast.a.id)
    answer = post(
        cast,
        here(cast, code) + "file/",
        {"kind": "quality", "text": voice.BRAKES, "plate": "沪A8K3X1", "phone": "13800001234"},
    )
    assert "请先不要开这台车" in get(cast, answer["Location"]).content.decode()
    alert = Alert.objects.get()
    assert alert.customer_id is None
    voice.work(cast)
    made = Complaint.objects.get()
    commands.match(made, by=voice.sales(cast), customer_id=owner.id, vehicle_id=owner.car.id)
    alert.refresh_from_db()
    assert (alert.customer_id, alert.vehicle_id, alert.ended_at) == (owner.id, owner.car.id, None)


@pytest.mark.req("R123")
def test_a_claim_of_nobody_here_is_turned_away_and_its_alert_ends(cast):
    code = links.make_code("前台", by=cast.actor(Role.STORE_MANAGER), store_id=cast.a.id)
    post(
        cast,
        here(cast, code) + "file/",
        {"kind": "quality", "text": voice.BRAKES, "plate": "京B00001", "phone": "13800001234"},
    )
    voice.work(cast)
    made = Complaint.objects.get()
    commands.dismiss(made, by=voice.sales(cast), why="打过电话，是别家店的车")
    voice.work(cast)
    from cheban.playbook.models import Task

    assert not Task.objects.filter(state="open").exists()
    assert Alert.objects.get().ended_at is not None


@pytest.mark.req("R123")
def test_an_invited_owner_is_known_and_types_neither_plate_nor_phone(cast):
    owner = voice.owner(cast)
    link = links.invite(owner.id, by=cast.actor(Role.CALLER))
    assert links.invite(owner.id, by=cast.actor(Role.CALLER)).id == link.id
    text = get(cast, here(cast, link)).content.decode()
    assert 'name="phone"' not in text and "王小明" not in text
    post(cast, here(cast, link) + "file/", {"kind": "cost", "text": "账单和报价不一样"})
    made = Complaint.objects.get()
    assert (made.state, made.customer_id, made.vehicle_id) == ("filed", owner.id, owner.car.id)


@pytest.mark.req("R019")
def test_only_the_hash_is_kept_and_wrong_old_or_revoked_links_open_nothing(cast, clock):
    made = voice.filed(cast)
    link = links.share(made, by=voice.sales(cast))
    token = links.token_of(link)
    assert token.partition(".")[2].encode() not in bytes(link.secret_hash)
    for wrong in (
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        "x-y",
        "zz." + token.partition(".")[2],
        f"{cast.b.id}." + token.partition(".")[2],
        token + "A",
    ):
        assert get(cast, f"/k/{wrong}/").status_code == 404
    assert get(cast, f"/k/{token}/").status_code == 200
    links.revoke(link.id, by=cast.actor(Role.STORE_MANAGER))
    assert get(cast, f"/k/{token}/").status_code == 404
    again = links.share(made, by=voice.sales(cast))
    assert again.id != link.id
    clock.set(clock.now + timedelta(days=91))
    assert get(cast, here(cast, again)).status_code == 404
    with pytest.raises(NotFound):
        owner_links.store_of(".")
    assert OwnerLink.objects.count() == 2


@pytest.mark.req("R019")
def test_guessing_and_flooding_are_slowed_down(cast, clock):
    link = links.make_code("前台", by=cast.actor(Role.STORE_MANAGER), store_id=cast.a.id)
    page = here(cast, link)
    typed = {"kind": "waiting", "text": voice.SLOW, "plate": "沪A8K3X1", "phone": "13800001234"}
    statuses = [post(cast, page + "file/", typed).status_code for _n in range(8)]
    assert statuses[:6] == [302] * 6 and statuses[6:] == [429] * 2
    clock.set(clock.now + timedelta(minutes=11))
    assert post(cast, page + "file/", typed).status_code == 302
    guesses = [get(cast, f"/k/{cast.a.id}.{'A' * 22}/").status_code for _n in range(62)]
    assert guesses.count(404) == 60 and guesses[-1] == 429


def test_the_page_reads_in_english_too(cast):
    made = voice.carried_out(cast)
    client = Client()
    client.cookies["django_language"] = "en"
    text = get(cast, here(cast, links.share(made, by=voice.sales(cast))), client).content.decode()
    assert "We have done it" in text
