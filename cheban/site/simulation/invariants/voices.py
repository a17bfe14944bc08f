"""Conversations and surveys: whoever waits has somebody who owes the answer; minutes are the calendar's; once is once."""

from __future__ import annotations

from datetime import UTC

from cheban.core.calendars import calendars_of
from cheban.core.worktime import elapsed
from cheban.site.simulation.invariants.base import Found, invariant, rows


@invariant("Whoever waits for an answer has exactly one open duty about it; whoever was answered has none.")
def who_waits_is_owed_an_answer(cursor, stores, world) -> Found:
    return rows(
        cursor,
        """SELECT q.message_id, q.answered_at IS NULL AS waits, count(t.id) AS tasks, count(t.id) FILTER (WHERE t.state = 'open')
           FROM voice_question q LEFT JOIN playbook_task t ON t.subject_id = q.message_id AND t.rule LIKE 'answer_customer%%'
           GROUP BY q.message_id, q.answered_at
           HAVING count(t.id) FILTER (WHERE t.state = 'open') <> CASE WHEN q.answered_at IS NULL THEN 1 ELSE 0 END""",
    )


@invariant("A conversation waits for at most one answer, since the moment that it says itself.")
def a_conversation_waits_once(cursor, stores, world) -> Found:
    return rows(
        cursor,
        """SELECT k.id, k.waiting_since, count(q.message_id) AS open, min(q.asked_at) FROM voice_conversation k
           LEFT JOIN voice_question q ON q.conversation_id = k.id AND q.answered_at IS NULL
           GROUP BY k.id, k.waiting_since
           HAVING count(q.message_id) > 1 OR k.waiting_since IS DISTINCT FROM min(q.asked_at)""",
    )


@invariant("The minutes of every answer, and whether it was in time, are what the store's calendar says.")
def answers_took_what_the_calendar_says(cursor, stores, world) -> Found:
    cursor.execute("SELECT id, time_zone FROM org_store WHERE id = ANY (%s)", [list(stores)])
    calendars = calendars_of(cursor.fetchall())
    cursor.execute(
        """SELECT store_id, message_id, asked_at, answered_at, minutes, kept FROM voice_question
           WHERE answered_at IS NOT NULL"""
    )
    found = []
    for store_id, question, asked_at, answered_at, minutes, kept in cursor.fetchall():
        seconds = elapsed(asked_at.astimezone(UTC), answered_at.astimezone(UTC), calendars[store_id]).total_seconds()
        if minutes != -(-seconds // 60) or kept != (seconds <= 600):
            found.append(f"question {question}: {minutes} min, kept {kept}, the calendar says {seconds} s")
    return found[:100]


@invariant("Every customer's message was told once, and every answer to one that waited.")
def questions_and_answers_are_told_once(cursor, stores, world) -> Found:
    return rows(
        cursor,
        """SELECT 'asked' AS what, m.id, count(e.id) FROM voice_said m LEFT JOIN core_event e
             ON e.name = 'conversation.asked' AND e.facts ->> 'message_id' = m.id::text
           WHERE m.author_id IS NULL GROUP BY m.id HAVING count(e.id) <> 1
           UNION ALL
           SELECT 'answered', q.message_id, count(e.id) FROM voice_question q LEFT JOIN core_event e
             ON e.name = 'conversation.answered' AND e.facts ->> 'message_id' = q.message_id::text
           GROUP BY q.message_id, q.answered_at HAVING count(e.id) <> (q.answered_at IS NOT NULL)::int""",
    )


@invariant("Nobody is asked twice within thirty days, but for who turned out to be two files of one person.")
def nobody_is_asked_too_often(cursor, stores, world) -> Found:
    return rows(
        cursor,
        """SELECT a.id, b.id, a.invited_at, b.invited_at FROM voice_survey a JOIN voice_survey b
             ON b.customer_id = a.customer_id AND b.id <> a.id AND b.invited_at >= a.invited_at
             AND b.invited_at < a.invited_at + interval '29 days'
           WHERE NOT EXISTS (SELECT 1 FROM customers_customermerge m WHERE m.survivor_id = a.customer_id)""",
    )


@invariant("An answered survey has both points, their mean, and was told as answered once; no other one was.")
def surveys_are_answered_once(cursor, stores, world) -> Found:
    return rows(
        cursor,
        """SELECT s.id, s.sales_points, s.service_points, s.joint_points, count(e.id) FROM voice_survey s
           LEFT JOIN core_event e ON e.name = 'survey.answered' AND e.facts ->> 'survey_id' = s.id::text
           GROUP BY s.id HAVING count(e.id) <> (s.answered_at IS NOT NULL)::int
             OR s.answered_at IS NOT NULL AND s.joint_points <> round((s.sales_points + s.service_points) / 2.0)""",
    )
