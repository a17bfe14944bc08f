"""What people write down for each other: templates with a time limit and a way up. R119, R208, reliability 5.2."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from cheban.org.roles import Role
from cheban.playbook.rules import Budget, ByHand, Owes, Rule, wall, working


def _template(
    code: str, title: str, short: str, *, within: Budget, up: Budget, weight: int, requirement: str = "R208"
) -> Rule:
    return Rule(
        code,
        title=title,
        short=short,
        requirement=requirement,
        when=ByHand(),
        occasion=None,
        purpose="service",
        owes=(
            Owes(
                Role.SERVICE_SPECIALIST,
                code,
                title,
                within=within,
                escalate=((up, Role.STORE_MANAGER),),
            ),
        ),
        reason="{what}",
        script="",
        done_when=("settled",),
        done_label="已办好",
        weight=weight,
        keeps_gap=False,
    )


CALL = _template("hand_call", "手工：联系客户", "联系客户", within=working(days=1), up=working(days=2), weight=60)
PREPARE = _template(
    "hand_prepare", "手工：准备资料或备件", "准备", within=working(days=2), up=working(days=3), weight=45
)
FETCH = _template(
    "hand_fetch", "手工：上门取车或送车", "取送车", within=working(hours=4), up=working(hours=6), weight=70
)
SAFETY = Rule(
    "hand_safety",
    title="手工：安全事件（刹车、转向、起火、漏油）",
    short="安全事件",
    requirement="R119",
    when=ByHand(),
    occasion=None,
    purpose="internal",
    owes=(
        Owes(
            Role.SERVICE_ADVISOR,
            "hand_safety",
            "立即联系客户，确认人安全、车停好",
            within=wall(minutes=5),
            escalate=(
                (wall(minutes=5), Role.SERVICE_ADVISOR),
                (wall(minutes=10), Role.STORE_MANAGER),
                (wall(minutes=15), Role.GROUP_ADMIN),
            ),
        ),
    ),
    reason="{what}",
    script="先问**人是否安全**，再请客户**停车熄火、离开车道**；不要让客户自己开过来，安排救援。记下时间、地点和现象，不猜原因。",
    done_when=("settled",),
    done_label="人已安全，救援已安排",
    weight=100,
    keeps_gap=False,
)

CHAPTER = gettext_noop("手工任务的模板")
RULES = (CALL, PREPARE, FETCH, SAFETY)
