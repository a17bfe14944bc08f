"""What a list is, as data: its columns, filters and orders. A room declares each of its lists once. Y09.

Everything that a reader may ask for by name (order, filter, column) is looked up here; an unknown name is ignored.
No name out of an address ever reaches SQL (reliability row 24).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Model, Q

Choices = Sequence[tuple[str, Any]]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `code` chooses its cell in the room's template; `sort` names the order behind its heading.

    `css` goes on heading and cell. A `fixed` column can be neither hidden nor moved.
    """

    code: str
    label: Any
    sort: str = ""
    css: str = ""
    fixed: bool = False
    shown: bool = True


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition that one value puts on the rows.

    kind: `choice` (one of `choices`), `flag` (on or off), `text` (compared as it is), `number` (whole, not negative).
    `where(value, today)` gives the condition; `words(value)` what its chip says. `unit` stands behind a number.
    """

    code: str
    label: Any
    kind: str
    where: Callable[[Any, date], Q]
    choices: Choices | Callable[[Sequence[int]], Choices] = ()
    words: Callable[[Any], str] | None = None
    unit: Any = ""

    def options(self, stores: Sequence[int]) -> list[tuple[str, str]]:
        """The choices as texts, for these stores."""
        found = self.choices(stores) if callable(self.choices) else self.choices
        return [(str(code), str(label)) for code, label in found]

    def read(self, text: str, stores: Sequence[int]) -> Any:
        """The typed value, or None for what this filter does not take."""
        text = text.strip()
        if self.kind == "choice":
            return text if text in dict(self.options(stores)) else None
        if self.kind == "flag":
            return True if text == "1" else None
        if self.kind == "number":
            return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None
        return text[:64] or None


@dataclass(frozen=True, slots=True)
class Sort:
    """An order, the largest first (or the other way round): a column of the model, its SQL type, its words.

    Rows without a value stand in no order: they are left out where `skips_empty`.
    """

    code: str
    column: str
    sql_type: str
    largest: Any
    smallest: Any
    skips_empty: bool = False


@dataclass(frozen=True, slots=True)
class ListSpec:
    """One list. `model` needs `id` (uuid) and `store_id`; `dress(rows)` adds what cells show, in few queries.

    `cells` is the folder of templates with one cell each, named after the column: looked up once, where a chain of
    conditions would be walked for every cell.
    """

    code: str
    title: Any
    permission: str
    url: str
    model: type[Model]
    cells: str
    columns: Sequence[Column]
    filters: Sequence[Filter]
    sorts: Sequence[Sort]
    dress: Callable[[list[Any]], None] = field(default=lambda rows: None)
    base: Q = field(default_factory=Q)

    def column(self, code: str) -> Column | None:
        """The column of this code."""
        return next((c for c in self.columns if c.code == code), None)

    def sort(self, code: str) -> Sort | None:
        """The order of this code."""
        return next((s for s in self.sorts if s.code == code), None)

    def filter(self, code: str) -> Filter | None:
        """The filter of this code."""
        return next((f for f in self.filters if f.code == code), None)


_declared: dict[str, ListSpec] = {}


def declare(spec: ListSpec) -> ListSpec:
    """Tell the house of a list; its filters and orders must not share names with the address's own words."""
    taken = {"after", "sort", "view", "all"} & {f.code for f in spec.filters}
    if taken or {c.sort for c in spec.columns if c.sort} - {s.code for s in spec.sorts}:
        raise ValueError(f"list {spec.code}: reserved or unknown names {sorted(taken)}")
    _declared[spec.code] = spec
    return spec


def get(code: str) -> ListSpec | None:
    """The list of this code."""
    return _declared.get(code)


def declared() -> Mapping[str, ListSpec]:
    """All lists by code."""
    return dict(_declared)
