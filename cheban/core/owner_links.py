"""Links that open one page of ours for a car owner without signing in. R038, R132, Y05.

The secret part is an HMAC under a key of the house over what the link opens and how often it was renewed: it can be
made again when a message goes out, and nothing in the database opens a page, since rows keep its SHA-256 only. The
part before it names the store, so that row-level security is set before anything is read. 128 bits cannot be guessed;
whoever tries is slowed down all the same (`is_guessing`).
"""

from __future__ import annotations

import base64
import hmac
import re
from hashlib import sha256
from typing import Any

import qrcode
from django.conf import settings
from django.core.cache import cache
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from cheban.core import clock, privacy
from cheban.core.errors import NotFound

SECRET_BYTES = 16
_SECRET = re.compile(r"(/[a-z]/[0-9]+\.)[A-Za-z0-9_-]{16,64}")
WRONG_A_MINUTE = 20
"""How many links that do not work an address may ask for in a minute."""


def token_of(kind: str, row_id: Any, *, store_id: int, number: int = 1) -> str:
    """The token of a row's link: 'store.secret', safe in an address. `number` rises when the link is renewed: the one
    before it opens nothing any more."""
    said = f"owner-link/{kind}/{store_id}/{row_id}/{number}".encode()
    secret = hmac.new(privacy.index_key(), said, sha256).digest()[:SECRET_BYTES]
    return f"{store_id}.{base64.urlsafe_b64encode(secret).decode().rstrip('=')}"


def digest(token: str) -> bytes:
    """What is kept of a token, and looked up."""
    return sha256(token.encode()).digest()


def store_of(token: str) -> int:
    """The store that a token names; whether the token is ours is known by its row only. Raises NotFound."""
    store, _dot, secret = token.partition(".")
    if not (store.isascii() and store.isdigit() and len(store) < 9 and 8 <= len(secret) <= 64):
        raise NotFound(_("这个链接不能用。"))
    return int(store)


def masked(text: str) -> str:
    """A text with the secrets of its links left out: whoever reads the outbox does not answer for the owner."""
    return _SECRET.sub(r"\1…", text)


def address(path: str, *, here: str = "") -> str:
    """The whole address of one of our pages, for a message; '' when nobody has said where the site stands.

    `here` is the address at which a colleague reads us now: it stands in where none is configured (a phone in the same
    network scans it from the screen).
    """
    root = here if here and not settings.CSRF_TRUSTED_ORIGINS else settings.SITE_ADDRESS
    return f"{root.rstrip('/')}{path}" if root else ""


def is_guessing(origin: str, *, missed: bool = False) -> bool:
    """Whether an address asked for too many links that do not work within this minute; `missed` counts one more."""
    key = "owner-link:" + sha256(f"{origin}/{int(clock.now().timestamp()) // 60}".encode()).hexdigest()
    count = cache.get(key, 0)
    if missed:
        count += 1
        cache.set(key, count, 120)
    return count > WRONG_A_MINUTE


def drawn(address: str) -> SafeString:
    """A QR code of an address as an image of one path (SVG), for a phone held over the screen or a print on the wall.
    Nothing of the address but its dots: whoever shows it names it."""
    code = qrcode.QRCode(border=2, error_correction=qrcode.constants.ERROR_CORRECT_M)
    code.add_data(address)
    code.make()
    rows = code.get_matrix()
    path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
    return format_html(
        '<svg class="qr" viewBox="0 0 {} {}" aria-hidden="true"><path d="{}"/></svg>', len(rows), len(rows), path
    )
