"""A provider on this machine: an HTTP server that keeps a log, and fails in the ways that providers do."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cheban.core import slots
from cheban.messaging.channels import Accepted, Busy, Letter, Outcome, Turned, Unsure
from cheban.messaging.models import Message
from cheban.messaging.pace import TEMPO
from cheban.messaging.texts import Field, Kind, _kinds, declare

READY = declare(
    Kind("test.ready", "取车", "service", "{name}您好，爱车已修好，合计 {total}。", "service", timedelta(days=3)),
    {"total": Field("合计", "¥680.00")},
)
OFFER = declare(
    Kind("test.offer", "活动", "marketing", "{name}您好，本周空调清洗八折。", "marketing", timedelta(days=3))
)
del _kinds["test.ready"], _kinds["test.offer"]


class Provider:
    """What reached it, in order; `mode` says how it answers: ok, busy, refuse, or drop (accepts, then no answer)."""

    def __init__(self) -> None:
        self.log: list[dict[str, str]] = []
        self.mode, self.can_ask, self.before_answer = "ok", True, lambda told: None
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if provider.mode in ("busy", "refuse"):
                    return self.answer(429 if provider.mode == "busy" else 400, {})
                provider.log.append(told)
                provider.before_answer(told)
                if provider.mode == "drop":
                    self.close_connection = True
                    return self.connection.close()
                return self.answer(200, {"id": f"p{len(provider.log)}"})

            def do_GET(self) -> None:
                known = [row for row in provider.log if row["request_id"] == self.path.strip("/")]
                self.answer(200 if known else 404, {"id": "asked"})

            def answer(self, status: int, body: dict) -> None:
                text = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/"

    def send(self, letter: Letter) -> Outcome:
        body = json.dumps({"request_id": letter.request_id, "to": letter.address, "text": letter.text}).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(self.url, body), timeout=5) as answer:
                return Accepted(json.load(answer)["id"])
        except urllib.error.HTTPError as error:
            return Busy(60) if error.code == 429 else Turned()
        except OSError:
            return Unsure()

    def status(self, letter: Letter) -> Outcome | None:
        if not self.can_ask:
            return None
        try:
            with urllib.request.urlopen(self.url + letter.request_id, timeout=5) as answer:
                return Accepted(json.load(answer)["id"])
        except urllib.error.HTTPError:
            return Busy(0)


@pytest.fixture
def kinds() -> Iterator[None]:
    """Two kinds of messages to customers."""
    _kinds.update({READY.code: READY, OFFER.code: OFFER})
    yield
    del _kinds[READY.code], _kinds[OFFER.code]


@pytest.fixture
def provider(kinds, monkeypatch) -> Iterator[Provider]:
    """The provider, in place as every store's SMS channel."""
    made = Provider()
    TEMPO.forget()
    channel = lambda store_id, name: made if name == Message.Channel.SMS else None  # noqa: E731
    monkeypatch.setitem(slots._providers, "messaging.channel", channel)
    yield made
    TEMPO.forget()
    made.server.shutdown()
    made.server.server_close()
