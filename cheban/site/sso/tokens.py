"""Is this identity token true, meant for us, fresh, and the answer to our own question? OpenID Connect Core 1.0, 3.1.3.7.

allauth takes a token that came over TLS without looking at its signature and knows no nonce; here everything is checked.
"""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import Any

import jwt

ALGORITHMS = ("RS256", "PS256", "ES256")
"""Asymmetric only: with HS256 a public key would do as the secret; `none` is none."""
LEEWAY_SECONDS = 60


class TokenRefused(Exception):
    """The token is not believed; `args[0]` says why, in one word for the log."""


def _require(holds: bool, why: str) -> None:
    if not holds:
        raise TokenRefused(why)


def verify(
    token: str,
    *,
    keys: list[dict],
    issuer: str,
    client_id: str,
    nonce: str,
    asked_at: float,
    max_age: int,
    at: datetime,
) -> dict[str, Any]:
    """The claims of an identity token. `keys` are the provider's JWKs; `asked_at` is when we sent the person there
    (seconds), who must have shown the provider who they are at most `max_age` seconds earlier. Raises TokenRefused."""
    claims, now = _signed_claims(token, keys), at.timestamp()
    _require(claims.get("iss") == issuer, "issuer")
    audience = claims.get("aud")
    audience = audience if isinstance(audience, list) else [audience]
    _require(client_id in audience, "audience")
    _require(claims.get("azp", client_id if len(audience) == 1 else None) == client_id, "authorized_party")
    _require(_moment(claims, "exp") > now - LEEWAY_SECONDS, "expired")
    _require(_moment(claims, "iat") < now + LEEWAY_SECONDS, "issued_later")
    _require(hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()) and bool(nonce), "nonce")
    _require(_moment(claims, "auth_time") + max_age + LEEWAY_SECONDS >= asked_at, "signed_in_long_ago")
    _require(isinstance(claims.get("sub"), str) and 0 < len(claims["sub"]) <= 255, "subject")
    return claims


def _moment(claims: dict, name: str) -> float:
    value = claims.get(name)
    _require(isinstance(value, int | float) and not isinstance(value, bool), f"no_{name}")
    return value


def _signed_claims(token: str, keys: list[dict]) -> dict[str, Any]:
    try:
        header = jwt.get_unverified_header(token)
        _require(header.get("alg") in ALGORITHMS, "algorithm")
        kid = header.get("kid")
        fitting = [key for key in keys if key.get("use", "sig") == "sig" and (kid is None or key.get("kid") == kid)]
        _require(len(fitting) == 1, "key")
        key = jwt.PyJWK(fitting[0], algorithm=header["alg"])
        unchecked = dict.fromkeys(
            ("exp", "nbf", "iat", "aud", "iss", "sub", "jti"), False
        )  # above, by the house's clock
        return jwt.decode(
            token,
            key,
            algorithms=[header["alg"]],
            options={"verify_signature": True} | {f"verify_{name}": value for name, value in unchecked.items()},
        )
    except (jwt.PyJWTError, TypeError, ValueError, AttributeError) as error:
        raise TokenRefused("signature") from error
