"""What only this room's pages show: `{% load customers %}`. Chooses and formats, decides nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import template
from django.utils.translation import gettext as _

from cheban.customers.models import Vehicle

register = template.Library()
SOON = 30
"""Days before a date from which it is shown in amber."""
NEAR = 120
"""Days up to which a date also says how far away it is."""


@dataclass(frozen=True, slots=True)
class Due:
    """One date in a vehicle's life: what, when, how far (in words), how urgent, and what else is known."""

    label: str
    on: date
    left: str
    tone: str  # "", amber or red; 'past' for what simply ended
    detail: str


def left_words(days: int) -> str:
    """How far a day is: 还有 20 天, 今天, 已过 5 天; nothing for far ones."""
    if days == 0:
        return _("今天")
    if abs(days) > NEAR:
        return ""
    return _("还有 %(n)d 天") % {"n": days} if days > 0 else _("已过 %(n)d 天") % {"n": -days}


def _short(day: date) -> str:
    return _("%(m)d/%(d)d") % {"m": day.month, "d": day.day}


@register.simple_tag
def dues(car: Vehicle, today: date) -> list[Due]:
    """The dates of a vehicle, the nearest first: maintenance, insurance, inspection, warranty."""
    found = []

    def add(label: str, on: date | None, *details: str, ends: bool = False) -> None:
        if on is None:
            return
        days = (on - today).days
        left, tone = left_words(days), "red" if days < 0 else "amber" if days <= SOON else ""
        if ends and days < 0:
            left, tone = _("已过保"), "past"
        found.append(Due(label, on, left, tone if car.is_active else "past", " · ".join(d for d in details if d)))

    low, high = car.maintenance_low_on, car.maintenance_high_on
    span = f"{_short(low)}—{_short(high)}" if low and high and low != high else ""
    names = {0: _("首保"), 1: _("二保")}
    by = {"mileage": _("按里程"), "time": _("按时间")}.get(car.maintenance_due_by, "")
    add(names.get(car.services_done, _("保养")), car.maintenance_due_on, by, span)
    add(_("商业险"), car.insurance_until, car.insurer)
    if car.compulsory_until != car.insurance_until:
        add(_("交强险"), car.compulsory_until)
    how = {"sticker": _("免上线"), "": ""}.get(car.inspection_kind, _("上线检测"))
    add(_("年检"), car.inspection_due_on, how)
    km = _("或 %(km)s 公里") % {"km": f"{car.warranty_km:,}"} if car.warranty_km else ""
    add(_("保修"), car.warranty_until, km, ends=True)
    return sorted(found, key=lambda d: (d.tone == "past", d.on))


@register.filter
def share(part: Any, whole: Any) -> str:
    """A part in percent of the whole, for drawing: at least a hair when it is not nothing."""
    part, whole = int(part or 0), int(whole or 0)
    return f"{max(100 * part / whole, 0.8) if part and whole else 0:.2f}"


@register.filter
def doubtful(columns: Iterable[Any]) -> list[Any]:
    """The columns of a plan that somebody should look at."""
    return [c for c in columns if getattr(c, "is_doubtful", False)]


@register.filter
def unread(columns: Iterable[Any]) -> list[Any]:
    """The columns of a plan that no field takes."""
    return [c for c in columns if not getattr(c, "field", "")]


@register.filter
def purpose_state(consents: Iterable[Any], purpose: str) -> Any:
    """The newest answer for a purpose on all channels, or None."""
    return next((c for c in consents if c.purpose == purpose and c.channel == "any"), None)


@register.filter
def with_id(rows: Iterable[Any], wanted: Any) -> Any:
    """The row of this id, or None."""
    return next((r for r in rows if r.id == wanted), None)
