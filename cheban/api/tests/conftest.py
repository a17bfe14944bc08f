"""A program at the door: `program(role, *scopes)` gives a client with a token of that person."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from cheban.api import tokens
from cheban.api.models import ApiToken
from cheban.api.scopes import SCOPES, scopes_of
from cheban.org.access import actor_for
from cheban.org.roles import Role


@dataclass
class Program:
    """Sends JSON with a token; `language` is its Accept-Language."""

    text: str
    token: ApiToken | None = None
    language: str = "zh-CN"

    def send(self, method: str, path: str, body: Any = None, *, key: str = "", **headers: str) -> Any:
        """The response; `.json()` reads it."""
        sent = {"Accept-Language": self.language} | headers
        if self.text:
            sent["Authorization"] = f"Bearer {self.text}"
        if key:
            sent["Idempotency-Key"] = key
        data = body if isinstance(body, (str, bytes)) else "" if body is None else json.dumps(body)
        client = Client(raise_request_exception=False)
        return client.generic(method, f"/api/v1{path}", data, content_type="application/json", headers=sent)

    def get(self, path: str, **headers: str) -> Any:
        """GET."""
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any, *, key: str = "k", **headers: str) -> Any:
        """POST with a key."""
        return self.send("POST", path, body, key=key, **headers)


@pytest.fixture
def program(cast):
    """Makes programs of store A's people, as the token page does."""

    def make(role: str = Role.STORE_MANAGER, *scopes: str, stores: list[int] | None = None, **more: Any) -> Program:
        person = cast.staff[role]
        actor = actor_for(person)
        if "token.manage" in actor.permissions:
            shown = tokens.make(
                by=actor,
                name="ERP",
                scopes=scopes or scopes_of(actor.permissions),
                store_ids=stores or [cast.a.id],
                **more,
            )
            return Program(shown.text, shown.token)
        # a person who may not make tokens, as if they once could: what counts is what they may now
        secret = "s" * 43
        token = ApiToken.objects.create(
            name="ERP",
            prefix=f"{list(Role.values).index(role):012x}",
            secret_hash=tokens._hash(secret),
            maker=person,
            maker_stamp=tokens.stamp(person),
            store_ids=stores or [cast.a.id],
            scopes=list(scopes or SCOPES),
            expires_at="2030-01-01T00:00:00+08:00",
        )
        return Program(f"cbn_{token.prefix}_{secret}", token)

    return make
