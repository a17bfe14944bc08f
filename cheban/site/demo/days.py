"""The last weeks at the demo's stores: each day planned, most contacts made, some left, a few too late.

A sample of contacts goes through the playbook's own commands by the person responsible, with the clock standing at
that moment; the rest is written set-based, as those commands would have told it. What is left makes today's lists.
"""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Max, Min

from cheban.core import clock, events
from cheban.core.calendars import calendars_of
from cheban.core.worktime import Calendar
from cheban.org import dispatch, scope
from cheban.org.access import Actor, actor_for
from cheban.org.models import Staff, StaffRole, Store
from cheban.org.roles import Role
from cheban.playbook import commands, ladder, planner, reassigning
from cheban.playbook.models import Task
from cheban.playbook.rules import HANDBOOK
from cheban.site.demo import loading

ZONE = ZoneInfo("Asia/Shanghai")
WORKDAYS, OF_COMMANDS, A_DAY = 18, 10, 30
"""Days that are lived, the last of them with contacts by commands, how many of those a day."""
CAPACITY = 40
"""Most contacts that one person makes in a day."""
KEPT = {Role.SERVICE_ADVISOR: 12, Role.SERVICE_SPECIALIST: 4, Role.SALES_CONSULTANT: 5}
"""How many contacts, and up to four more, a person leaves for the next day."""
KEPT_OF_BACKLOG = 20
LEAST = 5
"""How many contacts this morning's reassigning leaves everybody."""
NOTES = {
    "booked": ("客户指定周六上午", "顺便检查刹车", "需要代步车", "带孩子来，要用儿童区", ""),
    "settled": ("已发微信祝福，客户很高兴", "已讲解清楚，客户会自己办理", "客户已收到报价单", "线上已办好", ""),
    "not_now": ("最近出差，下个月再说", "车最近开得少", ""),
    "done_elsewhere": ("在单位旁边的快修店做了", "朋友店里做的，价格便宜一半", ""),
    "price": ("觉得工时费贵，等活动", "对比了外面的报价", ""),
    "far": ("搬到郊区了，太远", "最近换了工作，路线不顺", ""),
    "reached": ("说要和家人商量", "开会中，稍后决定", ""),
    "": ("",),
}
Tell = Callable[[str, int, int], None]


def live(stores: list[Store], *, today: date, seed: int, is_large: bool, tell: Tell) -> None:
    """Plan and work off the last working days, and plan today. Sets the scope itself."""
    rng = random.Random(f"{seed}/days")
    ids = [store.id for store in stores]
    calendars = calendars_of((store.id, store.time_zone) for store in stores)
    calendar = calendars[ids[0]]
    past = _workdays_before(today, 1 if is_large else WORKDAYS, calendar)
    actors = {} if is_large else _actors(ids)
    for number, day in enumerate(past):
        ahead = len(past) - number
        morning = datetime.combine(day, time(8, 35), tzinfo=ZONE)
        with scope.use(ids):
            with clock.frozen(morning):
                planner.plan_day(day, store_ids=ids, at=morning)
                _escalate(morning)
            if is_large:
                _drop_backlog(datetime.combine(day, time(17, 20), tzinfo=ZONE))
            else:
                if ahead <= OF_COMMANDS:
                    _by_commands(day, ids, actors, calendar, rng, most=A_DAY, until=time(17, 15))
                _the_rest(day, today=today, calendar=calendar)
        if is_large:
            loading.refresh_statistics()
        tell("最近几周 · the last weeks", number + 1, len(past) + 1)
    now = clock.now()
    morning = min(datetime.combine(today, time(8, 35), tzinfo=ZONE), now)
    with scope.use(ids):
        with clock.frozen(morning):
            planner.plan_day(today, store_ids=ids, at=morning)
            _escalate(morning)
            if actors:
                _hand_over(stores, actors)
        until = min(now.astimezone(ZONE).time(), time(17, 15))
        if actors and until > time(9, 30) and calendar.spans_of(today):
            _by_commands(today, ids, actors, calendar, rng, most=len(stores) * 9, until=until)
        _escalate(now)
    tell("最近几周 · the last weeks", len(past) + 1, len(past) + 1)


def _workdays_before(today: date, count: int, calendar: Calendar) -> list[date]:
    """The last open days before today, oldest first."""
    found, day = [], today
    while len(found) < count:
        day -= timedelta(days=1)
        if calendar.spans_of(day):
            found.append(day)
    return found[::-1]


def _actors(store_ids: list[int]) -> dict[int, Actor]:
    """Everybody who makes contacts, as the actor that a request of theirs would have."""
    people = Staff.objects.filter(roles__store_id__in=store_ids).distinct().order_by("id")
    return {person.id: actor_for(person) for person in people}


def _escalate(at: datetime) -> None:
    while ladder.escalate_overdue(at=at, limit=2000) == 2000:
        pass


def _by_commands(
    day: date,
    store_ids: list[int],
    actors: dict[int, Actor],
    calendar: Calendar,
    rng: random.Random,
    *,
    most: int,
    until: time,
) -> None:
    """A sample of the day's contacts, told by whoever is responsible, one after the other between 9:00 and `until`."""
    begin = datetime.combine(day, time(9), tzinfo=ZONE)
    length = int((datetime.combine(day, until, tzinfo=ZONE) - begin).total_seconds())
    contacts = list(
        Task.objects.filter(state=Task.State.OPEN, starts_at__lte=begin, assignee_id__isnull=False)
        .values("contact_id", "assignee_id", "customer_id", "role")
        .annotate(weight=Max("weight"), due=Min("due_at"), rule=Min("rule"))
        .order_by("customer_id", "role", "rule", "due")  # never by contact_id: those differ with each demo
    )
    rng.shuffle(contacts)
    contacts.sort(key=lambda c: c["due"].date() != day)  # what is due today comes first; what was put off stays so
    moments = sorted(rng.randrange(length) for _ in contacts[:most])
    for contact, seconds in zip(contacts, moments, strict=False):
        with clock.frozen(begin + timedelta(seconds=seconds)):
            _tell_one(contact["contact_id"], actors[contact["assignee_id"]], day, calendar, rng)
            if dispatch.run_pending():
                scope.set_stores(store_ids)  # a delivery narrows the scope to its own store


def _tell_one(contact_id: UUID, by: Actor, day: date, calendar: Calendar, rng: random.Random) -> None:
    """One outcome, as people report them: booked, settled, later, no answer, no."""
    rules = set(Task.objects.filter(contact_id=contact_id, state=Task.State.OPEN).values_list("rule", flat=True))
    if not rules:
        return  # a colleague's outcome closed it
    if any(HANDBOOK.rules[rule].subject == "store" for rule in rules):
        return  # the manager's own duty stays for whoever looks at the demo
    is_greeting = rules <= {"birthday", "festival_greeting"}
    chance = rng.random()
    reason, when = "", None
    if is_greeting:
        outcome = "settled" if chance < 0.85 else "no_answer"
    elif chance < 0.34:
        outcome, when = "booked", _moment_after(day, calendar, rng, least=1)
    elif chance < 0.52:
        outcome = "settled"
    elif chance < 0.66:
        outcome = "reached"
    elif chance < 0.80:
        outcome = "no_answer"
    elif chance < 0.88:
        outcome, when = "call_back", _moment_after(day, calendar, rng, least=1, most=2)
    else:
        outcome = "refused"
        reason = rng.choices(("not_now", "done_elsewhere", "price", "far", "this_purpose"), (34, 28, 18, 12, 8))[0]
    note = rng.choice(NOTES.get(reason or outcome, NOTES[""])) if not is_greeting or outcome == "settled" else ""
    if is_greeting and outcome == "settled":
        note = NOTES["settled"][0]
    elif outcome == "settled":
        note = rng.choice(NOTES["settled"][1:])
    commands.record_outcome(contact_id, by=by, outcome=outcome, when=when, reason=reason, note=note)


def _moment_after(day: date, calendar: Calendar, rng: random.Random, *, least: int, most: int = 8) -> datetime:
    """An open moment some days later."""
    later = day + timedelta(days=rng.randint(least, most))
    while not calendar.spans_of(later):
        later += timedelta(days=1)
    return datetime.combine(later, time(rng.choice((9, 10, 10, 13, 14, 15)), rng.choice((0, 30))), tzinfo=ZONE)


def _drop_backlog(at: datetime) -> None:
    """A large demo does not live its weeks: of the first day's backlog each person keeps the most urgent contacts."""
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE playbook_task t SET state = 'dropped', closed_at = %(at)s, escalate_at = NULL, note = '启用前的积压'
               FROM (SELECT contact_id, row_number() OVER (PARTITION BY assignee_id
                       ORDER BY min(due_at), max(weight) DESC, contact_id) AS n
                     FROM playbook_task WHERE state = 'open' GROUP BY contact_id, assignee_id) c
               WHERE t.contact_id = c.contact_id AND t.state = 'open' AND c.n > %(kept)s""",
            {"at": at, "kept": KEPT_OF_BACKLOG},
        )


def _the_rest(day: date, *, today: date, calendar: Calendar) -> None:
    """The other contacts of the day, set-based. Each person leaves some for tomorrow; a few are put off for days."""
    evening = datetime.combine(day, time(17, 20), tzinfo=ZONE)
    params = {
        "evening": evening,
        "day": day,
        "is_recent": (today - day).days <= 6,
        "capacity": CAPACITY,
        "when": _moment_after(max(day, today), calendar, random.Random(day.toordinal()), least=2).isoformat(),
        "kept": json.dumps(KEPT),
        "greetings": ["birthday", "festival_greeting"],
        "joined": [rule.code for rule in HANDBOOK.rules.values() if rule.joined],
        "notes": json.dumps(NOTES, ensure_ascii=False),
    }
    with connection.cursor() as cursor:
        cursor.execute(
            """CREATE TEMP TABLE IF NOT EXISTS demo_done (contact_id uuid PRIMARY KEY, outcome text, reason text,
                 note text, at timestamptz) ON COMMIT DROP"""
        )
        cursor.execute("TRUNCATE demo_done")
        cursor.execute(_CHOOSE, params)
        events.record_from(cursor, "contact.reached", _REACHED, params)
        events.record_from(cursor, "contact.missed", _MISSED, params)
        events.record_from(cursor, "contact.refused", _REFUSED, params)
        # What `remember_contact` and `obey_refusal` do, for all at once; none of these refusals is of a purpose.
        cursor.execute(
            """UPDATE customers_customer c SET last_contact_at = greatest(c.last_contact_at, s.at)
               FROM (SELECT t.customer_id, max(d.at) AS at FROM playbook_task t JOIN demo_done d USING (contact_id)
                     WHERE d.outcome <> 'unreached' GROUP BY 1) s WHERE c.id = s.customer_id"""
        )
        cursor.execute(
            """DELETE FROM core_eventdelivery o USING core_event e, demo_done d
               WHERE e.id = o.event_id AND e.name LIKE 'contact.%%' AND e.facts ->> 'contact_id' = d.contact_id::text""",
            [],
        )
        cursor.execute(_CLOSE, params)


_CHOOSE = """
WITH contact AS (
  SELECT contact_id, assignee_id, min(due_at) AS due_at, max(weight) AS weight, min(planned_on) AS planned_on,
    bool_and(rule = ANY (%(greetings)s)) AS is_greeting, bool_or(rule = ANY (%(joined)s)) AS is_joined,
    (%(kept)s::jsonb ->> min(role))::int AS kept,
    (hashtext(min(customer_id::text) || min(role) || min(rule)) & 2147483647) AS h
  FROM playbook_task WHERE state = 'open' AND starts_at < %(evening)s AND assignee_id IS NOT NULL
    AND customer_id IS NOT NULL
  GROUP BY contact_id, assignee_id
), ranked AS (
  SELECT *, (hashtext(s.login) & 1023) + extract(doy FROM %(day)s::date)::int AS whim,
    row_number() OVER (PARTITION BY assignee_id ORDER BY
      is_greeting DESC, h %% 100 < 6 AND planned_on > %(day)s::date - 11,
      is_joined AND planned_on > %(day)s::date - 5, due_at, weight DESC, h) AS n,
    count(*) OVER (PARTITION BY assignee_id) AS total,
    count(*) FILTER (WHERE is_greeting) OVER (PARTITION BY assignee_id) AS greetings
  FROM contact JOIN org_staff s ON s.id = assignee_id
), chosen AS (
  SELECT contact_id, h, is_greeting, CASE
      WHEN is_greeting THEN 'settled'
      WHEN %(is_recent)s AND h / 100 %% 100 < 38 THEN 'booked'
      WHEN h / 100 %% 100 < 62 THEN 'settled'
      WHEN h / 100 %% 100 < 84 THEN 'refused'
      ELSE 'unreached' END AS outcome
  FROM ranked WHERE n <= least(%(capacity)s, greatest(total - kept - whim %% 5,
      is_greeting::int * greetings))
), reasoned AS (
  SELECT *, CASE WHEN outcome = 'refused' THEN (ARRAY['not_now', 'done_elsewhere', 'price', 'far'])[1 + h / 7 %% 4] ELSE '' END AS reason
  FROM chosen
)
INSERT INTO demo_done SELECT contact_id, outcome, reason,
  CASE WHEN is_greeting THEN %(notes)s::jsonb -> 'settled' ->> 0
       WHEN outcome = 'settled' THEN coalesce(%(notes)s::jsonb -> 'settled' ->> (1 + h / 11 %% 4), '')
       ELSE coalesce(%(notes)s::jsonb -> (CASE WHEN reason = '' THEN outcome ELSE reason END) ->> (h / 13 %% 5), '') END,
  %(evening)s - make_interval(secs => h %% 29000)
FROM reasoned"""

_FROM = """FROM demo_done d JOIN (SELECT contact_id, store_id, customer_id, min(vehicle_id::text)::uuid AS vehicle_id,
    min(assignee_id) AS by, jsonb_agg(DISTINCT rule) AS rules, min(planned_on) AS planned_on
  FROM playbook_task WHERE state = 'open' GROUP BY 1, 2, 3) t USING (contact_id)"""

_REACHED = f"""SELECT t.store_id, d.at, t.by, t.customer_id, t.vehicle_id, jsonb_build_object('rules', t.rules,
    'note', d.note, 'undo', '[]'::jsonb, 'contact_id', d.contact_id, 'outcome', d.outcome,
    'when', CASE WHEN d.outcome = 'booked' THEN %(when)s ELSE '' END)
  {_FROM} WHERE d.outcome IN ('booked', 'settled') ORDER BY d.at"""

_MISSED = f"""SELECT t.store_id, d.at - (3 - n) * interval '50 minutes', t.by, t.customer_id, t.vehicle_id,
    jsonb_build_object('rules', t.rules, 'note', '', 'undo', '[]'::jsonb, 'contact_id', d.contact_id, 'attempts', n)
  {_FROM} CROSS JOIN generate_series(1, 3) n WHERE d.outcome = 'unreached'
    AND d.at - (3 - n) * interval '50 minutes' > (%(day)s::date + time '08:40') AT TIME ZONE 'Asia/Shanghai'
  ORDER BY 2"""

_REFUSED = f"""SELECT t.store_id, d.at, t.by, t.customer_id, t.vehicle_id, jsonb_build_object('rules', t.rules,
    'note', d.note, 'undo', '[]'::jsonb, 'contact_id', d.contact_id, 'reason', d.reason, 'purposes', '[]'::jsonb)
  {_FROM} WHERE d.outcome = 'refused' ORDER BY d.at"""

_CLOSE = """
WITH own AS (
  UPDATE playbook_task t SET state = 'done', outcome = d.outcome, closed_at = d.at, closed_by_id = t.assignee_id,
    note = d.note, escalate_at = NULL, attempts = CASE WHEN d.outcome = 'unreached' THEN 3 ELSE t.attempts END
  FROM demo_done d WHERE t.contact_id = d.contact_id AND t.state = 'open'
  RETURNING t.contact_id, t.subject_id, t.rule, t.occasion_on, t.outcome, t.closed_at, t.closed_by_id, t.note
), theirs AS (
  SELECT DISTINCT ON (subject_id, rule, occasion_on) * FROM own
  WHERE rule = ANY (%(joined)s) AND outcome <> 'unreached' ORDER BY subject_id, rule, occasion_on, closed_at
)
UPDATE playbook_task t SET state = 'done', outcome = o.outcome, closed_at = o.closed_at, closed_by_id = o.closed_by_id,
  note = o.note, escalate_at = NULL
FROM theirs o WHERE t.subject_id = o.subject_id AND t.rule = o.rule AND t.occasion_on = o.occasion_on
  AND t.contact_id <> o.contact_id AND t.state = 'open' AND t.contact_id NOT IN (SELECT contact_id FROM demo_done)"""


def _hand_over(stores: list[Store], actors: dict[int, Actor]) -> None:
    """This morning's reassigning: the manager takes late and valuable contacts, the caller gets unanswered ones, and
    whoever sells wins back those who stay away."""
    who: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    held = StaffRole.objects.filter(store__in=stores).order_by("staff_id")
    for store_id, role, staff_id in held.values_list("store_id", "role", "staff_id"):
        who[store_id][role].append(staff_id)
    for store in stores:
        people = who[store.id]
        [manager, *_others] = people[Role.STORE_MANAGER]
        contacts = (
            Task.objects.filter(store_id=store.id, state=Task.State.OPEN)
            .filter(role__in=[Role.SERVICE_ADVISOR, Role.SERVICE_SPECIALIST])
            .values("contact_id", "customer_id", "assignee_id")
            .annotate(tried=Max("attempts"), value=Max("value_fen"), weight=Max("weight"), step=Max("escalation"))
            .annotate(rule=Max("rule"), role=Max("role"))
        )
        left = sorted(contacts, key=lambda c: (str(c["customer_id"]), c["role"], c["rule"]))
        has = Counter(c["assignee_id"] for c in left)
        sellers = people[Role.SALES_CONSULTANT]
        mine = _take(left, has, 4, lambda c: (-c["step"], -c["value"])) + _take(left, has, 5, lambda c: -c["value"])
        lost = _take(left, has, 7 * len(sellers), lambda c: -c["value"], lambda c: c["rule"].startswith("no_visit"))
        tried = _take(
            left, has, 11, lambda c: (-c["tried"], c["weight"]), lambda c: c["role"] == Role.SERVICE_SPECIALIST
        )
        shares = [(mine, manager), (tried, people[Role.CALLER][0])]
        shares += [(lost[number :: len(sellers)], seller) for number, seller in enumerate(sellers)]
        for some, to in shares:
            if some:
                reassigning.reassign(some, by=actors[manager], to=[to])


def _take(left: list[dict], has: Counter[int], most: int, by, fits=lambda c: True) -> list[UUID]:
    """Up to `most` contacts in the order of `by`, from whoever still has enough to do; they leave `left`."""
    taken: list[UUID] = []
    for contact in sorted(filter(fits, left), key=by):
        if len(taken) < most and has[contact["assignee_id"]] > LEAST:
            has[contact["assignee_id"]] -= 1
            left.remove(contact)
            taken.append(contact["contact_id"])
    return taken
