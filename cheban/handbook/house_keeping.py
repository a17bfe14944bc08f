"""Keeping our own word: what the house owes when its figures or its files ask for it. R010, R017."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from cheban.org.roles import Role
from cheban.playbook.rules import Happened, Owes, Rule, Upcoming, working

NEW_OWNER = Rule(
    "new_owner",
    title="过户车：认识新车主",
    short="新车主",
    requirement="R010",
    when=Happened("vehicle", "vehicle.changed_hands", late=14),
    occasion=None,
    purpose="service",
    owes=(
        Owes(
            Role.SERVICE_SPECIALIST,
            "welcome_new_owner",
            "联系新车主，补齐档案",
            within=working(days=2),
            escalate=((working(days=4), Role.STORE_MANAGER),),
        ),
    ),
    reason="{series}{due}换了车主。请新车主确认电话、用途和保养习惯，登记是否同意联系。",
    script="{call_name}您好，我是{store}的{me}。您的{series}以前一直在我们这里保养，**记录都在**。"
    "方便的话跟您核对一下联系方式，以后保养、年检到期我提前提醒您，可以吗？",
    shows=("vehicle.series", "vehicle.last_service_on"),
    done_when=("settled",),
    done_label="已核对建档",
    weight=60,
    keeps_gap=False,
)

TRAINING_LAPSED = Rule(
    "training_lapsed",
    title="保密培训逾期：请同事补上",
    short="保密培训",
    requirement="R017",
    when=Upcoming("store.training_lapsed_on", days=0, late=30),
    occasion="store.training_lapsed_on",
    purpose="internal",
    owes=(
        Owes(
            Role.STORE_MANAGER,
            "renew_training",
            "请逾期的同事完成保密培训",
            within=working(days=3),
            escalate=((working(days=5), Role.OPERATIONS),),
        ),
    ),
    reason="{name}有 {training_late} 位同事的保密培训已过期或还没有完成（最近一位自{due}起）。",
    script="打开**培训**页，点“逾期”看是谁：请他们**在自己的电脑或手机上读完材料并确认**；"
    "如果是集中学习，由您登记参加。全部补上后这一条就不会再出现。",
    shows=("store.name", "store.training_late"),
    done_when=("settled",),
    done_label="已请同事补上",
    weight=55,
    keeps_gap=False,
)

CHAPTER = gettext_noop("自我管理：档案与守诺")
RULES = (NEW_OWNER, TRAINING_LAPSED)
