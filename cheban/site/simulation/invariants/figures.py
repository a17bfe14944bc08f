"""Figures are what happened, and red weeks have their improvement. Worked out anew from the events. R161, R170."""

from __future__ import annotations

from cheban.scorecard.definitions import DEFINITIONS
from cheban.site.simulation.invariants.base import Found, invariant, rows

_TASKS = ", ".join(f"'{d.code}'" for d in DEFINITIONS if d.from_tasks)
_OPENING = ", ".join(f"'{d.code}'" for d in DEFINITIONS if d.opens_case and d.is_listed)
_DAY = "AT TIME ZONE 'Asia/Shanghai')::date"


@invariant("Sums of days and weeks are the sums of the counted things, for everybody and for each person.")
def figures_are_their_records(cursor, stores, world) -> Found:
    return rows(
        cursor,
        f"""WITH counted AS (
              SELECT store_id, metric, day, person_id, sum(part) AS part, sum(whole) AS whole FROM (
                SELECT store_id, metric, day, 0 AS person_id, part, whole FROM scorecard_counted WHERE day IS NOT NULL
                UNION ALL SELECT store_id, metric, day, person_id, part, whole FROM scorecard_counted
                  WHERE day IS NOT NULL AND person_id <> 0) c GROUP BY 1, 2, 3, 4),
            kept AS (SELECT store_id, metric, day, person_id, part, whole FROM scorecard_tally
              WHERE metric NOT IN ({_TASKS})),
            weekly AS (SELECT store_id, metric, date_trunc('week', day)::date AS week, sum(part) AS part,
              sum(whole) AS whole FROM scorecard_tally WHERE person_id = 0 GROUP BY 1, 2, 3)
            SELECT 'day' AS what, metric, day, k.part AS kept_part, k.whole AS kept_whole, c.part, c.whole
            FROM counted c FULL JOIN kept k USING (store_id, metric, day, person_id)
            WHERE (coalesce(k.part, 0), coalesce(k.whole, 0)) <> (coalesce(c.part, 0), coalesce(c.whole, 0))
            UNION ALL
            SELECT 'week', metric, week, w.part, w.whole, t.part, t.whole
            FROM weekly t FULL JOIN scorecard_weektally w USING (store_id, metric, week)
            WHERE (coalesce(w.part, 0), coalesce(w.whole, 0)) <> (coalesce(t.part, 0), coalesce(t.whole, 0))""",  # noqa: S608 - SQL of ours
    )


@invariant("Handover accuracy and first feedback are what the events of sales say, to the field.")
def figures_are_their_events(cursor, stores, world) -> Found:
    return rows(
        cursor,
        f"""WITH told AS (
              SELECT 'handover_accuracy' AS metric, store_id, (at {_DAY} AS day,
                sum((facts ->> 'fields_count')::int - (facts ->> 'wrong_count')::int) AS part,
                sum((facts ->> 'fields_count')::int) AS whole
              FROM core_event WHERE name = 'handover.confirmed' GROUP BY 2, 3
              UNION ALL
              SELECT 'first_feedback', d.store_id, ((d.at + interval '3 days') {_DAY},
                count(*) FILTER (WHERE f.at <= d.at + interval '3 days'), count(*)
              FROM core_event d LEFT JOIN core_event f ON f.name = 'feedback.recorded'
                AND f.facts ->> 'delivery_id' = d.facts ->> 'delivery_id'
              WHERE d.name = 'delivery.completed' GROUP BY 2, 3)
            SELECT coalesce(t.metric, k.metric) AS figure, coalesce(t.day, k.day) AS on_day, t.part, t.whole,
              k.part AS kept_part, k.whole AS kept_whole
            FROM told t FULL JOIN (SELECT * FROM scorecard_tally WHERE person_id = 0
              AND metric IN ('handover_accuracy', 'first_feedback')) k
              ON k.metric = t.metric AND k.store_id = t.store_id AND k.day = t.day
            WHERE (coalesce(t.part, 0), coalesce(t.whole, 0)) <> (coalesce(k.part, 0), coalesce(k.whole, 0))""",  # noqa: S608 - SQL of ours
    )


@invariant("Two red weeks in a row have an improvement: open then, or its answer to the first of them.")
def two_red_weeks_have_their_case(cursor, stores, world) -> Found:
    return rows(
        cursor,
        f"""SELECT b.store_id, b.metric, b.week FROM scorecard_weeklight a
            JOIN scorecard_weeklight b ON b.store_id = a.store_id AND b.metric = a.metric AND b.week = a.week + 7
            WHERE a.light = 'broken' AND b.light = 'broken' AND b.metric IN ({_OPENING}) AND NOT EXISTS (
              SELECT 1 FROM scorecard_improvementcase i WHERE i.store_id = b.store_id AND i.metric = b.metric
                AND i.week <= b.week AND (i.closed_at IS NULL OR (i.closed_at {_DAY} >= a.week))""",  # noqa: S608 - SQL of ours
    )


@invariant("No improvement without its two red weeks, and no light that its own figures contradict.")
def no_case_without_red_weeks(cursor, stores, world) -> Found:
    return rows(
        cursor,
        """SELECT i.store_id, i.metric, i.week FROM scorecard_improvementcase i
           WHERE (SELECT count(*) FROM scorecard_weeklight w WHERE w.store_id = i.store_id AND w.metric = i.metric
             AND w.week IN (i.week, i.week - 7) AND w.light = 'broken' AND w.whole > 0) <> 2""",
    )


@invariant("An improvement owes one meeting and one plan from the moment it was opened, each until it is done.")
def improvements_owe_meeting_and_plan(cursor, stores, world) -> Found:
    return rows(
        cursor,
        """WITH owed (rule, id, opened_at, hours, still) AS (
             SELECT 'improvement_meet', id, opened_at, 24, met_at IS NULL FROM scorecard_improvementcase
             UNION ALL SELECT 'improvement_plan', id, opened_at, 48, planned_at IS NULL FROM scorecard_improvementcase)
           SELECT o.rule, o.id, o.still, count(t.id) AS tasks FROM owed o
           LEFT JOIN playbook_task t ON t.rule = o.rule AND t.subject_id = o.id
             AND t.due_at = o.opened_at + o.hours * interval '1 hour'
           GROUP BY 1, 2, 3 HAVING count(t.id) <> 1 OR bool_or(t.state = 'open') <> o.still""",
    )
