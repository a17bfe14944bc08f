"""What a token may be allowed: scope -> the permission it stands for. A token never exceeds its maker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Scope:
    """One thing a program may read or write. `permissions` are all needed of the maker."""

    code: str
    label: Any
    permissions: frozenset[str]


def _scopes(*rows: tuple[str, Any, str]) -> dict[str, Scope]:
    return {code: Scope(code, label, frozenset(permissions.split())) for code, label, permissions in rows}


SCOPES: dict[str, Scope] = _scopes(
    ("customers:read", _("读客户"), "customer.see"),
    ("customers:write", _("新建和修改客户、写备注"), "customer.create customer.edit note.add"),
    ("customers:reveal", _("读完整电话、证件号、地址（每次都记审计）"), "customer.reveal"),
    ("consent:read", _("读客户同意与拒绝"), "customer.see"),
    ("consent:write", _("登记客户同意与拒绝"), "consent.change"),
    ("vehicles:read", _("读车辆、里程、车主"), "customer.see"),
    ("vehicles:write", _("新建和修改车辆、里程、车主"), "customer.edit"),
    ("repair_orders:read", _("读维修工单"), "customer.see"),
    ("arrivals:read", _("读到店"), "arrival.see"),
    ("arrivals:write", _("登记客户到店（道闸摄像头）"), "arrival.note"),
    ("deliveries:read", _("读交车与交接表"), "delivery.see"),
    ("deliveries:write", _("约交车、改期、取消"), "delivery.plan"),
    ("promises:read", _("读销售承诺"), "delivery.see"),
    ("promises:write", _("登记销售承诺"), "promise.make"),
    ("promises:settle", _("登记承诺已兑现或做不到"), "promise.keep"),
    ("promises:prove", _("给承诺附上凭证、拿掉附错的"), "promise.prove"),
    ("promises:reveal", _("打开承诺的凭证（每次都记审计）"), "delivery.see customer.reveal"),
    ("conversations:read", _("读客户服务群"), "conversation.see"),
    ("conversations:write", _("在客户服务群里回复"), "conversation.answer"),
    ("complaints:read", _("读投诉"), "complaint.see"),
    ("complaints:write", _("登记投诉"), "complaint.file"),
    ("complaints:answer", _("登记投诉的首次答复"), "complaint.answer"),
    ("surveys:read", _("读客户评价"), "survey.see"),
    ("leads:read", _("读线索"), "lead.see"),
    ("leads:write", _("送入线索"), "lead.record customer.create"),
    ("leads:answer", _("反馈线索的结果"), "lead.answer"),
    ("leads:reveal", _("以 ADF 取线索，含完整电话（每次都记审计）"), "lead.see customer.reveal"),
    ("events:read", _("读发生的事"), "customer.see"),
    ("tasks:read", _("读自己的任务"), "task.see_own"),
    ("tasks:read_team", _("读团队任务"), "task.see_team"),
    ("tasks:write", _("登记任务结果"), "task.finish"),
    ("staff:read", _("读人员与角色"), "staff.see"),
    ("metrics:read", _("读指标"), "metric.see"),
    ("imports:read", _("读导入记录"), "import.see"),
    ("inbound:write", _("成批送入客户、车辆、工单"), "import.run"),
)
"""In the order in which the token page shows them."""


def limit_of(scopes: list[str]) -> frozenset[str]:
    """The permissions that these scopes stand for; unknown ones stand for nothing."""
    return frozenset().union(*(SCOPES[s].permissions for s in scopes if s in SCOPES))


def scopes_of(permissions: frozenset[str]) -> list[str]:
    """The scopes that somebody with these permissions may give away."""
    return [code for code, scope in SCOPES.items() if scope.permissions <= permissions]
