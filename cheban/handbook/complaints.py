"""Red alerts and complaints: taken in minutes, answered and solved within a day, looked at again after a month. R113-R128."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from cheban.org.roles import Role
from cheban.playbook.rules import Happened, If, Owes, Rule, Upcoming, wall, working

RED_ALERT = Rule(
    "red_alert",
    title="红色预警 15 分钟内接收",
    short="红色预警",
    requirement="R119",
    when=Happened("alert", "alert.raised"),
    only_if=(
        If("alert.acknowledged_at", "is_empty", says="还没有人接收"),
        If("alert.ended_at", "is_empty", says="预警没有结束"),
    ),
    occasion=None,
    purpose="internal",
    owes=(
        Owes(
            Role.QUALITY_CONTROL,
            "acknowledge_alert",
            "接收红色预警",
            within=wall(minutes=15),
            escalate=(
                (wall(minutes=15), Role.STORE_MANAGER),
                (wall(minutes=30), Role.OPERATIONS),
                (wall(minutes=60), Role.GROUP_ADMIN),
            ),
        ),
    ),
    reason="客户说：“{words}”。{series}可能有行车危险，15 分钟内要有人接收。",
    script="您好，我是{me}。您说的情况可能影响安全，**请先不要开车**。车现在停在哪里？我**马上安排救援或上门检查**。",
    shows=("alert.words", "alert.series"),
    done_by=("alert.acknowledged", "alert.ended"),
    weight=100,
    keeps_gap=False,
)

FIRST_ANSWER = Rule(
    "complaint_answer",
    title="投诉 24 小时内首次答复",
    short="首次答复",
    requirement="R168",
    when=Happened("complaint", "complaint.filed"),
    only_if=(If("complaint.state", "in", ("claimed", "filed"), says="还没有答复客户"),),
    occasion=None,
    purpose="internal",
    owes=(
        Owes(
            Role.SALES_CONSULTANT,
            "answer_complaint",
            "首次答复客户",
            within=wall(hours=24),
            escalate=((wall(hours=20), Role.STORE_MANAGER), (wall(hours=24), Role.OPERATIONS)),
        ),
    ),
    reason="{series}的投诉 24 小时内要有第一次答复。由您一个人对客户说话，客户不用讲第二遍。",
    script="您好，我是{me}，您的事**由我负责到底**。我先说我理解的：……**对不对**？我们三个部门今天同时查，**明天这个时候之前**给您方案。",
    shows=("complaint.series",),
    done_by=("complaint.answered", "complaint.dismissed"),
    weight=94,
    keeps_gap=False,
)


def _finding(
    code: str, *, role: Role, side: str, title: str, says: str, reason: str, script: str, requirement: str
) -> Rule:
    return Rule(
        code,
        title=title,
        short="投诉查证",
        requirement=requirement,
        when=Happened("finding", "finding.asked"),
        only_if=(
            If("finding.side", "=", side, says=says),
            If("finding.recorded_at", "is_empty", says="还没有查完"),
        ),
        occasion=None,
        purpose="internal",
        owes=(
            Owes(
                role,
                "record_finding",
                "填写查证卡",
                within=working(hours=8),
                escalate=((working(hours=8), Role.STORE_MANAGER), (working(hours=12), Role.OPERATIONS)),
            ),
        ),
        reason=reason,
        script=script,
        shows=("finding.series",),
        done_by=("finding.recorded",),
        weight=90,
        keeps_gap=False,
    )


FINDING_SALES = _finding(
    "finding_sales",
    role=Role.SALES_CONSULTANT,
    side="sales",
    title="投诉查证：销售还原购车过程",
    says="由销售查证",
    reason="{series}的投诉：还原当时怎么卖的，有没有过度承诺。",
    script="看**交接表和销售承诺**，问当时在场的人：答应了什么，写在哪里，**哪一句说过头了**。",
    requirement="R114",
)
FINDING_SERVICE = _finding(
    "finding_service",
    role=Role.SERVICE_SPECIALIST,
    side="service",
    title="投诉查证：售后还原响应过程",
    says="由售后查证",
    reason="{series}的投诉：还原服务过程，哪一步慢了。",
    script="按时间列出：客户**几时说的**，谁接的，**几时答复**，中间等了什么。",
    requirement="R115",
)
FINDING_QUALITY = _finding(
    "finding_quality",
    role=Role.QUALITY_CONTROL,
    side="quality",
    title="投诉查证：品控查设计与质量",
    says="由品控查证",
    reason="{series}的投诉：查车、查同款，是不是设计或制造的缺陷。",
    script="先看**实车和故障码**，再看**同款同批有没有别的投诉**，需要时报厂家。",
    requirement="R116",
)

JOINT_SOLUTION = Rule(
    "joint_solution",
    title="投诉 24 小时内定下联合方案",
    short="联合方案",
    requirement="R117",
    when=Happened("solution", "solution.asked"),
    only_if=(If("solution.agreed_at", "is_empty", says="方案还没有定下"),),
    occasion=None,
    purpose="internal",
    owes=(
        Owes(
            Role.QUALITY_CONTROL,
            "agree_solution",
            "定下联合方案",
            within=wall(hours=24),
            escalate=((wall(hours=22), Role.STORE_MANAGER), (wall(hours=24), Role.OPERATIONS)),
        ),
    ),
    reason="{series}的投诉，24 小时内三方要定下一个方案：怎么办、补偿多少、谁对客户说、谁去办。",
    script="三张卡都填好就定：**一个方案、一个人对外**。补偿超出额度的，系统会请上一级批准。",
    shows=("solution.series",),
    done_by=("solution.agreed",),
    weight=93,
    keeps_gap=False,
)


def _approval(role: Role, *above: Role) -> Rule:
    steps = tuple((wall(hours=4 * (n + 1)), up) for n, up in enumerate(above))
    return Rule(
        f"approve_compensation_{role}",
        title="批准投诉补偿",
        short="批准补偿",
        requirement="R124",
        when=Happened("solution", "solution.proposed", where=(("role", str(role)),)),
        only_if=(If("solution.needs_role", "=", str(role), says="等这一级批准"),),
        occasion=None,
        purpose="internal",
        owes=(Owes(role, "approve_compensation", "批准或退回补偿", within=wall(hours=4), escalate=steps),),
        reason="{series}的投诉方案有一笔补偿超出提出人的额度，等您批准。客户的 24 小时还在走。",
        script="看**三张查证卡**和**类似的旧案**补了多少；不批要写明**为什么**，好让同事马上改。",
        shows=("solution.series",),
        done_by=("solution.agreed", "solution.refused"),
        weight=91,
        keeps_gap=False,
    )


APPROVE_MANAGER = _approval(Role.STORE_MANAGER, Role.OPERATIONS)
APPROVE_OPERATIONS = _approval(Role.OPERATIONS, Role.GROUP_ADMIN)
APPROVE_GROUP = _approval(Role.GROUP_ADMIN)

CARRY_OUT = Rule(
    "carry_out_solution",
    title="执行投诉方案",
    short="执行方案",
    requirement="R118",
    when=Happened("solution", "solution.agreed"),
    only_if=(If("solution.carried_out_at", "is_empty", says="还没有执行"),),
    occasion=None,
    purpose="internal",
    owes=(
        Owes(
            Role.SERVICE_SPECIALIST,
            "carry_out_solution",
            "执行方案并登记",
            within=working(days=3),
            escalate=((working(days=3), Role.STORE_MANAGER), (working(days=5), Role.OPERATIONS)),
        ),
    ),
    reason="{series}的投诉方案已经定下，由您执行。对客户说话的仍是一个人。",
    script="办之前和**对外的同事**对一遍：客户听到的和我们做的**是同一件事**。",
    shows=("solution.series",),
    done_by=("complaint.carried_out",),
    weight=84,
    keeps_gap=False,
)

CONFIRM = Rule(
    "confirm_solution",
    title="请客户确认投诉已解决",
    short="客户确认",
    requirement="R121",
    when=Happened("solution", "complaint.carried_out"),
    only_if=(If("solution.answered_at", "is_empty", says="客户还没有答复"),),
    occasion=None,
    purpose="internal",
    owes=(
        Owes(
            Role.SALES_CONSULTANT,
            "ask_customer",
            "请客户确认",
            within=working(days=2),
            escalate=((working(days=3), Role.STORE_MANAGER), (working(days=5), Role.OPERATIONS)),
        ),
    ),
    reason="{series}的投诉方案已经执行，请客户在手机页确认，或电话里问一句。",
    script="您好，我是{me}。上次的事我们这样办了：……**您看解决了吗**？不满意请直说，我们**接着办**。",
    shows=("solution.series",),
    done_by=("complaint.confirmed", "complaint.reopened"),
    weight=76,
    keeps_gap=False,
)

CHECK_AGAIN = Rule(
    "complaint_check",
    title="投诉结案 30 天后复查",
    short="投诉复查",
    requirement="R124",
    when=Upcoming("complaint.check_on", days=0, late=60),
    occasion="complaint.check_on",
    only_if=(If("complaint.checked_at", "is_empty", says="还没有复查"),),
    purpose="internal",
    owes=(
        Owes(
            Role.QUALITY_CONTROL,
            "check_effect",
            "复查有没有再发生",
            within=working(days=2),
            escalate=((working(days=3), Role.STORE_MANAGER), (working(days=5), Role.OPERATIONS)),
        ),
    ),
    reason="{series}的投诉结案满 30 天：同样的事有没有再发生？",
    script="看**之后的工单和投诉**；问对外的同事一句。又发生了就**重新登记投诉**。",
    shows=("complaint.series",),
    done_by=("complaint.checked",),
    weight=48,
    keeps_gap=False,
)

CHAPTER = gettext_noop("投诉与红色预警")
RULES = (
    RED_ALERT,
    FIRST_ANSWER,
    FINDING_SALES,
    FINDING_SERVICE,
    FINDING_QUALITY,
    JOINT_SOLUTION,
    APPROVE_MANAGER,
    APPROVE_OPERATIONS,
    APPROVE_GROUP,
    CARRY_OUT,
    CONFIRM,
    CHECK_AGAIN,
)
