"""Tasks of a contact from their rows and back, in one statement each however many they are."""

from __future__ import annotations

import json
from collections.abc import Iterable
from uuid import UUID

from django.db import connection

from cheban.playbook.models import Task

COLUMNS = [field.attname for field in Task._meta.concrete_fields]
_OPEN = f"""SELECT {", ".join(COLUMNS)} FROM playbook_task WHERE contact_id = %s AND state = 'open'
  ORDER BY weight DESC, rule, subject_id, id FOR UPDATE"""  # noqa: S608 - our own columns
_ABOUT = f"""SELECT {", ".join(COLUMNS)} FROM playbook_task WHERE state = 'open'
    AND (subject_id, rule) IN (SELECT * FROM unnest(%s::text[]::uuid[], %s::text[])) ORDER BY id FOR UPDATE"""  # noqa: S608


def locked(contact_id: UUID) -> list[Task]:
    """The open tasks of a contact, locked, the heaviest first.

    Written out: putting these 35 columns together anew took longer than reading the rows, for every outcome told.
    """
    return _read(_OPEN, [contact_id])


def locked_about(subjects: Iterable[tuple[str, UUID | str]]) -> list[Task]:
    """The open tasks that these rules made about these subjects, (rule code, subject), locked, by id."""
    asked = list(subjects)
    return _read(_ABOUT, [[str(id) for _rule, id in asked], [rule for rule, _id in asked]]) if asked else []


def _read(sql: str, params: list[object]) -> list[Task]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        found = [Task.from_db(connection.alias, COLUMNS, row) for row in cursor.fetchall()]
    for task in found:
        task.facts = json.loads(task.facts)
    return found


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
