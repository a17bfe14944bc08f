"""Which rules hold where: the house's default, changed by the group, changed by the store.

`RuleSetting` is append-only; of each rule and level the newest row counts. Stores with the same numbers share one
`Rule`, so that planning stays one statement: a rule is asked once for each different set of numbers, not once for
each store (as long as nobody changed anything: once).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection

from cheban.core.once import once
from cheban.playbook.knobs import applied, defaults
from cheban.playbook.rules import HANDBOOK, Budget, Rule

Draft = tuple[str, Mapping[str, Any]]
"""A rule's code and the values to try instead of those that hold."""


@dataclass(frozen=True, slots=True)
class Effective:
    """A rule as it holds in one store; `source` tells of each knob 'house', 'group' or 'store'."""

    rule: Rule
    is_on: bool
    values: dict[str, Any]
    source: dict[str, str]


def chosen(store_ids: Iterable[int]) -> dict[int, dict[str, list[tuple[str, dict[str, Any]]]]]:
    """Per store and rule what was chosen: ('group', values) first, then ('store', values). One query."""
    return _chosen(tuple(store_ids))


@once
def _chosen(store_ids: tuple[int, ...]) -> dict[int, dict[str, list[tuple[str, dict[str, Any]]]]]:
    found: dict[int, dict[str, list[tuple[str, dict[str, Any]]]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT s.id, n.rule, CASE WHEN n.store_id IS NULL THEN 'group' ELSE 'store' END, n.values::text
               FROM org_store s JOIN (
                 SELECT DISTINCT ON (group_id, store_id, rule) group_id, store_id, rule, values
                 FROM playbook_rulesetting ORDER BY group_id, store_id, rule, id DESC) n
                 ON n.group_id = s.group_id AND (n.store_id IS NULL OR n.store_id = s.id)
               WHERE s.id = ANY (%s) AND n.values <> '{}'::jsonb ORDER BY s.id, n.rule, n.store_id NULLS FIRST""",
            [list(store_ids)],
        )
        for store_id, rule, level, values in cursor.fetchall():
            found.setdefault(store_id, {}).setdefault(rule, []).append((level, json.loads(values)))
    return found


def merged(levels: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, Any]:
    """What holds of several levels: the nearer one wins, knob by knob."""
    values: dict[str, Any] = {}
    for _level, of_level in levels:
        values |= of_level
    return values


def variants(
    store_ids: list[int], rules: Iterable[Rule], *, draft: Draft | None = None
) -> list[tuple[Rule, list[int]]]:
    """Each rule with the stores where it holds with these very numbers; stores that switched it off are left out.

    A rule that nobody changed comes back as it is, with all stores.
    """
    by_store = chosen(store_ids)
    found: list[tuple[Rule, list[int]]] = []
    for rule in rules:
        alike: dict[tuple, list[int]] = {}
        for store_id in store_ids:
            values = merged(by_store.get(store_id, {}).get(rule.code, ()))
            if draft and draft[0] == rule.code:
                values = dict(draft[1])
            alike.setdefault(tuple(sorted(values.items())), []).append(store_id)
        for number, (pairs, stores) in enumerate(sorted(alike.items(), key=lambda a: repr(a[0]))):
            values = dict(pairs)
            if not values.get("on", 1):
                continue
            changed = applied(rule, values)
            found.append((replace(changed, variant=f"_v{number}") if number else changed, stores))
    return found


def rules_of(store_ids: Iterable[int]) -> dict[tuple[int, str], Rule]:
    """(store, code) -> the rule with that store's numbers; those switched off too (open tasks keep their clocks)."""
    stores = list(store_ids)
    by_store = chosen(stores)
    return {
        (store_id, code): applied(rule, merged(by_store.get(store_id, {}).get(code, ())))
        for store_id in stores
        for code, rule in HANDBOOK.rules.items()
    }


def of_store(store_id: int) -> dict[str, Effective]:
    """Every rule as it holds in this store, with where each value comes from."""
    by_rule = chosen([store_id]).get(store_id, {})
    found = {}
    for code, rule in HANDBOOK.rules.items():
        values = defaults(rule)
        source = dict.fromkeys(values, "house")
        for level, of_level in by_rule.get(code, ()):
            known = {key: value for key, value in of_level.items() if key in values}
            values |= known
            source |= dict.fromkeys(known, level)
        found[code] = Effective(applied(rule, values), bool(values["on"]), values, source)
    return found


def promised(store_id: int, code: str) -> Budget:
    """The time within which a rule's first duty is owed in this store, for a room that tells a customer so or judges
    whether the word was kept. One query. Raises KeyError for an unknown rule."""
    values = merged(chosen([store_id]).get(store_id, {}).get(code, ()))
    return applied(HANDBOOK.rules[code], values).owes[0].within
