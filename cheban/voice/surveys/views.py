"""Surveys on a screen: the list and its figures for colleagues, two questions on the customer's phone. Thin."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from cheban.core import clock
from cheban.core.errors import Refused
from cheban.lists import views as lists
from cheban.org.access import page
from cheban.voice import owners
from cheban.voice.surveys import commands, queries
from cheban.voice.surveys.plans import ASKING

by_link = owners.opened_by(queries.by_link, gone="surveys/owner_gone.html")


@page(may="survey.see")
def surveys(request: HttpRequest) -> HttpResponse:
    """All surveys of the scope by keyset pages, with what they come to."""
    found = lists.show(request, "surveys")
    if isinstance(found, HttpResponse):
        return found
    stores = request.actor.stores
    context = found | {
        "figures": queries.figures(stores, at=clock.now()),
        "terms": ASKING.terms,
        "topics": " ".join(f"surveys:{store_id}" for store_id in stores),
    }
    return render(request, "surveys/list.html", context)


@page("surveys/survey.html", may="survey.see")
def survey(request: HttpRequest, survey_id: UUID) -> dict[str, Any]:
    """One survey: points, words, whose it is, what became of it."""
    return queries.page(queries.survey(survey_id)) | {"now": clock.now(), "terms": ASKING.terms}


@require_http_methods(["GET", "HEAD", "POST"])
@by_link
def owner(request: HttpRequest, token: str, found: queries.Survey) -> HttpResponse:
    """The two questions, and the thanks. What is refused stays in the fields."""
    at = clock.now()
    if request.method != "POST":
        commands.opened(found, at=at)
        context = queries.owner_page(found, at=at) | {"token": token, "now": at}
        wants_form = found.answered_at is None or (context["may_change"] and request.GET.get("change") == "1")
        template = "owner.html" if wants_form and not context["is_over"] else "owner_thanks.html"
        return render(request, f"surveys/{template}", context)
    points = {name: request.POST.get(name, "") for name in commands.POINTS}
    said = request.POST.get("said", "")
    try:
        commands.answer(found.id, points=points, said=said)
    except Refused as refusal:
        context = queries.owner_page(found, at=at) | {"token": token, "now": at, "message": refusal.message}
        if refusal.status != 422:
            return render(request, "surveys/owner_thanks.html", context, status=refusal.status)
        for line in context["questions"]:
            line["points"] = points[line["asked"].field]
            line["wrong"] = refusal.facts.get(line["asked"].field, "")
        context |= {"said": said, "wrong_said": refusal.facts.get("said", "")}
        return render(request, "surveys/owner.html", context, status=422)
    return redirect("survey:page", token)
