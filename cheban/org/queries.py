"""Reads of the org room: stores, staff, the permission table, the audit trail."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from cheban.core.errors import NotFound
from cheban.core.models import CalendarDay, OpeningSpan
from cheban.org.access import COMMANDS, Actor
from cheban.org.models import DealerGroup, Staff, StaffRole, Store
from cheban.org.roles import GRANTS, PERMISSIONS, Role


def store_ids() -> list[int]:
    """Ids of all stores (not customer data; needed before a scope exists)."""
    return list(Store.objects.order_by("id").values_list("id", flat=True))


def store_by_code(code: str | None) -> Store:
    """A store by its code; without a code the first one. Raises NotFound naming the codes there are."""
    if code:
        store = Store.objects.filter(code__iexact=code).first()
        if store is None:
            known = _("、").join(Store.objects.order_by("id").values_list("code", flat=True)[:20])
            raise NotFound(_("没有代码为 %(code)s 的门店。现有：%(all)s") % {"code": code, "all": known or "—"})
        return store
    store = Store.objects.order_by("id").first()
    if store is None:
        raise NotFound(_("还没有门店。先运行 cheban demo，或建立门店。"))
    return store


def permission_table() -> list[dict[str, Any]]:
    """Every permission with the roles that hold it and the commands that ask it."""
    return [
        {
            "code": code,
            "label": label,
            "commands": COMMANDS.get(code, []),
            "cells": [code in GRANTS[role] for role in Role],
        }
        for code, label in PERMISSIONS.items()
    ]


def staff_list(actor: Actor) -> list[dict[str, Any]]:
    """Staff of the chosen stores with their roles. One query."""
    people: dict[int, dict[str, Any]] = {}
    for held in (
        StaffRole.objects.filter(store_id__in=actor.stores)
        .select_related("staff", "store")
        .order_by("staff__name", "store__name")
    ):
        row = people.setdefault(held.staff_id, {"staff": held.staff, "roles": []})
        row["roles"].append({"id": held.id, "role": held.role, "label": Role(held.role).label, "store": held.store})
    return list(people.values())


def security(actor: Actor) -> DealerGroup | None:
    """The group whose sign-in rules hold for the chosen stores."""
    return DealerGroup.objects.filter(store__in=actor.stores).order_by("id").first()


def staff(staff_id: int, actor: Actor) -> Staff:
    """A staff member who works in one of the chosen stores. Raises NotFound."""
    found = Staff.objects.filter(id=staff_id, roles__store_id__in=actor.stores).distinct().first()
    if found is None:
        raise NotFound(_("没有这位同事，或不在您的门店。"))
    return found


def calendar_page(store: Store, *, year: int) -> dict[str, Any]:
    """A store's week and the exceptions of a year."""
    return {
        "store": store,
        "year": year,
        "spans": list(OpeningSpan.objects.filter(store_id=store.id).order_by("weekday", "opens")),
        "days": list(CalendarDay.objects.filter(store_id=store.id, on__year=year).order_by("on")),
    }


def stores(actor: Actor) -> list[Store]:
    """The stores of the chosen scope."""
    return list(Store.objects.filter(id__in=actor.stores).order_by("name"))


def stores_of(actor: Actor) -> list[Store]:
    """All stores this person works in, whichever they look at now."""
    return list(Store.objects.filter(id__in=actor.roles).order_by("name"))


def only_store(actor: Actor) -> Store | None:
    """The store of a scope of one; None where there are several."""
    return Store.objects.filter(id=actor.stores[0]).first() if len(actor.stores) == 1 else None
