"""Keeps the dates that rules ask about: first and second service, next maintenance, inspection, daily mileage.

`refresh` reads a set of vehicles with their readings and services, asks the pure functions
(`mileage`, `inspection`) and writes the columns back, set-based. Called after imports and visits. R085-R090.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db import connection

from cheban.customers.inspection import next_inspection
from cheban.customers.mileage import Prior, Reading, doubtful, maintenance_due, rate
from cheban.customers.models import CareInterval, OdometerReading, Vehicle

USE_PRIOR = {
    "family": Prior(38.0, 18.0, "use"),
    "business": Prior(62.0, 30.0, "use"),
    "ride_hailing": Prior(190.0, 60.0, "use"),
    "truck": Prior(140.0, 60.0, "use"),
}
"""Daily kilometres assumed for a use before the vehicle has told its own (km/day, spread)."""


@dataclass(frozen=True, slots=True)
class Interval:
    """When a model is due for care: months and kilometres, for the first service and the following ones."""

    first_months: int = 6
    first_km: int = 5000
    months: int = 6
    km: int = 7500


@dataclass(slots=True)
class CareDates:
    """What `care_dates` works out for one vehicle; the columns of the same names."""

    km_per_day: float
    km_per_day_basis: str
    first_service_due_on: date | None = None
    second_service_due_on: date | None = None
    maintenance_due_on: date | None = None
    maintenance_low_on: date | None = None
    maintenance_high_on: date | None = None
    maintenance_due_by: str = ""
    inspection_due_on: date | None = None
    inspection_kind: str = ""


def intervals_of(store_ids: Iterable[int]) -> dict[tuple[int, str, str], Interval]:
    """Care intervals by (store, series, energy)."""
    return {
        (i.store_id, i.series, i.energy): Interval(i.first_months, i.first_km, i.months, i.km)
        for i in CareInterval.objects.filter(store_id__in=list(store_ids))
    }


def interval_for(intervals: dict, *, store_id: int, series: str, energy: str) -> Interval:
    """The most specific row: this series, else this energy, else the store's default, else ours."""
    for key in ((store_id, series, energy), (store_id, series, ""), (store_id, "", energy), (store_id, "", "")):
        if key in intervals and (key[1] or key[2] or key == (store_id, "", "")):
            return intervals[key]
    return Interval(first_months=12, first_km=10_000, months=12, km=15_000) if energy == "electric" else Interval()


def care_dates(
    *,
    purchased_on: date | None,
    registered_on: date | None,
    use: str,
    seats: int,
    energy: str,
    interval: Interval,
    readings: Sequence[Reading],
    services_done: int,
    last_service_on: date | None,
    last_service_km: int | None,
    prior: Prior,
    today: date,
) -> CareDates:
    """All care dates of one vehicle. Pure.

    The first service counts from the purchase; later ones from the last service. A due date by mileage comes from
    the predicted odometer; whichever is first counts.
    """
    daily = rate(readings, prior)
    dates = CareDates(km_per_day=round(daily.km_per_day, 2), km_per_day_basis=daily.basis)
    start = last_service_on if services_done else purchased_on or registered_on
    if start is not None:
        first = services_done == 0
        due = maintenance_due(
            last_service_on=start,
            last_service_km=(last_service_km if services_done else 0) or 0,
            interval_km=interval.first_km if first else interval.km,
            interval_months=interval.first_months if first else interval.months,
            readings=readings,
            prior=prior,
        )
        if first:
            dates.first_service_due_on = due.on
        elif services_done == 1:
            dates.second_service_due_on = due.on
        dates.maintenance_due_on, dates.maintenance_due_by = due.on, due.by
        dates.maintenance_low_on, dates.maintenance_high_on = due.low_on, due.high_on
    if registered := registered_on or purchased_on:
        inspection = next_inspection(registered, use=use, seats=seats, energy=energy or None, after=today)
        dates.inspection_due_on, dates.inspection_kind = inspection.due_on, inspection.kind
    return dates


def refresh(vehicle_ids: Sequence[UUID], *, today: date) -> int:
    """Recompute these vehicles' care dates, 5,000 at a time; returns how many. Needs their scope."""
    done = 0
    for start in range(0, len(vehicle_ids), 5000):
        done += _refresh_some(vehicle_ids[start : start + 5000], today=today)
    return done


def _refresh_some(ids: Sequence[UUID], *, today: date) -> int:
    vehicles = list(Vehicle.objects.filter(id__in=ids))
    intervals = intervals_of({v.store_id for v in vehicles})
    readings = _sound_readings(ids)
    models = _model_priors({v.series for v in vehicles if v.series})
    rows = []
    for v in vehicles:
        own = readings.get(v.id, [])
        dates = care_dates(
            purchased_on=v.purchased_on,
            registered_on=v.registered_on,
            use=v.use,
            seats=v.seats,
            energy=v.energy,
            interval=interval_for(intervals, store_id=v.store_id, series=v.series, energy=v.energy),
            readings=own,
            services_done=v.services_done,
            last_service_on=v.last_service_on,
            last_service_km=v.last_service_km,
            prior=models.get((v.series, v.use), USE_PRIOR[v.use]),
            today=today,
        )
        newest = own[-1] if own else None
        rows.append(
            (
                str(v.id),
                newest.km if newest else None,
                newest.on if newest else None,
                dates.km_per_day,
                dates.km_per_day_basis,
                dates.first_service_due_on,
                dates.second_service_due_on,
                dates.maintenance_due_on,
                dates.maintenance_low_on,
                dates.maintenance_high_on,
                dates.maintenance_due_by,
                dates.inspection_due_on,
                dates.inspection_kind,
            )
        )
    columns = list(zip(*rows, strict=True)) if rows else []
    if not columns:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE customers_vehicle v SET odometer_km = coalesce(n.km, v.odometer_km),
                 odometer_on = coalesce(n.on_, v.odometer_on), km_per_day = n.rate, km_per_day_basis = n.basis,
                 first_service_due_on = n.first_, second_service_due_on = n.second_, maintenance_due_on = n.due_,
                 maintenance_low_on = n.low_, maintenance_high_on = n.high_, maintenance_due_by = n.by_,
                 inspection_due_on = n.insp, inspection_kind = n.kind_
               FROM unnest(%s::uuid[], %s::int[], %s::date[], %s::float8[], %s::text[], %s::date[], %s::date[],
                 %s::date[], %s::date[], %s::date[], %s::text[], %s::date[], %s::text[])
                 AS n(id, km, on_, rate, basis, first_, second_, due_, low_, high_, by_, insp, kind_)
               WHERE v.id = n.id""",
            [list(c) for c in columns],
        )
        return cursor.rowcount


def _sound_readings(ids: Sequence[UUID]) -> dict[UUID, list[Reading]]:
    """Readings that fit together, by vehicle and in order. Marks those that do not, and takes marks away that a
    later reading made wrong: one number too high does not cast doubt on all that follow."""
    found: dict[UUID, list[tuple[Reading, UUID, bool]]] = {}
    for vehicle_id, read_on, km, reading_id, is_doubtful in (
        OdometerReading.objects.filter(vehicle_id__in=ids)
        .order_by("read_on", "km")
        .values_list("vehicle_id", "read_on", "km", "id", "is_doubtful")
    ):
        found.setdefault(vehicle_id, []).append((Reading(read_on, km), reading_id, is_doubtful))
    sound: dict[UUID, list[Reading]] = {}
    marks: dict[bool, list[UUID]] = {True: [], False: []}
    for vehicle_id, of_one in found.items():
        wrong = set(doubtful([reading for reading, _id, _was in of_one]))
        sound[vehicle_id] = [reading for at, (reading, _id, _was) in enumerate(of_one) if at not in wrong]
        for at, (_reading, reading_id, was) in enumerate(of_one):
            if was != (at in wrong):
                marks[at in wrong].append(reading_id)
    for is_doubtful, reading_ids in marks.items():
        if reading_ids:
            OdometerReading.objects.filter(id__in=reading_ids).update(is_doubtful=is_doubtful)
    return sound


PASSED_DAYS = 30
"""How long an inspection that was due is still spoken of; after that the next one counts."""


def refresh_passed(*, today: date) -> int:
    """Recompute vehicles whose inspection was due a while ago, so that the next one is not forgotten: nobody else
    does it for a vehicle that does not come. Returns how many. Needs the scope. R086."""
    passed = Vehicle.objects.filter(inspection_due_on__lt=today - timedelta(days=PASSED_DAYS), is_active=True)
    return refresh(list(passed.order_by("id").values_list("id", flat=True)), today=today)


def _model_priors(series: set[str]) -> dict[tuple[str, str], Prior]:
    """Daily mileage of vehicles of the same series and use that have told their own; needs at least 8 of them."""
    if not series:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT series, use, percentile_cont(0.5) WITHIN GROUP (ORDER BY km_per_day), stddev_samp(km_per_day)
               FROM customers_vehicle WHERE series = ANY (%s) AND km_per_day_basis = 'own'
               GROUP BY series, use HAVING count(*) >= 8""",
            [list(series)],
        )
        return {
            (s, u): Prior(float(m), max(float(sd or 0), 0.2 * float(m), 4.0), "model")
            for s, u, m, sd in cursor.fetchall()
        }
