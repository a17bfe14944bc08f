"""Which rows one may see: decided here and nowhere else, enforced by PostgreSQL row-level security. R019.

Every table with a `store_id` gets one policy: `store_id` must be in the transaction's setting `app.stores`.
Without the setting a query sees nothing. `use()` opens a transaction and sets it, for a request, a job or a
command line; the setting ends with the transaction, so a pooled connection carries nothing over.

The application's database role owns nothing and cannot bypass policies; migrations run as the owner.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.apps import apps
from django.db import connection, models, transaction

from cheban.core.errors import NotPermitted

POLICY = "(store_id = any((select nullif(current_setting('app.stores', true), ''))::int[]))"
OF_GROUP = f"""({POLICY} OR (store_id IS NULL AND group_id IN (SELECT s.group_id FROM org_store s
              WHERE s.id = any((select nullif(current_setting('app.stores', true), ''))::int[]))))"""  # noqa: S608 - ours
"""For rows of a store or, without one, of a whole group: they are seen in each of its stores."""
STORES = "unnest((nullif(current_setting('app.stores', true), ''))::int[])"
"""The scope's stores as rows, for SQL that goes through them one by one."""
APPEND_ONLY = (
    "core_event",
    "core_auditentry",
    "core_auditlink",
    "playbook_rulesetting",
    "org_trainingmaterial",
    "org_trainingcertificate",
    "org_trainingtry",
    "scorecard_practicepage",
    "scorecard_incentivescheme",
    "scorecard_careerladder",
    "scorecard_careerstep",
    "scorecard_paidline",
    "voice_goodwilllimit",
)
GROUP_OR_STORE = (
    "customers_fielddefinition",
    "scorecard_target",
    "scorecard_practicepage",
    "scorecard_incentivescheme",
    "scorecard_careerladder",
    "voice_goodwilllimit",
)
# Not customer data, and needed without a scope: a store's own calendar, who works where, that something changed,
# what a group chose about a rule (its row has no store, and every store's plan reads it).
OPEN_TABLES = (
    "core_openingspan",
    "core_calendarday",
    "core_eventdelivery",
    "org_staffrole",
    "playbook_change",
    "playbook_rulesetting",
)


class StoreScoped(models.Model):
    """A row that belongs to one store; row-level security hides it from all others."""

    store = models.ForeignKey("org.Store", on_delete=models.PROTECT, db_index=False)

    class Meta:
        abstract = True


def scoped_tables() -> list[str]:
    """Tables under the policy: every model with a `store_id` column but the open ones."""
    found = []
    for model in apps.get_models():
        columns = {field.column for field in model._meta.concrete_fields}
        table = model._meta.db_table
        if "store_id" in columns and table not in OPEN_TABLES and model._meta.managed:
            found.append(table)
    return sorted(found)


def apply_policies(*, using: str, app_role: str) -> None:
    """Bring policies and grants of all tables in line with the models. Runs after each migration, as owner."""
    with transaction.atomic(using=using), transaction.get_connection(using).cursor() as cursor:
        quoted = '"' + app_role.replace('"', '""') + '"'
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {quoted}")
        cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {quoted}")
        cursor.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {quoted}")
        cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {quoted}")
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        existing = {name for (name,) in cursor.fetchall()}
        for table in APPEND_ONLY:
            if table in existing:
                cursor.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {quoted}")
        if "core_datakey" in existing:
            cursor.execute(f"REVOKE INSERT, UPDATE, DELETE ON core_datakey FROM {quoted}")
        for table in scoped_tables():
            if table not in existing:
                continue
            seen = OF_GROUP if table in GROUP_OR_STORE else POLICY
            check = seen if table != "core_auditentry" else f"(store_id IS NULL OR {POLICY})"
            cursor.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            cursor.execute(f"DROP POLICY IF EXISTS store_scope ON {table}")
            cursor.execute(f"CREATE POLICY store_scope ON {table} USING {seen} WITH CHECK {check}")


def set_stores(store_ids: Iterable[int], *, actor_id: int | None = None) -> None:
    """Set the scope for the rest of the running transaction. Needs one: else the setting would be lost."""
    if not connection.in_atomic_block:
        raise NotPermitted("scope needs a transaction")
    stores = "{" + ",".join(str(int(i)) for i in sorted(set(store_ids))) + "}"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('app.stores', %s, true), set_config('app.actor', %s, true)",
            [stores, str(actor_id or "")],
        )


@contextmanager
def use(store_ids: Iterable[int], *, actor_id: int | None = None) -> Iterator[None]:
    """A transaction that sees these stores only (jobs, command line, tests)."""
    with transaction.atomic():
        set_stores(store_ids, actor_id=actor_id)
        yield
