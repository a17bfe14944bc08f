"""What conversations do when others tell something. Each is safe to run twice. R037, R038, Y07."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import F, Q

from cheban.core.events import reaction
from cheban.core.models import Event
from cheban.customers.models import Vehicle
from cheban.messaging import accounts
from cheban.messaging import commands as messaging
from cheban.messaging.commands import Owed
from cheban.org.models import Store
from cheban.org.presence import presence_of
from cheban.org.roles import Role
from cheban.voice.conversations import answering, commands, kinds
from cheban.voice.conversations.models import Conversation, Question, Said, Topic

TOLD_AFTER, TOLD_UNTIL = timedelta(minutes=2), timedelta(days=1)
"""An owner who has the page open sees the answer at once; who does not within this time is told by a message."""
ASKED_FIRST = {Topic.SERVICE: Role.SERVICE_SPECIALIST, Topic.SALES: Role.SALES_CONSULTANT}


@reaction("delivery.completed")
def open_on_delivery(event: Event) -> None:
    """The buyer drives off with a conversation: the two who handed the car over are in it. R037."""
    car = Vehicle.objects.filter(id=event.vehicle_id).first()
    if event.customer_id is None or car is None:
        return
    commands.open_for(
        store_id=event.store_id,
        cause=f"delivery:{event.facts['delivery_id']}",
        customer_id=event.customer_id,
        vehicle_id=car.id,
        sales_consultant_id=car.sales_consultant_id,
        service_specialist_id=car.service_specialist_id,
    )


@reaction("conversation.opened")
@reaction("conversation.link_renewed")
def invite_the_owner(event: Event) -> None:
    """The owner gets the link that works now, as far as the gate lets it out."""
    found = Conversation.objects.filter(id=event.facts["conversation_id"]).first()
    if found is None:
        return
    minutes = answering.clock_of(Store.objects.get(id=found.store_id)).minutes
    messaging.send(
        Owed(
            key=f"conversation:{found.id}:{found.link_number}",
            kind=kinds.OPENED.code,
            channel="sms",
            store_id=found.store_id,
            customer_id=found.customer_id,
            vehicle_id=found.vehicle_id,
            facts={"conversation_id": str(found.id), "link_number": found.link_number, "minutes": minutes},
        )
    )


@reaction("conversation.asked")
def tell_who_is_asked(event: Event) -> None:
    """Whoever is asked first has it in their inbox and in WeCom, the store's group where its robot is set so.

    Once for each waiting period: what the customer adds meanwhile is on the page already.
    """
    question = Question.objects.select_related("conversation").filter(message_id=event.facts["message_id"]).first()
    if question is None or question.answered_at is not None:
        return
    found, store = question.conversation, Store.objects.get(id=event.store_id)
    until = answering.clock_of(store, question.topic).due(question.asked_at)
    if until is None:
        return
    role = ASKED_FIRST[Topic(question.topic)]
    own = found.sales_consultant_id if role == Role.SALES_CONSULTANT else found.service_specialist_id
    there = presence_of([store.id], at=event.at)
    first = there.stand_in(own, role, store.id, key=question.message_id) if own else None
    facts = {"conversation_id": str(found.id), "until": _moment(until, store, at=event.at)}
    key = f"asked:{question.message_id}"
    messaging.notify(
        [first] if first else there.present(store.id, role) or messaging.people(store.id, Role.STORE_MANAGER),
        key=key,
        kind=kinds.ASKED.code,
        store_id=store.id,
        customer_id=found.customer_id,
        vehicle_id=found.vehicle_id,
        at=event.at,
        **facts,
    )
    if accounts.robot_also_tells(store.id, "conversations"):
        messaging.send(Owed(key=key, kind=kinds.ASKED.code, channel="robot", store_id=store.id, facts=facts))


def _moment(moment: datetime, store: Store, *, at: datetime) -> str:
    """'14:10', with its date when it is not today."""
    zone = ZoneInfo(store.time_zone)
    local = moment.astimezone(zone)
    return local.strftime("%H:%M" if local.date() == at.astimezone(zone).date() else "%m-%d %H:%M")


def words_of(event: Event) -> str:
    """What the customer wrote, for whoever listens for danger and wishes (`core.said`)."""
    return Said.objects.filter(id=UUID(event.facts["message_id"])).values_list("text", flat=True).first() or ""


def tell_answers(*, at: datetime) -> int:
    """Owners who closed the page before the answer came are told of it, once until they look again. Needs scope."""
    waits = Conversation.objects.filter(
        Q(customer_seen_at__isnull=True) | Q(customer_seen_at__lt=F("spoke_at")),
        Q(customer_told_at__isnull=True) | Q(customer_told_at__lt=F("customer_seen_at")),
        spoke_at__range=(at - TOLD_UNTIL, at - TOLD_AFTER),
        heard_at__isnull=False,
    )
    found = list(waits.select_for_update(no_key=True, skip_locked=True)[:500])
    messaging.send_many(
        Owed(
            key=f"answered:{each.id}:{each.spoke_at:%Y%m%d%H%M%S}",
            kind=kinds.ANSWERED.code,
            channel="sms",
            store_id=each.store_id,
            customer_id=each.customer_id,
            vehicle_id=each.vehicle_id,
            facts={"conversation_id": str(each.id), "link_number": each.link_number},
        )
        for each in found
    )
    Conversation.objects.filter(id__in=[each.id for each in found]).update(customer_told_at=at)
    return len(found)
