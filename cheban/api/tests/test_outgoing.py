"""No way into the house's own network through an address that somebody typed. Reliability row 32."""

from __future__ import annotations

import http.client
import socket
import threading
import time

import pytest

from cheban.api.webhooks import outgoing

pytestmark = pytest.mark.req("R030")
HOSTILE = [
    "http://example.com/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "javascript:alert(1)",
    "//example.com/",
    "https://",
    "https:///x",
    "https://user:secret@example.com/",
    "https://user@example.com/",
    "https://example.com/#part",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://127.0.0.1:5432/",
    "https://localhost/",
    "https://localhost./",
    "https://0.0.0.0/",
    "https://0/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://172.31.255.255/",
    "https://192.168.1.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://100.100.100.200/",
    "https://100.64.0.1/",
    "https://198.18.0.1/",
    "https://192.0.0.192/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://240.0.0.1/",
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[0:0:0:0:0:ffff:7f00:1]/",
    "https://[fe80::1]/",
    "https://[fc00::1]/",
    "https://[fd00:ec2::254]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[2001:0:7f00:1::]/",
    "https://[ff02::1]/",
    "https://[fec0::1]/",
    "https://example.com:99999/",
    "https://example.com:0/",
]


@pytest.mark.parametrize(
    "url", [*HOSTILE, "https://exam ple.com/", "https://a\r\nX: y/", "https://a\\@127.0.0.1/", "x" * 600]
)
def test_hostile_addresses_are_refused(url):
    assert len(HOSTILE) >= 40
    with pytest.raises((outgoing.BadAddress, OSError)) as caught:
        outgoing.target_of(url)
    if isinstance(caught.value, OSError):  # a way of writing numbers that this system's resolver does not know
        assert isinstance(caught.value, socket.gaierror)


def test_one_private_address_among_public_ones_is_enough_to_refuse():
    with pytest.raises(outgoing.BadAddress):
        outgoing.target_of("https://example.com/", resolving=lambda _h, _p: ["93.184.216.34", "10.0.0.1"])


def test_a_name_is_resolved_once_and_the_connection_goes_to_that_address(monkeypatch):
    """DNS rebinding: the second answer would be the loopback."""
    answers, asked, connected = [["93.184.216.34"], ["127.0.0.1"]], [], []

    def resolving(host, port):
        asked.append(host)
        return answers[min(len(asked), 2) - 1]

    def connect(address, timeout):
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(ConnectionRefusedError):
        outgoing.post("https://rebind.example.com/hook", b"{}", {}, resolving=resolving)
    assert asked == ["rebind.example.com"]
    assert connected == [("93.184.216.34", 443)]


def test_only_hosts_that_the_operator_names_are_exempt(monkeypatch):
    monkeypatch.setenv("CHEBAN_WEBHOOK_ALLOW", "127.0.0.1:9000 crm.local")
    assert outgoing.target_of("http://127.0.0.1:9000/x").port == 9000
    assert outgoing.target_of("http://crm.local/x?y=1", resolving=lambda _h, _p: ["10.0.0.9"]).ip == "10.0.0.9"
    for url in ("http://127.0.0.1:9001/x", "http://localhost:9000/x", "https://[::ffff:127.0.0.1]:9000/x"):
        with pytest.raises(outgoing.BadAddress):
            outgoing.target_of(url)


@pytest.fixture
def trickle(monkeypatch):
    """A receiver that answers as `trickle.chunks` says: (bytes, seconds to wait after)."""
    server = socket.create_server(("127.0.0.1", 0))
    monkeypatch.setenv("CHEBAN_WEBHOOK_ALLOW", "127.0.0.1")

    class Trickle:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        chunks: list[tuple[bytes, float]] = []

    def serve():
        try:
            connection, _address = server.accept()
            connection.recv(65536)
            for chunk, wait in Trickle.chunks:
                connection.sendall(chunk)
                time.sleep(wait)
            connection.close()
        except OSError:
            pass

    threading.Thread(target=serve, daemon=True).start()
    yield Trickle
    server.close()


def test_a_trickle_of_bytes_does_not_outlive_the_time_limit(trickle, monkeypatch):
    monkeypatch.setattr(outgoing, "SECONDS", 1)
    trickle.chunks = [(b"HTTP/1.1 200 OK\r\n", 0.0)] + [(b"X-Y: z\r\n", 0.3)] * 30
    begin = time.monotonic()
    with pytest.raises((OSError, http.client.HTTPException)):
        outgoing.post(trickle.url, b"{}", {})
    assert time.monotonic() - begin < 3


def test_a_long_answer_is_cut(trickle):
    trickle.chunks = [(b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + b"x" * 300_000, 0.0)]
    answer = outgoing.post(trickle.url, b"{}", {})
    assert (answer.status, len(answer.body)) == (200, outgoing.MOST_ANSWER)
