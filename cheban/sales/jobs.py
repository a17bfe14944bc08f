"""Timers of the sales room."""

from procrastinate.contrib.django import app

from cheban.core import clock
from cheban.org import queries as org
from cheban.org import scope
from cheban.sales.deliveries import reminding
from cheban.sales.leads import turns


@app.periodic(cron="*/10 * * * *")
@app.task(queueing_lock="leads_of_leavers")
def pass_on_of_leavers(timestamp: int) -> None:
    """Leads of people who left go to a colleague."""
    stores = org.store_ids()
    if stores:
        with scope.use(stores):
            turns.pass_on_of_leavers(store_ids=list(stores), at=clock.now())


@app.periodic(cron="*/10 * * * *")
@app.task(queueing_lock="remind_deliveries")
def remind_deliveries(timestamp: int) -> None:
    """Buyers hear of their appointment, as long ahead as their store wants."""
    if stores := org.store_ids():
        with scope.use(stores):
            reminding.remind(at=clock.now())
