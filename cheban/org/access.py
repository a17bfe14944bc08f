"""Who is asking, and whether they may: the decorators of every command and every page.

`Actor` is worked out once per request or job. `@command("thing.verb")` checks the permission, opens the
transaction; `@page(may=...)` checks the permission before a view runs. Another store's row is 404 (it does
not exist for you); a missing permission is 403.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from cheban.core import live
from cheban.core.errors import NotPermitted
from cheban.org import alarms, renderings
from cheban.org.models import Staff, Store
from cheban.org.roles import NEED_SECOND_FACTOR, PERMISSIONS, Role, permissions_of

COMMANDS: dict[str, list[str]] = {}
"""Permission -> dotted paths of the commands that ask it (for the permission page)."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A person (or the house itself, `staff_id` None) with their roles per store and chosen scope.

    `limit` is for a program that acts for a person: what it may do is at most this, and at most what the person may.
    """

    staff_id: int | None
    name: str
    roles: Mapping[int, frozenset[str]]
    stores: tuple[int, ...]
    origin: str = ""
    limit: frozenset[str] | None = None
    needs_second_factor: bool = False
    idle_minutes: int = 30

    @property
    def permissions(self) -> frozenset[str]:
        """What they may do in the chosen stores: only what they may do in every one of them."""
        if self.staff_id is None:
            return frozenset(PERMISSIONS)
        # hundreds of stores share a handful of sets of roles
        held = [permissions_of(set(r)) for r in {frozenset(self.roles.get(store, ())) for store in self.stores}]
        whole = frozenset.intersection(*held) if held else frozenset()
        return whole if self.limit is None else whole & self.limit

    @property
    def all_roles(self) -> frozenset[str]:
        """Roles held in any of the chosen stores."""
        return frozenset().union(*(self.roles.get(store, frozenset()) for store in self.stores))

    def may(self, permission: str) -> bool:
        """Whether the permission is held in all chosen stores."""
        return permission in self.permissions


def system_actor(store_ids: tuple[int, ...] | list[int], *, name: str = "") -> Actor:
    """The house itself: planner, escalation, command line run by the operator."""
    return Actor(staff_id=None, name=name or _("系统"), roles={}, stores=tuple(store_ids))


_HELD_COLUMNS = "r.store_id, r.role, s.group_id, g.require_second_factor, g.idle_minutes"
_HELD_FROM = "org_staffrole r JOIN org_store s ON s.id = r.store_id JOIN org_dealergroup g ON g.id = s.group_id"
_HELD = f"SELECT {_HELD_COLUMNS} FROM {_HELD_FROM} WHERE r.staff_id = %s"  # noqa: S608 - ours


def signed_in(staff_id: int) -> Staff | None:
    """Whose session this is, with the roles they hold, for `actor_for`. Every request asks this: one plain query."""
    columns = [field.column for field in Staff._meta.concrete_fields]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT {", ".join(f"u.{column}" for column in columns)}, {_HELD_COLUMNS}
                FROM org_staff u LEFT JOIN ({_HELD_FROM}) ON r.staff_id = u.id WHERE u.id = %s""",  # noqa: S608 - ours
            [staff_id],
        )
        rows = cursor.fetchall()
    if not rows:
        return None
    own = len(columns)
    staff = Staff.from_db(connection.alias, [field.attname for field in Staff._meta.concrete_fields], rows[0][:own])
    staff.held = [row[own:] for row in rows if row[own] is not None]
    return staff


def actor_for(staff: Staff, *, chosen: int | None = None, origin: str = "") -> Actor:
    """The actor of a signed-in person. A group admin holds the role in every store of the group.

    `chosen` narrows the scope to one store they work in; anything else is ignored, never widened.
    """
    roles: dict[int, set[str]] = {}
    groups: set[int] = set()
    needs, idle = False, []
    held = staff.held
    if held is None:
        with connection.cursor() as cursor:
            cursor.execute(_HELD, [staff.pk])
            held = cursor.fetchall()
    for store_id, role, group_id, strict, minutes in held:
        roles.setdefault(store_id, set()).add(role)
        needs = needs or (strict and role in NEED_SECOND_FACTOR)
        idle.append(minutes)
        if role == Role.GROUP_ADMIN:
            groups.add(group_id)
    if groups:
        for store_id in Store.objects.filter(group_id__in=groups).values_list("id", flat=True):
            roles.setdefault(store_id, set()).add(Role.GROUP_ADMIN)
    stores = tuple(sorted(roles))
    if chosen in roles:
        stores = (chosen,)
    return Actor(
        staff_id=staff.pk,
        name=staff.name,
        stores=stores,
        origin=origin,
        needs_second_factor=needs,
        idle_minutes=min(idle, default=30),
        roles={store: frozenset(held) for store, held in roles.items()},
    )


def require_permission(actor: Actor, permission: str) -> None:
    """Raises NotPermitted naming what is missing and who could do it."""
    if permission not in PERMISSIONS:
        raise KeyError(f"unknown permission {permission}")
    if not actor.may(permission):
        raise NotPermitted(
            _("您的角色没有“%(what)s”的权限。请联系店长或集团管理员。") % {"what": PERMISSIONS[permission]},
            permission=permission,
        )


def command(permission: str) -> Callable:
    """A change: asks the permission of the keyword argument `by` (an Actor), and is one transaction."""

    def decorate(function: Callable) -> Callable:
        COMMANDS.setdefault(permission, []).append(f"{function.__module__}.{function.__qualname__}")

        @functools.wraps(function)
        def run(*args: Any, by: Actor, **kwargs: Any) -> Any:
            require_permission(by, permission)
            with transaction.atomic():
                return function(*args, by=by, **kwargs)

        run.permission = permission
        return run

    return decorate


def page(
    template: str | None = None, *, may: str | None, same_for: Callable[[HttpRequest], Hashable] | None = None
) -> Callable:
    """A view of a signed-in person. `may=None` is for everybody who may sign in, and must be said aloud.

    A view returns a dict (rendered with `template`) or a response of its own. `same_for` tells what of this person the
    page shows besides their stores and permissions: then open pages that fetch parts share one rendering among all for
    whom that is the same (`renderings`).
    """

    def decorate(view: Callable[..., Any]) -> Callable[..., HttpResponse]:
        @functools.wraps(view)
        def run(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if may is not None:
                require_permission(request.actor, may)
            if same_for is not None and live.parts(request.headers):
                return renderings.of_all(
                    request,
                    same_for(request),
                    lambda: _shown(request, template, view(request, *args, **kwargs), csrf_token=renderings.TOKEN),
                )
            return _shown(request, template, view(request, *args, **kwargs))

        run.may = may
        run.is_page = True
        run.is_shared = same_for is not None
        return run

    return decorate


def _shown(request: HttpRequest, template: str | None, answer: Any, **more: str) -> HttpResponse:
    return render(request, template, answer | more) if isinstance(answer, dict) else answer


def audit(action: str, *, by: Actor, subject: str, store_id: int | None = None, reason: str = "", **facts: Any) -> None:
    """One audit row, in the running transaction. Never put personal data in `facts`.

    Written without reading it back: a row of no store may be written by everybody, read by nobody but the owner.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO core_auditentry (store_id, actor_id, action, subject, reason, origin, facts)
               VALUES (%s, %s, %s, %s, %s, %s, %s)""",
            [store_id, by.staff_id, action, subject, reason[:200], by.origin[:64], json.dumps(facts)],
        )
    if count := alarms.watch(action, actor_id=by.staff_id, store_id=store_id):
        audit(alarms.ALARM, by=by, subject=f"staff:{by.staff_id}", store_id=store_id, what=action, count=count)
