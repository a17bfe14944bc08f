"""ADF 1.0, the trade's XML for leads, in and out. Pure: bytes to prospects and back. R104, Y02.

Source: the standard's DTD (Auto-lead Data Format 1.0). Read leniently where senders differ (order of elements, unknown
elements, an empty year, money and odometer left out), strictly where a lead would be worth nothing: a customer with a
name and a phone or e-mail, a vehicle, a moment. What is wrong is told by line. No DTD, no entity is ever read:
`defusedxml` refuses them, so a file can neither reach out nor blow up.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from xml.sax.handler import ContentHandler
from xml.sax.saxutils import escape, quoteattr
from xml.sax.xmlreader import AttributesImpl

from defusedxml import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser
from django.utils.translation import gettext as _

from cheban.core.errors import Refused
from cheban.org.entry import ZONE

INTERESTS = ("buy", "lease", "sell", "trade-in", "test-drive")
MOST = 100
"""Prospects in one file."""
DEEPEST = 12
LONGEST = {"name": 120, "phone": 40, "email": 120, "comments": 500, "make": 40, "model": 100, "trim": 100, "vin": 17}
_CHINESE = re.compile("[\u3400-\u9fff·]+")
_BAD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class AdfWrong(Refused):
    """The file is no ADF, or lacks what a lead needs. The facts name each line and what is wrong there."""

    status = 422


@dataclass(frozen=True, slots=True)
class AdfVehicle:
    """A car that somebody wants, or wants to give away."""

    interest: str = "buy"
    status: str = "new"
    year: str = ""
    make: str = ""
    model: str = ""
    vin: str = ""
    trim: str = ""
    odometer_km: int | None = None
    comments: str = ""

    @property
    def label(self) -> str:
        """Year, make, model and trim as one line."""
        return " ".join(part for part in (self.year, self.make, self.model, self.trim) if part)


@dataclass(frozen=True, slots=True)
class Prospect:
    """One lead of a file. `ids` are (source, id) as each system calls it; `line` is where it begins."""

    requested_at: datetime
    vehicles: tuple[AdfVehicle, ...]
    name: str
    phone: str = ""
    email: str = ""
    comments: str = ""
    vendor: str = ""
    provider: str = ""
    ids: tuple[tuple[str, str], ...] = ()
    status: str = "new"
    line: int = field(default=0, compare=False)


@dataclass(slots=True)
class _Node:
    tag: str
    attributes: dict[str, str]
    line: int
    text: str = ""
    children: list[_Node] = field(default_factory=list)

    def all(self, tag: str) -> Iterator[_Node]:
        return (child for child in self.children if child.tag == tag)

    def first(self, path: str) -> _Node | None:
        here: _Node | None = self
        for tag in path.split("/"):
            here = next(here.all(tag), None) if here else None
        return here

    def said(self, path: str) -> str:
        found = self.first(path)
        return " ".join(found.text.split()) if found else ""


class _Tree(ContentHandler):
    """Builds nodes with their lines; a file that nests deeper than the format does is refused."""

    def __init__(self) -> None:
        super().__init__()
        self.root: _Node | None = None
        self.open: list[_Node] = []
        self.locator: Any = None

    def setDocumentLocator(self, locator: Any) -> None:
        self.locator = locator

    def startElement(self, name: str, attrs: AttributesImpl) -> None:
        if len(self.open) >= DEEPEST:
            raise AdfWrong(
                _("ADF 文件嵌套太深。"), **{f"line {self.locator.getLineNumber()}": _("ADF 1.0 没有这么多层。")}
            )
        node = _Node(name, {key: attrs[key] for key in attrs.getNames()}, self.locator.getLineNumber())
        if self.open:
            self.open[-1].children.append(node)
        else:
            self.root = node
        self.open.append(node)

    def endElement(self, name: str) -> None:
        self.open.pop()

    def characters(self, content: str) -> None:
        self.open[-1].text += content


def _tree(data: bytes) -> _Node:
    import xml.sax

    handler, reader = _Tree(), DefusedExpatParser(forbid_dtd=True)
    reader.setContentHandler(handler)
    try:
        reader.parse(io.BytesIO(data))
    except DefusedXmlException:
        raise AdfWrong(
            _("ADF 文件里不能有 DTD 或实体定义。"), file=_("去掉 <!DOCTYPE …> 和 <!ENTITY …> 再发。")
        ) from None
    except xml.sax.SAXParseException as error:
        raise AdfWrong(
            _("第 %(n)d 行不是有效的 XML。") % {"n": error.getLineNumber()},
            **{f"line {error.getLineNumber()}": error.getMessage()},
        ) from None
    except (UnicodeError, LookupError, ValueError):
        raise AdfWrong(_("文件的编码读不出来。请用 UTF-8。"), file=_("请用 UTF-8。")) from None
    if handler.root is None or handler.root.tag != "adf":
        raise AdfWrong(_("这不是 ADF 文件：最外层应是 <adf>。"), **{"line 1": _("最外层应是 <adf>。")})
    return handler.root


def parse(data: bytes) -> list[Prospect]:
    """The prospects of a file. Raises AdfWrong naming every line where something is missing or wrong."""
    root = _tree(data)
    wrong: dict[str, str] = {}
    found = [_prospect(node, wrong) for node in root.all("prospect")]
    if not found:
        wrong[f"line {root.line}"] = _("没有 <prospect>：一个文件至少有一条线索。")
    elif len(found) > MOST:
        wrong[f"line {root.line}"] = _("一次最多 %(n)d 条线索，请分几个文件。") % {"n": MOST}
    if wrong:
        first, what = next(iter(wrong.items()))
        raise AdfWrong(
            _("第 %(n)s 行：%(what)s") % {"n": first.removeprefix("line ").split(" ")[0], "what": what}, **wrong
        )
    return [each for each in found if each is not None]


def _prospect(node: _Node, wrong: dict[str, str]) -> Prospect | None:
    def missing(at: _Node, what: str, says: str) -> None:
        wrong.setdefault(f"line {at.line} {what}", says)

    before = len(wrong)
    asked = _moment(node, wrong)
    vehicles = tuple(_vehicle(each, wrong) for each in node.all("vehicle"))
    if not vehicles:
        missing(node, "vehicle", _("缺少 <vehicle>：想买或想卖哪辆车。"))
    customer = node.first("customer")
    contact = customer.first("contact") if customer else None
    name = phone = email = ""
    if contact is None:
        missing(customer or node, "contact", _("缺少 <customer><contact>：是谁，怎样联系。"))
    else:
        name = _name(contact)
        phone = _limited(contact, "phone", wrong)
        email = _limited(contact, "email", wrong)
        if not name:
            missing(contact, "name", _("缺少 <name>：客户的姓名。"))
        elif len(name) > LONGEST["name"]:
            missing(contact, "name", _("最多 %(n)d 个字。") % {"n": LONGEST["name"]})
        if not (phone or email):
            missing(contact, "phone", _("缺少 <phone> 或 <email>：没有联系方式。"))
    status = node.attributes.get("status", "new")
    if status not in ("new", "resend"):
        missing(node, "status", _("status 应是 new 或 resend。"))
    if len(wrong) > before or asked is None or contact is None or customer is None:
        return None
    return Prospect(
        requested_at=asked,
        vehicles=vehicles,
        name=name,
        phone=phone,
        email=email,
        comments=_limited(customer, "comments", wrong),
        vendor=node.said("vendor/vendorname") or node.said("vendor/contact/name"),
        provider=node.said("provider/name"),
        ids=tuple(
            (each.attributes.get("source", ""), each.text.strip()) for each in node.all("id") if each.text.strip()
        ),
        status=status,
        line=node.line,
    )


def _moment(node: _Node, wrong: dict[str, str]) -> datetime | None:
    at = node.first("requestdate")
    text = at.text.strip() if at else ""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        line = at.line if at else node.line
        wrong[f"line {line} requestdate"] = (
            _("“%(text)s”不是时间，应如 2026-11-23T09:00:00+08:00。") % {"text": text[:40]}
            if text
            else _("缺少 <requestdate>：几时询问的。")
        )
        return None
    return found if found.tzinfo else found.replace(tzinfo=ZONE)


def _name(contact: _Node) -> str:
    parts = {each.attributes.get("part", "full"): " ".join(each.text.split()) for each in contact.all("name")}
    if parts.get("full"):
        return parts["full"]
    given = [part for part in (parts.get("first"), parts.get("middle")) if part]
    family = parts.get("last") or parts.get("surname") or ""
    if _CHINESE.fullmatch("".join([family, *given])):
        return "".join([family, *given])  # 韩梅: the family name first, no blank
    return " ".join([*given, family]).strip()


def _limited(node: _Node, tag: str, wrong: dict[str, str]) -> str:
    at, text = node.first(tag), node.said(tag)
    if at is not None and len(text) > LONGEST[tag]:
        wrong[f"line {at.line} {tag}"] = _("最多 %(n)d 个字。") % {"n": LONGEST[tag]}
    return text


def _vehicle(node: _Node, wrong: dict[str, str]) -> AdfVehicle:
    interest, status = node.attributes.get("interest", "buy"), node.attributes.get("status", "new")
    if interest not in INTERESTS:
        wrong[f"line {node.line} interest"] = _("interest 应是 %(those)s 之一。") % {"those": "、".join(INTERESTS)}
    if status not in ("new", "used"):
        wrong[f"line {node.line} status"] = _("status 应是 new 或 used。")
    year = node.said("year")
    if year and not re.fullmatch(r"(19|20)[0-9]{2}", year):
        wrong[f"line {node.first('year').line} year"] = _("“%(text)s”不是年份。") % {"text": year[:20]}  # type: ignore[union-attr]
    if not (node.said("make") or node.said("model")):
        wrong[f"line {node.line} model"] = _("缺少 <make> 和 <model>：哪个品牌、哪款车。")
    return AdfVehicle(
        interest=interest,
        status=status,
        year=year,
        odometer_km=_odometer(node, wrong),
        **{name: _limited(node, name, wrong) for name in ("make", "model", "vin", "trim", "comments")},
    )


def _odometer(node: _Node, wrong: dict[str, str]) -> int | None:
    at = node.first("odometer")
    text = at.text.replace(",", "").strip() if at else ""
    if at is None or not text or at.attributes.get("status") == "unknown":
        return None
    if not re.fullmatch(r"[0-9]{1,7}", text):
        wrong[f"line {at.line} odometer"] = _("“%(text)s”不是里程。") % {"text": text[:20]}
        return None
    return round(int(text) * 1.609344) if at.attributes.get("units", "km") == "mi" else int(text)


def _element(tag: str, text: str, **attributes: str) -> str:
    given = "".join(f" {name}={quoteattr(_BAD.sub('', value))}" for name, value in attributes.items() if value)
    return f"<{tag}{given}>{escape(_BAD.sub('', text))}</{tag}>"


def render(prospects: Iterable[Prospect]) -> bytes:
    """The file of these prospects, elements in the DTD's order, UTF-8."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<?adf version="1.0"?>', "<adf>"]
    for each in prospects:
        lines.append(f'  <prospect status="{each.status}">')
        for number, (source, id_) in enumerate(each.ids, 1):
            lines.append("    " + _element("id", id_, sequence=str(number), source=source))
        lines.append("    " + _element("requestdate", each.requested_at.isoformat(timespec="seconds")))
        for car in each.vehicles:
            lines += _vehicle_lines(car)
        lines += ["    <customer>", "      <contact>", "        " + _element("name", each.name, part="full")]
        if each.email:
            lines.append("        " + _element("email", each.email))
        if each.phone:
            lines.append("        " + _element("phone", each.phone, type="voice"))
        lines.append("      </contact>")
        if each.comments:
            lines.append("      " + _element("comments", each.comments))
        lines.append("    </customer>")
        if each.vendor:
            name = _element("vendorname", each.vendor)
            lines.append(f"    <vendor>{name}<contact>{_element('name', each.vendor, part='full')}</contact></vendor>")
        if each.provider:
            lines.append(f"    <provider>{_element('name', each.provider)}</provider>")
        lines.append("  </prospect>")
    return "\n".join([*lines, "</adf>", ""]).encode()


def _vehicle_lines(car: AdfVehicle) -> list[str]:
    lines = [f'    <vehicle interest="{car.interest}" status="{car.status}">']
    lines += ["      " + _element(tag, getattr(car, tag)) for tag in ("year", "make", "model")]
    lines += ["      " + _element(tag, getattr(car, tag)) for tag in ("vin", "trim") if getattr(car, tag)]
    if car.odometer_km is not None:
        lines.append("      " + _element("odometer", str(car.odometer_km), units="km"))
    if car.comments:
        lines.append("      " + _element("comments", car.comments))
    return [*lines, "    </vehicle>"]
