"""Timers of the org room: the audit trail's chain."""

from django.conf import settings
from django.db import connection, transaction
from procrastinate.contrib.django import app

from cheban.core import audit, clock


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
