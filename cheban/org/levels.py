"""For whom something is set: one store, or all stores of a group. R085-R090, R208."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from cheban.core.errors import NotFound, NotPermitted
from cheban.org.access import Actor
from cheban.org.models import Store
from cheban.org.roles import permissions_of


@dataclass(frozen=True, slots=True)
class Level:
    """For whom: one store, or (store_id None) all stores of a group."""

    group_id: int
    store_id: int | None
    stores: tuple[int, ...]


def level_of(text: str, actor: Actor, *, permission: str, refusal: str = "") -> Level:
    """'group' or a store's id, as far as it lies in the actor's scope. Raises NotFound, NotPermitted.

    The group's level is for those who hold the permission in every store of the group, and chose all of them.
    """
    in_scope = {s.id: s for s in Store.objects.filter(id__in=actor.stores)}
    if text.isascii() and text.isdigit():
        if int(text) not in in_scope:
            raise NotFound(_("没有这个门店，或不属于您。"))
        return Level(in_scope[int(text)].group_id, int(text), (int(text),))
    if text != "group" or not in_scope:
        raise NotFound(_("没有这个门店，或不属于您。"))
    group = min(s.group_id for s in in_scope.values())
    of_group = set(Store.objects.filter(group_id=group).values_list("id", flat=True))
    if not may_for_group(actor, of_group, permission=permission):
        raise NotPermitted(refusal or _("全集团的设置由集团管理员或运营调整，请先选“全部门店”。"))
    return Level(group, None, tuple(sorted(of_group)))


def may_for_group(actor: Actor, of_group: set[int], *, permission: str) -> bool:
    """Whether they hold the permission in every store of the group, and chose all of them."""
    if actor.staff_id is None:
        return True
    return of_group <= set(actor.stores) and all(
        permission in permissions_of(set(actor.roles.get(store, ()))) for store in of_group
    )


def one_at_a_time(level: Level) -> None:
    """Lock the level's stores until the transaction ends, so that two people change a setting one after the other."""
    list(Store.objects.select_for_update(no_key=True).filter(id__in=level.stores).order_by("id").values_list("id"))
