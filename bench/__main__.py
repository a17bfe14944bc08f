"""`make bench`: figures as ratios to the bare engine, measured in one run on a cluster of its own.

    python -m bench [daily] [pages] [live] [import] [files] [lists] [voice] [board] [simulate] [--size 1000000]

daily: the daily run over `size` vehicles and all rules against one bare INSERT ... SELECT of as many rows into a copy
of the task table with the same indexes; and the same day again. import: `size` customers with vehicles from csv
against a bare COPY (as the owner) of the same rows into the same tables. pages: p95 over HTTP with
20 people on the data of `daily`. live: 200 open pages fetch after one change (bench/live.py). files: a 100,000-row
xlsx and the 541,909 lines of online_retail. lists: pages of the customer list and its export (bench/lists.py); it
empties the tables of customers first. voice: texts a second of the detection of alerts and leads on one core
(bench/voice.py). board: the collaboration health board over 500 stores and five counted things for each vehicle of
`size` (bench/board.py). simulate: a store of 2,500 customers lives a year in a throw-away database of its own, with every check.
Results go to docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import base64
import os
import platform
import random
import secrets
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import date
from pathlib import Path

TABLES = (
    "customers_customer",
    "customers_contactpoint",
    "customers_vehicle",
    "customers_vehicleownership",
    "core_event",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("what", nargs="*", default=list(PARTS))
    parser.add_argument("--size", type=int, default=1_000_000)
    asked = parser.parse_args()
    from cheban.core import postgres

    folder = Path(tempfile.mkdtemp(prefix="cheban-bench-"))
    folder.chmod(0o755)
    os.environ |= {
        "CHEBAN_DATA_DIR": str(folder),
        "CHEBAN_ENV": "dev",
        "CHEBAN_LOG": "ERROR",
        "DJANGO_SETTINGS_MODULE": "cheban.site.settings",
    }
    server = postgres.start(folder)
    os.environ |= server.environ()
    os.environ["CHEBAN_MASTER_KEY"] = base64.b64encode(secrets.token_bytes(32)).decode()
    os.environ["CHEBAN_DJANGO_SECRET_KEY"] = secrets.token_urlsafe(48)
    lines: list[str] = []
    try:
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", database="owner", verbosity=0)
        for what in asked.what:
            lines += PARTS[what](asked.size, folder)
    finally:
        postgres.stop(folder)
    machine = f"{date.today().isoformat()}, {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, {asked.size:,} vehicles"  # noqa: DTZ011 - the report's date
    text = (
        f"# 性能 · Benchmarks\n\n`make bench` · {machine}\n\n| what | figure | bound | met |\n|---|---|---|---|\n"
        + "\n".join(lines)
        + "\n"
    )
    print(text)
    if asked.size >= 1_000_000:
        Path("docs/benchmarks.md").write_text(text, encoding="utf-8")


def row(what: str, figure: str, bound: str, met: bool) -> str:
    """One line of the report."""
    print(f"{what}: {figure} (bound {bound}) {'met' if met else 'MISSED'}", file=sys.stderr)
    return f"| {what} | {figure} | {bound} | {'yes' if met else '**no**'} |"


def daily(size: int, folder: Path) -> list[str]:
    """The daily run against a bare insert of the same rows."""
    from django.db import connection, connections

    from cheban.core import clock
    from cheban.org import commands, queries, scope
    from cheban.playbook import planner

    for number in range(50):
        commands.create_store(group="bench", code=f"B{number}", name=f"第 {number} 店")
    stores = queries.store_ids()
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            """INSERT INTO customers_customer (id, store_id, kind, name, name_full_pinyin, name_initials, name_other_pinyin, customer_no, gender,
                 birthday, occupation, region, preferred_channel, preferred_time, source, family, habits, special_requests, remarks,
                 tags, tier, refused_purposes, visits, spent_fen, last_visit_on)
               SELECT uuidv7(), (%s::int[])[1 + i %% 50], 'person', '张' || i, 'zhang' || i, 'z' || i, '', '', 'm',
                 (1 + i %% 12) * 100 + 1 + i %% 28, '', '', '', '', 'purchase', '', '', '', '', '{}', CASE WHEN i %% 10 = 0 THEN 'gold' ELSE 'ordinary' END,
                 CASE WHEN i %% 50 = 0 THEN ARRAY['insurance']::varchar[] ELSE '{}' END, i %% 9, i * 100, current_date - (i %% 700)
               FROM generate_series(1, %s) i""",
            [stores, size],
        )
        cursor.execute(
            """INSERT INTO customers_vehicle (id, store_id, owner_id, vin, vin_is_doubtful, plate_number, plate_kind, brand, series, model, trim,
                 colour, energy, driver_assistance, engine_no, seats, use, insurer, policy_no, inspection_kind, sales_consultant_name,
                 service_advisor_name, km_per_day_basis, services_done, maintenance_due_by, is_active, purchased_on, first_service_due_on,
                 second_service_due_on, maintenance_due_on, last_service_on, inspection_due_on, insurance_until, warranty_until, last_visit_on)
               SELECT uuidv7(), store_id, id, '', false, '沪A' || substr(name, 2), 'blue', '大众', '速腾', '', '', '', 'fuel', '', '', 5, 'family', '', '',
                 'sticker', '', '', 'own', n % 4, 'time', true, current_date - (n % 2500), current_date + (n % 400) - 200,
                 current_date + (n % 380) - 190, current_date + (n % 360) - 180, current_date - (n % 300), current_date + (n % 730),
                 current_date + (n % 365), current_date + (n % 1000) - 500, current_date - (n % 700)
               FROM (SELECT *, (spent_fen / 100)::int AS n FROM customers_customer) c"""
        )
        cursor.execute("VACUUM (ANALYZE)")  # as in a database that has lived: else the first reader marks every row
    day = clock.today()
    first, again, bare = [], [], []
    for number in range(3):  # in turn, so that what the disk is busy with meets both
        with connections["owner"].cursor() as cursor:
            cursor.execute("TRUNCATE playbook_task, playbook_planrun")
        start = time.perf_counter()
        with scope.use(stores):
            made = planner.plan_day(day, store_ids=stores).made
        first.append(time.perf_counter() - start)
        start = time.perf_counter()
        with scope.use(stores):
            assert planner.plan_day(day, store_ids=stores).made == 0
        again.append(time.perf_counter() - start)
        with connections["owner"].cursor() as cursor:
            if number == 0:
                cursor.execute("CREATE TABLE bare_rows AS SELECT * FROM playbook_task")
            cursor.execute("TRUNCATE playbook_task")
            start = time.perf_counter()
            cursor.execute("INSERT INTO playbook_task SELECT * FROM bare_rows")
            bare.append(time.perf_counter() - start)
    touched = []
    for _ in range(3):
        with connections["owner"].cursor() as cursor:  # one vehicle more in every store: all must be looked at again
            cursor.execute(
                """UPDATE customers_vehicle SET insurance_until = insurance_until + 1 WHERE id IN
                     (SELECT DISTINCT ON (store_id) id FROM customers_vehicle WHERE store_id = ANY (%s))""",
                [stores],
            )
        start = time.perf_counter()
        with scope.use(stores):
            planner.plan_day(day, store_ids=stores)
        touched.append(time.perf_counter() - start)
    with connections["owner"].cursor() as cursor:
        cursor.execute("DROP TABLE bare_rows")
    connection.close()
    a, b, c = (statistics.median(x) for x in (first, again, bare))
    d = max(touched)  # the worst: a plan that turns shows once
    return [
        row(
            f"daily run, {made:,} tasks, against a bare INSERT ... SELECT",
            f"{a / c:.2f}x ({a:.1f} s / {c:.1f} s)",
            "<= 2x",
            a / c <= 2,
        ),
        row("the same day again, against the first", f"{b / a:.3f}x ({b:.2f} s)", "<= 0.1x", b / a <= 0.1),
        row(
            "the same day after one change in every store, the slowest of three",
            f"{d / a:.2f}x ({d:.1f} s)",
            "none",
            True,
        ),
    ]


def pages(size: int, folder: Path) -> list[str]:
    """p95 of the pages that people live in, 20 people at once, on the data that `daily` left."""
    from bench.pages import BOUNDS, measure, p95
    from cheban.core import clock
    from cheban.org import queries, scope
    from cheban.playbook import planner

    stores = queries.store_ids()
    with scope.use(stores):
        planner.plan_day(clock.today(), store_ids=stores)
    times = measure(stores)
    return [
        row(
            f"{name}, p95 of {len(took):,}, 20 people",
            f"{p95(took):.0f} ms",
            f"<= {BOUNDS[name]} ms",
            p95(took) <= BOUNDS[name],
        )
        for name, took in times.items()
    ]


def live(size: int, folder: Path) -> list[str]:
    """200 open pages and one change, on the data that `daily` left."""
    from bench import live as part
    from cheban.core import clock
    from cheban.org import queries, scope
    from cheban.playbook import planner

    stores = queries.store_ids()
    with scope.use(stores):
        planner.plan_day(clock.today(), store_ids=stores)
    return part.part(stores, row)


def lists(size: int, folder: Path) -> list[str]:
    """Pages of the customer list, and all of it out as a file."""
    from bench import lists as part

    return part.lists(size, row)


def voice(size: int, folder: Path) -> list[str]:
    """Reading what customers write."""
    from bench import voice as part

    return part.voice(row)


def health(size: int, folder: Path) -> list[str]:
    """The collaboration health board over 500 stores and five counted things for each vehicle of `size`."""
    from bench import board as part

    return part.board(5 * size, row)


def simulate(size: int, folder: Path) -> list[str]:
    """A store's year, told by its own process and database as `cheban simulate --seeds 1` does."""
    told = subprocess.run(
        [sys.executable, "-m", "cheban.cli.one_seed", "7", "days=365", "customers=2500"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    seconds = int(told.split(": ")[1].split(" s")[0])
    return [row("store-year of 2,500 customers, all rules", f"{seconds} s", "< 60 s", seconds < 60)]


def files(size: int, folder: Path) -> list[str]:
    """Real files: 100,000 rows of xlsx; the retail invoices, to the penny."""
    import gzip
    import json
    import shutil

    import xlsxwriter
    from django.db import connection

    from cheban.customers.importing import pipeline
    from cheban.org import commands, scope
    from cheban.site.demo import cars, people

    store = commands.create_store(group="bench", code="FIL", name="文件店")
    rng, fuel = random.Random(2), next(s for s in cars.SERIES if not s.is_nev)

    def bring(path: Path, mapping: dict | None = None):
        start = time.perf_counter()
        with scope.use([store.id]):
            batch = pipeline.create(path, store_id=store.id, file_name=path.name, keep=False, mapping=mapping)
        return pipeline.write(batch.id, store_id=store.id, path=path), time.perf_counter() - start

    path = folder / "customers.xlsx"
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["客户名称", "手机号", "车牌号", "车架号", "车系", "购车日期"])
    for i in range(100_000):
        sheet.write_row(
            i + 1,
            0,
            [
                f"{people.SURNAMES[i % 90]}{people.MALE[i % 40]}",
                people.phone(i + 5_000_000)[3:],
                cars.plate(rng, "沪HJKLMN", i, series=fuel)[0],
                cars.vin(rng, "LFV", 2018 + i % 8, i),
                "速腾",
                f"{2018 + i % 8}-{1 + i % 12:02d}-15",
            ],
        )
    book.close()
    batch, took = bring(path)
    lines = [
        row(f"xlsx of 100,000 rows ({batch.accepted + batch.unchanged:,} read)", f"{took:.0f} s", "< 60 s", took < 60)
    ]
    packed = Path(__file__).parents[2] / "shared" / "data" / "online_retail" / "online_retail.csv.gz"
    if packed.exists():
        path = folder / "online_retail.csv"
        with gzip.open(packed) as source, path.open("wb") as target:
            shutil.copyfileobj(source, target)
        mapping = json.loads(
            (Path(__file__).parents[1] / "docs" / "examples" / "online_retail.mapping.json").read_text()
        )
        batch, took = bring(path, mapping)
        with scope.use([store.id]), connection.cursor() as cursor:
            cursor.execute("SELECT sum(total_fen) FROM workshop_repairorderline WHERE batch_id = %s", [batch.id])
            total = cursor.fetchone()[0]
        exact = total == 974_774_793 and batch.rejected == 4  # 9,747,747.934 less four lines of a tenth of a penny each
        lines.append(
            row(
                f"online_retail, {batch.accepted:,} lines, total {total / 100:,.2f}, {batch.rejected} refused with reason",
                f"{took:.0f} s",
                "< 60 s, to the penny",
                took < 60 and exact,
            )
        )
    return lines


def bring_in(size: int, folder: Path) -> list[str]:
    """Import from csv against a bare COPY of the same rows."""
    from django.db import connection, connections

    from cheban.customers.importing import pipeline
    from cheban.org import commands, scope
    from cheban.site.demo import cars, people

    store = commands.create_store(group="bench", code="IMP", name="导入店")
    path, rng, fuel = folder / "customers.csv", random.Random(1), next(s for s in cars.SERIES if not s.is_nev)
    with path.open("w", encoding="utf-8") as file:
        file.write("客户编号,客户名称,性别,出生日期,手机号,车牌号,车架号,品牌,车系,颜色,购车日期,保险到期日\n")
        for i in range(size):
            file.write(
                f"C{i:08d},{people.SURNAMES[i % 90]}{people.MALE[i // 90 % 40]}{people.FEMALE[i // 3600 % 40]},男,{1960 + i % 40}-{1 + i % 12:02d}-{1 + i % 28:02d},"
                f"{people.phone(i)[3:]},{cars.plate(rng, '沪ABCDEFG', i, series=fuel)[0]},{cars.vin(rng, 'LSV', 2018 + i % 8, i)},大众,速腾,白,{2018 + i % 8}-{1 + i % 12:02d}-15,2027-{1 + i % 12:02d}-10\n"
            )
    most = [0]
    stop = threading.Event()
    threading.Thread(target=_watch, args=(most, stop), daemon=True).start()
    start = time.perf_counter()
    with scope.use([store.id]):
        batch = pipeline.create(path, store_id=store.id, file_name=path.name, keep=False)
    batch = pipeline.write(batch.id, store_id=store.id, path=path)
    took = time.perf_counter() - start
    stop.set()
    assert batch.accepted == size, (batch.accepted, batch.rejected, batch.unchanged)
    connection.close()
    copied = 0.0
    with connections["owner"].cursor() as cursor:
        for table in TABLES:
            out = folder / f"{table}.copy"
            with (
                out.open("wb") as file,
                cursor.copy(f"COPY (SELECT * FROM {table} WHERE store_id = {store.id}) TO STDOUT") as copy,
            ):
                for data in copy:
                    file.write(data)
        cursor.execute("TRUNCATE " + ", ".join(TABLES) + " CASCADE")
        for table in TABLES:
            start = time.perf_counter()
            with (folder / f"{table}.copy").open("rb") as file, cursor.copy(f"COPY {table} FROM STDIN") as copy:
                while data := file.read(1 << 20):
                    copy.write(data)
            copied += time.perf_counter() - start
    return [
        row(
            f"import of {size:,} customers and vehicles, rows a second against bare COPY",
            f"{copied / took:.2f} ({size / took:,.0f} a second; {took:.0f} s / {copied:.0f} s)",
            ">= 0.5",
            copied / took >= 0.5,
        ),
        row("memory of the import and its processes", f"{most[0] / 2**30:.2f} GiB", "< 1.5 GiB", most[0] < 1.5 * 2**30),
    ]


def _watch(most: list[int], stop: threading.Event) -> None:
    """Peak resident memory of this process and its children (the database is apart), sampled."""
    while not stop.wait(1):
        total, mine = 0, {os.getpid()}
        for entry in sorted(int(p.name) for p in Path("/proc").iterdir() if p.name.isdigit()):
            try:
                status = Path(f"/proc/{entry}/status").read_text()
            except OSError:
                continue
            facts = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
            if facts.get("Name", "").strip() == "postgres":
                continue
            if entry in mine or int(facts.get("PPid", "0")) in mine:
                mine.add(entry)
                total += int(facts.get("VmRSS", "0 kB").split()[0]) * 1024
        most[0] = max(most[0], total)


PARTS = {
    "daily": daily,
    "pages": pages,
    "live": live,
    "import": bring_in,
    "files": files,
    "lists": lists,
    "voice": voice,
    "board": health,
    "simulate": simulate,
}

if __name__ == "__main__":
    main()
