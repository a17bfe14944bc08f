"""Every won lead's bonus is paid once or waits, its parts make the whole, approved statements stay as they were. R160, R183."""

from __future__ import annotations

import hashlib
import json

from cheban.site.simulation.invariants.base import MOST, Found, invariant, rows

_LINES = """SELECT s.store_id, s.person_id, s.state, s.id AS statement_id, l ->> 'lead' AS lead, l ->> 'side' AS side,
  (l ->> 'share')::int AS share, (l ->> 'fen')::bigint AS fen, (l ->> 'whole_fen')::bigint AS whole_fen
  FROM scorecard_statement s
  CROSS JOIN LATERAL jsonb_array_elements((s.content -> 'bonuses') || (s.content -> 'late')) l"""


@invariant("Each side of every lead that service found and sales won is paid exactly once, or waits in one draft.")
def every_won_lead_is_paid_once(cursor, stores, world) -> Found:
    return rows(
        cursor,
        f"""WITH won AS (
              SELECT DISTINCT ON (store_id, facts ->> 'lead_id') store_id, facts ->> 'lead_id' AS lead,
                (facts ->> 'service_staff_id')::int AS finder, coalesce((facts ->> 'owner_id')::int, actor_id) AS seller,
                coalesce((facts ->> 'service_share_percent')::int, 100) AS share, at
              FROM core_event WHERE name = 'lead.won' AND coalesce(facts ->> 'source', 'service') = 'service'
                AND facts ->> 'kind' IN ('additional_purchase', 'trade_in', 'referral')
              ORDER BY store_id, facts ->> 'lead_id', id),
            owed AS (
              SELECT store_id, lead, 'service' AS side, finder AS person_id, at FROM won WHERE share > 0
              UNION ALL SELECT store_id, lead, 'sales', seller, at FROM won WHERE share < 100),
            lines AS ({_LINES})
            SELECT o.store_id, o.lead, o.side, count(l.lead) AS lines FROM owed o
            LEFT JOIN lines l ON l.store_id = o.store_id AND l.lead = o.lead AND l.side = o.side
              AND l.person_id = o.person_id
            WHERE o.person_id IS NOT NULL AND (o.at AT TIME ZONE 'Asia/Shanghai')::date >= (
              SELECT min(month) FROM scorecard_paymonth p WHERE p.store_id = o.store_id)
            GROUP BY 1, 2, 3 HAVING count(l.lead) <> 1""",  # noqa: S608 - SQL of ours
    )


@invariant("Both parts of a bonus make the whole, to the fen.")
def parts_make_the_bonus(cursor, stores, world) -> Found:
    return rows(
        cursor,
        f"""SELECT lead, sum(fen) AS parts, max(whole_fen) AS whole FROM ({_LINES}) l GROUP BY store_id, lead
            HAVING sum(share) = 100 AND (sum(fen) <> max(whole_fen) OR min(whole_fen) <> max(whole_fen))""",  # noqa: S608 - SQL of ours
    )


@invariant("An approved statement is what was approved: its digest holds, and its totals are those of its lines.")
def approved_statements_stay(cursor, stores, world) -> Found:
    cursor.execute(
        "SELECT id, digest, total_fen, content FROM scorecard_statement WHERE state = 'approved' ORDER BY id"
    )
    found = []
    for id_, digest, total, kept in cursor.fetchall():
        content = json.loads(kept) if isinstance(kept, str) else kept
        text = json.dumps(content, ensure_ascii=False, sort_keys=True)
        lines = [*content["bonuses"], *content["late"], *content["made_up"]]
        whole = (content["pay_fen"] or 0) + sum(line["fen"] for line in lines)
        if hashlib.sha256(text.encode()).hexdigest() != digest or whole != total:
            found.append(f"statement={id_}")
    return found[:MOST]


@invariant("What was paid is what approved statements say, line by line.")
def paid_is_what_was_approved(cursor, stores, world) -> Found:
    return rows(
        cursor,
        f"""WITH said AS (SELECT statement_id, lead, side, fen FROM ({_LINES}) l WHERE state = 'approved'),
            paid AS (SELECT statement_id, lead, side, fen FROM scorecard_paidline WHERE what = 'bonus')
            (SELECT 'not paid' AS what, * FROM (SELECT * FROM said EXCEPT SELECT * FROM paid) a)
            UNION ALL (SELECT 'not approved', * FROM (SELECT * FROM paid EXCEPT SELECT * FROM said) b)""",  # noqa: S608 - SQL of ours
    )
