"""Signatures of Standard Webhooks 1.0.0: HMAC-SHA256 over 'id.timestamp.body', base64, versioned v1."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

MARK = "whsec_"


def new_secret() -> str:
    """A secret of 32 random bytes, as receivers' libraries take it."""
    return MARK + base64.b64encode(secrets.token_bytes(32)).decode()


def headers(secret: str, *, webhook_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of a delivery. `timestamp` is seconds since 1970, of this attempt."""
    key = base64.b64decode(secret.removeprefix(MARK))
    signed = hmac.digest(key, f"{webhook_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": "v1," + base64.b64encode(signed).decode(),
    }
