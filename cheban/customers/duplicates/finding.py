"""Which files may be one person: evidence, weighed, in one statement for stores of any size. R021, ux 16.

A phone alone proves nothing, families share one; a second sign must agree (name, identity number, car). What
contradicts (another identity number, another birthday) counts against. A pair that somebody called 'not the
same person' is never proposed again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from cheban.core import clock

REASONS = {
    "id_number": (_("证件号相同"), 60),
    "phone": (_("电话相同"), 40),
    "plate": (_("车牌相同"), 35),
    "vin": (_("同一辆车先后登记"), 35),
    "number": (_("客户编号相同"), 35),
    "name": (_("姓名相同"), 30),
    "sound": (_("姓名读音相同"), 25),
    "courtesy": (_("同姓，一份只记了称呼"), 20),
    "birthday": (_("生日相同"), 15),
    "other_birthday": (_("生日不同"), -20),
    "other_gender": (_("性别不同"), -15),
    "other_id_number": (_("证件号不同"), -60),
}
"""Sign -> what it is called and what it weighs."""
ENOUGH = 60
"""Points from which a pair is proposed."""
CROWD = 8
"""A phone or plate on more files than this says nothing (a fleet's switchboard, a dealer plate) and is passed over."""

_COURTESY = "^.{1,2}(先生|女士|小姐|太太|总|老师|师傅|经理)$"

_SIGNS = """
  SELECT p.store_id, p.customer_id a, q.customer_id b, 'phone' sign FROM customers_contactpoint p
    JOIN customers_contactpoint q ON q.store_id = p.store_id AND q.value_blind = p.value_blind
    WHERE p.kind IN ('mobile', 'landline') AND {p.customer_id} {p.customer_id~q.customer_id}
      AND (SELECT count(*) FROM (SELECT 1 FROM customers_contactpoint z WHERE z.store_id = p.store_id
             AND z.value_blind = p.value_blind LIMIT %(crowd)s + 1) z) <= %(crowd)s
  UNION ALL
  SELECT p.store_id, p.id, q.id, 'id_number' FROM customers_customer p
    JOIN customers_customer q ON q.store_id = p.store_id AND q.id_number_blind = p.id_number_blind
    WHERE p.id_number_blind IS NOT NULL AND {p.id} {p.id~q.id}
  UNION ALL
  SELECT p.store_id, p.id, q.id, 'number' FROM customers_customer p
    JOIN customers_customer q ON q.store_id = p.store_id AND q.customer_no = p.customer_no AND q.customer_no <> ''
    WHERE p.customer_no <> '' AND {p.id} {p.id~q.id}
  UNION ALL
  SELECT p.store_id, p.owner_id, q.owner_id, 'plate' FROM customers_vehicle p
    JOIN customers_vehicle q ON q.store_id = p.store_id AND q.plate_number = p.plate_number AND q.plate_number <> ''
    WHERE p.plate_number <> '' AND {p.owner_id} {p.owner_id~q.owner_id}
      AND (SELECT count(*) FROM (SELECT 1 FROM customers_vehicle z WHERE z.store_id = p.store_id
             AND z.plate_number = p.plate_number LIMIT %(crowd)s + 1) z) <= %(crowd)s
  UNION ALL
  SELECT p.store_id, p.customer_id, q.customer_id, 'vin' FROM customers_vehicleownership p
    JOIN customers_vehicleownership q ON q.vehicle_id = p.vehicle_id
    WHERE {p.customer_id} {p.customer_id~q.customer_id}
"""

_GROUPS = """
  SELECT g.store_id, a.id a, b.id b, '{sign}' sign FROM (
    SELECT store_id, array_agg(DISTINCT {who}) ids FROM {table} WHERE {where}
    GROUP BY store_id, {same} HAVING count(*) BETWEEN 2 AND %(crowd)s) g
  CROSS JOIN LATERAL unnest(g.ids) a(id) CROSS JOIN LATERAL unnest(g.ids) b(id) WHERE a.id < b.id"""
_ALL = " UNION ALL ".join(
    _GROUPS.format(sign=sign, who=who, table=table, where=where, same=same)
    for sign, who, table, where, same in (
        ("phone", "customer_id", "customers_contactpoint", "kind IN ('mobile', 'landline')", "value_blind"),
        ("id_number", "id", "customers_customer", "id_number_blind IS NOT NULL", "id_number_blind"),
        ("number", "id", "customers_customer", "customer_no <> ''", "customer_no"),
        ("plate", "owner_id", "customers_vehicle", "plate_number <> '' AND owner_id IS NOT NULL", "plate_number"),
        ("vin", "customer_id", "customers_vehicleownership", "customer_id IS NOT NULL", "vehicle_id"),
    )
)
"""The signs among all customers of the scope: each table is gone through once, however many rows it has."""

_FIND = """
WITH sign AS MATERIALIZED ({signs}),
paired AS (
  SELECT store_id, least(a, b) l, greatest(a, b) r, array_agg(DISTINCT sign) signs
  FROM sign WHERE a <> b GROUP BY 1, 2, 3),
weighed AS (
  SELECT s.store_id, s.l, s.r, s.signs || array_remove(ARRAY[
      CASE WHEN c.name = d.name THEN 'name'
        WHEN c.name_full_pinyin <> '' AND c.name_full_pinyin = d.name_full_pinyin THEN 'sound'
        WHEN left(c.name, 1) = left(d.name, 1) AND (c.name ~ %(courtesy)s OR d.name ~ %(courtesy)s) THEN 'courtesy' END,
      CASE WHEN c.birth_on = d.birth_on THEN 'birthday' WHEN c.birth_on <> d.birth_on THEN 'other_birthday' END,
      CASE WHEN c.gender <> d.gender AND c.gender <> '' AND d.gender <> '' THEN 'other_gender' END,
      CASE WHEN c.id_number_blind <> d.id_number_blind THEN 'other_id_number' END], NULL) signs
  FROM paired s JOIN customers_customer c ON c.id = s.l JOIN customers_customer d ON d.id = s.r),
scored AS (
  SELECT w.*, (SELECT sum((%(weights)s::jsonb ->> u)::int) FROM unnest(w.signs) u) score FROM weighed w)
INSERT INTO customers_duplicatepair (store_id, left_id, right_id, score, reasons, state, found_at)
SELECT store_id, l, r, least(score, 100), signs, 'proposed', %(at)s FROM scored WHERE score >= %(enough)s
ON CONFLICT (left_id, right_id) DO UPDATE SET score = excluded.score, reasons = excluded.reasons,
  found_at = excluded.found_at
WHERE customers_duplicatepair.state = 'proposed'
"""


def _sql(few: bool) -> str:
    """The statement for all customers of the scope, or for few of them (found by their own index entries)."""
    if not few:
        return _FIND.format(signs=_ALL)
    signs = _SIGNS
    for column in ("p.customer_id", "p.id", "p.owner_id"):
        other = column.replace("p.", "q.")
        signs = signs.replace(f"{{{column}~{other}}}", f"AND {column} <> {other}")
        signs = signs.replace(f"{{{column}}}", f"{column} = ANY (%(ids)s)")
    return _FIND.format(signs=signs)


def find(*, customer_ids: Sequence[UUID] | None = None) -> int:
    """Propose the pairs of the running scope, or of these customers only; returns how many stand proposed of them.

    Proposals whose evidence is gone disappear. Safe to repeat.
    """
    at = clock.now()
    ids = list(customer_ids) if customer_ids is not None else None
    if ids == []:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM customers_duplicatepair WHERE state = 'proposed'"  # noqa: S608 - two fixed texts
            + (" AND (left_id = ANY (%(ids)s) OR right_id = ANY (%(ids)s))" if ids is not None else ""),
            {"ids": ids},
        )
        cursor.execute(
            _sql(ids is not None),
            {
                "ids": ids,
                "at": at,
                "crowd": CROWD,
                "enough": ENOUGH,
                "courtesy": _COURTESY,
                "weights": json.dumps({sign: weight for sign, (_label, weight) in REASONS.items()}),
            },
        )
        return cursor.rowcount
