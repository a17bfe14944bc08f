"""Settings page of custom fields, and a vehicle's own. Thin: parse, call, render."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cheban.customers.fields import commands, definitions
from cheban.org.access import page

FLAGS = ("is_required", "in_list")


@page("customers/fields/list.html", may=commands.PERMISSION)
def fields(request: HttpRequest) -> dict:
    """Every field that one sees here, those put aside below, with how many rows have a value."""
    return commands.overview(request.actor)


def _choices_of(post: QueryDict) -> list[tuple[str | None, str]]:
    """Choices as they stand in the form: those that are there, those taken back, new ones a line each."""
    known = [(code, text) for code, text in zip(post.getlist("code"), post.getlist("choice"), strict=False)]
    back = [(code, post.get(f"back.{code}", "")) for code in post.getlist("back")]
    return [*known, *back, *((None, line) for line in post.get("choices", "")[:4000].splitlines())]


def _form(request: HttpRequest, field: Any = None, wrong: dict | None = None) -> dict[str, Any]:
    sent = request.POST if request.method == "POST" else request.GET
    return {
        "field": field,
        "wrong": wrong or {},
        "sent": sent,
        "subject": sent.get("subject", "customer"),
        "kind": sent.get("kind", "text"),
        "kinds": commands.kinds_explained(),
        "subjects": commands.SUBJECTS,
        "levels": commands.levels_for(request.actor),
        "was_sent": request.method == "POST",
    }


@page("customers/fields/form.html", may=commands.PERMISSION)
def new(request: HttpRequest) -> dict | HttpResponse:
    """A new field."""
    if request.method != "POST":
        return _form(request)
    post = request.POST
    try:
        made = commands.define(
            by=request.actor,
            level=commands.level_of(post.get("level", ""), request.actor),
            subject=post.get("subject", ""),
            label=post.get("label", ""),
            kind=post.get("kind", ""),
            choices=post.get("choices", "")[:4000].splitlines(),
            hint=post.get("hint", ""),
            is_personal=post.get("is_personal") == "1",
            **{flag: post.get(flag) == "1" for flag in FLAGS},
        )
    except commands.FieldRefused as refusal:
        return _form(request, wrong={"": refusal.message, **refusal.facts})
    messages.success(request, _("“%(label)s”可以用了：表单、列表、导出和接口里都有。") % {"label": made.label})
    return redirect("customers:fields")


@page("customers/fields/form.html", may=commands.PERMISSION)
def change(request: HttpRequest, field_id: int) -> dict | HttpResponse:
    """Its words, choices, where it stands."""
    field = definitions.one(field_id)
    if request.method != "POST":
        return _form(request, field)
    post = request.POST
    try:
        commands.change(
            field,
            by=request.actor,
            label=post.get("label", ""),
            choices=_choices_of(post),
            hint=post.get("hint", ""),
            **{flag: post.get(flag) == "1" for flag in FLAGS},
        )
    except commands.FieldRefused as refusal:
        return _form(request, field, {"": refusal.message, **refusal.facts})
    messages.success(request, _("“%(label)s”已更新。") % {"label": field.label})
    return redirect("customers:fields")


@require_POST
@page(may=commands.PERMISSION)
def archive(request: HttpRequest, field_id: int) -> HttpResponse:
    """Put a field aside; the message offers the way back."""
    field = commands.archive(definitions.one(field_id), by=request.actor)
    undo = f"undo:{reverse('customers:field_restore', args=[field.id])}"
    messages.success(request, _("“%(label)s”已停用，填过的内容保留。") % {"label": field.label}, extra_tags=undo)
    return redirect("customers:fields")


@require_POST
@page(may=commands.PERMISSION)
def restore(request: HttpRequest, field_id: int) -> HttpResponse:
    """Take a field back with its values."""
    field = commands.restore(definitions.one(field_id), by=request.actor)
    messages.success(request, _("“%(label)s”恢复使用，原来的内容都在。") % {"label": field.label})
    return redirect("customers:fields")


@require_POST
@page(may=commands.PERMISSION)
def move(request: HttpRequest, field_id: int) -> HttpResponse:
    """One place up or down."""
    commands.move(definitions.one(field_id), by=request.actor, up=request.POST.get("up") == "1")
    return redirect(f"{reverse('customers:fields')}#field-{field_id}")
