"""Three custom fields of the whole group, filled in for some of each store's customers and vehicles. Y09."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from cheban.customers.fields import commands
from cheban.org import scope
from cheban.org.access import system_actor
from cheban.org.levels import Level
from cheban.org.models import Store

SOME = 150
"""Customers and vehicles of each store that were asked."""


def tell(stores: Sequence[Store]) -> None:
    """Define them and fill them in: the same rows get the same values every time."""
    ids = tuple(store.id for store in stores)
    with scope.use(ids):
        level, by = Level(stores[0].group_id, None, ids), system_actor(ids)
        way = commands.define(
            by=by,
            level=level,
            subject="customer",
            label="来店交通方式",
            kind="choice",
            choices=["自驾", "地铁", "公交", "打车"],
            hint="送修时怎样回去，也这样问",
        )
        film = commands.define(by=by, level=level, subject="vehicle", label="贴膜日期", kind="date")
        mats = commands.define(by=by, level=level, subject="vehicle", label="是否加装脚垫", kind="yes_no")
        codes = [choice["code"] for choice in way.choices]
        with connection.cursor() as cursor:
            cursor.execute(
                """UPDATE customers_customer c SET extra = jsonb_build_object(%s::text, (%s::text[])[1 + n.n %% 4])
                   FROM (SELECT id, row_number() OVER (PARTITION BY store_id ORDER BY id) AS n FROM customers_customer
                         WHERE store_id = ANY (%s)) n
                   WHERE c.id = n.id AND n.n <= %s""",
                [way.key, codes, list(ids), SOME],
            )
            cursor.execute(
                """UPDATE customers_vehicle v SET extra = jsonb_strip_nulls(jsonb_build_object(
                     %s::text, CASE WHEN n.n %% 3 > 0 THEN to_char(v.purchased_on + 6 + n.n::int %% 9, 'YYYY-MM-DD') END,
                     %s::text, n.n %% 5 > 0))
                   FROM (SELECT id, row_number() OVER (PARTITION BY store_id ORDER BY id) AS n FROM customers_vehicle
                         WHERE store_id = ANY (%s)) n
                   WHERE v.id = n.id AND n.n <= %s""",
                [film.key, mats.key, list(ids), SOME],
            )
