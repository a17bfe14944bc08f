"""When and how often messages may go out: a group's caps, a store's quiet hours. Reliability 5.2; bounded by the database."""

from __future__ import annotations

from datetime import time
from typing import Any

from django.utils.translation import gettext as _

from cheban.core.errors import NotFound, Refused
from cheban.messaging import gate
from cheban.messaging.models import Caps
from cheban.messaging.wording import group_of
from cheban.org.access import Actor, audit, command
from cheban.org.models import Store

RANGES = {"day": (1, 5), "week": (1, 15), "marketing_day": (0, 2), "marketing_week": (0, 5)}
"""What a group may set; the same as the constraint of messaging_caps."""
QUIET_AT_LEAST = (time(22), time(8))
"""Nobody is written to between these, whatever a store sets: quiet hours may only be longer."""


class WrongLimit(Refused):
    """A number or a time that may not be set; `facts` maps field -> sentence."""

    status = 422


def overview(actor: Actor) -> dict[str, Any]:
    """The group's caps and the stores' quiet hours. Three queries."""
    group = group_of(actor)
    return {
        "limits": gate.limits_of(group),
        "ranges": RANGES,
        "stores": list(Store.objects.filter(id__in=actor.stores).order_by("name")),
    }


@command("message.manage")
def set_caps(*, by: Actor, **asked: int) -> Caps:
    """The group's caps, all four of RANGES. Raises WrongLimit naming each wrong one."""
    wrong = {
        name: _("%(low)d 到 %(high)d 之间。") % {"low": low, "high": high}
        for name, (low, high) in RANGES.items()
        if not low <= asked.get(name, -1) <= high
    }
    for day, week in (("day", "week"), ("marketing_day", "marketing_week")):
        if not wrong and asked[week] < asked[day]:
            wrong[week] = _("7 天的次数不能比 24 小时的少。")
    if wrong:
        raise WrongLimit(_("有几处需要改正。"), **wrong)
    group = group_of(by)
    before = gate.limits_of(group)
    values = {name: asked[name] for name in RANGES}
    made, _new = Caps.objects.update_or_create(group=group, defaults=values)
    old = {name: getattr(before, name) for name in RANGES}
    audit("message.capped", by=by, subject=f"group:{group.id}", store_id=by.stores[0], before=old, after=values)
    return made


@command("message.manage")
def set_quiet_hours(store_id: int, *, by: Actor, begin: time, end: time) -> Store:
    """When a store writes to nobody. Longer than QUIET_AT_LEAST or the same, never shorter. Raises WrongLimit, NotFound."""
    if store_id not in by.stores:
        raise NotFound(_("没有这家门店，或不属于您。"))
    latest, earliest = QUIET_AT_LEAST
    if not time(12) <= begin <= latest or not earliest <= end <= time(12):
        raise WrongLimit(
            _("免打扰最晚从 %(latest)s 开始，最早到 %(earliest)s 结束。")
            % {"latest": latest.strftime("%H:%M"), "earliest": earliest.strftime("%H:%M")}
        )
    store = Store.objects.select_for_update(no_key=True).get(id=store_id)
    before = f"{store.quiet_from:%H:%M}–{store.quiet_until:%H:%M}"
    store.quiet_from, store.quiet_until = begin, end
    store.save(update_fields=["quiet_from", "quiet_until"])
    after = f"{begin:%H:%M}–{end:%H:%M}"
    audit("message.quiet_hours", by=by, subject=f"store:{store_id}", store_id=store_id, before=before, after=after)
    return store
