"""The daily run: rules -> tasks, in one SQL statement over all stores of the scope.

Set-based and idempotent: candidates come from index ranges over the rules' date facts, are joined with who
owes what by when (worked out once per store and rule from the store's calendar), those that already have a
task for this occasion are taken out by an anti-join (measured 4.8x faster than ON CONFLICT on a repeated run),
and what is left is inserted. One planner runs at a time; the unique key stands behind it. Stores where nothing
changed since their day was planned are passed over (`changes`).

People are not contacted twice: reasons of one customer that fall to the same side of the house (sales or
service) become one contact, with the person who already has an open contact with them, or who owes the
heaviest reason. Refusals of a purpose and the store's gap between contacts are obeyed and counted.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.utils.translation import gettext as _

from cheban.core import clock, facts
from cheban.core.calendars import calendars_of
from cheban.core.live import announce_all
from cheban.core.lunar import festivals, lunar_birthdays_on
from cheban.core.models import Event
from cheban.core.once import once
from cheban.core.worktime import Calendar, due
from cheban.org import presence
from cheban.org.models import StaffRole, Store
from cheban.org.roles import Role
from cheban.playbook import changes, cover, effective
from cheban.playbook.models import PlanRun
from cheban.playbook.rules import HANDBOOK, Birthday, Budget, ByHand, Festival, Happened, If, Red, Rule, Since, Upcoming

ZONE = ZoneInfo("Asia/Shanghai")
URGENT = 80
"""Rules of at least this weight do not wait for the gap between contacts."""
MANY = 1_000
"""Tasks made at once after which the database counts them anew. Else it goes on believing that there are as few as
before: after the first day of 1,000,000 vehicles the next plan took 312 s for 3."""

SIDE = {Role.SALES_CONSULTANT: "sales"}
"""Which side of the house a role belongs to; all others are service."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition of a rule: how it reads, and its SQL with named parameters."""

    says: str
    sql: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run did: tasks made, and people not contacted by reason."""

    made: int
    held_back: dict[str, int]


def months_back(day: date, months: int) -> date:
    """The day `months` months before; the last day of the month where that day does not exist."""
    total = day.year * 12 + day.month - 1 - months
    year, month = divmod(total, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def trigger(rule: Rule, day: date) -> Clause | None:
    """The rule's trigger for a day; None when it cannot fire that day (no festival)."""
    when, key = rule.when, rule.key
    if isinstance(when, Upcoming):
        column = facts.fact(when.fact).sql
        first = day - timedelta(days=when.late) if when.beyond is None else day + timedelta(days=when.beyond + 1)
        return Clause(
            when.read(),
            f"{column} BETWEEN %({key}_from)s AND %({key}_to)s",
            {f"{key}_from": first, f"{key}_to": day + timedelta(days=when.days)},
        )
    if isinstance(when, Since):
        column = facts.fact(when.fact).sql
        last = months_back(day, when.months)
        return Clause(
            when.read(),
            f"{column} BETWEEN %({key}_from)s AND %({key}_to)s",
            {f"{key}_from": last - timedelta(days=when.late), f"{key}_to": last},
        )
    if isinstance(when, Birthday):
        solar = [day.month * 100 + day.day]
        if (day.month, day.day) == (2, 28) and (day + timedelta(days=1)).day == 1:
            solar.append(229)  # born on 29 February: greeted on the 28th in common years
        lunar = [(-1 if b.leap else 1) * (b.month * 100 + b.day) for b in lunar_birthdays_on(day)]
        return Clause(
            when.read(),
            f"({facts.fact(when.solar).sql} = ANY (%({key}_solar)s) OR "
            f"{facts.fact(when.lunar).sql} = ANY (%({key}_lunar)s))",
            {f"{key}_solar": solar, f"{key}_lunar": lunar},
        )
    if isinstance(when, Festival):
        names = festival_names(rule, day)
        return Clause(when.read(), "true") if names else None
    if isinstance(when, Happened):
        return Clause(when.read(), f"EXISTS ({_told(rule, '1')})", _told_params(rule, day))
    if isinstance(when, Red):
        measure = facts.measure(when.measure)
        low = f"m.n >= {measure.least} AND m.percent < {measure.target - measure.slack}"
        weeks = [
            f"SELECT m.store_id FROM ({_of_week(measure, f'{key}_{n}')}) m WHERE {low}"  # noqa: S608 - SQL of ours
            for n in range(when.weeks)
        ]
        return Clause(when.read(), f"s.id IN ({' INTERSECT '.join(weeks)})", _week_params(rule, day))
    if isinstance(when, ByHand):
        return None
    raise TypeError(f"{rule.code}: no such trigger")


def _told(rule: Rule, what: str) -> str:
    """SELECT of `what` from the rule's event about its subject."""
    subject, key = facts.subject(rule.subject), rule.key
    known = subject.name != "store" and not subject.may_be_nobodys
    whom = f"AND e.customer_id = {subject.customer} " if known else ""
    if subject.name == "vehicle":
        whom += f"AND e.vehicle_id = {subject.vehicle} "
    elif subject.told_by not in facts.EVENT_COLUMNS:
        whom += f"AND e.facts ->> '{subject.told_by}' = {subject.id}::text "
    return (
        f"SELECT {what} FROM core_event e WHERE e.name = %({key}_event)s AND e.at >= %({key}_from)s "  # noqa: S608
        f"AND e.at < %({key}_to)s AND e.store_id = {subject.store} "
        f"{whom}AND e.facts @> %({key}_where)s::jsonb"
    )


def _told_params(rule: Rule, day: date) -> dict[str, Any]:
    return {
        f"{rule.key}_event": rule.when.event,
        f"{rule.key}_where": json.dumps(dict(rule.when.where)),
        f"{rule.key}_from": datetime.combine(day - timedelta(days=rule.when.late), time(), tzinfo=ZONE),
        f"{rule.key}_to": datetime.combine(day + timedelta(days=1), time(), tzinfo=ZONE),
    }


def _of_week(measure: facts.Measure, week: str) -> str:
    return measure.sql.replace("%(start)s", f"%({week}_start)s").replace("%(end)s", f"%({week}_end)s")


def _week_params(rule: Rule, day: date) -> dict[str, Any]:
    """The last full weeks, the newest first."""
    monday = datetime.combine(day - timedelta(days=day.weekday()), time(), tzinfo=ZONE)
    return {
        name: moment
        for n in range(rule.when.weeks)
        for name, moment in (
            (f"{rule.key}_{n}_start", monday - timedelta(weeks=n + 1)),
            (f"{rule.key}_{n}_end", monday - timedelta(weeks=n)),
        )
    }


def festival_names(rule: Rule, day: date) -> list[str]:
    """Names of the rule's festivals that fall on this day."""
    return [_(f.name) for f in festivals(day.year) if f.date == day and f.code in rule.when.codes]


def condition(rule: Rule, number: int, asked: If, day: date) -> Clause:
    """One `If` as SQL."""
    column, name = facts.fact(asked.fact).sql, f"{rule.key}_{number}"
    says = _(asked.says) if asked.says else f"{_(facts.fact(asked.fact).label)} {asked.op} {asked.value}"
    if asked.op == "is_set":
        return Clause(says, f"{column} IS NOT NULL")
    if asked.op == "is_empty":
        return Clause(says, f"{column} IS NULL")
    if asked.op == "in":
        return Clause(says, f"{column} = ANY (%({name})s)", {name: list(asked.value)})
    if asked.op == "within_days":
        return Clause(says, f"{column} >= %({name})s", {name: day - timedelta(days=asked.value)})
    if asked.op in ("=", "<>", "<", "<=", ">", ">="):
        return Clause(says, f"{column} {asked.op} %({name})s", {name: asked.value})
    raise ValueError(f"{rule.code}: no such comparison {asked.op}")


def clauses(rule: Rule, day: date) -> list[Clause] | None:
    """Everything that must hold for this rule on this day, consent and gap apart; None when it cannot fire."""
    fired = trigger(rule, day)
    if fired is None:
        return None
    subject = facts.subject(rule.subject)
    return [
        fired,
        Clause(_("在用（未报废、未卖出）"), subject.ready),
        *(condition(rule, i, asked, day) for i, asked in enumerate(rule.only_if)),
    ]


def occasion_sql(rule: Rule) -> str:
    """Which time round this is: the rule's occasion fact, the event's day, the week, or the day itself."""
    if isinstance(rule.when, (Happened, Red)):
        return due_sql(rule)
    return facts.fact(rule.occasion).sql if rule.occasion else "%(day)s::date"


def due_sql(rule: Rule) -> str:
    """The date the reason is about."""
    if isinstance(rule.when, Happened):
        newest = f"max(e.at AT TIME ZONE '{ZONE.key}')::date"
        return f"({_told(rule, newest)})"
    if isinstance(rule.when, Red):
        return "date_trunc('week', %(day)s::date)::date"
    return facts.fact(rule.when.fact).sql if isinstance(rule.when, Upcoming) else "%(day)s::date"


def _written(rule: Rule) -> str:
    """Roles under which this occasion may be written already: a store may have given the duty to another role."""
    first = rule.owes[0]
    house = HANDBOOK.rules[rule.code].owes[0].role if rule.code in HANDBOOK.rules else first.role
    return ", ".join(f"'{role}'" for role in dict.fromkeys((first.role, house, *first.may_be)))


def candidate_sql(
    rule: Rule,
    day: date,
    params: dict[str, Any],
    store_ids: list[int],
    *,
    looking_back: bool = False,
    only: str | None = None,
) -> str | None:
    """SELECT of one rule's candidates in these stores; adds its parameters.

    `looking_back` passes over tasks planned on or after %(begin)s, as if they had not been made yet. `only` is the one
    subject asked about.

    What has its task already is taken out here, before its facts are gathered: all roles of an occasion are written
    together, so the first one's task stands for all.
    """
    wanted = clauses(rule, day)
    if wanted is None:
        return None
    subject = facts.subject(rule.subject)
    for clause in wanted:
        params.update(clause.params)
    shown = [f"'{path.split('.')[1]}', {facts.fact(path).sql}" for path in rule.shows]
    if isinstance(rule.when, Festival):
        params[f"{rule.key}_festival"] = "、".join(festival_names(rule, day))
        shown.append(f"'festival', %({rule.key}_festival)s::text")
    if isinstance(rule.when, Happened):
        for name in rule.when.tells:
            newest = f"(array_agg(e.facts -> '{name}' ORDER BY e.at DESC, e.id DESC))[1]"
            shown.append(f"'{name}', ({_told(rule, newest)})")
    if isinstance(rule.when, Red):
        measure = facts.measure(rule.when.measure)
        last = f"SELECT round(m.percent, 1) FROM ({_of_week(measure, f'{rule.key}_0')}) m WHERE m.store_id = s.id"  # noqa: S608
        shown += [f"'value', ({last})", f"'target', {measure.target}"]
    # What the house owes itself about a person is no wooing: no refusal of theirs holds it back.
    params[f"{rule.key}_purposes"] = [] if rule.purpose == "internal" else [rule.purpose, "all"]
    params[f"{rule.key}_stores"] = store_ids
    back = "AND t.planned_on < %(begin)s" if looking_back else ""
    if only is not None:
        wanted.append(Clause("", f"{subject.id} = %({rule.key}_only)s::uuid", {f"{rule.key}_only": only}))
        params[f"{rule.key}_only"] = only
    return f"""SELECT '{rule.code}'::text AS rule, {rule.weight}::smallint AS weight, {str(rule.keeps_gap).lower()} AS keeps_gap,
  {subject.store} AS store_id, {subject.customer} AS customer_id, {subject.vehicle} AS vehicle_id, {subject.id} AS subject_id,
  coalesce({occasion_sql(rule)}, {due_sql(rule)}) AS occasion_on, {due_sql(rule)} AS due_on,
  jsonb_build_object({", ".join(shown)}) AS facts, {subject.value} AS value_fen, {subject.last_contact},
  {", ".join(subject.staff)}, {subject.refusals} && %({rule.key}_purposes)s::varchar[] AS refused
FROM {subject.source} WHERE {subject.store} = ANY (%({rule.key}_stores)s) AND {" AND ".join(f"({clause.sql})" for clause in wanted)}
  AND NOT EXISTS (SELECT 1 FROM playbook_task t WHERE t.subject_id = {subject.id} AND t.rule = '{rule.code}'
    AND t.occasion_on = coalesce({occasion_sql(rule)}, {due_sql(rule)}) AND t.role IN ({_written(rule)}) {back})"""  # noqa: S608 - SQL of ours; values are parameters


OWED = """
WITH candidate (rule, weight, keeps_gap, store_id, customer_id, vehicle_id, subject_id, occasion_on, due_on, facts,
    value_fen, last_contact_at, sales_consultant_id, service_specialist_id, service_advisor_id, refused) AS NOT MATERIALIZED (
  {candidates}
), owed AS MATERIALIZED (
  SELECT n.*, o.role, o.duty, o.side, o.alone, o.starts_at, o.due_at, o.escalate_at,
    coalesce((SELECT own FROM (VALUES (CASE o.role WHEN 'sales_consultant' THEN n.sales_consultant_id
                         WHEN 'service_specialist' THEN n.service_specialist_id
                         WHEN 'service_advisor' THEN n.service_advisor_id END)) AS its(own) WHERE own = ANY (o.there)),
             o.people[1 + (hashtext(coalesce(n.customer_id, n.subject_id)::text) & 2147483647) %% nullif(cardinality(o.people), 0)]) AS person_id,
    coalesce(n.keeps_gap AND n.weight < %(urgent)s AND n.last_contact_at > o.no_contact_since, false) AS too_soon
  FROM candidate n
  JOIN jsonb_to_recordset(%(owes)s::jsonb) AS o(rule text, store_id int, role text, duty text, side text, alone boolean,
      starts_at timestamptz, due_at timestamptz, escalate_at timestamptz, no_contact_since timestamptz, people int[], there int[])
    ON o.rule = n.rule AND o.store_id = n.store_id
  WHERE NOT EXISTS (SELECT 1 FROM playbook_task t WHERE t.subject_id = n.subject_id AND t.rule = n.rule
                      AND t.occasion_on = n.occasion_on AND t.role = o.role)
)"""

MAKE = """, running AS (
  SELECT DISTINCT ON (t.customer_id, side) t.customer_id,
    CASE t.role WHEN 'sales_consultant' THEN 'sales' ELSE 'service' END AS side, t.contact_id, t.assignee_id
  FROM playbook_task t WHERE t.state = 'open' AND t.customer_id IN (SELECT customer_id FROM owed WHERE NOT alone)
    AND t.rule <> ALL (%(duties)s)
  ORDER BY t.customer_id, side, t.weight DESC, t.contact_id
), made AS (
  INSERT INTO playbook_task (store_id, rule, duty, role, assignee_id, customer_id, vehicle_id, subject_id, occasion_on,
      due_on, facts, weight, value_fen, starts_at, due_at, escalate_at, planned_on, contact_id, id)
  SELECT o.store_id, o.rule, o.duty, o.role,
    coalesce(r.assignee_id, CASE WHEN o.alone THEN o.person_id ELSE first_value(o.person_id) OVER contact END), o.customer_id, o.vehicle_id, o.subject_id,
    o.occasion_on, o.due_on, o.facts, o.weight, o.value_fen, o.starts_at, o.due_at, o.escalate_at, %(day)s,
    CASE WHEN o.alone THEN md5(o.subject_id::text || o.rule || o.role || o.occasion_on::text)::uuid
      ELSE coalesce(r.contact_id, md5(coalesce(o.customer_id, o.subject_id)::text || o.side || %(day)s::text)::uuid) END,
    md5(random()::text || o.subject_id::text || o.role)::uuid
  FROM owed o LEFT JOIN running r ON r.customer_id = o.customer_id AND r.side = o.side AND NOT o.alone
  WHERE NOT o.refused AND NOT o.too_soon
  WINDOW contact AS (PARTITION BY CASE WHEN o.alone THEN o.subject_id ELSE coalesce(o.customer_id, o.subject_id) END, o.side ORDER BY o.weight DESC, o.rule, o.subject_id
    ROWS UNBOUNDED PRECEDING)
  {conflict}
  RETURNING store_id
)
SELECT store_id, count(*), 'made' FROM made GROUP BY store_id
UNION ALL
SELECT store_id, count(DISTINCT customer_id), 'refused' FROM owed WHERE refused GROUP BY store_id
UNION ALL
SELECT store_id, count(DISTINCT customer_id), 'too_soon' FROM owed WHERE too_soon AND NOT refused GROUP BY store_id
"""


def opening(at: datetime, day: date, store: Store, calendar: Calendar) -> datetime:
    """The first moment on or after `day` and `at` when the store may call: open, and outside quiet hours."""
    zone = ZoneInfo(store.time_zone)
    begin = max(at, datetime.combine(day, store.quiet_until, tzinfo=zone))
    local = begin.astimezone(zone)
    if local.time() >= store.quiet_from:
        begin = datetime.combine(local.date() + timedelta(days=1), store.quiet_until, tzinfo=zone)
    elif local.time() < store.quiet_until:
        begin = datetime.combine(local.date(), store.quiet_until, tzinfo=zone)
    return begin


def gap_begins(day: date, store: Store) -> datetime:
    """Whoever was spoken to after this moment is left in peace on `day`: the store's gap in whole days."""
    return datetime.combine(day - timedelta(days=store.contact_gap_days), time(), tzinfo=ZoneInfo(store.time_zone))


def _until(start: datetime, budget: Budget, calendar: Calendar, alike: str, memo: dict) -> datetime:
    key = (alike, start, budget)
    if key not in memo:
        memo[key] = start + budget.amount if budget.clock == "wall" else due(start, budget.amount, calendar)
    return memo[key]


@once
def _stores(store_ids: tuple[int, ...]) -> dict[int, Store]:
    return {s.id: s for s in Store.objects.filter(id__in=store_ids)}


@once
def _roles(store_ids: tuple[int, ...]) -> list[tuple[int, str, int]]:
    """Who holds which role and can still sign in: (store, role, person)."""
    held = StaffRole.objects.filter(store_id__in=store_ids, staff__is_active=True)
    return list(held.order_by("staff_id").values_list("store_id", "role", "staff_id"))


def _owes(day: date, at: datetime, store_ids: list[int], held: list[tuple[Rule, list[int]]]) -> list[dict[str, Any]]:
    """Per store, rule and role: the people, the moments. A handful of rows, worked out in Python."""
    stores = _stores(tuple(store_ids))
    calendars = calendars_of((s.id, s.time_zone) for s in stores.values())
    people: dict[tuple[int, str], list[int]] = {}
    there: dict[int, set[int]] = {store_id: set() for store_id in store_ids}  # whoever left is owed to by nobody
    for store_id, role, staff_id in _roles(tuple(store_ids)):
        people.setdefault((store_id, role), []).append(staff_id)
        there.setdefault(store_id, set()).add(staff_id)
    # Whoever is away is given nothing new that anybody of the role could do. Their own customers stay theirs: what is
    # due before they are back goes to their deputy in the same transaction (`cover`), the rest waits for them.
    away = presence.away_at(at)
    rows, memo = [], {}
    rules: dict[int, list[Rule]] = {}
    for rule, where in held:
        for store_id in where:
            rules.setdefault(store_id, []).append(rule)
    for store in stores.values():
        calendar = calendars[store.id]
        start = opening(at, day, store, calendar)
        alike = repr(calendar)  # stores with the same hours and holidays have the same deadlines
        for rule in rules.get(store.id, ()):
            # A duty runs from its cause, by night too: nobody is called. What is said to customers waits for opening.
            begins = at if rule.is_duty else start
            for owed in rule.owes:
                who = people.get((store.id, owed.role)) or people.get((store.id, Role.STORE_MANAGER), [])
                who = [person for person in who if person not in away] or who
                due_at = _until(begins, owed.within, calendar, alike, memo)
                first = _until(begins, owed.escalate[0][0], calendar, alike, memo) if owed.escalate else None
                rows.append(
                    {
                        "rule": rule.code,
                        "store_id": store.id,
                        "role": owed.role,
                        "duty": owed.duty,
                        "side": SIDE.get(owed.role, "service"),
                        "alone": rule.is_duty,
                        "people": who,
                        "there": sorted(there[store.id]),
                        "starts_at": begins.isoformat(),
                        "due_at": due_at.isoformat(),
                        "escalate_at": owed.goes_up(first, due_at).isoformat() if first else None,
                        "no_contact_since": gap_begins(day, store).isoformat(),
                    }
                )
    return rows


def _statement(
    day: date,
    held: list[tuple[Rule, list[int]]],
    owes: list[dict[str, Any]],
    *,
    conflict: str,
    only: Mapping[str, str],
) -> tuple[str, dict[str, Any]] | None:
    """Planning these rules, each with the stores that share its numbers, as one statement with its parameters.

    `only`: by the name of a rule's subject, the one that is asked about. None when none of them can fire on this day.
    """
    codes = {rule.code for rule, _where in held}
    params: dict[str, Any] = {
        "day": day,
        "urgent": URGENT,
        "owes": json.dumps([row for row in owes if row["rule"] in codes]),
        "duties": [rule.code for rule in HANDBOOK.rules.values() if rule.is_duty],
    }
    parts = [
        sql for rule, where in held if (sql := candidate_sql(rule, day, params, where, only=only.get(rule.subject)))
    ]
    if not parts:
        return None
    return OWED.format(candidates="\n  UNION ALL\n  ".join(parts)) + MAKE.format(conflict=conflict), params


def _run(
    day: date,
    at: datetime,
    store_ids: list[int],
    rules: list[Rule],
    *,
    only: Mapping[str, str] | None = None,
) -> list[tuple[int, int, str]]:
    """Plan these rules: (store, count, 'made' or why people were held back).

    Those that an event triggers go apart from the others: their plan may have been made at once meanwhile.
    """
    held = effective.variants(store_ids, rules)
    if not held:
        return []
    owes, found = _owes(day, at, store_ids, held), []
    told = [(rule, where) for rule, where in held if isinstance(rule.when, Happened)]
    others = [(rule, where) for rule, where in held if not isinstance(rule.when, Happened)]
    with connection.cursor() as cursor:
        for some, conflict in ((others, ""), (told, "ON CONFLICT DO NOTHING")):
            if asked := _statement(day, some, owes, conflict=conflict, only=only or {}):
                if not only:  # a million vehicles sort in memory; one subject needs none
                    cursor.execute("SET LOCAL work_mem = '512MB'")
                cursor.execute(*asked)
                found += cursor.fetchall()
    return found


def told_rules(event: str = "") -> list[Rule]:
    """Rules that an event triggers; all of them, or those of this event."""
    return [
        rule for rule in HANDBOOK.rules.values() if isinstance(rule.when, Happened) and event in ("", rule.when.event)
    ]


def plan_event(event: Event) -> int:
    """Plan at once what an event triggers about its own subject; returns how many tasks were made. Needs scope; safe
    to repeat. What a daily run would make too is made once.

    The clocks of duties begin with the event, however late this runs; whoever is called is called from now on.
    """
    now, store_id = clock.now(), event.store_id
    made = 0
    for duty in (True, False):
        rules, only = [], {}
        for rule in told_rules(event.name):
            about = facts.subject(rule.subject).told(event)
            if rule.is_duty is duty and about is not None:
                rules.append(rule)
                only[rule.subject] = about
        at = event.at if duty else now
        day = at.astimezone(ZONE).date()
        rows = _run(day, at, [store_id], rules, only=only)
        made += sum(count for _store, count, what in rows if what == "made")
    at = now
    if made:
        cover.cover_absences(at=at, store_ids=[store_id])
    return made


def plan_day(day: date, *, store_ids: list[int], at: datetime | None = None) -> Plan:
    """Make the tasks of a day for these stores. Needs their scope; safe to repeat and to run twice at once.

    One transaction: a crash leaves nothing behind, the next run makes it whole.
    """
    at, handbook = at or clock.now(), HANDBOOK.version()
    made: Counter[int] = Counter()
    held: dict[int, Counter[str]] = {}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('playbook.plan_day'))")
        changes.take(store_ids)
        asked = changes.not_planned(day, handbook, store_ids)
        if asked:
            for store_id, count, what in _run(day, at, asked, list(HANDBOOK.rules.values())):
                if what == "made":
                    made[store_id] += count
                else:
                    held.setdefault(store_id, Counter())[what] += count
            PlanRun.objects.bulk_create(
                (
                    PlanRun(
                        store_id=s, on=day, handbook=handbook, ran_at=at, made=made[s], held_back=dict(held.get(s, {}))
                    )
                    for s in asked
                ),
                update_conflicts=True,
                unique_fields=["store", "on"],
                update_fields=["handbook", "ran_at", "held_back"],
            )
        announce_all((topic, store_id) for store_id in made for topic in ("store", "plan"))
        if sum(made.values()) >= MANY:
            cursor.execute("SELECT look_anew_at_tasks()")
        if made:
            cover.cover_absences(at=at, store_ids=sorted(made))
        stood = PlanRun.objects.filter(on=day, store_id__in=set(store_ids) - set(asked))
        for store_id, held_back in stood.values_list("store_id", "held_back"):
            held[store_id] = Counter(held_back)
    return Plan(made=sum(made.values()), held_back=dict(sum(held.values(), Counter())))
