"""Timers of the org room: reactions that are still owed, the audit trail's chain."""

from django.conf import settings
from django.db import connection, transaction
from procrastinate.contrib.django import app

from cheban.core import audit, clock
from cheban.org import dispatch


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
