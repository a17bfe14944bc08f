"""Who sees what, and what is written down when somebody looks."""

from __future__ import annotations

from django.db import transaction

from cheban.org import scope
from cheban.site.simulation.invariants.base import Found, invariant, rows


@invariant("Two stores never see each other's rows, and no row hangs on another store's.")
def stores_see_only_their_own(cursor, stores, world) -> Found:
    found: Found = []
    if cursor.db.alias == "default":
        for store in stores:
            with transaction.atomic():
                scope.set_stores([store])
                for table in scope.scoped_tables():
                    cursor.execute(f"SELECT count(*) FROM {table} WHERE store_id <> %s", [store])  # noqa: S608
                    if count := cursor.fetchone()[0]:
                        found.append(f"store {store} sees {count} rows of others in {table}")
                scope.set_stores(stores)
    for table, column, other in (
        ("playbook_task", "customer_id", "customers_customer"),
        ("playbook_task", "vehicle_id", "customers_vehicle"),
        ("customers_contactpoint", "customer_id", "customers_customer"),
        ("customers_vehicle", "owner_id", "customers_customer"),
        ("customers_vehicleownership", "vehicle_id", "customers_vehicle"),
        ("customers_odometerreading", "vehicle_id", "customers_vehicle"),
        ("customers_consent", "customer_id", "customers_customer"),
        ("workshop_repairorder", "customer_id", "customers_customer"),
        ("workshop_repairorder", "vehicle_id", "customers_vehicle"),
    ):
        found += rows(
            cursor,
            f"""SELECT '{table}' AS what, a.id FROM {table} a JOIN {other} b ON b.id = a.{column}
                WHERE a.store_id <> b.store_id""",  # noqa: S608
        )
    return found


@invariant("Every look at a whole number or address left its line in the audit.")
def every_reveal_is_audited(cursor, stores, world) -> Found:
    if world is None:
        return []
    cursor.execute("SELECT count(*) FROM core_auditentry WHERE action = 'pii.revealed' AND reason <> ''")
    told = cursor.fetchone()[0]
    return [] if told >= world.count["reveals"] else [f"{world.count['reveals']} looks, {told} lines"]
