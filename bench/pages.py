"""Pages over HTTP with 20 people at once: each reads for half a second to two seconds, or types four letters.

The server is the product's own (granian, as `cheban run` starts it); sessions are real; figures are p95 in ms.
"""

from __future__ import annotations

import http.client
import os
import random
import statistics
import subprocess
import sys
import threading
import time
from typing import Any
from urllib.parse import urlencode

from cheban.cli.run import web_command

BOUNDS = {"search": 50, "customer": 100, "my day": 100, "list": 150, "list, deep": 150, "list, filtered": 150}
PORT = 8765


def sign_in(store_ids: list[int]) -> list[tuple[str, str]]:
    """(session key, csrf token) of 20 people: managers and advisers of several stores, and a group administrator."""
    from cheban.org.models import Staff, StaffRole
    from cheban.org.roles import Role

    found = []
    for number in range(20):
        role = Role.GROUP_ADMIN if number == 0 else (Role.STORE_MANAGER, Role.SERVICE_ADVISOR)[number % 2]
        staff = Staff.objects.create_user(f"bench{number}", None, name=f"员工{number}")
        StaffRole.objects.create(staff=staff, store_id=store_ids[number % len(store_ids)], role=role)
        found.append(session_of(staff))
    return found


def session_of(staff: Any) -> tuple[str, str]:
    """(session key, csrf token) of somebody who has signed in."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.middleware.csrf import _get_new_csrf_string

    from cheban.site.idle import BEGAN
    from cheban.site.sessions import SessionStore

    session = SessionStore()
    session[SESSION_KEY] = str(staff.pk)
    session[BACKEND_SESSION_KEY] = "cheban.site.accounts.Backend"
    session[HASH_SESSION_KEY] = staff.get_session_auth_hash()
    session[BEGAN] = time.time()
    session.create()
    return session.session_key, _get_new_csrf_string()


def serve() -> subprocess.Popen:
    """The web server as the product starts it."""
    child = subprocess.Popen(web_command(port=PORT), env=os.environ.copy())
    for _ in range(600):
        try:
            call(http.client.HTTPConnection("127.0.0.1", PORT), "GET", "/healthz", ("", ""))
            break
        except OSError:
            time.sleep(0.2)
    return child


def call(connection: http.client.HTTPConnection, method: str, path: str, who: tuple[str, str], body: str = "") -> float:
    """Milliseconds of one request; anything but 200 is an error."""
    headers = {"Cookie": f"sessionid={who[0]}; csrftoken={who[1]}", "X-CSRFToken": who[1], "Accept": "text/html"}
    if body:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    start = time.perf_counter()
    connection.request(method, path, body or None, headers)
    answer = connection.getresponse()
    answer.read()
    took = (time.perf_counter() - start) * 1000
    if answer.status != 200:
        raise OSError(f"{path.split('?')[0]}: {answer.status}")
    return took


def measure(store_ids: list[int], seconds: int = 120, warm: int = 15) -> dict[str, list[float]]:
    """Let 20 people work for a while; returns the times by page, those of the first `warm` seconds left out."""
    from cheban.customers.models import Customer
    from cheban.org import scope

    by_store: dict[int, list[str]] = {}
    for store in store_ids[:20]:
        with scope.use([store]):
            by_store[store] = [str(i) for i in Customer.objects.values_list("id", flat=True)[:400]]
    people, times, lock = sign_in(store_ids), {name: [] for name in BOUNDS}, threading.Lock()
    errors: list[str] = []
    server = serve()
    begin = time.monotonic() + warm
    until = begin + seconds

    def keep(what: str, took: float) -> None:
        if time.monotonic() >= begin:
            with lock:
                times[what].append(took)

    def work(number: int) -> None:
        rng, who = random.Random(number), people[number]
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
        mine = by_store[store_ids[number % len(store_ids)]]
        while time.monotonic() < until:
            what = rng.choice(("search", "search", "customer", "my day", "list", "list, deep", "list, filtered"))
            try:
                if what == "search":
                    text = (
                        rng.choice(("张", "zhang", "z")) + str(rng.randrange(10, 1_000_000))
                        if rng.random() < 0.6
                        else f"{rng.randrange(100000):05d}"
                    )
                    for length in range(2, len(text) + 1, 2):
                        took = call(connection, "POST", "/search/", who, urlencode({"q": text[:length]}))
                        keep(what, took)
                        time.sleep(0.15)
                else:
                    path = {
                        "customer": f"/customers/{rng.choice(mine)}/",
                        "my day": "/my-day/",
                        "list": "/customers/",
                        "list, deep": f"/customers/?sort=spent&after={rng.randrange(1_000_000, 90_000_000)}~ffffffff-ffff-ffff-ffff-ffffffffffff",
                        "list, filtered": "/customers/?tier=gold",
                    }[what]
                    took = call(connection, "GET", path, who)
                    keep(what, took)
            except OSError as error:
                errors.append(str(error))
                connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
            time.sleep(rng.uniform(0.5, 2.0))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(20)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    server.terminate()
    server.wait(timeout=20)
    if errors:
        print(f"{len(errors)} errors, e.g. {errors[0]}", file=sys.stderr)
    return times


def p95(times: list[float]) -> float:
    """The 95th percentile."""
    return statistics.quantiles(times, n=20)[18] if len(times) > 20 else max(times, default=0.0)
