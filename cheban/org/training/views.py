"""Pages of trainings. Thin: parse, call, render."""

from __future__ import annotations

from datetime import date, time

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from cheban.core import clock, slots
from cheban.org import queries as org
from cheban.org.access import page
from cheban.org.commands import Invalid
from cheban.org.roles import Role
from cheban.org.training import commands, queries, quiz
from cheban.org.training.models import Training


@page("org/my_trainings.html", may="training.take")
def mine(request: HttpRequest) -> dict:
    """What I am to take and hold."""
    return {"rows": queries.mine(request.actor, today=clock.today()), "today": clock.today()}


@page("org/training_material.html", may="training.take")
def read(request: HttpRequest, training_id: int) -> dict:
    """The material, to its end; there one answers its questions and confirms it."""
    return queries.reading(training_id, request.actor, today=clock.today())


def _chosen(request: HttpRequest) -> dict[int, int]:
    """Number of the question -> index of the answer."""
    found = {}
    for name, value in request.POST.items():
        number = name.removeprefix("answer-")
        if number != name and number.isdecimal() and value.isdecimal() and len(number + value) < 6:
            found[int(number)] = int(value)
    return found


@page(may="training.take")
def confirm(request: HttpRequest, training_id: int) -> HttpResponse:
    """I have read and understood; the questions, where there are some, are answered."""
    if request.method != "POST":
        queries.reading(training_id, request.actor, today=clock.today())  # another store's is not found
        return redirect("trainings:read", training_id)
    chosen = _chosen(request)
    try:
        made = commands.confirm(training_id, by=request.actor, sha256=request.POST.get("version", ""), chosen=chosen)
    except commands.Changed as error:
        messages.warning(request, error.message)
        return redirect("trainings:read", training_id)
    if isinstance(made, quiz.Result):  # not enough: what was chosen stays, what was wrong is named
        context = queries.reading(training_id, request.actor, today=clock.today(), chosen=chosen, result=made)
        return render(request, "org/training_material.html", context)
    messages.success(request, _("已确认，有效到 %(day)s。") % {"day": made.valid_until.isoformat()})
    return redirect("trainings:mine")


@page(may="training.see")
def trainings(request: HttpRequest) -> HttpResponse:
    """Who is to take what, who is late: a list (slot list.page), with the open trainings above it."""
    return _trainings(request)


def _trainings(request: HttpRequest, *, wrong: str = "") -> HttpResponse:
    """The page; with `wrong`, the form as it was typed under what is wrong with it."""
    if wrong:
        request.GET = QueryDict("all=1")  # the form's own address has no list
    found = slots.ask("list.page", request, "trainings")
    if isinstance(found, HttpResponse):
        return found
    more = {
        "trainings": queries.of_stores(request.actor, today=clock.today()),
        "kinds": Training.Kind.choices,
        "store_list": org.stores(request.actor),
        "roles": Role.choices,
        "today": clock.today(),
        "wrong": wrong,
        "typed": request.POST | {"roles": request.POST.getlist("roles")} if wrong else {"invites_new": "1"},
    }
    return render(request, "org/trainings.html", found | more, status=422 if wrong else 200)


def _number(request: HttpRequest, name: str) -> int:
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def _day(request: HttpRequest, name: str) -> date | None:
    try:
        return date.fromisoformat(request.POST.get(name, ""))
    except ValueError:
        return None


def _time(request: HttpRequest, name: str) -> time | None:
    try:
        return time.fromisoformat(request.POST.get(name, ""))
    except ValueError:
        return None


def _people(request: HttpRequest) -> list[int]:
    return [int(each) for each in request.POST.getlist("staff") if each.isascii() and each.isdigit() and len(each) < 10]


@page(may="training.manage")
def add(request: HttpRequest) -> HttpResponse:
    """Set up a training. What is wrong stands above the form, which stays as it was typed."""
    if request.method != "POST":  # gone on from a refused form
        return redirect(f"{reverse('trainings:list')}?{request.GET.urlencode()}")
    plan = commands.Plan(
        kind=request.POST.get("kind", ""),
        title=request.POST.get("title", ""),
        text=request.POST.get("text", ""),
        held_on=_day(request, "held_on"),
        valid_months=_number(request, "valid_months"),
        due_days=_number(request, "due_days"),
        store_id=_number(request, "store") or None,
        invites_new=request.POST.get("invites_new") == "1",
        roles=tuple(request.POST.getlist("roles")),
        place=request.POST.get("place", ""),
        starts_at=_time(request, "starts_at"),
        pass_percent=_number(request, "pass_percent"),
    )
    try:
        made = commands.add(plan, by=request.actor)
    except (Invalid, quiz.Malformed) as refusal:
        return _trainings(request, wrong=refusal.message)
    messages.success(request, _("培训“%(title)s”已建立，在职同事都已邀请。") % {"title": made.title})
    return redirect("trainings:training", made.id)


@page("org/training.html", may="training.see")
def training(request: HttpRequest, training_id: int) -> dict:
    """One training with its people and its versions."""
    return _one(request, training_id)


def _one(request: HttpRequest, training_id: int) -> dict:
    return queries.one(training_id, request.actor, today=clock.today()) | {"today": clock.today()}


@page(may="training.manage")
def rewrite(request: HttpRequest, training_id: int) -> HttpResponse:
    """A new version of the material. What is wrong stands above the text, which stays as it was typed."""
    if request.method != "POST":
        _one(request, training_id)
        return redirect("trainings:training", training_id)
    text, again = request.POST.get("text", ""), request.POST.get("again") == "1"
    try:
        made = commands.rewrite(training_id, by=request.actor, text=text, again=again)
    except (Invalid, quiz.Malformed) as refusal:
        typed = {"wrong": refusal.message, "text": text, "again": again}
        return render(request, "org/training.html", _one(request, training_id) | {"typed": typed}, status=422)
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
