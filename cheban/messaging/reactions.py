"""What messaging does when others tell something: notices to those who must know. Each is safe to run twice."""

from __future__ import annotations

from cheban.core.events import reaction
from cheban.core.models import Event
from cheban.messaging import commands, kinds
from cheban.messaging.commands import Owed
from cheban.org.roles import Role


@reaction("task.escalated")
def tell_who_it_went_up_to(event: Event) -> None:
    """The person one step up has it in their inbox. R205."""
    to = event.facts.get("to")
    people = [to] if to else commands.people(event.store_id, Role.STORE_MANAGER)
    commands.notify(
        people,
        key=f"escalated:{event.id}",
        kind=kinds.ESCALATED.code,
        store_id=event.store_id,
        customer_id=event.customer_id,
        vehicle_id=event.vehicle_id,
        at=event.at,
        rules=event.facts.get("rules", []),
        step=event.facts.get("level", 1),
    )


@reaction("audit.alarmed")
def tell_who_watches(event: Event) -> None:
    """Managers and administrators have it in their inbox, the store's group is told at once, by night too."""
    commands.notify(
        [p for p in commands.people(event.store_id, Role.GROUP_ADMIN, Role.STORE_MANAGER) if p != event.actor_id],
        key=f"alarmed:{event.id}",
        kind=kinds.ALARMED.code,
        store_id=event.store_id,
        at=event.at,
        count=event.facts.get("count"),
    )
    commands.send(
        Owed(
            key=f"alarmed:{event.id}",
            kind=kinds.ALARMED.code,
            channel="robot",
            store_id=event.store_id,
            facts={"count": event.facts.get("count")},
        )
    )
