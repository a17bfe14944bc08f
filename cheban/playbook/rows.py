"""Writes what several tasks hold in memory back to their rows, in one statement however many they are."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

from cheban.playbook.models import Task


def save(tasks: Iterable[Task], fields: Iterable[str]) -> None:
    """Write these fields of the tasks as they are now. The rows should be locked by this transaction."""
    several, columns = list(tasks), list(fields)
    if not several:
        return
    types = [Task._meta.get_field(name).cast_db_type(connection) for name in columns]
    sets = ", ".join(f"{name} = n.{name}" for name in columns)
    values = ", ".join(["%s::uuid[]", *(f"%s::{kind}[]" for kind in types)])
    with connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE playbook_task t SET {sets}
                FROM unnest({values}) AS n(id, {", ".join(columns)}) WHERE t.id = n.id""",  # noqa: S608 - our own fields
            [[t.id for t in several], *([getattr(t, name) for t in several] for name in columns)],
        )
