"""Timers of the org room: reactions that are still owed, the audit trail's chain, files that belong to nothing."""

from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from procrastinate.contrib.django import app

from cheban.core import audit, clock, files
from cheban.org import dispatch, queries, renderings, scope


@app.periodic(cron="* * * * * */10")
@app.task(queueing_lock="reactions", pass_context=False)
def run_owed_reactions(timestamp: int) -> None:
    """Every ten seconds: reactions that a killed process left behind, and those that failed and are due again.

    The usual way is right after the commit of the cause; without this timer the rest would wait for the next event.
    """
    while dispatch.run_pending(limit=200) == 200:
        pass


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="link_audit")
def link_audit(timestamp: int) -> None:
    """Link the audit rows of the last minute, and write the anchor outside the database."""
    linked = 1
    while linked:
        with transaction.atomic(), connection.cursor() as cursor:
            linked = audit.link_new(cursor)
    with connection.cursor() as cursor:
        audit.anchor(settings.DATA_DIR / audit.ANCHORS, cursor, at=clock.now())


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="sweep_renderings")
def sweep_renderings(timestamp: int) -> None:
    """Every minute: renderings that pages shared and nobody will ask for again."""
    renderings.sweep()


@app.periodic(cron="50 2 * * *")
@app.task(queueing_lock="sweep_files")
def sweep_files(timestamp: int) -> None:
    """Every night: contents of files whose row never came or is gone since yesterday."""
    with scope.use(queries.store_ids()):
        files.sweep(before=clock.now() - timedelta(days=1))
