"""What must hold after any history: one function and one sentence each. Reliability 5.1, 5.2, D, E, G.

An invariant reads rows only, and tells what breaks it (at most a hundred examples by id, never personal data).
It works out anew what the house keeps: the SQL here is deliberately not the house's own. `of_town` invariants also
know what really happened; the others may be run on any database. A cursor is handed in, so that a test can break a
row as the owner, see the named failure, and roll back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from cheban.core import clock, privacy
from cheban.customers import care
from cheban.customers.mileage import Reading, doubtful
from cheban.org import scope
from cheban.playbook import planner
from cheban.playbook.outcomes import MOST_ATTEMPTS
from cheban.playbook.rules import HANDBOOK, Happened, Red

MOST = 100
Found = list[str]


@dataclass(frozen=True, slots=True)
class Invariant:
    """One thing that must hold: `says` is the sentence, `check(cursor, stores, world)` what breaks it."""

    name: str
    says: str
    check: Callable[..., Found]


INVARIANTS: dict[str, Invariant] = {}


def invariant(says: str) -> Callable:
    """Register a function as an invariant under its own name."""

    def register(function: Callable) -> Callable:
        INVARIANTS[function.__name__] = Invariant(function.__name__, says, function)
        return function

    return register


def broken(world: Any = None, *, stores: list[int] | None = None) -> dict[str, Found]:
    """Every invariant by name with what breaks it (empty: it holds). Sets the scope itself."""
    ids = stores or world.stores
    told: dict[str, Found] = {}
    for known in INVARIANTS.values():
        with scope.use(ids), connection.cursor() as cursor:
            told[known.name] = known.check(cursor, ids, world)
    return told


def _rows(cursor: Any, sql: str, params: dict[str, Any] | None = None) -> Found:
    """The rows of a query that finds what is wrong, as text."""
    cursor.execute(f"{sql} LIMIT {MOST}", params or {})
    names = [c.name for c in cursor.description]
    return [", ".join(f"{n}={v}" for n, v in zip(names, row, strict=True)) for row in cursor.fetchall()]


# --- tasks -----------------------------------------------------------------------------------------------------------


@invariant("No task is made twice for one occasion of one subject and role.")
def one_task_per_occasion(cursor, stores, world) -> Found:
    return _rows(
        cursor,
        """SELECT subject_id, rule, occasion_on, role, count(*) FROM playbook_task
           GROUP BY 1, 2, 3, 4 HAVING count(*) > 1""",
    )


@invariant("Nobody is reminded of one thing twice within twenty days, unless it was done in between.")
def no_reminder_comes_back(cursor, stores, world) -> Found:
    told = [r.code for r in HANDBOOK.rules.values() if isinstance(r.when, (Happened, Red)) or r.occasion is None]
    return _rows(
        cursor,
        """SELECT a.rule, a.subject_id, a.planned_on, b.planned_on AS again_on FROM playbook_task a
           JOIN playbook_task b ON b.subject_id = a.subject_id AND b.rule = a.rule AND b.role = a.role AND b.id <> a.id
             AND b.planned_on BETWEEN a.planned_on AND a.planned_on + 20
             AND b.customer_id IS NOT DISTINCT FROM a.customer_id
           WHERE NOT a.rule = ANY (%(told)s) AND (b.planned_on, b.id) > (a.planned_on, a.id)
             AND NOT EXISTS (SELECT 1 FROM workshop_repairorder o WHERE o.vehicle_id = a.vehicle_id
               AND o.is_maintenance AND (o.in_at AT TIME ZONE 'Asia/Shanghai')::date
                 BETWEEN a.planned_on AND b.planned_on)""",
        {"told": told},
    )


@invariant("No contact begins, and none was agreed, in the store's quiet hours.")
def no_contact_in_quiet_hours(cursor, stores, world) -> Found:
    return _rows(
        cursor,
        """SELECT 'task' AS what, t.id::text, t.starts_at AS at FROM playbook_task t JOIN org_store s ON s.id = t.store_id
            WHERE t.customer_id IS NOT NULL AND ((t.starts_at AT TIME ZONE 'Asia/Shanghai')::time >= s.quiet_from
              OR (t.starts_at AT TIME ZONE 'Asia/Shanghai')::time < s.quiet_until)
            UNION ALL
            SELECT e.name, e.id::text, e.at FROM core_event e JOIN org_store s ON s.id = e.store_id
            WHERE e.name IN ('contact.reached', 'contact.refused', 'contact.missed')
              AND ((e.at AT TIME ZONE 'Asia/Shanghai')::time >= s.quiet_from
                OR (e.at AT TIME ZONE 'Asia/Shanghai')::time < s.quiet_until)""",
    )


def _purposes() -> dict[str, Any]:
    rules = HANDBOOK.rules.values()
    return {"codes": [r.code for r in rules], "purposes": [r.purpose for r in rules]}


@invariant("No task is planned for, and none stays open against, a purpose that the customer refused.")
def no_contact_against_a_refusal(cursor, stores, world) -> Found:
    return _rows(
        cursor,
        """WITH purpose(rule, purpose) AS (SELECT * FROM unnest(%(codes)s::text[], %(purposes)s::text[])),
            said AS (SELECT customer_id, purpose, is_given, at,
                lead(at) OVER (PARTITION BY customer_id, purpose ORDER BY at) AS until
              FROM customers_consent WHERE channel = 'any')
            SELECT 'open' AS what, t.id::text, t.rule FROM playbook_task t JOIN purpose p ON p.rule = t.rule
              JOIN customers_customer c ON c.id = t.customer_id
              WHERE t.state = 'open' AND c.refused_purposes && ARRAY[p.purpose, 'all']::varchar[]
            UNION ALL
            SELECT 'planned', t.id::text, t.rule FROM playbook_task t JOIN purpose p ON p.rule = t.rule
              JOIN said s ON s.customer_id = t.customer_id AND s.purpose IN (p.purpose, 'all') AND NOT s.is_given
                AND (s.at AT TIME ZONE 'Asia/Shanghai')::date < t.planned_on
                AND coalesce((s.until AT TIME ZONE 'Asia/Shanghai')::date > t.planned_on, true)
              WHERE NOT EXISTS (SELECT 1 FROM said g WHERE g.customer_id = t.customer_id AND g.purpose = 'all'
                AND g.is_given AND g.at > s.at AND (g.at AT TIME ZONE 'Asia/Shanghai')::date <= t.planned_on)""",
        _purposes(),
    )


@invariant("Whoever was spoken to is left in peace for the store's gap, but for what is urgent.")
def the_gap_between_contacts_is_kept(cursor, stores, world) -> Found:
    waits = [r.code for r in HANDBOOK.rules.values() if r.keeps_gap and r.weight < planner.URGENT]
    return _rows(
        cursor,
        """SELECT t.id, t.rule, t.planned_on, e.at FROM playbook_task t JOIN org_store s ON s.id = t.store_id
            JOIN core_event e ON e.customer_id = t.customer_id AND e.name IN ('contact.reached', 'contact.refused')
              AND (e.at AT TIME ZONE 'Asia/Shanghai')::date BETWEEN t.planned_on - s.contact_gap_days AND t.planned_on - 1
            WHERE t.rule = ANY (%(waits)s)""",
        {"waits": waits},
    )


@invariant("Every finished task has the event that finished it, at the same moment; no open one has an outcome's end.")
def every_closed_task_has_its_outcome(cursor, stores, world) -> Found:
    return _rows(
        cursor,
        """SELECT t.id, t.rule, t.state, t.outcome, t.closed_at FROM playbook_task t
           WHERE t.state = 'done' AND NOT EXISTS (SELECT 1 FROM core_event e
             WHERE e.customer_id IS NOT DISTINCT FROM t.customer_id AND e.at = t.closed_at
               AND e.store_id = t.store_id AND e.name IN ('contact.reached', 'contact.refused', 'contact.missed')
               AND e.facts -> 'undo' @> jsonb_build_array(jsonb_build_object('id', t.id::text)))""",
    )


@invariant("Unanswered calls are counted one, two, three; then the contact has ended.")
def unanswered_calls_are_counted(cursor, stores, world) -> Found:
    return _rows(
        cursor,
        """SELECT id, at, facts -> 'attempts' AS attempts FROM core_event WHERE name = 'contact.missed'
             AND NOT (facts ->> 'attempts')::int BETWEEN 1 AND %(most)s
           UNION ALL SELECT 0, due_at, to_jsonb(attempts) FROM playbook_task
             WHERE attempts >= %(most)s AND state = 'open'""",
        {"most": MOST_ATTEMPTS},
    )


@invariant("No outcome that was taken back still counts: its tasks are open again or were closed by a later one.")
def what_was_taken_back_is_open_again(cursor, stores, world) -> Found:
    return _rows(
        cursor,
        """SELECT t.id, t.rule, e.at FROM core_event e JOIN playbook_task t ON t.store_id = e.store_id
             AND t.customer_id = e.customer_id AND t.closed_at = e.at
           WHERE e.name IN ('contact.reached', 'contact.refused', 'contact.missed') AND EXISTS (
             SELECT 1 FROM core_event b WHERE b.name = 'contact.taken_back' AND b.customer_id = e.customer_id
               AND b.actor_id IS NOT DISTINCT FROM e.actor_id AND b.facts -> 'rules' = e.facts -> 'rules'
               AND b.at > e.at AND b.at <= e.at + interval '10 minutes')""",
    )


@invariant("Every open task with a ladder still has its next step: nothing that is owed is forgotten.")
def open_tasks_can_still_escalate(cursor, stores, world) -> Found:
    rows = [(rule.code, owed.role, len(owed.escalate)) for rule in HANDBOOK.rules.values() for owed in rule.owes]
    rules, roles, steps = (list(c) for c in zip(*rows, strict=True))
    return _rows(
        cursor,
        """SELECT t.id, t.rule, t.escalation FROM playbook_task t
           JOIN unnest(%(rules)s::text[], %(roles)s::text[], %(steps)s::int[]) l(rule, role, steps)
             ON l.rule = t.rule AND l.role = t.role
           WHERE t.state = 'open' AND t.escalation < l.steps AND t.escalate_at IS NULL""",
        {"rules": rules, "roles": roles, "steps": steps},
    )


@invariant("Nothing goes a step up before its time: not before it is due, nor before what the customer agreed to.")
def escalation_waits_for_its_time(cursor, stores, world) -> Found:
    return _rows(
        cursor,
        """SELECT t.id, t.rule, t.due_at, t.escalate_at FROM playbook_task t
           WHERE t.state = 'open' AND t.escalate_at IS NOT NULL AND t.escalate_at < t.due_at
           UNION ALL
           SELECT t.id, t.rule, t.starts_at, e.at FROM core_event e JOIN playbook_task t ON t.customer_id = e.customer_id
             AND e.facts -> 'rules' ? t.rule AND t.store_id = e.store_id AND t.escalation > 0
             AND t.vehicle_id IS NOT DISTINCT FROM e.vehicle_id
           WHERE e.name = 'task.escalated' AND t.attempts = 0 AND t.outcome = '' AND t.starts_at < e.at
             AND e.at < t.due_at AND t.state = 'open'""",
    )


@invariant("No open task is about a car that its customer does not have any more.")
def no_task_about_anothers_car(cursor, stores, world) -> Found:
    return _rows(
        cursor,
        """SELECT t.id, t.rule, v.is_active, v.owner_id = t.customer_id AS is_theirs FROM playbook_task t
           JOIN customers_vehicle v ON v.id = t.vehicle_id
           WHERE t.state = 'open' AND (v.owner_id IS DISTINCT FROM t.customer_id OR NOT v.is_active)""",
    )


@invariant("Open work lies with somebody who can still sign in and works at that store.")
def work_lies_with_people_who_are_there(cursor, stores, world) -> Found:
    return _rows(
        cursor,
        """SELECT t.id, t.rule, t.assignee_id FROM playbook_task t
           WHERE t.state = 'open' AND (t.assignee_id IS NULL OR NOT EXISTS (
             SELECT 1 FROM org_staff p JOIN org_staffrole r ON r.staff_id = p.id
             WHERE p.id = t.assignee_id AND p.is_active AND r.store_id = t.store_id))""",
    )


@invariant("The day's plan, run again, makes nothing.")
def planning_twice_adds_nothing(cursor, stores, world) -> Found:
    if cursor.db.alias != "default":  # the planner uses its own connection
        return []
    with transaction.atomic():
        day, at = clock.today(), clock.now()
        planner.plan_day(day, store_ids=stores, at=at)
        cursor.execute("UPDATE playbook_planrun SET handbook = '' WHERE \"on\" = %s", [day])
        again = planner.plan_day(day, store_ids=stores, at=at).made
        transaction.set_rollback(True)
    return [f"{again} tasks more"] if again else []


# --- events ----------------------------------------------------------------------------------------------------------


@invariant("Every event's customer and vehicle are there, in the same store, unless an import was taken back.")
def every_event_has_its_customer(cursor, stores, world) -> Found:
    return _rows(
        cursor,
        """SELECT e.id, e.name, e.at FROM core_event e
           LEFT JOIN customers_customer c ON c.id = e.customer_id AND c.store_id = e.store_id
           LEFT JOIN customers_vehicle v ON v.id = e.vehicle_id AND v.store_id = e.store_id
           WHERE ((e.customer_id IS NOT NULL AND c.id IS NULL) OR (e.vehicle_id IS NOT NULL AND v.id IS NULL))
             AND NOT EXISTS (SELECT 1 FROM core_event u WHERE u.name = 'import.undone' AND u.store_id = e.store_id
               AND u.at >= e.at)""",
    )


@invariant("Every reaction that is due has run.")
def deliveries_are_drained(cursor, stores, world) -> Found:
    return _rows(
        cursor,
        """SELECT id, reaction, attempts, last_error FROM core_eventdelivery
           WHERE store_id = ANY (%(stores)s) AND (attempts > 0 OR not_before_at <= %(now)s)""",
        {"now": clock.now(), "stores": stores},
    )


@invariant("Nothing is told to have happened after now.")
def no_event_comes_from_the_future(cursor, stores, world) -> Found:
    return _rows(cursor, "SELECT id, name, at FROM core_event WHERE at > %(now)s", {"now": clock.now()})


# --- customers and vehicles ---------------------------------------------------------------------------------------------


@invariant("An odometer never falls without its reading being marked; marked are the fewest that do not fit.")
def odometers_never_fall_unmarked(cursor, stores, world) -> Found:
    cursor.execute(
        """SELECT vehicle_id, read_on, km, is_doubtful, id FROM customers_odometerreading
           WHERE store_id = ANY (%s) ORDER BY vehicle_id, read_on, km""",
        [stores],
    )
    of_vehicle: dict[UUID, list[tuple]] = {}
    for vehicle_id, *reading in cursor.fetchall():
        of_vehicle.setdefault(vehicle_id, []).append(tuple(reading))
    found = []
    for vehicle_id, readings in of_vehicle.items():
        sound = [Reading(on, km) for on, km, is_doubtful, _id in readings if not is_doubtful]
        marked = sum(is_doubtful for _on, _km, is_doubtful, _id in readings)
        if doubtful(sound):
            found.append(f"vehicle={vehicle_id}: falls unmarked")
        elif marked > len(doubtful([Reading(on, km) for on, km, _d, _i in readings])):
            found.append(f"vehicle={vehicle_id}: {marked} of {len(readings)} marked, fewer would do")
    return found[:MOST]


@invariant("Visits, last visit and money of a customer are those of their orders.")
def customers_sums_are_their_orders(cursor, stores, world) -> Found:
    return _rows(
        cursor,
        """SELECT c.id, c.visits, coalesce(o.visits, 0) AS told, c.spent_fen, coalesce(o.fen, 0) AS told_fen,
              c.last_visit_on, o.last_on
            FROM customers_customer c LEFT JOIN (SELECT customer_id, sum(total_fen) AS fen,
                count(DISTINCT (in_at AT TIME ZONE 'Asia/Shanghai')::date) AS visits,
                max((in_at AT TIME ZONE 'Asia/Shanghai')::date) AS last_on
              FROM workshop_repairorder GROUP BY customer_id) o ON o.customer_id = c.id
            WHERE (c.visits, c.spent_fen) <> (coalesce(o.visits, 0), coalesce(o.fen, 0))
              OR c.last_visit_on IS DISTINCT FROM o.last_on""",
    )


@invariant("Totals of an order are the sums of its lines; a maintenance line makes it a maintenance.")
def orders_are_the_sums_of_their_lines(cursor, stores, world) -> Found:
    return _rows(
        cursor,
        """SELECT o.id, o.total_fen, l.total FROM workshop_repairorder o JOIN (SELECT repair_order_id,
             sum(total_fen) AS total, sum(labour_fen) AS labour, sum(material_fen) AS material
             FROM workshop_repairorderline GROUP BY 1) l ON l.repair_order_id = o.id
           WHERE (o.total_fen, o.labour_fen, o.material_fen) <> (l.total, l.labour, l.material)""",
    )


@invariant("Services done, last service and last visit of a vehicle are those of its orders.")
def vehicles_services_are_their_orders(cursor, stores, world) -> Found:
    return _rows(
        cursor,
        """SELECT v.id, v.services_done, coalesce(o.services, 0) AS told, v.last_service_on, o.service_on,
              v.last_visit_on, o.visit_on
            FROM customers_vehicle v JOIN (SELECT vehicle_id,
                count(DISTINCT (in_at AT TIME ZONE 'Asia/Shanghai')::date) FILTER (WHERE is_maintenance) AS services,
                max((in_at AT TIME ZONE 'Asia/Shanghai')::date) FILTER (WHERE is_maintenance) AS service_on,
                max((in_at AT TIME ZONE 'Asia/Shanghai')::date) AS visit_on
              FROM workshop_repairorder GROUP BY vehicle_id) o ON o.vehicle_id = v.id
            WHERE v.services_done <> o.services OR v.last_service_on IS DISTINCT FROM o.service_on
              OR v.last_visit_on IS DISTINCT FROM o.visit_on""",
    )


@invariant("Care dates are what the forecast would say now: none missing, none stale, none a passed inspection.")
def care_dates_are_fresh(cursor, stores, world) -> Found:
    if cursor.db.alias != "default":  # the forecast uses its own connection
        return []
    columns = (
        "first_service_due_on, second_service_due_on, maintenance_due_on, maintenance_due_by, inspection_due_on, "
        "inspection_kind, odometer_km, odometer_on"
    )
    cursor.execute(
        f"SELECT id, {columns} FROM customers_vehicle WHERE store_id = ANY (%s) AND is_active",  # noqa: S608
        [stores],
    )
    kept = {row[0]: row[1:] for row in cursor.fetchall()}
    with transaction.atomic():
        care.refresh(sorted(kept), today=clock.today())
        cursor.execute(f"SELECT id, {columns} FROM customers_vehicle WHERE id = ANY (%s)", [list(kept)])  # noqa: S608
        anew = {row[0]: row[1:] for row in cursor.fetchall()}
        transaction.set_rollback(True)
    names = columns.split(", ")

    def kept_long_enough(due: date | None) -> bool:
        """An inspection just passed is spoken of for a while yet."""
        return due is not None and clock.today() - timedelta(days=care.PASSED_DAYS + 1) <= due < clock.today()

    found = []
    for vehicle_id, before in kept.items():
        for name, was, now in zip(names, before, anew[vehicle_id], strict=True):
            if was == now or (name == "maintenance_due_by" and was and now):
                continue
            if name.endswith("due_on") and name != "inspection_due_on" and was and now and abs((was - now).days) <= 60:
                continue  # daily mileage of cars of its kind moved since: within the forecast's own interval
            if name.startswith("inspection") and kept_long_enough(before[names.index("inspection_due_on")]):
                continue
            found.append(f"vehicle={vehicle_id}: {name} is {was}, would be {now}")
    return found[:MOST]


@invariant("A customer who has phones has one primary contact point, and no two more.")
def one_primary_phone(cursor, stores, world) -> Found:
    return _rows(
        cursor,
        """SELECT customer_id, count(*) FILTER (WHERE is_primary) AS primaries FROM customers_contactpoint
           GROUP BY customer_id HAVING count(*) FILTER (WHERE is_primary) <> 1""",
    )


@invariant("Every sealed value opens in its own row, and a phone is found by its blind index.")
def sealed_values_open(cursor, stores, world) -> Found:
    found = []
    cursor.execute(
        "SELECT id, kind, value_sealed, value_blind FROM customers_contactpoint WHERE store_id = ANY (%s)", [stores]
    )
    for id_, kind, sealed, blind in cursor.fetchall():
        try:
            value = privacy.unseal(sealed, bound_to=f"customers_contactpoint.value:{id_}")
        except privacy.SealBroken:
            found.append(f"contact point {id_} does not open")
            continue
        if bytes(blind) != privacy.blind("phone" if kind in ("mobile", "landline") else kind, value):
            found.append(f"contact point {id_} is not found by its value")
    for column in ("address", "id_number"):
        cursor.execute(
            f"SELECT id, {column}_sealed FROM customers_customer WHERE store_id = ANY (%s) AND {column}_sealed IS NOT NULL",  # noqa: S608
            [stores],
        )
        for id_, sealed in cursor.fetchall():
            try:
                privacy.unseal(sealed, bound_to=f"customers_customer.{column}:{id_}")
            except privacy.SealBroken:
                found.append(f"{column} of {id_} does not open")
    return found[:MOST]


@invariant("A vehicle's owner is the one whose ownership runs, and ownerships follow one another.")
def one_owner_at_a_time(cursor, stores, world) -> Found:
    return _rows(
        cursor,
        """SELECT v.id::text, 'owner' AS what FROM customers_vehicle v LEFT JOIN customers_vehicleownership o
             ON o.vehicle_id = v.id AND o.until_on IS NULL
           WHERE v.owner_id IS DISTINCT FROM o.customer_id
           UNION ALL
           SELECT a.vehicle_id::text, 'overlap' FROM customers_vehicleownership a JOIN customers_vehicleownership b
             ON b.vehicle_id = a.vehicle_id AND b.id <> a.id AND a.since_on < b.since_on
             AND coalesce(a.until_on, 'infinity') > b.since_on
           UNION ALL
           SELECT id::text, 'a vehicle of a new owner is in use' FROM customers_vehicle v WHERE NOT v.is_active
             AND EXISTS (SELECT 1 FROM core_event e WHERE e.name = 'vehicle.changed_hands' AND e.vehicle_id = v.id
               AND e.customer_id = v.owner_id AND NOT EXISTS (SELECT 1 FROM core_event r
                 WHERE r.name = 'contact.refused' AND r.vehicle_id = v.id AND r.at > e.at
                   AND r.facts ->> 'reason' = 'sold'))""",
    )


@invariant("The newest answer about contact is what the customer's row says.")
def refusals_are_the_newest_answers(cursor, stores, world) -> Found:
    return _rows(
        cursor,
        """WITH newest AS (SELECT DISTINCT ON (customer_id, purpose) customer_id, purpose, is_given, at
             FROM customers_consent WHERE channel = 'any' ORDER BY customer_id, purpose, at DESC, id DESC),
           said AS (SELECT customer_id, array_agg(purpose::text ORDER BY purpose) AS purposes FROM newest n
             WHERE NOT is_given AND NOT EXISTS (SELECT 1 FROM newest g WHERE g.customer_id = n.customer_id
               AND g.purpose = 'all' AND g.is_given AND g.at > n.at) GROUP BY customer_id)
           SELECT c.id, c.refused_purposes, s.purposes FROM customers_customer c LEFT JOIN said s ON s.customer_id = c.id
           WHERE coalesce(s.purposes, '{}') <> (SELECT coalesce(array_agg(p::text ORDER BY p), '{}')
             FROM unnest(c.refused_purposes) p)""",
    )


# --- privacy and scope -----------------------------------------------------------------------------------------------


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
        found += _rows(
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
