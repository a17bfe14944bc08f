"""Find anyone as you type: name, pinyin, initials, any phone or its last four, plate or VIN fragment. R015, Y09.

One database function (`customers_search`, see its migration) gives ids; the last-four candidates are opened
and compared here, as the index holds buckets only. Full phone numbers are matched by their blind index.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from cheban.core import privacy
from cheban.core.errors import BadValue
from cheban.customers.models import ContactPoint, Customer, RecentView, Vehicle
from cheban.customers.phone import parse_phone
from cheban.customers.plate import display_plate
from cheban.org.access import Actor

MOST = 8
_FRAGMENT = re.compile(r"^[\u4e00-\u9fff]?[A-Z0-9]{2,17}[\u4e00-\u9fff]?$")


@dataclass(frozen=True, slots=True)
class Hit:
    """One result: where it leads, what it shows. Phones are masked."""

    customer_id: UUID
    title: str
    subtitle: str
    plate: str
    plate_kind: str
    group: str  # vehicle | phone | name
    rank: int


def normalise(text: str) -> str:
    """Full width to half, no blanks, dots or hyphens; letters as typed."""
    return re.sub(r"[\s·\-]+", "", unicodedata.normalize("NFKC", text)).strip()[:40]


def find(text: str, actor: Actor, *, most: int = MOST) -> list[Hit]:
    """The best hits, exact ones first, at most `most` per group. Two to four queries, whatever the size."""
    asked = normalise(text)
    if len(asked) < 2 and not ("\u4e00" <= asked[:1] <= "\u9fff"):
        return []
    upper = asked.upper()
    tail = asked if re.fullmatch(r"\d{4}", asked) else None
    exact = None
    if re.fullmatch(r"\+?\d{7,15}", asked):
        try:
            exact = privacy.blind("phone", parse_phone(asked).e164)
        except BadValue:
            exact = None
    fragment = upper if len(upper) >= 3 and _FRAGMENT.match(upper) else ""
    if tail:
        rows = (
            [row for store in actor.stores for row in _call("", "", privacy.tail_bucket(store, tail), None, most)]
            if len(actor.stores) <= 60
            else []
        )
        rows += _call(upper, fragment, None, None, most)
    else:
        rows = _call(asked.lower() if asked.isascii() else asked, fragment, None, exact, most)
    return _hits(rows, tail=tail, asked=upper, most=most)


MOST_IN_LIST = 500
"""People that a search within the list brings: whoever has more types one letter more."""


def few(text: str) -> list[UUID]:
    """Ids for the search within the list: by name, pinyin, initials, plate or VIN; at most MOST_IN_LIST. One query.

    No telephones: what is asked of a list stands in its address.
    """
    asked = normalise(text)
    if len(asked) < 2 and not ("\u4e00" <= asked[:1] <= "\u9fff"):
        return []
    upper = asked.upper()
    fragment = upper if len(upper) >= 3 and _FRAGMENT.match(upper) else ""
    rows = _call(asked.lower() if asked.isascii() else asked, fragment, None, None, MOST_IN_LIST)
    return list(dict.fromkeys(row[1] for row in rows if row[1] is not None))


def _call(asked: str, plate_like: str, tail: int | None, exact: bytes | None, most: int) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM customers_search(%s, %s, %s, %s, %s)", [asked or "\x01", plate_like, tail, exact, most]
        )
        return cursor.fetchall()


def _hits(rows: list[tuple], *, tail: str | None, asked: str, most: int) -> list[Hit]:
    by_tail = [row for row in rows if row[0] == "tail"]
    found: dict[UUID, str] = {}
    if by_tail:
        points = ContactPoint.objects.filter(id__in=[row[2] for row in by_tail]).only(
            "id", "customer_id", "value_sealed"
        )
        for point in points:
            if privacy.unseal(point.value_sealed, bound_to=f"customers_contactpoint.value:{point.id}").endswith(tail):
                found.setdefault(point.customer_id, "phone")
                if sum(g == "phone" for g in found.values()) >= most:
                    break
    vehicles = {row[2]: row[1] for row in rows if row[0] == "vehicle"}
    for owner in vehicles.values():
        if owner:
            found[owner] = "vehicle"
    for kind, customer_id, _vehicle in rows:
        if kind in ("phone", "name"):
            found.setdefault(customer_id, kind)
    customers = {
        c.id: c
        for c in Customer.objects.filter(id__in=found).only(
            "id", "name", "region", "tier", "kind", "visits", "last_visit_on"
        )
    }
    cars: dict[UUID, list[Vehicle]] = {}
    for vehicle in (
        Vehicle.objects.filter(owner_id__in=customers)
        .only("id", "owner_id", "plate_number", "plate_kind", "vin", "brand", "series", "last_visit_on")
        .order_by("-last_visit_on")
    ):
        cars.setdefault(vehicle.owner_id, []).append(vehicle)
    hits = []
    for customer_id, group in found.items():
        customer = customers.get(customer_id)
        if customer is None:
            continue
        own = cars.get(customer_id, [])
        best = next((v for v in own if v.id in vehicles), own[0] if own else None)
        rank = 5
        if best is not None and group == "vehicle":
            rank = (
                0
                if asked in (best.plate_number, best.vin)
                else 1
                if best.plate_number.endswith(asked) or best.vin.endswith(asked)
                else 3
            )
        elif group == "phone" or customer.name.upper() == asked:
            rank = 1
        label = " ".join(filter(None, (best.brand, best.series))) if best else ""
        hits.append(
            Hit(
                customer_id,
                customer.name,
                label or customer.region,
                display_plate(best.plate_number) if best and best.plate_number else "",
                best.plate_kind if best else "",
                group,
                rank,
            )
        )
    hits.sort(key=lambda h: (h.rank, h.group, h.title))
    return hits[: most * 2]


def remember(customer_id: UUID, actor: Actor, *, store_id: int, at) -> None:
    """Note that this person opened this customer (the palette's 'recent')."""
    if actor.staff_id is not None:
        with connection.cursor() as cursor:
            cursor.execute(
                """INSERT INTO customers_recentview (staff_id, customer_id, store_id, at)
                   SELECT %s::int, %s::uuid, %s::int, %s::timestamptz
                   FROM set_config('synchronous_commit', 'off', true)  -- a page that only reads waits for no disk
                   ON CONFLICT (staff_id, customer_id) DO UPDATE SET at = excluded.at""",
                [actor.staff_id, customer_id, store_id, at],
            )


def recent(actor: Actor, *, most: int = 6) -> list[Hit]:
    """Whom this person opened last."""
    ids = list(
        RecentView.objects.filter(staff_id=actor.staff_id).order_by("-at").values_list("customer_id", flat=True)[:most]
    )
    hits = {h.customer_id: h for h in _hits([("name", i, None) for i in ids], tail=None, asked="", most=most)}
    return [hits[i] for i in ids if i in hits]
