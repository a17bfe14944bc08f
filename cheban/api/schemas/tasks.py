"""Tasks and their outcomes. See `values` for the kinds of values."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field

from cheban.api.schemas.values import (
    In,
    Line,
    Moment,
    MomentIn,
    PageIn,
)


class TaskOut(Schema):
    """One contact that is owed: a customer, the reasons, the clock."""

    contact_id: UUID
    store_id: int
    customer_id: UUID | None
    vehicle_id: UUID | None
    assignee_id: int | None
    title: str
    rules: list[str]
    starts_at: Moment
    due_at: Moment
    due_on: date
    is_late: bool
    attempts: int
    escalation: int
    value_fen: int


class TaskPage(Schema):
    """A page of tasks, the most urgent first."""

    data: list[TaskOut]
    next: str | None


class TaskFilter(PageIn):
    """Whose tasks."""

    of: Literal["mine", "team"] = "mine"
    assignee_id: Annotated[int, Field(ge=1, le=2_000_000_000)] | None = None
    only: Literal["late", "escalated", "unassigned"] | None = None


class OutcomeIn(In):
    """What came of a contact: see the outcomes in the documentation."""

    outcome: Annotated[str, Field(max_length=32)]
    when: MomentIn | None = None
    reason: Line = ""
    note: Annotated[str, Field(max_length=500)] = ""
