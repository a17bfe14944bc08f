"""One rendering of an open page's parts for all who see the same. Y07, decision 0037.

After one change two hundred boards fetch their parts at once (`core/live`). Those of people with the same stores,
permissions and language are the same text but for the forms' token. So the first to ask renders, and whoever asks in
the same state of the database gets that text with their own token. The state is PostgreSQL's own snapshot: no change
can be missed, whichever process answers, and nobody has to be told to forget. All web processes share what is kept:
sealed files that live a minute or two.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Hashable
from hashlib import sha256
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.utils.translation import get_language

from cheban.core import clock, live, privacy

TOKEN = "token-of-whoever-asks-" + "0" * 42
"""Stands for the forms' token in what is kept."""
SECONDS = 5
"""How old the waiting times on a page may be: what is kept is not used longer."""
_LITTER_SECONDS = 60


def of_all(request: HttpRequest, own: Hashable, render: Callable[[], HttpResponse]) -> HttpResponse:
    """The answer to a fetch of parts: rendered with TOKEN for the forms' token, or what somebody else was answered.

    `own` is what of this person the page shows besides stores, permissions and language. Only pages of status 200 are
    kept. An asker whose transaction has written something is answered alone, and so is everybody on a full disk.
    """
    state = _state()
    if state is None:
        return _own(request, render())
    seen = (request.get_full_path(), sorted(live.parts(request.headers)), own, *_seen(request), state)
    name = sha256(repr(seen).encode()).hexdigest()
    try:
        _folder().mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(_folder() / name, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        return _own(request, render())
    with os.fdopen(handle, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # of several who ask at once one renders, the others wait for it
        if (text := _read(file.read(), name)) is None:
            response = render()
            if response.status_code != 200 or not response.get("Content-Type", "").startswith("text/html"):
                return _own(request, response)
            text = response.content.decode()
            with contextlib.suppress(OSError):
                file.seek(0)
                file.truncate()
                file.write(privacy.seal(text, bound_to=f"rendering:{name}"))
                file.flush()
            sweep()
    return _own(request, HttpResponse(text))


def _seen(request: HttpRequest) -> tuple[Hashable, ...]:
    """What decides which rows, buttons and words somebody sees."""
    actor, database = request.actor, settings.DATABASES["default"]
    until = int(clock.now().timestamp() // SECONDS)
    return (actor.stores, tuple(sorted(actor.permissions)), get_language(), until, database["NAME"], database["PORT"])


def _state() -> str | None:
    """The state of the database that this transaction sees; None once it has changed something itself."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT CASE WHEN pg_current_xact_id_if_assigned() IS NULL THEN pg_current_snapshot()::text END")
        return cursor.fetchone()[0]


def _read(blob: bytes, name: str) -> str | None:
    """What is kept under this name; None when nothing is, or what is there cannot be opened (half written, other keys)."""
    try:
        return privacy.unseal(blob, bound_to=f"rendering:{name}") if blob else None
    except privacy.SealBroken:
        return None


def _folder() -> Path:
    return settings.DATA_DIR / "tmp" / "renderings"


def sweep() -> None:
    """Remove what nobody will ask for again: with every rendering and every minute, so that names of people who were
    erased are gone from here too."""
    oldest = time.time() - _LITTER_SECONDS  # as the disk dates its files, which no test moves
    with contextlib.suppress(FileNotFoundError), os.scandir(_folder()) as found:
        for each in found:
            with contextlib.suppress(FileNotFoundError):
                if each.stat().st_mtime < oldest:
                    os.unlink(each.path)


def _own(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """With the asker's own token in its forms."""
    if TOKEN.encode() in response.content:
        response.content = response.content.replace(TOKEN.encode(), get_token(request).encode())
    return response
