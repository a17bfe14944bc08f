"""`python -m bench lists`: pages of the customer list, and the whole list out as a file, over 50 stores.

Pages: p95 of the whole request (permission, filters, rows, template) for a group administrator who sees all stores.
Export: rows a second and peak memory of a process that does nothing else, unsealing and masking every phone.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Callable

Row = Callable[[str, str, str, bool], str]
PAGES = {
    "first page": "/customers/?all=1",
    "filter by tier": "/customers/?tier=gold",
    "filter by series": "/customers/?series=速腾",
    "two filters, sorted": "/customers/?tier=gold&spent_from=100&sort=spent",
    "sort by visit": "/customers/?sort=visited",
    "sort by spent, smallest first": "/customers/?sort=spent.up",
    "a tag that five have": "/customers/?tag=罕见",
    "a tag that a third have": "/customers/?tag=常客",
    "filter that nothing matches": "/customers/?kind=company",
    "search by pinyin": "/customers/?q=zhangxiao99",
}
FIELDS = (("way", "choice"), ("points", "number"), ("on", "date"))
OF_FIELDS = {
    "custom choice, one of 1,000": "/customers/?x{way}=rare",
    "custom choice, one of three": "/customers/?x{way}=often",
    "custom choice not filled in": "/customers/?x{way}=none",
    "custom number from, to": "/customers/?x{points}.from=500&x{points}.to=510",
    "custom number from, sorted by it": "/customers/?x{points}.from=500&sort=x{points}",
    "sorted by a custom day": "/customers/?sort=x{on}",
    "custom choice and tier, sorted by a custom number": "/customers/?x{way}=often&tier=gold&sort=x{points}.up",
}
"""Filters and orders of custom fields, with the ids of the fields."""
RARE = """UPDATE customers_customer SET tags = '{罕见}'
          WHERE id IN (SELECT id FROM customers_customer WHERE store_id = %s LIMIT 5)"""
ROUNDS = 25
PAGE_MS, CLICK_MS = 150, 500
ROWS_PER_SECOND = 20_000
PEAK_MB = 400
CHILD = """
import json, resource, sys, time
import django
django.setup()
from cheban.lists.exporting import run
from cheban.lists.models import Export
begin = time.perf_counter()
run.write(sys.argv[1])
took = time.perf_counter() - begin
export = Export.objects.get(id=sys.argv[1])
print(json.dumps([export.state, export.rows_done, took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                  export.file_bytes, export.problem]))
"""


def define(store_id: int) -> dict[str, int]:
    """Custom fields of the whole group of this store: name -> id."""
    from cheban.customers.models import FieldDefinition
    from cheban.org.models import Store

    group = Store.objects.get(id=store_id).group_id
    choices = [{"code": code, "label": code} for code in ("rare", "often", "seldom")]
    return {
        code: FieldDefinition.objects.using("owner")
        .create(group_id=group, subject="customer", code=code, label=code, kind=kind, choices=choices)
        .id
        for code, kind in FIELDS
    }


def fill(size: int) -> tuple[list[int], dict[str, int]]:
    """`size` customers over 50 stores, each with a sealed phone, a vehicle and custom fields; the stores, the fields."""
    from django.db import connections

    from cheban.core import privacy
    from cheban.org import commands

    stores = [commands.create_store(group="lists", code=f"L{n}", name=f"列表 {n} 店").id for n in range(50)]
    fields = define(stores[0])
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            """INSERT INTO customers_customer (extra, id, store_id, kind, name, name_full_pinyin, name_initials, name_other_pinyin,
                 customer_no, gender, occupation, region, preferred_channel, preferred_time, source, family, habits,
                 special_requests, remarks, tags, tier, refused_purposes, visits, spent_fen, last_visit_on)
               SELECT jsonb_strip_nulls(jsonb_build_object(%s::text, CASE WHEN i %% 1000 = 7 THEN 'rare' WHEN i %% 3 = 0
                 THEN 'often' WHEN i %% 3 = 1 THEN 'seldom' END, %s::text, (i::bigint * 7919 %% 100000) / 100.0, %s::text,
                 (current_date - i %% 2000)::text)), uuidv7(), (%s::int[])[1 + i %% 50], 'person', '张小' || i, 'zhangxiao' || i, 'zx' || i, '', '', 'm', '', '',
                 '', '', 'purchase', '', '', '', '', CASE WHEN i %% 3 = 0 THEN ARRAY['常客', '保养']::varchar[] ELSE '{}' END,
                 CASE WHEN i %% 10 = 0 THEN 'gold' ELSE 'ordinary' END, '{}', i %% 9, i * 37 %% 1000000,
                 current_date - (i %% 700) FROM generate_series(1, %s) i RETURNING id, store_id""",
            [str(fields["way"]), str(fields["points"]), str(fields["on"]), stores, size],
        )
        people = cursor.fetchall()
        with cursor.copy(
            "COPY customers_contactpoint (id, store_id, customer_id, kind, value_sealed, value_blind, tail_bucket, is_primary)"
            " FROM STDIN"
        ) as copy:
            for number, (customer, store) in enumerate(people):
                own = uuid.uuid4()
                phone = f"+86138{number:08d}"
                sealed = privacy.seal(phone, bound_to=f"customers_contactpoint.value:{own}")
                copy.write_row((own, store, customer, "mobile", sealed, uuid.uuid4().bytes, number % 65536, True))
        del people
        cursor.execute(
            """INSERT INTO customers_vehicle (id, store_id, owner_id, vin, vin_is_doubtful, plate_number, plate_kind, brand,
                 series, model, trim, colour, energy, driver_assistance, engine_no, seats, use, insurer, policy_no,
                 inspection_kind, sales_consultant_name, service_advisor_name, km_per_day_basis, services_done,
                 maintenance_due_by, is_active, last_visit_on)
               SELECT uuidv7(), store_id, id, '', false, '沪A' || lpad((spent_fen %% 100000)::text, 5, '0'), 'blue', '大众',
                 (ARRAY['速腾', '迈腾', '途观'])[1 + visits %% 3], '', '', '', 'fuel', '', '', 5, 'family', '', '', 'sticker', '', '',
                 'own', 1, 'time', true, last_visit_on FROM customers_customer WHERE store_id = ANY (%s)""",
            [stores],
        )
        cursor.execute(RARE, [stores[0]])
        cursor.execute("VACUUM (ANALYZE) customers_customer, customers_contactpoint, customers_vehicle")
        cursor.execute("VACUUM (ANALYZE) customers_customervalue, customers_vehiclevalue")
    return stores, fields


def lists(size: int, row: Row) -> list[str]:
    """Lines of the report."""
    from django.db import connections
    from django.test import Client

    from cheban.customers.lists import SPEC
    from cheban.lists.exporting import commands
    from cheban.lists.models import Export
    from cheban.lists.state import Asked
    from cheban.org import scope
    from cheban.org.access import actor_for
    from cheban.org.models import Staff, StaffRole
    from cheban.org.roles import Role

    with connections["owner"].cursor() as cursor:
        cursor.execute("TRUNCATE customers_customer, customers_contactpoint, customers_vehicle CASCADE")
        cursor.execute("TRUNCATE customers_customervalue, customers_vehiclevalue")
    stores, fields = fill(size)
    boss = Staff.objects.create_user("lists.boss", None, name="集团")
    StaffRole.objects.create(staff=boss, store_id=stores[0], role=Role.GROUP_ADMIN)
    keeper = Staff.objects.create_user("lists.keeper", None, name="单红")
    StaffRole.objects.create(staff=keeper, store_id=stores[0], role=Role.SERVICE_ADVISOR)
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            """UPDATE customers_customer SET keeper_id = %s
               WHERE id IN (SELECT id FROM customers_customer WHERE store_id = %s LIMIT 300)""",
            [keeper.id, stores[0]],
        )
        cursor.execute("VACUUM (ANALYZE) customers_customer")
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(boss, backend="cheban.site.accounts.Backend")
    lines = []
    addresses = PAGES | {"a keeper's files": f"/customers/?keeper={keeper.id}"}
    addresses |= {what: address.format(**fields) for what, address in OF_FIELDS.items()}
    for what, address in addresses.items():
        took = sorted(_milliseconds(client, address) for _ in range(ROUNDS))[int(ROUNDS * 0.95)]
        lines.append(
            row(f"list of {size:,} customers, {what}, p95", f"{took:.0f} ms", f"< {PAGE_MS} ms", took < PAGE_MS)
        )
    actor = actor_for(boss)
    for form in ("csv", "xlsx"):
        begin = time.perf_counter()
        with scope.use(actor.stores):
            export = commands.ask(SPEC, Asked(), by=actor, columns=[], form=form, purpose="bench")
        asked = (time.perf_counter() - begin) * 1000
        lines.append(row(f"export to {form}, the click", f"{asked:.0f} ms", f"< {CLICK_MS} ms", asked < CLICK_MS))
        out = subprocess.run([sys.executable, "-c", CHILD, str(export.id)], capture_output=True, text=True, check=True)
        state, rows, seconds, peak, size_bytes, problem = json.loads(out.stdout.splitlines()[-1])
        assert (state, rows) == (Export.State.DONE, size), (state, rows, problem)
        speed = rows / seconds
        lines.append(
            row(
                f"export of {rows:,} customers to {form} ({size_bytes >> 20} MB), phones unsealed and masked",
                f"{speed:,.0f} rows/s, peak {peak:.0f} MB",
                f">= {ROWS_PER_SECOND:,} rows/s, < {PEAK_MB} MB",
                speed >= ROWS_PER_SECOND and peak < PEAK_MB,
            )
        )
    return lines


def _milliseconds(client: object, address: str) -> float:
    begin = time.perf_counter()
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return (time.perf_counter() - begin) * 1000
