"""What the playbook does about what others told. Each may run twice."""

from __future__ import annotations

from django.db import connection

from cheban.core import clock, facts
from cheban.core.events import reaction
from cheban.core.live import announce
from cheban.core.models import Event
from cheban.playbook import planner
from cheban.playbook.models import Task
from cheban.playbook.rules import HANDBOOK


@reaction("import.undone")
def drop_tasks_of_nobody(event: Event) -> None:
    """Open tasks about customers that an undo took away are dropped."""
    subject = facts.subject("customer")
    with connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE playbook_task t SET state = 'dropped', closed_at = %s, outcome = 'undone', escalate_at = NULL
                WHERE t.state = 'open' AND t.customer_id IS NOT NULL AND NOT EXISTS (
                  SELECT 1 FROM {subject.source} WHERE {subject.id} = t.customer_id)""",  # noqa: S608 - SQL of ours
            [clock.now()],
        )


def _drop(tasks, outcome: str) -> None:
    """End open tasks that are owed no more, and tell the pages that show them."""
    owed = list(tasks.values_list("contact_id", "assignee_id").distinct())
    for contact_id in {contact for contact, _person in owed}:
        announce("contact", contact_id)
    for person in {person for _contact, person in owed if person}:
        announce("day", person)
    tasks.update(state=Task.State.DROPPED, outcome=outcome, closed_at=clock.now(), escalate_at=None)


@reaction("consent.refused")
def drop_what_was_refused(event: Event) -> None:
    """Whoever refused a purpose is not called about it by a colleague whose list is a day old. PIPL art. 15."""
    if event.facts.get("channel") != "any":
        return
    purpose = event.facts.get("purpose")
    rules = [r.code for r in HANDBOOK.rules.values() if purpose in (r.purpose, "all")]
    _drop(Task.objects.filter(customer_id=event.customer_id, state=Task.State.OPEN, rule__in=rules), "refused")


@reaction("vehicle.changed_hands")
def drop_tasks_of_former_owner(event: Event) -> None:
    """What was owed to the former owner about this vehicle is owed no more."""
    tasks = Task.objects.filter(vehicle_id=event.vehicle_id, state=Task.State.OPEN)
    subject = facts.subject("vehicle")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {subject.customer} FROM {subject.source} WHERE {subject.id} = %s",  # noqa: S608 - SQL of ours
            [event.vehicle_id],
        )
        owner = cursor.fetchone()
    _drop(tasks.exclude(customer_id=owner[0]) if owner else tasks, "sold")


@reaction("contact.refused")
def drop_tasks_of_sold_vehicle(event: Event) -> None:
    """A car that is sold or scrapped needs nothing more, whoever else had something to say about it."""
    if event.facts.get("reason") == "sold" and event.vehicle_id:
        _drop(Task.objects.filter(vehicle_id=event.vehicle_id, state=Task.State.OPEN), "sold")


def plan_at_once(event: Event) -> None:
    """What the handbook's rules owe because this event was told."""
    planner.plan_event(event.name, store_id=event.store_id)


def react_to_rules() -> None:
    """Have every event that a rule names planned at once (called when the handbook is complete)."""
    for rule in planner.told_rules():
        reaction(rule.when.event)(plan_at_once)
