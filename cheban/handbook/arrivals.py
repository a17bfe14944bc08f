"""A customer comes for service: their sales consultant is there within minutes. R032."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from cheban.org.roles import Role
from cheban.playbook.rules import Happened, If, Owes, Rule, working

GREET_ON_ARRIVAL = Rule(
    "greet_on_arrival",
    title="客户到店：销售顾问 15 分钟内去关怀",
    short="到店关怀",
    requirement="R032",
    when=Happened("arrival", "customer.arrived", late=1),
    only_if=(If("arrival.greeted_at", "is_empty", says="还没有人打招呼"),),
    occasion=None,
    purpose="internal",
    owes=(
        Owes(
            Role.SALES_CONSULTANT,
            "greet_on_arrival",
            "去打招呼，听客户怎么说",
            within=working(minutes=15),
            escalate=((working(minutes=30), Role.STORE_MANAGER),),
        ),
    ),
    reason="{series}的车主到店了。趁他在，去打个招呼；走不开就打个电话。",
    script="您好，我是您的销售顾问{me}，听说您今天来店。车开着**怎么样**？家里用车有没有**变化**？"
    "别急着推销，客户说的**原话**记下来。",
    shows=("arrival.series",),
    done_by=("customer.greeted",),
    weight=94,
    keeps_gap=False,
)

CHAPTER = gettext_noop("客户到店")
RULES = (GREET_ON_ARRIVAL,)
