"""The reading half of an import, for the pipeline: look into a file, cut it into chunks, convert a chunk.

`inspect_file` opens each sheet once and says how it was understood; the plan is JSON, can be shown, corrected and
saved. `plan_chunks` streams raw rows; `convert_chunk` needs neither file nor database, so it runs in other processes.
"""

from __future__ import annotations

import itertools
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from cheban.customers.importing import fields, headers, rows
from cheban.customers.importing.fields import BY_CODE, KINDS, normalise
from cheban.customers.importing.files import Table, Unreadable, open_tables
from cheban.customers.importing.headers import Column
from cheban.customers.importing.rows import Row, TableRules
from cheban.customers.importing.values import plain

LOOK = 300
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
        return TableRules(
            self.sheet,
            self.kind,
            tuple(
                (c.index, h, c.field, c.unit)
                for c, (_i, h) in zip(self.columns, rows.unique_headings(self.columns), strict=True)
                if c.field
            ),
            rows.unique_headings(self.columns),
            frozenset(normalise(part) for c in self.columns for part in c.heading.split("/")),
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
                        {
                            "index": c.index,
                            "heading": c.heading,
                            "field": c.field,
                            "is_doubtful": c.is_doubtful,
                            "unit": c.unit,
                        }
                        for c in t.columns
                    ],
                }
                for t in self.tables
            ],
        }

    def mapping_json(self) -> dict[str, Any]:
        """What is worth saving for the next file of the same system: heading -> field."""
        return {
            "kind": self.kind,
            "columns": {c.heading: c.field for t in self.tables for c in t.columns},
            "options": self.tables[0].options if self.tables else {},
        }


def plan_from_json(stored: Mapping[str, Any]) -> FilePlan:
    """A plan from its JSON (samples are not kept: they are personal data)."""
    return FilePlan(
        stored.get("kind", ""),
        [
            TablePlan(
                t["sheet"],
                t["kind"],
                t["heading_row"],
                [Column(c["index"], c["heading"], c["field"], c["is_doubtful"], [], c["unit"]) for c in t["columns"]],
                t["row_estimate"],
                t.get("options", {}),
            )
            for t in stored.get("tables", [])
        ],
        dict(stored.get("left_out", {})),
    )


def inspect_file(path: Path, *, kind: str = "auto", mapping: Mapping[str, Any] | None = None) -> FilePlan:
    """Look into a file. `mapping`: {"kind", "columns": {heading: field}, "options": {...}}. Raises Unreadable."""
    given = {normalise(h): f for h, f in (mapping or {}).get("columns", {}).items()}
    for code in given.values():
        if code and code not in BY_CODE:
            raise Unreadable(
                _("对应文件里没有“%(code)s”这个字段。可用：%(all)s") % {"code": code, "all": "、".join(BY_CODE)}
            )
    wanted = kind if kind != "auto" else (mapping or {}).get("kind") or "auto"
    if wanted != "auto" and wanted not in KINDS:
        raise Unreadable(_("没有“%(kind)s”这种数据。可用：%(all)s") % {"kind": wanted, "all": "、".join(KINDS)})
    options = dict((mapping or {}).get("options", {}))
    if _is_1904(path):
        options["is_1904"] = True
    plan = FilePlan(wanted, [])
    for table in open_tables(path):
        if table.is_hidden:
            plan.left_out[table.sheet] = str(_("隐藏的工作表"))
            continue
        found, why = _look(table, given, wanted, options)
        if found is None:
            plan.left_out[table.sheet] = str(why)
        else:
            plan.tables.append(found)
    if not plan.tables:
        seen = "；".join(f"{s}：{w}" for s, w in plan.left_out.items())
        raise Unreadable(
            _("没有找到能识别的列标题。请保留标题行（如 客户名称、移动电话、车牌号），或用对应文件说明。%(seen)s")
            % {"seen": seen}
        )
    if wanted == "auto":
        plan.kind = (
            Counter(
                {t.kind: 0 for t in plan.tables}
                | Counter(k for t in plan.tables for k in [t.kind] * max(t.row_estimate, 1))
            ).most_common(1)[0][0]
            if plan.tables
            else ""
        )
    return plan


def _look(table: Table, given: Mapping[str, str], wanted: str, options: dict[str, Any]) -> tuple[TablePlan | None, Any]:
    head = list(itertools.islice(table.rows, LOOK))
    if not any(any(c not in ("", None) for c in row) for _n, row in head):
        return None, _("空的工作表")
    heading = headers.find(head, table.merged, list(given))
    if heading is None:
        return None, _("没有列标题")
    data = [row for number, row in head if number > heading.last_row]
    headers.look_at_values(heading.columns, data)
    if given:
        for column in heading.columns:
            name = normalise(column.heading)
            leaf = normalise(column.heading.rpartition("/")[2])
            column.field = given.get(name, given.get(leaf, ""))
            column.is_doubtful = False
    kind = wanted if wanted != "auto" else headers.detect_kind(heading.columns)
    if not kind:
        return None, _("列标题认不出来")
    _fit(heading.columns, kind)
    if not any(c.field for c in heading.columns):
        return None, _("没有这类数据的列")
    if wanted != "auto" and not given and not headers.detect_kind(heading.columns):
        return None, _("没有这类数据的列")
    estimate = max(table.row_estimate - heading.last_row, 0) if table.row_estimate else len(data)
    samples = [[plain(c) for c in row] for row in data[:3]]
    return TablePlan(table.sheet, kind, heading.last_row, heading.columns, estimate, dict(options), samples), ""


def _fit(columns: list[Column], kind: str) -> None:
    """Fields as rows of this kind mean them."""
    headers.limit_to_kind(columns, kind)
    have = {c.field for c in columns}
    for column in columns:
        if kind == "customers" and column.field == "deliverer" and "name" not in have:
            column.field = "name"
        if kind == "appointments" and column.field == "in_at" and "appointment_at" not in have:
            column.field = "appointment_at"
    has_order = {"order_no", "in_at"} & {c.field for c in columns}
    if kind == "repair_orders" and not has_order:
        for column in columns:
            if column.field == "purchased_on":
                column.field = "in_at"


def _is_1904(path: Path) -> bool:
    """Whether a workbook counts its days from 1904."""
    try:
        with zipfile.ZipFile(path) as archive:
            head = archive.open("xl/workbook.xml").read(64 * 1024)
    except (zipfile.BadZipFile, KeyError, OSError):
        return False
    return b'date1904="1"' in head or b'date1904="true"' in head


@dataclass(slots=True)
class RawChunk:
    """A stretch of one sheet's rows and how to read them; picklable."""

    kind: str
    rules: TableRules
    rows: list[tuple[int, list[Any]]]


@dataclass(slots=True)
class ConvertedChunk:
    """Typed rows and the rows skipped, by reason."""

    rows: list[Row]
    skipped: Counter[str]


def plan_chunks(path: Path, plan: FilePlan, *, chunk_size: int = 20_000) -> Iterator[RawChunk]:
    """The file's rows in order, sheet by sheet. Lines of one order may fall into two chunks only where they carry
    their order number; a chunk is never cut where order fields are blank."""
    by_sheet = {t.sheet: t for t in plan.tables}
    for table in open_tables(path):
        found = by_sheet.get(table.sheet)
        if found is None:
            continue
        rules = found.rules()
        cut = _cut_row(path, table)
        if cut:
            rules.options["cut_row"] = cut
        key = [i for i, _h, code, _u in rules.columns if code in ("order_no", "in_at", "plate", "vin")]
        chunk: list[tuple[int, list[Any]]] = []
        for number, row in rows.fill_down(table.rows, table.merged):
            if number <= found.heading_row:
                continue
            if len(chunk) >= chunk_size and (
                found.kind != "repair_orders" or any(i < len(row) and row[i] not in ("", None) for i in key)
            ):
                yield RawChunk(found.kind, rules, chunk)
                chunk = []
            chunk.append((number, row))
        if chunk:
            yield RawChunk(found.kind, rules, chunk)


def _cut_row(path: Path, table: Table) -> int | None:
    """The row at which a csv file breaks off: its last one, when it ends without a line end and with fewer columns."""
    if path.suffix.lower() not in (".csv", ".txt", ".tsv"):
        return None
    with path.open("rb") as file:
        file.seek(0, 2)
        if file.tell() == 0:
            return None
        file.seek(-1, 2)
        if file.read(1) in (b"\n", b"\r", b"\x00"):
            return None
    widths: Counter[int] = Counter()
    last = (0, 0)
    for again in open_tables(path):
        for number, row in again.rows:
            widths[len(row)] += 1
            last = (number, len(row))
    usual = widths.most_common(1)[0][0] if widths else 0
    return last[0] if last[1] < usual else None


def convert_chunk(chunk: RawChunk, *, today: date) -> ConvertedChunk:
    """Typed rows of a chunk."""
    found, skipped = rows.convert(chunk.rows, chunk.rules, today=today)
    return ConvertedChunk(found, skipped)


def convert_fixed(plan: FilePlan, *, sheet: str, row: int, raw: Mapping[str, str], today: date) -> Row:
    """Read one corrected row again: `raw` maps the sheet's headings to the corrected texts."""
    table = next((t for t in plan.tables if t.sheet == sheet), plan.tables[0])
    rules = table.rules()
    cells: list[Any] = [""] * (max(i for i, _h in rules.headings) + 1)
    for index, heading in rules.headings:
        cells[index] = (raw.get(heading) or "").strip()
    found, _skipped = rows.convert([(row, cells)], rules, today=today)
    if found:
        return found[0]
    empty = Row(sheet, row, {}, dict(raw))
    empty.problems.append(
        rows.Problem(rules.headings[0][1], "", str(_("这一行没有内容。")), str(_("请填写这一行，或不再处理它。")))
    )
    return empty


def corrected(plan: FilePlan, *, columns: Mapping[str, Mapping[str, str]], kinds: Mapping[str, str]) -> FilePlan:
    """The plan with columns and kinds as a person corrected them. Raises Unreadable for an unknown field."""
    for table in plan.tables:
        table.kind = kinds.get(table.sheet) or table.kind
        if table.kind not in KINDS:
            raise Unreadable(_("没有这种数据。"))
        taken: set[str] = set()
        for column in table.columns:
            code = columns.get(table.sheet, {}).get(str(column.index), column.field)
            if code and code not in KINDS[table.kind]:
                code = ""
            if code in taken and not BY_CODE[code].many:
                raise Unreadable(_("“%(label)s”选了两次，请只留一列。") % {"label": BY_CODE[code].label})
            taken |= {code} if code else set()
            column.field, column.is_doubtful = code, False
    plan.kind = plan.tables[0].kind if plan.tables else plan.kind
    return plan


def field_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Fields for a select, grouped: [(group, [(code, label)])]."""
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
    return found
