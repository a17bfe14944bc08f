"""Indices are built beside the running house, and a build that was killed begins anew."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import IntegrityError, connections, transaction

from cheban.core.indexes import BuildIndex
from cheban.customers.models import Customer
from tests import given


def _is_valid(name: str) -> list[bool]:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [name])
        return [row[0] for row in cursor.fetchall()]


def test_a_build_that_ended_half_way_is_run_again(committed):
    index = next(i for i in Customer._meta.indexes if i.name == "customer_keeper")
    with transaction.atomic():
        cast = given.cast()
        for number in range(2):
            given.customer(cast.a, f"客户{number}", phone=f"1380000123{number}")
    with connections["owner"].cursor() as cursor:  # a build that fails leaves what a killed one leaves
        cursor.execute("DROP INDEX customer_keeper")
        with pytest.raises(IntegrityError):
            cursor.execute("CREATE UNIQUE INDEX CONCURRENTLY customer_keeper ON customers_customer (kind)")
    assert _is_valid("customer_keeper") == [False]
    with connections["owner"].schema_editor(atomic=False) as editor:
        BuildIndex("customer", index).database_forwards("customers", editor, None, SimpleNamespace(apps=apps))
    assert _is_valid("customer_keeper") == [True]
