"""People at work over HTTP while things are killed: each keeps a list of what was acknowledged to them.

What a writer is not answered it sends again, under the same Idempotency-Key, until it is. Beside them stands a
receiver of webhooks: it shows that the whole chain works again, web, database and worker.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

AGAIN_SECONDS = 0.2
PATIENCE_SECONDS = 20.0  # for one answer


class Receiver:
    """Another system that is told events. `came` maps event id -> moments it was told."""

    def __init__(self) -> None:
        came: dict[int, list[float]] = {}
        ids: Counter[str] = Counter()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                came.setdefault(body["event_id"], []).append(time.monotonic())
                ids[self.headers["webhook-id"]] += 1
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_args: Any) -> None:
                pass

        self.came, self.ids = came, ids
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """One answered write. `asked_at` and `answered_at` are monotonic seconds; `tries` how often it was sent."""

    path: str
    key: str
    body: str
    answer: bytes
    asked_at: float
    answered_at: float
    tries: int


class Refused(Exception):
    """An answer that says no, where nothing but yes or 'try again' is right."""


@dataclass
class Writer:
    """One program with a token. Each turn: two customers, a vehicle that goes from one to the other, a note."""

    port: int
    token: str
    number: int
    stopping: threading.Event
    acknowledged: list[Acknowledged] = field(default_factory=list)
    customers: list[str] = field(default_factory=list)
    owners: dict[str, str] = field(default_factory=dict)
    """Vehicle -> the customer who has it now."""
    notes: list[tuple[str, int]] = field(default_factory=list)
    """Customer and the event that the note left."""
    failed: str = ""
    turn: int = 0

    def run(self) -> None:
        """Until told to stop; the turn that has begun is ended."""
        try:
            while not self.stopping.is_set():
                self.work()
        except Exception as error:  # a thread's death must be seen
            self.failed = f"{type(error).__name__}: {error}"

    def work(self) -> None:
        """One turn."""
        self.turn += 1
        first, second = self._customer(), self._customer()
        vin = f"LSV{self.number:02d}{self.turn:012d}"
        vehicle = self.send("/vehicles", {"owner_id": first, "vin": vin, "brand": "大众", "series": "速腾"})["id"]
        self.send(f"/vehicles/{vehicle}/owners", {"customer_id": second})
        self.owners[vehicle] = second
        self.notes.append((second, self.send(f"/customers/{second}/notes", {"text": "换了车主"})["event_id"]))

    def _customer(self) -> str:
        phone = f"13{self.number}{len(self.customers):08d}"
        made = self.send("/customers", {"name": f"王{self.number}之{len(self.customers)}", "phone": phone})
        self.customers.append(made["id"])
        return made["id"]

    def send(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """POST until it is answered with yes. Raises Refused for an answer that repeating will not change."""
        key, text, asked_at, tries = str(uuid4()), json.dumps(body), time.monotonic(), 0
        while True:
            tries += 1
            status, answer, _again = post(self.port, self.token, path, key=key, text=text)
            if status in (200, 201):
                self.acknowledged.append(Acknowledged(path, key, text, answer, asked_at, time.monotonic(), tries))
                return json.loads(answer)
            if status < 500 and status not in (0, 409, 429):
                raise Refused(f"{status} {path} {answer[:300].decode(errors='replace')}")
            time.sleep(AGAIN_SECONDS)


def post(port: int, token: str, path: str, *, key: str, text: str) -> tuple[int, bytes, bool]:
    """Status (0: no answer), body, and whether it was said that this answer was given before."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key, "Content-Type": "application/json"}
    try:
        connection.request("POST", f"/api/v1{path}", text, headers)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers.get("Idempotent-Replayed") == "true"
    except (OSError, http.client.HTTPException):
        return 0, b"", False
    finally:
        connection.close()
