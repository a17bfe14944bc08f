"""Background work of the customers room: imports. Jobs carry the batch id only; spreadsheet libraries load late."""

from __future__ import annotations

from procrastinate.contrib.django import app

from cheban.core.retries import WhenItCanGoOn


@app.periodic(cron="17 2 * * *")
@app.task(name="customers.refresh_passed", queueing_lock="refresh_passed")
def refresh_passed(timestamp: int) -> None:
    """Vehicles whose inspection has passed get their next one, each night."""
    from cheban.core import clock
    from cheban.customers import care
    from cheban.org import queries as org
    from cheban.org import scope

    for store_id in org.store_ids():
        with scope.use([store_id]):
            care.refresh_passed(today=clock.today())


@app.task(name="customers.check_import", retry=WhenItCanGoOn())
def check_import(batch_id: str, store_id: int) -> None:
    """Read the whole file and report; writes no customer."""
    from cheban.customers.importing import pipeline

    with pipeline.language_of(batch_id, store_id=store_id):
        pipeline.check(batch_id, store_id=store_id)


@app.task(name="customers.write_import", retry=WhenItCanGoOn())
def write_import(batch_id: str, store_id: int) -> None:
    """Write the good rows; goes on where a killed worker stopped."""
    from cheban.customers.importing import pipeline

    with pipeline.language_of(batch_id, store_id=store_id):
        pipeline.write(batch_id, store_id=store_id)


@app.task(name="customers.undo_import", retry=WhenItCanGoOn())
def undo_import(batch_id: str, store_id: int) -> None:
    """Undo the whole import."""
    from cheban.customers.importing import pipeline

    pipeline.undo(batch_id, store_id=store_id)


@app.periodic(cron="20 2 * * *")
@app.task(queueing_lock="duplicates")
def find_duplicates(timestamp: int) -> None:
    """Every night, look through all files for pairs that may be one person; one transaction per store."""
    from cheban.customers.duplicates import finding
    from cheban.org import queries as org
    from cheban.org import scope

    for store_id in org.store_ids():
        with scope.use([store_id]):
            finding.find()


@app.periodic(cron="40 2 * * *")
@app.task(queueing_lock="quality")
def count_quality(timestamp: int) -> None:
    """Every night, how complete the files of each store are, let go what is kept too long, count people. R011."""
    from cheban.core import clock
    from cheban.customers import quality
    from cheban.customers.privacy_desk import persons, retention
    from cheban.org import queries as org
    from cheban.org import scope

    for store_id in org.store_ids():
        with scope.use([store_id]):
            quality.count_day(today=clock.today())
        gone = {"": 0}
        while gone:
            with scope.use([store_id]):
                gone = retention.run(store_id)
    with scope.use(org.store_ids()):
        persons.count(today=clock.today())
