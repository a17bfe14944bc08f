"""The one way out to an address that somebody typed: no way into the house's own network. SSRF, reliability row 32.

The name is resolved once, every address that comes back must be a public one, and the connection goes to that very
address: a name that answers differently the second time (DNS rebinding) is not asked a second time. No redirects, ten
seconds in all, 64 KB of answer.

`CHEBAN_WEBHOOK_ALLOW` names hosts that are exempt, e.g. an ERP beside this server: 'erp.local 10.0.0.5:8080'. Only
they may be asked without https.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from django.utils.translation import gettext as _

from cheban.core.errors import Refused

SECONDS = 10
MOST_ANSWER = 64 * 1024
Resolve = Callable[[str, int], list[str]]
_NOT_PUBLIC = [
    ipaddress.ip_network(text)
    for text in (
        *("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "fec0::/10", "192.88.99.0/24", "100::/64"),
        *("0.0.0.0/8", "100.64.0.0/10", "198.18.0.0/15", "192.0.0.0/24", "240.0.0.0/4"),
    )
]
"""Beyond what `is_global` knows: ways through to private addresses (NAT64, 6to4, Teredo), carriers, benchmarks."""


class BadAddress(Refused):
    """An address that webhooks may not go to; the message says why."""

    status = 422


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, at most 64 KB, how long it took."""

    status: int
    body: bytes
    ms: int


@dataclass(frozen=True, slots=True)
class Target:
    """An address that was looked at: where to connect, and what to say there."""

    scheme: str
    host: str
    port: int
    path: str
    ip: str


def _inside() -> str:
    return _("这个地址在内部网络里，不能推送。内网的系统请管理员在 CHEBAN_WEBHOOK_ALLOW 里写明。")


def allowed() -> frozenset[str]:
    """Hosts, or host:port, that the operator of this server vouches for."""
    return frozenset(os.environ.get("CHEBAN_WEBHOOK_ALLOW", "").lower().split())


def is_public(ip: str) -> bool:
    """Whether an address lies in the public internet, however it is written."""
    address = ipaddress.ip_address(ip.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if address.is_multicast or not address.is_global:
        return False
    return not any(address.version == net.version and address in net for net in _NOT_PUBLIC)


def resolve(host: str, port: int) -> list[str]:
    """All addresses of a name, in the system's order. Raises OSError."""
    return list(dict.fromkeys(str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


def look_at(url: str) -> tuple[SplitResult, str, int, bool]:
    """(parts, host, port, whether the operator vouches for it). Raises BadAddress for what no webhook may go to."""
    try:
        if len(url) > 500 or any(c.isspace() or not c.isprintable() or c == "\\" for c in url):
            raise ValueError
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".").encode("idna").decode().lower() if parts.hostname else ""
        port = {"https": 443, "http": 80}.get(parts.scheme, 0) if parts.port is None else parts.port
    except (ValueError, UnicodeError):
        raise BadAddress(_("这个地址写得不对，应像 https://erp.example.com/hook。")) from None
    if not host or not port or parts.scheme not in ("https", "http"):
        raise BadAddress(_("这个地址写得不对，应像 https://erp.example.com/hook。"))
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise BadAddress(_("地址里不能有用户名、密码或 #。"))
    vouched = bool({host, f"{host}:{port}"} & allowed())
    with contextlib.suppress(ValueError):  # a name; its addresses are looked at when something is sent
        if not vouched and not is_public(host.strip("[]")):
            raise BadAddress(_inside())
    if parts.scheme != "https" and not vouched:
        raise BadAddress(_("只能用 https。内网的系统请管理员在 CHEBAN_WEBHOOK_ALLOW 里写明。"))
    return parts, host, port, vouched


def target_of(url: str, *, resolving: Resolve = resolve) -> Target:
    """Where a request to this address goes. Raises BadAddress; OSError when the name is unknown."""
    parts, host, port, vouched = look_at(url)
    try:
        addresses = resolving(host.strip("[]"), port)
    except UnicodeError:
        raise BadAddress(_("这个地址写得不对，应像 https://erp.example.com/hook。")) from None
    if not addresses or not (vouched or all(map(is_public, addresses))):
        raise BadAddress(_inside())
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port, path, addresses[0])


def post(url: str, body: bytes, headers: Mapping[str, str], *, resolving: Resolve = resolve) -> Answer:
    """Send, and read the answer. Raises BadAddress, OSError (also timeouts), http.client.HTTPException."""
    begin = time.monotonic()
    target = target_of(url, resolving=resolving)
    raw = socket.create_connection((target.ip, target.port), timeout=SECONDS)
    watch = threading.Timer(SECONDS, _cut, [raw])  # a trickle of bytes would outlive the timeout of each read
    watch.daemon = True
    watch.start()
    try:
        stream = raw
        if target.scheme == "https":
            stream = ssl.create_default_context().wrap_socket(raw, server_hostname=target.host)
        connection = http.client.HTTPConnection(target.host, target.port, timeout=SECONDS)
        connection.sock = stream
        try:
            usual = {"https": 443, "http": 80}[target.scheme]
            host = f"[{target.host}]" if ":" in target.host else target.host
            connection.putrequest("POST", target.path, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", host if target.port == usual else f"{host}:{target.port}")
            for name, value in {"Content-Length": str(len(body)), "Connection": "close", **headers}.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
            answer = response.read(MOST_ANSWER)
            if time.monotonic() - begin > SECONDS:  # cut off: what looks like an answer is the half of one
                raise TimeoutError
            return Answer(response.status, answer, round((time.monotonic() - begin) * 1000))
        finally:
            connection.close()
    finally:
        watch.cancel()
        _cut(raw)


def _cut(raw: socket.socket) -> None:
    with contextlib.suppress(OSError):
        raw.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError):
        raw.close()
