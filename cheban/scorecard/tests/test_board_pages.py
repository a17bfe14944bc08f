"""The board and its pages: figures, drill-down, people, rights, words of refusal. R161-R174, R182."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cheban.core import clock as real_clock
from cheban.core.events import record
from cheban.core.ids import new_id
from cheban.core.models import Event
from cheban.org import commands as org
from cheban.org import scope
from cheban.org.access import actor_for
from cheban.org.models import StaffRole
from cheban.org.roles import Role
from cheban.playbook import planner, wall
from cheban.playbook.models import Task
from cheban.scorecard import board, cells, errors, tally, weeks
from cheban.scorecard.improvement import actions, book, meetings, practices, review
from cheban.scorecard.models import Action, ImprovementCase, PracticePage
from cheban.scorecard.tests import given as told
from tests import given

MONDAY = date(2026, 11, 23)


@pytest.fixture
def red(cast, clock):
    """Two red weeks of complaints, a case open."""
    told.declare()
    for ago in (1, 2):
        told.complaints(cast, MONDAY - timedelta(weeks=ago), kept=2, of=5)
    told.deliver(cast)
    weeks.judge([cast.a.id], at=clock.now)
    told.deliver(cast)
    cast.case = ImprovementCase.objects.get()
    return cast


def client(cast, role: str) -> Client:
    made = Client()
    made.force_login(cast.staff[role])
    return made


@pytest.mark.req("R161", "R168", "Y06")
def test_the_board_shows_value_light_streak_and_the_case_with_its_clock(red):
    page = client(red, Role.STORE_MANAGER).get(reverse("scorecard:health"))
    tile = next(t for t in page.context["tiles"] if t["code"] == "complaint_24h")
    assert (tile["shown"], tile["light"], tile["streak"], tile["whole"]) == ("40.0%", "broken", 2, 10)
    text = page.content.decode()
    assert "连续 2 周不达标" in text and "改进流程已启动" in text and "24 小时时限在期间内到的投诉" in text
    assert "style=" not in text and f"board:{red.a.id}" in text


@pytest.mark.req("R161", "Y06", "R111")
def test_a_number_opens_the_very_records_and_they_their_pages(red, clock):
    customer = given.customer(red.a, "李梅", phone="13900002222")
    record(
        "complaint.filed",
        store_id=red.a.id,
        at=clock.now - timedelta(days=3),
        customer_id=customer.id,
        complaint_id="x",
    )
    told.deliver(red)
    page = client(red, Role.STORE_MANAGER)
    listed = page.get(reverse("scorecard:records"), {"metric": "complaint_24h", "when": "4", "bad": "1", "all": "1"})
    assert listed.context["list"]["count"] == 7
    assert "李梅" in listed.content.decode()
    [row] = [r for r in listed.context["rows"] if r.customer_name]
    assert row.url == reverse("customers:customer", args=[customer.id]) and row.result == "没有完成"
    found = page.get(reverse("scorecard:records"), {"metric": "complaint_24h", "q": "李梅"})
    assert [r.id for r in found.context["rows"]] == [row.id]


@pytest.mark.req("R161", "R181")
def test_people_stand_in_their_team_and_see_the_same_figure_themselves(red):
    page = client(red, Role.STORE_MANAGER).get(reverse("scorecard:health"))
    [team] = page.context["people"]["teams"]
    [person] = team["people"]
    assert person["name"] == red.staff[Role.SERVICE_ADVISOR].name
    own = client(red, Role.SERVICE_ADVISOR).get(reverse("scorecard:mine"))
    [row] = own.context["rows"]
    column = [c["code"] for c in page.context["people"]["columns"]].index("complaint_24h")
    assert row["shown"] == person["cells"][column]["shown"] == "40.0%"
    assert "24 小时时限在期间内到的投诉" in own.content.decode()
    assert client(red, Role.SERVICE_ADVISOR).get(reverse("scorecard:health")).status_code == 403


@pytest.mark.req("R161")
def test_the_board_of_many_stores_asks_as_many_queries_as_of_two(cast, clock):
    told.declare()
    manager = cast.staff[Role.OPERATIONS]
    stores = [cast.a, cast.b]
    StaffRole.objects.create(staff=manager, store=cast.b, role=Role.OPERATIONS)

    def asked() -> int:
        actor = actor_for(manager)
        scope.set_stores(actor.stores)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            found = board.board(actor, at=clock.now)
        assert found["ranking"]["count"] == len(stores)
        return len(queries)

    few = asked()
    for number in range(60):
        store = org.create_store(group="集团", code=f"S{number}", name=f"第 {number} 店")
        StaffRole.objects.create(staff=manager, store=store, role=Role.OPERATIONS)
        stores.append(store)
    scope.set_stores([s.id for s in stores])
    rows = [
        tally.Row(
            s.id,
            "complaint_24h",
            f"{n}",
            opened_id=n + 1,
            opened_at=clock.now,
            day=clock.now.date(),
            whole=1,
            worth=n % 2,
        )
        for s in stores
        for n in range(s.id % 7 + 3)
    ]
    tally.apply(rows)
    assert asked() == few
    page = board.board(actor_for(manager), at=clock.now)["ranking"]
    assert page["pages"] == 3 and len(page["rows"]) == 25 and (page["first"], page["last"]) == (1, 25)
    lights = [
        r["light"] for n in (1, 2, 3) for r in board.board(actor_for(manager), at=clock.now, page=n)["ranking"]["rows"]
    ]
    assert lights == sorted(lights, key=cells.WORST.__getitem__) and "broken" in lights
    assert page["red"] == lights.count("broken") and len(lights) == len(stores)


@pytest.fixture
def group(cast, clock):
    """An analyst over twelve stores; the percent of complaints answered by name of store; 云台 has none."""
    manager, shares = cast.staff[Role.OPERATIONS], {}
    cities = ["上海", "苏州"] + ["杭州"] * 10
    places = [org.create_store(group="集团", code=f"T{n}", name=f"{n:02d} 店", city=c) for n, c in enumerate(cities)]
    StaffRole.objects.filter(staff=manager).delete()
    StaffRole.objects.bulk_create(StaffRole(staff=manager, store=s, role=Role.OPERATIONS) for s in places)
    scope.set_stores([s.id for s in places])
    for number, store in enumerate(places[:-1]):
        moment = {"opened_at": clock.now, "day": clock.now.date(), "whole": 1}
        tally.apply(
            tally.Row(store.id, "complaint_24h", f"{n}", opened_id=n + 1, worth=int(n >= number), **moment)
            for n in range(20)
        )
        shares[store.name] = 100 - 5 * number
    scope.set_stores(actor_for(manager).stores)
    return SimpleNamespace(manager=manager, places=places, shares=shares)


@pytest.mark.req("R161", "R168", "Y09")
def test_stores_are_put_in_order_by_a_figure_from_both_ends_and_by_name(group, clock):
    def names(sort: str) -> list[str]:
        return [r["name"] for r in board.board(actor_for(group.manager), at=clock.now, sort=sort)["ranking"]["rows"]]

    worst = [*sorted(group.shares, key=group.shares.__getitem__), "11 店"]  # without a figure: at the end of both
    assert names("complaint_24h") == worst
    assert names("complaint_24h.best") == [*sorted(group.shares), "11 店"]
    assert names("name") == sorted(names("")) and names("name.best") == sorted(names(""), reverse=True)
    assert names("") == names("no_such_order") and names("")[0] != "00 店"


@pytest.mark.req("R161", "Y09")
@pytest.mark.parametrize(
    ("words", "found"),
    [("suzhou", ["01 店"]), ("sz 01", ["01 店"]), ("t11", ["11 店"]), ("上海", ["00 店"]), ("没有", []), ("sh sz", [])],
)
def test_a_store_is_found_by_name_code_city_or_pinyin(group, clock, words, found):
    table = board.board(actor_for(group.manager), at=clock.now, words=words)["ranking"]
    assert [r["name"] for r in table["rows"]] == found and (table["count"], table["all"]) == (len(found), 12)
    page = Client()
    page.force_login(group.manager, backend="cheban.site.accounts.Backend")
    shown = page.get(reverse("scorecard:health"), {"q": words, "sort": "complaint_24h"})
    assert [r["name"] for r in shown.context["ranking"]["rows"]] == found
    assert ("没有这样的门店" in shown.content.decode()) is not bool(found)


@pytest.mark.req("R161")
def test_what_is_due_later_this_week_stands_in_no_figure_of_the_board_yet(group, clock):
    manager, store = group.manager, group.places[-1]
    scope.set_stores([s.id for s in group.places])
    for day in range(-8, 8):  # two days of the week before last, all of the last, this one
        on = clock.now.date() + timedelta(days=day)
        moment = {"opened_id": day + 100, "opened_at": clock.now, "day": on, "whole": 1, "worth": 1}
        tally.apply([tally.Row(store.id, "complaint_24h", f"d{day}", **moment)])

    def whole(code: str, when: str, store: str) -> int:
        found = board.board(actor_for(manager), at=clock.now, code=when, store=store)
        if store:
            return next(f["whole"] for f in found["tiles"] if f["code"] == code)
        [row] = [r for r in found["ranking"]["rows"] if r["id"] == group.places[-1].id]
        return next(c["whole"] for c in row["cells"] if c["code"] == code)

    for when, days in {"1": 1, "last": 7, "4": 9, "13": 9}.items():
        assert whole("complaint_24h", when, "") == whole("complaint_24h", when, str(store.id)) == days


@pytest.mark.req("R182")
def test_a_target_is_changed_on_its_page_with_history_and_undone(red):
    page = client(red, Role.STORE_MANAGER)
    where = reverse("scorecard:change_target", args=["complaint_24h"])
    asked = {"level": str(red.a.id), "value": "97.5", "least": "4", "valid_from": "2026-11-23", "reason": "集团要求"}
    wrong = page.post(where, asked | {"value": "abc"})
    assert wrong.status_code == 422 and "集团要求" in wrong.content.decode()
    assert page.post(where, asked).status_code == 302
    shown = page.get(reverse("scorecard:targets", args=["complaint_24h"]))
    [line] = shown.context["history"]
    assert (str(line["target"].value), line["by"]) == ("97.5", red.staff[Role.STORE_MANAGER].name)
    assert Event.objects.get(name="target.changed").facts["from"] == "95"
    page.post(reverse("scorecard:withdraw_target", args=[line["target"].id]))
    scope.set_stores([red.a.id])
    assert board.Goals([red.a.id]).of("complaint_24h", red.a.id, MONDAY).value == 95
    assert client(red, Role.SERVICE_ADVISOR).post(where, asked).status_code == 403


@pytest.mark.req("R170")
def test_the_case_is_led_on_its_page_from_meeting_to_plan(red):
    page = client(red, Role.OPERATIONS)
    deed = lambda name: reverse("scorecard:case_deed", args=[red.case.id, name])  # noqa: E731
    shown = page.get(reverse("scorecard:case", args=[red.case.id]))
    assert shown.status_code == 200 and len(shown.context["worst"]) == 6
    refused = page.post(deed("meet"), {"attended": "销售、售后", "cause": ""})
    assert refused.status_code == 422 and "销售、售后" in refused.content.decode()
    page.post(deed("meet"), {"attended": "销售、售后", "cause": "周末没有值守"})
    assert page.post(deed("plan"), {"text": "值守"}).status_code == 422
    owner = red.staff[Role.SERVICE_ADVISOR].id
    page.post(deed("action"), {"what": "排值守表", "owner_id": owner, "due_on": "2026-11-25"})
    page.post(deed("plan"), {"text": "周末值守"})
    scope.set_stores([red.a.id])
    red.case.refresh_from_db()
    assert red.case.state == "planned"
    mine = client(red, Role.SERVICE_ADVISOR)
    action = Action.objects.get()
    assert mine.post(reverse("scorecard:action_deed", args=[action.id, "finish"]), {"result": ""}).status_code == 422
    assert mine.get(reverse("scorecard:action", args=[action.id])).context["can_finish"]
    mine.post(reverse("scorecard:action_deed", args=[action.id, "finish"]), {"result": "排好了"})
    scope.set_stores([red.a.id])
    action.refresh_from_db()
    assert action.state == "done"


@pytest.mark.req("R112", "R171")
def test_the_weekly_page_brings_lost_customers_blocked_leads_causes_and_what_is_still_open(red, clock):
    customer = given.customer(red.a, "王小明")
    last = clock.now - timedelta(days=4)
    record("lead.lost", store_id=red.a.id, at=last, customer_id=customer.id, lead_id="l1")
    record("lead.pushed", store_id=red.a.id, at=last, customer_id=customer.id, lead_id="l2")
    for _number in range(2):
        record(
            "handover.sent_back",
            store_id=red.a.id,
            at=last,
            customer_id=customer.id,
            fields=["motive"],
            sheet_id=str(new_id()),
            revision_id=str(new_id()),
            fields_count=20,
        )
    told.deliver(red)
    by = red.actor(Role.STORE_MANAGER)
    before = meetings.hold(by=by, store_id=red.a.id, week=MONDAY - timedelta(weeks=1), attended="两位经理")
    old = actions.agree(before, by=by, what="旧事", owner_id=red.staff[Role.CALLER].id, due_on=real_clock.today())
    Action.objects.filter(id=old.id).update(agreed_at=clock.now - timedelta(days=7))
    page = client(red, Role.STORE_MANAGER)
    shown = page.get(reverse("scorecard:weekly")).context
    assert [r["customer"] for r in shown["lost"]] == ["王小明"]
    assert [r["customer"] for r in shown["blocked"]] == ["王小明"]
    assert shown["causes"][0]["count"] == 2 and "motive" not in shown["causes"][0]["cause"]
    assert [r["code"] for r in shown["red"]] == ["complaint_24h"] and [a.what for a in shown["carried"]] == ["旧事"]
    hold = reverse("scorecard:weekly_deed", args=["hold"])
    assert page.post(hold, {"attended": ""}).status_code == 422
    page.post(hold, {"attended": "陈经理、何经理"})
    page.post(reverse("scorecard:weekly_deed", args=["decide"]), {"text": "先问感受再报价"})
    page.post(
        reverse("scorecard:weekly_deed", args=["action"]),
        {"what": "改话术", "owner_id": red.staff[Role.SALES_CONSULTANT].id, "due_on": "2026-11-27"},
    )
    shown = page.get(reverse("scorecard:weekly")).context
    assert [d.text for d in shown["decisions"]] == ["先问感受再报价"] and [a.what for a in shown["agreed"]] == [
        "改话术"
    ]
    clock.set(clock.now + timedelta(weeks=1))
    following = client(red, Role.STORE_MANAGER).get(reverse("scorecard:weekly")).context
    assert sorted(a.what for a in following["carried"]) == ["改话术", "旧事"]


@pytest.mark.req("R169")
def test_the_monthly_page_sets_the_month_against_the_one_before_with_the_effect(red):
    told.complaints(red, date(2026, 10, 12), kept=5, of=5)
    told.deliver(red)
    shown = client(red, Role.STORE_MANAGER).get(reverse("scorecard:monthly"), {"month": "2026-11"}).context
    row = next(r for r in shown["rows"] if r["code"] == "complaint_24h")
    assert (row["shown"], row["before"], row["is_better"], row["red_weeks"]) == ("40.0%", "100.0%", False, 2)
    assert [c.id for c in shown["cases"]] == [red.case.id]


@pytest.mark.req("R173", "R174", "R180")
def test_a_case_is_nominated_voted_once_each_and_published_for_the_whole_group(cast):
    nominate = cast.actor(Role.SALES_CONSULTANT)
    texts = {"title": "一句闲聊换来两台增购", "story": "售后顾问听到客户说孩子要上学", "lesson": "多问一句家里的变化"}
    for wrong in ({"title": " "}, {"story": "电话 13812345678"}, {"lesson": "车牌沪A12345的客户"}, {"kind": "x"}):
        with pytest.raises(errors.Invalid):
            practices.nominate(by=nominate, store_id=cast.a.id, **texts | wrong)
    made = practices.nominate(by=nominate, store_id=cast.a.id, kind="lead", **texts)
    with pytest.raises(errors.WrongState):
        practices.vote(made, by=nominate)
    assert practices.vote(made, by=cast.actor(Role.SERVICE_ADVISOR)) == 1
    with pytest.raises(errors.VotedAlready):
        practices.vote(made, by=cast.actor(Role.SERVICE_ADVISOR))
    assert practices.vote(made, by=cast.actor(Role.CALLER)) == 2
    practices.publish(made, by=cast.actor(Role.STORE_MANAGER), **texts)
    practices.publish(made, by=cast.actor(Role.STORE_MANAGER), **texts | {"lesson": "多问一句，再记下来"})
    scope.set_stores([cast.b.id])
    outsider = actor_for(cast.staff["outsider"])
    [page] = book.practices(outsider, at=real_clock.now(), words="记下来")["pages"]
    assert page.number == 2 and not book.practices(outsider, at=real_clock.now(), words="没有")["pages"]
    assert not book.practices(outsider, at=real_clock.now())["nominated"]
    other = client(cast, "outsider").get(reverse("scorecard:practice", args=[made.id]))
    assert other.status_code == 200 and not other.context["can_publish"]
    scope.set_stores([cast.a.id])
    practices.take_out(made, by=cast.actor(Role.STORE_MANAGER))
    assert not book.practices(nominate, at=real_clock.now())["pages"] and PracticePage.objects.count() == 3


@pytest.mark.req("R161")
def test_figures_of_tasks_are_counted_anew_and_open_their_tasks(cast, clock):
    for number in range(3):
        given.vehicle(
            cast.a,
            given.customer(cast.a, f"客户{number}", phone=f"1370000000{number}"),
            plate=f"沪A0000{number}",
            insurance_until=given.days(20),
        )
    planner.plan_day(given.days(0), store_ids=[cast.a.id])
    tasks = list(Task.objects.order_by("due_at", "id"))
    assert tasks
    Task.objects.filter(id=tasks[0].id).update(state="done", outcome="booked", closed_at=tasks[0].due_at)
    clock.set(max(t.due_at for t in tasks) + timedelta(minutes=1))
    assert tally.count_tasks([cast.a.id], weeks=1) == {cast.a.id}
    assert tally.count_tasks([cast.a.id], weeks=1) == set()
    page = client(cast, Role.STORE_MANAGER)
    shown = page.get(reverse("scorecard:health")).context
    kept = next(f for f in shown["others"] if f["code"] == "kept_word")
    assert (kept["part"], kept["whole"]) == (1, len(tasks))
    bad = page.get(reverse("scorecard:tasks", args=["kept_word"]), {"bad": "1"})
    assert bad.context["count"] == len(tasks) - 1
    moved = page.get(reverse("scorecard:records"), {"metric": "kept_word", "when": "4"})
    assert moved.status_code == 302 and "kept_word" in moved.url


@pytest.mark.req("R170")
def test_each_list_asks_the_same_queries_for_one_row_and_for_many(red, clock):
    page = client(red, Role.STORE_MANAGER)

    def once(name: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert page.get(reverse(name), {"all": "1"}).status_code == 200
        return len(queries)

    def asked(name: str) -> int:
        return min(once(name), once(name))  # what a process keeps for some seconds is asked by the first, or by neither

    names = ("scorecard:records", "scorecard:cases", "scorecard:actions")
    by = red.actor(Role.STORE_MANAGER)
    for index in range(2):
        actions.agree(
            red.case, by=by, what=f"事 {index}", owner_id=red.staff[Role.CALLER].id, due_on=real_clock.today()
        )
    few = [asked(name) for name in names]
    scope.set_stores([red.a.id])
    told.complaints(red, MONDAY - timedelta(weeks=3), kept=2, of=9)
    for index in range(9):
        actions.agree(
            red.case, by=by, what=f"事 {index}", owner_id=red.staff[Role.SALES_CONSULTANT].id, due_on=real_clock.today()
        )
    told.deliver(red)
    assert [asked(name) for name in names] == few


@pytest.mark.req("R171")
def test_the_weekly_page_says_in_words_why_a_lead_was_lost_and_shows_no_code(red):
    lost = {"store_id": red.a.id, "at": real_clock.now() - timedelta(days=3), "hours_count": 30}
    record("lead.lost", lead_id=str(new_id()), kind="trade_in", reason_code="old_car_value", **lost)
    record("complaint.closed", complaint_id=str(new_id()), cause_code="part", **lost)
    [found] = review.lost_customers(red.a.id, MONDAY - timedelta(days=7), told.ZONE)
    assert found["why"] == "置换 · 旧车估价谈不拢"
    shown = client(red, Role.STORE_MANAGER).get(reverse("scorecard:weekly"))
    assert "旧车估价谈不拢" in shown.content.decode() and "old_car_value" not in shown.content.decode()


@pytest.mark.req("R161", "R162")
def test_the_wall_shows_a_stores_figures_without_a_persons_name_and_listens_to_that_store(red):
    page = client(red, Role.STORE_MANAGER)
    shown = page.get(reverse("scorecard:health_wall"))
    text = shown.content.decode()
    assert 'data-bs-theme="dark"' in text and f'data-live="board:{red.a.id}"' in text and red.a.name in text
    assert shown.context["tiles"][3]["shown"] in text and "待开会" in text
    people = {red.staff[role].name for role in (Role.CALLER, Role.SERVICE_ADVISOR, Role.STORE_MANAGER)}
    assert not [name for name in people if name in text]
    scope.set_stores([red.a.id])
    assert page.get(reverse("scorecard:health_wall"), {"store": str(red.b.id)}).context["chosen"] == red.a.id


@pytest.mark.req("R161", "R162")
def test_a_television_shows_a_stores_figures_without_signing_in_until_its_link_is_revoked(red):
    by = red.actor(Role.STORE_MANAGER)
    link = wall.make_link("展厅", by=by, store_id=red.a.id)
    address = reverse("health_wall:show", args=[wall.token_of(link)])
    listed = client(red, Role.STORE_MANAGER).get(reverse("wall:links")).content.decode()
    assert f"http://testserver{address}" in listed
    shown = Client().get(address)
    text = shown.content.decode()
    assert (shown.status_code, shown["Cache-Control"]) == (200, "no-store")
    assert red.a.name in text and shown.context["tiles"][3]["shown"] in text and red.b.name not in text
    assert f'hx-get="{address}"' in text and "data-live=" not in text and "/metrics/" not in text
    people = {red.staff[role].name for role in (Role.CALLER, Role.SERVICE_ADVISOR, Role.STORE_MANAGER)}
    assert not [name for name in people if name in text]
    part = Client().get(address, headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith("<main") and Client().post(address).status_code == 405
    wall.revoke_link(link.id, by=by)
    assert Client().get(address).status_code == 404


@pytest.mark.req("R161", "R168")
def test_the_wall_of_a_group_names_its_worst_stores_and_hears_of_them(group):
    page = Client()
    page.force_login(group.manager, backend="cheban.site.accounts.Backend")
    shown = page.get(reverse("scorecard:health_wall"))
    text, worst = shown.content.decode(), [row["name"] for row in shown.context["ranking"]["rows"]]
    assert worst[0] in text and worst[6] in text and worst[7] not in text
    assert all(f"board:{store.id}" in text for store in group.places)
