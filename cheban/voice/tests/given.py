"""Builders of the voice room's tests."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from cheban.core import clock
from cheban.core.calendars import seed
from cheban.core.ids import new_id
from cheban.org import dispatch, scope
from cheban.org.access import Actor
from cheban.org.roles import Role
from cheban.playbook import ladder
from cheban.voice.conversations import commands
from cheban.voice.conversations.models import Conversation, Said
from tests import given


def work(cast) -> None:
    """Everything that is due now, in the store's scope: reactions, the ladder."""
    while dispatch.run_pending():
        pass
    scope.set_stores([cast.a.id])
    ladder.escalate_overdue(at=clock.now())


def actor(cast, role: str = Role.SERVICE_SPECIALIST) -> Actor:
    """The person of store A with this role."""
    return cast.actor(role)


def open_store(cast) -> None:
    """Store A opens Monday to Saturday 8:30-12:00 and 13:00-17:30, with the holidays of the year."""
    seed(cast.a.id, years=[2026])


def conversation(cast, *, name: str = "王小明", vin: str = "LSVAA4187E2000009") -> Conversation:
    """An owner with their car and its two people, in a conversation."""
    buyer = given.customer(cast.a, name, phone=f"139{int(vin[-7:]):08d}")
    car = given.vehicle(
        cast.a,
        buyer,
        vin=vin,
        plate="沪A9K3" + vin[-2:],
        sales_consultant_id=cast.staff[Role.SALES_CONSULTANT].id,
        service_specialist_id=cast.staff[Role.SERVICE_SPECIALIST].id,
    )
    return commands.open_by_hand(by=actor(cast), customer_id=buyer.id, vehicle_id=car.id)


def asks(
    found: Conversation, text: str = "胎压灯亮了，能开吗？", *, key: UUID | None = None, topic: str = "service"
) -> Said:
    """The owner asks, now."""
    return commands.ask(found.id, text=text, key=key or new_id(), topic=topic)


def answers(
    cast, found: Conversation, text: str = "可以慢开，先量一下胎压。", *, role: str = Role.SERVICE_SPECIALIST
) -> Said:
    """A colleague answers, now."""
    return commands.answer(found.id, by=actor(cast, role), text=text, key=new_id())


def at(text: str) -> datetime:
    """A moment of the store: '2026-11-23 10:00'."""
    from zoneinfo import ZoneInfo

    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai"))


def later(**how: float) -> timedelta:
    """A length of time."""
    return timedelta(**how)
