"""Questions of customers: answered within ten working minutes, and who is next when they pass. R037-R038."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from cheban.org.roles import Role
from cheban.playbook.rules import Happened, If, Owes, Rule, working


def _answer(code: str, *, topic: str, first: Role, then: Role, title: str, says: str, reason: str, script: str) -> Rule:
    return Rule(
        code,
        title=title,
        short="客户提问",
        requirement="R038",
        when=Happened("question", "conversation.asked"),
        only_if=(
            If("question.topic", "=", topic, says=says),
            If("question.answered_at", "is_empty", says="还没有人回复"),
        ),
        occasion=None,
        purpose="internal",
        owes=(
            Owes(
                first,
                "answer_customer",
                "回复客户的提问",
                within=working(minutes=10),
                escalate=((working(minutes=10), then), (working(minutes=20), Role.STORE_MANAGER)),
            ),
        ),
        reason=reason,
        script=script,
        shows=("question.series",),
        done_by=("conversation.answered",),
        weight=95,
        keeps_gap=False,
    )


ANSWER_CUSTOMER = _answer(
    "answer_customer",
    topic="service",
    first=Role.SERVICE_SPECIALIST,
    then=Role.SALES_CONSULTANT,
    title="客户在服务群提问：10 分钟内回复",
    says="问的是用车与保养",
    reason="客户在服务群里提问，10 个工作分钟内回复。",
    script="先回一句**“收到，我马上看”**，再查、再答。答不了的，说清楚**几点前**给答复。",
)
ANSWER_CUSTOMER_SALES = _answer(
    "answer_customer_sales",
    topic="sales",
    first=Role.SALES_CONSULTANT,
    then=Role.SERVICE_SPECIALIST,
    title="客户问购车、手续、承诺：10 分钟内回复",
    says="问的是购车、手续、承诺",
    reason="客户在服务群里问购车时的事，10 个工作分钟内回复。",
    script="先看**登记过的承诺**和依据，再回复。说过的话要认，**做不到就早说**。",
)

CHAPTER = gettext_noop("客户的提问")
RULES = (ANSWER_CUSTOMER, ANSWER_CUSTOMER_SALES)
