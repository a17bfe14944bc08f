"""Brings chunks of the demo into the database at COPY speed, as the application's role, under row-level security."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context

from django.db import connection, connections

from cheban.core import events
from cheban.customers.importing import bulk, workers
from cheban.customers.importing.prepare import OWNERSHIP_COLUMNS, POINT_COLUMNS, READING_COLUMNS
from cheban.site.demo import story
from cheban.site.demo.parts import Chunk, Part
from cheban.workshop.importing import LINE_COLUMNS, ORDER_COLUMNS

TABLES = (
    ("customer", "customers_customer", story.CUSTOMERS),
    ("point", "customers_contactpoint", POINT_COLUMNS),
    ("vehicle", "customers_vehicle", story.VEHICLES),
    ("ownership", "customers_vehicleownership", OWNERSHIP_COLUMNS),
    ("reading", "customers_odometerreading", READING_COLUMNS),
    ("order", "workshop_repairorder", ORDER_COLUMNS),
    ("order_line", "workshop_repairorderline", LINE_COLUMNS),
    ("consent", "customers_consent", story.CONSENTS),
)
EVENTS = (
    "customer.recorded",
    "vehicle.purchased",
    "vehicle.changed_hands",
    "repair_order.imported",
    "consent.refused",
)


def write(chunk: Chunk) -> None:
    """One chunk into its tables, with its events. Needs the store's scope and a transaction."""
    with connection.cursor() as cursor:
        for name, table, columns in TABLES:
            if chunk.lines[name]:
                bulk.insert(cursor, table, columns, chunk.lines[name])
        cursor.execute(
            """CREATE TEMP TABLE IF NOT EXISTS demo_told (name text, store_id int, at timestamptz, actor_id int,
                 customer_id uuid, vehicle_id uuid, facts jsonb) ON COMMIT DROP"""
        )
        cursor.execute("TRUNCATE demo_told")
        with cursor.copy("COPY demo_told FROM STDIN") as copy:
            lines = chunk.lines["told"]
            for start in range(0, len(lines), 2000):
                copy.write(("\n".join(lines[start : start + 2000]) + "\n").encode())
        for name in EVENTS:
            events.record_from(
                cursor,
                name,
                """SELECT store_id, at, actor_id, customer_id, vehicle_id, facts FROM demo_told
                   WHERE name = %(event_name)s ORDER BY at""",
                is_history=True,
            )


def chunks(parts: Sequence[Part], *, processes: int) -> Iterator[Chunk]:
    """The chunks of these parts in their order: made here, or by `processes` others, never many ahead."""
    if processes == 0:
        yield from map(story.make, parts)
        return
    connection.close()  # a child must never see this socket
    waiting: deque[Future[Chunk]] = deque()
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=workers.start) as pool:
        for part in parts:
            waiting.append(pool.submit(story.make, part))
            if len(waiting) > processes + 1:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def refresh_statistics(*, is_last: bool = False) -> None:
    """ANALYZE as the owner, where that connection is offered; at the end with VACUUM.

    Tables that grew a hundredfold in a minute have statistics of before, and the planner's joins suffer.
    """
    if "owner" not in connections.settings:
        return
    with connections["owner"].cursor() as cursor:
        tables = ", ".join([*(table for _name, table, _columns in TABLES), "core_event", "playbook_task"])
        cursor.execute(f"{'VACUUM (ANALYZE)' if is_last else 'ANALYZE'} {tables}")
    connections["owner"].close()
