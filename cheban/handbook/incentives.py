"""Pay: last month's statements are approved in the first working days. R183."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from cheban.org.roles import Role
from cheban.playbook.rules import If, Owes, Rule, Upcoming, working

APPROVE = Rule(
    "statements_approve",
    title="每月前 3 个工作日：核定上个月的对账单",
    short="核定对账单",
    requirement="R183",
    when=Upcoming("paymonth.ready_on", days=0, late=40),
    only_if=(If("paymonth.closed_at", "is_empty", says="还有没核定的"),),
    occasion="paymonth.ready_on",
    purpose="internal",
    owes=(
        Owes(
            Role.STORE_MANAGER,
            "approve_statements",
            "核定上个月的对账单",
            within=working(days=3),
            escalate=((working(days=4), Role.OPERATIONS), (working(days=6), Role.GROUP_ADMIN)),
        ),
    ),
    reason="{name} {month} 的对账单还没有全部核定：{due}前看过、核定，大家按时拿到说得清的钱。",
    script="先看**有补记**和**金额大的**几张，点开数字核对记录；需要的填上提成基数，再勾选**一起核定**。"
    "自己的那张由运营核定。",
    shows=("paymonth.name", "paymonth.month"),
    done_by=("statement.month_closed",),
    weight=68,
    keeps_gap=False,
)

CHAPTER = gettext_noop("激励与对账单")
RULES = (APPROVE,)
