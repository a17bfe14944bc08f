"""Which rows of a table are data, and why the others are not: blank, repeated headings, titles, notes, sub-totals,
totals. A row that is skipped is neither accepted nor refused, so it must be certain that nobody's data are in it.
"""

from __future__ import annotations

import re
from typing import Any

from cheban.customers.importing.fields import normalise
from cheban.customers.importing.formulas import Broken
from cheban.customers.importing.rows import AMOUNTS, TableRules

_SUM = (
    r"(?:合\s*计|小\s*计|总\s*计|累\s*计|共\s*计|总\s*和|汇\s*总|平\s*均|(?:grand|sub|page)?[\s-]*totals?|sum|average)"
)
_TOTAL = re.compile(
    rf"[（(【\[]?[^\d\s]{{0,12}}?[\s：:]*{_SUM}[）)】\]]?(?:金额|数量|台次|人数|行数|费用)?(?:\s*[(（][^)）]{{0,12}}[)）])?"
    r"[\s:：]*(?:[¥￥]?\s*[\d,.]+\s*\S{0,3})?",
    re.IGNORECASE,
)
_SUBTOTAL = re.compile(r"小\s*计|sub|本\s*页|page", re.IGNORECASE)
_SIGNED = re.compile(
    r"^(?:制\s*表|审\s*核|审\s*批|打\s*印|导\s*出|填\s*表|填\s*报|复\s*核|经\s*手|签\s*字|签\s*名|盖\s*章|第\s*\d+\s*页|共\s*\d+\s*[条行人页笔单台辆]|"
    r"页\s*码|printed|page\s*\d+)|第\s*\d+\s*页|共\s*\d+\s*页|打印时间|导出时间|制表人",
    re.IGNORECASE,
)
_NOTE = re.compile(
    r"^(?:统\s*计|查\s*询|报\s*表|单\s*位\s*[:：]|日\s*期\s*[:：]|说\s*明|备\s*注|注\s*[:：\d]|附\s*[:：]|以\s*[上下]|本\s*[页表]|数据来源|note|remark|total rows|※|\*|#)|"
    r"(?:报表|明细表|明细|一览表|清单|名单|档案|台账|汇总表|统计表|有限公司|销售公司|服务站|4S店)$|保密",
    re.IGNORECASE,
)
_LABEL = re.compile(r"^[^\d]{1,12}[:：]")
_DIGIT = re.compile(r"\d")
_NUMBERS = ("vin", "plate", "mobile", "deliverer_mobile", "contact_mobile", "id_number")
_CODES = ("order_no", "policy_no", "appointment_no", "customer_no")


class Judge:
    """Says of each row of a table whether it is data."""

    def __init__(self, rules: TableRules) -> None:
        self.rules = rules
        self.mapped = {index: code for index, _h, code, _u in rules.columns}
        self.numbers = tuple(index for index, code in self.mapped.items() if code in _NUMBERS)
        self.codes = tuple(index for index, code in self.mapped.items() if code in _CODES)
        self.has_items = bool({"item", "item_code", "concern"} & set(self.mapped.values()))
        self.texts = frozenset(i for i, c in self.mapped.items() if c in ("item", "concern", "remarks", "address"))

    def why_no_data(self, number: int, cells: list[Any]) -> str:
        """'' for data, else 'blank', 'heading', 'title', 'note', 'subtotal', 'total'."""
        if number not in self.rules.wide:
            for index in self.numbers:  # nine of ten rows end here
                if index < len(cells) and _is_number_of_somebody(cells[index]):
                    return ""
            for index in self.codes:
                if index < len(cells) and _is_code(cells[index]):
                    return ""
        filled = [(i, c) for i, c in enumerate(cells) if c != "" and c is not None]
        if not filled:
            return "blank"
        if self._is_heading(filled):
            return "heading"
        if all(c.__class__ is str and normalise(c) in self.rules.titles for _i, c in filled[:30]):
            return "title"
        if reason := self._total(filled):
            return reason
        if number in self.rules.wide and len(filled) <= 2:
            return "note"
        return self._note(filled)

    def _is_heading(self, filled: list[tuple[int, Any]]) -> bool:
        texts = [c for _i, c in filled if c.__class__ is str and len(c) <= 40]
        if len(texts) * 2 <= len(filled) or not texts:
            return False
        same = sum(1 for c in texts if normalise(c) in self.rules.leafs)
        return same * 2 > len(filled) and (same >= 2 or len(self.rules.headings) <= 2)

    def _total(self, filled: list[tuple[int, Any]]) -> str:
        """By its first words, or by its shape: amounts and nothing else."""
        for index, cell in filled[:4]:
            if cell.__class__ is str and len(cell) <= 30 and _TOTAL.fullmatch(cell):
                others = [c for i, c in filled if i != index and i in self.numbers]
                if not any(map(_is_number_of_somebody, others)) and (index not in self.texts or len(filled) <= 6):
                    return "subtotal" if _SUBTOTAL.search(cell) else "total"
        if all(_is_number(c) for _i, c in filled) and not any(isinstance(c, Broken) for _i, c in filled):
            known = {self.mapped[i] for i, _c in filled if i in self.mapped}
            is_amounts = known and known <= AMOUNTS
            if self.rules.kind == "repair_orders":
                return "total" if is_amounts and self.has_items else ""
            return "total" if (is_amounts or not known) and len(filled) <= 3 else ""
        return ""

    def _note(self, filled: list[tuple[int, Any]]) -> str:
        index, first = filled[0]
        if first.__class__ is not str:
            return "note" if len(filled) == 1 and index not in self.mapped else ""
        known = [self.mapped[i] for i, _c in filled if i in self.mapped]
        if len(filled) == 1:
            if self.mapped.get(index) in ("item", "item_code", "concern") and self.rules.kind == "repair_orders":
                return ""
            if _SIGNED.search(first) or _NOTE.search(first) or _LABEL.match(first) or index not in self.mapped:
                return "note"
            return "note" if len(first) > 8 and len(self.rules.columns) > 2 and not _DIGIT.search(first[:4]) else ""
        if _LABEL.match(first) and len(filled) <= 2:
            return "note"
        labels = sum(1 for _i, c in filled if c.__class__ is str and (_LABEL.match(c) or _SIGNED.search(c)))
        if labels >= 2 or labels and len(filled) <= 3 and (_LABEL.match(first) or _SIGNED.search(first)):
            return "note"
        return "note" if not known and len(filled) <= 2 else ""


def _is_number_of_somebody(cell: Any) -> bool:
    """Whether a cell of a column of phones, plates, VINs can only be one, right or wrong."""
    if cell.__class__ is str:
        if cell.isdigit():
            return len(cell) >= 6
        return len(cell) >= 6 and _DIGIT.search(cell) is not None and _TOTAL.fullmatch(cell) is None
    return cell.__class__ is int and cell >= 1_000_000


def _is_code(cell: Any) -> bool:
    """Whether a cell of a column of order numbers is one, not a title or note that stands there."""
    if cell.__class__ is str:
        return (
            len(cell) >= 5
            and cell.isascii()
            and " " not in cell
            and ":" not in cell
            and _DIGIT.search(cell) is not None
        )
    return cell.__class__ is int and cell >= 10_000


def _is_number(cell: Any) -> bool:
    if cell.__class__ is str:
        return re.fullmatch(r"[-+]?[¥￥]?[\d,]+(?:\.\d+)?元?", cell) is not None
    return cell.__class__ in (int, float) or isinstance(cell, Broken) or type(cell).__name__ == "Decimal"
