"""Server-sent events: one listening database connection per process, every open page of that process behind it.

NOTIFY carries 'topic:id'; each stream hears of its ticket's topics. A slow reader costs nothing: what waits for it is
a set of topics, never longer than its ticket. When the database was away, every page is told to fetch itself again:
what happened meanwhile is unknown. Y07, reliability 12.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

import psycopg

from cheban.core.live import CHANNEL, STAFF
from cheban.site.streams import tickets

ALIVE_SECONDS = 15.0
LIFE_SECONDS = 600.0
MOST_STREAMS = 2_000
_LONGEST_PAUSE = 5.0
_log = logging.getLogger("cheban.live")
Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


class Stream:
    """One open page: what it has not been told yet."""

    def __init__(self, ticket: tickets.Ticket) -> None:
        self.ticket = ticket
        self.waiting: dict[str, None] = {}
        self.again = False
        self.ended = False
        self.news = asyncio.Event()

    def tell(self, topic: str) -> None:
        """Something it listens to changed."""
        self.waiting[topic] = None
        self.news.set()

    def tell_all(self) -> None:
        """It may have missed something."""
        self.again = True
        self.news.set()

    def end(self) -> None:
        """No more for this one."""
        self.ended = True
        self.news.set()


class Hub:
    """The streams of this process and the connection that feeds them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.streams: set[Stream] = set()
        self._by_topic: dict[str, set[Stream]] = {}
        self._task: asyncio.Task[None] | None = None
        self.stopping = False

    def add(self, stream: Stream) -> None:
        """From now on it hears of its topics. The first stream starts the listening."""
        self.streams.add(stream)
        for topic in stream.ticket.topics:
            self._by_topic.setdefault(topic, set()).add(stream)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._listen())

    def remove(self, stream: Stream) -> None:
        """It has gone."""
        self.streams.discard(stream)
        for topic in stream.ticket.topics:
            if listening := self._by_topic.get(topic):
                listening.discard(stream)
                if not listening:
                    del self._by_topic[topic]

    def dispatch(self, payload: str) -> None:
        """Pass one notification on."""
        name, _sep, id_ = payload.partition(":")
        if name == STAFF:
            for stream in [s for s in self.streams if str(s.ticket.staff_id) == id_]:
                stream.end()
            return
        for stream in self._by_topic.get(payload, ()):
            stream.tell(payload)

    async def _listen(self) -> None:
        """Until stopped: connect, listen, pass on; after a loss with growing pauses."""
        pause, is_first = 0.2, True
        while not self.stopping:
            try:
                async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    pause = 0.2
                    if not is_first:
                        for stream in self.streams:
                            stream.tell_all()
                    is_first = False
                    async for notice in connection.notifies():
                        self.dispatch(notice.payload)
            except psycopg.OperationalError as error:
                is_first = False
                _log.warning("live stream: the database is away (%s)", type(error).__name__)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def end(self) -> None:
        """End all streams and take no more: the server is about to stop."""
        self.stopping = True
        for stream in self.streams:
            stream.end()

    async def stop(self) -> None:
        """End all streams and the listening."""
        self.end()
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task


async def serve(hub: Hub, scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Answer GET /live/?ticket=...: an event stream, or 401 when the ticket is none of ours or too old."""
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    ticket = tickets.read(query.get("ticket", [""])[0])
    if ticket is None or scope["method"] != "GET" or hub.stopping:
        await _refuse(send, 401 if ticket is None else 503)
        return
    if len(hub.streams) >= MOST_STREAMS:
        await _refuse(send, 503)
        return
    stream = Stream(ticket)
    hub.add(stream)
    gone = asyncio.create_task(_until_gone(receive, stream))
    try:
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [
                    (b"content-type", b"text/event-stream; charset=utf-8"),
                    (b"cache-control", b"no-store"),
                    (b"x-accel-buffering", b"no"),
                ],
            }
        )
        await _say(send, "retry: 2000\n: open\n\n")
        ends = asyncio.get_running_loop().time() + LIFE_SECONDS
        while not stream.ended and asyncio.get_running_loop().time() < ends:
            try:
                await asyncio.wait_for(stream.news.wait(), ALIVE_SECONDS)
            except TimeoutError:
                await _say(send, ": alive\n\n")
                continue
            stream.news.clear()
            if stream.again:
                stream.again = False
                stream.waiting.clear()
                await _say(send, "event: again\ndata: all\n\n")
            elif stream.waiting:
                told = " ".join(stream.waiting)
                stream.waiting.clear()
                await _say(send, f"data: {told}\n\n")
        if not gone.done():
            await _say(send, "event: over\ndata: ticket\n\n")
            await send({"type": "http.response.body", "body": b"", "more_body": False})
    except (OSError, RuntimeError):
        pass  # the reader went while we spoke
    finally:
        gone.cancel()
        hub.remove(stream)


async def _until_gone(receive: Receive, stream: Stream) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.end()


async def _say(send: Send, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})


async def _refuse(send: Send, status: int) -> None:
    headers = [(b"content-type", b"text/plain"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def database_url() -> str:
    """The application's own connection; it may listen, and sees no row without a scope."""
    return os.environ["CHEBAN_DB_APP_URL"]
