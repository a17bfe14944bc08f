"""Which stores changed since their day was planned, so that planning again costs nothing where nothing happened.

Every table that a plan reads carries a statement trigger. It leaves one mark per store and transaction. Under
row-level security a statement can only have written to stores of its scope, so those are marked; of tables without
it, and for the owner, all stores. A run takes the marks
away in its own transaction: what commits later leaves a new mark, and a run that fails gives its marks back.
"""

from __future__ import annotations

from datetime import date

from django.db import connection, connections

from cheban.core import facts

HOUSE = (
    "org_store",
    "org_staff",
    "org_staffrole",
    "org_absence",
    "org_deputy",
    "org_training",
    "org_traininginvitation",
    "core_openingspan",
    "core_calendarday",
    "playbook_rulesetting",
)
"""Tables of the house that decide who owes what by when. They are not under row-level security."""

MARK = """
CREATE OR REPLACE FUNCTION playbook_mark_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO playbook_change (store_id, transaction)
  SELECT id, pg_current_xact_id()::text::bigint FROM org_store
  WHERE TG_ARGV[0] = 'all' OR nullif(current_setting('app.stores', true), '') IS NULL
    OR id = ANY (nullif(current_setting('app.stores', true), '')::int[])
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$"""


def watch(*, using: str) -> None:
    """Put the triggers on all tables that plans read. Runs after each migration, as owner."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT to_regclass('playbook_change') IS NOT NULL")
        if not cursor.fetchone()[0]:
            return
        cursor.execute(MARK)
        anything = "INSERT OR UPDATE OR DELETE OR TRUNCATE"
        watched = [(table, anything, "all") for table in HOUSE]
        watched += [(table, anything, "scope") for table in facts.tables()]
        watched += [("playbook_task", "DELETE OR TRUNCATE", "scope")]  # a task taken away may be planned again
        for table, when, whose in watched:
            cursor.execute(
                f"""CREATE OR REPLACE TRIGGER playbook_change AFTER {when} ON {table}
                    FOR EACH STATEMENT EXECUTE FUNCTION playbook_mark_change('{whose}')"""
            )


def take(store_ids: list[int]) -> None:
    """Take the marks of these stores away; what was planned for them, whichever day, counts no longer."""
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH taken AS (DELETE FROM playbook_change WHERE store_id = ANY(%s) RETURNING store_id)
               UPDATE playbook_planrun SET handbook = '' WHERE store_id IN (SELECT store_id FROM taken)""",
            [store_ids],
        )


def not_planned(day: date, handbook: str, store_ids: list[int]) -> list[int]:
    """Those of these stores whose plan of this day, by this handbook, does not stand."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT s FROM unnest(%s::int[]) s WHERE NOT EXISTS (SELECT 1 FROM playbook_planrun r
                 WHERE r.store_id = s AND r.on = %s AND r.handbook = %s)""",
            [store_ids, day, handbook],
        )
        return [store_id for (store_id,) in cursor.fetchall()]
