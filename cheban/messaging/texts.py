"""What messages say: kinds with logic-less texts. `{name}` is a field, and nothing else is anything. Reliability 25.

A text is checked when it is declared: an unknown field, an attribute or a format is an error. A field that is missing at
sending stops that one message.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from cheban.core.errors import BadValue
from cheban.messaging.models import InboxItem, Message

FIELD = re.compile(r"\{([a-z_]{1,32})\}")
MOST_CHARS = 500
"""Of a text; an SMS of that length is eight parts."""


@dataclass(frozen=True, slots=True)
class Field:
    """What a field of a text holds, in words, and a sample for previews."""

    label: Any
    sample: Any


PERSONAL = {"name": Field(_("客户姓名"), _("张女士")), "plate": Field(_("车牌"), _("沪A·12345"))}
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
    fields: Mapping[str, Field] = field(default_factory=lambda: MappingProxyType({}))
    works_out: Callable[[int, Mapping[str, Any]], Mapping[str, Any]] | None = None
    """Fields made of (store id, facts) when it is sent and kept nowhere in the clear: a link that is a key."""
    page: tuple[str, str] | None = None
    """Where its notice leads: the name of a route and the fact that is its argument; none: the customer's page."""

    @property
    def goes_to_customers(self) -> bool:
        """Whether it may name the customer and the vehicle."""
        return self.message_class in (Message.Class.SERVICE, Message.Class.MARKETING)

    @property
    def house_text(self) -> str:
        """The house's own text, in the language that it goes out in, whoever looks at it."""
        with translation.override(settings.LANGUAGE_CODE):
            return str(self.text)

    @property
    def offered(self) -> dict[str, Field]:
        """All fields that its text may use."""
        return (dict(PERSONAL) if self.goes_to_customers else {}) | dict(self.fields)


_kinds: dict[str, Kind] = {}


def fields_of(text: str) -> list[str]:
    """The fields of a text, in order. Raises BadValue for a brace that is not a plain field."""
    rest = FIELD.sub("", text)
    if "{" in rest or "}" in rest:
        raise BadValue("only {field} with small letters", expected="{name}")
    return FIELD.findall(text)


def declare(kind: Kind, fields: Mapping[str, Field] | None = None) -> Kind:
    """Tell that this kind exists; its text may use `fields`, and PERSONAL when it goes to customers. Raises BadValue."""
    kind = replace(kind, fields=MappingProxyType(dict(fields or {})))
    if unknown := [field for field in fields_of(str(kind.text)) if field not in kind.offered]:
        raise BadValue(f"{kind.code}: unknown fields {unknown}", expected=", ".join(sorted(kind.offered)))
    if kind.goes_to_customers and not kind.purpose:
        raise BadValue(f"{kind.code}: a message to customers needs the purpose of its consent")
    _kinds[kind.code] = kind
    return kind


def kind(code: str) -> Kind:
    """A declared kind. Raises KeyError."""
    return _kinds[code]


def known(code: str) -> Kind | None:
    """A declared kind, or None for one that this version no longer knows."""
    return _kinds.get(code)


def kinds() -> list[Kind]:
    """All declared kinds that are sent, by code."""
    return [_kinds[code] for code in sorted(_kinds) if str(_kinds[code].text)]


def fill(text: str, values: Mapping[str, Any]) -> str:
    """The text with its fields put in, once: a value with braces stays as it is. Raises MissingField."""

    def value(match: re.Match[str]) -> str:
        found = values.get(match[1])
        if found in (None, ""):
            raise MissingField(f"no {match[1]}")
        return str(found)

    return FIELD.sub(value, text)
