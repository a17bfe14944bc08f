"""Grades follow each other: numbered without a gap, by the rule only one up, by somebody else. R179, R182."""

from __future__ import annotations

from cheban.site.simulation.invariants.base import Found, invariant, rows


@invariant(
    "Steps of a career are numbered without a gap; by the rule they lead one grade up; nobody grades themselves."
)
def grades_follow_each_other(cursor, stores, world) -> Found:
    return rows(
        cursor,
        """SELECT store_id, person_id, number, grade FROM (
             SELECT s.*, coalesce(lag(grade) OVER one, 1) AS was, coalesce(lag(number) OVER one, 0) AS before
             FROM scorecard_careerstep s WINDOW one AS (PARTITION BY store_id, person_id ORDER BY number)) s
           WHERE number <> before + 1 OR (by_rule AND grade <> was + 1) OR by_id = person_id""",
    )
