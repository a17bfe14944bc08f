"""The audit trail tells when somebody touched it. R019, reliability row 40."""

from __future__ import annotations

import psycopg
import pytest
from django.conf import settings
from django.db import ProgrammingError, connection, connections, transaction

from cheban.core import audit, clock
from cheban.core.models import AuditEntry
from cheban.org import scope
from cheban.org.access import audit as note
from cheban.org.access import system_actor
from tests import given

ROWS = 10_000


@pytest.fixture
def owner():
    url = settings.DATABASES["owner"]
    with psycopg.connect(
        host=url["HOST"], port=url["PORT"] or None, user=url["USER"], password=url["PASSWORD"], dbname=url["NAME"],
        autocommit=True,
    ) as found:  # fmt: skip
        yield found


@pytest.fixture
def trail(committed, owner):
    """Ten thousand audit rows of two stores, one of no store, linked."""
    cast = given.cast(scoped=False)
    with scope.use([cast.a.id, cast.b.id]):
        AuditEntry.objects.bulk_create(
            AuditEntry(
                store_id=(cast.a.id, cast.b.id)[n % 2],
                actor_id=n % 7,
                action="pii.revealed",
                subject=f"customer:{n}",
                reason="客户来电核对 ¥1",
                facts={"field": "mobile", "n": n},
            )
            for n in range(ROWS - 1)
        )
        note("keys.made", by=system_actor([]), subject="keys")
    assert link() == ROWS
    return cast


def link() -> int:
    done = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            linked = audit.link_new(cursor)
        done += linked
        if not linked:
            return done


def test_a_trail_that_nobody_touched_holds_and_is_linked_once(trail, owner):
    assert link() == 0
    found = audit.verify(owner)
    assert (found.rows, found.waiting, found.broken) == (ROWS, 0, [])


@pytest.mark.req("R019")
@pytest.mark.parametrize(
    "change",
    [
        "reason = overlay(reason placing '已' from 1 for 1)",
        "at = at + interval '1 microsecond'",
        "actor_id = NULL",
        "facts = facts || '{\"n\": 0.5}'",
        "store_id = NULL",
    ],
)
def test_one_changed_byte_in_ten_thousand_rows_is_found_and_its_row_named(trail, owner, change):
    [victim] = owner.execute("SELECT id FROM core_auditentry ORDER BY id OFFSET 6001 LIMIT 1").fetchone()
    owner.execute(f"UPDATE core_auditentry SET {change} WHERE id = %s", [victim])  # noqa: S608
    assert [(b.entry_id, b.problem) for b in audit.verify(owner).broken] == [(victim, "changed")]


def test_a_removed_row_a_removed_link_and_a_cut_end_are_found(trail, owner, tmp_path):
    anchors = tmp_path / "anchors"
    with connection.cursor() as cursor:
        audit.anchor(anchors, cursor, at=clock.now())
        audit.anchor(anchors, cursor, at=clock.now())
    assert len(anchors.read_text().splitlines()) == 1, "the same link is written once"
    assert audit.verify(owner, anchors).broken == []

    owner.execute("DELETE FROM core_auditentry WHERE id = (SELECT entry_id FROM core_auditlink WHERE seq = 77)")
    assert [(b.seq, b.problem) for b in audit.verify(owner, anchors).broken] == [(77, "removed")]
    owner.execute("DELETE FROM core_auditlink WHERE seq = 77")
    assert (77, "removed") in [(b.seq, b.problem) for b in audit.verify(owner, anchors).broken]

    owner.execute("DELETE FROM core_auditlink WHERE seq > 9000")
    assert (ROWS, "cut") in [(b.seq, b.problem) for b in audit.verify(owner, anchors).broken]


def test_a_link_made_without_the_key_does_not_hold(trail, owner):
    owner.execute("UPDATE core_auditlink SET hash = sha256(hash) WHERE seq = 5")
    assert audit.verify(owner).broken[0].seq == 5


@pytest.mark.req("R019")
@pytest.mark.parametrize("table", ["core_auditentry", "core_auditlink"])
@pytest.mark.parametrize("deed", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_applications_role_can_neither_change_nor_remove_what_was_written(cast, table, deed):
    column = "id" if table == "core_auditentry" else "seq"
    refused = pytest.raises(ProgrammingError, match="permission denied")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(deed.format(table, column, column))


def test_rows_of_other_stores_are_linked_but_not_seen(trail):
    with scope.use([trail.a.id]):
        assert AuditEntry.objects.count() < ROWS
    connections["default"].close()
