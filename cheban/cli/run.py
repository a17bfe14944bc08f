"""`cheban run`: database, tables, demo data, then web and worker under one supervisor until Ctrl-C."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import psycopg
import typer

from cheban.cli import place as places
from cheban.cli.children import Child
from cheban.cli.failures import Failed
from cheban.cli.place import Place
from cheban.cli.say import note, step
from cheban.core import postgres

STOP_SECONDS = 9.0  # for web and worker; the database stops after them
HEALTH_SECONDS = 90.0  # until the web server answers
BROKEN_SECONDS = 5.0  # of answers that are errors
HUNG_SECONDS = 90.0  # without a worker's sign of life: it lives and does nothing, so it is killed and started again
WEB_WORKERS = 6
"""Of two threads each (cheban.site.asgi). Making a page is work for one core: processes share cores fairly, threads do
not. Measured in decision 0010."""


def run(
    host: Annotated[str, typer.Option(help="监听地址 · address to listen on")] = "127.0.0.1",
    logs: Annotated[bool, typer.Option("--logs", help="在终端显示日志 · show the logs here")] = False,
    demo: Annotated[bool, typer.Option(help="空库时装入演示数据 · demo data into an empty database")] = True,
) -> None:
    """启动网站和后台，Ctrl-C 停止 · start web and worker; Ctrl-C stops everything."""
    port = places.port()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    postgres.make_folders(places.data_dir())
    stack = contextlib.ExitStack()
    try:
        stack.enter_context(places.hold(places.data_dir() / "run" / "run.lock", wait=False))
    except BlockingIOError:
        raise Failed(
            f"{places.data_dir()} 已在运行：用 make stop 停止，或用 DATA_DIR= 和 PORT= 另起一份。"
            " It is running already on this data folder: `make stop`, or choose another DATA_DIR= and PORT=."
        ) from None
    children: list[Child] = []
    place: Place | None = None
    try:
        _require_free(host, port)
        with step(5, "启动数据库 · database"):
            place = places.make_ready()
        with step(6, "更新数据表 · tables"):
            places.migrate_if_changed(place)
        with step(7, "演示数据、网站和后台 · demo data, web and worker"):
            first_data = _start_first_data(place) if demo else None
            if first_data and not _has_stores(place):
                first_data.wait()  # web and worker find the whole demo, never half of it
            children = _children(place, host=host, port=port, logs=logs)
            for child in children:
                child.start()
            logins = _logins(first_data) if first_data else []
            _wait_until_healthy(children, host=host, port=port)
        _welcome(host=host, port=port, logins=logins, place=place)
        _watch(children, place)
    except KeyboardInterrupt:
        note("\n正在停止 · stopping …")
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not cut the clean end short
        _stop(children, place)
        stack.close()
    note("已停止，数据都在 · stopped, all data is kept")


def web_command(*, port: int, host: str = "127.0.0.1", workers: int = WEB_WORKERS) -> list[str]:
    """The web server: pages and the live stream on one port (decision 0010)."""
    return [
        *(
            sys.executable,
            "-m",
            "granian",
            "--interface",
            "asgi",
            "--loop",
            "asyncio",
            "--host",
            host,
            "--port",
            str(port),
        ),
        *("--workers", str(workers), "--no-ws", "--log-level", "warning"),
        *("--respawn-failed-workers", "--respawn-interval", "1", "--workers-kill-timeout", "6"),
        "cheban.site.asgi:application",
    ]


def _children(place: Place, *, host: str, port: int, logs: bool) -> list[Child]:
    web = web_command(host=host, port=port)
    worker = [sys.executable, "-m", "cheban", "worker"]
    env, folder = place.child_environ(), place.data_dir / "logs"
    env["PROMETHEUS_MULTIPROC_DIR"] = str(_figures(place))
    folder.mkdir(exist_ok=True)
    return [
        Child("web", web, env=env, log=folder / "web.log", echo=logs),
        Child("worker", worker, env=env, log=folder / "worker.log", echo=logs),
    ]


def _figures(place: Place) -> Path:
    """A new folder for the counts of requests, one file per web process (cheban.site.vitals). In memory where there is
    such a place: the files are mapped, and writing to a mapped file on a full disk kills the process."""
    name = hashlib.sha256(str(place.data_dir).encode()).hexdigest()[:12]
    shared = Path("/dev/shm")
    folder = shared / f"cheban-{name}" if os.access(shared, os.W_OK) else place.data_dir / "run" / "figures"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    return folder


def _require_free(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise Failed(
                    f"端口 {port} 已被别的程序占用：换一个，例如 make run PORT={port + 1}。"
                    f" Port {port} is taken: choose another, e.g. make run PORT={port + 1}."
                ) from None
            raise Failed(
                f"不能监听 {host}:{port}（{error.strerror}）：请换端口或地址。 Cannot listen there.",
            ) from None


def _has_stores(place: Place) -> bool:
    with psycopg.connect(place.environ["CHEBAN_DB_APP_URL"], connect_timeout=10) as app:
        return app.execute("SELECT EXISTS (SELECT FROM org_store)").fetchone()[0]


def _start_first_data(place: Place) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "cheban.cli.leash", sys.executable, "-m", "cheban.cli.first_data"],
        env=place.child_environ(owner=True) | {"CHEBAN_PARENT": str(os.getpid())},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )


def _logins(first_data: subprocess.Popen[str]) -> list[dict[str, str]]:
    output = first_data.communicate()[0]
    if first_data.returncode != 0:
        raise Failed(
            "演示数据没有装入，原因见上；可用 bin/cheban run --no-demo 跳过。"
            " The demo data did not load (see above); `bin/cheban run --no-demo` goes on without."
        )
    return json.loads(output.splitlines()[-1])["logins"]


def _wait_until_healthy(children: list[Child], *, host: str, port: int) -> None:
    web, began, broken_since = children[0], time.monotonic(), None
    while (status := _health(host, port)) != 200:
        for child in children:
            child.watch()
        now = time.monotonic()
        broken_since = (broken_since or now) if status is not None else None
        broken = broken_since is not None and now - broken_since > BROKEN_SECONDS
        if broken or web.deaths >= 3 or now - began > HEALTH_SECONDS:
            raise Failed(
                f"网站没有启动成功，见 {web.log.path} · the web server did not start, its last words:\n  "
                + "\n  ".join(web.last)
            )
        time.sleep(0.1)


def _health(host: str, port: int) -> int | None:
    """The status of /healthz; None when nobody answers."""
    name = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    connection = http.client.HTTPConnection(name, port, timeout=5)
    try:
        connection.request("GET", "/healthz", headers={"Host": f"127.0.0.1:{port}"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def _welcome(*, host: str, port: int, logins: list[dict[str, str]], place: Place) -> None:
    note(f"\n  车伴已启动 · Cheban is running:  http://{host}:{port}")
    if logins:
        note("  演示账号 · demo logins:")
        for row in logins:
            note(f"    {row['role']}  {row['login']} / {row['password']}")
    note(f"  数据 · data: {place.data_dir}    日志 · logs: {place.data_dir}/logs")
    note("  Ctrl-C 停止 · stops everything\n")


def _watch(children: list[Child], place: Place) -> None:
    """Keep all running until interrupted."""
    next_look, next_listen = 0.0, time.monotonic() + HUNG_SECONDS
    while True:
        for child in children:
            if sentence := child.watch():
                note(sentence)
                for line in list(child.last)[-3:]:
                    note(f"    {line}")
        if time.monotonic() > next_listen:
            next_listen = time.monotonic() + 15
            worker = next(child for child in children if child.name == "worker")
            if worker.seconds_up > HUNG_SECONDS and _worker_hangs(place):
                note("后台没有回应，重新启动 · the worker does not answer, starting it again")
                worker.kill()
        if place.embedded and time.monotonic() > next_look:
            # The supervisor starts PostgreSQL again; this is for the day the supervisor itself is killed.
            next_look = time.monotonic() + 2
            if not postgres.supervised(place.data_dir):
                note("数据库的看护进程不在了，重新启动 · the database's supervisor is gone, starting it again")
                try:
                    postgres.start(place.data_dir, tell=note)
                except postgres.ServerFailed as failed:
                    note(str(failed))
                    next_look = time.monotonic() + 15
        time.sleep(0.2)


def _worker_hangs(place: Place) -> bool:
    """Whether no worker has given a sign of life for too long. A database that is away says nothing about the worker."""
    try:
        with psycopg.connect(place.environ["CHEBAN_DB_APP_URL"], connect_timeout=5) as app:
            age = app.execute(
                "SELECT extract(epoch FROM now() - max(last_heartbeat)) FROM procrastinate_workers"
            ).fetchone()[0]
    except psycopg.Error:
        return False
    return age is not None and age > HUNG_SECONDS


def _stop(children: list[Child], place: Place | None) -> None:
    for child in children:
        child.ask_to_stop()
    until = time.monotonic() + STOP_SECONDS
    for child in children:
        if not child.stop(until=until):
            note(f"{child.name} 没有按时结束，已强行结束 · {child.name} was killed")
    if place is not None:
        shutil.rmtree(_figures(place), ignore_errors=True)
    if place is not None and place.started_database:
        with contextlib.suppress(postgres.ServerFailed):
            postgres.stop(place.data_dir)
