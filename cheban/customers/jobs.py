"""Background work of the customers room: imports. Jobs carry the batch id only; spreadsheet libraries load late."""

from procrastinate.contrib.django import app


@app.task(name="customers.check_import")
def check_import(batch_id: str, store_id: int) -> None:
    """Read the whole file and report; writes no customer."""
    from cheban.customers.importing import pipeline

    pipeline.check(batch_id, store_id=store_id)


@app.task(name="customers.write_import")
def write_import(batch_id: str, store_id: int) -> None:
    """Write the good rows; goes on where a killed worker stopped."""
    from cheban.customers.importing import pipeline

    pipeline.write(batch_id, store_id=store_id)


@app.task(name="customers.undo_import")
def undo_import(batch_id: str, store_id: int) -> None:
    """Undo the whole import."""
    from cheban.customers.importing import pipeline

    pipeline.undo(batch_id, store_id=store_id)
