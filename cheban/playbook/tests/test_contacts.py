"""How a contact reads in a list: what it is about, in few words. R035."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from cheban.playbook import contacts
from cheban.playbook.models import Task

AT = datetime(2026, 3, 2, 3, tzinfo=UTC)


@pytest.mark.req("R035")
@pytest.mark.parametrize(
    ("rule", "facts", "days", "title"),
    [
        ("lead_confirm", {"says": "家里添了二宝，想看 7 座"}, 0, "确认线索 · “家里添了二宝，想看 7 座”"),
        ("handover_due", {"series": "速腾", "delivered_on": "2026-03-01"}, 0, "交接表 · 速腾"),
        ("handover_due", {}, 0, "交接表"),
        ("first_service_due", {"series": "速腾"}, 7, "首保还有 7 天"),
        ("first_service_due", {"series": "速腾"}, -3, "首保已过 3 天"),
    ],
)
def test_a_row_tells_what_it_is_about_and_not_only_its_kind(cast, rule, facts, days, title):
    due = AT + timedelta(hours=2)
    task = Task(
        id=uuid4(), contact_id=uuid4(), store=cast.a, rule=rule, role="service_specialist", facts=facts,
        due_at=due, starts_at=AT, due_on=(AT + timedelta(days=days)).date(),
    )  # fmt: skip
    assert [row.title for row in contacts.fold([task], at=AT)] == [title]
