"""What rules may ask about a store. See core.facts."""

from __future__ import annotations

import hashlib
from uuid import UUID

from django.utils.translation import gettext_noop

from cheban.core.facts import Fact, Subject, register

_LATE = """FROM org_training t
    JOIN (SELECT DISTINCT r.staff_id FROM org_staffrole r JOIN org_staff p ON p.id = r.staff_id AND p.is_active
          WHERE r.store_id = s.id) here ON true
    LEFT JOIN org_traininginvitation i ON i.training_id = t.id AND i.staff_id = here.staff_id
    WHERE t.kind = 'confidentiality' AND t.ended_at IS NULL AND t.group_id = s.group_id
      AND coalesce(t.only_store_id, s.id) = s.id AND coalesce(i.lapses_on, t.held_on + t.due_days) <= %(day)s::date"""
"""Who works in the store and has no certificate that holds, or was never invited. One row per person and training."""


def offer() -> None:
    """Register the store as a subject: duties that are about no customer (called when the app is ready)."""
    register(
        Subject(
            name="store",
            source="org_store s",
            id="md5('store:' || s.id)::uuid",
            store="s.id",
            customer="NULL::uuid",
            vehicle="NULL::uuid",
            ready="true",
            refusals="ARRAY[]::varchar[]",
            value="0::bigint",
            last_contact="NULL::timestamptz",
            tables=(),  # watched by the playbook itself
            facts={
                "name": Fact("s.name", "text", "门店"),
                "training_lapsed_on": Fact(
                    f"(SELECT max(coalesce(i.lapses_on, t.held_on + t.due_days)) {_LATE})",
                    "date",
                    gettext_noop("最近有人的保密培训逾期"),
                ),
                "training_late": Fact(
                    f"(SELECT count(DISTINCT here.staff_id) {_LATE})", "number", gettext_noop("保密培训逾期的人数")
                ),
            },
            told_by="store_id",
            told_as=lambda store_id: str(UUID(hashlib.md5(f"store:{store_id}".encode()).hexdigest())),  # as in `id`
        )
    )
