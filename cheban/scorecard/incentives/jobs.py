"""Timer of incentives: drafts follow what happened."""

from procrastinate.contrib.django import app

from cheban.core import live
from cheban.org import queries as org
from cheban.org import scope
from cheban.scorecard.incentives import statements

BATCH = 50
"""Stores of one transaction."""


@app.periodic(cron="5-59/10 * * * *")
@app.task(queueing_lock="scorecard_statements")
def refresh_statements(timestamp: int) -> None:
    """Every ten minutes: this month's drafts and those of earlier months that nobody approved yet."""
    stores = org.store_ids()
    for begin in range(0, len(stores), BATCH):
        some = stores[begin : begin + BATCH]
        with scope.use(some):
            live.announce_all(("pay", store) for store in statements.refresh(some))
