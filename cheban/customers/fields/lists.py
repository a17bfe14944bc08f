"""Custom fields in the customer list: filters, columns, orders, cells of a file. Y09, decision 0027.

Filters and orders go through the search rows (`CustomerValue`, `VehicleValue`); cells come out of the row's `extra`.
A vehicle's fields filter the customers who own such a vehicle, and stand in a column with one value for each car.
Personal fields are sealed: no filter, column or file has them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from django.db.models import Exists, F, FilteredRelation, OuterRef, Q, QuerySet
from django.utils.html import format_html
from django.utils.translation import gettext as _

from cheban.core.errors import BadValue
from cheban.customers.fields import definitions, values
from cheban.customers.fields.models import CustomerValue, FieldDefinition, VehicleValue
from cheban.customers.fields.values import MEASURED, Kind, Shape
from cheban.lists.spec import Column, Filter, More, Out, Related, Sort

NONE = "none"
"""The choice 'not filled in' of a filter; no choice has this code (`slug` never makes it alone)."""
_LAST = chr(0x10FFFF)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a list, rendered without a template of its own: one class serves every field."""

    field: FieldDefinition

    def render(self, context: Mapping[str, Any]) -> str:
        """The words of the row's value, or of each car's."""
        css = "num c-more" if self.field.kind in MEASURED else "c-more"
        return format_html('<td class="{}">{}</td>', css, text_of(self.field, context["customer"]))


def text_of(field: FieldDefinition, customer: Any) -> str:
    """What the list shows of a field in the row of a customer."""
    if field.subject == FieldDefinition.Subject.CUSTOMER:
        return values.words(field.shape, customer.extra.get(field.key))
    return _("、").join(
        values.words(field.shape, car.extra[field.key]) for car in customer.cars if field.key in car.extra
    )


def more(stores: Sequence[int]) -> More:
    """Columns, filters and orders that the fields of these stores add. No query within ten seconds of the last."""
    columns: list[Column] = []
    filters: list[Filter] = []
    sorts: list[Sort] = []
    for field in definitions.kept(stores):
        if field.is_personal:
            continue
        ordered = field.subject == FieldDefinition.Subject.CUSTOMER and field.kind in MEASURED
        columns.append(
            Column(
                field.name,
                field.label,
                sort=field.name if ordered else "",
                css="num c-more" if field.kind in MEASURED else "c-more",
                shown=field.in_list,
                out=(out_of(field),),
                cell=Cell(field),
            )
        )
        filters += filters_of(field)
        if ordered:
            sorts.append(_sort(field))
    return columns, filters, sorts


# --- filters -------------------------------------------------------------------------------------------------------


def filters_of(field: FieldDefinition) -> list[Filter]:
    """One filter, or a from and a to for what has a more and a less."""
    shape = field.shape
    together = Together(field)
    if field.kind in MEASURED:
        of_kind = "date" if field.kind == Kind.DATE else "decimal"
        unit = _("元") if field.kind == Kind.MONEY else ""
        pair = ((".from", _("%(label)s 从"), "≥"), (".to", _("%(label)s 到"), "≤"))
        return [
            Filter(
                field.name + end,
                label % {"label": field.label},
                of_kind,
                _never_alone,
                words=partial(_compared_words, field, sign),
                unit=unit,
                reader=partial(_bound, shape),
                together=together,
            )
            for end, label, sign in pair
        ]
    if field.kind == Kind.TEXT:
        return [
            Filter(
                field.name,
                _("%(label)s 开头是") % {"label": field.label},
                "text",
                _never_alone,
                words=lambda v: _("%(label)s：%(words)s…") % {"label": field.label, "words": v},
                together=together,
            )
        ]
    options = [("true", _("是")), ("false", _("否"))] if field.kind == Kind.YES_NO else list(shape.offered)
    choices = [*options, (NONE, _("未填"))]
    return [Filter(field.name, field.label, "choice", _never_alone, choices=choices, together=together)]


def _never_alone(value: Any, today: date) -> Q:
    raise NotImplementedError("asked through Filter.together")


@dataclass(frozen=True, slots=True)
class Together:
    """What the filters of one field say together: code of the filter -> value, into one condition."""

    field: FieldDefinition

    def __call__(self, asked: Mapping[str, Any]) -> tuple[Q, bool]:
        """The condition, and whether few rows meet it."""
        field, wanted = self.field, {}
        for code, value in asked.items():
            side = {".from": "gte", ".to": "lte"}.get(code.removeprefix(field.name))
            if side:
                column, limit = _limit(field, value)
                wanted[f"{column}__{side}"] = limit
            elif value == NONE:
                return ~has(field), False
            elif field.kind == Kind.TEXT:
                wanted |= {"text__gte": value, "text__lt": value + _LAST}
            else:
                wanted["text"] = value
        return wants(field, **wanted)


RARE = 20_000
"""Rows up to which the search rows are read first and their customers looked up. Where more meet a condition, the list
is walked in its order and each row asked: of 1,000,000 in 50 stores either way looks at some 20,000 at most."""


class Probe(Exists):
    """EXISTS that is asked row by row: OFFSET 0 keeps the planner from turning it into a join."""

    template = "EXISTS(%(subquery)s OFFSET 0)"


def _rows(field: FieldDefinition, **wanted: Any) -> QuerySet:
    model = CustomerValue if field.subject == FieldDefinition.Subject.CUSTOMER else VehicleValue
    return model.objects.filter(field_id=field.id, **wanted)


def has(field: FieldDefinition, *, row_by_row: bool = False, **wanted: Any) -> Q:
    """The customers who have such a value, or own a vehicle that has it."""
    found = _rows(field, store_id=OuterRef("store_id"), **wanted)
    if field.subject == FieldDefinition.Subject.CUSTOMER:
        found = found.filter(customer=OuterRef("pk"))
    else:
        found = found.filter(vehicle__owner=OuterRef("pk"), vehicle__store_id=OuterRef("store_id"))
    return Q((Probe if row_by_row else Exists)(found))


def wants(field: FieldDefinition, **wanted: Any) -> tuple[Q, bool]:
    """`has`, by the way that reads less: few matching search rows first, many one by one. One query."""
    is_rare = _rows(field, **wanted).values("id")[: RARE + 1].count() <= RARE
    return has(field, row_by_row=not is_rare, **wanted), is_rare


def _limit(field: FieldDefinition, limit: Decimal | date) -> tuple[str, Any]:
    """(column of the search rows, the limit there)."""
    if isinstance(limit, date):
        return "text", limit.isoformat()
    fen = limit * 100 if field.kind == Kind.MONEY else limit
    return "number", int(fen * values.SCALE)


def _bound(shape: Shape, text: str) -> Decimal | date | None:
    """A limit out of an address: yuan or a number as Decimal, a day; None for what is neither."""
    try:
        stored = values.read(shape, text)
    except BadValue:
        return None
    if stored is None:
        return None
    if shape.kind == Kind.DATE:
        return date.fromisoformat(stored)
    return Decimal(repr(stored)) / 100 if shape.kind == Kind.MONEY else Decimal(repr(stored))


def _compared_words(field: FieldDefinition, sign: str, limit: Decimal | date) -> str:
    shown = limit.isoformat() if isinstance(limit, date) else f"{format(limit, 'f')}"
    unit = _(" 元") if field.kind == Kind.MONEY else ""
    return f"{field.label} {sign} {shown}{unit}"


def by_code(stores: Sequence[int], text: str) -> Q:
    """Customers by one custom field as a program asks: way:metro, points:>=5, on:<=2026-11-27. Raises BadValue.

    Stores may have fields of the same code: the customers of each are held to its own.
    """
    code, _colon, wanted = text.partition(":")
    found = [d for d in definitions.of_stores(stores) if d.code == code and not d.is_personal]
    if not found:
        raise BadValue(_("没有这个字段，或不能筛选。"), expected=_("写成 代码:值，代码见 GET /custom-fields。"))
    result = Q()
    for field in found:
        result |= wants(field, **_by_value(field, wanted.strip()))[0]
    return result


def _by_value(field: FieldDefinition, wanted: str) -> dict[str, Any]:
    if field.kind in MEASURED:
        side = {">=": "gte", "<=": "lte"}.get(wanted[:2])
        stored = values.check(field.shape, _number_or_text(field, wanted[2:] if side else wanted))
        column = "text" if field.kind == Kind.DATE else "number"
        return {f"{column}__{side or 'exact'}": values.scaled(field.shape, stored)}
    if not wanted:
        raise BadValue(_("值是空的。"), expected=_("写成 代码:值。"))
    if field.kind == Kind.TEXT:
        return {"text__gte": wanted, "text__lt": wanted + _LAST}
    known = {"true", "false"} if field.kind == Kind.YES_NO else {code for code, _label, _on in field.shape.choices}
    if wanted not in known:
        raise BadValue(_("没有这个选项。"), expected=_("可选：%(all)s") % {"all": _("、").join(sorted(known))})
    return {"text": wanted}


def _number_or_text(field: FieldDefinition, text: str) -> Any:
    if field.kind == Kind.DATE:
        return text or "-"
    try:
        found = Decimal(text)
    except InvalidOperation:
        return text or "-"
    return values.plain(found) if found.is_finite() and abs(found) < 10**15 else "-"


# --- orders --------------------------------------------------------------------------------------------------------


def _sort(field: FieldDefinition) -> Sort:
    is_day, shape, key = field.kind == Kind.DATE, field.shape, field.key
    words = (
        (_("%(label)s 最晚在前"), _("%(label)s 最早在前"))
        if is_day
        else (_("%(label)s 最大在前"), _("%(label)s 最小在前"))
    )
    largest, smallest = (text % {"label": field.label} for text in words)

    def value(row: Any) -> Any:
        stored = row.extra.get(key)
        return None if stored is None else values.scaled(shape, stored)

    return Sort(
        field.name,
        "text" if is_day else "number",
        "text" if is_day else "bigint",
        largest,
        smallest,
        skips_empty=True,
        related=Related(
            relation=lambda: FilteredRelation(
                "custom_values",
                condition=Q(custom_values__field_id=field.id, custom_values__store_id=F("store_id")),
            ),
            table=CustomerValue._meta.db_table,
            condition=f"field_id = {int(field.id)}",
            id_column="customer_id",
            value=value,
        ),
    )


# --- files ---------------------------------------------------------------------------------------------------------


def out_of(field: FieldDefinition) -> Out:
    """A cell of a file: numbers, amounts and days as such; a vehicle's as text, one for each car."""
    label = _("%(label)s（元）") % {"label": field.label} if field.kind == Kind.MONEY else field.label
    if field.subject == FieldDefinition.Subject.VEHICLE:
        return Out(field.label, field.name)
    return Out(label, field.name, values.OUT_KIND.get(field.kind, "text"))


def cells_of(names: Iterable[str]) -> dict[str, tuple[str, Callable[[Sequence[Any]], Sequence[Any]]]]:
    """Names of fields -> (SQL expression over c and the customer's id, how its raw vector becomes values).

    Archived fields too: an export that began before a field was put aside ends as it was asked for. One query.
    """
    wanted = [name for name in names if name[:1] == "x" and name[1:].isdigit()]
    found: dict[str, tuple[str, Callable[[Sequence[Any]], Sequence[Any]]]] = {}
    for field_id, field in definitions.by_ids(name[1:] for name in wanted).items():
        if field.is_personal:
            continue
        shape = field.shape
        if field.subject == FieldDefinition.Subject.CUSTOMER:
            found[field.name] = (f"c.extra -> '{field_id}'", partial(_outs, shape))
        else:
            sql = f"""(SELECT jsonb_agg(v.extra -> '{field_id}' ORDER BY v.last_visit_on DESC)
                       FROM customers_vehicle v WHERE v.owner_id = c.id AND v.extra ? '{field_id}')"""  # noqa: S608
            found[field.name] = (sql, partial(_outs_of_cars, shape))
    return found


def _outs(shape: Shape, raw: Sequence[Any]) -> Sequence[Any]:
    return [values.out(shape, _json(each)) for each in raw]


def _outs_of_cars(shape: Shape, raw: Sequence[Any]) -> Sequence[Any]:
    joint = _("、")
    return [joint.join(values.words(shape, v) for v in _json(each)) if each else "" for each in raw]


def _json(raw: Any) -> Any:
    return json.loads(raw) if isinstance(raw, (str, bytes)) else raw
