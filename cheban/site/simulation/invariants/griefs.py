"""Alerts and complaints: heard words are acted on, no step is skipped, money stays within limits. R113-R128."""

from __future__ import annotations

from cheban.site.simulation.invariants.base import Found, invariant, rows


@invariant("Every red alert was told to people and to the store's group, and has its one duty.")
def every_alert_was_told_and_is_owed(cursor, stores, world) -> Found:
    return rows(
        cursor,
        """SELECT a.id, i.n AS notices, m.n AS messages, t.n AS duties FROM voice_alert a
           CROSS JOIN LATERAL (SELECT count(*) n FROM messaging_inboxitem WHERE dedupe_key = 'alert:' || a.id) i
           CROSS JOIN LATERAL (SELECT count(*) n FROM messaging_message WHERE dedupe_key = 'alert:' || a.id) m
           CROSS JOIN LATERAL (SELECT count(*) n FROM playbook_task WHERE rule = 'red_alert' AND subject_id = a.id) t
           WHERE i.n = 0 OR m.n <> 1 OR t.n <> 1""",
    )


@invariant("A red alert's duty is open exactly while nobody took it.")
def alerts_are_owed_until_taken(cursor, stores, world) -> Found:
    return rows(
        cursor,
        """SELECT a.id, a.acknowledged_at, t.state FROM voice_alert a
           JOIN playbook_task t ON t.rule = 'red_alert' AND t.subject_id = a.id
           WHERE (t.state = 'open') <> (a.acknowledged_at IS NULL AND a.ended_at IS NULL)""",
    )


@invariant("Whatever alarming was heard belongs to an alert, unless it was said long before.")
def alarming_words_belong_to_an_alert(cursor, stores, world) -> Found:
    return rows(
        cursor,
        """SELECT id, source, kinds FROM voice_passage
           WHERE cardinality(kinds) > 0 AND alert_id IS NULL AND NOT is_history""",
    )


@invariant("A closed complaint has three findings, a solution that was agreed and carried out, and the customer's yes.")
def closed_complaints_went_the_whole_way(cursor, stores, world) -> Found:
    return rows(
        cursor,
        """SELECT k.id, f.n AS findings, s.n AS solutions FROM voice_complaint k
           CROSS JOIN LATERAL (SELECT count(*) n FROM voice_finding
             WHERE complaint_id = k.id AND recorded_at <= k.closed_at) f
           CROSS JOIN LATERAL (SELECT count(*) n FROM voice_solution WHERE complaint_id = k.id
             AND agreed_at <= carried_out_at AND carried_out_at <= confirmed_at) s
           WHERE k.state = 'closed' AND (f.n <> 3 OR s.n <> 1)""",
    )


@invariant("No solution was proposed before all three sides had looked.")
def no_solution_without_findings(cursor, stores, world) -> Found:
    return rows(
        cursor,
        """SELECT s.id, s.proposed_at FROM voice_solution s WHERE s.proposed_at IS NOT NULL AND 3 <>
             (SELECT count(*) FROM voice_finding f WHERE f.complaint_id = s.complaint_id
               AND f.recorded_at <= s.proposed_at)""",
    )


@invariant("Whoever agreed a compensation held a role that may grant so much.")
def compensation_is_within_the_approvers_role(cursor, stores, world) -> Found:
    return rows(
        cursor,
        """SELECT s.id, s.compensation_fen, s.approved_by_id, m.most FROM voice_solution s
           CROSS JOIN LATERAL (SELECT coalesce(max(CASE r.role WHEN 'group_admin' THEN 100000000
               WHEN 'operations' THEN 5000000 WHEN 'store_manager' THEN 500000 ELSE 50000 END), 0) AS most
             FROM org_staffrole r WHERE r.staff_id = s.approved_by_id) m
           WHERE s.agreed_at IS NOT NULL AND s.compensation_fen > m.most""",
    )


@invariant("Each step that a complaint owes has exactly one duty, open as long as the step is.")
def every_step_of_a_complaint_is_owed_once(cursor, stores, world) -> Found:
    return rows(
        cursor,
        """WITH owed (rule, id, still) AS (
             SELECT 'complaint_answer', k.id, k.state IN ('claimed', 'filed') FROM voice_complaint k
             UNION ALL SELECT 'finding_' || f.side, f.id, f.recorded_at IS NULL FROM voice_finding f
             UNION ALL SELECT 'joint_solution', s.id, s.agreed_at IS NULL FROM voice_solution s
             UNION ALL SELECT 'carry_out_solution', s.id, s.carried_out_at IS NULL FROM voice_solution s
               WHERE s.agreed_at IS NOT NULL
             UNION ALL SELECT 'confirm_solution', s.id, s.confirmed_at IS NULL AND s.objected_at IS NULL
               FROM voice_solution s WHERE s.carried_out_at IS NOT NULL)
           SELECT o.rule, o.id, o.still, count(t.id) AS tasks FROM owed o
           LEFT JOIN playbook_task t ON t.rule = o.rule AND t.subject_id = o.id
           GROUP BY 1, 2, 3 HAVING count(t.id) <> 1 OR bool_or(t.state = 'open') <> o.still""",
    )
