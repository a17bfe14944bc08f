"""Cells of the customer list that are changed where they stand, by the same command as the file's own page. Y09.

Never what is sealed: phones, numbers and addresses are changed on the customer's page only.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cheban.customers import choices, commands, quality
from cheban.customers.models import Customer
from cheban.lists.spec import Edit, Input
from cheban.org.access import Actor

_TYPED: dict[str, Callable[[str], Any]] = {
    "tags": lambda text: text.split("、") if text else [],
    "keeper_id": lambda text: int(text) if text else None,
    "review_on": lambda text: date.fromisoformat(text) if text else None,
}


def _texts(customer: Customer, fields: list[str]) -> dict[str, str]:
    found = {}
    for field in fields:
        value = getattr(customer, field)
        found[field] = "、".join(sorted(value)) if field == "tags" else "" if value is None else str(value)
    return found


def _edit(*inputs: Input) -> Edit:
    fields = [one.code for one in inputs]

    def save(customer: Customer, texts: dict[str, str], *, by: Actor) -> None:
        typed = {field: _TYPED.get(field, str)(texts[field]) for field in fields}
        commands.edit_customer(customer, by=by, **typed)

    return Edit("customer.edit", inputs, lambda customer: _texts(customer, fields), save)


def _keepers(customer: Customer) -> list[tuple[str, str]]:
    return [("", _("没有负责人")), *quality.keepers([customer.store_id])]


def _channels(_customer: Customer) -> list[tuple[str, Any]]:
    return [("", _("没有登记")), *choices.CHANNEL]


EDITS = {
    "marks": _edit(
        Input("tier", gettext_lazy("等级"), "choice", choices.TIER),
        Input("tags", gettext_lazy("标签"), "words", most=32),
    ),
    "keeper": _edit(Input("keeper_id", gettext_lazy("档案负责人"), "choice", _keepers)),
    "review": _edit(Input("review_on", gettext_lazy("下次核查"), "date")),
    "channel": _edit(Input("preferred_channel", gettext_lazy("偏好渠道"), "choice", _channels)),
    "preferred_time": _edit(Input("preferred_time", gettext_lazy("偏好时间"))),
}
"""Column -> how its cells are changed."""
