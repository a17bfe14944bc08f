"""Custom fields in the customer list: filters, orders, cells. Y09."""

from __future__ import annotations

import re
from datetime import datetime

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cheban.core import clock as real
from cheban.customers import bulk, commands, vehicles
from cheban.customers.fields import commands as fields
from cheban.customers.fields import lists as own_lists
from cheban.customers.lists import SPEC
from cheban.lists import paging, state
from cheban.lists.exporting import commands as exporting
from cheban.lists.exporting import queries, run
from cheban.lists.models import Export
from cheban.org import scope
from cheban.org.levels import Level
from cheban.org.roles import Role
from tests import given


@pytest.fixture
def by(cast):
    return cast.actor(Role.STORE_MANAGER)


def level(cast):
    return Level(cast.a.group_id, cast.a.id, (cast.a.id,))


@pytest.fixture
def way(cast, by):
    """来店交通方式: one choice."""
    return fields.define(
        by=by,
        level=level(cast),
        subject="customer",
        label="来店交通方式",
        kind="choice",
        choices=["自驾", "地铁", "公交"],
    )


@pytest.fixture
def score(cast, by):
    """满意度: a number."""
    return fields.define(by=by, level=level(cast), subject="customer", label="满意度", kind="number")


def names(spec, query: dict, stores, **more) -> list[str]:
    asked = state.read(spec, query, stores)
    return [c.name for c in paging.page(spec, asked, today=real.today(), **more)["rows"]]


@pytest.fixture
def people(cast, by, way, score):
    """Five customers; three by metro, four with a score."""
    found = []
    for n, (name, how, points) in enumerate(
        [
            ("赵一", "ditie", 3),
            ("钱二", "zijia", 9.5),
            ("孙三", "ditie", -2),
            ("李四", None, 9.5),
            ("周五", "ditie", None),
        ]
    ):
        who = given.customer(cast.a, name, phone=f"1380000100{n}")
        commands.edit_customer(who, by=by, custom={way.code: how, score.code: points})
        found.append(who)
    return found


@pytest.mark.req("R015")
def test_a_choice_filters_the_list(cast, people, way):
    spec = SPEC.of_stores([cast.a.id])
    assert set(names(spec, {way.name: "ditie"}, [cast.a.id])) == {"赵一", "孙三", "周五"}
    assert set(names(spec, {way.name: "none"}, [cast.a.id])) == {"李四"}
    assert len(names(spec, {way.name: "nothing"}, [cast.a.id])) == 5  # not a choice: means nothing here


@pytest.mark.req("R015")
def test_numbers_have_a_from_a_to_and_an_order_by_keyset(cast, people, score):
    spec, stores = SPEC.of_stores([cast.a.id]), [cast.a.id]
    assert set(names(spec, {f"{score.name}.from": "3"}, stores)) == {"赵一", "钱二", "李四"}
    assert set(names(spec, {f"{score.name}.from": "-2", f"{score.name}.to": "3"}, stores)) == {"赵一", "孙三"}
    seen, after = [], ""
    for _page in range(5):
        asked = state.read(spec, {"sort": score.name, "after": after}, stores)
        page = paging.page(spec, asked, today=real.today(), limit=2)
        seen += [c.name for c in page["rows"]]
        if not (after := page["after"]):
            break
    assert seen[:2] in (["钱二", "李四"], ["李四", "钱二"]) and seen[2:] == ["赵一", "孙三"]
    assert names(spec, {"sort": f"{score.name}.up"}, stores)[0] == "孙三"


@pytest.fixture
def film(cast, by):
    """贴膜日期: a day, of vehicles."""
    return fields.define(by=by, level=level(cast), subject="vehicle", label="贴膜日期", kind="date")


def test_a_vehicles_field_filters_its_owners(cast, by, people, film):
    car = given.vehicle(cast.a, people[0])
    vehicles.edit_vehicle(car, by=by, custom={film.code: "2026-03-05"})
    spec, stores = SPEC.of_stores([cast.a.id]), [cast.a.id]
    assert names(spec, {f"{film.name}.from": "2026-01-01"}, stores) == ["赵一"]
    assert names(spec, {f"{film.name}.to": "2026-01-01"}, stores) == []


def test_a_text_is_found_by_its_beginning(cast, by, people):
    road = fields.define(by=by, level=level(cast), subject="customer", label="常走", kind="text")
    commands.edit_customer(people[1], by=by, custom={road.code: "延安高架 100%_"})
    spec = SPEC.of_stores([cast.a.id])
    assert names(spec, {road.name: "延安"}, [cast.a.id]) == ["钱二"]
    assert names(spec, {road.name: "高架"}, [cast.a.id]) == []


@pytest.mark.req("R019")
def test_filters_and_orders_use_their_indexes_as_the_applications_role(cast, people, way, score, monkeypatch):
    """Comparisons that are not leakproof would lose theirs under row-level security (decision 0027)."""
    spec, stores = SPEC.of_stores([cast.a.id]), [cast.a.id]

    def plan(query: dict, rare: int) -> str:
        monkeypatch.setattr(own_lists, "RARE", rare)
        asked = state.read(spec, query, stores)
        with CaptureQueriesContext(connection) as seen:
            paging.page(spec, asked, today=real.today())
        found = [q["sql"] for q in seen if "LATERAL" in q["sql"]][0]
        with connection.cursor() as cursor:
            # of a handful of rows every plan is cheap: what can be read in order, is
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_sort = off")
            cursor.execute("EXPLAIN (COSTS OFF) " + found)
            return "\n".join(row[0] for row in cursor.fetchall())

    by_choice = plan({way.name: "ditie"}, 20_000)
    assert re.search(rf"Index Cond: .*field_id = {way.id}\).*text.* = 'ditie'", by_choice), by_choice
    by_number = plan({f"{score.name}.from": "3", f"{score.name}.to": "8"}, 20_000)
    assert re.search(r"Index Cond: .*number >= 30000\) AND \(number <= 80000", by_number), by_number
    # many match: the list is walked in its order, each row is asked
    many = plan({way.name: "ditie"}, 0)
    assert "SubPlan" in many and "customer_newest" in many.split("SubPlan")[0], many
    ordered = plan({"sort": score.name}, 20_000)
    assert "customer_value_number" in ordered and "Sort" not in ordered, ordered
    further = plan({"sort": score.name, "after": f"30000~{people[0].id}"}, 20_000)
    assert re.search(r"Index Cond: .*ROW\(.*number, .*customer_id\) < ROW", further), further


@pytest.mark.parametrize("rare", [0, 20_000])
@pytest.mark.parametrize("steps", [(1, 1), (1, 2), (1, 1_000), (1_000, 1_000)], ids=str)
@pytest.mark.parametrize("up", ["", ".up"])
def test_whichever_way_it_is_read_the_list_is_the_same(cast, people, way, score, monkeypatch, rare, steps, up):
    monkeypatch.setattr(own_lists, "RARE", rare)
    monkeypatch.setattr(paging, "STEPS", steps[0])
    monkeypatch.setattr(paging, "FURTHER", steps[1])
    spec, stores = SPEC.of_stores([cast.a.id]), [cast.a.id]
    for query, wanted in (
        ({way.name: "ditie", "sort": score.name + up}, ["赵一", "孙三"]),
        ({f"{score.name}.to": "9", "sort": score.name + up}, ["赵一", "孙三"]),
    ):
        seen, after = [], ""
        for _page in range(4):
            page = paging.page(spec, state.read(spec, query | {"after": after}, stores), today=real.today(), limit=1)
            seen += [c.name for c in page["rows"]]
            if not (after := page["after"]):
                break
        assert seen == (wanted[::-1] if up else wanted)


def test_a_page_of_the_list_asks_no_more_than_before(cast, client, people, way, score):
    client.force_login(cast.staff[Role.STORE_MANAGER], backend="cheban.site.accounts.Backend")
    address = "/customers/?all=1"
    client.get(address)

    def count() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(address).status_code == 200
        return len(seen)

    with_fields = count()
    for field in (way, score):
        fields.archive(field, by=cast.actor(Role.STORE_MANAGER))
    client.get(address)
    assert count() == with_fields


def test_the_page_offers_filters_columns_orders_and_shows_values(cast, client, by, people, way, score):
    fields.change(score, by=by, label="满意度", in_list=True)
    client.force_login(cast.staff[Role.STORE_MANAGER], backend="cheban.site.accounts.Backend")
    page = client.get(f"/customers/?{way.name}=ditie&{score.name}.from=-2").content.decode()
    assert "来店交通方式：地铁" in page and "满意度 ≥ -2" in page and "满意度 最大在前" in page
    assert '<td class="num c-more">3</td>' in page and "钱二" not in page


def test_a_deed_on_all_that_match_keeps_to_the_custom_condition(cast, by, people, way):
    asked = state.read(SPEC.of_stores(by.stores), {way.name: "ditie"}, by.stores)
    spec = SPEC.of_stores(by.stores)
    assert len(bulk.matching_ids(asked, today=real.today(), spec=spec)) == 3


@pytest.fixture
def data_folder(tmp_path, settings):
    settings.DATA_DIR = tmp_path


def exported(cast, query: dict, columns: list[str], form: str) -> Export:
    spec = SPEC.of_stores([cast.a.id])
    by = cast.actor(Role.STORE_MANAGER)
    asked = state.read(spec, query, by.stores)
    made = exporting.ask(spec, asked, by=by, columns=["name", *columns], form=form, purpose="核对")
    run.write(made.id)
    scope.set_stores([cast.a.id])
    made.refresh_from_db()
    return made


@pytest.mark.req("R019")
def test_a_file_has_typed_cells_and_no_formula(cast, by, people, way, score, film, data_folder):
    money = fields.define(by=by, level=level(cast), subject="customer", label="预算", kind="money")
    on = fields.define(by=by, level=level(cast), subject="customer", label="试驾日", kind="date")
    road = fields.define(by=by, level=level(cast), subject="customer", label="常走", kind="text")
    values = {money.code: 123_450, on.code: "2026-03-05", road.code: "=1+1"}
    commands.edit_customer(people[0], by=by, custom=values)
    vehicles.edit_vehicle(given.vehicle(cast.a, people[0]), by=by, custom={film.code: "2026-01-02"})
    columns = [f.name for f in (way, score, money, on, road, film)]
    done = exported(cast, {way.name: "ditie", "sort": score.name}, columns, "xlsx")
    sheet = openpyxl.load_workbook(queries.file_of(done)).active
    head, first = [list(row) for row in sheet.iter_rows(min_row=2, max_row=3, values_only=True)]
    assert head[3:] == ["来店交通方式", "满意度", "预算（元）", "试驾日", "常走", "贴膜日期"]
    assert first[3:] == ["地铁", 3, 1234.5, datetime.fromisoformat("2026-03-05"), "=1+1", "2026-01-02"]
    assert sheet["H3"].data_type == "s" and sheet["F3"].number_format == "#,##0.00" and done.rows_done == 3
    text = queries.file_of(exported(cast, {f"{score.name}.from": "3"}, columns, "csv")).read_text("utf-8-sig")
    assert "地铁,3,1234.50,2026-03-05,'=1+1,2026-01-02" in text and "自驾,9.5,,,," in text


def test_an_export_whose_condition_was_put_aside_stops_instead_of_taking_all(cast, by, people, way, data_folder):
    spec = SPEC.of_stores([cast.a.id])
    asked = state.read(spec, {way.name: "ditie"}, by.stores)
    made = exporting.ask(spec, asked, by=by, columns=["name"], form="csv", purpose="核对")
    fields.archive(way, by=by)
    run.write(made.id)
    scope.set_stores([cast.a.id])
    made.refresh_from_db()
    assert made.state == "refused" and "停用" in made.problem and not made.rows_done
