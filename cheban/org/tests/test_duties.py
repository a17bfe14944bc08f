"""Duties of the customer-management team are permissions of its roles: a table that one can read. R177."""

from __future__ import annotations

import pytest

from cheban.org.roles import GRANTS, PERMISSIONS, Role

DUTIES = {
    "complaints": {"complaint.file", "complaint.see", "finding.service", "solution.propose"},
    "follow-up": {"task.see_own", "task.finish", "feedback.record"},
    "files": {"customer.edit", "customer.merge", "note.add"},
    "a customer's own plan": {"task.create", "delivery.service_side", "lead.push"},
}
"""Duty -> what it takes."""


@pytest.mark.req("R177")
@pytest.mark.parametrize("duty", DUTIES)
def test_a_service_specialist_may_do_all_of_each_of_the_four_duties(duty):
    assert DUTIES[duty] <= PERMISSIONS.keys()
    assert DUTIES[duty] <= GRANTS[Role.SERVICE_SPECIALIST]


@pytest.mark.req("R177")
@pytest.mark.parametrize("role", [Role.PARTS, Role.CASHIER, Role.AUDITOR])
def test_who_has_no_part_in_them_may_none_of_what_changes_something(role):
    changes = {p for duty in DUTIES.values() for p in duty if not p.endswith(".see") and not p.endswith(".see_own")}
    assert not changes & GRANTS[role]
