"""Custom fields in the customer list: filters, orders, cells. Y09."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cheban.core import clock as real
from cheban.customers import commands
from cheban.customers.fields import commands as fields
from cheban.customers.fields import definitions
from cheban.customers.lists import SPEC
from cheban.lists import paging, state
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
        by=by, level=level(cast), subject="customer", label="来店交通方式", kind="choice", choices=["自驾", "地铁", "公交"]
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
        [("赵一", "ditie", 3), ("钱二", "zijia", 9.5), ("孙三", "ditie", -2), ("李四", None, 9.5), ("周五", "ditie", None)]
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


