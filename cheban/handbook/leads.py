"""Leads from service to sales: confirmed within an hour, answered within a day, or passed on. R104-R109."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from cheban.org.roles import Role
from cheban.playbook.rules import Happened, If, Owes, Rule, Upcoming, wall, working

LEAD_CONFIRM = Rule(
    "lead_confirm",
    title="听出的线索 1 小时内分级并推送给销售",
    short="确认线索",
    requirement="R108",
    when=Happened("lead", "lead.proposed"),
    only_if=(If("lead.state", "=", "proposed", says="还没有确认"),),
    occasion=None,
    purpose="internal",
    owes=(
        Owes(
            Role.SERVICE_SPECIALIST,
            "confirm_lead",
            "分级并推送线索",
            within=working(hours=1),
            escalate=((working(hours=1), Role.STORE_MANAGER), (working(hours=4), Role.OPERATIONS)),
        ),
    ),
    reason="客户说：“{says}”。是线索就分 A 类或 B 类，1 小时内推送给销售顾问；不是就排除。",
    script="**A 类**：客户说了要买、要换、要介绍。**B 类**：还没说，但家里、车上的情况指向那里。",
    shows=("lead.says",),
    done_by=("lead.pushed", "lead.dismissed", "lead.joined"),
    weight=94,
    keeps_gap=False,
)


def _answer(
    code: str, *, role: Role, event: str, title: str, says: str, reason: str, escalate: Role, weight: int = 93
) -> Rule:
    """An answer within a day. Its first step upwards is also the moment at which the lead goes to the next."""
    return Rule(
        code,
        title=title,
        short="答复线索",
        requirement="R109",
        when=Happened("lead_turn", event),
        only_if=(If("lead_turn.role", "=", str(role), says=says),),
        occasion=None,
        purpose="internal",
        owes=(
            Owes(
                role,
                "answer_lead",
                "回访线索并反馈结果",
                within=wall(hours=24),
                escalate=((wall(hours=24), escalate),),
            ),
        ),
        reason=reason,
        script="先说**他自己说过的话**，再问一句。反馈三样：**客户怎么说、谈到哪一步、下次几时联系**。",
        shows=("lead_turn.says",),
        done_by=("lead.answered",),
        void_by=("lead.turn_ended",),
        weight=weight,
        keeps_gap=False,
    )


LEAD_ANSWER = _answer(
    "lead_answer",
    role=Role.SALES_CONSULTANT,
    event="lead.pushed",
    title="线索推送后 24 小时内回访并反馈，逾期转给下一位",
    says="由销售顾问跟进",
    reason="售后推来一条线索，客户说：“{says}”。24 小时内回访并反馈，逾期转给下一位同事。",
    escalate=Role.STORE_MANAGER,
)
LEAD_ANSWER_NEXT = _answer(
    "lead_answer_next",
    role=Role.SALES_CONSULTANT,
    event="lead.passed_on",
    title="转来的线索 24 小时内回访并反馈，逾期再转",
    says="由销售顾问跟进",
    reason="这条线索转到您手里，客户等着：“{says}”。24 小时内回访并反馈。",
    escalate=Role.STORE_MANAGER,
    weight=95,
)
LEAD_ANSWER_MANAGER = _answer(
    "lead_answer_manager",
    role=Role.STORE_MANAGER,
    event="lead.passed_on",
    title="销售顾问都没有答复的线索，店长 24 小时内处理",
    says="由店长跟进",
    reason="本店销售顾问都没有按时答复，客户说过：“{says}”。请您回访，或改派并问清原因。",
    escalate=Role.OPERATIONS,
    weight=96,
)
LEAD_ANSWER_MANAGER_FIRST = _answer(
    "lead_answer_manager_first",
    role=Role.STORE_MANAGER,
    event="lead.pushed",
    title="没有销售顾问在岗时，线索由店长 24 小时内处理",
    says="由店长跟进",
    reason="推送时没有销售顾问在岗，客户说：“{says}”。请您回访，或改派。",
    escalate=Role.OPERATIONS,
)


def _follow_up(code: str, *, role: Role, title: str, says: str) -> Rule:
    return Rule(
        code,
        title=title,
        short="跟进线索",
        requirement="R109",
        when=Upcoming("lead.next_contact_on", days=0, late=60),
        only_if=(If("lead.held_as", "=", str(role), says=says),),
        occasion="lead.next_contact_on",
        purpose="internal",
        owes=(
            Owes(
                role,
                "follow_up_lead",
                "按约再联系并登记",
                within=working(days=1),
                escalate=((working(days=2), Role.STORE_MANAGER), (working(days=4), Role.OPERATIONS)),
            ),
        ),
        reason="约好今天再联系这位客户，他说过：“{says}”。",
        script="接着**上次谈到的那一步**说，不要从头问起。谈不成也要**登记原因**。",
        shows=("lead.says",),
        done_by=("lead.answered", "lead.followed_up"),
        void_by=("lead.passed_on", "lead.joined"),
        weight=80,
        keeps_gap=False,
    )


LEAD_FOLLOW_UP = _follow_up(
    "lead_follow_up", role=Role.SALES_CONSULTANT, title="线索按约定的日期再联系", says="由销售顾问跟进"
)
LEAD_FOLLOW_UP_MANAGER = _follow_up(
    "lead_follow_up_manager", role=Role.STORE_MANAGER, title="店长手里的线索按约再联系", says="由店长跟进"
)

CHAPTER = gettext_noop("从售后到销售：线索")
RULES = (
    LEAD_CONFIRM,
    LEAD_ANSWER,
    LEAD_ANSWER_NEXT,
    LEAD_ANSWER_MANAGER,
    LEAD_ANSWER_MANAGER_FIRST,
    LEAD_FOLLOW_UP,
    LEAD_FOLLOW_UP_MANAGER,
)
