"""The demo dealership: three stores, their people, 5,000 invented customers and seven years of visits.

Everything goes through the rooms' own bulk writers, so the demo is also their largest test. The same seed on the
same day makes the same dealership (ids apart). Nobody in it exists.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import connection

from cheban.core import clock
from cheban.core.calendars import calendars_of
from cheban.customers.importing import prepare, writing
from cheban.customers.importing.prepare import Context
from cheban.customers.importing.writing import Written
from cheban.org import commands as org
from cheban.org import scope
from cheban.org.models import Staff, StaffRole, Store
from cheban.org.roles import Role
from cheban.site.demo import life, people
from cheban.workshop import importing as workshop

PASSWORD = "Cheban-2026"
STORES = (("PD1", "浦东一店", "上海"), ("HQ1", "虹桥店", "上海"), ("SZ1", "苏州园区店", "苏州"))
ZONE = ZoneInfo("Asia/Shanghai")
CHUNK = 10_000
Tell = Callable[[str, int, int], None]


def logins() -> list[dict[str, str]]:
    """The logins to show at the end of `cheban run`: one of each role in the first store."""
    found = []
    for held in StaffRole.objects.filter(store__code="PD1").select_related("staff").order_by("staff_id"):
        role = str(Role(held.role).label)
        if role not in {f["role"] for f in found} and held.role in (
            Role.STORE_MANAGER,
            Role.SERVICE_SPECIALIST,
            Role.SERVICE_ADVISOR,
            Role.SALES_CONSULTANT,
            Role.GROUP_ADMIN,
        ):
            found.append({"role": role, "login": held.staff.login, "password": PASSWORD})
    return found


def load_if_empty(tell: Tell | None = None) -> bool:
    """Make the demo when there is no store yet; returns whether it did."""
    if Store.objects.exists():
        return False
    load(customers=5000, tell=tell)
    return True


def load(
    *, customers: int, stores: int = 3, seed: int = 7, history: bool = True, plan: bool = True, tell: Tell | None = None
) -> None:
    """Make a dealership of `stores` stores and about `customers` customers. Needs an empty database."""
    tell = tell or (lambda *_: None)
    today, rng = clock.today(), random.Random(seed)
    made = [_store(number, rng) for number in range(stores)]
    calendars = calendars_of((s.id, s.time_zone) for s in made)
    each = customers // len(made)
    done = 0
    for number, store in enumerate(made):
        wanted = each if number < len(made) - 1 else customers - each * (len(made) - 1)
        staff = _people_of(store)
        context = Context(store.id, None, today, {name: i for i, name, _r in staff}, {})
        total = Written()
        for rows, orders in life.chunks(
            wanted,
            store=store,
            staff=staff,
            calendar=calendars[store.id],
            today=today,
            rng=random.Random(seed * 1000 + number),
            history=history,
            size=CHUNK,
        ):
            with scope.use([store.id]):
                total.add(writing.write(prepare.prepare(rows, context), context))
                for start in range(0, len(orders), 20_000):
                    part = orders[start : start + 20_000]
                    total.add(workshop.write_orders(workshop.prepare_orders(part, context), context, {}))
                if history:
                    workshop.finish_orders(total, context)
                total = Written()
            done += len(rows)
            tell("客户与历史", done, customers)
        with scope.use([store.id]):
            _colour(store, rng)
    if plan:
        _lived_days(made, today, random.Random(seed + 1), tell)


def _store(number: int, rng: random.Random) -> Store:
    code, name, city = STORES[number] if number < len(STORES) else (f"D{number + 1:02d}", f"第{number + 1}门店", "上海")
    store = org.create_store(group="申悦汽车集团", code=code, name=name, city=city)
    suffix = code.lower()
    wanted = [
        (Role.STORE_MANAGER, "manager", 1),
        (Role.SERVICE_ADVISOR, "advisor", 3),
        (Role.SERVICE_SPECIALIST, "specialist", 3),
        (Role.SALES_CONSULTANT, "sales", 4),
        (Role.CALLER, "caller", 1),
        (Role.TECHNICIAN, "tech", 2),
        (Role.QUALITY_CONTROL, "qc", 1),
        (Role.PARTS, "parts", 1),
        (Role.CASHIER, "cashier", 1),
    ]
    if number == 0:
        wanted += [(Role.GROUP_ADMIN, "admin", 1), (Role.OPERATIONS, "operations", 1), (Role.AUDITOR, "auditor", 1)]
    template = Staff()
    template.set_password(PASSWORD)
    used = set(Staff.objects.values_list("name", flat=True))
    for role, prefix, count in wanted:
        for i in range(1, count + 1):
            name = next(n for n in iter(lambda: people.person(rng)[0], None) if n not in used)
            used.add(name)
            login = f"{prefix}{i if count > 1 else ''}.{suffix}"
            member = Staff.objects.create(login=login, name=name, password=template.password)
            StaffRole.objects.create(staff=member, store=store, role=role)
    return store


def _people_of(store: Store) -> list[tuple[int, str, str]]:
    return list(
        StaffRole.objects.filter(store=store).order_by("staff_id").values_list("staff_id", "staff__name", "role")
    )


def _colour(store: Store, rng: random.Random) -> None:
    """Tiers by what was spent, a few tags, specialists, refusals with their proof."""
    staff = {role: [i for i, _n, r in _people_of(store) if r == role] for role in (Role.SERVICE_SPECIALIST,)}
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE customers_customer SET tier = CASE WHEN spent_fen > 1500000 THEN 'platinum' WHEN spent_fen > 800000
              THEN 'gold' WHEN spent_fen > 300000 THEN 'silver' ELSE 'ordinary' END WHERE store_id = %s""",
            [store.id],
        )
        cursor.execute(
            """UPDATE customers_vehicle SET service_specialist_id = (%s::int[])[1 + (hashtext(coalesce(owner_id, id)::text)
              & 2147483647) %% %s] WHERE store_id = %s""",
            [staff[Role.SERVICE_SPECIALIST], len(staff[Role.SERVICE_SPECIALIST]), store.id],
        )
        cursor.execute(
            """WITH refused AS (UPDATE customers_customer SET refused_purposes = ARRAY[CASE hashtext(name) & 1 WHEN 0 THEN 'insurance'
              ELSE 'care' END] WHERE store_id = %s AND (hashtext(id::text) & 63) = 7 RETURNING id, store_id, refused_purposes[1] p)
            INSERT INTO customers_consent (id, store_id, customer_id, purpose, channel, is_given, proof, at)
            SELECT gen_random_uuid(), store_id, id, p, 'any', false, '来店时口头说明', now() - interval '90 days' FROM refused""",
            [store.id],
        )


def workdays_before(today: date, count: int, calendar) -> Iterator[date]:
    """The last working days before today, oldest first."""
    found, day = [], today
    while len(found) < count:
        day -= timedelta(days=1)
        if calendar.spans_of(day):
            found.append(day)
    return reversed(found)


def _lived_days(stores: list[Store], today: date, rng: random.Random, tell: Tell) -> None:
    """Plan the last working days and today; most of the work of those days was done, some was not."""
    from cheban.playbook import commands as playbook
    from cheban.playbook import planner

    ids = [s.id for s in stores]
    calendar = calendars_of([(stores[0].id, stores[0].time_zone)])[stores[0].id]
    days = [*workdays_before(today, 8, calendar), today]
    for number, day in enumerate(days, 1):
        morning = min(datetime.combine(day, time(8, 35), tzinfo=ZONE), clock.now())
        with clock.frozen(morning), scope.use(ids):
            planner.plan_day(day, store_ids=ids, at=morning)
            if day != today:
                _work_off(day)
        tell("最近几天", number, len(days))
    with scope.use(ids):
        playbook.escalate_overdue(at=clock.now(), limit=2000)


def _work_off(day: date) -> None:
    """Four of five open contacts of a day get an outcome and an event, set-based; the rest stays."""
    from cheban.core import events

    afternoon = datetime.combine(day, time(16), tzinfo=ZONE)
    with connection.cursor() as cursor:
        cursor.execute(
            """CREATE TEMP TABLE IF NOT EXISTS demo_done (contact_id uuid, outcome text, at timestamptz) ON COMMIT DROP"""
        )
        cursor.execute("TRUNCATE demo_done")
        cursor.execute(
            """INSERT INTO demo_done SELECT contact_id, CASE hashtext(contact_id::text) & 7 WHEN 0 THEN 'refused' WHEN 1 THEN 'unreached'
              WHEN 2 THEN 'settled' WHEN 3 THEN 'settled' ELSE 'booked' END, %(at)s - make_interval(mins => abs(hashtext(contact_id::text)) %% 400)
            FROM playbook_task WHERE state = 'open' GROUP BY contact_id HAVING (hashtext(contact_id::text || 'x') & 31) < 27""",
            {"at": afternoon},
        )
        events.record_from(
            cursor,
            "contact.reached",
            """SELECT t.store_id, d.at, min(t.assignee_id), t.customer_id, (min(t.vehicle_id::text))::uuid,
              jsonb_build_object('rules', jsonb_agg(DISTINCT t.rule), 'outcome', d.outcome, 'note', '', 'when', '')
            FROM playbook_task t JOIN demo_done d USING (contact_id) WHERE t.state = 'open' AND d.outcome IN ('booked', 'settled')
            GROUP BY t.store_id, d.at, t.customer_id, d.outcome, t.contact_id""",
        )
        cursor.execute("""UPDATE playbook_task t SET state = 'done', outcome = d.outcome, closed_at = d.at, closed_by_id = t.assignee_id,
              escalate_at = NULL FROM demo_done d WHERE t.contact_id = d.contact_id AND t.state = 'open'""")
