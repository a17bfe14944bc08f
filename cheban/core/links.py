"""Links: which columns of which tables point at a customer, told by the room that owns the table.

When two files turn out to be one person, every link of the one must move to the other, in rooms that the
customers room must not know. A room declares its columns here; a test walks all tables and fails for a
column that nobody declared.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Link:
    """One column that holds a customer's id. SQL fragments are ours; `x` is the row.

    `unique`: columns that together with this one are unique: a row that would clash is taken out and kept, if
    `removable`, or else stays where it is. `only` narrows which rows move. `vehicle` names the column of the
    vehicle that a row is about, `added` the moment it was written: rows that came after a merge go back with
    the vehicle. `stays` says why a column is never moved.
    """

    table: str
    column: str
    label: str = ""
    unique: tuple[str, ...] = ()
    removable: str = "true"
    only: str = "true"
    vehicle: str = ""
    added: str = ""
    id_type: str = "uuid"
    stays: str = ""


_links: dict[tuple[str, str], Link] = {}


def link(*links: Link) -> None:
    """Declare columns that point at a customer (called when the room's app is ready)."""
    for each in links:
        _links[each.table, each.column] = each


def moving() -> list[Link]:
    """The columns that follow a customer into another file, in the order of declaration."""
    return [each for each in _links.values() if not each.stays]


def known() -> set[tuple[str, str]]:
    """(table, column) of everything declared, moved or not."""
    return set(_links)
