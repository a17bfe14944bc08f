"""When a figure is red: meeting, plan, actions, effect; task forces. R169-R172."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from cheban.org.roles import Role
from cheban.playbook.rules import Happened, If, Owes, Rule, Upcoming, wall, working

MEET = Rule(
    "improvement_meet",
    title="指标连续两周红灯：24 小时内开跨部门会议",
    short="改进会议",
    requirement="R170",
    when=Happened("improvement", "improvement.opened"),
    only_if=(If("improvement.met_at", "is_empty", says="还没有开会"),),
    occasion=None,
    purpose="internal",
    owes=(
        Owes(
            Role.OPERATIONS,
            "hold_improvement_meeting",
            "召开跨部门会议并登记原因",
            within=wall(hours=24),
            escalate=((wall(hours=24), Role.STORE_MANAGER), (wall(hours=36), Role.GROUP_ADMIN)),
        ),
    ),
    reason="{name}的{metric:word}连续两周不达标：{value}，目标 {goal}。24 小时内由运营部门牵头，请销售与售后一起开会。",
    script="先打开**会议材料**：哪些记录没达标、出在哪一步、是谁手上。会上只定两件事：**原因**是什么，**谁在几时改什么**。",
    shows=("improvement.name", "improvement.metric", "improvement.value", "improvement.goal"),
    done_by=("improvement.met",),
    weight=94,
    keeps_gap=False,
)

PLAN = Rule(
    "improvement_plan",
    title="指标连续两周红灯：48 小时内提交改进方案",
    short="改进方案",
    requirement="R170",
    when=Happened("improvement", "improvement.opened"),
    only_if=(If("improvement.planned_at", "is_empty", says="还没有方案"),),
    occasion=None,
    purpose="internal",
    owes=(
        Owes(
            Role.OPERATIONS,
            "plan_improvement",
            "提交改进方案和行动项",
            within=wall(hours=48),
            escalate=((wall(hours=48), Role.STORE_MANAGER), (wall(hours=60), Role.GROUP_ADMIN)),
        ),
    ),
    reason="{name}的{metric:word}在改进中：48 小时内写下方案，每个行动项有人、有日期。",
    script="方案写**改什么**，行动项写**谁、做什么、哪天完成**。至少一个行动项，才算有方案。",
    shows=("improvement.name", "improvement.metric"),
    done_by=("improvement.planned",),
    weight=88,
    keeps_gap=False,
)

CHECK = Rule(
    "improvement_check",
    title="次月验证改进效果",
    short="验证效果",
    requirement="R169",
    when=Upcoming("improvement.check_on", days=0, late=60),
    only_if=(If("improvement.state", "=", "planned", says="方案在执行"),),
    occasion="improvement.check_on",
    purpose="internal",
    owes=(
        Owes(
            Role.OPERATIONS,
            "check_improvement",
            "验证效果：关闭或继续",
            within=working(days=2),
            escalate=((working(days=3), Role.STORE_MANAGER),),
        ),
    ),
    reason="{name}的{metric:word}改进满一个月，请对照目标 {goal} 验证效果。",
    script="看近四个整周的数值：**达到目标**就关闭；没有达到，写明**还差在哪**，继续改，下个月再验证。",
    shows=("improvement.name", "improvement.metric", "improvement.goal"),
    done_by=("improvement.checked",),
    weight=70,
    keeps_gap=False,
)


def _action(code: str, *, role: Role, side: str, says: str, title: str) -> Rule:
    return Rule(
        code,
        title=title,
        short="行动项",
        requirement="R171",
        when=Upcoming("action.due_on", days=3, late=120),
        occasion="action.due_on",
        only_if=(If("action.side", "=", side, says=says),),
        purpose="internal",
        owes=(
            Owes(
                role,
                "finish_action",
                "完成行动项并登记结果",
                within=working(days=3),
                escalate=((working(days=4), Role.STORE_MANAGER),),
            ),
        ),
        reason="例会或改进会议商定：{what}，{due}前完成。",
        script="做完写一句**做成了什么**。做不到就**早说**，请店长改期或换人；没有结果的，每周例会都会再提。",
        shows=("action.what",),
        done_by=("action.done", "action.dropped"),
        void_by=("action.changed",),
        weight=74,
        keeps_gap=False,
    )


ACTION_SALES = _action(
    "action_due",
    role=Role.SALES_CONSULTANT,
    side="sales",
    says="负责人在销售",
    title="行动项到期前完成（负责人在销售）",
)
ACTION_SERVICE = _action(
    "action_due_service",
    role=Role.SERVICE_ADVISOR,
    side="service",
    says="负责人在售后",
    title="行动项到期前完成（负责人在售后）",
)


def _force(code: str, *, role: Role, side: str, says: str, title: str) -> Rule:
    return Rule(
        code,
        title=title,
        short="专项攻坚",
        requirement="R172",
        when=Happened("taskforce", "taskforce.opened", late=5),
        only_if=(If("taskforce.side", "=", side, says=says),),
        occasion=None,
        purpose="internal",
        owes=(
            Owes(
                role,
                "solve_taskforce",
                "提交方案和首次检查的结果",
                within=wall(days=3),
                escalate=((wall(days=3), Role.STORE_MANAGER), (wall(days=4), Role.OPERATIONS)),
            ),
        ),
        reason="您是专项攻坚小组组长（{metric:word}）：{goal}。3 天内提交方案，并完成首次检查。",
        script="第一天**看记录找原因**，第二天**试一个办法**，第三天**检查**：试过的那几单有没有变好。",
        shows=("taskforce.metric", "taskforce.goal"),
        done_by=("taskforce.solved",),
        weight=84,
        keeps_gap=False,
    )


FORCE_SALES = _force(
    "taskforce_solve",
    role=Role.SALES_CONSULTANT,
    side="sales",
    says="组长在销售",
    title="专项攻坚小组 3 天内出方案（组长在销售）",
)
FORCE_SERVICE = _force(
    "taskforce_solve_service",
    role=Role.SERVICE_ADVISOR,
    side="service",
    says="组长在售后",
    title="专项攻坚小组 3 天内出方案（组长在售后）",
)

CHAPTER = gettext_noop("指标与改进：红灯、例会、攻坚")
RULES = (MEET, PLAN, CHECK, ACTION_SALES, ACTION_SERVICE, FORCE_SALES, FORCE_SERVICE)
