"""Timers of the scorecard: figures made of tasks, weeks to judge, and the nightly look for what was left out."""

from datetime import timedelta

from procrastinate.contrib.django import app

from cheban.core import clock, live
from cheban.org import queries as org
from cheban.org import scope
from cheban.scorecard import late, tally, weeks


@app.periodic(cron="*/10 * * * *")
@app.task(queueing_lock="scorecard_tasks")
def count_tasks(timestamp: int) -> None:
    """Every ten minutes: tasks that became due or late since; open boards hear of it."""
    stores = org.store_ids()
    if stores:
        with scope.use(stores):
            live.announce_all(("board", store) for store in tally.count_tasks(stores, weeks=1))


@app.periodic(cron="*/5 * * * *")
@app.task(queueing_lock="scorecard_late")
def catch_up_late(timestamp: int) -> None:
    """Every five minutes: what was entered just now and happened earlier; open boards hear of it."""
    stores = org.store_ids()
    if stores:
        with scope.use(stores):
            live.announce_all(("board", store) for store in late.catch_up(stores))


@app.periodic(cron="20 * * * *")
@app.task(queueing_lock="scorecard_weeks")
def judge_weeks(timestamp: int) -> None:
    """Each hour: weeks that are over and not judged yet; usually on Monday twenty minutes after midnight."""
    stores = org.store_ids()
    if stores:
        with scope.use(stores):
            tally.count_tasks(stores, weeks=1)
            weeks.judge(stores, at=clock.now())


@app.periodic(cron="40 2 * * *")
@app.task(queueing_lock="scorecard_catch_up")
def catch_up(timestamp: int) -> None:
    """At night: what the last days told once more, which changes nothing unless something was left out; everything
    there is where nothing was ever counted (a house that had events before it had figures)."""
    stores = org.store_ids()
    if stores:
        with scope.use(stores):
            far = timedelta(days=400) if tally.is_new(stores) else timedelta(days=8)
            tally.catch_up(stores, since=clock.now() - far)
            tally.count_tasks(stores, weeks=13)


from cheban.scorecard.incentives.jobs import refresh_statements  # noqa: E402, F401 - the worker finds it here
