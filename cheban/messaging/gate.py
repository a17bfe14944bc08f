"""The one policy gate: may this message go out now? Every path asks it, immediately before the provider is called.

`decide` is a pure function of facts and moment, so that it can be tried with all of them; `facts_of_many` gathers the
facts. Consent and contact points belong to the customers room, one floor up: it fills the slot `messaging.recipients`.
Reliability 5.2; PIPL 24; 通信短信息服务管理规定 (no commercial message without consent).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from cheban.core import slots
from cheban.messaging.models import Caps, Message
from cheban.org.models import DealerGroup, Staff, Store

DAY, WEEK = timedelta(hours=24), timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Limits:
    """Messages a person gets at most in rolling 24 hours and 7 days, all channels together, and of them marketing.
    The house's; a group's own stand in messaging_caps."""

    day: int = 3
    week: int = 6
    marketing_day: int = 1
    marketing_week: int = 2


COUNTED = (
    Message.State.SENDING,
    Message.State.SENT,
    Message.State.DELIVERED,
    Message.State.READ,
    Message.State.UNKNOWN,
    Message.State.PAPER,
)
"""States in which a message may have reached the person, or will."""

REASONS = {
    "expired": _("过了时效"),
    "erased": _("客户资料已按本人要求删除"),
    "gone": _("客户档案已不在"),
    "no_address": _("没有可用的联系方式"),
    "do_not_contact": _("客户要求不再联系"),
    "refused": _("客户拒绝这类消息"),
    "refused_channel": _("客户拒绝这个渠道"),
    "no_consent": _("没有营销同意记录"),
    "vehicle_changed_hands": _("车辆已不属于这位客户"),
    "not_for_customers": _("内部消息不发给客户"),
    "quiet_hours": _("免打扰时段，稍后发"),
    "cap_day": _("24 小时内已发满，稍后发"),
    "cap_week": _("7 天内已发满，稍后发"),
    "missing_field": _("缺少内容，未发出"),
    "one_at_a_time": _("等前一条有结果"),
    "busy": _("通道繁忙，稍后重试"),
    "provider_refused": _("服务商拒收"),
    "no_answer": _("服务商没有回答"),
    "gave_up": _("多次重试仍未发出"),
    "died": _("发送途中进程中断"),
    "no_account": _("还没有接通这个渠道"),
    "not_delivered": _("服务商回报：没有送达"),
    "staff_gone": _("这位同事已不在店里"),
}
"""Code of a decision or of a failure -> what people read."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """What the customers room knows about a person now. `refused` and `given` hold (purpose, channel) of the newest
    answers; channel 'any' stands for all. `address` is the clear contact point for the channel asked, or ''."""

    exists: bool = True
    is_erased: bool = False
    refused: frozenset[tuple[str, str]] = frozenset()
    given: frozenset[tuple[str, str]] = frozenset()
    address: str = ""
    name: str = ""
    plate: str = ""
    owns_vehicle: bool = True


@dataclass(frozen=True, slots=True)
class Colleague:
    """One of the store's own people now: still here or not, and where the channel reaches them ('' nowhere)."""

    is_here: bool
    address: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that a decision rests on. `contacts`: (moment, class) of what went to the person in the last 7 days."""

    message_class: str
    channel: str
    purpose: str
    expires_at: datetime
    time_zone: str = "Asia/Shanghai"
    quiet_from: time = time(21)
    quiet_until: time = time(8, 30)
    recipient: Recipient | None = None
    contacts: tuple[tuple[datetime, str], ...] = field(default=())
    limits: Limits = Limits()
    colleague: Colleague | None = None


@dataclass(frozen=True, slots=True)
class Allowed:
    """It may go now."""


@dataclass(frozen=True, slots=True)
class Later:
    """Not now: ask again at `when`. It is decided anew then, not blindly sent."""

    when: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Never:
    """It does not go out."""

    why: str


Decision = Allowed | Later | Never


def decide(facts: Facts, *, at: datetime) -> Decision:
    """The decision for one message at one moment. Adding a restriction never turns a no into a yes."""
    if at >= facts.expires_at:
        return Never("expired")
    to_customer = facts.recipient is not None
    if facts.message_class in (Message.Class.RED_ALERT, Message.Class.STAFF):
        if to_customer:
            return Never("not_for_customers")
        if facts.colleague is not None and not facts.colleague.is_here:
            return Never("staff_gone")
        if facts.colleague is not None and not facts.colleague.address:
            return Never("no_address")
        if facts.message_class == Message.Class.RED_ALERT:
            return Allowed()  # a brake that fails does not wait for the morning
    if to_customer and (why := _refusal(facts, facts.recipient)):
        return Never(why)
    waits = [w for w in (_quiet(facts, at=at), *_caps(facts, at=at)) if w is not None]
    if not waits:
        return Allowed()
    latest = max(waits, key=lambda wait: wait.when)
    return Never("expired") if latest.when >= facts.expires_at else latest


def _refusal(facts: Facts, who: Recipient) -> str:
    if not who.exists:
        return "gone"
    if who.is_erased:
        return "erased"
    if ("all", "any") in who.refused:
        return "do_not_contact"
    if (facts.purpose, "any") in who.refused:
        return "refused"
    if {("all", facts.channel), (facts.purpose, facts.channel)} & who.refused:
        return "refused_channel"
    if facts.message_class == Message.Class.MARKETING:
        agreed = {(facts.purpose, facts.channel), (facts.purpose, "any")}
        agreed |= {("all", facts.channel), ("all", "any")}
        if not agreed & who.given:
            return "no_consent"
    if not who.owns_vehicle:
        return "vehicle_changed_hands"
    return "" if who.address else "no_address"


def _quiet(facts: Facts, *, at: datetime) -> Later | None:
    begin, end = facts.quiet_from, facts.quiet_until
    if begin == end:
        return None
    local = at.astimezone(ZoneInfo(facts.time_zone))
    now = local.time()
    is_quiet = begin <= now < end if begin < end else now >= begin or now < end
    if not is_quiet:
        return None
    morning = local.replace(hour=end.hour, minute=end.minute, second=0, microsecond=0)
    if morning <= local:
        morning += timedelta(days=1)
    return Later(morning, "quiet_hours")


def _caps(facts: Facts, *, at: datetime) -> list[Later]:
    if facts.recipient is None:
        return []
    everything = sorted(moment for moment, _class in facts.contacts)
    most = facts.limits
    rows = [(everything, most.day, DAY, "cap_day"), (everything, most.week, WEEK, "cap_week")]
    if facts.message_class == Message.Class.MARKETING:
        own = sorted(moment for moment, cls in facts.contacts if cls == Message.Class.MARKETING)
        rows += [(own, most.marketing_day, DAY, "cap_day"), (own, most.marketing_week, WEEK, "cap_week")]
    found = []
    for moments, cap, span, why in rows:
        recent = [moment for moment in moments if moment > at - span]
        if len(recent) >= cap:
            # when only cap - 1 are left within the span; with a cap of nothing, asked again after the span
            found.append(Later(recent[-cap] + span if cap else at + span, why))
    return found


def facts_of_many(messages: Sequence[Message], *, at: datetime) -> dict[UUID, Facts]:
    """What holds for these messages now, by message id. Needs scope; three queries at most and the customers room's."""
    stores = Store.objects.select_related("group__message_caps").in_bulk({m.store_id for m in messages})
    keys = {m.id: (m.customer_id, m.channel, m.vehicle_id) for m in messages if m.customer_id is not None}
    people = recipients_of(sorted(set(keys.values()), key=str))
    colleagues = _colleagues(messages)
    contacts: dict[UUID | None, list[tuple[UUID, datetime, str]]] = defaultdict(list)
    if people:
        counted = Message.objects.filter(
            customer_id__in={key[0] for key in people}, state__in=COUNTED, claimed_at__gt=at - WEEK
        )
        for who, id, moment, cls in counted.values_list("customer_id", "id", "claimed_at", "message_class"):
            contacts[who].append((id, moment, cls))
    return {
        m.id: Facts(
            message_class=m.message_class,
            channel=m.channel,
            purpose=m.purpose,
            expires_at=m.expires_at,
            time_zone=stores[m.store_id].time_zone,
            quiet_from=stores[m.store_id].quiet_from,
            quiet_until=stores[m.store_id].quiet_until,
            recipient=people[keys[m.id]] if m.id in keys else None,
            contacts=tuple((moment, cls) for id, moment, cls in contacts.get(m.customer_id, ()) if id != m.id),
            limits=limits_of(stores[m.store_id].group),
            colleague=colleagues.get(m.staff_id),
        )
        for m in messages
    }


def _colleagues(messages: Sequence[Message]) -> dict[int | None, Colleague]:
    """The colleagues that messages go to. One query, none when there are none."""
    asked = {m.staff_id for m in messages if m.staff_id is not None}
    if not asked:
        return {}
    rows = Staff.objects.filter(id__in=asked).values_list("id", "is_active", "wecom_member__user_id")
    found = {id: Colleague(is_active, user_id or "") for id, is_active, user_id in rows}
    return {id: found.get(id, Colleague(False)) for id in asked}


RecipientKey = tuple[UUID, str, UUID | None]
"""Customer, channel, vehicle or None."""


def recipients_of(keys: Sequence[RecipientKey]) -> dict[RecipientKey, Recipient]:
    """People as the customers room knows them at this moment; without that room nobody is reachable."""
    if not keys:
        return {}
    found = slots.ask("messaging.recipients", keys, default={})
    return {key: found.get(key, Recipient(exists=False)) for key in keys}


def limits_of(group: DealerGroup) -> Limits:
    """A group's own limits, or the house's. No query when the caps were fetched with the group."""
    try:
        own = group.message_caps
    except Caps.DoesNotExist:
        return Limits()
    return Limits(own.day, own.week, own.marketing_day, own.marketing_week)


def recipient_of(customer_id: UUID, channel: str, vehicle_id: UUID | None) -> Recipient:
    """One person, for pages."""
    key = (customer_id, channel, vehicle_id)
    return recipients_of([key])[key]
