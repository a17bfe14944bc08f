"""Which custom fields there are for whom, and how many rows have a value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.core.cache import caches
from django.db import connection
from django.db.models import Q
from django.utils.translation import gettext as _

from cheban.core import privacy
from cheban.core.errors import NotFound
from cheban.customers.fields import values
from cheban.customers.fields.models import FieldDefinition, SealedValue

KEPT_SECONDS = 10
"""How long lists of another process may go on with the fields of before; forms, imports and programs never do."""
MOST_COUNTED = 10_000
"""Filled rows are counted so far: nobody decides differently about more."""
_ORDER = ("position", "id")


def for_store(store_id: int, subject: str = "") -> list[FieldDefinition]:
    """The fields of a store's rows that are in use, its group's among them, in order. One query."""
    found = FieldDefinition.objects.filter(Q(store_id=store_id) | Q(store=None), group__store=store_id)
    found = found.filter(archived_at=None, **({"subject": subject} if subject else {}))
    return list(found.order_by(*_ORDER))


def of_stores(stores: Sequence[int]) -> list[FieldDefinition]:
    """The fields in use in any of these stores, in order. One query."""
    found = FieldDefinition.objects.filter(Q(store_id__in=stores) | Q(store=None), group__store__in=stores)
    return list(found.filter(archived_at=None).distinct().order_by(*_ORDER))


def importable(store_id: int) -> dict[str, dict[str, Any]]:
    """The fields that a column of a file may fill: custom:<subject>:<id> -> {label, kind, choices}, as JSON keeps it."""
    return {
        f"custom:{d.subject}:{d.id}": {"label": d.label, "kind": d.kind, "choices": [list(c) for c in d.shape.choices]}
        for d in for_store(store_id)
        if not d.is_personal
    }


def kept(stores: Sequence[int]) -> list[FieldDefinition]:
    """As `of_stores`, kept for ten seconds: for lists, which ask at every page."""
    key = f"fields:{_version()}:{','.join(map(str, sorted(stores)))}"
    return caches["process"].get_or_set(key, lambda: of_stores(stores), KEPT_SECONDS)


def forget_kept() -> None:
    """This process reads the fields anew."""
    caches["process"].set("fields:version", _version() + 1, None)


def _version() -> int:
    return caches["process"].get_or_set("fields:version", 1, None)


def by_ids(ids: Iterable[int | str]) -> dict[int, FieldDefinition]:
    """Fields of these ids, archived ones too, as far as the scope sees them. One query, none for no id."""
    wanted = {int(each) for each in ids}
    return {d.id: d for d in FieldDefinition.objects.filter(id__in=wanted)} if wanted else {}


def one(field_id: int) -> FieldDefinition:
    """A field of the scope. Raises NotFound."""
    found = FieldDefinition.objects.filter(id=field_id).first()
    if found is None:
        raise NotFound(_("没有这个字段，或不属于您的门店。"))
    return found


def labels(codes: Iterable[str]) -> dict[str, str]:
    """'custom.<code>' of an event -> the field's label. One query, none for no such code."""
    wanted = {code.removeprefix("custom.") for code in codes if code.startswith("custom.")}
    if not wanted:
        return {}
    found = FieldDefinition.objects.filter(code__in=wanted).order_by("-archived_at", "id")
    return {f"custom.{code}": label for code, label in found.values_list("code", "label")}


def shown(extra: Mapping[str, Any], definitions: Iterable[FieldDefinition]) -> list[dict[str, Any]]:
    """The filled ones of a row: [{field, words}] in the order of the definitions."""
    return [
        {"field": d, "words": values.words(d.shape, extra[d.key])} for d in definitions if extra.get(d.key) is not None
    ]


def sealed_of(customer_ids: Iterable[UUID], *, archived: bool = False) -> list[dict[str, Any]]:
    """Personal fields of customers, masked: [{id, field, masked}]. One query."""
    found = SealedValue.objects.filter(customer_id__in=list(customer_ids)).select_related("field")
    if not archived:
        found = found.filter(field__archived_at=None)
    return [
        {"id": row.id, "field": row.field, "masked": masked(opened(row))}
        for row in found.order_by("field__position", "field_id")
    ]


def opened(row: SealedValue) -> str:
    """A sealed value in the clear: for masks and copies, never for a page."""
    return privacy.unseal(row.value_sealed, bound_to=f"customers_sealedvalue.value:{row.id}")


def masked(text: str) -> str:
    """What may be seen of it: its ends where it is long, else its first sign."""
    return f"{text[:2]}****{text[-2:]}" if len(text) >= 8 else f"{text[:1]}**"


def counts() -> dict[int, int]:
    """Field -> rows of the scope with a value, counted up to MOST_COUNTED + 1. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT f.id, CASE WHEN f.is_personal THEN
                 (SELECT count(*) FROM (SELECT 1 FROM customers_sealedvalue v WHERE v.field_id = f.id LIMIT %(most)s) a)
               WHEN f.subject = 'customer' THEN (SELECT count(*) FROM (SELECT DISTINCT customer_id FROM (
                   SELECT customer_id FROM customers_customervalue v WHERE v.field_id = f.id LIMIT %(most)s) r) b)
               ELSE (SELECT count(*) FROM (SELECT DISTINCT vehicle_id FROM (
                   SELECT vehicle_id FROM customers_vehiclevalue v WHERE v.field_id = f.id LIMIT %(most)s) r) c) END
               FROM customers_fielddefinition f""",
            {"most": MOST_COUNTED + 1},
        )
        return dict(cursor.fetchall())
