"""The reading half of an import, for the pipeline: look into a file, cut it into chunks, convert a chunk.

`inspect_file` opens each sheet once and says how it was understood; the plan is JSON, can be shown, corrected and
saved. `plan_chunks` streams raw rows; `convert_chunk` needs neither file nor database, so it runs in other processes.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from cheban.customers.importing import columns as columns_
from cheban.customers.importing import fields, headers, rows
from cheban.customers.importing.cells import plain
from cheban.customers.importing.chunks import RawChunk, cut
from cheban.customers.importing.columns import Column
from cheban.customers.importing.fields import BY_CODE, CUSTOM, KINDS, may_have, normalise
from cheban.customers.importing.files import Table, Unreadable, open_tables
from cheban.customers.importing.headers import Heading
from cheban.customers.importing.rows import Row, TableRules
from cheban.customers.importing.table import tidy

LOOK = 400
"""Rows of a sheet that are looked at before a plan is made."""


@dataclass(slots=True)
class TablePlan:
    """How one sheet is read."""

    sheet: str
    kind: str
    heading_row: int  # the last row of headings; data follow
    columns: list[Column]
    row_estimate: int = 0
    options: dict[str, Any] = field(default_factory=dict)
    samples: list[list[str]] = field(default_factory=list)

    def rules(self) -> TableRules:
        """What converting its rows needs."""
        headings = rows.unique_headings(self.columns)
        parts = {normalise(p) for c in self.columns for p in (c.name, c.heading, c.heading.removesuffix("/" + c.name))}
        return TableRules(
            self.sheet,
            self.kind,
            tuple((c.index, h, c.field, c.unit) for c, (_i, h) in zip(self.columns, headings, strict=True) if c.field),
            headings,
            frozenset(parts - {""}),
            self.options,
        )

    @property
    def unread(self) -> list[str]:
        """Headings that no field takes."""
        return [c.heading for c in self.columns if not c.field]


@dataclass(slots=True)
class FilePlan:
    """How a file is read: its sheets of data, and those left out with the reason."""

    kind: str
    tables: list[TablePlan]
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def row_estimate(self) -> int:
        """About how many rows."""
        return sum(t.row_estimate for t in self.tables)

    def to_json(self) -> dict[str, Any]:
        """As JSON; `plan_from_json` is the way back."""
        return {
            "kind": self.kind,
            "left_out": self.left_out,
            "tables": [
                {
                    "sheet": t.sheet,
                    "kind": t.kind,
                    "heading_row": t.heading_row,
                    "row_estimate": t.row_estimate,
                    "options": t.options,
                    "columns": [
                        {f.name: getattr(c, f.name) for f in dataclasses.fields(Column) if f.name != "samples"}
                        for c in t.columns
                    ],
                }
                for t in self.tables
            ],
        }

    def mapping_json(self) -> dict[str, Any]:
        """What is worth saving for the next file of the same system: heading -> field."""
        options = self.tables[0].options if self.tables else {}
        return {
            "kind": self.kind,
            "columns": {c.heading: c.field for t in self.tables for c in t.columns},
            "options": {k: v for k, v in options.items() if k not in OF_THE_FILE},
        }


OF_THE_FILE = frozenset(("is_1904", "about", "has_extras", "custom"))
"""Options that are found in a file or in the store, not chosen."""


def plan_from_json(stored: Mapping[str, Any]) -> FilePlan:
    """A plan from its JSON (samples are not kept: they are personal data)."""
    return FilePlan(
        stored.get("kind", ""),
        [
            TablePlan(
                t["sheet"],
                t["kind"],
                t["heading_row"],
                [Column(**c) for c in t["columns"]],
                t["row_estimate"],
                t.get("options", {}),
            )
            for t in stored.get("tables", [])
        ],
        dict(stored.get("left_out", {})),
    )


Custom = Mapping[str, Mapping[str, Any]]
"""Custom fields of the store: code -> {label, kind, choices}, as the plan keeps them."""


def inspect_file(
    path: Path, *, kind: str = "auto", mapping: Mapping[str, Any] | None = None, custom: Custom | None = None
) -> FilePlan:
    """Look into a file. Raises Unreadable.

    `mapping`: {"kind", "columns": {heading, or #C for column C: field}, "options": {"negative_amounts": bool,
    "date_order": "dmy", "heading_row": 1-based, 0 for a list without headings}}.
    """
    mapping = mapping or {}
    given = {h if re.fullmatch(r"#[A-Z]{1,2}", h) else normalise(h): f for h, f in mapping.get("columns", {}).items()}
    # A saved mapping may name a custom field that was put aside since: its column is not read.
    given = {h: "" if f.startswith(CUSTOM) and f not in (custom or {}) else f for h, f in given.items()}
    for code in given.values():
        if code and code not in BY_CODE and not code.startswith(CUSTOM):
            raise Unreadable(
                _("对应文件里没有“%(code)s”这个字段。可用：%(all)s") % {"code": code, "all": "、".join(BY_CODE)}
            )
    wanted = kind if kind != "auto" else mapping.get("kind") or "auto"
    if wanted != "auto" and wanted not in KINDS:
        raise Unreadable(_("没有“%(kind)s”这种数据。可用：%(all)s") % {"kind": wanted, "all": "、".join(KINDS)})
    plan, seems = FilePlan(wanted, []), {}
    for table in open_tables(path):
        if table.is_hidden:
            plan.left_out[table.sheet] = str(_("隐藏的工作表"))
            continue
        before = plan.tables[-1] if plan.tables else None
        found, why = _look(table, given, wanted, {**mapping.get("options", {}), "custom": dict(custom or {})}, before)
        if found is None:
            plan.left_out[table.sheet] = str(why)
        else:
            plan.tables.append(found)
            seems[table.sheet] = why
    if wanted != "auto" and not given:  # a workbook's sheets of another kind are not forced into this one
        family = {wanted} if wanted in ("repair_orders", "appointments") else {"customers", "vehicles", "insurance"}
        fitting = [t for t in plan.tables if seems[t.sheet] in family]
        if fitting:
            plan.left_out |= {t.sheet: str(_("是另一种数据")) for t in plan.tables if t not in fitting}
            plan.tables = fitting
    if not plan.tables:
        seen = str(_("；")).join(f"{s}{_('：')}{w}" for s, w in plan.left_out.items())
        raise Unreadable(
            _("没有找到能识别的列标题。请保留标题行（如 客户名称、移动电话、车牌号），或用对应文件说明。%(seen)s")
            % {"seen": seen}
        )
    if wanted == "auto":
        rows_of = Counter[str]()
        for t in plan.tables:
            rows_of[t.kind] += max(t.row_estimate, 1)
        plan.kind = rows_of.most_common(1)[0][0]
    return plan


def _look(
    table: Table, given: Mapping[str, str], wanted: str, options: dict[str, Any], before: TablePlan | None
) -> tuple[TablePlan | None, Any]:
    """(the plan, what its rows seem to be), or (None, why the sheet is left out)."""
    head = list(itertools.islice(table.rows, LOOK))
    if not any(any(c not in ("", None) for c in row) for _n, row in head):
        return None, _("空的工作表")
    heading = _given_row(head, options) or headers.find(head, table.merged, list(given), table.hidden_columns)
    if heading is None:
        going_on = _going_on(table, head, before)
        return (going_on, going_on.kind) if going_on else (None, _("没有列标题"))
    columns = heading.columns
    data = [row for number, row in head if number > heading.last_row]
    clocks = columns_.clock_columns(columns, data)
    headers.name_columns(columns, clocks=clocks)
    columns_.look_at_values(columns, data)
    seems = headers.detect_kind(columns)
    kind = wanted if wanted != "auto" else seems
    if not given and not seems or not kind:
        return None, _("列标题认不出来") if wanted == "auto" else _("没有这类数据的列")
    if given:
        for column in columns:
            letter = "#" + _letters(column.index)
            code = given.get(letter, given.get(normalise(column.heading), given.get(normalise(column.name), "")))
            column.field, column.is_doubtful = code, False
        headers.limit_to_kind(columns, kind)
    else:
        headers.name_columns(columns, kind, clocks)
        columns_.look_at_values(columns, data)
        headers.fit_to_kind(columns, kind)
        headers.name_custom(columns, kind, options["custom"])
    if not options["custom"]:
        del options["custom"]
    if not any(c.field for c in columns):
        return None, _("没有这类数据的列")
    if table.is_1904:
        options["is_1904"] = True
    if headers.has_extras(columns):
        options["has_extras"] = True
    if about := _about(table.sheet, [row for number, row in head if number < heading.first_row]):
        options["about"] = about.isoformat()
    estimate = max(table.row_estimate - heading.last_row, 0) if table.row_estimate else len(data)
    samples = [[plain(c)[:100] for c in row] for row in data[:3]]
    return TablePlan(table.sheet, kind, heading.last_row, columns, estimate, options, samples), seems or kind


def _going_on(table: Table, head: list[tuple[int, list[Any]]], before: TablePlan | None) -> TablePlan | None:
    """A sheet without headings that goes on where the one before it was full: its columns hold the same."""
    if before is None:
        return None
    data = [row for _n, row in head if sum(1 for c in row if c not in ("", None)) >= 3][:100]
    columns = [dataclasses.replace(c, samples=[]) for c in before.columns]
    tellers = [c for c in columns if c.field in columns_.SHAPES]
    if not data or not tellers or max(map(len, data)) > max(c.index for c in columns) + 1:
        return None
    for column in tellers:
        cells = [str(r[column.index]) for r in data if column.index < len(r) and r[column.index] not in ("", None)]
        fitting = sum(1 for c in cells if columns_.shape_of(c) == columns_.SHAPES[column.field])
        if not cells or fitting < 0.7 * len(cells):
            return None
    return TablePlan(table.sheet, before.kind, 0, columns, table.row_estimate or len(head), dict(before.options))


def _letters(index: int) -> str:
    """A column's letters: 0 -> A, 26 -> AA."""
    text = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        text = chr(65 + rest) + text
    return text


def _given_row(head: list[tuple[int, list[Any]]], options: dict[str, Any]) -> Heading | None:
    """The headings where the mapping says they stand; without any, columns are called by their letters."""
    number = options.get("heading_row")
    if number is None:
        return None
    width = max(len(row) for _n, row in head)
    names = next((row for n, row in head if n == number), []) if number else [_letters(i) for i in range(width)]
    columns = [Column(i, t, leaf=t) for i, t in enumerate(map(headers.text_of, names)) if t]
    headers.name_columns(columns)
    return Heading(number, number, columns)


_DAY = re.compile(r"(20\d{2})\s*[年/.-]\s*(\d{1,2})(?:\s*[月/.-]\s*(\d{1,2}))?")


def _about(sheet: str, titles: list[list[Any]]) -> date | None:
    """When the list was made, or the month it is about, as its titles or the sheet's name say."""
    found = None
    for text in (sheet, *(plain(c)[:200] for row in titles for c in row if c not in ("", None))):
        for year, month, day in _DAY.findall(text):
            try:
                found = date(int(year), int(month), int(day or 15))
            except ValueError:
                continue
    return found


@dataclass(slots=True)
class ConvertedChunk:
    """Typed rows and the rows skipped, by reason."""

    rows: list[Row]
    skipped: Counter[str]


def plan_chunks(path: Path, plan: FilePlan, *, chunk_size: int = 20_000) -> Iterator[RawChunk]:
    """The file's rows in order, sheet by sheet. A chunk is cut only where an order begins, so that lines of one
    order stay together."""
    by_sheet = {t.sheet: t for t in plan.tables}
    for table in open_tables(path):
        # a text file has one table without a name of its own, and lies under another name at each step
        found = plan.tables[0] if table.is_text and plan.tables else by_sheet.get(table.sheet)
        if found is not None:
            yield from cut(table, found.rules(), heading_row=found.heading_row, size=chunk_size)


def convert_chunk(chunk: RawChunk, *, today: date) -> ConvertedChunk:
    """Typed rows of a chunk."""
    found, skipped = rows.convert(chunk.rows, chunk.rules, today=today)
    return ConvertedChunk(found, skipped)


def convert_fixed(plan: FilePlan, *, sheet: str, row: int, raw: Mapping[str, str], today: date) -> Row:
    """Read one corrected row again: `raw` maps the sheet's headings to the corrected texts."""
    table = next((t for t in plan.tables if t.sheet == sheet), plan.tables[0])
    rules = table.rules()
    if "is_1904" in rules.options:  # what was kept for correction has its days written out
        rules = dataclasses.replace(rules, options={k: v for k, v in rules.options.items() if k != "is_1904"})
    cells: list[Any] = [""] * (max(i for i, _h in rules.headings) + 1)
    for index, heading in rules.headings:
        cells[index] = tidy((raw.get(heading) or "").strip())
    found, _skipped = rows.convert([(row, cells)], rules, today=today)
    if found:
        return found[0]
    empty = Row(sheet, row, {}, dict(raw))
    empty.problems.append(
        rows.Problem(rules.headings[0][1], "", str(_("这一行没有内容。")), str(_("请填写这一行，或不再处理它。")))
    )
    return empty


def corrected(
    plan: FilePlan,
    *,
    columns: Mapping[str, Mapping[str, str]],
    kinds: Mapping[str, str],
    custom: Custom | None = None,
) -> FilePlan:
    """The plan with columns and kinds as a person corrected them. Raises Unreadable for an unknown field."""
    for table in plan.tables:
        table.options = {k: v for k, v in table.options.items() if k != "custom"} | (
            {"custom": custom} if custom else {}
        )
        table.kind = kinds.get(table.sheet) or table.kind
        if table.kind not in KINDS:
            raise Unreadable(_("没有这种数据。"))
        taken: set[str] = set()
        for column in table.columns:
            code = columns.get(table.sheet, {}).get(str(column.index), column.field)
            if code and (not may_have(table.kind, code) or code.startswith(CUSTOM) and code not in (custom or {})):
                code = ""
            if code in taken and (code.startswith(CUSTOM) or not BY_CODE[code].many):
                label = custom[code]["label"] if code.startswith(CUSTOM) else BY_CODE[code].label
                raise Unreadable(_("“%(label)s”选了两次，请只留一列。") % {"label": label})
            taken |= {code} if code else set()
            column.field, column.is_doubtful = code, False
    plan.kind = plan.tables[0].kind if plan.tables else plan.kind
    return plan


def field_choices(custom: Custom | None = None) -> list[tuple[str, list[tuple[str, str]]]]:
    """Fields for a select, grouped, custom ones last: [(group, [(code, label)])]."""
    groups = (
        (_("客户"), "customer_no", "plate"),
        (_("车辆"), "plate", "order_no"),
        (_("工单"), "order_no", "appointment_at"),
        (_("预约"), "appointment_at", None),
    )
    codes = [f.code for f in fields.FIELDS]
    found = []
    for label, first, last in groups:
        span = fields.FIELDS[codes.index(first) : codes.index(last) if last else None]
        found.append((str(label), [(f.code, str(_(f.label))) for f in span]))
    if custom:
        found.append((str(_("自定义字段")), [(code, each["label"]) for code, each in custom.items()]))
    return found
