"""Deeds on many customers at once: looked at first, done by the same rules as one by one, taken back. Y09."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.events import record
from cheban.customers import choices, quality
from cheban.customers.commands import Invalid
from cheban.customers.lists import SPEC
from cheban.customers.models import Customer
from cheban.lists import commands as lists
from cheban.lists import paging
from cheban.lists.models import BulkDeed
from cheban.lists.spec import ListSpec
from cheban.lists.state import Asked
from cheban.org.access import Actor, command

LIMIT = 5_000
"""Customers of one deed: what a person can still answer for, and the database does within seconds."""
SAMPLE = 5
FIELD = {
    "add_tag": "tags",
    "remove_tag": "tags",
    "set_tier": "tier",
    "set_keeper": "keeper_id",
    "reviewed": "review_on",
}
"""Deed -> the field that it changes."""


_READ: dict[str, Callable[[str], Any]] = {"set_tier": str, "set_keeper": int, "reviewed": date.fromisoformat}


class TooManyAtOnce(Invalid):
    """More customers than one deed may change."""


def matching_ids(asked: Asked, *, today: date, spec: ListSpec = SPEC) -> list[UUID]:
    """Ids of all customers that match; `spec` knows the custom fields that are asked of. Raises TooManyAtOnce."""
    found = paging.first_ids(spec, asked, today=today, most=LIMIT)
    if len(found) > LIMIT:
        raise TooManyAtOnce(_("一次最多更改 %(n)d 位客户，请先加筛选条件。") % {"n": LIMIT})
    return found


def _check(ids: Sequence[UUID], action: str, value: str, stores: Sequence[int]) -> str:
    value = value.strip()[:32]
    if not ids:
        raise Invalid(_("请先勾选客户。"))
    if len(ids) > LIMIT:
        raise TooManyAtOnce(_("一次最多更改 %(n)d 位客户，请先加筛选条件。") % {"n": LIMIT})
    if action == "reviewed":
        return quality.due_after_review(clock.today()).isoformat()
    if action not in FIELD or not value or (action == "set_tier" and value not in dict(choices.TIER)):
        raise Invalid(_("请先填写标签，或选择等级、负责人。"))
    if action == "set_keeper" and value not in dict(quality.keepers(stores)):
        raise Invalid(_("请选择在这些门店工作的负责人。"))
    return value


def _after(customer: Customer, action: str, value: str) -> Any:
    if action in _READ:
        return _READ[action](value)
    return [t for t in customer.tags if t != value] if action == "remove_tag" else sorted({*customer.tags, value})


@command("customer.edit")
def preview(ids: Sequence[UUID], *, by: Actor, action: str, value: str) -> dict[str, Any]:
    """How many customers a deed would change, and five of them: {count, unchanged, sample, title, action, value}."""
    value, field = _check(ids, action, value, by.stores), FIELD[action]
    found = (
        Customer.objects.filter(id__in=ids)
        .only("id", "store_id", "name", "kind", "tags", *set(FIELD.values()))
        .order_by("id")
    )
    rows = list(found)
    if len(rows) != len(set(ids)):
        raise Invalid(_("所选客户里有的已不存在，或不属于您的门店，没有改动任何一位。"))
    changing = [c for c in rows if _after(c, action, value) != getattr(c, field)]
    words = {
        "add_tag": _("打上标签“%(value)s”"),
        "remove_tag": _("去掉标签“%(value)s”"),
        "set_tier": _("等级改为“%(value)s”"),
        "set_keeper": _("档案由“%(value)s”负责"),
        "reviewed": _("档案已核查，下次 %(value)s"),
    }
    named = {"set_tier": dict(choices.TIER), "set_keeper": dict(quality.keepers(by.stores))}
    shown = named.get(action, {}).get(value, value)
    return {
        "count": len(changing),
        "unchanged": len(rows) - len(changing),
        "sample": changing[:SAMPLE],
        "title": words[action] % {"value": shown},
        "action": action,
        "value": value,
    }


@command("customer.edit")
def do(ids: Sequence[UUID], *, by: Actor, action: str, value: str) -> tuple[int, BulkDeed | None]:
    """Change customers of the scope: how many changed, and the deed that can be taken back. One event each.

    All or none: an id that is not in the scope refuses the whole deed (reliability row 5). Raises Invalid.
    """
    value, field = _check(ids, action, value, by.stores), FIELD[action]
    rows = list(Customer.objects.select_for_update().filter(id__in=ids).order_by("id"))
    if len(rows) != len(set(ids)):
        raise Invalid(_("所选客户里有的已不存在，或不属于您的门店，没有改动任何一位。"))
    changes = [(c, getattr(c, field), after) for c in rows if (after := _after(c, action, value)) != getattr(c, field)]
    _write([(c, after) for c, _before, after in changes], field, by)
    deed = lists.remember(
        "customers", action, ((c.store_id, c.id, _plain(old), _plain(new)) for c, old, new in changes), by=by
    )
    return len(changes), deed


def _plain(value: Any) -> Any:
    """As JSON keeps it; "" stands for nothing."""
    return value.isoformat() if isinstance(value, date) else "" if value is None else value


def _write(changes: Sequence[tuple[Customer, Any]], field: str, by: Actor) -> None:
    at = clock.now()
    for customer, value in changes:
        setattr(customer, field, value)
        customer.changed_at = at
        record(
            "customer.changed",
            store_id=customer.store_id,
            actor_id=by.staff_id,
            customer_id=customer.id,
            fields=[field],
        )
    Customer.objects.bulk_update([c for c, _value in changes], [field, "changed_at"], batch_size=1000)


def _restorer(action: str) -> None:
    @lists.restorer("customers", action)
    @command("customer.edit")
    def restore(rows: Sequence[tuple[UUID, Any, Any]], *, by: Actor) -> int:
        """Give the field its value from before, where nobody changed it since; returns how many."""
        field = FIELD[action]
        kept = {subject: (before, after) for subject, before, after in rows}
        found = Customer.objects.select_for_update().filter(id__in=list(kept)).order_by("id")
        read = date.fromisoformat if field == "review_on" else (lambda value: value)
        back = [
            (c, read(before) if (before := kept[c.id][0]) != "" else None)
            for c in found
            if _plain(getattr(c, field)) == kept[c.id][1]
        ]
        _write(back, field, by)
        return len(back)


for _action in FIELD:
    _restorer(_action)
