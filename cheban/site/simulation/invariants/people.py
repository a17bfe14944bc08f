"""Customers and vehicles: sums, owners, odometers, care dates, consent, sealed values."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from django.db import transaction

from cheban.core import clock, privacy
from cheban.customers import care
from cheban.customers.mileage import Reading, doubtful
from cheban.site.simulation.invariants.base import MOST, Found, invariant, rows


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
    return rows(
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
    return rows(
        cursor,
        """SELECT o.id, o.total_fen, l.total FROM workshop_repairorder o JOIN (SELECT repair_order_id,
             sum(total_fen) AS total, sum(labour_fen) AS labour, sum(material_fen) AS material
             FROM workshop_repairorderline GROUP BY 1) l ON l.repair_order_id = o.id
           WHERE (o.total_fen, o.labour_fen, o.material_fen) <> (l.total, l.labour, l.material)""",
    )


@invariant("Services done, last service and last visit of a vehicle are those of its orders.")
def vehicles_services_are_their_orders(cursor, stores, world) -> Found:
    return rows(
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
    return rows(
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
    return rows(
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
             AND EXISTS (SELECT 1 FROM core_event e WHERE e.name = 'vehicle.changed_hands' AND e.vehicle_id = v.id AND e.at >= %(since)s
               AND e.customer_id = v.owner_id AND NOT EXISTS (SELECT 1 FROM core_event r
                 WHERE r.name = 'contact.refused' AND r.vehicle_id = v.id AND r.at > e.at
                   AND r.facts ->> 'reason' = 'sold'))""",
        {"since": world.begin if world else date.min},  # of cars in a story told by rows some were scrapped later
    )


@invariant("The newest answer about contact is what the customer's row says.")
def refusals_are_the_newest_answers(cursor, stores, world) -> Found:
    return rows(
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
