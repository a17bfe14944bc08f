"""When customers are asked how we did, and what a low score owes. R132, R135, R167, Y05."""

from __future__ import annotations

from datetime import time

from django.utils.translation import gettext_noop

from cheban.org.roles import Role
from cheban.playbook.rules import Happened, Owes, Rule, wall
from cheban.voice.surveys.plans import Plan, Terms

PLANS = (
    Plan("delivery", "delivery.completed", days=1, at=time(10), late_days=3),
    Plan("repair_order", "repair_order.imported", days=1, at=time(10), late_days=3),
)
TERMS = Terms(gap_days=30, lives_days=14, change_hours=24, low=60, target=90, least=10)

LOW_SCORE = Rule(
    "low_score",
    title="评价低于 60 分：24 小时内回电",
    short="低分回电",
    requirement="R132",
    when=Happened("survey", "survey.low"),
    occasion=None,
    purpose="service",
    owes=(
        Owes(
            Role.SERVICE_SPECIALIST,
            "call_back_low_score",
            "给打了低分的客户回电",
            within=wall(hours=24),
            escalate=((wall(hours=24), Role.STORE_MANAGER),),
        ),
    ),
    reason="客户评价偏低：销售 {sales_points} 分，售后 {service_points} 分。24 小时内回电，听清楚哪里没做好。",
    script="{call_name}您好，我是{store}的{me}。谢谢您告诉我们。**哪一件事让您不满意？**先听，不解释；说好**谁、几时**给您答复。",
    shows=("survey.sales_points", "survey.service_points"),
    done_when=("settled",),
    done_label="已回电，说清楚了",
    weight=90,
    keeps_gap=False,
)

CHAPTER = gettext_noop("客户评价")
RULES = (LOW_SCORE,)
