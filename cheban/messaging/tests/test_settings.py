"""What messages say, how often and when: settings with bounds, versions and a check at saving. R044, reliability 25."""

from __future__ import annotations

from datetime import time

import pytest
from django.core.cache import caches
from django.db import IntegrityError, transaction
from django.utils import translation
from hypothesis import given as for_all
from hypothesis import strategies as st

from cheban.core.errors import NotFound
from cheban.core.models import AuditEntry
from cheban.messaging import gate, limits, texts, wording
from cheban.messaging.models import Caps, Wording
from cheban.org.access import NotPermitted
from cheban.org.roles import Role
from tests import given


@pytest.fixture(autouse=True)
def nothing_remembered():
    caches["process"].clear()
    yield
    caches["process"].clear()


@pytest.fixture
def admin(cast):
    return cast.actor(Role.GROUP_ADMIN)


@pytest.fixture
def ready(kinds):
    return texts.kind("test.ready")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{name}您好，合计 {sum}。", "没有字段 {sum}"),
        ("{name}您好，{{total}}", "花括号"),
        ("{name.password}您好", "花括号"),
        ("{name!r}", "花括号"),
        ("{total:>9}", "花括号"),
        ("   ", "空的"),
        ("字" * 501, "超过 500 字"),
    ],
)
@pytest.mark.req("R044")
def test_a_text_that_cannot_be_used_is_refused_with_what_is_wrong_in_it(ready, admin, text, says):
    assert says in wording.wrong_in(ready, text)
    if text.strip():
        with pytest.raises(wording.WrongWording, match=says[:3]):
            wording.set_wording(ready, text, by=admin)
    assert not Wording.objects.exists()


@for_all(text=st.text(alphabet=st.sampled_from("{}name total.!:车%$\n"), max_size=40))
def test_what_passes_the_check_can_be_filled_and_runs_nothing(text):
    kind = texts.Kind("x", "x", "service", "", "service", fields={"total": texts.Field("合计", "¥1")})
    if not wording.wrong_in(kind, text):
        shown = texts.fill(text, {"name": "{total}", "total": "{name}"})
        assert len(shown) == len(text) + text.count("{name}") + -text.count("{total}")


def test_the_groups_own_text_goes_out_from_now_on_and_the_houses_again_when_wanted(ready, cast, admin):
    house = wording.text_of(ready.code, store_id=cast.a.id)
    wording.set_wording(ready, "{name}，车好了，{total}。", by=admin)
    assert wording.text_of(ready.code, store_id=cast.a.id) == "{name}，车好了，{total}。"
    wording.set_wording(ready, "{name}，{plate} 好了。", by=admin)
    wording.set_wording(ready, "", by=admin)
    assert wording.text_of(ready.code, store_id=cast.a.id) == house
    assert [v["text"] for v in wording.page_of(ready, admin)["versions"]] == [
        "",
        "{name}，{plate} 好了。",
        "{name}，车好了，{total}。",
    ]
    assert AuditEntry.objects.filter(action="message.worded").count() == 3
    with pytest.raises(wording.WrongWording, match="没有变化"):
        wording.set_wording(ready, house, by=admin)


def test_another_groups_text_is_its_own(ready, admin, cast):
    from cheban.org import commands as org

    other = org.create_store(group="别家", code="Z", name="别店")
    wording.set_wording(ready, "{name}，好了。", by=admin)
    assert "您好" in wording.text_of(ready.code, store_id=other.id)


def test_a_manager_reads_and_does_not_word(ready, cast):
    with pytest.raises(NotPermitted):
        wording.set_wording(ready, "{name}，好了。", by=cast.actor(Role.STORE_MANAGER))


def test_who_reads_english_sees_and_keeps_the_text_that_goes_out(cast, admin):
    kind = texts.kind("audit.alarmed")
    goes_out = wording.text_of(kind.code, store_id=cast.a.id)
    with translation.override("en"):
        assert wording.page_of(kind, admin)["text"] == goes_out
        assert goes_out in [each["text"] for each in wording.overview(admin)]
        caches["process"].clear()
        assert wording.text_of(kind.code, store_id=cast.a.id) == goes_out
        with pytest.raises(wording.WrongWording):  # nothing changed: the house's text is no text of their own
            wording.set_wording(kind, goes_out, by=admin)
    assert "审计" in goes_out


def test_a_preview_counts_what_an_sms_costs(ready):
    assert wording.look(ready, "字" * 70).sms == 1
    assert wording.look(ready, "字" * 71).sms == 2
    assert wording.look(ready, "字" * 135).sms == 3
    assert "张女士" in wording.look(ready, "{name}您好").shown


def test_the_gate_asks_the_groups_own_caps(cast, admin):
    assert gate.limits_of(cast.a.group) == gate.Limits()
    limits.set_caps(by=admin, day=1, week=2, marketing_day=0, marketing_week=1)
    assert gate.limits_of(type(cast.a).objects.get(id=cast.a.id).group) == gate.Limits(1, 2, 0, 1)
    entry = AuditEntry.objects.get(action="message.capped")
    assert entry.facts["before"]["day"] == 3
    assert entry.facts["after"]["day"] == 1


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({"day": 6, "week": 6, "marketing_day": 1, "marketing_week": 2}, {"day"}),
        (
            {"day": 0, "week": 16, "marketing_day": 3, "marketing_week": 6},
            {"day", "week", "marketing_day", "marketing_week"},
        ),
        ({"day": 5, "week": 3, "marketing_day": 1, "marketing_week": 2}, {"week"}),
    ],
)
def test_caps_stay_within_their_bounds(cast, admin, asked, names):
    with pytest.raises(limits.WrongLimit) as refusal:
        limits.set_caps(by=admin, **asked)
    assert set(refusal.value.facts) == names
    with pytest.raises(IntegrityError), transaction.atomic():  # the database holds them too
        Caps.objects.create(group=cast.a.group, **asked)


def test_quiet_hours_may_only_be_longer_than_the_night(cast, admin):
    limits.set_quiet_hours(cast.a.id, by=admin, begin=time(20), end=time(9, 30))
    store = type(cast.a).objects.get(id=cast.a.id)
    assert (store.quiet_from, store.quiet_until) == (time(20), time(9, 30))
    for begin, end in ((time(22, 30), time(9)), (time(21), time(7)), (time(21), time(13)), (time(3), time(9))):
        with pytest.raises(limits.WrongLimit):
            limits.set_quiet_hours(cast.a.id, by=admin, begin=begin, end=end)
    foreign = given.org.create_store(group="别家", code="Q", name="别店")
    with pytest.raises(NotFound):
        limits.set_quiet_hours(foreign.id, by=admin, begin=time(20), end=time(9))


def test_the_pages_take_what_is_typed_and_show_it_again_when_it_is_wrong(cast, client, kinds):
    client.force_login(cast.staff[Role.GROUP_ADMIN])
    assert "取车" in client.get("/inbox/settings/").content.decode()
    wrong = client.post("/inbox/settings/caps/", {"day": "9", "week": "6", "marketing_day": "1", "marketing_week": "2"})
    assert wrong.status_code == 422
    assert 'value="9"' in wrong.content.decode()
    answer = client.post("/inbox/settings/wording/test.ready/", {"text": "{name}，{sum}"})
    assert (answer.status_code, "没有字段" in answer.content.decode()) == (422, True)
    assert "{name}，{sum}" in answer.content.decode()
    assert client.post("/inbox/settings/wording/test.ready/", {"text": "{name}，好了"}).status_code == 302
    look = client.post("/inbox/settings/wording/test.ready/look/", {"text": "{name}，好了"}).content.decode()
    assert "张女士，好了" in look
    quiet = client.post(f"/inbox/settings/quiet/{cast.a.id}/", {"begin": "20:30", "end": "x"})
    assert quiet.status_code == 422
