"""Conversations on a screen: the inbox and the page of colleagues, the phone page of owners. Thin: parse, call, render."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cheban.core import clock, owner_links, slots
from cheban.core.errors import Refused
from cheban.core.ids import new_id
from cheban.lists import views as lists
from cheban.org.access import page
from cheban.voice import owners
from cheban.voice.conversations import commands, queries

by_link = owners.opened_by(queries.by_link, gone="conversations/owner_gone.html")


@page(may="conversation.see")
def conversations(request: HttpRequest) -> HttpResponse:
    """All conversations of the scope, by keyset pages."""
    found = lists.show(request, "conversations")
    if isinstance(found, HttpResponse):
        return found
    topics = " ".join(f"conversations:{store_id}" for store_id in request.actor.stores)
    return render(request, "conversations/list.html", found | {"topics": topics})


def _page(request: HttpRequest, conversation_id: UUID) -> dict[str, Any]:
    found, at = queries.conversation(conversation_id), clock.now()
    if request.actor.may("conversation.answer"):
        commands.seen_by_staff(found, at=at)
    everything, here = request.GET.get("all") == "1", f"{request.scheme}://{request.get_host()}"
    return queries.page(found, request.actor, at=at, everything=everything, here=here) | {"now": at}


@page("conversations/conversation.html", may="conversation.see")
def conversation(request: HttpRequest, conversation_id: UUID) -> dict[str, Any]:
    """What was said, who waits, who is next."""
    found = _page(request, conversation_id)
    return found | {"qr": owner_links.drawn(found["link"]) if found["link"] else ""}


@page(may="conversation.see")
def question(request: HttpRequest, question_id: UUID) -> HttpResponse:
    """The page of the conversation in which somebody waits: where the duty is done."""
    return redirect("conversations:conversation", queries.question(question_id).conversation_id)


@page(may="conversation.answer")
def answer(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Say something to the customer. What is refused stays in the field."""
    found = queries.conversation(conversation_id)
    if request.method != "POST":  # reloaded, or refreshed by the stream, after a refusal
        return redirect("conversations:conversation", found.id)
    text, key = request.POST.get("text", ""), owners.key_of(request.POST.get("key", "")) or new_id()
    try:
        commands.answer(conversation_id, by=request.actor, text=text, key=key)
    except Refused as refusal:
        if refusal.status != 422:
            raise
        context = _page(request, conversation_id) | {"wrong": refusal.message, "text": text, "key": key}
        if request.htmx:
            return render(request, "conversations/_talk.html", context, status=422)
        context["qr"] = owner_links.drawn(context["link"])
        return render(request, "conversations/conversation.html", context, status=422)
    if request.htmx:
        return render(request, "conversations/_talk.html", _page(request, conversation_id))
    return redirect("conversations:conversation", conversation_id)


@require_POST
@page(may="conversation.answer")
def open_conversation(request: HttpRequest) -> HttpResponse:
    """For a customer from before, from their page."""
    customer_id = owners.key_of(request.POST.get("customer", ""))
    made = commands.open_by_hand(
        by=request.actor,
        customer_id=customer_id or new_id(),
        vehicle_id=owners.key_of(request.POST.get("vehicle", "")),
    )
    messages.success(request, _("服务群已建立，邀请短信会发给客户。"))
    return redirect("conversations:conversation", made.id)


@require_POST
@page(may="conversation.answer")
def renew(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """A new link for the owner; the old one opens nothing any more."""
    commands.renew_link(queries.conversation(conversation_id), by=request.actor)
    messages.success(request, _("已换新链接，原来的不能再打开。新链接已用短信发给客户。"))
    return redirect("conversations:conversation", conversation_id)


def _owner(found: queries.Conversation, token: str) -> dict[str, Any]:
    at = clock.now()
    commands.seen_by_customer(found, at=at)
    return queries.owner_page(found, at=at) | {"now": at, "token": token}


@require_GET
@by_link
def talk(request: HttpRequest, token: str, found: queries.Conversation) -> HttpResponse:
    """The owner's page."""
    return render(request, "conversations/owner.html", _owner(found, token))


@require_POST
@by_link
def say(request: HttpRequest, token: str, found: queries.Conversation) -> HttpResponse:
    """The owner says something. What is refused stays in the field."""
    text, key = request.POST.get("text", ""), owners.key_of(request.POST.get("key", "")) or new_id()
    topic = request.POST.get("topic", "")
    try:
        commands.ask(found.id, text=text, key=key, topic=topic)
    except Refused as refusal:
        context = _owner(found, token) | {"wrong": refusal.message, "text": text, "key": key, "topic": topic}
        template = "_owner_talk.html" if request.htmx else "owner.html"
        return render(request, f"conversations/{template}", context, status=422)
    if request.htmx:
        return render(request, "conversations/_owner_talk.html", _owner(queries.by_link(token), token))
    return redirect("talk:page", token)


@require_POST
@by_link
def ticket(request: HttpRequest, token: str, found: queries.Conversation) -> HttpResponse:
    """What the owner's open page may hear of: their own conversation."""
    topic = f"conversation:{found.id}"
    return JsonResponse({"ticket": slots.ask("live.owner_ticket", topic, default=""), "topics": [topic]})
