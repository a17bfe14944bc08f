"""Keeping the customer: birthdays, festivals, and those who have not come for a while. R087-R088, R101, R147."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from cheban.org.roles import Role
from cheban.playbook.rules import Birthday, Festival, Happened, If, Owes, Rule, Since, working

BIRTHDAY = Rule(
    "birthday",
    title="生日祝福（公历或农历）",
    short="生日",
    requirement="R087",
    when=Birthday("customer.birthday", "customer.lunar_birthday"),
    only_if=(
        If("customer.kind", "=", "person", says="是个人客户"),
        If("customer.last_visit_on", "within_days", 730, says="两年内来过店"),
    ),
    occasion=None,
    purpose="care",
    owes=(Owes(Role.SALES_CONSULTANT, "birthday_greeting", "生日祝福", within=working(days=1)),),
    reason="今天是客户生日。来店 {visits} 次，上次 {last_visit_on}。",
    script="{call_name}，今天是您的生日，{store}全体同事祝您**生日快乐**，出入平安！",
    shows=("customer.visits", "customer.last_visit_on"),
    done_when=("settled", "reached"),
    done_label="已祝福",
    weight=70,
    keeps_gap=False,
)

WEATHER_TIPS = Rule(
    "weather_tips",
    title="天气突变：把用车提示发给客户",
    short="天气提示",
    requirement="R089",
    when=Happened("store", "weather.warned", late=1, tells=("kind",)),
    occasion=None,
    purpose="care",
    owes=(
        Owes(
            Role.CALLER,
            "pass_on_weather_tips",
            "把提示发到客户群，打给今天要来店的客户",
            within=working(hours=2),
            escalate=((working(hours=4), Role.STORE_MANAGER),),
        ),
    ),
    reason="{kind:weather}预警：两小时内把用车提示发到客户群，并打给今天要来店的客户。",
    script="尊敬的车主，{store}提醒您：**{kind:weather}**将至。{kind:weather_tips}需要救援请随时打给我们。",
    done_when=("settled",),
    done_label="已发出",
    weight=85,
    keeps_gap=False,
)

FESTIVAL = Rule(
    "festival_greeting",
    title="节日问候（金卡、白金客户）",
    short="节日",
    requirement="R088",
    when=Festival(
        "customer",
        ("spring_festival", "lantern", "dragon_boat", "mid_autumn", "new_year", "national_day"),
        names="元旦、春节、元宵、端午、中秋、国庆",
    ),
    only_if=(If("customer.tier", "in", ("gold", "platinum"), says="金卡或白金客户"),),
    occasion=None,
    purpose="care",
    owes=(Owes(Role.SALES_CONSULTANT, "festival_greeting", "节日问候", within=working(days=1)),),
    reason="{festival}问候：{tier:tier}客户，来店 {visits} 次。",
    script="{call_name}您好，我是{store}的{me}。**{festival}**到了，祝您和家人节日快乐！"
    "出行前需要检查车况，随时告诉我。",
    shows=("customer.tier", "customer.visits"),
    done_when=("settled", "reached"),
    done_label="已问候",
    weight=35,
    keeps_gap=False,
)


def _absent(months: int, *, role: Role, weight: int, title: str) -> Rule:
    return Rule(
        f"no_visit_{months}m",
        title=title,
        short=f"{months} 个月未到店",
        requirement="R147",
        when=Since("vehicle.last_visit_on", months=months),
        occasion="vehicle.last_visit_on",
        purpose="service",
        owes=(
            Owes(
                role,
                f"win_back_{months}m",
                "挽留联系",
                within=working(days=5),
                escalate=((working(days=8), Role.STORE_MANAGER),),
                may_be=(Role.SERVICE_ADVISOR, Role.SERVICE_SPECIALIST, Role.CALLER),
            ),
        ),
        reason=f"{months} 个月没有到店，上次是 {{last_visit_on}}（共来店 {{customer_visits}} 次，最近里程 {{odometer_km}} 公里）。",
        script="{call_name}您好，我是{store}的{me}。您的{series}上次来是{last_visit_on}，想了解一下**最近用车有没有不方便的地方**？"
        "方便时来店，我们免费检查一次。",
        shows=("vehicle.last_visit_on", "vehicle.customer_visits", "vehicle.odometer_km", "vehicle.series"),
        done_when=("booked", "settled"),
        weight=weight,
        bounds=(("months", *{6: (4, 8), 9: (9, 11), 12: (12, 24)}[months]),),  # the three follow one another
    )


NO_VISIT = (
    _absent(6, role=Role.SERVICE_ADVISOR, weight=30, title="6 个月未到店"),
    _absent(9, role=Role.SERVICE_SPECIALIST, weight=38, title="9 个月未到店"),
    _absent(12, role=Role.SERVICE_SPECIALIST, weight=48, title="12 个月未到店"),
)

CHAPTER = gettext_noop("客户关系：生日、节日、久未到店")
RULES = (WEATHER_TIPS, BIRTHDAY, FESTIVAL, *NO_VISIT)
