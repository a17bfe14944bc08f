"""Keyset pages of a declared list over all stores of the scope: no OFFSET, no count over everything. Y09."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BooleanField, F, Q, QuerySet, TextField
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast

from cheban.lists import state
from cheban.lists.spec import ListSpec, Sort
from cheban.lists.state import Asked
from cheban.org import scope

PAGE, FEW = 50, 8
"""Rows of a page; rows of each store that are looked at first."""
COUNT_CAP = 1_000
"""Nobody needs to know more exactly than 'more than a thousand' to decide about a filter."""


class Narrowed(NamedTuple):
    """What the filters leave; whether one of them is known to leave few rows; whether one named those rows itself."""

    where: Q
    is_rare: bool
    is_named: bool


def matching(spec: ListSpec, asked: Asked, *, today: date) -> QuerySet:
    """The rows of the scope that the filters leave, in no order."""
    return spec.model.objects.filter(narrow(spec, asked, today=today).where)


def narrow(spec: ListSpec, asked: Asked, *, today: date) -> Narrowed:
    """The filters of a request. Filters that count or search first ask one query each: a page and its count share them."""
    where, is_rare, is_named, joint = spec.base, False, False, {}
    for code, value in asked.values.items():
        each = spec.filter(code)
        if each.together is not None:
            joint.setdefault(each.together, {})[code] = value
            continue
        ids = each.few(value) if each.few else None
        where &= each.where(value, today) if ids is None else Q(id__in=ids)
        is_named = is_named or ids is not None
    for together, values in joint.items():
        condition, is_few = together(values)
        where, is_rare = where & condition, is_rare or is_few
    return Narrowed(where, is_rare, is_named)


def page(
    spec: ListSpec,
    asked: Asked,
    *,
    today: date,
    limit: int = PAGE,
    in_one_store: bool = False,
    narrowed: Narrowed | None = None,
) -> dict[str, Any]:
    """One page: {rows, after}. Three queries at most (two `in_one_store`), and those of `dress`.

    An order of another table takes up to five, and conditions that count first one each.
    """
    sort = state.order(spec, asked)
    where, is_rare, is_named = narrowed or narrow(spec, asked, today=today)
    rows, place = spec.model.objects.filter(where), read_place(spec, sort, asked.after)
    walks = sort.related is not None and not (is_rare or is_named)
    if not walks:
        rows = _joined(rows, sort)
        if sort.skips_empty:
            rows = rows.filter(**{f"{sort.path}__isnull": False})
        if place:
            rows = rows.filter(_beyond(spec, sort, asked.up, place))
    if spec.by_store and not is_named:
        heads = partial(_walk, spec, rows, sort, asked.up, place) if walks else partial(_heads, rows, sort, asked.up)
        found = _first_of_all_stores(spec, heads, asked.up, limit + 1, few=limit + 1 if in_one_store else FEW)
    else:
        sign = "" if asked.up else "-"
        found = list(rows.order_by(f"{sign}{sort.path}", f"{sign}id")[: limit + 1])
    shown, more = found[:limit], len(found) > limit
    spec.dress(shown)
    after = place_of(sort.value_of(shown[-1]), shown[-1].id) if more else ""
    return {"rows": shown, "after": after}


def all_ids(spec: ListSpec, asked: Asked, *, today: date, chosen: Sequence[str] = ()) -> QuerySet:
    """(value, id) as texts of every matching row (of the chosen ones), in the order of the list, those without a value last.

    `asked.after` is a place as `place_of` writes it: the rows behind it are left.
    """
    sort = state.order(spec, asked)
    rows = _joined(matching(spec, asked, today=today), sort)
    if chosen:
        rows = rows.filter(id__in=list(chosen))
    if place := read_place(spec, sort, asked.after):
        behind = Q(_beyond(spec, sort, asked.up, place))
        rows = rows.filter(behind | Q(**{f"{sort.path}__isnull": True}) if place[0] is not None else behind)
    column, key = F(sort.path), F("id")
    order = (column.asc(nulls_last=True), key.asc()) if asked.up else (column.desc(nulls_last=True), key.desc())
    return rows.order_by(*order).values_list(Cast(sort.path, TextField()), Cast("id", TextField()))


def count(
    spec: ListSpec, asked: Asked, *, today: date, cap: int = COUNT_CAP, narrowed: Narrowed | None = None
) -> tuple[int, bool]:
    """How many rows match, and whether there are more than that: counting stops at `cap`. One query.

    Store by store, as the pages are read: over all stores at once the planner prepares for every row of the group.
    """
    where, _is_rare, is_named = narrowed or narrow(spec, asked, today=today)
    rows = spec.model.objects.filter(where)
    if is_named or not spec.by_store:
        found = rows.values("id")[: cap + 1].count()
        return min(found, cap), found > cap
    own = rows.filter(store_id=RawSQL("scope.store", [])).order_by()[: cap + 1]
    try:
        sql, params = own.values_list("id").query.sql_with_params()
    except EmptyResultSet:  # a filter that nothing can match: Django knows it without asking
        return 0, False
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT count(*) FROM (SELECT 1 FROM {scope.STORES} scope(store)
                CROSS JOIN LATERAL ({sql}) t(id) LIMIT %s) found""",  # noqa: S608 - SQL of ours
            [*params, cap + 1],
        )
        found = cursor.fetchone()[0]
    return min(found, cap), found > cap


def first_ids(spec: ListSpec, asked: Asked, *, today: date, most: int) -> list[UUID]:
    """Up to `most` + 1 ids of the matching rows, in the order of ids, for deeds on all of them. One query."""
    return list(matching(spec, asked, today=today).order_by("id").values_list("id", flat=True)[: most + 1])


def place_of(value: Any, row_id: Any) -> str:
    """Where a row stands in its order: 'value~id', '~id' for a row without a value."""
    return f"{value.isoformat() if hasattr(value, 'isoformat') else '' if value is None else value}~{row_id}"


def read_place(spec: ListSpec, sort: Sort, after: str) -> list[str | None] | None:
    """The last row's value and id out of an address, or None when they are not what this order's would be."""
    value, _sep, last = after.rpartition("~")
    try:
        UUID(last) if spec.id_type == "uuid" else int(last)
        if value == "" and sort.skips_empty:
            return [None, last]
        if sort.sql_type == "bigint":
            int(value)
        elif sort.sql_type == "date":
            date.fromisoformat(value)
        elif sort.sql_type == "timestamptz":
            datetime.fromisoformat(value)
    except ValueError:
        return None
    return [value, last]


def _joined(rows: QuerySet, sort: Sort) -> QuerySet:
    """With the rows that an order stands in, where it is not a column of the model."""
    return rows.alias(**{sort.code: sort.related.relation()}) if sort.related else rows


def _beyond(spec: ListSpec, sort: Sort, up: bool, place: Sequence[str | None]) -> RawSQL:
    """The rows behind a place."""
    own, sign = spec.model._meta.db_table, ">" if up else "<"
    table, key = (sort.code, sort.related.id_column) if sort.related else (own, "id")
    if place[0] is None:
        sql = f"{table}.{sort.column} IS NULL AND {own}.id {sign} %s::{spec.id_type}"
        return RawSQL(sql, place[1:], output_field=BooleanField())
    if sort.column == "id":  # (id, id) < (x, x) would not be found in the index
        return RawSQL(f"{table}.id {sign} %s::{spec.id_type}", place[1:], output_field=BooleanField())
    sql = f"({table}.{sort.column}, {table}.{key}) {sign} (%s::{sort.sql_type}, %s::{spec.id_type})"
    return RawSQL(sql, place, output_field=BooleanField())


Heads = Callable[..., list[tuple[Any, Any, int]]]
"""(most, stores=None) -> (value, id, store) of the first rows of each store of the scope, or of these stores."""


def _first_of_all_stores(spec: ListSpec, heads_of: Heads, up: bool, most: int, *, few: int) -> list[Any]:
    """The first rows of an order: the first ones of each store by its index, then the first of those.

    One ordered query over all stores would sort every row of a group: its index begins with the store. A few of
    each store are asked for first, then more of those stores that might have more among the first. Two or three queries.
    """
    heads = heads_of(few)
    first = sorted(heads, reverse=not up)[:most]
    of_store: dict[int, list[tuple]] = defaultdict(list)
    for head in heads:
        of_store[head[-1]].append(head)

    def may_hold_more(own: list[tuple]) -> bool:
        last = max(own) if up else min(own)
        return len(first) < most or (last <= first[-1] if up else last >= first[-1])

    longer = [store for store, own in of_store.items() if few < most and len(own) == few and may_hold_more(own)]
    if longer:
        rest = [h for h in heads if h[-1] not in longer]
        first = sorted(rest + heads_of(most, longer), reverse=not up)[:most]
    found = spec.model.objects.in_bulk([row[1] for row in first])
    return [found[row[1]] for row in first if row[1] in found]


def _heads(
    rows: QuerySet, sort: Sort, up: bool, most: int, stores: Sequence[int] | None = None
) -> list[tuple[Any, UUID, int]]:
    """(value, id, store) of the first rows of each store of the scope, or of these."""
    sign = "" if up else "-"
    own = rows.filter(store_id=RawSQL("scope.store", [])).order_by(f"{sign}{sort.path}", f"{sign}id")[:most]
    try:
        sql, params = own.values_list(sort.path, "id").query.sql_with_params()
    except EmptyResultSet:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT t.value, t.id, scope.store FROM {scope.STORES} scope(store)
                CROSS JOIN LATERAL ({sql}) t(value, id)
                WHERE %s::int[] IS NULL OR scope.store = ANY (%s::int[])""",  # noqa: S608 - SQL of ours
            [*params, stores, stores],
        )
        return cursor.fetchall()


STEPS, FURTHER = 128, 2_000
"""Rows of each store that a walk looks at before it gives up where it found none; where it found some, but too few."""


def _walk(
    spec: ListSpec,
    rows: QuerySet,
    sort: Sort,
    up: bool,
    place: Sequence[str | None] | None,
    most: int,
    stores: Sequence[int] | None = None,
) -> list[tuple[Any, UUID, int]]:
    """As `_heads`, along the index of the related table, looking at each row of the model on the way.

    OFFSET 0 keeps the planner to that: a join it would do as a whole first, as row-level security makes it think that
    few rows are left (12 s against 30 ms on 1,000,000 customers, decision 0027). A store in which the first steps find
    nothing is read the other way round, from the rows that the filters leave: there are few, or they stand together.
    One that has some is walked further first.
    """
    try:
        heads, unfinished = _walked(rows, sort, up, place, most, STEPS, stores)
        if some := sorted({h[-1] for h in heads} & set(unfinished)):
            more, still = _walked(rows, sort, up, place, most, FURTHER, some)
            heads = [h for h in heads if h[-1] not in some] + more
            unfinished = [*(set(unfinished) - set(some)), *still]
    except EmptyResultSet:
        return []
    if not unfinished:
        return heads
    rows = _joined(rows, sort).filter(**{f"{sort.path}__isnull": False})
    if place:
        rows = rows.filter(_beyond(spec, sort, up, place))
    return [h for h in heads if h[-1] not in unfinished] + _heads(rows, sort, up, most, unfinished)


def _walked(
    rows: QuerySet,
    sort: Sort,
    up: bool,
    place: Sequence[str | None] | None,
    most: int,
    steps: int,
    stores: Sequence[int] | None,
) -> tuple[list[tuple[Any, UUID, int]], list[int]]:
    """What `steps` rows of each store hold, and the stores that have more rows and not yet `most` found."""
    of, sign, direction = sort.related, ">" if up else "<", "ASC" if up else "DESC"
    seen, params = rows.filter(id=RawSQL(f"v.{of.id_column}", [])).values("id").query.sql_with_params()
    behind = f"AND (v.{sort.column}, v.{of.id_column}) {sign} (%s::{sort.sql_type}, %s::uuid)" if place else ""
    way = f"""SELECT v.{sort.column}, v.{of.id_column} FROM {of.table} v
              WHERE v.store_id = scope.store AND v.{of.condition} AND v.{sort.column} IS NOT NULL {behind}
              ORDER BY v.{sort.column} {direction}, v.{of.id_column} {direction}"""  # noqa: S608 - SQL of ours
    wanted = "%s::int[] IS NULL OR scope.store = ANY (%s::int[])"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT t.value, t.id, scope.store FROM {scope.STORES} scope(store) CROSS JOIN LATERAL (
                  SELECT v.* FROM ({way} LIMIT {steps}) v WHERE EXISTS ({seen} OFFSET 0) LIMIT %s) t(value, id)
                WHERE {wanted}""",  # noqa: S608
            [*(place or ()), *params, most, stores, stores],
        )
        heads = cursor.fetchall()
        count = Counter(store for _value, _id, store in heads)
        cursor.execute(
            f"""SELECT scope.store FROM {scope.STORES} scope(store)
                WHERE ({wanted}) AND scope.store <> ALL (%s::int[]) AND EXISTS ({way} OFFSET {steps})""",  # noqa: S608
            [stores, stores, [store for store, n in count.items() if n >= most], *(place or ())],
        )
        return heads, [store for (store,) in cursor.fetchall()]
