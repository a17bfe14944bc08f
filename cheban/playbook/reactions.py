"""What the playbook does about what others told. Each may run twice."""

from __future__ import annotations

from django.db import connection

from cheban.core import facts
from cheban.core.events import reaction
from cheban.core.models import Event
from cheban.playbook import planner


@reaction("import.undone")
def drop_tasks_of_nobody(event: Event) -> None:
    """Open tasks about customers that an undo took away are dropped."""
    subject = facts.subject("customer")
    with connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE playbook_task t SET state = 'dropped', closed_at = now(), outcome = 'undone', escalate_at = NULL
                WHERE t.state = 'open' AND t.customer_id IS NOT NULL AND NOT EXISTS (
                  SELECT 1 FROM {subject.source} WHERE {subject.id} = t.customer_id)"""  # noqa: S608 - SQL of ours
        )


def plan_at_once(event: Event) -> None:
    """What the handbook's rules owe because this event was told."""
    planner.plan_event(event.name, store_id=event.store_id)


def react_to_rules() -> None:
    """Have every event that a rule names planned at once (called when the handbook is complete)."""
    for rule in planner.told_rules():
        reaction(rule.when.event)(plan_at_once)
