"""Indices are built beside the running house, and a build that was killed begins anew."""

from __future__ import annotations

from types import SimpleNamespace

from django.apps import apps
from django.db import connections

from cheban.core.indexes import BuildIndex
from cheban.customers.models import Customer


def _is_valid(name: str) -> list[bool]:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [name])
        return [row[0] for row in cursor.fetchall()]


def test_a_build_that_was_killed_is_run_again(committed):
    index = next(i for i in Customer._meta.indexes if i.name == "customer_keeper")
    with connections["owner"].cursor() as cursor:  # as a kill in the middle leaves it
        cursor.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'customer_keeper'::regclass")
    assert _is_valid("customer_keeper") == [False]
    with connections["owner"].schema_editor(atomic=False) as editor:
        BuildIndex("customer", index).database_forwards("customers", editor, None, SimpleNamespace(apps=apps))
    assert _is_valid("customer_keeper") == [True]
