"""A provider of text messages as a process of its own: honest, with a log that only grows, failing as providers do.

`python -m tests.faults.messages_provider LOG SEED` prints its port. It takes whatever it is given, repeats too: the log
shows them. Sometimes it takes a message and then does not answer, says 'too many', refuses, or does not know right now.
"""

from __future__ import annotations

import contextlib
import json
import random
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HANGS, DROPS, BUSY, REFUSES, WONT_SAY = 0.0005, 0.01, 0.01, 0.002, 0.02
"""Shares: accepted and then silent for HANG_SECONDS, accepted and cut off, 429, 400; and 503 to a question."""
HANG_SECONDS = 3.0


def serve(log: Path, seed: int) -> None:
    """Until killed."""
    chance, lock, known = random.Random(seed), threading.Lock(), {}
    file = log.open("a", encoding="utf-8")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                draw = chance.random() if self.path == "/sms" else 1.0
                if draw >= 1 - REFUSES - BUSY and self.path == "/sms":
                    return self.answer(429 if draw >= 1 - BUSY else 400, {})
                number = len(known) + 1
                known.setdefault(told["request_id"], f"p{number}")
                file.write(json.dumps({"at": time.time(), "path": self.path} | told, ensure_ascii=False) + "\n")
                file.flush()
            if draw < HANGS:
                time.sleep(HANG_SECONDS)
            if draw < HANGS + DROPS:
                self.close_connection = True
                return self.connection.close()
            return self.answer(200, {"id": known[told["request_id"]]})

        def do_GET(self) -> None:
            with lock:
                found = known.get(self.path.strip("/"))
                draw = chance.random()
            self.answer(503 if draw < WONT_SAY else 200 if found else 404, {"id": found})

        def answer(self, status: int, body: dict) -> None:
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.send_header("Connection", "close")
            self.end_headers()
            with contextlib.suppress(OSError):  # whoever asked was killed
                self.wfile.write(text)
            self.close_connection = True

        def log_message(self, *_args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 128
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]))
