# ruff: noqa: S608 - SQL of ours, put together from constants
"""Each invariant can fail: data are broken one way at a time, and the failure that comes has the right name."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.db import connection, connections, transaction

from cheban.core import clock
from cheban.org import scope
from cheban.site import simulation
from cheban.site.simulation import invariants
from cheban.site.simulation.world import ZONE

END = datetime(2026, 11, 23, 14, 30, tzinfo=ZONE)
OPEN = "(SELECT id FROM playbook_task WHERE state = 'open' AND customer_id IS NOT NULL ORDER BY due_at, id LIMIT 1)"
DONE = "(SELECT id FROM playbook_task WHERE state = 'done' AND customer_id IS NOT NULL ORDER BY due_at, id LIMIT 1)"
COPY = """INSERT INTO playbook_task SELECT (jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid(),
  'occasion_on', t.occasion_on + {}))).* FROM playbook_task t WHERE rule = 'inspection_due' ORDER BY id LIMIT 1"""
EVENT = """INSERT INTO core_event (store_id, name, at, actor_id, customer_id, vehicle_id, facts)
  SELECT {} FROM core_event e WHERE e.name = 'contact.reached' AND e.facts ->> 'outcome' IN ('booked', 'settled')
    AND e.customer_id IS NOT NULL ORDER BY e.id LIMIT 1"""
A_COLLEAGUE = f"""SELECT r.staff_id FROM org_staffrole r JOIN org_staff p ON p.id = r.staff_id AND p.is_active
  JOIN playbook_task t ON t.store_id = r.store_id AND t.assignee_id <> r.staff_id AND t.id = {OPEN}
  WHERE r.staff_id NOT IN (SELECT staff_id FROM org_absence) ORDER BY 1 LIMIT 1"""
A_VISIT = "(SELECT vehicle_id FROM workshop_repairorder WHERE vehicle_id IS NOT NULL ORDER BY order_no LIMIT 1)"

BREAKS = {
    "one_task_per_occasion": ("ALTER TABLE playbook_task DROP CONSTRAINT one_task_per_occasion", COPY.format(0)),
    "no_reminder_comes_back": (COPY.format(3),),
    "no_contact_in_quiet_hours": (f"UPDATE playbook_task SET starts_at = '2026-11-20 23:30+08' WHERE id = {OPEN}",),
    "no_contact_against_a_refusal": (
        "UPDATE customers_customer SET refused_purposes = '{all}' "
        f"WHERE id = (SELECT customer_id FROM playbook_task WHERE id = {OPEN})",
    ),
    "the_gap_between_contacts_is_kept": (
        """INSERT INTO core_event (store_id, name, at, customer_id, facts)
           SELECT store_id, 'contact.reached', planned_on - interval '30 hours', customer_id, '{}' FROM playbook_task
           WHERE rule = 'inspection_due' ORDER BY id LIMIT 1""",
    ),
    "every_closed_task_has_its_outcome": (
        f"UPDATE playbook_task SET closed_at = closed_at + interval '1 second' WHERE id = {DONE}",
    ),
    "unanswered_calls_are_counted": (f"UPDATE playbook_task SET attempts = 3 WHERE id = {OPEN}",),
    "what_was_taken_back_is_open_again": (
        EVENT.format(
            """e.store_id, 'contact.taken_back', e.at + interval '2 minutes', e.actor_id, e.customer_id,
               e.vehicle_id, jsonb_build_object('rules', e.facts -> 'rules')"""
        ),
    ),
    "open_tasks_can_still_escalate": (
        "UPDATE playbook_task SET escalation = 0, escalate_at = NULL WHERE state = 'open' AND escalate_at IS NOT NULL",
    ),
    "escalation_waits_for_its_time": (
        f"UPDATE playbook_task SET escalate_at = due_at - interval '1 hour' WHERE id = {OPEN}",
    ),
    "grades_follow_each_other": (
        "INSERT INTO scorecard_careerstep (store_id, person_id, number, grade, since, by_rule, reason, at) "
        "SELECT id, -1, 2, 3, '2026-11-01', true, '', now() FROM org_store LIMIT 1",
    ),
    "no_task_about_anothers_car": (
        "UPDATE customers_vehicle SET is_active = false WHERE id IN (SELECT vehicle_id FROM playbook_task "
        "WHERE state = 'open')",
    ),
    "work_lies_with_people_who_are_there": (
        f"UPDATE org_staff SET is_active = false WHERE id = (SELECT assignee_id FROM playbook_task WHERE id = {OPEN})",
    ),
    "work_of_the_absent_is_with_their_deputy": (
        f"""INSERT INTO org_absence (staff_id, kind, starts_at, ends_at, entered_at)
            SELECT assignee_id, 'leave', '2026-11-23 00:00+08', due_at + interval '1 day', '2026-11-20'
            FROM playbook_task WHERE id = {OPEN}""",
        f"""INSERT INTO org_deputy (absence_id, role, staff_id) SELECT max(a.id), '', ({A_COLLEAGUE})
            FROM org_absence a""",
    ),
    "what_was_lent_comes_home": (f"UPDATE playbook_task SET owner_id = ({A_COLLEAGUE}) WHERE id = {OPEN}",),
    "every_event_has_its_customer": (
        "INSERT INTO core_event (store_id, name, at, customer_id) "
        "SELECT id, 'customer.note_added', '2026-11-23 14:29+08', gen_random_uuid() FROM org_store LIMIT 1",
    ),
    "deliveries_are_drained": (
        "INSERT INTO core_eventdelivery (event_id, store_id, reaction, not_before_at) "
        "SELECT id, store_id, 'x', '2026-11-01' FROM core_event LIMIT 1",
    ),
    "no_event_comes_from_the_future": (
        "INSERT INTO core_event (store_id, name, at) SELECT id, 'weather.warned', '2026-12-24' FROM org_store LIMIT 1",
    ),
    "odometers_never_fall_unmarked": (
        f"""INSERT INTO customers_odometerreading (id, store_id, vehicle_id, read_on, km, source, is_doubtful)
            SELECT gen_random_uuid(), store_id, id, '2026-11-22', 1, 'staff', false FROM customers_vehicle
            WHERE id = {A_VISIT}""",
    ),
    "customers_sums_are_their_orders": ("UPDATE customers_customer SET spent_fen = spent_fen + 1 WHERE visits > 0",),
    "orders_are_the_sums_of_their_lines": ("UPDATE workshop_repairorderline SET total_fen = total_fen + 1",),
    "vehicles_services_are_their_orders": (
        f"UPDATE customers_vehicle SET services_done = services_done + 1 WHERE id = {A_VISIT}",
    ),
    "one_primary_phone": (
        "UPDATE customers_contactpoint SET is_primary = false WHERE id = (SELECT id FROM customers_contactpoint "
        "WHERE is_primary LIMIT 1)",
    ),
    "sealed_values_open": (
        """UPDATE customers_contactpoint p SET value_sealed = (SELECT value_sealed FROM customers_contactpoint o
             WHERE o.id <> p.id LIMIT 1) WHERE id = (SELECT min(id::text)::uuid FROM customers_contactpoint)""",
    ),
    "one_owner_at_a_time": (
        """UPDATE customers_vehicle v SET owner_id = (SELECT id FROM customers_customer c WHERE c.id <> v.owner_id
             AND c.store_id = v.store_id LIMIT 1) WHERE id = (SELECT min(id::text)::uuid FROM customers_vehicle)""",
    ),
    "refusals_are_the_newest_answers": (
        "UPDATE customers_customer SET refused_purposes = '{care}' WHERE id = (SELECT id FROM customers_customer "
        "WHERE refused_purposes = '{}' LIMIT 1)",
    ),
    "every_duty_has_its_task": (
        "DELETE FROM playbook_task WHERE id = (SELECT id FROM playbook_task WHERE rule = 'handover_due' LIMIT 1)",
    ),
    "duties_run_from_their_cause": (
        "UPDATE playbook_task SET due_at = due_at + interval '1 minute' WHERE rule = 'first_feedback'",
    ),
    "sheets_are_signed_by_two": ("UPDATE sales_handoversheet SET state = 'sent' WHERE state = 'confirmed'",),
    "promises_are_owed_while_open": (
        """UPDATE playbook_task SET state = 'open', closed_at = NULL, due_at = '2026-11-23'
           WHERE id = (SELECT t.id FROM playbook_task t JOIN sales_salespromise p ON p.id = t.subject_id
             WHERE p.state <> 'open' AND t.state = 'done' LIMIT 1)""",
    ),
    "files_belong_and_open": (
        """INSERT INTO core_storedfile (id, store_id, kind, bytes, digest, kept_at)
           SELECT gen_random_uuid(), min(id), 'pdf', 1, '\\x00', '2026-11-20' FROM org_store""",
    ),
    "who_waits_is_owed_an_answer": (
        "UPDATE playbook_task SET state = 'open', closed_at = NULL WHERE id = (SELECT id FROM playbook_task "
        "WHERE rule LIKE 'answer_customer%' AND state = 'done' LIMIT 1)",
    ),
    "a_conversation_waits_once": (
        "UPDATE voice_conversation SET waiting_since = opened_at WHERE id = (SELECT id FROM voice_conversation "
        "WHERE waiting_since IS NULL LIMIT 1)",
    ),
    "answers_took_what_the_calendar_says": (
        "UPDATE voice_question SET minutes = minutes + 1 WHERE answered_at IS NOT NULL",
    ),
    "questions_and_answers_are_told_once": (
        "DELETE FROM core_event WHERE id = (SELECT id FROM core_event WHERE name = 'conversation.asked' LIMIT 1)",
    ),
    "nobody_is_asked_too_often": (
        """INSERT INTO voice_survey (id, store_id, kind, cause, customer_id, happened_at, invited_at, expires_at,
             link_digest, said) SELECT gen_random_uuid(), store_id, kind, 'x' || id, customer_id, happened_at,
             invited_at + interval '3 days', expires_at + interval '3 days', sha256(id::text::bytea), ''
             FROM voice_survey""",
    ),
    "surveys_are_answered_once": ("DELETE FROM core_event WHERE name = 'survey.answered'",),
    "every_lead_has_its_holder": (
        "UPDATE sales_lead SET holder_id = 1000000 WHERE state IN ('pushed', 'contacted', 'test_drive', 'quoted')",
    ),
    "one_open_lead_of_a_kind": (
        """UPDATE sales_lead SET customer_id = (SELECT customer_id FROM sales_lead WHERE closed_at IS NULL AND
             origin = 'service' ORDER BY id LIMIT 1), kind = 'trade_in' WHERE closed_at IS NULL""",
    ),
    "won_leads_are_whole": (
        "ALTER TABLE sales_lead DROP CONSTRAINT a_won_lead_has_amount_and_a_whole_split",
        "UPDATE sales_lead SET sales_share_percent = 99 WHERE state = 'won'",
    ),
    "leads_go_on_only_after_their_time": (
        "UPDATE sales_leadturn SET began_at = ended_at - interval '23 hours' WHERE ended_how = 'lapsed'",
    ),
    "every_turn_has_its_duty": (
        "DELETE FROM playbook_task WHERE rule LIKE 'lead_answer%' AND subject_id = (SELECT min(id::text)::uuid FROM "
        "sales_leadturn)",
    ),
    "every_proposal_is_owed": (
        """UPDATE playbook_task SET state = 'open', closed_at = NULL WHERE id = (
             SELECT id FROM playbook_task WHERE rule = 'lead_confirm' AND state = 'done' ORDER BY id LIMIT 1)""",
    ),
    "every_alert_was_told_and_is_owed": ("DELETE FROM messaging_message WHERE kind = 'alert.raised'",),
    "alerts_are_owed_until_taken": (
        """UPDATE playbook_task SET state = 'open', closed_at = NULL WHERE rule = 'red_alert' AND state = 'done'""",
    ),
    "alarming_words_belong_to_an_alert": ("UPDATE voice_passage SET alert_id = NULL WHERE alert_id IS NOT NULL",),
    "closed_complaints_went_the_whole_way": (
        """DELETE FROM voice_finding WHERE id = (SELECT f.id FROM voice_finding f JOIN voice_complaint k
             ON k.id = f.complaint_id WHERE k.state = 'closed' LIMIT 1)""",
    ),
    "no_solution_without_findings": (
        """UPDATE voice_finding SET recorded_at = recorded_at + interval '60 days' WHERE complaint_id IN
             (SELECT complaint_id FROM voice_solution WHERE proposed_at IS NOT NULL)""",
    ),
    "compensation_is_within_the_approvers_role": (
        "ALTER TABLE voice_solution DROP CONSTRAINT compensation_within_the_approvers_limit",
        "UPDATE voice_solution SET compensation_fen = 900000 WHERE agreed_at IS NOT NULL",
    ),
    "every_step_of_a_complaint_is_owed_once": (
        "DELETE FROM playbook_task WHERE id = (SELECT id FROM playbook_task WHERE rule = 'finding_quality' LIMIT 1)",
    ),
    "figures_are_their_records": (
        "UPDATE scorecard_weektally SET part = part + 1 WHERE id = (SELECT min(id) FROM scorecard_weektally)",
    ),
    "figures_are_their_events": (
        "UPDATE scorecard_tally SET part = part + 1 WHERE id = (SELECT min(id) FROM scorecard_tally "
        "WHERE metric = 'first_feedback' AND person_id = 0)",
    ),
    "two_red_weeks_have_their_case": (
        """INSERT INTO scorecard_weeklight (store_id, metric, week, part, whole, target, light, judged_at)
           SELECT id, 'complaint_24h', w, 0, 9, 95, 'broken', now() FROM org_store,
             unnest(ARRAY['2026-11-09', '2026-11-16']::date[]) w
           ON CONFLICT (store_id, metric, week) DO UPDATE SET light = 'broken'""",
    ),
    "no_case_without_red_weeks": (
        """INSERT INTO scorecard_improvementcase (id, store_id, metric, week, state, value_before, target, opened_at,
             attended, cause, plan, found) SELECT gen_random_uuid(), id, 'complaint_24h', '2026-11-16', 'opened', 1, 95,
             now(), '', '', '', '' FROM org_store LIMIT 1""",
    ),
    "improvements_owe_meeting_and_plan": (
        """INSERT INTO scorecard_improvementcase (id, store_id, metric, week, state, value_before, target, opened_at,
             attended, cause, plan, found) SELECT gen_random_uuid(), id, 'alert_15min', '2026-11-16', 'opened', 1, 95,
             now(), '', '', '', '' FROM org_store LIMIT 1""",
    ),
    "every_won_lead_is_paid_once": (
        """INSERT INTO core_event (store_id, name, at, actor_id, facts) SELECT s.id, 'lead.won', now(), min(r.staff_id),
             '{"lead_id": "x", "kind": "trade_in", "service_share_percent": 0}'
           FROM org_store s JOIN org_staffrole r ON r.store_id = s.id GROUP BY 1""",
    ),
    "parts_make_the_bonus": (
        """UPDATE scorecard_statement SET content = jsonb_set(content, '{bonuses}',
             '[{"lead": "x", "side": "service", "share": 60, "fen": 1, "whole_fen": 30000},
               {"lead": "x", "side": "sales", "share": 40, "fen": 1, "whole_fen": 30000}]')
           WHERE id = (SELECT id FROM scorecard_statement WHERE state = 'draft' ORDER BY id LIMIT 1)""",
    ),
    "approved_statements_stay": (
        "ALTER TABLE scorecard_statement DISABLE TRIGGER approved_statements_stay",
        "UPDATE scorecard_statement SET content = jsonb_set(content, '{base_fen}', '1') WHERE state = 'approved'",
    ),
    "paid_is_what_was_approved": (
        """INSERT INTO scorecard_paidline (store_id, statement_id, person_id, what, of_month, lead, side, fen, at)
           SELECT store_id, id, person_id, 'bonus', month, 'x', 'service', 1, now() FROM scorecard_statement
           WHERE state = 'approved' LIMIT 1""",
    ),
    "stores_see_only_their_own": (
        "UPDATE playbook_task t SET store_id = (SELECT id FROM org_store s WHERE s.id <> t.store_id LIMIT 1) "
        f"WHERE id = {OPEN}",
    ),
}
"""Invariant -> what the owner of the tables does to break it; rolled back each time."""
BY_THE_HOUSE = {"planning_twice_adds_nothing", "care_dates_are_fresh", "every_reveal_is_audited"}
"""Those that ask the house's own functions; broken below, on its own connection."""


def test_each_invariant_can_fail(committed):
    told = simulation.simulate(seed=2, days=45, customers=80, stores=2, until=END)
    world = told.world

    assert set(BREAKS) | BY_THE_HOUSE == set(invariants.INVARIANTS)
    unseen = []
    with clock.frozen(END):
        for name, statements in BREAKS.items():
            with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
                    if not statement.startswith("ALTER") and not cursor.rowcount:
                        unseen.append(f"{name}: nothing was broken")
                if not invariants.INVARIANTS[name].check(cursor, world.stores, world):
                    unseen.append(name)
                transaction.set_rollback(True, using="owner")
        assert _house_sees(
            world, "care_dates_are_fresh", "UPDATE customers_vehicle SET inspection_due_on = '2020-01-31'"
        )
        world.count["reveals"] += 1_000
        assert _house_sees(world, "every_reveal_is_audited", "SELECT 1")
        world.count["reveals"] -= 1_000
        with pytest.raises(simulation.InvariantBroken, match="seed 2, 2026-11-23: customers_sums_are_their_orders"):
            with scope.use(world.stores), connection.cursor() as cursor:
                cursor.execute("UPDATE customers_customer SET visits = visits + 1")
            simulation.check_all(world)


def test_a_plan_that_makes_the_same_twice_is_seen(committed):
    world = simulation.simulate(seed=2, days=10, customers=60, until=END).world
    with connections["owner"].cursor() as owner:
        owner.execute(
            """CREATE FUNCTION forget_occasion() RETURNS trigger LANGUAGE plpgsql AS $$
               BEGIN NEW.occasion_on := NEW.occasion_on - (random() * 9000)::int; RETURN NEW; END $$"""
        )
        owner.execute(
            "CREATE TRIGGER forget_occasion BEFORE INSERT ON playbook_task FOR EACH ROW EXECUTE FUNCTION forget_occasion()"
        )
        try:
            owner.execute("DELETE FROM playbook_task")
            with clock.frozen(END):
                assert _house_sees(world, "planning_twice_adds_nothing", "SELECT 1")
        finally:
            owner.execute("DROP TRIGGER forget_occasion ON playbook_task")
            owner.execute("DROP FUNCTION forget_occasion")


def _house_sees(world, name: str, statement: str) -> list[str]:
    with transaction.atomic(), connection.cursor() as cursor:
        scope.set_stores(world.stores)
        cursor.execute(statement)
        found = invariants.INVARIANTS[name].check(cursor, world.stores, world)
        transaction.set_rollback(True)
    return found
