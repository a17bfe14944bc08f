"""Pages of trainings. Thin: parse, call, render."""

from __future__ import annotations

from datetime import date

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from cheban.core import clock, slots
from cheban.org import queries as org
from cheban.org.access import page
from cheban.org.training import commands, queries
from cheban.org.training.models import Training


@page("org/my_trainings.html", may="training.take")
def mine(request: HttpRequest) -> dict:
    """What I am to take and hold."""
    return {"rows": queries.mine(request.actor, today=clock.today()), "today": clock.today()}


@page("org/training_material.html", may="training.take")
def read(request: HttpRequest, training_id: int) -> dict:
    """The material, to its end; there one confirms it."""
    return queries.reading(training_id, request.actor, today=clock.today())


@require_POST
@page(may="training.take")
def confirm(request: HttpRequest, training_id: int) -> HttpResponse:
    """I have read and understood."""
    try:
        made = commands.confirm(training_id, by=request.actor, sha256=request.POST.get("version", ""))
    except commands.Changed as error:
        messages.warning(request, error.message)
        return redirect("trainings:read", training_id)
    messages.success(request, _("已确认，有效到 %(day)s。") % {"day": made.valid_until.isoformat()})
    return redirect("trainings:mine")


@page(may="training.see")
def trainings(request: HttpRequest) -> HttpResponse:
    """Who is to take what, who is late: a list (slot list.page), with the open trainings above it."""
    found = slots.ask("list.page", request, "trainings")
    if isinstance(found, HttpResponse):
        return found
    more = {
        "trainings": queries.of_stores(request.actor, today=clock.today()),
        "kinds": Training.Kind.choices,
        "store_list": org.stores(request.actor),
        "today": clock.today(),
    }
    return render(request, "org/trainings.html", found | more)


def _number(request: HttpRequest, name: str) -> int:
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def _day(request: HttpRequest, name: str) -> date | None:
    try:
        return date.fromisoformat(request.POST.get(name, ""))
    except ValueError:
        return None


def _people(request: HttpRequest) -> list[int]:
    return [int(each) for each in request.POST.getlist("staff") if each.isascii() and each.isdigit() and len(each) < 10]


@require_POST
@page(may="training.manage")
def add(request: HttpRequest) -> HttpResponse:
    """Set up a training."""
    made = commands.add(
        commands.Plan(
            kind=request.POST.get("kind", ""),
            title=request.POST.get("title", ""),
            text=request.POST.get("text", ""),
            held_on=_day(request, "held_on"),
            valid_months=_number(request, "valid_months"),
            due_days=_number(request, "due_days"),
            store_id=_number(request, "store") or None,
            invites_new=request.POST.get("invites_new") == "1",
        ),
        by=request.actor,
    )
    messages.success(request, _("培训“%(title)s”已建立，在职同事都已邀请。") % {"title": made.title})
    return redirect("trainings:training", made.id)


@page("org/training.html", may="training.see")
def training(request: HttpRequest, training_id: int) -> dict:
    """One training with its people and its versions."""
    return queries.one(training_id, request.actor, today=clock.today()) | {"today": clock.today()}


@require_POST
@page(may="training.manage")
def rewrite(request: HttpRequest, training_id: int) -> HttpResponse:
    """A new version of the material."""
    made = commands.rewrite(
        training_id, by=request.actor, text=request.POST.get("text", ""), again=request.POST.get("again") == "1"
    )
    messages.success(request, _("材料第 %(n)d 版已生效，以前的确认仍对应原来的版本。") % {"n": made.number})
    return redirect("trainings:training", training_id)


@require_POST
@page(may="training.manage")
def invite(request: HttpRequest, training_id: int) -> HttpResponse:
    """Invite colleagues."""
    count = commands.invite(training_id, by=request.actor, staff_ids=_people(request))
    messages.success(request, ngettext("已邀请 %(n)d 位同事。", "已邀请 %(n)d 位同事。", count) % {"n": count})
    return redirect("trainings:training", training_id)


@require_POST
@page(may="training.manage")
def attended(request: HttpRequest, training_id: int) -> HttpResponse:
    """Who was there."""
    count = commands.record_attendance(
        training_id, by=request.actor, staff_ids=_people(request), on=_day(request, "on")
    )
    messages.success(request, ngettext("已登记 %(n)d 位同事参加。", "已登记 %(n)d 位同事参加。", count) % {"n": count})
    return redirect("trainings:training", training_id)


@require_POST
@page(may="training.manage")
def end(request: HttpRequest, training_id: int) -> HttpResponse:
    """It owes nothing more."""
    ended = commands.end(training_id, by=request.actor)
    messages.success(request, _("培训“%(title)s”已结束，确认记录都保留。") % {"title": ended.title})
    return redirect("trainings:list")
