"""Timers of the voice room: owners hear of answers, customers are asked after visits."""

from procrastinate.contrib.django import app

from cheban.core import clock
from cheban.org import queries as org
from cheban.org import scope
from cheban.voice.conversations import reactions as conversations
from cheban.voice.surveys import reactions as surveys


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="tell_answers")
def tell_answers(timestamp: int) -> None:
    """Whoever closed the page before the answer came gets word of it."""
    if stores := org.store_ids():
        with scope.use(stores):
            conversations.tell_answers(at=clock.now())


@app.periodic(cron="*/10 * * * *")
@app.task(queueing_lock="ask_after_visits")
def ask_after_visits(timestamp: int) -> None:
    """Visits that files brought lately are asked about."""
    if stores := org.store_ids():
        with scope.use(stores):
            surveys.ask_after_visits(at=clock.now())
