"""The simulated town: who has which car, what they mean to do, and the agenda of each day.

This is what really is; the database is what the house knows of it. Actors change the town and call the house's own
commands; nothing here writes a row.
"""

from __future__ import annotations

import heapq
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from cheban.core import clock
from cheban.core.lunar import festivals
from cheban.core.worktime import Calendar
from cheban.org import scope
from cheban.org.access import Actor, system_actor
from cheban.org.models import Store
from cheban.site.demo.people import City
from cheban.site.simulation import behaviour
from cheban.site.simulation.dice import Dice

ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(slots=True)
class Person:
    """A customer as they are. `id` is None until the house knows them."""

    key: str  # names their dice; the same in every telling
    store_id: int
    name: str
    phone: str  # 11 digits
    id: UUID | None = None
    customer_no: str = ""
    has_moved: bool = False


@dataclass(slots=True)
class Car:
    """A car as it is: true kilometres, true services. `id` is None until the house knows it."""

    vin: str
    plate: str
    owner: Person
    series: str
    brand: str
    energy: str
    rank: float
    rate: float  # km a day
    km: float
    km_on: date
    services: int
    interval: tuple[int, int, int, int]  # months and km of the first service, of the later ones
    last_service: tuple[date, float]  # or the purchase
    bought: date
    insured_until: date | None = None
    id: UUID | None = None
    is_gone: bool = False
    coming_on: date | None = None  # what the owner means to do next
    visits: int = 0
    late_by: int = 0

    def km_at(self, day: date) -> int:
        """What the odometer shows on a day."""
        return int(self.km + max((day - self.km_on).days, 0) * self.rate)

    def due_on(self) -> date:
        """The day on which the next service is really due."""
        months, km = self.interval[:2] if self.services == 0 else self.interval[2:]
        on, at = self.last_service
        return on + timedelta(days=int(min(months * 30.4, km / max(self.rate, 1.0))))


@dataclass(slots=True)
class Worker:
    """Somebody who works at a store, with their temper and their actor."""

    staff_id: int
    login: str
    store_id: int
    roles: frozenset[str]
    actor: Actor
    temper: behaviour.Temper
    has_left: bool = False
    away: dict[int, tuple[datetime, datetime]] = field(default_factory=dict)  # absences entered, by their id

    def is_away(self, at: datetime) -> bool:
        """Whether they are on holiday, on a trip or in training."""
        return any(starts <= at < ends for starts, ends in self.away.values())


@dataclass(slots=True)
class Place:
    """A store of the town: its people, its calendar, what its old system will tell tonight."""

    store: Store
    calendar: Calendar
    city: City
    workers: list[Worker] = field(default_factory=list)
    orders: list[dict[str, str]] = field(default_factory=list)  # lines of tonight's file
    customers: list[dict[str, str]] = field(default_factory=list)
    told: list[tuple[date, list[dict[str, str]]]] = field(default_factory=list)  # order files of the last days
    awaited: list[Car] = field(default_factory=list)  # cars the house gets to know tonight

    def of_role(self, role: str) -> list[Worker]:
        """Who holds a role now."""
        return [w for w in self.workers if not w.has_left and role in w.roles]


class World:
    """One simulation: dice, places, people, cars, agenda, and what was counted."""

    def __init__(self, *, seed: int, begin: date, end: date, places: list[Place], staff: str) -> None:
        self.dice = Dice(seed)
        self.begin, self.end, self.staff = begin, end, staff
        self.places = {place.store.id: place for place in places}
        self.people: dict[UUID, Person] = {}
        self.cars: dict[str, Car] = {}  # by VIN
        self.by_id: dict[UUID, Car] = {}
        self.of_person: dict[str, list[Car]] = {}
        self.count: Counter[str] = Counter()
        self.now = datetime.combine(begin, time(), tzinfo=ZONE)
        self._agenda: dict[date, list[tuple[time, str, str, int, Callable[[], None], int | None]]] = {}
        self._shared: tuple[int, ExitStack] | None = None
        self._asked = 0
        self._springs = [
            f.date for year in range(begin.year, end.year + 2) for f in festivals(year) if f.code == "spring_festival"
        ]

    @property
    def stores(self) -> list[int]:
        """Ids of the stores that live."""
        return list(self.places)

    @property
    def today(self) -> date:
        """The day that is lived."""
        return self.now.date()

    def plan(
        self, day: date, at: time, actor: str, key: object, do: Callable[[], None], *, shares: int | None = None
    ) -> None:
        """Put something on the agenda. What is planned for a past moment of today comes next; days after the end are
        dropped. Equal moments go by the actor's name and `key`, so that the order never depends on who asked first.

        `shares` names a store: neighbours on the agenda that share it are committed together (`at`), and what they
        told is delivered after that. For doings that do not look at what each other's events cause.
        """
        if day <= self.end:
            self._asked += 1
            heapq.heappush(self._agenda.setdefault(day, []), (at, actor, str(key), self._asked, do, shares))

    def live(self, day: date, *, until: datetime) -> None:
        """Do everything on a day's agenda, each at its moment and with the clock standing there."""
        todo = self._agenda.setdefault(day, [])
        last = datetime.combine(day, time(), tzinfo=ZONE)
        while todo:
            at, _actor, _key, _asked, do, shares = heapq.heappop(todo)
            moment = max(datetime.combine(day, at, tzinfo=ZONE), last)
            if moment > until:
                break
            if self._shared and self._shared[0] != shares:
                self.commit()
            last = self.now = moment
            with clock.frozen(moment):
                if shares and not self._shared:
                    stack = ExitStack()
                    stack.enter_context(scope.use([shares]))
                    self._shared = (shares, stack)
                try:
                    do()
                except BaseException:
                    self._give_up(*sys.exc_info())
                    raise
        self.commit()
        self._agenda.pop(day, None)

    def commit(self) -> None:
        """Commit what neighbours on the agenda did together; what they told is delivered now."""
        if self._shared:
            (_store, stack), self._shared = self._shared, None
            with clock.frozen(self.now):
                stack.close()

    def _give_up(self, *error: Any) -> None:
        if self._shared:
            (_store, stack), self._shared = self._shared, None
            stack.__exit__(*error)

    @contextmanager
    def at(self, *store_ids: int) -> Iterator[None]:
        """A transaction with the scope of these stores, as a request or a job has it; of neighbours that share theirs
        the one that is open."""
        if self._shared and store_ids == (self._shared[0],):
            yield
            return
        with scope.use(store_ids or self.stores):
            yield

    def house(self, store_id: int) -> Actor:
        """The house itself in one store."""
        return system_actor((store_id,), name="模拟")

    def is_open(self, store_id: int, day: date) -> bool:
        """Whether the store opens that day."""
        return bool(self.places[store_id].calendar.spans_of(day))

    def open_day(self, store_id: int, day: date) -> date:
        """This day, or the next one on which the store opens."""
        while not self.is_open(store_id, day):
            day += timedelta(days=1)
        return day

    def busy(self, day: date, what: str) -> float:
        """How much is sold ('sale') or serviced ('visit') on a day around Spring Festival; 1.0 is usual."""
        for spring in self._springs:
            ahead = (spring - day).days
            if 0 <= ahead <= 30:
                return 1.5
            if -14 <= ahead < 0:
                return dict(behaviour.LULL)[what]
        return 1.0

    def days(self) -> list[date]:
        """All days from begin to end."""
        return [self.begin + timedelta(days=n) for n in range((self.end - self.begin).days + 1)]

    def times_of(self, what: str, key: str, yearly: float) -> list[date]:
        """The days of this simulation on which something happens to somebody, `yearly` times a year on average."""
        length = (self.end - self.begin).days or 1
        expected = yearly * length / 365
        many = int(expected) + self.dice.happens(expected % 1, what, key, "how often")
        return sorted(
            {self.begin + timedelta(days=self.dice.whole(1, length, what, key, "when", n)) for n in range(many)}
        )

    def meets(self, person: Person) -> Worker | None:
        """Whoever stands at the desk for a customer today."""
        desk = [w for w in self.places[person.store_id].of_role("service_advisor") if not w.is_away(self.now)]
        return self.dice.pick(desk, "desk", person.key, self.today) if desk else None

    def add_car(self, car: Car) -> None:
        """A car that lives here from now on."""
        self.cars[car.vin] = car
        self.of_person.setdefault(car.owner.key, []).append(car)
        if car.id:
            self.by_id[car.id] = car

    def owners(self) -> Counter[int]:
        """How many people each store has, by its id."""
        return Counter(person.store_id for person in self.people.values())

    def cars_of(self, person: Person) -> list[Car]:
        """What somebody drives now."""
        return [c for c in self.of_person.get(person.key, []) if c.owner is person and not c.is_gone]


def moment_of(seconds: int) -> time:
    """A time of day from seconds since midnight."""
    return time(seconds // 3600, seconds // 60 % 60, seconds % 60)
