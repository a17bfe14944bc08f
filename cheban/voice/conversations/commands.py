"""Every change of a conversation: open it, say something, renew its link, look at it. R037, R038, R041."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from cheban.core import clock, owner_links
from cheban.core.errors import NotFound, WrongState
from cheban.core.events import record
from cheban.core.ids import new_id
from cheban.core.live import announce_all
from cheban.customers.models import Customer, Vehicle
from cheban.org.access import Actor, audit, command
from cheban.org.models import Store
from cheban.voice.conversations import answering
from cheban.voice.conversations.errors import LinkOver, TooMany, Unsendable
from cheban.voice.conversations.models import LONGEST, Conversation, Question, Said, Topic

LINK_LIVES = timedelta(days=365)
"""A buyer's link works for a year after it was last renewed; whoever lost it asks the store."""
KIND = "conversation"
MOST_A_MINUTE, MOST_A_DAY = 12, 200
"""Messages of one owner that are taken; nobody types more."""


def open_for(
    *,
    store_id: int,
    cause: str,
    customer_id: UUID,
    vehicle_id: UUID | None,
    sales_consultant_id: int | None,
    service_specialist_id: int | None,
    by: Actor | None = None,
) -> Conversation:
    """The conversation of this cause: a new one, or the one there is. Needs scope and a transaction."""
    # One decision about a customer at a time: a delivery and a colleague may come at once.
    Customer.objects.select_for_update(no_key=True).get(id=customer_id)
    for same in (Q(cause=cause), Q(customer_id=customer_id, vehicle_id=vehicle_id)):
        if found := Conversation.objects.filter(same).order_by("opened_at").first():
            return found
    now, id = clock.now(), new_id()
    made = Conversation.objects.create(
        id=id,
        store_id=store_id,
        cause=cause,
        customer_id=customer_id,
        vehicle_id=vehicle_id,
        sales_consultant_id=sales_consultant_id,
        service_specialist_id=service_specialist_id,
        opened_at=now,
        opened_by_id=by.staff_id if by else None,
        link_digest=owner_links.digest(owner_links.token_of(KIND, id, store_id=store_id)),
        link_expires_at=now + LINK_LIVES,
        last_at=now,
    )
    _tell(made)
    record(
        "conversation.opened",
        store_id=store_id,
        at=now,
        actor_id=made.opened_by_id,
        customer_id=customer_id,
        vehicle_id=vehicle_id,
        conversation_id=str(made.id),
    )
    return made


@command("conversation.answer")
def open_by_hand(*, by: Actor, customer_id: UUID, vehicle_id: UUID | None) -> Conversation:
    """For a customer from before: with the people of their car. The same car's conversation is opened again, not twice.

    Raises NotFound for somebody of another store, or a car that is not theirs.
    """
    customer = Customer.objects.filter(id=customer_id, erased_at__isnull=True).first()
    if customer is None:
        raise NotFound(_("没有这位客户，或不属于您的门店。"))
    car = Vehicle.objects.filter(id=vehicle_id, owner=customer).first() if vehicle_id else None
    if vehicle_id and car is None:
        raise NotFound(_("这位客户没有这辆车。"))
    return open_for(
        store_id=customer.store_id,
        cause=f"hand:{customer.id}:{car.id if car else ''}",
        customer_id=customer.id,
        vehicle_id=car.id if car else None,
        sales_consultant_id=car.sales_consultant_id if car else None,
        service_specialist_id=car.service_specialist_id if car else None,
        by=by,
    )


def ask(conversation_id: UUID, *, text: str, key: UUID, topic: str = Topic.SERVICE) -> Said:
    """The owner says something; a waiting period begins if none runs. Needs scope. The same key is the same message.

    Raises Unsendable, TooMany, LinkOver.
    """
    text, now = _text(text), clock.now()
    with transaction.atomic():
        found = _locked(conversation_id)
        if twice := _again(found, key):
            return twice
        if found.link_expires_at <= now:
            raise LinkOver(_("这个链接已经过期，请联系门店换一个新的。"))
        own = Said.objects.filter(conversation=found, author_id__isnull=True, at__gt=now - timedelta(days=1))
        if own.filter(at__gt=now - timedelta(minutes=1)).count() >= MOST_A_MINUTE or own.count() >= MOST_A_DAY:
            raise TooMany(_("发得太快了，请过一会儿再发。急事请直接打电话。"))
        said = Said.objects.create(
            id=new_id(), store_id=found.store_id, conversation=found, author_id=None, text=text, key=key, at=now
        )
        question = Question.objects.filter(conversation=found, answered_at__isnull=True).first()
        if question is None:
            topic = topic if topic in Topic.values else Topic.SERVICE
            question = Question.objects.create(
                store_id=found.store_id, message=said, conversation=found, topic=topic, asked_at=now
            )
            found.waiting_since = now
        found.last_at = found.heard_at = found.customer_seen_at = now
        found.save(update_fields=["waiting_since", "last_at", "heard_at", "customer_seen_at"])
        _tell(found)
        record(
            "conversation.asked",
            store_id=found.store_id,
            at=now,
            customer_id=found.customer_id,
            vehicle_id=found.vehicle_id,
            conversation_id=str(found.id),
            message_id=str(said.id),
            question_id=str(question.message_id),
        )
    return said


@command("conversation.answer")
def answer(conversation_id: UUID, *, by: Actor, text: str, key: UUID) -> Said:
    """A colleague says something; whoever of the store it is, the waiting period ends. The same key is the same message.

    Raises Unsendable, NotFound, WrongState for somebody who was erased.
    """
    text, now = _text(text), clock.now()
    found = _locked(conversation_id)
    if twice := _again(found, key):
        return twice
    if found.customer.erased_at:
        raise WrongState(_("这位客户的信息已按本人要求删除，不能再往对话里写。"))
    said = Said.objects.create(
        id=new_id(), store_id=found.store_id, conversation=found, author_id=by.staff_id, text=text, key=key, at=now
    )
    question = Question.objects.filter(conversation=found, answered_at__isnull=True).first()
    found.last_at = found.spoke_at = found.staff_seen_at = now
    found.waiting_since = None
    found.save(update_fields=["last_at", "spoke_at", "staff_seen_at", "waiting_since"])
    _tell(found)
    if question is not None:
        watch = answering.clock_of(Store.objects.get(id=found.store_id), question.topic)
        question.minutes, question.kept = watch.judged(question.asked_at, now)
        question.answered_at, question.answered_by_id = now, by.staff_id
        question.save(update_fields=["minutes", "kept", "answered_at", "answered_by_id"])
        record(
            "conversation.answered",
            store_id=found.store_id,
            at=now,
            actor_id=by.staff_id,
            customer_id=found.customer_id,
            vehicle_id=found.vehicle_id,
            conversation_id=str(found.id),
            message_id=str(question.message_id),
            minutes_count=question.minutes,
            kept=question.kept,
            by=by.staff_id,
        )
    return said


@command("conversation.answer")
def renew_link(conversation: Conversation, *, by: Actor) -> Conversation:
    """A new link for the owner; the one before opens nothing any more (lost telephone, passed on, past its year)."""
    found = _locked(conversation.id)
    found.link_number += 1
    found.link_digest = owner_links.digest(token_of(found))
    found.link_expires_at = clock.now() + LINK_LIVES
    found.save(update_fields=["link_number", "link_digest", "link_expires_at"])
    audit("conversation.link_renewed", by=by, subject=f"conversation:{found.id}", store_id=found.store_id)
    record(
        "conversation.link_renewed",
        store_id=found.store_id,
        actor_id=by.staff_id,
        customer_id=found.customer_id,
        vehicle_id=found.vehicle_id,
        conversation_id=str(found.id),
    )
    _tell(found)
    return found


def token_of(conversation: Conversation) -> str:
    """The token of the owner's link that works now."""
    return owner_links.token_of(KIND, conversation.id, store_id=conversation.store_id, number=conversation.link_number)


def seen_by_staff(conversation: Conversation, *, at: datetime) -> None:
    """A colleague has the conversation before them: it is not unread any more. One statement, none when nothing is new."""
    unread = Q(staff_seen_at__isnull=True) | Q(staff_seen_at__lt=F("heard_at"))
    if conversation.heard_at and (
        conversation.staff_seen_at is None or conversation.staff_seen_at < conversation.heard_at
    ):
        Conversation.objects.filter(unread, id=conversation.id).update(staff_seen_at=at)


def seen_by_customer(conversation: Conversation, *, at: datetime) -> None:
    """The owner has the conversation before them: nobody has to write to them that there is an answer."""
    newest = conversation.spoke_at or conversation.opened_at
    if conversation.customer_seen_at is None or conversation.customer_seen_at < newest:
        Conversation.objects.filter(id=conversation.id).update(customer_seen_at=at)


def _locked(conversation_id: UUID) -> Conversation:
    found = Conversation.objects.select_for_update(no_key=True).filter(id=conversation_id).first()
    if found is None:
        raise NotFound(_("没有这个对话，或不属于您的门店。"))
    return found


def _again(conversation: Conversation, key: UUID) -> Said | None:
    return Said.objects.filter(conversation=conversation, key=key).first()


def _text(text: str) -> str:
    """What is kept of a message. Raises Unsendable."""
    text = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if not text:
        raise Unsendable(_("还没有写内容。"))
    if len(text) > LONGEST:
        raise Unsendable(
            _("一条消息最多 %(most)d 字，现在 %(n)d 字。请分成两条发。") % {"most": LONGEST, "n": len(text)}
        )
    return text


def _tell(found: Conversation) -> None:
    announce_all([("conversation", found.id), ("conversations", found.store_id), ("customer", found.customer_id)])
