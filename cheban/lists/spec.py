"""What a list is, as data: its columns, filters and orders. A room declares each of its lists once. Y09.

Everything that a reader may ask for by name (order, filter, column) is looked up here; an unknown name is ignored.
No name out of an address ever reaches SQL (reliability row 24).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from operator import attrgetter
from typing import Any

from django.db.models import FilteredRelation, Model, Q, UUIDField

Choices = Sequence[tuple[str, Any]]


@dataclass(frozen=True, slots=True)
class Out:
    """What a column gives to a file: heading, and how a row's value is read (an attribute's name or a function).

    kind: `text`, `number` (int), `decimal` (int or float), `yuan` (whole fen), `date`, `moment`. None is an empty cell. A value is masked before
    it comes here, exactly as the screen shows it.
    """

    label: Any
    value: str | Callable[[Any], Any]
    kind: str = "text"

    def reader(self) -> Callable[[Any], Any]:
        """Row -> value."""
        return attrgetter(self.value) if isinstance(self.value, str) else self.value


@dataclass(frozen=True, slots=True)
class Input:
    """One field of a cell that is changed where it stands.

    kind: `choice` (one of `choices`, which may depend on the row), `text`, `date` (ISO), `words` (short words, 、 between).
    """

    code: str
    label: Any
    kind: str = "text"
    choices: Choices | Callable[[Any], Choices] = ()
    most: int = 64

    def options(self, row: Any) -> list[tuple[str, str]]:
        """The choices for this row, as texts."""
        found = self.choices(row) if callable(self.choices) else self.choices
        return [(str(code), str(label)) for code, label in found]


@dataclass(frozen=True, slots=True)
class Edit:
    """How a cell is changed where it stands: who may, with which fields, by which command of the room. Y09.

    `read(row)` gives each input's text, as it is shown, compared and put back; `save(row, texts, by=actor)` is the
    room's own command, with its own permission and event; it raises Refused in words. Never for sealed columns.
    """

    permission: str
    inputs: Sequence[Input]
    read: Callable[[Any], dict[str, str]]
    save: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `code` chooses its cell in the room's template; `sort` names the order behind its heading.

    `css` goes on heading and cell. A `fixed` column can be neither hidden nor moved. `out` says what it gives to an
    exported file, one or several cells; a column without it is left out there. `cell` renders the cell where no
    template of the room does (columns that people define). `edit` opens its cells for change.
    """

    code: str
    label: Any
    sort: str = ""
    css: str = ""
    fixed: bool = False
    shown: bool = True
    out: Sequence[Out] = ()
    cell: Any = None
    edit: Edit | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition that one value puts on the rows.

    kind: `choice` (one of `choices`), `flag` (on or off), `text` (compared as it is), `number` (whole, not negative),
    `decimal` and `date` (by `reader`), `search` (words looked for; its box stands open above the list).
    `reader(text)` gives the typed value, None for what it does not take; its `str` is read again to the same.
    `together`: filters that share it make one condition of all their values (from and to of one field): called with
    code -> value, it gives the condition and whether few rows meet it.
    `where(value, today)` gives the condition; `words(value)` what its chip says. `unit` stands behind a number.
    `few(value)` gives the ids of all rows that match where an index finds them and they are few, else None: then the
    page need not look through every store for them.
    """

    code: str
    label: Any
    kind: str
    where: Callable[[Any, date], Q]
    choices: Choices | Callable[[Sequence[int]], Choices] = ()
    words: Callable[[Any], str] | None = None
    unit: Any = ""
    reader: Callable[[str], Any] | None = None
    together: Callable[[Mapping[str, Any]], tuple[Q, bool]] | None = None
    few: Callable[[Any], Sequence[Any] | None] | None = None

    def options(self, stores: Sequence[int]) -> list[tuple[str, str]]:
        """The choices as texts, for these stores."""
        found = self.choices(stores) if callable(self.choices) else self.choices
        return [(str(code), str(label)) for code, label in found]

    def read(self, text: str, stores: Sequence[int]) -> Any:
        """The typed value, or None for what this filter does not take."""
        text = text.strip()
        if self.reader is not None:
            return self.reader(text[:64])
        if self.kind == "choice":
            return text if text in dict(self.options(stores)) else None
        if self.kind == "flag":
            return True if text == "1" else None
        if self.kind == "number":
            return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None
        return text[:64] or None


@dataclass(frozen=True, slots=True)
class Related:
    """Rows of another table that an order stands in; SQL of ours. See Sort."""

    relation: Callable[[], FilteredRelation]
    table: str
    condition: str
    id_column: str
    value: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Sort:
    """An order, the largest first (or the other way round): a column of the model, its SQL type, its words.

    Rows without a value stand in no order: they are left out where `skips_empty`. `up`: the smallest first, where this is
    the list's first order and nobody asked for another.
    An order by rows of another table has `related`: how they are joined (its alias is `code`), the table with the
    condition that leaves one row for each row of the model, its column of the model's id, and how a row of the model
    tells its value. It needs an index over store, condition, column, id.
    """

    code: str
    column: str
    sql_type: str
    largest: Any
    smallest: Any
    skips_empty: bool = False
    related: Related | None = None
    up: bool = False

    @property
    def path(self) -> str:
        """The column as querysets name it."""
        return f"{self.code}__{self.column}" if self.related else self.column

    def value_of(self, row: Any) -> Any:
        """What a row has in this order."""
        return self.related.value(row) if self.related else getattr(row, self.column)


More = tuple[Sequence[Column], Sequence[Filter], Sequence[Sort]]


@dataclass(frozen=True, slots=True)
class ListSpec:
    """One list. `model` needs `id`, and `store_id` if `by_store`; `dress(rows)` adds what cells show, in few queries.

    `by_store`: rows lie in indexes that begin with the store; else one ordered query serves all stores of the scope.
    `export_permission` is asked besides `permission` when the list goes out as a file. `light(ids, columns)` gives the
    values of a file, one vector for each `Out` of the columns, where dressed rows of the model would be too slow; it
    leaves out what is gone or does not belong to `base`.

    `cells` is the folder of templates with one cell each, named after the column: looked up once, where a chain of
    conditions would be walked for every cell. `row_name` is what they call the row.
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
    by_store: bool = True
    counts_people: bool = False
    export_permission: str = "list.export"
    light: Callable[[Sequence[Any], Sequence[str]], list[Sequence[Any]]] | None = None
    more: Callable[[Sequence[int]], More] | None = None
    row_name: str = "row"

    def of_stores(self, stores: Sequence[int]) -> ListSpec:
        """With what people of these stores added to it: `more(stores)` gives columns, filters and orders."""
        columns, filters, sorts = self.more(stores) if self.more else ((), (), ())
        if not (columns or filters or sorts):
            return self
        return replace(
            self,
            columns=[*self.columns, *columns],
            filters=[*self.filters, *filters],
            sorts=[*self.sorts, *sorts],
        )

    @property
    def id_type(self) -> str:
        """The SQL type of the rows' ids: `uuid` or `bigint`."""
        return "uuid" if isinstance(self.model._meta.pk, UUIDField) else "bigint"

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
