"""Timers of the interfaces: send webhooks, look into the watched folders, end tokens, forget old answers."""

from procrastinate.contrib.django import app

from cheban.core import clock


@app.periodic(cron="* * * * * */10")
@app.task(queueing_lock="webhooks", pass_context=False)
def send_webhooks(timestamp: int) -> None:
    """Every ten seconds: what is owed and due."""
    from cheban.api.webhooks import sending

    sending.send_due()


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="inbox", pass_context=False)
def look_into_inbox(timestamp: int) -> None:
    """Every minute: files that were put into a store's folder."""
    from cheban.api import inbox

    inbox.look()


@app.periodic(cron="*/5 * * * *")
@app.task(queueing_lock="tokens", pass_context=False)
def end_tokens(timestamp: int) -> None:
    """Tokens whose maker went or changed end, used or not."""
    from cheban.api import tokens

    tokens.end_orphans()


@app.periodic(cron="40 3 * * *")
@app.task(queueing_lock="forget_answers", pass_context=False)
def forget_old(timestamp: int) -> None:
    """Once a night: answers older than 48 hours, deliveries older than 30 days."""
    from cheban.api import idempotency
    from cheban.api.webhooks import sending

    idempotency.forget(at=clock.now())
    sending.forget(at=clock.now())
