"""What forms of this room offer and how their text becomes typed fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from cheban.core.errors import BadValue
from cheban.customers import choices

EDIT_CHOICES = {
    "kind": choices.KIND,
    "gender": choices.GENDER,
    "source": choices.SOURCE,
    "tier": choices.TIER,
    "preferred_channel": choices.CHANNEL,
}
PURPOSES = choices.PURPOSE


@dataclass(frozen=True, slots=True)
class Form:
    """Values to show again and sentences about what is wrong, by field."""

    values: Mapping[str, Any]
    errors: Mapping[str, Any]


def customer_values(customer) -> dict[str, Any]:
    """A customer's fields as a form shows them (sealed ones empty: they are changed, not shown)."""
    lunar = customer.lunar_birthday
    return {
        **{
            f: getattr(customer, f)
            for f in (
                "name",
                "kind",
                "gender",
                "occupation",
                "preferred_channel",
                "preferred_time",
                "family",
                "habits",
                "special_requests",
                "remarks",
                "tier",
                "source",
            )
        },
        "birth_on": customer.birth_on.isoformat() if customer.birth_on else "",
        "lunar_month": abs(lunar) // 100 if lunar else "",
        "lunar_day": abs(lunar) % 100 if lunar else "",
        "lunar_leap": bool(lunar and lunar < 0),
        "tags": _("、").join(customer.tags),
    }


def read_customer(post: QueryDict) -> dict[str, Any]:
    """The posted form as typed fields. Raises BadValue for an impossible birthday."""
    fields: dict[str, Any] = {
        key: post.get(key, "").strip()
        for key in (
            "name",
            "kind",
            "gender",
            "occupation",
            "preferred_channel",
            "preferred_time",
            "family",
            "habits",
            "special_requests",
            "remarks",
            "tier",
            "source",
        )
        if key in post
    }
    if "birth_on" in post:
        try:
            fields["birth_on"] = date.fromisoformat(post["birth_on"]) if post["birth_on"] else None
        except ValueError:
            raise BadValue(_("生日不是有效的日期。")) from None
    if "lunar_month" in post:
        month, day = post.get("lunar_month", ""), post.get("lunar_day", "")
        fields["lunar_birthday"] = None
        if month.isdigit() and day.isdigit():
            if not (1 <= int(month) <= 12 and 1 <= int(day) <= 30):
                raise BadValue(_("农历生日的月是 1—12，日是 1—30。"))
            fields["lunar_birthday"] = (int(month) * 100 + int(day)) * (-1 if post.get("lunar_leap") else 1)
    if "tags" in post:
        fields["tags"] = sorted(
            {t.strip()[:32] for t in post["tags"].replace(",", "、").replace("，", "、").split("、") if t.strip()}
        )
    for secret in ("phone", "address", "id_number"):
        if post.get(secret, "").strip():
            fields[secret] = post[secret].strip()
    return fields
