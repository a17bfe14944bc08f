"""Accounts at providers: who sends for a store, with which settings; secrets go in and never come out. R044, Y07.

A store's own account goes before its group's. Without one a message ends on paper (`channels`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings as site_settings
from django.db.models import Count, F, Q
from django.utils.translation import gettext as _

from cheban.core import clock, privacy
from cheban.core.errors import NotFound, Refused, WrongState
from cheban.core.ids import new_id
from cheban.messaging import texts
from cheban.messaging.channels import Accepted, Channel, Letter, Outcome
from cheban.messaging.models import ChannelAccount, Message
from cheban.messaging.providers import PROVIDERS, Provider, Setting
from cheban.messaging.providers.smtp import LOCAL
from cheban.messaging.wording import group_of
from cheban.org.access import Actor, audit, command
from cheban.org.models import Staff, Store

TEST_EVERY = timedelta(seconds=10)
MOST_CHARS = 2000


class WrongAccount(Refused):
    """Settings that cannot be used; `facts` maps field -> sentence."""

    status = 422


def account_of_store(store_id: int, channel: str) -> ChannelAccount | None:
    """The account that a store sends by, or None. One query."""
    return (
        ChannelAccount.objects.filter(group__store=store_id, channel=channel, is_on=True, removed_at=None)
        .filter(Q(only_store=store_id) | Q(only_store=None))
        .order_by(F("only_store").asc(nulls_last=True))
        .first()
    )


def channel_of_store(store_id: int, channel: str) -> Channel | None:
    """The channel that a store sends by, or None. One query. Fills the slot messaging.channel."""
    row = account_of_store(store_id, channel)
    return channel_of_account(row) if row else None


def robot_also_tells(store_id: int, what: str) -> bool:
    """Whether a store's group robot is to tell of this too, beside red alerts. One query."""
    row = account_of_store(store_id, Message.Channel.ROBOT)
    return row is not None and row.settings.get("also") == what


def channel_of_account(row: ChannelAccount) -> Channel:
    """The channel of an account, its secrets opened. Raises SealBroken."""
    return PROVIDERS[row.provider].make(str(row.id), row.settings | _secrets(row))


def _secrets(row: ChannelAccount) -> dict[str, str]:
    return json.loads(privacy.unlock(row.secrets, purpose=f"channel:{row.id}")) if row.secrets else {}


def checked(provider: Provider, given: Mapping[str, str], kept: Mapping[str, str]) -> tuple[dict, dict]:
    """(settings, secrets) of what was typed; an empty secret keeps the one there is. Raises WrongAccount."""
    wrong: dict[str, str] = {}
    plain: dict[str, str] = {}
    secret: dict[str, str] = {}
    for setting in provider.settings:
        value = str(given.get(setting.name, "")).replace("\r\n", "\n").strip()
        if setting.is_secret:
            value = value or kept.get(setting.name, "")
        value = value or setting.default
        if sentence := _wrong(setting, value):
            wrong[setting.name] = sentence
        (secret if setting.is_secret else plain)[setting.name] = value
    if provider.code == "smtp" and plain["security"] == "none" and plain["host"] not in LOCAL:
        wrong["security"] = _("不加密只能用于本机的邮件服务器。")
    if wrong:
        raise WrongAccount(_("有几处需要改正。"), **wrong)
    return plain, secret


def _wrong(setting: Setting, value: str) -> str:
    """What is wrong with a value, as a sentence; '' for nothing."""
    if not value:
        return str(_("请填写“%(what)s”。") % {"what": setting.label}) if setting.is_required else ""
    if len(value) > MOST_CHARS or (not setting.per_kind and any(ord(char) < 32 for char in value)):
        return _("太长，或有看不见的字符。")
    if setting.digits and not (value.isascii() and value.isdigit() and len(value) < 12):
        return _("这里只填数字。")
    if setting.choices and value not in dict(setting.choices):
        return _("请从列出的选一个。")
    if setting.is_url:
        at = urlsplit(value)
        local = site_settings.ENV != "production" and at.scheme == "http" and at.hostname in LOCAL
        if not at.hostname or at.username or at.query or not (at.scheme == "https" or local):
            return _("请写完整的 https:// 地址。")
    if setting.per_kind:
        return _wrong_lines(value)
    return ""


def _wrong_lines(value: str) -> str:
    known = {kind.code for kind in texts.kinds()}
    for number, line in enumerate(value.splitlines(), 1):
        if not line.strip():
            continue
        kind, equals, code = (part.strip() for part in line.partition("="))
        if not equals or not code:
            return _("第 %(n)d 行请写成“类别=模板代码”。") % {"n": number}
        if kind not in known:
            return _("第 %(n)d 行的类别“%(kind)s”不存在。可用：%(known)s") % {
                "n": number,
                "kind": kind[:40],
                "known": "、".join(sorted(known)),
            }
    return ""


@command("channel.manage")
def save(
    account: ChannelAccount | None, *, by: Actor, provider: str, store_id: int | None, given: Mapping[str, str]
) -> ChannelAccount:
    """Make an account, or change one; an empty secret stays as it is. Raises WrongAccount, WrongState, NotFound."""
    if provider not in PROVIDERS or (store_id is not None and store_id not in by.stores):
        raise NotFound(_("没有这个渠道或门店。"))
    kind = PROVIDERS[provider]
    group = group_of(by)
    if account is not None:
        account = ChannelAccount.objects.select_for_update().get(id=account.id)
    plain, secret = checked(kind, given, _secrets(account) if account else {})
    taken = ChannelAccount.objects.filter(group=group, only_store=store_id, channel=kind.channel, removed_at=None)
    if taken.exclude(id=account.id if account else None).exists():
        raise WrongState(
            _("这里已经有一个%(channel)s账号，请改那一个。") % {"channel": Message.Channel(kind.channel).label}
        )
    made = account is None
    row = account or ChannelAccount(id=new_id(), group=group, provider=provider, channel=kind.channel)
    before = row.settings if not made else {}
    row.only_store_id, row.settings = store_id, plain
    row.secrets = privacy.lock(json.dumps(secret), purpose=f"channel:{row.id}") if any(secret.values()) else ""
    row.checked_at, row.check_said = None, ""
    row.changed_by_id, row.changed_at = by.staff_id, clock.now()
    row.save()
    changed = sorted(name for name in plain if plain[name] != before.get(name))
    changed += [setting.name for setting in kind.settings if setting.is_secret and given.get(setting.name)]
    _audit("channel.made" if made else "channel.changed", row, by, provider=provider, fields=changed)
    return row


def _audit(action: str, row: ChannelAccount, by: Actor, **facts: Any) -> None:
    store = row.only_store_id or by.stores[0]
    audit(action, by=by, subject=f"channel:{row.id}", store_id=store, channel=row.channel, **facts)


@command("channel.manage")
def switch(account: ChannelAccount, *, by: Actor, is_on: bool) -> None:
    """Send by it, or no longer. What is owed meanwhile ends on paper."""
    account.is_on = is_on
    account.save(update_fields=["is_on"])
    _audit("channel.switched_on" if is_on else "channel.switched_off", account, by)


@command("channel.manage")
def remove(account: ChannelAccount, *, by: Actor) -> None:
    """Take it away, its secrets first."""
    account.removed_at, account.is_on, account.secrets = clock.now(), False, ""
    account.save(update_fields=["removed_at", "is_on", "secrets"])
    _audit("channel.removed", account, by)


@command("channel.manage")
def test(account: ChannelAccount, *, by: Actor, to: str) -> Outcome:
    """Really send one message by it, to the address that was typed, and keep what the provider said.

    Raises WrongState when one was sent just before, WrongAccount without an address.
    """
    provider, at = PROVIDERS[account.provider], clock.now()
    row = ChannelAccount.objects.select_for_update().get(id=account.id)
    if row.checked_at is not None and at - row.checked_at < TEST_EVERY:
        raise WrongState(_("刚刚发过一条测试，请等十秒再试。"))
    if provider.to and not to.strip():
        raise WrongAccount(_("请填写测试发给谁。"))
    kind = texts.kind("channel.test")
    letter = Letter(
        request_id=new_id().hex,
        address=to.strip()[:200],
        text=kind.house_text,
        kind=kind.code,
        title=str(kind.title),
        path="/",
        begun_at=at,
    )
    outcome = channel_of_account(row).send(letter)
    row.checked_at = at
    row.check_said = "" if isinstance(outcome, Accepted) else outcome.said or "no_answer"
    row.save(update_fields=["checked_at", "check_said"])
    _audit("channel.tested", row, by, taken=isinstance(outcome, Accepted))
    return outcome


def account(account_id: UUID, actor: Actor) -> ChannelAccount:
    """An account of the asker's group and stores. Raises NotFound."""
    rows = ChannelAccount.objects.filter(group=group_of(actor), removed_at=None).select_related("only_store")
    found = rows.filter(id=account_id).first()
    if found is None or (found.only_store_id is not None and found.only_store_id not in actor.stores):
        raise NotFound(_("没有这个账号，或不属于您。"))
    return found


def overview(actor: Actor) -> dict[str, Any]:
    """All accounts of the scope, what each channel did in the last day, what may be added. Five queries."""
    group, since = group_of(actor), clock.now() - timedelta(days=1)
    stores = list(Store.objects.filter(id__in=actor.stores).order_by("name"))
    rows = [
        row
        for row in ChannelAccount.objects.filter(group=group, removed_at=None).select_related("only_store")
        if row.only_store_id is None or row.only_store_id in actor.stores
    ]
    names = dict(Staff.objects.filter(id__in={row.changed_by_id for row in rows}).values_list("id", "name"))
    counts: dict[str, dict[str, int]] = {}
    oldest = UUID(int=int((since - timedelta(days=7)).timestamp() * 1000) << 80)  # ids begin with their moment
    day = Message.objects.filter(id__gte=oldest, changed_at__gte=since)
    for channel, state, n in day.values_list("channel", "state").annotate(n=Count("id")).order_by():
        counts.setdefault(channel, {})[state] = n
    return {
        "rows": [_line(row, names, counts.get(row.channel, {})) for row in _in_order(rows)],
        "providers": list(PROVIDERS.values()),
        "stores": stores,
    }


def _in_order(rows: list[ChannelAccount]) -> list[ChannelAccount]:
    place = list(PROVIDERS)
    return sorted(rows, key=lambda row: (place.index(row.provider), row.only_store.name if row.only_store else ""))


def _line(row: ChannelAccount, names: Mapping[int, str], counts: Mapping[str, int]) -> dict[str, Any]:
    provider = PROVIDERS[row.provider]
    went = sum(counts.get(state, 0) for state in ("sent", "delivered", "read"))
    return {
        "account": row,
        "provider": provider,
        "who": names.get(row.changed_by_id, ""),
        "went": went,
        "failed": counts.get("failed", 0),
        "unknown": counts.get("unknown", 0),
        "meaning": provider.meaning(row.check_said),
    }


def form(provider: Provider, row: ChannelAccount | None, given: Mapping[str, str], wrong: Mapping[str, str]) -> list:
    """The fields of an account's form: what was typed, else what is kept, never a secret."""
    kept, has = (row.settings, set(_secrets(row))) if row else ({}, set())
    return [
        {
            "setting": setting,
            "value": "" if setting.is_secret else given.get(setting.name, kept.get(setting.name, setting.default)),
            "is_kept": setting.is_secret and setting.name in has,
            "wrong": wrong.get(setting.name, ""),
        }
        for setting in provider.settings
    ]
