"""Who stands for each side: the customer's own people where they still work here, else somebody of the role. R113, R128."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cheban.customers.models import Vehicle
from cheban.org.presence import presence_of
from cheban.org.roles import Role


@dataclass(frozen=True, slots=True)
class Team:
    """Staff ids of the joint team; None where the store has nobody at all."""

    sales: int | None
    service: int | None
    quality: int | None


def team_of(store_id: int, *, vehicle: Vehicle | None, key: UUID, at: datetime) -> Team:
    """The three of a complaint. Whoever left or is away is passed over; always the same ones for the same `key`."""
    there = presence_of([store_id], at=at)

    def one(role: str, own: int | None) -> int | None:
        if own is not None and there.is_there(own, store_id):
            return own
        people = there.present(store_id, role)
        return people[key.int % len(people)] if people else there.above(store_id)

    return Team(
        one(Role.SALES_CONSULTANT, vehicle.sales_consultant_id if vehicle else None),
        one(Role.SERVICE_SPECIALIST, vehicle.service_specialist_id if vehicle else None),
        one(Role.QUALITY_CONTROL, None),
    )
