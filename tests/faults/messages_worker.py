"""A worker of messages as a process of its own: what the timers of `cheban worker` call, again and again, until killed.

`python -m tests.faults.messages_worker PORT SHIFT_FILE`: the provider's port, and a file with the seconds that the house's
clock is ahead. Beside the product's own code it only puts the provider in place as a channel.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import urllib.error
import urllib.request
from datetime import timedelta
from pathlib import Path

ANSWER_SECONDS = 2.0
RECOVER_EVERY = 1.0
UP = "up-"
"""Before its process number, the name of an empty file beside the shift file: this worker has begun to send."""


def declare() -> None:
    """The kinds of messages that the run sends."""
    from cheban.messaging.texts import Kind, declare

    lives = timedelta(hours=60)
    declare(Kind("faults.ready", "取车", "service", "{name}您好，您的车可以取了。", "service", lives))
    declare(Kind("faults.offer", "活动", "marketing", "{name}您好，本周空调清洗八折。", "marketing", lives))
    declare(Kind("faults.alert", "警报", "red_alert", "刹车失灵，请马上联系客户。", "", timedelta(days=9)))


class Way:
    """The provider over HTTP, as a channel."""

    def __init__(self, port: int, path: str) -> None:
        self.root, self.path = f"http://127.0.0.1:{port}/", path

    def send(self, letter):
        """See channels.Channel."""
        from cheban.messaging.channels import Accepted, Busy, Turned, Unsure

        body = json.dumps({"request_id": letter.request_id, "to": letter.address, "text": letter.text}).encode()
        asked = urllib.request.Request(self.root + self.path, body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(asked, timeout=ANSWER_SECONDS) as answer:
                return Accepted(json.load(answer)["id"])
        except urllib.error.HTTPError as error:
            return Busy(1) if error.code == 429 else Turned()
        except OSError:
            return Unsure()

    def status(self, letter):
        """See channels.Channel."""
        from cheban.messaging.channels import Accepted, Busy, Unsure

        try:
            with urllib.request.urlopen(self.root + letter.request_id, timeout=ANSWER_SECONDS) as answer:
                return Accepted(json.load(answer)["id"])
        except urllib.error.HTTPError as error:
            return Busy(0) if error.code == 404 else Unsure()
        except OSError:
            return Unsure()


def main(port: int, shift: Path) -> None:
    """Until killed, or until whoever started it is gone."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cheban.site.settings")
    import django

    django.setup()
    from cheban.core import clock, slots
    from cheban.messaging import sending

    declare()
    ways = {"sms": Way(port, "sms"), "robot": Way(port, "robot")}
    slots._providers["messaging.channel"] = lambda _store_id, name: ways.get(name)  # instead of accounts
    threading.Thread(target=_leave_with_the_parent, daemon=True).start()
    recovered = 0.0
    shift.with_name(f"{UP}{os.getpid()}").touch()
    while True:
        with clock.moved(seconds=float(shift.read_text())):
            seen = sending.send_due(seconds=2)
            if time.monotonic() - recovered > RECOVER_EVERY:
                sending.recover(at=clock.now())
                recovered = time.monotonic()
        if not seen:
            time.sleep(0.1)


def _leave_with_the_parent() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
