"""Who a colleague is in WeCom: entered by whoever manages channels, or shown by signing in once from there. Y07."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.errors import NotFound, Refused
from cheban.messaging.models import ChannelAccount, Message, WecomMember
from cheban.org.access import Actor, audit, command
from cheban.org.models import Staff
from cheban.org.roles import Role


class WrongMember(Refused):
    """A UserID that cannot be this colleague's; the message says why."""

    status = 422


def corp_of(account: ChannelAccount) -> str:
    """The company in WeCom that an account belongs to."""
    return account.settings.get("corp_id", "")


def _reach(account: ChannelAccount) -> Q:
    """Those who work in a store of the account, and administrators of its group."""
    here = Q(roles__store=account.only_store_id) if account.only_store_id else Q(roles__store__group=account.group_id)
    return here | Q(roles__role=Role.GROUP_ADMIN, roles__store__group=account.group_id)


def staff_of(account: ChannelAccount, user_id: str) -> Staff | None:
    """The active colleague who is this member and works in a store of the account. One query."""
    found = Staff.objects.filter(wecom_member__corp_id=corp_of(account), wecom_member__user_id=user_id, is_active=True)
    return found.filter(_reach(account)).distinct().first()


def works_for(staff: Staff, account: ChannelAccount) -> bool:
    """Whether the account is one of this colleague's."""
    return Staff.objects.filter(_reach(account), id=staff.pk, is_active=True).exists()


def is_member(staff: Staff) -> bool:
    """Whether it is known who this colleague is in WeCom."""
    return WecomMember.objects.filter(staff=staff).exists()


def link(staff: Staff, account: ChannelAccount, user_id: str, *, linked_by_id: int | None) -> WecomMember:
    """This colleague is this member from now on. Raises WrongMember when somebody else is."""
    corp, user_id = corp_of(account), user_id.strip()
    if not user_id or len(user_id) > 64 or any(ord(char) < 33 for char in user_id):
        raise WrongMember(_("UserID 是通讯录里的账号，最多 64 个字符，没有空格。"))
    other = WecomMember.objects.filter(corp_id=corp, user_id=user_id).exclude(staff=staff).select_related("staff")
    if taken := other.first():
        raise WrongMember(_("%(id)s 已经是 %(name)s。请先改那一位。") % {"id": user_id, "name": taken.staff.name})
    made, _new = WecomMember.objects.update_or_create(
        staff=staff,
        defaults={"corp_id": corp, "user_id": user_id, "linked_by_id": linked_by_id, "linked_at": clock.now()},
    )
    return made


@command("channel.manage")
def enter(account: ChannelAccount, typed: Mapping[int, str], *, by: Actor) -> int:
    """Enter who colleagues are (staff id -> UserID); an empty one takes it away. Returns how many changed.

    Raises NotFound for somebody of other stores, WrongMember; then nothing is changed.
    """
    people = {
        staff.id: staff
        for staff in Staff.objects.filter(id__in=typed, roles__store__in=by.stores)
        .distinct()
        .select_related("wecom_member")
    }
    if set(typed) - set(people):
        raise NotFound(_("没有这位同事，或不在您的门店。"))
    had = {id: staff.wecom_member.user_id if hasattr(staff, "wecom_member") else "" for id, staff in people.items()}
    changed = {id: user_id.strip() for id, user_id in typed.items() if user_id.strip() != had[id]}
    WecomMember.objects.filter(staff_id__in=changed).delete()  # first, so that two people may change places
    for id, user_id in changed.items():
        if user_id:
            link(people[id], account, user_id, linked_by_id=by.staff_id)
        action = "channel.member_set" if user_id else "channel.member_removed"
        audit(action, by=by, subject=f"staff:{id}", store_id=by.stores[0])
    return len(changed)


def overview(account: ChannelAccount, actor: Actor) -> list[dict[str, Any]]:
    """The active colleagues of the asker's stores and who they are. One query."""
    if account.channel != Message.Channel.WECOM:
        return []
    people = Staff.objects.filter(is_active=True, roles__store__in=actor.stores).distinct().order_by("name", "id")
    return [
        {"id": id, "name": name, "login": login, "user_id": user_id or ""}
        for id, name, login, user_id in people.values_list("id", "name", "login", "wecom_member__user_id")
    ]
