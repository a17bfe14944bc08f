"""How a simulation hurries without changing what is played: few hundred statements are asked a hundred thousand times.

Read and planned anew each time, one day's plan alone took the server longer to understand than to answer. So while a
simulation runs, its connection sends values apart from the statement, has each statement prepared at its second use
and keeps its plan. The commands are the same; only the way to the server differs.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.backends.signals import connection_created

PREPARED_AT = 2
"""At which use a statement is prepared: what is asked once may never be asked again."""
KEPT = 2_000
"""Statements that stay prepared: more than the house has, so that none pushes another out."""
YOUNG = 50_000
"""New objects between two looks of the garbage collector (Python's own is 700): a town is large and stays."""


@contextmanager
def hurried() -> Iterator[None]:
    """The default connection as described above, and a garbage collector that looks seldom; both as before after it."""
    options = connection.settings_dict["OPTIONS"]
    before, thresholds = dict(options), gc.get_threshold()
    connection.close()
    options.pop("pool", None)
    options |= {
        "server_side_binding": True,
        "prepare_threshold": PREPARED_AT - 1,
        "options": "-c plan_cache_mode=force_generic_plan",
    }
    connection_created.connect(_keep_many)
    gc.set_threshold(YOUNG, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        connection_created.disconnect(_keep_many)
        connection.close()
        options.clear()
        options |= before


def _keep_many(sender: Any, connection: Any, **kwargs: Any) -> None:
    if connection.alias == "default":
        connection.connection.prepared_max = KEPT
