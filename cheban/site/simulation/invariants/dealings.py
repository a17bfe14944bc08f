"""Deliveries, sheets, promises: what is owed is what the rows say, once, by the right moment. R028-R039."""

from __future__ import annotations

from cheban.core import files, privacy
from cheban.core.errors import NotFound
from cheban.core.models import StoredFile
from cheban.site.simulation.invariants.base import MOST, Found, invariant, rows

_OWED = """WITH owed (rule, id, still) AS (
  SELECT 'handover_due', d.id, h.state = 'draft' FROM sales_vehicledelivery d
    JOIN sales_handoversheet h ON h.delivery_id = d.id WHERE d.state = 'completed'
  UNION ALL SELECT 'handover_confirm', r.id, r.answered_at IS NULL FROM sales_handoverrevision r
  UNION ALL SELECT 'handover_correct', r.id, NOT EXISTS (SELECT 1 FROM sales_handoverrevision n
      WHERE n.sheet_id = r.sheet_id AND n.number > r.number)
    FROM sales_handoverrevision r WHERE r.wrong <> '{}'
  UNION ALL SELECT 'first_feedback', d.id, f.id IS NULL FROM sales_vehicledelivery d
    LEFT JOIN sales_firstfeedback f ON f.delivery_id = d.id WHERE d.state = 'completed'
  UNION ALL SELECT 'greet_on_arrival', a.id, a.greeted_at IS NULL FROM workshop_arrival a
  UNION ALL SELECT 'feedback_read', f.id, f.read_at IS NULL FROM sales_firstfeedback f
)"""


@invariant("Whatever the two departments owe each other has exactly one task, open as long as it is owed.")
def every_duty_has_its_task(cursor, stores, world) -> Found:
    return rows(
        cursor,
        f"""{_OWED} SELECT o.rule, o.id, o.still, count(t.id) AS tasks, bool_or(t.state = 'open') AS open
            FROM owed o LEFT JOIN playbook_task t ON t.rule = o.rule AND t.subject_id = o.id
            GROUP BY 1, 2, 3 HAVING count(t.id) <> 1 OR bool_or(t.state = 'open') <> o.still""",  # noqa: S608 - SQL of ours
    )


@invariant("The 24 hours of a sheet and the 3 days of the first feedback run from the delivery's own moment.")
def duties_run_from_their_cause(cursor, stores, world) -> Found:
    return rows(
        cursor,
        """SELECT t.rule, d.id, d.completed_at, t.due_at FROM playbook_task t
           JOIN sales_vehicledelivery d ON d.id = t.subject_id
           WHERE t.rule IN ('handover_due', 'first_feedback') AND t.due_at <> d.completed_at
             + CASE t.rule WHEN 'handover_due' THEN interval '24 hours' ELSE interval '3 days' END""",
    )


@invariant("A confirmed sheet carries two names, and its last revision is the one that was found right.")
def sheets_are_signed_by_two(cursor, stores, world) -> Found:
    return rows(
        cursor,
        """SELECT h.id, h.state, r.number, r.sent_by_id, r.answered_by_id FROM sales_handoversheet h
           LEFT JOIN LATERAL (SELECT * FROM sales_handoverrevision x WHERE x.sheet_id = h.id
             ORDER BY number DESC LIMIT 1) r ON true
           WHERE (h.state = 'confirmed') <> coalesce(r.answered_at IS NOT NULL AND r.wrong = '{}', false)
              OR r.sent_by_id = r.answered_by_id""",
    )


@invariant("No promise that has its outcome is still owed, and each open one near its day is.")
def promises_are_owed_while_open(cursor, stores, world) -> Found:
    return rows(
        cursor,
        """SELECT p.id, p.state, p.due_on, t.state AS task FROM sales_salespromise p
           LEFT JOIN playbook_task t ON t.subject_id = p.id AND t.rule LIKE 'promise_due%%' AND t.state = 'open'
           WHERE p.state <> 'open' AND t.id IS NOT NULL""",
    )


@invariant("Every file that is kept belongs to one proof of its own store, lies on the disk and opens.")
def files_belong_and_open(cursor, stores, world) -> Found:
    found = rows(
        cursor,
        """SELECT f.id, f.store_id, count(p.id) AS proofs FROM core_storedfile f
           LEFT JOIN sales_promiseproof p ON p.file_id = f.id AND p.store_id = f.store_id
           GROUP BY f.id HAVING count(p.id) <> 1""",
    )
    for kept in StoredFile.objects.order_by("-kept_at")[:MOST]:
        try:
            files.content_of(kept)
        except (NotFound, privacy.SealBroken) as error:
            found.append(f"file {kept.id}: {error}")
    return found
