"""Care over a vehicle's life: first and second service, maintenance, inspection, insurance, warranty. R035, R085-R090."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from cheban.org.roles import Role
from cheban.playbook.rules import If, Owes, Rule, Upcoming, wall, working

FIRST_SERVICE_DUE = Rule(
    "first_service_due",
    title="首保提前 7 天双线触达",
    short="首保",
    requirement="R035",
    when=Upcoming("vehicle.first_service_due_on", days=7, late=30),
    only_if=(If("vehicle.services_done", "=", 0, says="还没有做过首保"),),
    occasion="vehicle.purchased_on",
    purpose="service",
    owes=(
        Owes(
            Role.SERVICE_SPECIALIST,
            "book_first_service",
            "预约首保",
            within=working(days=2),
            escalate=((working(days=4), Role.STORE_MANAGER),),
        ),
        Owes(
            Role.SALES_CONSULTANT,
            "care_call",
            "关怀电话",
            within=working(days=3),
            escalate=((working(days=5), Role.STORE_MANAGER),),
        ),
    ),
    joined=True,
    reason="首保 {due}到期，还没有预约。购车 {purchased_on:age}，预计日均 {km_per_day} 公里。",
    script="{call_name}您好，我是{store}的{me}。您的{series}到**首次保养**的时间了，**{due}前**来店可享免费首保。"
    "您看哪天方便，我帮您留好工位？",
    shows=("vehicle.purchased_on", "vehicle.km_per_day", "vehicle.series"),
    weight=90,
)

SECOND_SERVICE_DUE = Rule(
    "second_service_due",
    title="二保守护（流失最多的一次）",
    short="二保",
    requirement="R085",
    when=Upcoming("vehicle.second_service_due_on", days=14, late=30),
    only_if=(If("vehicle.services_done", "=", 1, says="做过首保，还没有做二保"),),
    occasion="vehicle.last_service_on",
    purpose="service",
    owes=(
        Owes(
            Role.SERVICE_SPECIALIST,
            "book_second_service",
            "预约二保",
            within=working(days=2),
            escalate=((working(days=4), Role.STORE_MANAGER),),
        ),
        Owes(
            Role.SALES_CONSULTANT,
            "care_call",
            "关怀电话",
            within=working(days=4),
            escalate=((working(days=6), Role.STORE_MANAGER),),
        ),
    ),
    joined=True,
    reason="二保 {due}到期。首保是 {last_service_on} 做的，很多客户从这一次开始流失。",
    script="{call_name}您好，我是{store}的{me}。您的{series}上次保养是{last_service_on}，**第二次保养**约在**{due}**到期。"
    "提前预约可以免排队，您看这周哪天方便？",
    shows=("vehicle.last_service_on", "vehicle.last_service_km", "vehicle.series"),
    weight=85,
)

MAINTENANCE_DUE = Rule(
    "maintenance_due",
    title="定期保养（时间或里程先到）",
    short="保养",
    requirement="R090",
    when=Upcoming("vehicle.maintenance_due_on", days=10, late=30),
    only_if=(If("vehicle.services_done", ">=", 2, says="做过两次以上保养"),),
    occasion="vehicle.last_service_on",
    purpose="service",
    owes=(
        Owes(
            Role.SERVICE_ADVISOR,
            "book_maintenance",
            "预约保养",
            within=working(days=3),
            escalate=((working(days=6), Role.STORE_MANAGER),),
            may_be=(Role.SERVICE_SPECIALIST, Role.CALLER),
        ),
    ),
    reason="保养约 {due}到期（{maintenance_low_on:short}—{maintenance_high_on:short}，{maintenance_due_by:due_by}）。"
    "上次保养 {last_service_on}、{last_service_km} 公里；日均 {km_per_day} 公里。",
    script="{call_name}您好，我是{store}的{me}。按您平时的用车，{series}大约**{due}**该保养了。"
    "您看工作日还是周末方便？我先帮您留工位。",
    shows=(
        "vehicle.maintenance_low_on",
        "vehicle.maintenance_high_on",
        "vehicle.maintenance_due_by",
        "vehicle.last_service_on",
        "vehicle.last_service_km",
        "vehicle.km_per_day",
        "vehicle.series",
    ),
    weight=60,
)

INSPECTION_DUE = Rule(
    "inspection_due",
    title="年检到期提醒",
    short="年检",
    requirement="R086",
    when=Upcoming("vehicle.inspection_due_on", days=30, late=10),
    occasion="vehicle.inspection_due_on",
    purpose="service",
    owes=(
        Owes(
            Role.SERVICE_ADVISOR,
            "remind_inspection",
            "提醒年检",
            within=working(days=5),
            escalate=((working(days=10), Role.STORE_MANAGER),),
            may_be=(Role.SERVICE_SPECIALIST, Role.CALLER),
        ),
    ),
    reason="年检 {due}到期（{inspection_kind:inspection}）。",
    script="{call_name}您好，我是{store}的{me}。您的{series}**年检{due}到期**，{inspection_kind:inspection_how}。"
    "如果需要，我们可以帮您检查灯光和刹车，再陪您办理。",
    shows=("vehicle.inspection_kind", "vehicle.series"),
    weight=50,
)


def _insurance(days: int, *, beyond: int | None, weight: int, title: str) -> Rule:
    return Rule(
        f"insurance_renewal_{days}",
        title=title,
        short="续保",
        requirement="R086",
        when=Upcoming("vehicle.insurance_until", days=days if beyond is None else days, beyond=beyond, late=0),
        occasion="vehicle.insurance_until",
        purpose="insurance",
        owes=(
            Owes(
                Role.SERVICE_SPECIALIST,
                "renew_insurance",
                "续保联系",
                within=working(days=2 if days == 7 else 4),
                escalate=((working(days=3 if days == 7 else 8), Role.STORE_MANAGER),),
            ),
        ),
        reason="商业保险 {due}到期，现投 {insurer}。",
        script="{call_name}您好，我是{store}的{me}。您的{series}商业险**{due}到期**。"
        "续保方案我已经准备好，给您讲一下今年的变化，三分钟可以吗？",
        shows=("vehicle.insurer", "vehicle.series"),
        done_when=("settled", "booked"),
        done_label="已续保",
        weight=weight,
        bounds=(("days", (beyond or 0) + 1, {60: 90, 30: 30, 7: 7}[days]),),  # the three never overlap
    )


INSURANCE_RENEWAL = (
    _insurance(60, beyond=30, weight=40, title="续保：到期前 60 天"),
    _insurance(30, beyond=7, weight=55, title="续保：到期前 30 天"),
    _insurance(7, beyond=None, weight=88, title="续保：到期前 7 天"),
)

WARRANTY_EXPIRY = Rule(
    "warranty_expiry",
    title="保修到期提醒",
    short="保修",
    requirement="R082",
    when=Upcoming("vehicle.warranty_until", days=45, late=0),
    occasion="vehicle.warranty_until",
    purpose="service",
    owes=(
        Owes(
            Role.SERVICE_ADVISOR,
            "warranty_check",
            "保修到期检查",
            within=working(days=5),
            escalate=((wall(days=14), Role.STORE_MANAGER),),
            may_be=(Role.SERVICE_SPECIALIST, Role.CALLER),
        ),
    ),
    reason="原厂保修 {due}到期，到期前应免费检查一次。",
    script="{call_name}您好，我是{store}的{me}。您的{series}**原厂保修{due}到期**，"
    "到期前我们免费做一次全车检查，有问题还在保修里处理。您看哪天方便？",
    shows=("vehicle.series",),
    weight=45,
)

CHAPTER = gettext_noop("用车周期：保养、年检、保险、质保")
RULES = (FIRST_SERVICE_DUE, SECOND_SERVICE_DUE, MAINTENANCE_DUE, INSPECTION_DUE, *INSURANCE_RENEWAL, WARRANTY_EXPIRY)
