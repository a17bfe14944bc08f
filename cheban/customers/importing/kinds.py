"""Which rooms write which kinds of rows. The workshop registers repair orders; the rest is ours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from cheban.customers.importing import prepare, writing
from cheban.customers.importing.prepare import Context
from cheban.customers.importing.writing import Written


@dataclass(frozen=True, slots=True)
class Writer:
    """How rows of a kind reach the database. `prepare` needs no database and must be importable by name."""

    label: str
    prepare: Callable[[Sequence[Any], Context], list[Any]]
    write: Callable[[Sequence[Any], Context, dict], Written]
    count: Callable[[Sequence[Any], dict], None]
    finish: Callable[[Written, Context], None]


def _write(rows: Sequence[Any], context: Context, _counters: dict) -> Written:
    return writing.write(rows, context)


def _nothing(_rows: Sequence[Any], _counters: dict) -> None:
    """Rows of people and vehicles need no numbering."""


def _finish(written: Written, context: Context) -> None:
    writing.finish(written.touched_vehicles, today=context.today)


WRITERS: dict[str, Writer] = {
    kind: Writer(label, prepare.prepare, _write, _nothing, _finish)
    for kind, label in (
        ("customers", _("客户与车辆")),
        ("vehicles", _("车辆")),
        ("insurance", _("保险到期")),
        ("appointments", _("预约名单")),
    )
}


def register(kind: str, writer: Writer) -> None:
    """Another room offers to write a kind (called when its app is ready)."""
    WRITERS[kind] = writer


def label(kind: str) -> str:
    """What people call this kind."""
    return str(WRITERS[kind].label) if kind in WRITERS else kind
