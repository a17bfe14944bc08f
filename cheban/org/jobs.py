"""Timers of the org room: deliver what events still owe."""

from procrastinate.contrib.django import app

from cheban.org import dispatch


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="dispatch", pass_context=False)
def deliver_events(timestamp: int) -> None:
    """Reactions that no process delivered after commit (it was killed, or they failed and wait)."""
    while dispatch.run_pending(limit=200) == 200:
        pass
