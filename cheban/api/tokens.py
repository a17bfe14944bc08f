"""Tokens: made by a person, shown once, found by their prefix, ended by themselves when the maker goes. Row 18, 22."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from cheban.api.models import ApiToken
from cheban.api.scopes import SCOPES, limit_of, scopes_of
from cheban.core import clock
from cheban.core.errors import NotFound, NotPermitted, Refused
from cheban.org.access import Actor, actor_for, audit, command
from cheban.org.models import Staff, StaffRole, Store

LONGEST_DAYS = 730
MARK = "cbn"
USED_EVERY = timedelta(minutes=1)
"""The moment of last use is written at most so often."""


class Invalid(Refused):
    """A token that cannot be so; `facts` maps field -> sentence."""

    status = 422


class NoToken(Refused):
    """Nobody, or a token that has ended. `facts['because']` says which."""

    status = 401


@dataclass(frozen=True, slots=True)
class Shown:
    """A new token and its text, which nobody can read again."""

    token: ApiToken
    text: str


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def stamp(staff: Staff) -> bytes:
    """Password and roles of a person as 32 bytes: another stamp means that one of them changed."""
    roles = sorted(StaffRole.objects.filter(staff=staff).values_list("store_id", "role"))
    return hashlib.sha256(f"{staff.get_session_auth_hash()}|{roles}".encode()).digest()


@command("token.manage")
def make(
    *, by: Actor, name: str, scopes: Sequence[str], store_ids: Sequence[int], days: int = 365, per_minute: int = 600
) -> Shown:
    """A token of `by` for these stores. Raises Invalid; NotPermitted for more than `by` may in each of the stores."""
    wrong: dict[str, Any] = {}
    if not name.strip():
        wrong["name"] = _("请填写用途，例如“某某ERP同步”。")
    if not scopes or set(scopes) - set(SCOPES):
        wrong["scopes"] = _("请至少选择一项。")
    if not store_ids or set(store_ids) - set(by.stores):
        wrong["stores"] = _("请选择您所在的门店。")
    if not 1 <= days <= LONGEST_DAYS:
        wrong["days"] = _("有效期是 1 到 %(n)d 天。") % {"n": LONGEST_DAYS}
    if not 1 <= per_minute <= 6000:
        wrong["per_minute"] = _("每分钟 1 到 6000 次。")
    if by.staff_id is None:
        wrong["name"] = _("令牌要由一位同事建立。")
    if wrong:
        raise Invalid(_("有几处需要改正。"), **wrong)
    there = Actor(by.staff_id, by.name, by.roles, tuple(sorted(store_ids)), limit=by.limit)
    if above := set(scopes) - set(scopes_of(there.permissions)):
        labels = _("、").join(str(SCOPES[s].label) for s in SCOPES if s in above)
        raise NotPermitted(_("令牌不能超过您自己的权限：%(what)s") % {"what": labels})
    maker, secret = Staff.objects.get(id=by.staff_id), secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        name=name.strip()[:64],
        prefix=secrets.token_hex(6),
        secret_hash=_hash(secret),
        maker=maker,
        maker_stamp=stamp(maker),
        store_ids=sorted(set(store_ids)),
        scopes=[s for s in SCOPES if s in scopes],
        per_minute=per_minute,
        expires_at=clock.now() + timedelta(days=days),
    )
    for store_id in token.store_ids:
        audit("token.made", by=by, subject=f"token:{token.prefix}", store_id=store_id, scopes=token.scopes, days=days)
    return Shown(token, f"{MARK}_{token.prefix}_{secret}")


@command("token.manage")
def revoke(token: ApiToken, *, by: Actor) -> None:
    """End a token at once; ended ones stay ended."""
    if ApiToken.objects.filter(id=token.id, ended_at=None).update(ended_at=clock.now(), ended_because="revoked"):
        for store_id in token.store_ids:
            audit("token.revoked", by=by, subject=f"token:{token.prefix}", store_id=store_id)


def get(token_id: UUID, actor: Actor) -> ApiToken:
    """A token whose stores all lie in the scope. Raises NotFound."""
    found = ApiToken.objects.filter(id=token_id, store_ids__contained_by=list(actor.stores)).first()
    if found is None:
        raise NotFound(_("没有这个令牌，或不属于您的门店。"))
    return found


def listed(actor: Actor, *, at: datetime) -> list[dict[str, Any]]:
    """Tokens of the scope, those in force first. Two queries."""
    rows = ApiToken.objects.filter(store_ids__contained_by=list(actor.stores)).select_related("maker")
    names = dict(Store.objects.filter(id__in=actor.stores).values_list("id", "name"))
    return [
        {
            "token": token,
            "stores": [names[s] for s in token.store_ids],
            "scopes": [SCOPES[s] for s in token.scopes if s in SCOPES],
            "is_alive": token.ended_at is None and token.expires_at > at,
            "because": token.ended_because or ("expired" if token.expires_at <= at else ""),
        }
        for token in sorted(rows, key=lambda t: (t.ended_at is not None, t.expires_at <= at, -t.created_at.timestamp()))
    ]


def end(token: ApiToken, because: str) -> None:
    """Write down that a token has ended by itself."""
    ApiToken.objects.filter(id=token.id, ended_at=None).update(ended_at=clock.now(), ended_because=because)


def end_orphans() -> int:
    """End tokens whose maker went, or whose password or roles changed since; returns how many. For a timer."""
    ended = 0
    for token in ApiToken.objects.filter(ended_at=None).select_related("maker"):
        if because := _why_orphan(token):
            end(token, because)
            ended += 1
    return ended


def _why_orphan(token: ApiToken) -> str:
    if not token.maker.is_active:
        return "maker"
    return "" if hmac.compare_digest(stamp(token.maker), bytes(token.maker_stamp)) else "roles"


def authenticate(header: str, *, at: datetime) -> ApiToken:
    """The token of an Authorization header. Raises NoToken. Two queries, a third once a minute."""
    kind, _sep, text = header.partition(" ")
    parts = text.strip().split("_", 2)
    if kind.lower() != "bearer" or len(parts) != 3 or parts[0] != MARK or "\x00" in text:
        raise NoToken(_("请在 Authorization 里写 Bearer 和令牌。"), because="none")
    token = ApiToken.objects.filter(prefix=parts[1][:12]).select_related("maker").first()
    known = bytes(token.secret_hash) if token else bytes(32)
    if not hmac.compare_digest(_hash(parts[2]), known) or token is None:
        raise NoToken(_("没有这个令牌。请检查是否复制完整。"), because="unknown")
    if token.ended_at is None and (because := _why_orphan(token)):
        end(token, because)
        token.ended_at, token.ended_because = at, because
    if token.ended_at is not None or token.expires_at <= at:
        raise NoToken(_("这个令牌已失效，请重新建立一个。"), because=token.ended_because or "expired")
    if token.last_used_at is None or at - token.last_used_at >= USED_EVERY:
        ApiToken.objects.filter(id=token.id).update(last_used_at=at)
    return token


def actor_of(token: ApiToken, *, origin: str) -> Actor:
    """The maker, narrowed to the token's stores and scopes. Raises NoToken when none of the stores is left."""
    maker = actor_for(token.maker, origin=f"{origin} {token.prefix}"[:64])
    stores = tuple(s for s in token.store_ids if s in maker.stores)
    if not stores:
        raise NoToken(_("这个令牌的门店已不归您。请重新建立一个。"), because="stores")
    return Actor(maker.staff_id, maker.name, maker.roles, stores, maker.origin, limit_of(token.scopes))
