"""What rules may ask about a store. See core.facts."""

from __future__ import annotations

import hashlib
from uuid import UUID

from cheban.core.facts import Fact, Subject, register


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
            facts={"name": Fact("s.name", "text", "门店")},
            told_by="store_id",
            told_as=lambda store_id: str(UUID(hashlib.md5(f"store:{store_id}".encode()).hexdigest())),  # as in `id`
        )
    )
