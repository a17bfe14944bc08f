"""Background work of lists: exports, and what lists keep for a while only. Jobs carry ids."""

from __future__ import annotations

from uuid import UUID

from procrastinate.contrib.django import app

from cheban.core.retries import WhenItCanGoOn


@app.task(name="lists.write_export", retry=WhenItCanGoOn())
def write_export(export_id: str) -> None:
    """Write one export; goes on where a killed worker stopped."""
    from cheban.lists.exporting import run

    run.write(UUID(export_id))


@app.periodic(cron="*/10 * * * *")
@app.task(name="lists.tend", queueing_lock="lists_tend")
def tend(timestamp: int) -> None:
    """Every ten minutes: files older than a week, exports that nobody works on, values kept for an undo that is over."""
    from cheban.lists import commands
    from cheban.lists.exporting import commands as exporting
    from cheban.org import queries as org
    from cheban.org import scope

    exporting.tend()
    for store_id in org.store_ids():
        with scope.use([store_id]):
            commands.forget_befores()
