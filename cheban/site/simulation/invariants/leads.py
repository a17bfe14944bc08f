"""Leads: somebody always holds them, the duties are what the rows say, nothing is taken from anybody too early. R104-R109."""

from __future__ import annotations

from cheban.site.simulation.invariants.base import Found, invariant, rows


@invariant("Every open lead that was pushed has a holder who still works in its store.")
def every_lead_has_its_holder(cursor, stores, world) -> Found:
    return rows(
        cursor,
        """SELECT l.id, l.state, l.holder_id FROM sales_lead l
           WHERE l.state IN ('pushed', 'contacted', 'test_drive', 'appraised', 'quoted') AND NOT EXISTS (
             SELECT 1 FROM org_staffrole r JOIN org_staff p ON p.id = r.staff_id AND p.is_active
             WHERE r.staff_id = l.holder_id AND (r.store_id = l.store_id OR r.role = 'group_admin'))""",
    )


@invariant("A customer has at most one open lead of a kind from service.")
def one_open_lead_of_a_kind(cursor, stores, world) -> Found:
    return rows(
        cursor,
        """SELECT customer_id, kind, count(*) FROM sales_lead WHERE closed_at IS NULL AND origin = 'service'
           GROUP BY 1, 2 HAVING count(*) > 1""",
    )


@invariant("A won lead has its amount, and the two shares of its reward make a hundred.")
def won_leads_are_whole(cursor, stores, world) -> Found:
    return rows(
        cursor,
        """SELECT id, deal_fen, service_share_percent, sales_share_percent FROM sales_lead WHERE state = 'won'
           AND (deal_fen > 0 AND service_share_percent + sales_share_percent = 100) IS NOT TRUE""",
    )


@invariant("A lead is taken from its holder for silence only after 24 hours.")
def leads_go_on_only_after_their_time(cursor, stores, world) -> Found:
    return rows(
        cursor,
        """SELECT id, lead_id, began_at, ended_at FROM sales_leadturn
           WHERE ended_how = 'lapsed' AND ended_at < began_at + interval '24 hours'""",
    )


@invariant("Every turn with a lead has one duty: open while an answer is owed, done by the answer, dropped otherwise.")
def every_turn_has_its_duty(cursor, stores, world) -> Found:
    return rows(
        cursor,
        """SELECT t.id, t.ended_how, count(k.id) AS tasks, max(k.state) AS state FROM sales_leadturn t
           LEFT JOIN playbook_task k ON k.subject_id = t.id AND k.rule LIKE 'lead_answer%%'
           GROUP BY 1, 2 HAVING count(k.id) <> 1 OR max(k.state) <> CASE t.ended_how WHEN '' THEN 'open'
             WHEN 'answered' THEN 'done' ELSE 'dropped' END""",
    )


@invariant("Every proposal waits in exactly one open duty of service, and no other lead does.")
def every_proposal_is_owed(cursor, stores, world) -> Found:
    return rows(
        cursor,
        """SELECT l.id, l.state, count(k.id) AS tasks FROM sales_lead l
           LEFT JOIN playbook_task k ON k.subject_id = l.id AND k.rule = 'lead_confirm' AND k.state = 'open'
           GROUP BY 1, 2 HAVING count(k.id) <> (l.state = 'proposed')::int""",
    )
