"""An OpenID provider on this machine, over real HTTP: discovery, keys, code with PKCE, RS256. OpenID Connect Core 1.0."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import secrets
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from cheban.core import clock

CLIENT_ID, CLIENT_SECRET = "cheban", "a-secret-of-the-client"


class Provider:
    """What it believes about the person at the browser, and how it can be made to lie."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.person: dict[str, Any] = {}
        self.signed_in_ago = 0  # seconds
        self.lies: dict[str, Any] = {}  # claims that replace the true ones
        self.sign_with: Any = self.key
        self.algorithm = "RS256"
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: dict[str, str] = {}  # the last question
        self.issuer = ""
        self.describes_itself_as = ""
        self.now = 0.0

    def authorize(self, query: dict[str, str]) -> str:
        """Where the browser is sent back to."""
        self.asked = query
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        return query["redirect_uri"] + "?" + urlencode({"code": code, "state": query["state"]})

    def token(self, form: dict[str, str]) -> tuple[int, dict]:
        """A code for a token, once, for whoever holds the verifier and the secret."""
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if (
            asked is None
            or asked.get("code_challenge_method") != "S256"
            or challenge.decode().rstrip("=") != asked["code_challenge"]
            or form.get("redirect_uri") != asked["redirect_uri"]
            or (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET)
        ):
            return 400, {"error": "invalid_grant"}
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": "subject-1",
            "iat": int(self.now),
            "exp": int(self.now) + 300,
            "auth_time": int(self.now) - self.signed_in_ago,
            "nonce": asked.get("nonce", ""),
        } | self.person
        claims = {name: value for name, value in (claims | self.lies).items() if value is not None}
        signed = jwt.encode(claims, self.sign_with, algorithm=self.algorithm, headers={"kid": "k1"})
        return 200, {"access_token": "unused", "token_type": "Bearer", "id_token": signed}

    def discovery(self) -> dict:
        """The description of itself."""
        return {
            "issuer": self.describes_itself_as or self.issuer,
            "authorization_endpoint": self.issuer + "/authorize",
            "token_endpoint": self.issuer + "/token",
            "jwks_uri": self.issuer + "/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }

    def keys(self) -> dict:
        """The public key."""
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [public | {"kid": "k1", "use": "sig", "alg": "RS256"}]}


@contextlib.contextmanager
def provider() -> Iterator[Provider]:
    """The provider, listening."""
    made = Provider()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args) -> None:
            pass

        def _say(self, status: int, body: dict) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/authorize":
                self.send_response(302)
                query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
                self.send_header("Location", made.authorize(query))
                self.end_headers()
            elif parts.path == "/.well-known/openid-configuration":
                self._say(200, made.discovery())
            elif parts.path == "/keys":
                self._say(200, made.keys())
            else:
                self._say(404, {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._say(*made.token({key: values[-1] for key, values in parse_qs(body).items()}))

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.issuer = f"http://127.0.0.1:{server.server_port}"
    made.now = clock.now().timestamp()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
