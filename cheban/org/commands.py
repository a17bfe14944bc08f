"""Changes to stores, calendars, staff and roles."""

from __future__ import annotations

from datetime import date, time
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from cheban.core import calendars, clock
from cheban.core.errors import NotPermitted, Refused
from cheban.core.live import STAFF, announce
from cheban.core.models import CalendarDay, OpeningSpan
from cheban.org import scope
from cheban.org.access import Actor, actor_for, audit, command
from cheban.org.models import DealerGroup, Staff, StaffRole, Store
from cheban.org.roles import Role, permissions_of
from cheban.org.training import inviting


class Invalid(Refused):
    """A form that cannot be so; the message says what is wrong and what to do."""

    status = 422


def create_store(*, group: str, code: str, name: str, **fields: Any) -> Store:
    """A store with the usual week and the known holidays (operator's command: demo, command line)."""
    owner, _made = DealerGroup.objects.get_or_create(name=group)
    store, made = Store.objects.get_or_create(code=code, defaults={"group": owner, "name": name, **fields})
    if made:
        year = clock.today().year
        calendars.seed(store.id, years=range(year - 1, year + 3))
    return store


@command("security.manage")
def set_security(*, by: Actor, require_second_factor: bool, idle_minutes: int) -> None:
    """How the group's people sign in: a second factor for those of NEED_SECOND_FACTOR, and when a desk locks itself.

    Raises Invalid for a time outside 5 minutes to 12 hours. R019, MLPS 2.0 level 3.
    """
    if not 5 <= idle_minutes <= 720:
        raise Invalid(_("自动退出的时间要在 5 分钟到 12 小时（720 分钟）之间。"))
    groups = DealerGroup.objects.filter(store__in=by.stores).distinct()
    for group in groups:
        before = {"second_factor": group.require_second_factor, "idle_minutes": group.idle_minutes}
        group.require_second_factor, group.idle_minutes = require_second_factor, idle_minutes
        group.save(update_fields=["require_second_factor", "idle_minutes"])
        after = {"second_factor": require_second_factor, "idle_minutes": idle_minutes}
        audit("security.changed", by=by, subject=f"group:{group.id}", store_id=by.stores[0], before=before, after=after)


def note_sign_in(staff: Staff, action: str, *, origin: str = "", **facts: Any) -> None:
    """One audit row about how somebody signs in, in a transaction and scope of its own; for those without a store too."""
    actor = actor_for(staff, origin=origin)
    with scope.use(actor.stores, actor_id=staff.pk):
        store = actor.stores[0] if actor.stores else None
        audit(action, by=actor, subject=f"staff:{staff.pk}", store_id=store, **facts)


@command("staff.manage")
def add_staff(*, by: Actor, login: str, name: str, password: str, roles: list[tuple[int, str]]) -> Staff:
    """A person with roles (store id, role). Nobody can give a right that they do not hold. Raises Invalid."""
    login = login.strip().lower()
    if not login or not name.strip() or not roles:
        raise Invalid(_("请填写登录名、姓名，并至少给一个角色。"))
    if Staff.objects.filter(login__iexact=login).exists():
        raise Invalid(_("登录名 %(login)s 已经有人用，请换一个。") % {"login": login})
    check_password(password, Staff(login=login, name=name))
    _may_grant(by, roles)
    staff = Staff.objects.create_user(login, password, name=name.strip())
    for store_id, role in roles:
        StaffRole.objects.create(staff=staff, store_id=store_id, role=role)
    inviting.welcome(staff.id, [store_id for store_id, _role in roles])
    audit("staff.added", by=by, subject=f"staff:{staff.id}", store_id=roles[0][0], roles=[r for _s, r in roles])
    return staff


def check_password(password: str, staff: Staff) -> None:
    """Raises Invalid saying why a password is too weak."""
    try:
        validate_password(password, staff)
    except ValidationError as error:
        raise Invalid(" ".join(error.messages)) from None


def _may_grant(by: Actor, roles: list[tuple[int, str]]) -> None:
    for store_id, role in roles:
        if role not in Role.values:
            raise Invalid(_("没有这个角色：%(role)s") % {"role": role})
        if by.staff_id is not None and (
            store_id not in by.stores or permissions_of({role}) - permissions_of(set(by.roles.get(store_id, ())))
        ):
            raise NotPermitted(_("不能授予自己没有的权限（%(role)s）。") % {"role": Role(role).label})


def _may_touch(by: Actor, staff: Staff) -> None:
    """An account with more rights, or in a store of others, is out of reach."""
    if by.staff_id == staff.id:
        raise NotPermitted(_("不能修改自己的角色或停用自己，请另一位管理员来做。"))
    if by.staff_id is not None:
        for store_id, role in staff.roles.values_list("store_id", "role"):
            _may_grant(by, [(store_id, role)])


@command("staff.manage")
def set_roles(staff: Staff, *, by: Actor, roles: list[tuple[int, str]]) -> None:
    """Replace a person's roles in the chosen stores; takes effect with their next request."""
    _may_touch(by, staff)
    _may_grant(by, roles)
    StaffRole.objects.filter(staff=staff, store_id__in=by.stores).delete()
    StaffRole.objects.bulk_create(StaffRole(staff=staff, store_id=s, role=r) for s, r in dict.fromkeys(roles))
    inviting.welcome(staff.id, [store_id for store_id, _role in roles])
    announce(STAFF, staff.id)
    audit("staff.roles_set", by=by, subject=f"staff:{staff.id}", store_id=by.stores[0], roles=[r for _s, r in roles])


@command("staff.manage")
def set_active(staff: Staff, *, by: Actor, is_active: bool) -> None:
    """Let a person in or out; sessions of one who is out end at once."""
    _may_touch(by, staff)
    staff.is_active = is_active
    staff.save(update_fields=["is_active"])
    if not is_active:
        end_sessions(staff)
    audit(
        "staff.activated" if is_active else "staff.stopped", by=by, subject=f"staff:{staff.id}", store_id=by.stores[0]
    )


@command("staff.manage")
def reset_password(staff: Staff, *, by: Actor, password: str) -> None:
    """A new password by a manager; all sessions of that person end."""
    _may_touch(by, staff)
    check_password(password, staff)
    staff.set_password(password)
    staff.save(update_fields=["password"])
    end_sessions(staff)
    audit("staff.password_reset", by=by, subject=f"staff:{staff.id}", store_id=by.stores[0] if by.stores else None)


def end_sessions(staff: Staff) -> int:
    """End every session of a person; returns how many."""
    ended = 0
    for session in Session.objects.filter(expire_date__gt=clock.now()).iterator(chunk_size=500):
        if session.get_decoded().get("_auth_user_id") == str(staff.pk):
            session.delete()
            ended += 1
    announce(STAFF, staff.pk)
    return ended


@command("calendar.edit")
def set_day(stores: list[Store], *, by: Actor, on: date, kind: str, name: str) -> None:
    """Say that a day is a holiday or a make-up workday in these stores, or ('usual') that it is neither."""
    if kind != "usual" and kind not in CalendarDay.Kind.values:
        raise Invalid(_("请选择：放假、上班，或照常。"))
    CalendarDay.objects.filter(store_id__in=[store.id for store in stores], on=on).delete()
    if kind != "usual":
        label = name.strip()[:32] or CalendarDay.Kind(kind).label
        CalendarDay.objects.bulk_create(
            [CalendarDay(store_id=store.id, on=on, kind=kind, name=label, seeded=False) for store in stores],
            update_conflicts=True,  # two people who enter the same notice
            unique_fields=["store_id", "on"],
            update_fields=["kind", "name", "seeded"],
        )
    for store in stores:
        audit("calendar.day_set", by=by, subject=f"store:{store.id}", store_id=store.id, on=on.isoformat(), kind=kind)


@command("calendar.edit")
def set_week(store: Store, *, by: Actor, spans: list[tuple[int, time, time]]) -> None:
    """Replace the usual week: (weekday 0-6, opens, closes). Spans of a day may not overlap. Raises Invalid."""
    for day in range(7):
        of_day = sorted((o, c) for d, o, c in spans if d == day)
        for (opens, closes), following in zip(of_day, [*of_day[1:], None], strict=False):
            if opens >= closes:
                raise Invalid(_("开始时间要早于结束时间：%(a)s—%(b)s") % {"a": opens, "b": closes})
            if following and following[0] < closes:
                raise Invalid(_("同一天的两段时间重叠：%(a)s 之前还没有结束。") % {"a": following[0]})
    if not spans:
        raise Invalid(_("一周至少要有一段营业时间，否则时限无法计算。"))
    OpeningSpan.objects.filter(store_id=store.id).delete()
    OpeningSpan.objects.bulk_create(OpeningSpan(store_id=store.id, weekday=d, opens=o, closes=c) for d, o, c in spans)
    audit("calendar.week_set", by=by, subject=f"store:{store.id}", store_id=store.id, spans=len(spans))


@command("calendar.edit")
def seed_year(stores: list[Store], *, by: Actor, year: int) -> bool:
    """Fill in a year's holidays in these stores from the library; False when the library does not know it yet."""
    known = True
    for store in stores:
        known = not calendars.seed(store.id, years=[year])
        audit("calendar.seeded", by=by, subject=f"store:{store.id}", store_id=store.id, year=year, known=known)
    return known
