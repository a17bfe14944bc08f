"""Names, cars and staff of rows, for lists and pages of the voice room. Few queries, whatever the number of rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Q

from cheban.customers import queries as customers
from cheban.customers.models import Customer, Vehicle
from cheban.org.models import Staff, StaffRole
from cheban.org.roles import Role, permissions_of


def staff_names(staff_ids: Iterable[int | None]) -> dict[int | None, str]:
    """Staff names by id. One query, none for nobody."""
    wanted = {i for i in staff_ids if i}
    return dict(Staff.objects.filter(id__in=wanted).values_list("id", "name")) if wanted else {}


def dress(rows: Sequence[Any]) -> None:
    """Customer and car of each row: `customer_name`, `plate`, `plate_kind`, `car`. Two queries."""
    names = dict(Customer.objects.filter(id__in={r.customer_id for r in rows}).values_list("id", "name"))
    cars = Vehicle.objects.in_bulk({r.vehicle_id for r in rows if r.vehicle_id})
    for row in rows:
        car = cars.get(row.vehicle_id)
        row.customer_name = names.get(row.customer_id, "")
        row.plate, row.plate_kind = (car.plate_number, car.plate_kind) if car else ("", "")
        row.car = customers.vehicle_label(car) if car else ""


def colleagues(store_ids: Sequence[int], permission: str) -> list[tuple[int, str]]:
    """(id, name and role) of who may do this in these stores. One query."""
    held = StaffRole.objects.filter(store_id__in=store_ids, staff__is_active=True).select_related("staff")
    found: dict[int, str] = {}
    for one in held.order_by("staff__name", "role"):
        if permission in permissions_of({one.role}):
            found.setdefault(one.staff_id, f"{one.staff.name} · {Role(one.role).label}")
    return list(found.items())


def found(words: str) -> Q:
    """Rows whose customer or car these words mean: name, pinyin, plate, the tail of a VIN."""
    return (
        Q(customer__name__icontains=words)
        | Q(customer__name_initials__startswith=words.lower())
        | Q(customer__name_full_pinyin__startswith=words.lower())
        | Q(vehicle__plate_number__icontains=words.replace("·", "").replace(" ", "").upper())
        | Q(vehicle__vin__iendswith=words)
    )
