"""The web server's door: pages through WSGI in a fixed pool of threads, the live stream natively. Decision 0010.

One origin for both, so that no proxy is needed; a thread keeps its database connection from page to page.
"""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

from a2wsgi import WSGIMiddleware

from cheban.site.wsgi import application as pages  # first: it sets Django up

# isort: split
from cheban.site import watch
from cheban.site.streams import hub

THREADS = int(os.environ.get("CHEBAN_WEB_THREADS", "2"))
_pages = WSGIMiddleware(pages, workers=THREADS)
_hub = hub.Hub(hub.database_url())


async def application(scope: dict[str, Any], receive: hub.Receive, send: hub.Send) -> None:
    """ASGI: lifespan, the stream, everything else."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "http" and scope["path"] == "/live/":
        await hub.serve(_hub, scope, receive, send)
    else:
        # The bridge wants coroutines; the server's own functions give other awaitables.
        async def hear() -> dict[str, Any]:
            return await receive()

        async def say(message: dict[str, Any]) -> None:
            await send(message)

        await _pages(scope, hear, say)


def _end_streams_with_the_server() -> None:
    """The server waits for open answers before it stops, and a stream is one that would never end: so they end on the
    signal itself. The loop's own handler still runs, it is called by the wake-up descriptor and not by this one."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(_hub.end))


async def _lifespan(receive: hub.Receive, send: hub.Send) -> None:
    over = None
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            _end_streams_with_the_server()
            over = watch.start()
            await send({"type": "lifespan.startup.complete"})
        else:
            if over:
                over.set()
            await _hub.stop()
            await send({"type": "lifespan.shutdown.complete"})
            return
