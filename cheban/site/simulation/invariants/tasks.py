"""Tasks: nothing twice, nothing against a wish, nothing forgotten, nothing with nobody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction

from cheban.core import clock
from cheban.playbook import planner
from cheban.playbook.outcomes import MOST_ATTEMPTS
from cheban.playbook.rules import HANDBOOK, Happened, Red
from cheban.site.simulation.invariants.base import Found, invariant, rows


@invariant("No task is made twice for one occasion of one subject and role.")
def one_task_per_occasion(cursor, stores, world) -> Found:
    return rows(
        cursor,
        """SELECT subject_id, rule, occasion_on, role, count(*) FROM playbook_task
           GROUP BY 1, 2, 3, 4 HAVING count(*) > 1""",
    )


@invariant("Nobody is reminded of one thing twice within twenty days, unless it was done in between.")
def no_reminder_comes_back(cursor, stores, world) -> Found:
    told = [
        r.code
        for r in HANDBOOK.rules.values()
        if isinstance(r.when, (Happened, Red)) or r.occasion is None or r.is_duty
    ]
    return rows(
        cursor,
        """SELECT a.rule, a.subject_id, a.planned_on, b.planned_on AS again_on FROM playbook_task a
           JOIN playbook_task b ON b.subject_id = a.subject_id AND b.rule = a.rule AND b.role = a.role AND b.id <> a.id
             AND b.planned_on BETWEEN a.planned_on AND a.planned_on + 20
             AND b.customer_id IS NOT DISTINCT FROM a.customer_id
           WHERE NOT a.rule = ANY (%(told)s) AND (b.planned_on, b.id) > (a.planned_on, a.id)
             AND NOT EXISTS (SELECT 1 FROM workshop_repairorder o WHERE o.vehicle_id = a.vehicle_id
               AND o.is_maintenance AND (o.in_at AT TIME ZONE 'Asia/Shanghai')::date
                 BETWEEN a.planned_on AND b.planned_on)""",
        {"told": told},
    )


@invariant("No contact begins, and none was agreed, in the store's quiet hours.")
def no_contact_in_quiet_hours(cursor, stores, world) -> Found:
    return rows(
        cursor,
        """SELECT 'task' AS what, t.id::text, t.starts_at AS at FROM playbook_task t JOIN org_store s ON s.id = t.store_id
            WHERE t.customer_id IS NOT NULL AND t.rule <> ALL (%(duties)s) AND ((t.starts_at AT TIME ZONE 'Asia/Shanghai')::time >= s.quiet_from
              OR (t.starts_at AT TIME ZONE 'Asia/Shanghai')::time < s.quiet_until)
            UNION ALL
            SELECT e.name, e.id::text, e.at FROM core_event e JOIN org_store s ON s.id = e.store_id
            WHERE e.name IN ('contact.reached', 'contact.refused', 'contact.missed')
              AND ((e.at AT TIME ZONE 'Asia/Shanghai')::time >= s.quiet_from
                OR (e.at AT TIME ZONE 'Asia/Shanghai')::time < s.quiet_until)""",
        {"duties": _duties()},
    )


def _duties() -> list[str]:
    return [rule.code for rule in HANDBOOK.rules.values() if rule.is_duty]


def _ends() -> list[tuple[str, str]]:
    return [(rule.code, event) for rule in HANDBOOK.rules.values() for event in rule.done_by]


def _purposes() -> dict[str, Any]:
    rules = HANDBOOK.rules.values()
    return {"codes": [r.code for r in rules], "purposes": [r.purpose for r in rules]}


@invariant("No task is planned for, and none stays open against, a purpose that the customer refused.")
def no_contact_against_a_refusal(cursor, stores, world) -> Found:
    return rows(
        cursor,
        """WITH purpose(rule, purpose) AS (SELECT * FROM unnest(%(codes)s::text[], %(purposes)s::text[])),
            said AS (SELECT customer_id, purpose, is_given, at,
                lead(at) OVER (PARTITION BY customer_id, purpose ORDER BY at) AS until
              FROM customers_consent WHERE channel = 'any')
            SELECT 'open' AS what, t.id::text, t.rule FROM playbook_task t JOIN purpose p ON p.rule = t.rule
              JOIN customers_customer c ON c.id = t.customer_id
              WHERE t.state = 'open' AND p.purpose <> 'internal' AND c.refused_purposes && ARRAY[p.purpose, 'all']::varchar[]
            UNION ALL
            SELECT 'planned', t.id::text, t.rule FROM playbook_task t JOIN purpose p ON p.rule = t.rule
              JOIN said s ON s.customer_id = t.customer_id AND s.purpose IN (p.purpose, 'all') AND NOT s.is_given
                AND (s.at AT TIME ZONE 'Asia/Shanghai')::date < t.planned_on
                AND coalesce((s.until AT TIME ZONE 'Asia/Shanghai')::date > t.planned_on, true)
              WHERE p.purpose <> 'internal' AND NOT EXISTS (SELECT 1 FROM said g WHERE g.customer_id = t.customer_id AND g.purpose = 'all'
                AND g.is_given AND g.at > s.at AND (g.at AT TIME ZONE 'Asia/Shanghai')::date <= t.planned_on)""",
        _purposes(),
    )


@invariant("Whoever was spoken to is left in peace for the store's gap, but for what is urgent.")
def the_gap_between_contacts_is_kept(cursor, stores, world) -> Found:
    waits = [r.code for r in HANDBOOK.rules.values() if r.keeps_gap and r.weight < planner.URGENT]
    return rows(
        cursor,
        """SELECT t.id, t.rule, t.planned_on, e.at FROM playbook_task t JOIN org_store s ON s.id = t.store_id
            JOIN core_event e ON e.customer_id = t.customer_id AND e.name IN ('contact.reached', 'contact.refused')
              AND (e.at AT TIME ZONE 'Asia/Shanghai')::date BETWEEN t.planned_on - s.contact_gap_days AND t.planned_on - 1
            WHERE t.rule = ANY (%(waits)s)""",
        {"waits": waits},
    )


@invariant("Every finished task has the event that finished it, at the same moment; no open one has an outcome's end.")
def every_closed_task_has_its_outcome(cursor, stores, world) -> Found:
    return rows(
        cursor,
        """SELECT t.id, t.rule, t.state, t.outcome, t.closed_at FROM playbook_task t
           WHERE t.state = 'done' AND t.rule <> ALL (%(duties)s) AND NOT EXISTS (SELECT 1 FROM core_event e
             WHERE e.customer_id IS NOT DISTINCT FROM t.customer_id AND e.at = t.closed_at
               AND e.store_id = t.store_id AND e.name IN ('contact.reached', 'contact.refused', 'contact.missed')
               AND e.facts -> 'undo' @> jsonb_build_array(jsonb_build_object('id', t.id::text)))
           UNION ALL SELECT t.id, t.rule, t.state, t.outcome, t.closed_at FROM playbook_task t
           JOIN unnest(%(codes)s::text[], %(names)s::text[]) d(rule, name) ON d.rule = t.rule
           WHERE t.state = 'done' GROUP BY t.id HAVING NOT bool_or(EXISTS (SELECT 1 FROM core_event e
             WHERE e.name = d.name AND e.at = t.closed_at AND e.store_id = t.store_id
               AND e.customer_id IS NOT DISTINCT FROM t.customer_id))""",
        {"duties": _duties(), "codes": [r for r, _e in _ends()], "names": [e for _r, e in _ends()]},
    )


@invariant("Unanswered calls are counted one, two, three; then the contact has ended.")
def unanswered_calls_are_counted(cursor, stores, world) -> Found:
    return rows(
        cursor,
        """SELECT id, at, facts -> 'attempts' AS attempts FROM core_event WHERE name = 'contact.missed'
             AND NOT (facts ->> 'attempts')::int BETWEEN 1 AND %(most)s
           UNION ALL SELECT 0, due_at, to_jsonb(attempts) FROM playbook_task
             WHERE attempts >= %(most)s AND state = 'open'""",
        {"most": MOST_ATTEMPTS},
    )


@invariant("No outcome that was taken back still counts: its tasks are open again or were closed by a later one.")
def what_was_taken_back_is_open_again(cursor, stores, world) -> Found:
    return rows(
        cursor,
        """SELECT t.id, t.rule, e.at FROM core_event e JOIN playbook_task t ON t.store_id = e.store_id
             AND t.customer_id = e.customer_id AND t.closed_at = e.at
           WHERE e.name IN ('contact.reached', 'contact.refused', 'contact.missed') AND EXISTS (
             SELECT 1 FROM core_event b WHERE b.name = 'contact.taken_back' AND b.customer_id = e.customer_id
               AND b.actor_id IS NOT DISTINCT FROM e.actor_id AND b.facts -> 'rules' = e.facts -> 'rules'
               AND b.at > e.at AND b.at <= e.at + interval '10 minutes')""",
    )


@invariant("Every open task with a ladder still has its next step: nothing that is owed is forgotten.")
def open_tasks_can_still_escalate(cursor, stores, world) -> Found:
    ladders = [(rule.code, owed.role, len(owed.escalate)) for rule in HANDBOOK.rules.values() for owed in rule.owes]
    rules, roles, steps = (list(c) for c in zip(*ladders, strict=True))
    return rows(
        cursor,
        """SELECT t.id, t.rule, t.escalation FROM playbook_task t
           JOIN unnest(%(rules)s::text[], %(roles)s::text[], %(steps)s::int[]) l(rule, role, steps)
             ON l.rule = t.rule AND l.role = t.role
           WHERE t.state = 'open' AND t.escalation < l.steps AND t.escalate_at IS NULL AND t.taken_at IS NULL""",
        {"rules": rules, "roles": roles, "steps": steps},
    )


@invariant(
    "Nothing goes a step up before its time: not before its rule says so, nor before what the customer agreed to."
)
def escalation_waits_for_its_time(cursor, stores, world) -> Found:
    return rows(
        cursor,
        """WITH ladder AS (SELECT t.*, t.due_at - coalesce(w.ahead, interval '0') AS not_before
             FROM playbook_task t LEFT JOIN unnest(%(rules)s::text[], %(roles)s::text[], %(ahead)s::interval[])
               w(rule, role, ahead) ON w.rule = t.rule AND w.role = t.role WHERE t.state = 'open')
           SELECT t.id, t.rule, t.due_at, t.escalate_at FROM ladder t
           WHERE t.escalate_at IS NOT NULL AND t.escalate_at < t.not_before
           UNION ALL
           SELECT t.id, t.rule, t.starts_at, e.at FROM core_event e JOIN ladder t ON t.customer_id = e.customer_id
             AND e.facts -> 'rules' ? t.rule AND t.store_id = e.store_id AND t.escalation > 0
             AND t.vehicle_id IS NOT DISTINCT FROM e.vehicle_id
           WHERE e.name = 'task.escalated' AND t.attempts = 0 AND t.outcome = '' AND t.starts_at < e.at
             AND e.at < t.not_before""",
        _warns(),
    )


def _warns() -> dict[str, Any]:
    """Duties whose ladder begins before their deadline, and by how much: somebody can still help (R117, R168)."""
    early = [
        (rule.code, str(owed.role), owed.within.amount - owed.escalate[0][0].amount)
        for rule in HANDBOOK.rules.values()
        for owed in rule.owes
        if owed.escalate and owed.within.clock == owed.escalate[0][0].clock == "wall"
    ]
    rules, roles, ahead = (list(c) for c in zip(*early, strict=True))
    return {"rules": rules, "roles": roles, "ahead": [max(a, timedelta()) for a in ahead]}


@invariant("No open task is about a car that its customer does not have any more.")
def no_task_about_anothers_car(cursor, stores, world) -> Found:
    return rows(
        cursor,
        """SELECT t.id, t.rule, v.is_active, v.owner_id = t.customer_id AS is_theirs FROM playbook_task t
           JOIN customers_vehicle v ON v.id = t.vehicle_id
           WHERE t.state = 'open' AND t.rule <> ALL (%(duties)s)
             AND (v.owner_id IS DISTINCT FROM t.customer_id OR NOT v.is_active)""",
        {"duties": _duties()},
    )


@invariant("Open work lies with somebody who can still sign in and works at that store.")
def work_lies_with_people_who_are_there(cursor, stores, world) -> Found:
    return rows(
        cursor,
        """SELECT t.id, t.rule, t.assignee_id FROM playbook_task t
           WHERE t.state = 'open' AND (t.assignee_id IS NULL OR NOT EXISTS (
             SELECT 1 FROM org_staff p JOIN org_staffrole r ON r.staff_id = p.id
             WHERE p.id = t.assignee_id AND p.is_active AND r.store_id = t.store_id))""",
    )


_GONE = """gone AS (SELECT id, staff_id, ends_at FROM org_absence
    WHERE cancelled_at IS NULL AND starts_at <= %(now)s AND ends_at > %(now)s)"""


@invariant("Who is away holds nothing that is due before they are back, while the deputy they named is there.")
def work_of_the_absent_is_with_their_deputy(cursor, stores, world) -> Found:
    return rows(
        cursor,
        f"""WITH {_GONE}, held AS (SELECT DISTINCT ON (contact_id) id, rule, role, store_id, assignee_id, owner_id,
              min(due_at) OVER (PARTITION BY contact_id) AS due_at
            FROM playbook_task WHERE state = 'open' AND assignee_id IN (SELECT staff_id FROM gone)
            ORDER BY contact_id, weight DESC, rule, subject_id::text)
          SELECT h.id, h.rule, h.due_at, g.staff_id AS away, d.staff_id AS deputy FROM held h
          JOIN gone g ON g.staff_id = h.assignee_id
          JOIN LATERAL (SELECT staff_id FROM org_deputy WHERE absence_id = g.id AND role IN (h.role, '')
            ORDER BY role DESC LIMIT 1) d ON true
          WHERE (h.owner_id IS NOT NULL OR h.due_at < g.ends_at) AND NOT EXISTS (
              SELECT 1 FROM gone too WHERE too.staff_id = d.staff_id)
            AND EXISTS (SELECT 1 FROM org_staff p JOIN org_staffrole r ON r.staff_id = p.id
              WHERE p.id = d.staff_id AND p.is_active AND r.store_id = h.store_id)""",  # noqa: S608 - SQL of ours
        {"now": clock.now()},
    )


@invariant("What a deputy held for somebody is theirs again when they are back, and the deputy's when they have left.")
def what_was_lent_comes_home(cursor, stores, world) -> Found:
    return rows(
        cursor,
        f"""WITH {_GONE} SELECT t.id, t.rule, t.assignee_id, t.owner_id FROM playbook_task t
          WHERE t.state = 'open' AND t.owner_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM gone g JOIN org_staff p ON p.id = g.staff_id AND p.is_active
              JOIN org_staffrole r ON r.staff_id = p.id AND r.store_id = t.store_id
            WHERE g.staff_id = t.owner_id AND t.owner_id IS DISTINCT FROM t.assignee_id)""",  # noqa: S608 - SQL of ours
        {"now": clock.now()},
    )


@invariant("The day's plan, run again, makes nothing.")
def planning_twice_adds_nothing(cursor, stores, world) -> Found:
    if cursor.db.alias != "default":  # the planner uses its own connection
        return []
    with transaction.atomic():
        day, at = clock.today(), clock.now()
        planner.plan_day(day, store_ids=stores, at=at)
        cursor.execute("UPDATE playbook_planrun SET handbook = '' WHERE \"on\" = %s", [day])
        again = planner.plan_day(day, store_ids=stores, at=at).made
        transaction.set_rollback(True)
    return [f"{again} tasks more"] if again else []
