"""Defining fields: whose they are, what stays, what goes aside and comes back. Y09, R019."""

from __future__ import annotations

import pytest
from django.db import connection

from cheban.core.errors import NotFound, NotPermitted, WrongState
from cheban.core.models import AuditEntry
from cheban.customers import commands as customers
from cheban.customers.fields import commands, definitions
from cheban.customers.fields.models import CustomerValue, FieldDefinition
from cheban.customers.models import Customer
from cheban.org import scope
from cheban.org.access import system_actor
from cheban.org.levels import Level
from cheban.org.roles import Role
from tests import given

pytestmark = pytest.mark.req("R019")


@pytest.fixture
def by(cast):
    return cast.actor(Role.STORE_MANAGER)


def own(cast, store=None) -> Level:
    store = store or cast.a
    return Level(store.group_id, store.id, (store.id,))


def define(cast, by, label="来店交通方式", kind="choice", **more) -> FieldDefinition:
    wanted = {"subject": "customer", "level": own(cast)} | more
    choices = wanted.pop("choices", ["自驾", "地铁"] if "choice" in kind else [])
    return commands.define(by=by, label=label, kind=kind, choices=choices, **wanted)


def test_a_code_is_spelled_from_the_label_and_never_given_twice(cast, by):
    first = define(cast, by)
    assert first.code == "laidianjiaotongfangshi"
    assert [c["code"] for c in first.choices] == ["zijia", "ditie"]
    other = define(cast, by, "来店 交通方式", kind="text")
    assert other.code == "laidianjiaotongfangshi_2"
    assert define(cast, by, "2026 活动", kind="text").code.startswith("field_2026")
    assert AuditEntry.objects.filter(action="field.defined").count() == 3


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"label": " "}, "label"),
        ({"label": "x" * 41}, "label"),
        ({"label": "电话 13812345678"}, "label"),
        ({"kind": "choice", "choices": ["只有一项"]}, "choices"),
        ({"kind": "choice", "choices": ["甲", "甲"]}, "choices"),
        ({"kind": "colour"}, "kind"),
        ({"subject": "staff"}, "subject"),
        ({"kind": "number", "is_personal": True}, "is_personal"),
        ({"kind": "text", "subject": "vehicle", "is_personal": True}, "is_personal"),
    ],
)
def test_a_definition_that_cannot_be_is_refused_by_name(cast, by, more, named):
    with pytest.raises(commands.FieldRefused) as refused:
        define(cast, by, **({"label": "甲", "kind": "text"} | more))
    assert named in refused.value.facts


def test_two_fields_of_one_name_are_refused_also_across_levels(cast, by):
    define(cast, by)
    group = Level(cast.a.group_id, None, (cast.a.id, cast.b.id))
    house = system_actor([cast.a.id, cast.b.id])
    with pytest.raises(commands.FieldRefused):
        define(cast, by)
    scope.set_stores([cast.a.id, cast.b.id])
    with pytest.raises(commands.FieldRefused):
        define(cast, house, level=group)


def test_another_stores_fields_do_not_exist_here(cast, by):
    scope.set_stores([cast.b.id])
    theirs = define(cast, system_actor([cast.b.id]), "乙店的秘密", kind="text", level=own(cast, cast.b))
    scope.set_stores([cast.a.id])
    assert not FieldDefinition.objects.exists()
    assert not definitions.of_stores([cast.a.id, cast.b.id])
    assert not definitions.for_store(cast.b.id)
    with pytest.raises(NotFound):
        definitions.one(theirs.id)
    assert define(cast, by, "乙店的秘密", kind="text").code == theirs.code  # not even its name shows
    with connection.cursor() as cursor:  # nor can it be written into, whatever the code does
        cursor.execute("UPDATE customers_fielddefinition SET label = 'x' WHERE id = %s", [theirs.id])
        assert cursor.rowcount == 0


def test_a_groups_field_is_seen_in_each_of_its_stores_and_changed_for_all_only(cast, by):
    scope.set_stores([cast.a.id, cast.b.id])
    house = system_actor([cast.a.id, cast.b.id])
    field = define(cast, house, level=Level(cast.a.group_id, None, (cast.a.id, cast.b.id)))
    scope.set_stores([cast.a.id])
    assert [f.id for f in definitions.for_store(cast.a.id)] == [field.id]
    with pytest.raises(NotPermitted):
        commands.archive(field, by=by)
    assert not commands.may_change(field, by)
    assert commands.levels_for(by) == [(str(cast.a.id), "甲店")]


def test_putting_a_field_aside_keeps_values_and_taking_it_back_brings_them(cast, by):
    field = define(cast, by)
    who = given.customer(cast.a)
    customers.edit_customer(who, by=by, custom={field.code: "ditie"})
    commands.archive(field, by=by)
    assert not definitions.for_store(cast.a.id) and not definitions.kept([cast.a.id])
    with pytest.raises(customers.Invalid):
        customers.edit_customer(who, by=by, custom={field.code: "zijia"})
    customers.edit_customer(who, by=by, remarks="别的改动")
    assert Customer.objects.get(id=who.id).extra == {field.key: "ditie"}
    with pytest.raises(WrongState):
        commands.archive(field, by=by)
    commands.restore(field, by=by)
    assert definitions.shown(who.extra, definitions.for_store(cast.a.id))[0]["words"] == "地铁"


def test_a_choice_in_use_is_no_longer_offered_and_still_shown(cast, by):
    field = define(cast, by, choices=["自驾", "地铁", "公交"])
    who = given.customer(cast.a)
    customers.edit_customer(who, by=by, custom={field.code: "ditie"})
    changed = commands.change(field, by=by, label="怎样来店", choices=[("zijia", "开车"), (None, "步行")])
    assert changed.code == field.code
    assert changed.shape.offered == [("zijia", "开车"), ("buxing", "步行")]
    assert changed.shape.label_of("ditie") == "地铁" and "gongjiao" not in str(changed.choices)
    customers.edit_customer(who, by=by, custom={field.code: "ditie"}, remarks="留着原来的选择")  # may keep what it has
    other = given.customer(cast.a, "李四", phone="13800009999")
    with pytest.raises(customers.Invalid):
        customers.edit_customer(other, by=by, custom={field.code: "ditie"})
    back = commands.change(changed, by=by, label="怎样来店", choices=[("zijia", "开车"), ("ditie", "地铁")])
    assert ("ditie", "地铁") in back.shape.offered


def test_fields_are_moved_and_counted(cast, by):
    first, second = define(cast, by), define(cast, by, "满意度", kind="number")
    commands.move(second, by=by, up=True)
    assert [f.id for f in definitions.for_store(cast.a.id)] == [second.id, first.id]
    who = given.customer(cast.a)
    customers.edit_customer(who, by=by, custom={second.code: 7})
    assert definitions.counts() == {first.id: 0, second.id: 1}
    assert CustomerValue.objects.get().number == 70_000


def test_the_desk_may_fill_fields_and_not_define_them(cast):
    with pytest.raises(NotPermitted):
        define(cast, cast.actor(Role.SERVICE_ADVISOR))
