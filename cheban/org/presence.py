"""Who is at work in a store at a moment, and who stands in for whoever is not. Pure once read; three queries.

A person is there when they are active, hold a role in the store and have no absence that counts. Their deputy is the
one named for the role, else the one named for everything; deputies who are away name theirs in turn. A chain that
ends with nobody, or runs in a circle, ends at the store manager. Reliability 5.1 row 1: "the person on duty had left".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from cheban.core.errors import Refused
from cheban.core.once import once
from cheban.org.models import Absence, Deputy, StaffRole, Store
from cheban.org.roles import Role

ZONE = ZoneInfo("Asia/Shanghai")


class IsAway(Refused):
    """The colleague is not at work, so nothing can be given to them now."""

    status = 422


@dataclass(frozen=True, slots=True)
class Away:
    """One person's absence: until when, and who stands in by role ('' = for everything else)."""

    ends_at: datetime
    deputies: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Presence:
    """`works`: (store, role) -> active people; `away`: person -> absence; `admins`: store -> group admins."""

    works: Mapping[tuple[int, str], tuple[int, ...]]
    away: Mapping[int, Away]
    admins: Mapping[int, tuple[int, ...]]

    def works_in(self, person: int | None, store_id: int) -> bool:
        """Whether they hold a role there and may still sign in; away or not."""
        return any(person in people for (store, _role), people in self.works.items() if store == store_id)

    def is_there(self, person: int | None, store_id: int) -> bool:
        """Whether they work in this store and are not away."""
        return person not in self.away and self.works_in(person, store_id)

    def present(self, store_id: int, role: str) -> list[int]:
        """People of a role in a store who are there, in a fixed order."""
        return [person for person in self.works.get((store_id, role), ()) if person not in self.away]

    def stand_in(self, person: int, role: str, store_id: int, *, key: UUID) -> int | None:
        """Who does this person's work of a role; themselves when they are there. None: the store has nobody at all.

        Without a deputy it is a colleague of the role, always the same one for the same `key`.
        """
        found, is_open = self._follow(person, role, store_id)
        if found is None and is_open:
            colleagues = [each for each in self.present(store_id, role) if each != person]
            found = colleagues[key.int % len(colleagues)] if colleagues else None
        return found if found is not None else self.above(store_id)

    def above(self, store_id: int, *, but: frozenset[int] = frozenset(), group: bool = False) -> int | None:
        """The store manager who is there, else their deputy, else operations, else (`group`) the group's admin; with
        all of them away it stays with the manager. `but` are people already asked."""
        managers = self.works.get((store_id, Role.STORE_MANAGER), ())
        chain = [self._follow(m, Role.STORE_MANAGER, store_id)[0] for m in managers]
        chain += self.present(store_id, Role.OPERATIONS) + self.present(store_id, Role.GROUP_ADMIN)
        if group:
            chain += [a for a in self.admins.get(store_id, ()) if a not in self.away]
        there = [person for person in chain if person is not None and person not in but]
        if there:
            return there[0]
        return next((m for m in managers if m not in but), None)

    def _follow(self, person: int, role: str, store_id: int) -> tuple[int | None, bool]:
        """The first one of the chain who is there; and whether it ended because nobody was named."""
        seen, here = set(), person
        while here not in seen:
            if self.is_there(here, store_id):
                return here, False
            seen.add(here)
            absence = self.away.get(here)
            if absence is None or not self.works_in(here, store_id):
                return None, here == person
            following = absence.deputies.get(role) or absence.deputies.get("")
            if following is None:
                return None, True
            here = following
        return None, False  # a circle


def away_at(at: datetime, *, staff_ids: Iterable[int] | None = None) -> dict[int, Away]:
    """Everybody who is away at a moment, with their deputies. One query, two when somebody is."""
    return _away(at, None if staff_ids is None else tuple(staff_ids))


@once
def _away(at: datetime, staff_ids: tuple[int, ...] | None) -> dict[int, Away]:
    rows = Absence.objects.filter(cancelled_at__isnull=True, starts_at__lte=at, ends_at__gt=at)
    if staff_ids is not None:
        rows = rows.filter(staff_id__in=staff_ids)
    found = {row.id: row for row in rows.order_by("id")}
    deputies: dict[int, dict[str, int]] = {}
    if found:
        for absence, role, staff in Deputy.objects.filter(absence_id__in=found).values_list(
            "absence_id", "role", "staff_id"
        ):
            deputies.setdefault(absence, {})[role] = staff
    return {row.staff_id: Away(row.ends_at, deputies.get(row.id, {})) for row in found.values()}


def presence_of(store_ids: Iterable[int], *, at: datetime) -> Presence:
    """Who works in these stores and who of them is away at `at`."""
    return _presence(tuple(store_ids), at)


@once
def _presence(stores: tuple[int, ...], at: datetime) -> Presence:
    works: dict[tuple[int, str], list[int]] = {}
    groups: dict[int, list[int]] = {}
    of_store = dict(Store.objects.filter(id__in=stores).values_list("id", "group_id"))
    held = StaffRole.objects.filter(staff__is_active=True, store__group__in=set(of_store.values())).order_by("staff_id")
    for store_id, group_id, role, staff_id in held.values_list("store_id", "store__group_id", "role", "staff_id"):
        if store_id in of_store:
            works.setdefault((store_id, role), []).append(staff_id)
        if role == Role.GROUP_ADMIN:
            groups.setdefault(group_id, []).append(staff_id)
    return Presence(
        works={key: tuple(people) for key, people in works.items()},
        away=away_at(at),
        admins={store: tuple(dict.fromkeys(groups.get(group, ()))) for store, group in of_store.items()},
    )


def require_there(person: int, name: str, *, at: datetime) -> None:
    """Raises IsAway when this person is away at `at`."""
    absence = away_at(at, staff_ids=[person]).get(person)
    if absence is not None:
        raise IsAway(
            _("%(name)s不在岗，%(until)s回来。请选别的同事。")
            % {"name": name, "until": absence.ends_at.astimezone(ZONE).strftime("%m-%d %H:%M")}
        )
