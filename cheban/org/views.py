"""Pages of staff, permissions, calendar and audit. Thin: parse, call, render."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
from django.views.decorators.http import require_POST

from cheban.core import clock, slots
from cheban.core.calendars import missing_years
from cheban.core.errors import NotFound
from cheban.org import absences as leaves
from cheban.org import commands, queries
from cheban.org.access import page
from cheban.org.roles import Role

WEEKDAYS = (
    gettext_noop("周一"),
    gettext_noop("周二"),
    gettext_noop("周三"),
    gettext_noop("周四"),
    gettext_noop("周五"),
    gettext_noop("周六"),
    gettext_noop("周日"),
)


def _store(request: HttpRequest):
    """The store that the form names, if it is one of the asker's."""
    wanted = request.POST.get("store") or request.GET.get("store") or ""
    store_id = int(wanted) if wanted.isdigit() else request.actor.stores[0]
    if store_id not in request.actor.stores:
        raise NotFound(_("没有这个门店，或不属于您。"))
    return next(s for s in queries.stores(request.actor) if s.id == store_id)


def _stores_meant(request: HttpRequest, store):
    """The store of the form, or with 'all' every store of the chosen scope: a notice holds for a whole group."""
    return queries.stores(request.actor) if request.POST.get("all") else [store]


@page(may="staff.see")
def staff(request: HttpRequest) -> HttpResponse:
    """Who works here with which roles: a list (slot list.page), and the forms around it."""
    found = slots.ask("list.page", request, "staff")
    if isinstance(found, HttpResponse):
        return found
    more = {
        "roles": Role.choices,
        "store_list": queries.stores(request.actor),
        "security": queries.security(request.actor) if request.actor.may("security.manage") else None,
    }
    return render(request, "org/staff.html", found | more)


@require_POST
@page(may="security.manage")
def security(request: HttpRequest) -> HttpResponse:
    """How the group's people sign in."""
    minutes = request.POST.get("idle_minutes", "")
    commands.set_security(
        by=request.actor,
        require_second_factor=request.POST.get("second_factor") == "1",
        idle_minutes=int(minutes) if minutes.isdigit() else 0,
    )
    messages.success(request, _("登录安全的规定已更新，下一次打开页面起生效。"))
    return redirect("org:staff")


def _roles(request: HttpRequest) -> list[tuple[int, str]]:
    pairs = [value.split(":") for value in request.POST.getlist("roles")]
    return [(int(store), role) for store, role in pairs if store.isdigit()]


@require_POST
@page(may="staff.manage")
def add_staff(request: HttpRequest) -> HttpResponse:
    """Add a person."""
    made = commands.add_staff(
        by=request.actor,
        login=request.POST.get("login", ""),
        name=request.POST.get("name", ""),
        password=request.POST.get("password", ""),
        roles=_roles(request),
    )
    messages.success(request, _("已添加 %(name)s，可以登录了。") % {"name": made.name})
    return redirect("org:staff")


@require_POST
@page(may="staff.manage")
def set_roles(request: HttpRequest, staff_id: int) -> HttpResponse:
    """Replace someone's roles."""
    person = queries.staff(staff_id, request.actor)
    commands.set_roles(person, by=request.actor, roles=_roles(request))
    messages.success(request, _("%(name)s 的角色已更新。") % {"name": person.name})
    return redirect("org:staff")


@require_POST
@page(may="staff.manage")
def set_active(request: HttpRequest, staff_id: int) -> HttpResponse:
    """Let someone in or out."""
    person = queries.staff(staff_id, request.actor)
    commands.set_active(person, by=request.actor, is_active=request.POST.get("active") == "1")
    messages.success(request, _("%(name)s 的登录状态已更新。") % {"name": person.name})
    return redirect("org:staff")


@require_POST
@page(may="staff.manage")
def reset_password(request: HttpRequest, staff_id: int) -> HttpResponse:
    """Give someone a new password."""
    person = queries.staff(staff_id, request.actor)
    commands.reset_password(person, by=request.actor, password=request.POST.get("password", ""))
    messages.success(request, _("%(name)s 的密码已重设，原来的登录已全部退出。") % {"name": person.name})
    return redirect("org:staff")


@page("org/permissions.html", may="staff.see")
def permissions(request: HttpRequest) -> dict:
    """Role x permission, as declared."""
    return {"roles": [(r.value, r.label) for r in Role], "table": queries.permission_table()}


@page("org/calendar.html", may="calendar.see")
def calendar(request: HttpRequest) -> dict:
    """A store's opening hours and the days that differ."""
    store, today = _store(request), clock.today()
    text = request.GET.get("year", "")
    year = int(text) if text.isdigit() and 2000 <= int(text) <= 2100 else today.year
    found = queries.calendar_page(store, year=year)
    week = [
        {"day": i, "label": _(label), "spans": [s for s in found["spans"] if s.weekday == i]}
        for i, label in enumerate(WEEKDAYS)
    ]
    return found | {
        "week": week,
        "years": range(today.year - 1, today.year + 3),
        "store_list": queries.stores(request.actor),
        "missing": missing_years(store.id, today=today),
    }


@require_POST
@page(may="calendar.edit")
def set_day(request: HttpRequest) -> HttpResponse:
    """Change one day."""
    store = _store(request)
    try:
        on = date.fromisoformat(request.POST.get("on", ""))
    except ValueError:
        raise commands.Invalid(_("请选择日期。")) from None
    stores = _stores_meant(request, store)
    commands.set_day(
        stores, by=request.actor, on=on, kind=request.POST.get("kind", ""), name=request.POST.get("name", "")
    )
    messages.success(
        request,
        ngettext(
            "日历已更新，今后的时限按新的日历计算。",
            "%(count)d 家门店的日历已更新，今后的时限按新的日历计算。",
            len(stores),
        )
        % {"count": len(stores)},
    )
    return redirect(f"{request.path.rsplit('/', 2)[0]}/?store={store.id}&year={on.year}")


@require_POST
@page(may="calendar.edit")
def set_week(request: HttpRequest) -> HttpResponse:
    """Change the usual week: fields opens_0_0, closes_0_0 ..."""
    store, spans = _store(request), []
    for day in range(7):
        for number in range(3):
            opens, closes = (request.POST.get(f"{what}_{day}_{number}", "") for what in ("opens", "closes"))
            if opens and closes:
                try:
                    spans.append((day, time.fromisoformat(opens), time.fromisoformat(closes)))
                except ValueError:
                    raise commands.Invalid(_("时间要写成 08:30 这样。")) from None
    commands.set_week(store, by=request.actor, spans=spans)
    messages.success(request, _("营业时间已更新。"))
    return redirect(f"{request.path.rsplit('/', 2)[0]}/?store={store.id}")


@require_POST
@page(may="calendar.edit")
def seed_year(request: HttpRequest) -> HttpResponse:
    """Fill a year from the library."""
    store, text = _store(request), request.POST.get("year", "")
    if not text.isdigit():
        raise commands.Invalid(_("请选择年份。"))
    if commands.seed_year(_stores_meant(request, store), by=request.actor, year=int(text)):
        messages.success(request, _("%(year)s 年的放假与调休已填入。") % {"year": text})
    else:
        messages.warning(
            request, _("%(year)s 年的放假安排还没有公布，请先手工登记；其余日子按平时营业计算。") % {"year": text}
        )
    return redirect(f"{request.path.rsplit('/', 2)[0]}/?store={store.id}&year={text}")


@page(may="audit.see")
def audit(request: HttpRequest) -> HttpResponse:
    """Who saw or changed what: a list (slot list.page)."""
    found = slots.ask("list.page", request, "audit")
    return found if isinstance(found, HttpResponse) else render(request, "org/audit.html", found)


@page("org/absences.html", may="absence.enter")
def absences(request: HttpRequest) -> dict:
    """Who is away, who stands in, and the form."""
    at = clock.now()
    return leaves.page(request.actor, at=at) | {"now": at, "today": clock.today()}


def _day_of(request: HttpRequest, name: str) -> date:
    try:
        return date.fromisoformat(request.POST.get(name, ""))
    except ValueError:
        raise commands.Invalid(_("请选择日期。")) from None


@require_POST
@page(may="absence.enter")
def enter_absence(request: HttpRequest) -> HttpResponse:
    """Whole days, or half of the first and last: the form says days and halves, the row says moments."""
    zone = ZoneInfo("Asia/Shanghai")
    first, last = _day_of(request, "first"), _day_of(request, "last")
    noon = time(12)
    starts = datetime.combine(first, noon if request.POST.get("from_noon") else time(), tzinfo=zone)
    ends = (
        datetime.combine(last, noon, tzinfo=zone)
        if request.POST.get("to_noon")
        else datetime.combine(last + timedelta(days=1), time(), tzinfo=zone)
    )
    who = request.POST.get("staff", "")
    named = {
        role: int(value)
        for role, value in (
            ("", request.POST.get("deputy", "")),
            *((key[7:], value) for key, value in request.POST.items() if key.startswith("deputy_")),
        )
        if value.isdigit()
    }
    staff_id = int(who) if who.isdigit() else request.actor.staff_id
    leaves.enter(leaves.Leave(staff_id, request.POST.get("kind", ""), starts, ends, named), by=request.actor)
    messages.success(request, _("已登记。这段时间到期的事会交给代办人，回来后自动还给本人。"))
    return redirect("org:absences")


@require_POST
@page(may="absence.enter")
def cancel_absence(request: HttpRequest, absence_id: int) -> HttpResponse:
    """Back early, or not gone at all."""
    leaves.cancel(absence_id, by=request.actor)
    messages.success(request, _("已取消，代办的事会还给本人。"))
    return redirect("org:absences")
