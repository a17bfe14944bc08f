"""Builders: the fixed cast and what they have. Real rows through the real rooms."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from cheban.core import clock
from cheban.customers import commands as customers
from cheban.customers.models import Customer, Vehicle, VehicleOwnership
from cheban.org import commands as org
from cheban.org import scope
from cheban.org.access import Actor, actor_for
from cheban.org.models import Staff, StaffRole, Store
from cheban.org.roles import Role

PASSWORD = "a-long-password-2026"


@dataclass
class Cast:
    """Store A with one person of each role, store B with an outsider; `a`, `b` are the stores."""

    a: Store
    b: Store
    staff: dict[str, Staff] = field(default_factory=dict)

    def actor(self, role: str) -> Actor:
        """The actor of the person of store A with this role."""
        return actor_for(self.staff[role])


def staff(store: Store, role: str, *, name: str = "", login: str = "") -> Staff:
    """A person with one role."""
    person = Staff.objects.create_user(
        login or f"{role}.{store.code.lower()}", None, name=name or f"{Role(role).label}{store.code}"
    )
    StaffRole.objects.create(staff=person, store=store, role=role)
    return person


def cast(*, scoped: bool = True) -> Cast:
    """The cast; sets the scope of the running transaction to store A."""
    a = org.create_store(group="集团", code="A", name="甲店")
    b = org.create_store(group="集团", code="B", name="乙店")
    found = Cast(a, b, {role: staff(a, role) for role in Role.values})
    found.staff["outsider"] = staff(b, Role.STORE_MANAGER, name="外人")
    if scoped:
        scope.set_stores([a.id])
    return found


def customer(store: Store, name: str = "张伟", *, phone: str = "13800001234", **fields: Any) -> Customer:
    """A customer with a phone."""
    made = Customer.objects.create(store=store, name=name, **customers.name_columns(name), **fields)
    customers.add_phone_row(made, "+86" + phone, kind="mobile", primary=True)
    return made


def vehicle(store: Store, owner: Customer, *, vin: str = "", plate: str = "沪A12345", **fields: Any) -> Vehicle:
    """A vehicle of an owner."""
    made = Vehicle.objects.create(
        store=store, owner=owner, vin=vin, plate_number=plate, plate_kind="blue", brand="大众", series="速腾", **fields
    )
    VehicleOwnership.objects.create(store=store, vehicle=made, customer=owner, since_on=fields.get("purchased_on"))
    return made


def days(count: int) -> date:
    """The day `count` days from today (negative: before)."""
    return clock.today() + timedelta(days=count)
