"""What messages say: kinds with logic-less texts. `{name}` is a field, and nothing else is anything. Reliability 25.

A text is checked when it is declared: an unknown field, an attribute or a format is an error. A field that is missing at
sending stops that one message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from cheban.core.errors import BadValue
from cheban.messaging.models import InboxItem, Message

FIELD = re.compile(r"\{([a-z_]{1,32})\}")
PERSONAL = ("name", "plate")
"""Fields that come from the customer's file at sending, never from `facts`."""


class MissingField(BadValue):
    """A field of the text has no value."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of message or notice. `purpose` is the consent it needs; `lives` how long it is worth sending."""

    code: str
    title: str
    message_class: str
    text: str
    purpose: str = ""
    lives: timedelta = timedelta(days=1)
    level: str = InboxItem.Level.INFO


_kinds: dict[str, Kind] = {}


def fields_of(text: str) -> list[str]:
    """The fields of a text, in order. Raises BadValue for a brace that is not a plain field."""
    rest = FIELD.sub("", text)
    if "{" in rest or "}" in rest:
        raise BadValue("only {field} with small letters", expected="{name}")
    return FIELD.findall(text)


def declare(kind: Kind, fields: Iterable[str] = ()) -> Kind:
    """Tell that this kind exists; its text may use `fields` and PERSONAL. Raises BadValue."""
    known = {*fields, *PERSONAL}
    if unknown := [field for field in fields_of(str(kind.text)) if field not in known]:
        raise BadValue(f"{kind.code}: unknown fields {unknown}", expected=", ".join(sorted(known)))
    if kind.message_class in (Message.Class.SERVICE, Message.Class.MARKETING) and not kind.purpose:
        raise BadValue(f"{kind.code}: a message to customers needs the purpose of its consent")
    _kinds[kind.code] = kind
    return kind


def kind(code: str) -> Kind:
    """A declared kind. Raises KeyError."""
    return _kinds[code]


def fill(text: str, values: Mapping[str, Any]) -> str:
    """The text with its fields put in, once: a value with braces stays as it is. Raises MissingField."""

    def value(match: re.Match[str]) -> str:
        found = values.get(match[1])
        if found in (None, ""):
            raise MissingField(f"no {match[1]}")
        return str(found)

    return FIELD.sub(value, text)
