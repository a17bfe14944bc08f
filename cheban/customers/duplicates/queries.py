"""Reads of duplicates: who holds an absorbed file now, the work list, two files side by side, who is known already."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from cheban.core import links, privacy
from cheban.core.errors import BadValue
from cheban.customers.duplicates.finding import REASONS
from cheban.customers.fields import definitions, values
from cheban.customers.models import ContactPoint, Customer, CustomerMerge, DuplicatePair, Vehicle
from cheban.customers.phone import parse_phone
from cheban.customers.plate import display_plate, parse_plate
from cheban.customers.vin import parse_vin
from cheban.org.models import Staff

PAGE = 50


def root_of(customer_id: UUID) -> UUID:
    """The living file that holds this one; itself, if it was never absorbed. One query, whatever the chain."""
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH RECURSIVE up(id, depth) AS (
                 SELECT %(id)s::uuid, 0
                 UNION SELECT m.survivor_id, up.depth + 1 FROM up JOIN customers_customermerge m
                   ON m.absorbed_id = up.id AND m.undone_at IS NULL)
               SELECT id FROM up ORDER BY depth DESC LIMIT 1""",
            {"id": customer_id},
        )
        return cursor.fetchone()[0]


def absorbed_ids(customer_id: UUID) -> list[UUID]:
    """All files that were merged into this one, also those merged into them."""
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH RECURSIVE down(id) AS (
                 SELECT absorbed_id FROM customers_customermerge WHERE survivor_id = %(id)s AND undone_at IS NULL
                 UNION SELECT m.absorbed_id FROM down JOIN customers_customermerge m
                   ON m.survivor_id = down.id AND m.undone_at IS NULL)
               SELECT id FROM down""",
            {"id": customer_id},
        )
        return [row[0] for row in cursor.fetchall()]


def merges_of(customer_id: UUID) -> list[dict[str, Any]]:
    """Merges in force into this file, newest first: {id, name, at, who}."""
    return _merges(CustomerMerge.objects.filter(survivor_id=customer_id, undone_at=None))


def _merges(rows) -> list[dict[str, Any]]:
    found = list(rows.order_by("-at", "-id")[:PAGE])
    staff = dict(
        Staff.objects.filter(
            id__in={m.by_id for m in found if m.by_id} | {m.undone_by_id for m in found if m.undone_by_id}
        ).values_list("id", "name")
    )
    labels = {link.table: link.label for link in links.moving() if link.label}
    return [
        {
            "id": m.id,
            "survivor_id": m.survivor_id,
            "absorbed_id": m.absorbed_id,
            "name": m.image["name"],
            "at": m.at,
            "who": staff.get(m.by_id, ""),
            "undone_at": m.undone_at,
            "undone_by": staff.get(m.undone_by_id, ""),
            "moved": [(str(labels.get(table, table)), count) for table, count in m.moved.items()],
        }
        for m in found
    ]


def merge_list() -> list[dict[str, Any]]:
    """The newest merges of the scope, also undone ones. Three queries."""
    rows = _merges(CustomerMerge.objects.all())
    people = dict(Customer.objects.filter(id__in=[r["survivor_id"] for r in rows]).values_list("id", "name"))
    for row in rows:
        row["survivor"] = people.get(row["survivor_id"], "")
    return rows


def _side(customer: Customer, reach: dict, cars: dict) -> dict[str, Any]:
    return {
        "id": customer.id,
        "name": customer.name,
        "gender": customer.get_gender_display() if customer.gender else "",
        "kind": customer.get_kind_display(),
        "customer_no": customer.customer_no,
        "visits": customer.visits,
        "spent_fen": customer.spent_fen,
        "last_visit_on": customer.last_visit_on,
        "created_at": customer.created_at,
        "phone": next((p["masked"] for p in reach.get(customer.id, [])), ""),
        "cars": cars.get(customer.id, []),
    }


def sides(customer_ids: list[UUID]) -> dict[UUID, dict[str, Any]]:
    """Short cards of customers: who, phone masked, cars. Three queries."""
    from cheban.customers.queries import phones

    reach = phones(customer_ids)
    cars: dict[UUID, list[Vehicle]] = {}
    for car in Vehicle.objects.filter(owner_id__in=customer_ids).order_by("-last_visit_on", "id"):
        cars.setdefault(car.owner_id, []).append(car)
    return {c.id: _side(c, reach, cars) for c in Customer.objects.filter(id__in=customer_ids)}


def worklist(*, state: str = "proposed", reason: str = "", after: str = "") -> dict[str, Any]:
    """One keyset page of pairs, the surest first: {rows, after}. Four queries."""
    rows = DuplicatePair.objects.filter(state=state)
    if reason in REASONS:
        rows = rows.filter(reasons__contains=[reason])
    if after:
        score, _sep, last = after.partition("~")
        from django.db.models import Q

        rows = rows.filter(Q(score__lt=int(score)) | Q(score=int(score), id__lt=int(last)))
    found = list(rows.order_by("-score", "-id")[: PAGE + 1])
    page = found[:PAGE]
    people = sides([i for pair in page for i in (pair.left_id, pair.right_id)])
    return {
        "rows": [
            {
                "pair": pair,
                "left": people[pair.left_id],
                "right": people[pair.right_id],
                "reasons": [
                    (str(REASONS[r][0]), REASONS[r][1]) for r in sorted(pair.reasons, key=lambda r: -REASONS[r][1])
                ],
            }
            for pair in page
            if pair.left_id in people and pair.right_id in people
        ],
        "after": f"{page[-1].score}~{page[-1].id}" if len(found) > PAGE else "",
    }


def counts() -> dict[str, int]:
    """How many pairs wait, how many were found to be two people. One query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT state, count(*) FROM customers_duplicatepair GROUP BY 1")
        return dict(cursor.fetchall())


def moving_counts(customer_id: UUID) -> list[tuple[str, int]]:
    """What would move with this file: label and rows, and the events that its timeline brings along."""
    found: dict[str, int] = {}
    with connection.cursor() as cursor:
        for link in links.moving():
            if link.label:
                cursor.execute(
                    f"SELECT count(*) FROM {link.table} x WHERE x.{link.column} = %s AND {link.only}",  # noqa: S608
                    [customer_id],
                )
                found[str(link.label)] = found.get(str(link.label), 0) + cursor.fetchone()[0]
        cursor.execute("SELECT count(*) FROM core_event WHERE customer_id = %s", [customer_id])
        found[_("经过")] = cursor.fetchone()[0]
    return list(found.items())


def preview(keep_id: UUID, drop_id: UUID) -> dict[str, Any]:
    """Two files side by side, field by field: what each says, which one is proposed. Raises NotFound."""
    from cheban.customers import queries
    from cheban.customers.duplicates.merging import FIELDS

    keep, drop = queries.living(keep_id), queries.living(drop_id)
    people = sides([keep.id, drop.id])
    fields = []
    for field, columns in FIELDS.items():
        left, right = _shown(keep, field), _shown(drop, field)
        raw = [tuple(getattr(c, column) for column in columns) for c in (keep, drop)]
        secret = field in ("id_number", "address")
        if (not left and not right) or (raw[0] == raw[1] and not secret):
            continue
        label = queries.FIELD_LABELS.get("birth_on" if field == "birthday" else field, field)
        if field in ("region", "customer_no"):
            label = {"region": _("地区"), "customer_no": _("客户编号")}[field]
        fields.append(
            {"name": field, "label": str(label), "left": left, "right": right, "take": bool(right and not left)}
        )
    for one in definitions.for_store(keep.store_id, "customer"):
        mine, theirs = keep.extra.get(one.key), drop.extra.get(one.key)
        if mine != theirs and not isinstance(mine or theirs, list):  # several choices are joined
            left, right = (values.words(one.shape, value) for value in (mine, theirs))
            fields.append(
                {"name": f"extra.{one.id}", "label": one.label, "left": left, "right": right, "take": mine is None}
            )
    pair = DuplicatePair.objects.filter(left_id=min(keep.id, drop.id), right_id=max(keep.id, drop.id)).first()
    return {
        "keep": people[keep.id],
        "drop": people[drop.id],
        "keep_refused": keep.refused_purposes,
        "drop_refused": drop.refused_purposes,
        "fields": fields,
        "reasons": [(str(REASONS[r][0]), REASONS[r][1]) for r in pair.reasons] if pair else [],
        "score": pair.score if pair else None,
        "moving": moving_counts(drop.id),
    }


def _shown(customer: Customer, field: str) -> str:
    """A field as people read it; identity number and address are masked."""
    if field == "birthday":
        solar = customer.birth_on.isoformat() if customer.birth_on else ""
        lunar = customer.lunar_birthday
        return solar + (f" {_('农历')} {abs(lunar) // 100}-{abs(lunar) % 100}" if lunar else "")
    if field == "id_number":
        if not customer.id_number_sealed:
            return ""
        text = privacy.unseal(customer.id_number_sealed, bound_to=f"customers_customer.id_number:{customer.id}")
        return f"{text[:3]}…{text[-2:]}"
    if field == "address":
        return _("已登记（隐去）") if customer.address_sealed else ""
    display = getattr(customer, f"get_{field}_display", None)
    return str(display() if display else getattr(customer, field) or "")


def already_known(*, phone: str, plate: str, vin: str) -> list[dict[str, Any]]:
    """Files that have this phone, plate or VIN already: what the new-customer form shows while one types."""
    found: dict[UUID, str] = {}
    try:
        if phone.strip():
            blind = privacy.blind("phone", parse_phone(phone).e164)
            for i in ContactPoint.objects.filter(value_blind=blind).values_list("customer_id", flat=True)[:6]:
                found.setdefault(i, _("电话相同"))
    except BadValue:
        pass
    try:
        if plate.strip():
            number = parse_plate(plate).number
            for i in Vehicle.objects.filter(plate_number=number, owner__isnull=False).values_list(
                "owner_id", flat=True
            )[:6]:
                found.setdefault(i, _("车牌相同"))
    except BadValue:
        pass
    try:
        if vin.strip():
            for i in Vehicle.objects.filter(vin=parse_vin(vin).value, owner__isnull=False).values_list(
                "owner_id", flat=True
            ):
                found.setdefault(i, _("车架号相同"))
    except BadValue:
        pass
    people = sides(list(found)) if found else {}
    return [people[i] | {"why": why} for i, why in found.items() if i in people]


__all__ = ["already_known", "display_plate", "preview", "root_of", "worklist"]
