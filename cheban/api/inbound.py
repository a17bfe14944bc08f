"""Batches from another system: what comes in, how it becomes rows of an import, what is told back. R030, Y02, Y03.

A row is known again by `source` and `external_id` (customers), by VIN or plate (vehicles), by order number (repair
orders): sent twice it changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field, StrictInt

from cheban.api.schemas import Day, Fen, In, Km, Line, MomentIn, Text
from cheban.core import clock
from cheban.core.money import plain_yuan
from cheban.customers.importing import direct
from cheban.org.access import Actor
from cheban.org.entry import ZONE
from cheban.workshop import orders

MOST = 1000
ExternalId = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9._-]+$")]
Money = Annotated[StrictInt, Field(ge=-(10**12), le=10**12, description="fen")]


class VehicleFields(In):
    """What is told of a vehicle."""

    vin: Annotated[str, Field(max_length=32)] | None = None
    plate: Annotated[str, Field(max_length=16)] | None = None
    brand: Annotated[str, Field(max_length=40)] | None = None
    series: Annotated[str, Field(max_length=60)] | None = None
    model: Annotated[str, Field(max_length=100)] | None = None
    colour: Annotated[str, Field(max_length=32)] | None = None
    engine_no: Annotated[str, Field(max_length=40)] | None = None
    price_fen: Fen | None = None
    made_on: Day | None = None
    purchased_on: Day | None = None
    registered_on: Day | None = None
    warranty_until: Day | None = None
    insurer: Annotated[str, Field(max_length=40)] | None = None
    insurance_until: Day | None = None
    compulsory_until: Day | None = None
    odometer_km: Km | None = None


class CustomerRow(VehicleFields):
    """A customer of the other system, with one vehicle if known."""

    external_id: ExternalId
    name: Annotated[str, Field(max_length=120)]
    mobile: Annotated[str, Field(max_length=32)] | None = None
    landline: Annotated[str, Field(max_length=32)] | None = None
    gender: Literal["m", "f"] | None = None
    birth_on: Day | None = None
    occupation: Line | None = None
    email: Annotated[str, Field(max_length=100)] | None = None
    province: Line | None = None
    city: Line | None = None
    address: Text | None = None
    tags: Annotated[list[Annotated[str, Field(max_length=32)]], Field(max_length=20)] | None = None
    remarks: Text | None = None


class VehicleRow(VehicleFields):
    """A vehicle with its owner's name and phone."""

    external_id: ExternalId
    name: Annotated[str, Field(max_length=120)]
    mobile: Annotated[str, Field(max_length=32)] | None = None


class OrderLine(In):
    """A line of a repair order; returns are negative."""

    item: Text
    item_code: Annotated[str, Field(max_length=40)] | None = None
    quantity: Annotated[float, Field(ge=0, le=100_000)] | None = None
    labour_fen: Money | None = None
    material_fen: Money | None = None
    total_fen: Money | None = None


class OrderRow(In):
    """A repair order of the other system with its lines. Lines that are new are added, none is taken away."""

    external_id: ExternalId = Field(description="the order number")
    name: Annotated[str, Field(max_length=120)] | None = None
    mobile: Annotated[str, Field(max_length=32)] | None = None
    vin: Annotated[str, Field(max_length=32)] | None = None
    plate: Annotated[str, Field(max_length=16)] | None = None
    in_at: MomentIn
    out_at: MomentIn | None = None
    odometer_km: Km | None = None
    order_kind: Annotated[str, Field(max_length=40)] | None = None
    pay_type: Annotated[str, Field(max_length=24)] | None = None
    service_advisor: Annotated[str, Field(max_length=32)] | None = None
    technician: Annotated[str, Field(max_length=32)] | None = None
    concern: Text | None = None
    lines: Annotated[list[OrderLine], Field(min_length=1, max_length=200)]


class _Batch(In):
    store_id: StrictInt | None = None


class CustomerBatch(_Batch):
    """Customers, at most 1,000."""

    rows: Annotated[list[CustomerRow], Field(min_length=1, max_length=MOST)]


class VehicleBatch(_Batch):
    """Vehicles, at most 1,000."""

    rows: Annotated[list[VehicleRow], Field(min_length=1, max_length=MOST)]


class OrderBatch(_Batch):
    """Repair orders, at most 1,000."""

    rows: Annotated[list[OrderRow], Field(min_length=1, max_length=MOST)]


class RowTold(Schema):
    """What is wrong or doubtful in a row; `index` counts from 0 as sent."""

    index: int
    external_id: str
    field: str
    value: str
    problem: str


class Brought(Schema):
    """What became of a batch. It stands in the import list and can be undone there as a whole."""

    import_id: UUID
    accepted: int
    unchanged: int
    merged: int
    skipped: int = Field(description="rows that hold nothing, or a sum or a heading instead of data")
    refused: list[RowTold]
    flagged: list[RowTold]
    ids: dict[str, UUID] = Field(description="external id -> our id, of what is known now")


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "、".join(value)
    if hasattr(value, "astimezone"):
        return value.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")
    return "" if value is None else " ".join(str(value).split())


def _cells(values: dict[str, Any]) -> dict[str, str]:
    """Field code -> text as a spreadsheet would have it."""
    return {
        code: plain_yuan(value) if code.endswith("_fen") and value is not None else _text(value)
        for code, value in values.items()
        if code not in ("external_id", "lines")
    }


def customers(batch: CustomerBatch, *, by: Actor, store_id: int, source: str) -> Brought:
    """Upsert customers. The number that they are known by is '<source>:<external id>'."""
    rows = [_cells(r.model_dump()) | {"customer_no": f"{source}:{r.external_id}"} for r in batch.rows]

    def known(_batch: Any) -> dict[str, UUID]:
        found = direct.customers_by_number([r["customer_no"] for r in rows], store_id=store_id)
        return {number.partition(":")[2]: own for number, own in found.items()}

    return _bring(batch.rows, rows, list(range(len(rows))), "customers", known, by=by, store_id=store_id, source=source)


def vehicles(batch: VehicleBatch, *, by: Actor, store_id: int, source: str) -> Brought:
    """Upsert vehicles with their owners."""
    rows = [_cells(r.model_dump()) for r in batch.rows]

    def known(_batch: Any) -> dict[str, UUID]:
        by_vin = direct.vehicles_by_vin([(r.vin or "").upper() for r in batch.rows], store_id=store_id)
        return {r.external_id: by_vin[r.vin.upper()] for r in batch.rows if r.vin and r.vin.upper() in by_vin}

    return _bring(batch.rows, rows, list(range(len(rows))), "vehicles", known, by=by, store_id=store_id, source=source)


def repair_orders(batch: OrderBatch, *, by: Actor, store_id: int, source: str) -> Brought:
    """Upsert repair orders: one row per line, the order's own fields on each."""
    rows, of = [], []
    for index, order in enumerate(batch.rows):
        head = _cells(order.model_dump()) | {"order_no": order.external_id}
        for line in order.lines:
            rows.append(head | _cells(line.model_dump()))
            of.append(index)

    def known(_batch: Any) -> dict[str, UUID]:
        return orders.ids_of([r.external_id for r in batch.rows], store_id=store_id)

    return _bring(batch.rows, rows, of, "repair_orders", known, by=by, store_id=store_id, source=source)


def _bring(
    sent: Sequence[Any],
    rows: list[dict[str, str]],
    of: list[int],
    kind: str,
    known: Callable[[Any], dict[str, UUID]],
    *,
    by: Actor,
    store_id: int,
    source: str,
) -> Brought:
    """`of[i]` is the index of the sent thing that row i belongs to."""
    name = f"{source} {clock.now().astimezone(ZONE):%Y-%m-%d %H:%M}"
    found = direct.bring_in(rows, by=by, store_id=store_id, kind=kind, source=source, name=name)

    def told(entries: list[dict[str, Any]]) -> list[RowTold]:
        return [
            RowTold(
                index=of[e["row"] - direct.FIRST_ROW],
                external_id=sent[of[e["row"] - direct.FIRST_ROW]].external_id,
                field=e["column"],
                value=e["value"],
                problem=e["problem"],
            )
            for e in entries
        ]

    batch = found["batch"]
    return Brought(
        import_id=batch.id,
        accepted=batch.accepted,
        unchanged=batch.unchanged,
        merged=batch.merged,
        skipped=sum(batch.skipped.values()),
        refused=told(found["refused"]),
        flagged=told(found["flagged"]),
        ids=known(batch),
    )
