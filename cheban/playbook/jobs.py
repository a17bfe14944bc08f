"""Timers of the playbook: plan each store's day, climb the ladder."""

from procrastinate.contrib.django import app

from cheban.core import clock
from cheban.org import queries as org
from cheban.org import scope
from cheban.playbook import commands, cover, ladder, planner


@app.periodic(cron="3 * * * *")
@app.task(queueing_lock="plan")
def plan(timestamp: int) -> None:
    """Plan today for all stores; hourly, as a repeated run costs little and catches what came in since."""
    stores = org.store_ids()
    if stores:
        with scope.use(stores):
            planner.plan_day(clock.today(), store_ids=stores)
            commands.pass_on_of_leavers(at=clock.now())


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="escalate")
def escalate(timestamp: int) -> None:
    """Work of people who are away finds its deputy, and comes home; overdue work goes one step up."""
    stores = org.store_ids()
    if stores:
        with scope.use(stores):
            cover.cover_absences(at=clock.now(), store_ids=stores)
            while ladder.escalate_overdue(at=clock.now(), limit=500) == 500:
                pass
