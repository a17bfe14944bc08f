"""The demo dealership: three stores, their people, 5,000 invented customers and seven years of visits.

The same seed on the same day makes the same dealership, and nobody in it exists. `story` makes it, `loading` brings it
in, `days` lets its people work through the last weeks with the playbook's own commands.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from django.db import transaction

from cheban.core import clock
from cheban.core.calendars import calendars_of
from cheban.org import scope
from cheban.org.models import DealerGroup, Staff, Store
from cheban.site.demo import (
    careers,
    days,
    deals,
    files,
    griefs,
    improvements,
    leads,
    loading,
    own_fields,
    pay,
    staff,
    trainings,
    voices,
)
from cheban.site.demo.parts import Part
from cheban.site.demo.seasons import Seasons
from cheban.site.demo.staff import DEMO_LOGINS, PASSWORD

__all__ = ["DEMO_LOGINS", "PASSWORD", "is_empty", "load", "load_if_empty", "logins"]

CUSTOMERS, LARGE, CHUNK = 5_000, 20_000, 2_500
MOST_PER_STORE = 20_000
Progress = Callable[[str, int, int], None]


def logins() -> list[dict[str, str]]:
    """The demo's logins that this database has: login, name, role, store, password. Empty when it is no demo."""
    if not DealerGroup.objects.filter(name=staff.GROUP).exists():
        return []
    there = set(Staff.objects.filter(login__in=[row[0] for row in DEMO_LOGINS]).values_list("login", flat=True))
    return [
        {"role": role, "login": login, "name": name, "store": store, "password": PASSWORD}
        for login, name, role, store in DEMO_LOGINS
        if login in there
    ]


def is_empty() -> bool:
    """Whether nothing is there yet that a demo could spoil."""
    return not Store.objects.exists()


def load_if_empty(progress: Progress | None = None) -> bool:
    """Make the demo when there is no store yet; returns whether it did."""
    if not is_empty():
        return False
    load(progress=progress)
    return True


def load(
    *,
    customers: int = CUSTOMERS,
    stores: int | None = None,
    seed: int = 7,
    history: str | None = None,
    plan: bool = True,
    processes: int | None = None,
    progress: Progress | None = None,
) -> None:
    """Make a dealership. Needs an empty database.

    `history`: 'none', 'light' (the last visit of each vehicle) or 'full'; full up to 20,000 customers by default.
    Up to that size all is one transaction: whoever looks finds the whole demo or none. Above, a chunk is one, and
    `processes` others make them (default 1).
    """
    tell, today = progress or (lambda *_: None), clock.today()
    is_large = customers > LARGE
    history = history or ("light" if is_large else "full")
    if stores is None:
        stores = 3 if not is_large else min(max(-(-customers // MOST_PER_STORE), 3), 200)
    if processes is None:
        processes = 1 if is_large else 0
    with ExitStack() as whole:
        if not is_large:
            whole.enter_context(transaction.atomic())
        with transaction.atomic():
            made = staff.make_stores(stores)
        done = 0
        for chunk in loading.chunks(
            _parts(made, customers=customers, seed=seed, history=history, today=today), processes=processes
        ):
            with scope.use([chunk.store_id]):
                loading.write(chunk)
            done += chunk.customers
            tell("客户与历史 · customers", done, customers)
        if is_large:
            loading.refresh_statistics()
        files.tell(made, today=today, is_large=is_large)
        own_fields.tell(made)
        trainings.tell(made, today=today, is_large=is_large)
        if plan:
            days.live(made, today=today, seed=seed, is_large=is_large, tell=tell)
            if not is_large:
                deals.live(made, today=today, seed=seed)
                voices.live(made, today=today, seed=seed)
                leads.live(made, today=today, seed=seed)
                griefs.live(made, today=today)
                improvements.live(made, today=today)
                pay.live(made, today=today)
                careers.live(made, today=today)
    if not transaction.get_connection().in_atomic_block:
        loading.refresh_statistics(is_last=True)


def _parts(made: list[Store], *, customers: int, seed: int, history: str, today) -> list[Part]:
    """Equal shares for the stores, cut into chunks; numbers run over all of them."""
    calendars = calendars_of((store.id, store.time_zone) for store in made)
    found: list[Part] = []
    first = 0
    for index, store in enumerate(made):
        left = customers // len(made) + (index < customers % len(made))
        seasons = Seasons(calendars[store.id], today=today, city=store.city)
        people = staff.people_of(store.id)
        while left > 0:
            count = min(left, CHUNK)
            found.append(
                Part(
                    store_id=store.id,
                    code=store.code,
                    city=store.city,
                    brand=store.brand,
                    number=len(found),
                    first=first,
                    count=count,
                    today=today,
                    seed=seed,
                    history=history,
                    seasons=seasons,
                    staff=people,
                )
            )
            first, left = first + count, left - count
    return found
