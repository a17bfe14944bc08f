"""What a complaint can be: kinds, levels, reasons of severity, causes, moves between states, limits of money. All data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from cheban.org.roles import Role

CHANNELS = (
    ("phone", _("电话")),
    ("conversation", _("微信与会话")),
    ("survey", _("问卷")),
    ("web", _("线上")),
    ("note", _("备注里听到")),
    ("visit", _("到店")),
)
LEVELS = (("normal", _("一般")), ("amber", _("重要")), ("red", _("红色")))
RANK = {code: number for number, (code, _label) in enumerate(LEVELS)}

KINDS = (
    ("safety", _("安全")),
    ("quality", _("车辆质量")),
    ("repair", _("维修质量")),
    ("cost", _("费用")),
    ("attitude", _("服务态度")),
    ("waiting", _("等待时间")),
    ("promise", _("承诺未兑现")),
    ("other", _("其他")),
)

CAUSES = (
    ("design", _("设计或制造")),
    ("part", _("零件质量")),
    ("workmanship", _("维修工艺")),
    ("diagnosis", _("没有查准")),
    ("parts_shortage", _("配件缺货")),
    ("planning", _("派工与排队")),
    ("explained_badly", _("没有讲清楚")),
    ("over_promised", _("过度承诺")),
    ("promise_forgotten", _("承诺忘了")),
    ("price", _("报价不透明")),
    ("manner", _("态度与用语")),
    ("use", _("使用方法")),
    ("unfounded", _("查无此事")),
)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a complaint is graver than others, and to which level it lifts it."""

    code: str
    label: object
    level: str


REASONS = {
    r.code: r
    for r in (
        Reason("safety_words", _("说到行车安全"), "red"),
        Reason("safety_kind", _("登记为安全类"), "amber"),
        Reason("repeated", _("90 天内再次投诉"), "amber"),
        Reason("disputed_promise", _("有承诺正在争议"), "amber"),
        Reason("amount", _("涉及金额 5,000 元以上"), "amber"),
    )
}
REPEATED_DAYS = 90
LARGE_FEN = 500_000
CHECK_DAYS = 30


def level_of(reasons: list[str]) -> str:
    """The highest level that any of the reasons lifts to. Only words of danger make red: it disturbs people at night."""
    levels = [REASONS[code].level for code in reasons]
    return max(levels, key=RANK.__getitem__, default="normal")


@dataclass(frozen=True, slots=True)
class Move:
    """One step of a complaint: the states it may be taken from and what it leads to."""

    sources: tuple[str, ...]
    to: str


MOVES: Mapping[str, Move] = {
    "match": Move(("claimed",), "filed"),
    "dismiss": Move(("claimed",), "dismissed"),
    "answer": Move(("filed",), "answered"),
    "examine": Move(("answered",), "examined"),
    "agree": Move(("examined",), "agreed"),
    "carry_out": Move(("agreed",), "carried_out"),
    "object": Move(("carried_out",), "examined"),
    "close": Move(("carried_out",), "closed"),
}
"""`match` a claim to its customer, `answer` first, `examine` once all three findings are in, then the solution's way."""
OPEN = ("claimed", "filed", "answered", "examined", "agreed", "carried_out")
"""States in which the customer still waits for something."""

LIMITS: Mapping[str, int] = {
    Role.SALES_CONSULTANT: 50_000,
    Role.SERVICE_ADVISOR: 50_000,
    Role.SERVICE_SPECIALIST: 50_000,
    Role.QUALITY_CONTROL: 50_000,
    Role.STORE_MANAGER: 500_000,
    Role.OPERATIONS: 5_000_000,
    Role.GROUP_ADMIN: 100_000_000,
}
"""Role -> compensation in fen that it may grant by itself, where neither group nor store said otherwise (`limits`): 500,
5,000, 50,000 yuan; the group's admin at most a million."""
LADDER = (Role.STORE_MANAGER, Role.OPERATIONS, Role.GROUP_ADMIN)
"""Who is asked above one's own limit: the lowest whose limit suffices."""


@dataclass(frozen=True, slots=True)
class SideOf:
    """One side of the joint team: whose card, its question, what yes means."""

    code: str
    role: str
    asks: object
    yes: object
    no: object


SIDES = (
    SideOf(
        "sales",
        Role.SALES_CONSULTANT,
        _("还原购车过程：当时怎么说的，有没有过度承诺？"),
        _("有过度承诺"),
        _("没有过度承诺"),
    ),
    SideOf(
        "service",
        Role.SERVICE_SPECIALIST,
        _("还原服务过程：哪一步慢了，响应及时吗？"),
        _("响应慢了"),
        _("响应及时"),
    ),
    SideOf(
        "quality",
        Role.QUALITY_CONTROL,
        _("查车：是设计、制造的缺陷吗？"),
        _("是产品缺陷"),
        _("不是产品缺陷"),
    ),
)
SIDE = {side.code: side for side in SIDES}
DANGERS = {
    "brakes": _("刹车"),
    "steering": _("转向"),
    "fire": _("起火冒烟"),
    "fuel": _("漏油"),
    "acceleration": _("自己加速"),
    "power_loss": _("失去动力"),
    "engine": _("发动机异响"),
    "airbag": _("气囊与安全带"),
    "structure": _("底盘断裂"),
    "tyre": _("爆胎"),
    "control": _("失控"),
    "hazard": _("安全隐患"),
}
"""Kinds of `voice.detection` in words."""
