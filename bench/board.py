"""`python -m bench board`: the collaboration health board over 500 stores and `size` counted things. R161, R207.

The things are made set-based and summed once, as the incremental statement would have left them; then people ask for
the board of the whole group, of one store, sorted by a figure, and for the records behind a number.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

Row = Callable[[str, str, str, bool], str]
STORES = 500
BOUND_MS = 300
ROUNDS = 40
EVENTS = 400


def fill(size: int) -> list[int]:
    """500 stores and `size` counted things over a year, with their sums; returns the stores' ids."""
    from django.db import connections

    from cheban.core import clock
    from cheban.org import commands, queries
    from cheban.org.models import Store
    from cheban.scorecard.definitions import LISTED

    for number in range(Store.objects.count(), STORES):
        commands.create_store(group="bench", code=f"H{number}", name=f"第 {number} 店")
    stores = queries.store_ids()[:STORES]
    codes = [d.code for d in LISTED if not d.from_tasks]
    with connections["owner"].cursor() as cursor:
        cursor.execute("TRUNCATE scorecard_counted, scorecard_tally, scorecard_weektally")
        cursor.execute(
            """INSERT INTO scorecard_counted (store_id, metric, subject, opened_id, opened_at, day, owner_id, whole, worth)
               SELECT (%(stores)s::int[])[(1 + i %% %(n)s)::int], (%(codes)s::text[])[(1 + (i / %(n)s) %% %(m)s)::int], i::text, i, d,
                 d::date, 1 + (i %% %(n)s) * 10 + (i / 7) %% 10, 1, (i * 7919 %% 100 < 88)::int
               FROM (SELECT i, %(now)s::timestamptz - (i * 104729 %% 364) * interval '1 day' AS d
                     FROM generate_series(1, %(size)s::bigint) i) x""",
            {"stores": stores, "codes": codes, "n": len(stores), "m": len(codes), "size": size, "now": clock.now()},
        )
        cursor.execute(
            """INSERT INTO scorecard_tally (store_id, metric, person_id, day, part, whole)
               SELECT store_id, metric, 0, day, sum(part), sum(whole) FROM scorecard_counted GROUP BY 1, 2, 4
               UNION ALL SELECT store_id, metric, person_id, day, sum(part), sum(whole) FROM scorecard_counted
               GROUP BY 1, 2, 3, 4"""
        )
        cursor.execute(
            """INSERT INTO scorecard_weektally (store_id, week, metric, part, whole)
               SELECT store_id, date_trunc('week', day)::date, metric, sum(part), sum(whole) FROM scorecard_tally
               WHERE person_id = 0 GROUP BY 1, 2, 3"""
        )
        cursor.execute("VACUUM (ANALYZE) scorecard_counted, scorecard_tally, scorecard_weektally")
    return stores


def addresses(stores: list[int]) -> dict[str, list[str]]:
    """What people ask of it: name -> addresses."""
    from django.urls import reverse

    from cheban.scorecard.definitions import LISTED

    codes = [d.code for d in LISTED if not d.from_tasks]
    health, records = reverse("scorecard:health"), reverse("scorecard:records")
    return {
        "board of 500 stores": [f"{health}?when={w}" for w in ("1", "last", "4", "13")],
        "board sorted by a figure, page 3": [f"{health}?sort=complaint_24h&page=3&when={w}" for w in ("4", "13")],
        "board of one store with its people": [f"{health}?store={s}" for s in stores[:8]],
        "records behind a number": [
            f"{records}?metric={c}&store={s}&when=13&bad=1&all=1" for c, s in zip(codes, stores, strict=False)
        ],
    }


def board(size: int, row: Row) -> list[str]:
    """p95 of the pages, in milliseconds, and what one counted event costs."""
    from django.test import Client

    from cheban.core import clock
    from cheban.org import scope
    from cheban.org.models import Staff, StaffRole
    from cheban.org.roles import Role
    from cheban.scorecard import tally

    stores = fill(size)
    person = Staff.objects.create_user("bench.operations", "x", name="运营")
    StaffRole.objects.bulk_create(StaffRole(staff=person, store_id=s, role=Role.OPERATIONS) for s in stores)
    client = Client()
    client.force_login(person, backend="cheban.site.accounts.Backend")
    lines = []
    for name, each in addresses(stores).items():
        took = []
        for number in range(ROUNDS + 2):
            begin = time.perf_counter()
            answer = client.get(each[number % len(each)], HTTP_HOST="localhost")
            if answer.status_code != 200:
                raise RuntimeError(f"{name}: {answer.status_code}")
            took.append((time.perf_counter() - begin) * 1000)
        p95 = statistics.quantiles(took[2:], n=20)[-1]  # the first two compile templates
        lines.append(
            row(f"{name}, p95 of {ROUNDS}, {size:,} counted", f"{p95:.0f} ms", f"<= {BOUND_MS} ms", p95 <= BOUND_MS)
        )
    took = []
    with scope.use(stores):
        for number in range(EVENTS):
            begin = time.perf_counter()
            tally.apply(
                [
                    tally.Row(
                        stores[number % len(stores)],
                        "complaint_24h",
                        f"bench-{number}",
                        opened_id=size + number + 1,
                        opened_at=clock.now(),
                        day=clock.today(),
                        owner_id=1,
                        whole=1,
                        worth=1,
                    )
                ]
            )
            took.append((time.perf_counter() - begin) * 1000)
    p95 = statistics.quantiles(took, n=20)[-1]
    lines.append(row("counting one event", f"{p95:.1f} ms", "<= 10 ms", p95 <= 10))
    return lines
