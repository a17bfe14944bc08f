"""The command line. One command = one module here, loaded only when it is called; see `main.COMMANDS`.

A command that works on data begins with `setup_django()`. It raises `Failed` (or a room's `Refused`) with one
sentence that says what is wrong and what to do; results go to standard output, progress to standard error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cheban.cli.failures import Failed

if TYPE_CHECKING:
    from cheban.cli.place import Place

__all__ = ["Failed", "setup_django"]


def setup_django(*, owner: bool = False) -> Place:
    """Database up, tables up to date, Django loaded: the first line of every command that works on data.

    The command then runs as the application's role, under row-level security; `owner=True` also offers the
    connection "owner". Imported late, so that `cheban --help` stays instant.
    """
    from cheban.cli import place

    return place.setup_django(owner=owner)
