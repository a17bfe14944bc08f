"""Changes of the list machine: saved views, arrangement, taking back a deed on many rows. Y09."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.errors import Refused
from cheban.lists import queries
from cheban.lists.models import Arrangement, BulkBefore, BulkDeed, SavedView
from cheban.lists.spec import ListSpec, get
from cheban.lists.state import Asked
from cheban.org.access import Actor, audit, command, require_permission
from cheban.org.roles import Role

MOST_VIEWS = 30
"""Views of one person in one list: more than that nobody finds again."""

Restore = Callable[..., int]
_restorers: dict[tuple[str, str], Restore] = {}


class ViewRefused(Refused):
    """A view without a name, or a second one of the same name."""

    status = 422


@command("view.save")
def save_view(
    spec: ListSpec,
    asked: Asked,
    *,
    by: Actor,
    name: str,
    columns: Sequence[str] = (),
    is_shared: bool = False,
    default_for: str = "",
) -> SavedView:
    """Keep what is asked of a list under a name. Sharing with the store needs `view.share`. Raises ViewRefused."""
    name = " ".join(name.split())[:40]
    if not name:
        raise ViewRefused(_("请给视图起个名字。"))
    if SavedView.objects.filter(owner_id=by.staff_id, list_code=spec.code).count() >= MOST_VIEWS:
        raise ViewRefused(_("每个列表最多保存 %(n)d 个视图，请先删掉不用的。") % {"n": MOST_VIEWS})
    default_for = default_for if default_for in Role.values else ""
    is_shared = is_shared or bool(default_for)
    if is_shared:
        require_permission(by, "view.share")
    query = asked.query()
    if len(query) > SavedView._meta.get_field("query").max_length:
        raise ViewRefused(_("条件太多，请去掉几个再保存。"))
    store = by.stores[0]
    if default_for:
        SavedView.objects.filter(store_id=store, list_code=spec.code, default_for=default_for).update(default_for="")
    try:
        with transaction.atomic():
            made = SavedView.objects.create(
                store_id=store,
                list_code=spec.code,
                name=name,
                query=query,
                columns=[code for code in columns if spec.column(code)],
                owner_id=by.staff_id,
                is_shared=is_shared,
                default_for=default_for,
            )
    except IntegrityError:
        raise ViewRefused(_("您已有名为“%(name)s”的视图。") % {"name": name}) from None
    if is_shared:
        audit("view.shared", by=by, subject=f"view:{made.id}", store_id=store, list=spec.code)
    return made


@command("view.save")
def change_view(view_id: int, *, by: Actor, name: str, is_shared: bool) -> SavedView:
    """Rename a view, share it with its store or keep it to oneself. Raises NotFound, ViewRefused."""
    view = queries.view_to_change(view_id, by)
    name = " ".join(name.split())[:40]
    if not name:
        raise ViewRefused(_("请给视图起个名字。"))
    if is_shared != view.is_shared:
        require_permission(by, "view.share")
        audit(
            "view.shared" if is_shared else "view.unshared",
            by=by,
            subject=f"view:{view.id}",
            store_id=view.store_id,
            list=view.list_code,
        )
    view.name, view.is_shared = name, is_shared
    view.default_for = view.default_for if is_shared else ""
    try:
        with transaction.atomic():
            view.save(update_fields=["name", "is_shared", "default_for"])
    except IntegrityError:
        raise ViewRefused(_("您已有名为“%(name)s”的视图。") % {"name": name}) from None
    return view


@command("view.save")
def delete_view(view_id: int, *, by: Actor) -> str:
    """Delete a view; returns the code of its list. Raises NotFound."""
    view = queries.view_to_change(view_id, by)
    if view.is_shared:
        audit("view.deleted", by=by, subject=f"view:{view.id}", store_id=view.store_id, list=view.list_code)
    view.delete()
    return view.list_code


@command("view.save")
def arrange(spec: ListSpec, *, by: Actor, columns: Sequence[str], is_dense: bool) -> None:
    """Remember which columns of a list this person sees, in which order, and how close the rows stand."""
    wanted = [code for code in dict.fromkeys(columns) if (c := spec.column(code)) and not c.fixed]
    Arrangement.objects.update_or_create(
        staff_id=by.staff_id, list_code=spec.code, defaults={"columns": wanted, "is_dense": is_dense}
    )


def restorer(list_code: str, action: str) -> Callable[[Restore], Restore]:
    """Register how a deed is taken back: a command `(rows, *, by) -> int` over (subject_id, before, after)."""

    def register(function: Restore) -> Restore:
        _restorers[list_code, action] = function
        return function

    return register


def remember(
    list_code: str, action: str, changes: Iterable[tuple[int, UUID, Any, Any]], *, by: Actor
) -> BulkDeed | None:
    """Keep (store, subject, before, after) of what one deed changed, in the running transaction, so that it can be
    taken back. None when nothing changed or the house itself did it.
    """
    changes = list(changes)
    if not changes or by.staff_id is None:
        return None
    deed = BulkDeed.objects.create(
        store_id=changes[0][0], list_code=list_code, action=action, by_id=by.staff_id, at=clock.now()
    )
    BulkBefore.objects.bulk_create(
        (BulkBefore(store_id=s, deed=deed, subject_id=i, before=b, after=a) for s, i, b, a in changes), batch_size=1000
    )
    return deed


@command("view.save")
def undo(deed_id: UUID, *, by: Actor) -> tuple[str, int, int]:
    """Take a deed back: (list, rows restored, rows of the deed). Rows that somebody changed since keep that change.

    The restoring command asks its own permission. Raises NotFound after ten minutes, for others, the second time.
    """
    deed = queries.deed_to_undo(deed_id, by, at=clock.now())
    rows = list(deed.rows.order_by("subject_id").values_list("subject_id", "before", "after"))
    restored = _restorer_of(deed)(rows, by=by)
    deed.undone_at = clock.now()
    deed.save(update_fields=["undone_at"])
    return deed.list_code, restored, len(rows)


def _restorer_of(deed: BulkDeed) -> Restore:
    """How this deed is taken back: as its room registered, or as every changed cell is."""
    from cheban.lists import editing

    if deed.action.startswith(editing.DEED):
        spec = get(deed.list_code)
        return partial(editing.restore, spec, spec.column(deed.action.removeprefix(editing.DEED)))
    return _restorers[deed.list_code, deed.action]


def forget_befores() -> int:
    """Delete what deeds of this scope kept for their undo, once its time is over; returns how many rows. R018.

    The deed itself stays; values of people's files are kept no longer than they serve.
    """
    over = clock.now() - queries.UNDO_FOR
    return BulkBefore.objects.filter(deed__at__lte=over).delete()[0]
