"""Timers of messaging: send what is due, settle what a dead process left."""

from procrastinate.contrib.django import app

from cheban.core import clock


@app.periodic(cron="* * * * * */5")
@app.task(queueing_lock="send_messages", lock="send_messages", pass_context=False)
def send_messages(timestamp: int) -> None:
    """Every five seconds: what is due."""
    from cheban.messaging import sending

    sending.send_due()


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="recover_messages", pass_context=False)
def recover_messages(timestamp: int) -> None:
    """Every minute: messages that a dead process left half sent."""
    from cheban.messaging import sending

    sending.recover(at=clock.now())
