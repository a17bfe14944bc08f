"""Fills a rule's sentences with facts: dates, kilometres and words as people say them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from cheban.core import facts
from cheban.playbook.outcomes import WEATHER

_FIELD = re.compile(r"\{(\w+)(?::(\w+))?\}")
_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}$")


def day_words(day: date, *, today: date) -> str:
    """11 月 30 日; with the year when it is another one."""
    if get_language() == "en":
        return day.strftime("%-d %b %Y" if day.year != today.year else "%-d %b")
    return f"{day.year} 年 {day.month} 月 {day.day} 日" if day.year != today.year else f"{day.month} 月 {day.day} 日"


def age_words(since: date, *, today: date) -> str:
    """How long ago: 5 个月 22 天, 3 年 2 个月."""
    months = (today.year - since.year) * 12 + today.month - since.month - (today.day < since.day)
    if months >= 12:
        return _("%(years)d 年 %(months)d 个月") % {"years": months // 12, "months": months % 12}
    days = (today - since).days - round(months * 30.44)
    return (
        _("%(months)d 个月 %(days)d 天") % {"months": months, "days": max(days, 0)}
        if months
        else _("%(days)d 天") % {"days": (today - since).days}
    )


def _value(value: Any, form: str | None, *, today: date) -> str:
    if value is None or value == "":
        return _("未登记")
    if form == "word":  # a word of the house's own: its title in the reader's language
        return str(_(value))
    if isinstance(value, str) and _DATE.match(value):
        day = date.fromisoformat(value)
        if form == "age":
            return age_words(day, today=today)
        if form == "short":
            return f"{day.month}/{day.day}"
        return day_words(day, today=today)
    named = {
        "weather": WEATHER,
        "weather_tips": {
            "rainstorm": _("积水超过半个轮胎不要强行通过；熄火后不要再点火；检查雨刮和轮胎花纹。"),
            "snow": _("缓起步、早刹车；换上冬季轮胎或带好防滑链；玻璃水换成防冻型。"),
            "cold": _("检查电瓶和防冻液冰点；电动车提前预热电池，续航按七成估算。"),
            "heat": _("检查空调、水温和胎压；车内不要留打火机、充电宝和老人孩子。"),
            "typhoon": _("不要停在树下、广告牌下和低洼处；尽量不出行。"),
            "fog": _("开雾灯和近光灯，不开远光；加大车距，不急刹、不变道。"),
        },
        "due_by": {"time": _("按时间"), "mileage": _("按里程")},
        "inspection": {"sticker": _("免上线，申领标志"), "on_line": _("需上线检测")},
        "inspection_how": {"sticker": _("今年免上线检测，在手机上申领标志即可"), "on_line": _("今年需要上线检测")},
        "tier": {"gold": _("金卡"), "platinum": _("白金"), "silver": _("银卡"), "ordinary": _("普通")},
    }.get(form or "")
    if named:
        return str(named.get(value, value))
    if isinstance(value, (int, float)):
        return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"
    return str(value)


def fill(template: str, fields: Mapping[str, Any], *, today: date) -> str:
    """The sentence with its fields filled; a field that is unknown reads 未登记, never an empty hole."""
    return _FIELD.sub(lambda m: _value(fields.get(m[1]), m[2], today=today), _(template))


def spoken(template: str, paths: Iterable[str]) -> str:
    """The sentence with names in place of its fields, for reading a rule: 您的〔车系〕的〔到期日〕. `paths` are the rule's facts."""
    labels = {path.split(".")[1]: str(_(facts.fact(path).label)) for path in paths}
    labels |= {
        "call_name": _("客户称呼"),
        "store": _("门店"),
        "me": _("我的名字"),
        "due": _("日期"),
        "festival": _("节日"),
        "kind": _("天气"),
        "value": _("数值"),
        "target": _("目标"),
    }
    return _FIELD.sub(lambda m: f"〔{labels.get(m[1], m[1])}〕", _(template)).replace("**", "")


def segments(text: str) -> list[dict[str, Any]]:
    """Splits '... **strong** ...' into [{text, strong}] for a template that must not hold markup."""
    return [{"text": part, "strong": i % 2 == 1} for i, part in enumerate(text.split("**")) if part]


def call_name(name: str, *, gender: str, kind: str) -> str:
    """张先生 / 张女士 / 张三 (gender unknown) / the company's name."""
    if kind == "company" or not gender or not name:
        return name
    return surname(name) + (_("先生") if gender == "m" else _("女士"))


COMPOUND = ("欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "夏侯", "司徒")


def surname(name: str) -> str:
    """张 of 张三, 欧阳 of 欧阳娜; of a company its first character: what a wall may show."""
    return name[:2] if name.startswith(COMPOUND) else name[:1]


def plate_tail(plate: str) -> str:
    """…345 of 沪A·12345: enough for whoever waits for this car."""
    return f"…{plate[-3:]}" if plate else ""
