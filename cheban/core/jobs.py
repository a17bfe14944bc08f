"""Background work: Procrastinate over our database. Jobs carry ids, run in a scope, are safe to run twice.

Each room's `jobs.py` is found by itself. A job whose worker was killed is taken up again by a plain timer
beside the queue (`_rescue`), within a minute: Procrastinate itself leaves it 'doing' for ever.
"""

from __future__ import annotations

import asyncio

import structlog

log = structlog.get_logger("cheban.jobs")
HEARTBEAT_SECONDS = 10
DEAD_AFTER_SECONDS = 30


def run_worker() -> None:
    """Work until told to stop (SIGTERM, SIGINT); running jobs get 8 seconds to end."""
    asyncio.run(_work())


async def _work() -> None:
    from procrastinate.contrib.django import app

    worker_app = app.with_connector(app.connector.get_worker_connector())
    async with worker_app.open_async():
        rescuer = asyncio.create_task(_rescue(worker_app))
        try:
            await worker_app.run_worker_async(
                concurrency=2,
                shutdown_graceful_timeout=8,
                update_heartbeat_interval=HEARTBEAT_SECONDS,
                stalled_worker_timeout=DEAD_AFTER_SECONDS,
                delete_jobs="successful",
            )
        finally:
            rescuer.cancel()


async def _rescue(app) -> None:
    """Every five seconds give the jobs of dead workers back to the queue."""
    while True:
        try:
            for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=DEAD_AFTER_SECONDS):
                await app.job_manager.retry_job(job)
                log.warning("job taken up again", job=job.id, task=job.task_name)
        except Exception as error:  # the database may be away; the timer must outlive it
            log.error("rescue failed", error=type(error).__name__)
        await asyncio.sleep(5)
