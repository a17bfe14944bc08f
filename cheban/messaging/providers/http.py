"""How providers over HTTP are called: short waits, and what a failure of the line means. Reliability 5.2.

A call that surely did not reach the other side may be made again (`Busy`); one that was handed over and got no answer
may have gone out (`Unsure`).
"""

from __future__ import annotations

from typing import Any

import httpx

from cheban.messaging.channels import Busy, Outcome, Unsure

TIMEOUT = httpx.Timeout(10, connect=5)
NOT_REACHED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


def post(url: str, params: dict[str, str], body: dict[str, Any]) -> dict[str, Any] | Outcome:
    """The JSON object of an answer, or what a call without one came to. No redirect is followed: a secret stands in the
    address. Never raises for what the other side does."""
    return _call("POST", url, params, body)


def get(url: str, params: dict[str, str]) -> dict[str, Any] | Outcome:
    """As `post`, without a body."""
    return _call("GET", url, params, None)


def _call(method: str, url: str, params: dict[str, str], body: dict[str, Any] | None) -> dict[str, Any] | Outcome:
    try:
        answer = httpx.request(method, url, params=params, json=body, timeout=TIMEOUT, trust_env=False)
    except NOT_REACHED as error:
        return Busy(60, f"no_connection {type(error).__name__}")
    except httpx.HTTPError as error:
        return Unsure(f"no_answer {type(error).__name__}")
    return read(answer)


def read(answer: httpx.Response) -> dict[str, Any] | Outcome:
    """The JSON object of an answer; 429 and 503 say that nothing was taken, any other failure does not say."""
    if answer.status_code in (429, 503):
        return Busy(_wait(answer), f"HTTP {answer.status_code}")
    if answer.status_code >= 300:
        return Unsure(f"HTTP {answer.status_code}")
    try:
        found = answer.json()
    except ValueError:
        return Unsure("no_answer not JSON")
    return found if isinstance(found, dict) else Unsure("no_answer not an object")


def _wait(answer: httpx.Response) -> float:
    text = answer.headers.get("Retry-After", "")
    return min(float(text), 3600.0) if text.isascii() and text.isdigit() else 60.0
