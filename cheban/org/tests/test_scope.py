"""Row-level security: one place, fails closed. R019, architecture 'Row-level security'."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from cheban.core.models import Event
from cheban.customers.models import Customer
from cheban.org import scope
from tests import given


def count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608
        return cursor.fetchone()[0]


@pytest.mark.req("R019")
def test_a_raw_query_without_scope_sees_nothing(cast):
    given.customer(cast.a)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.stores', '', true)")
    assert count("customers_customer") == 0
    assert count("customers_contactpoint") == 0


@pytest.mark.req("R019")
def test_each_store_sees_its_own_rows_only(cast):
    given.customer(cast.a, "甲客户")
    scope.set_stores([cast.b.id])
    given.customer(cast.b, "乙客户", phone="13900000000")
    assert list(Customer.objects.values_list("name", flat=True)) == ["乙客户"]
    scope.set_stores([cast.a.id, cast.b.id])
    assert Customer.objects.count() == 2


@pytest.mark.req("R019")
def test_a_row_cannot_be_written_into_a_store_out_of_scope(cast):
    with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
        given.customer(cast.b)


@pytest.mark.req("R019")
def test_every_table_with_a_store_is_under_the_policy(db):
    with connection.cursor() as cursor:
        cursor.execute("""SELECT c.table_name FROM information_schema.columns c JOIN pg_class k ON k.relname = c.table_name
            WHERE c.table_schema = 'public' AND c.column_name = 'store_id' AND NOT k.relrowsecurity AND k.relkind = 'r'""")
        unprotected = {row[0] for row in cursor.fetchall()}
    assert unprotected == set(scope.OPEN_TABLES)


def test_the_application_role_owns_nothing_and_cannot_bypass(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False, False)
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tableowner = current_user")
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize(
    "statement", ["UPDATE core_event SET name = 'x'", "DELETE FROM core_event", "DELETE FROM core_auditentry"]
)
def test_what_happened_cannot_be_changed(cast, statement):
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_search_sees_nothing_without_scope(cast):
    given.customer(cast.a, "王小明")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM customers_search('王', '', NULL, NULL, 8)")
        assert cursor.fetchone()[0] == 1
        cursor.execute("SELECT set_config('app.stores', '', true)")
        cursor.execute("SELECT count(*) FROM customers_search('王', '', NULL, NULL, 8)")
        assert cursor.fetchone()[0] == 0


def test_scope_ends_with_its_transaction(committed):
    cast = given_committed()
    with scope.use([cast.a.id]):
        given.customer(cast.a)
        assert Event.objects.count() >= 0
    assert Customer.objects.count() == 0


def given_committed():
    with transaction.atomic():
        return given.cast(scoped=False)
