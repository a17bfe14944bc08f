"""The same request sent again gets the same answer, byte for byte, and nothing happens twice. Rows 54-55.

The row of the key is inserted first, in the request's own transaction. A second request with the key waits at the
unique index until the first ends: then it finds the answer, or, when the first came to nothing, does the work itself.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timedelta

from django.db import OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from cheban.api.models import ApiToken, KeptAnswer
from cheban.core import privacy
from cheban.core.errors import Refused
from cheban.core.ids import new_id

KEPT_FOR = timedelta(hours=48)
WAIT = "5s"
_KEY = re.compile(r"[\x21-\x7e]{1,128}")


class KeyMissing(Refused):
    """A request that creates something came without an Idempotency-Key, or with one that cannot be."""

    status = 400


class KeyUsed(Refused):
    """The key came before with another request."""

    status = 422


class KeyBusy(Refused):
    """The first request with this key is still running."""

    status = 409


def key_of(request: HttpRequest, *, is_required: bool) -> str:
    """The key of a request; '' when there is none and none is needed. Raises KeyMissing."""
    key = request.headers.get("Idempotency-Key", "")
    if key and not _KEY.fullmatch(key):
        raise KeyMissing(_("Idempotency-Key 应是 1 到 128 个可见的 ASCII 字符，例如一个 UUID。"))
    if is_required and not key:
        raise KeyMissing(_("这个请求要带 Idempotency-Key，例如一个 UUID；重试时用同一个。"))
    return key


def hash_of(request: HttpRequest) -> bytes:
    """32 bytes of method, address and body."""
    head = f"{request.method} {request.get_full_path()}\n".encode()
    return hashlib.sha256(head + request.body).digest()


def begin(token: ApiToken, key: str, request: HttpRequest) -> KeptAnswer | HttpResponse:
    """The key's new row, to be filled; or the answer that was given. In the request's transaction.

    Raises KeyUsed for another request under the key, KeyBusy when the first takes longer than five seconds.
    """
    asked = hash_of(request)
    row = KeptAnswer(id=new_id(), token_id=token.id, key=key, request_hash=asked)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{WAIT}'")
            cursor.execute(
                """INSERT INTO api_keptanswer (id, token_id, key, request_hash, content_type) VALUES (%s, %s, %s, %s, '')
                   ON CONFLICT (token_id, key) DO NOTHING""",
                [row.id, token.id, key, asked],
            )
            is_first = cursor.rowcount == 1
            cursor.execute("SET LOCAL lock_timeout = DEFAULT")
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") != "55P03":
            raise
        raise KeyBusy(_("同一个 Idempotency-Key 的请求还在处理，请稍后用同一个重试。")) from None
    if is_first:
        return row
    known = KeptAnswer.objects.get(token_id=token.id, key=key)
    if bytes(known.request_hash) != asked:
        raise KeyUsed(_("这个 Idempotency-Key 用过，而请求不同。新的请求请用新的。"))
    return _again(known)


def keep(row: KeptAnswer, response: HttpResponse) -> None:
    """Keep what was answered, refusals too."""
    body = response.content.decode()
    KeptAnswer.objects.filter(id=row.id).update(
        status=response.status_code,
        content_type=response["Content-Type"][:64],
        body_sealed=privacy.seal(body, bound_to=f"api_keptanswer.body:{row.id}"),
    )


def _again(known: KeptAnswer) -> HttpResponse:
    body = privacy.unseal(known.body_sealed, bound_to=f"api_keptanswer.body:{known.id}")
    response = HttpResponse(body.encode(), status=known.status, content_type=known.content_type)
    response["Idempotent-Replayed"] = "true"
    return response


def forget(*, at: datetime) -> int:
    """Delete what is older than 48 hours; returns how many. For a timer."""
    return KeptAnswer.objects.filter(created_at__lt=at - KEPT_FOR).delete()[0]
