"""Reads of conversations. Query counts are tested."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cheban.core import owner_links
from cheban.core.errors import NotFound
from cheban.core.ids import new_id
from cheban.lists import keyset
from cheban.org.access import Actor
from cheban.org.roles import Role
from cheban.playbook import ladder
from cheban.playbook.models import Task
from cheban.voice import people
from cheban.voice.conversations import answering
from cheban.voice.conversations.commands import token_of
from cheban.voice.conversations.models import LONGEST, Conversation, Question, Said, Topic

SHOWN = 200
"""Messages on a page; older ones are read with ?all=1."""
PHRASES = (
    gettext_lazy("收到，我马上帮您看。"),
    gettext_lazy("这个功能我录一段操作发给您，请稍等。"),
    gettext_lazy("方便的话请告诉我仪表上显示的提示。"),
    gettext_lazy("我帮您约个时间到店看看，您哪天方便？"),
    gettext_lazy("不客气，有事随时找我们。"),
)
"""Quick phrases: begun by hand, never sent by themselves."""


def conversation(conversation_id: UUID) -> Conversation:
    """One conversation of the scope with its customer and car. Raises NotFound."""
    found = Conversation.objects.select_related("customer", "vehicle").filter(id=conversation_id).first()
    if found is None:
        raise NotFound(_("没有这个对话，或不属于您的门店。"))
    return found


def question(question_id: UUID) -> Question:
    """One waiting period. Raises NotFound."""
    found = Question.objects.filter(message_id=question_id).first()
    if found is None:
        raise NotFound(_("没有这个提问，或不属于您的门店。"))
    return found


def by_link(token: str) -> Conversation:
    """The conversation that an owner's token opens, in its store's scope. Raises NotFound."""
    found = (
        Conversation.objects.select_related("customer", "vehicle", "store")
        .filter(link_digest=owner_links.digest(token), customer__erased_at__isnull=True)
        .first()
    )
    if found is None:
        raise NotFound(_("这个链接不能用。"))
    return found


def may_hear(actor: Actor, conversation_id: str) -> bool:
    """Whether an open page of this person may hear that this conversation changed (live topic)."""
    return actor.may("conversation.see") and Conversation.objects.filter(id=UUID(conversation_id)).exists()


def may_hear_store(actor: Actor, store_id: str) -> bool:
    """Whether this person may hear that some conversation of the store changed (live topic)."""
    return actor.may("conversation.see") and int(store_id) in actor.stores


def _thread(found: Conversation, *, everything: bool) -> tuple[list[Said], bool]:
    rows = Said.objects.filter(conversation=found).order_by("-at", "-id")
    newest = list(rows if everything else rows[: SHOWN + 1])
    more = not everything and len(newest) > SHOWN
    return newest[:SHOWN][::-1] if more else newest[::-1], more


def page(
    found: Conversation, actor: Actor, *, at: datetime, everything: bool = False, here: str = ""
) -> dict[str, Any]:
    """The conversation for colleagues: what was said, who waits since when, who is next, the owner's link.

    Ten queries at most, whatever was said.
    """
    said, more = _thread(found, everything=everything)
    questions = {q.message_id: q for q in Question.objects.filter(conversation=found)}
    waiting = next((q for q in questions.values() if q.answered_at is None), None)
    task = (
        Task.objects.filter(subject_id=waiting.message_id, state=Task.State.OPEN).order_by("due_at").first()
        if waiting
        else None
    )
    steps = ladder.ahead(task, at=at) if task else []
    members = (found.sales_consultant_id, found.service_specialist_id)
    asked = [task.assignee_id, task.told_id] if task else []
    who = people.staff_names([*members, *asked, *(m.author_id for m in said), *(step.person_id for step in steps)])
    answered = [q for q in questions.values() if q.answered_at is not None]
    return {
        "conversation": found,
        "lines": [
            {
                "message": m,
                "by": who.get(m.author_id, ""),
                "side": _side(m.author_id, found),
                "question": questions.get(m.id),
            }
            for m in said
        ],
        "more": more,
        "waiting": waiting,
        "task": task,
        "chain": _chain(task, steps, who),
        "kept": sum(bool(q.kept) for q in answered),
        "answered": len(answered),
        "members": [
            {"role": Role.SALES_CONSULTANT.label, "name": who.get(members[0], "")},
            {"role": Role.SERVICE_SPECIALIST.label, "name": who.get(members[1], "")},
        ],
        "can_answer": actor.may("conversation.answer") and found.customer.erased_at is None,
        "link": owner_address(found, here=here) if actor.may("conversation.answer") else "",
        "link_is_over": found.link_expires_at <= at,
        "phrases": PHRASES,
        "longest": LONGEST,
        "key": new_id(),
    }


def _chain(task: Task | None, steps: list[ladder.Ahead], who: dict[int | None, str]) -> list[dict[str, Any]]:
    """Who is asked, who was told since, who is next and when."""
    if task is None:
        return []
    found = [{"role": Role(task.role).label, "name": who.get(task.assignee_id, ""), "at": None, "is_now": True}]
    if task.told_id and task.told_id != task.assignee_id:
        found.append({"role": _("已上报"), "name": who.get(task.told_id, ""), "at": None, "is_now": True})
    return found + [
        {"role": Role(step.role).label, "name": who.get(step.person_id, ""), "at": step.at, "is_now": False}
        for step in steps
    ]


def _side(author_id: int | None, found: Conversation) -> str:
    if author_id is None:
        return "customer"
    return "sales" if author_id == found.sales_consultant_id else "service"


def owner_address(found: Conversation, *, here: str = "") -> str:
    """The whole address of the owner's page; `here` as in `owner_links.address`."""
    path = reverse("talk:page", args=[token_of(found)])
    return owner_links.address(path, here=here) or path


def owner_page(found: Conversation, *, at: datetime) -> dict[str, Any]:
    """The conversation for its owner: no number, no note of ours; an honest line about when an answer comes.

    Seven queries.
    """
    said, _more = _thread(found, everything=False)
    waiting = Question.objects.filter(conversation=found, answered_at__isnull=True).first()
    watch = answering.clock_of(found.store, waiting.topic if waiting else Topic.SERVICE)
    who = people.staff_names([found.sales_consultant_id, found.service_specialist_id, *(m.author_id for m in said)])
    opens = watch.opens(at)
    return {
        "conversation": found,
        "store": found.store,
        "vehicle": found.vehicle,
        "lines": [
            {"message": m, "by": who.get(m.author_id, _("门店")), "side": _side(m.author_id, found)} for m in said
        ],
        "sales": who.get(found.sales_consultant_id, ""),
        "service": who.get(found.service_specialist_id, ""),
        "waiting": waiting,
        "due_at": watch.due(waiting.asked_at) if waiting else None,
        "is_open": opens is not None and opens <= at,
        "opens_at": opens,
        "minutes": watch.minutes,
        "is_over": found.link_expires_at <= at,
        "topics": Topic.choices,
        "longest": LONGEST,
        "key": new_id(),
    }


def conversations_of(customer_id: UUID) -> list[dict[str, Any]]:
    """A customer's conversations for their page (slot customer.conversations). Two queries."""
    found = list(Conversation.objects.filter(customer_id=customer_id).order_by("-last_at"))
    last = last_words([c.id for c in found])
    return [
        {
            "url": reverse("conversations:conversation", args=[c.id]),
            "vehicle_id": c.vehicle_id,
            "last_at": c.last_at,
            "waiting_since": c.waiting_since,
            "text": last[c.id].text if c.id in last else "",
        }
        for c in found
    ]


def last_words(conversation_ids: list[UUID]) -> dict[UUID, Said]:
    """The newest message of each conversation. One query, none for none."""
    if not conversation_ids:
        return {}
    rows = Said.objects.filter(conversation_id__in=conversation_ids)
    return {m.conversation_id: m for m in rows.order_by("conversation_id", "-at", "-id").distinct("conversation_id")}


def listed(
    *, customer_id: UUID | None = None, is_waiting: bool | None = None, after: str = "", limit: int = 50
) -> dict[str, Any]:
    """One keyset page of conversations, the one with the newest message first. One query."""
    rows = Conversation.objects.all()
    if customer_id:
        rows = rows.filter(customer_id=customer_id)
    if is_waiting is not None:
        rows = rows.filter(waiting_since__isnull=not is_waiting)
    return keyset.newest(rows, "last_at", after=after, limit=limit)


def messages(found: Conversation, *, after: str = "", limit: int = 50) -> dict[str, Any]:
    """One keyset page of what was said, the newest first. One query."""
    return keyset.newest(found.messages.all(), "at", after=after, limit=limit)
