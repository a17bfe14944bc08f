"""Imports and their rows. See `values` for the kinds of values."""

from __future__ import annotations

from uuid import UUID

from ninja import Schema

from cheban.api.schemas.values import (
    Moment,
)


class ImportOut(Schema):
    """A file, or a batch of an interface, that was brought in."""

    id: UUID
    store_id: int
    file_name: str
    source_system: str
    kind: str
    state: str
    problem: str
    rows_total: int
    rows_done: int
    accepted: int
    unchanged: int
    merged: int
    rejected: int
    flagged: int
    created_at: Moment
    finished_at: Moment | None


class RowProblem(Schema):
    """What is wrong in a row."""

    row: int
    column: str
    value: str
    problem: str


class ImportWhole(ImportOut):
    """An import with its refused rows, at most 100."""

    refused: list[RowProblem]


class ImportPage(Schema):
    """The newest imports."""

    data: list[ImportOut]
    next: str | None
