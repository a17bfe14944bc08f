"""Moments and clocks as people say them: 剩 1 天 2 小时, 16:00 前, 超时 20 分, 昨天 14:30.

Pure functions. The script that keeps clocks running (frontend/js/clocks.js) follows the same rules with the
same sentences: `script_words()` hands it the catalogue's texts, so that page and script never differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

MINUTE, HOUR, DAY = 60, 3600, 86400
AMBER_SHARE = 0.25
"""A clock turns amber when this share of its time is left."""

Level = Literal["calm", "amber", "late"]


@dataclass(frozen=True, slots=True)
class Clock:
    """What a clock shows: its words, and how urgent they are."""

    words: str
    level: Level


WEEKDAYS = (
    gettext_noop("周一"),
    gettext_noop("周二"),
    gettext_noop("周三"),
    gettext_noop("周四"),
    gettext_noop("周五"),
    gettext_noop("周六"),
    gettext_noop("周日"),
)
MONTHS = (
    gettext_noop("1 月"),
    gettext_noop("2 月"),
    gettext_noop("3 月"),
    gettext_noop("4 月"),
    gettext_noop("5 月"),
    gettext_noop("6 月"),
    gettext_noop("7 月"),
    gettext_noop("8 月"),
    gettext_noop("9 月"),
    gettext_noop("10 月"),
    gettext_noop("11 月"),
    gettext_noop("12 月"),
)
NEAR = {-1: gettext_noop("昨天"), 0: gettext_noop("今天"), 1: gettext_noop("明天")}


def weekday(day: date) -> str:
    """周一 ... 周日."""
    return _(WEEKDAYS[day.weekday()])


def month(number: int) -> str:
    """1 月 ... 12 月."""
    return _(MONTHS[number - 1])


def span(seconds: float) -> str:
    """A length of time in its two largest useful units: 1 天 2 小时, 3 小时 20 分, 18 小时, 20 分."""
    days, rest = divmod(int(seconds), DAY)
    hours, rest = divmod(rest, HOUR)
    minutes = rest // MINUTE
    if days:
        head, tail = _("%(n)d 天") % {"n": days}, _("%(n)d 小时") % {"n": hours} if hours and days < 3 else ""
    elif hours:
        head, tail = (
            _("%(n)d 小时") % {"n": hours},
            _("%(n)d 分") % {"n": minutes} if minutes and hours < 4 else "",
        )
    else:
        return _("%(n)d 分") % {"n": max(minutes, 1)}
    return f"{head} {tail}" if tail else head


def day_words(day: date, *, today: date) -> str:
    """11 月 30 日; with its year when that is another one."""
    if day.year == today.year:
        return _("%(month)s %(d)d 日") % {"month": month(day.month), "d": day.day}
    return _("%(y)d 年 %(month)s %(d)d 日") % {"y": day.year, "month": month(day.month), "d": day.day}


def clock_words(due: datetime, *, now: datetime, zone: tzinfo, started: datetime | None = None) -> Clock:
    """What is left until `due`: amber at a quarter of the time since `started` (or at an hour), then late."""
    left = (due - now).total_seconds()
    if left <= 0:
        return Clock(_("超时 %(t)s") % {"t": span(-left)}, "late")
    whole = (due - started).total_seconds() if started else 4 * HOUR
    level: Level = "amber" if left <= whole * AMBER_SHARE else "calm"
    here, there = now.astimezone(zone), due.astimezone(zone)
    if left < 4 * HOUR:
        return Clock(_("剩 %(t)s") % {"t": span(left)}, level)
    if there.date() == here.date():
        at = _("今天") if (there.hour, there.minute) >= (23, 59) else _("%(t)s 前") % {"t": f"{there:%H:%M}"}
        return Clock(at, level)
    if left < 2 * DAY:
        return Clock(_("剩 %(t)s") % {"t": span(left)}, level)
    if (there.date() - here.date()).days < 7:
        return Clock(_("%(t)s前") % {"t": weekday(there.date())}, level)
    return Clock(_("%(t)s前") % {"t": day_words(there.date(), today=here.date())}, level)


def moment_words(at: datetime | date, *, now: datetime, zone: tzinfo) -> str:
    """A moment or a day near now: 刚刚, 20 分钟前, 今天 14:30, 3 天前, 明天, 周四 10:00, 6 月 4 日."""
    here = now.astimezone(zone)
    if not isinstance(at, datetime):
        return _day_near(at, today=here.date())
    there = at.astimezone(zone)
    ago = (here - there).total_seconds()
    days = (there.date() - here.date()).days
    if 0 <= ago < MINUTE:
        return _("刚刚")
    if 0 <= ago < HOUR:
        return _("%(n)d 分钟前") % {"n": ago // MINUTE}
    if -2 < days < 2:
        return f"{_day_near(there.date(), today=here.date())} {there:%H:%M}"
    if 2 <= days < 7:
        return f"{weekday(there.date())} {there:%H:%M}"
    return _day_near(there.date(), today=here.date())


def _day_near(day: date, *, today: date) -> str:
    days = (day - today).days
    if days in NEAR:
        return _(NEAR[days])
    if -7 < days < 0:
        return _("%(n)d 天前") % {"n": -days}
    if 0 < days < 7:
        return weekday(day)
    return day_words(day, today=today)


def near_day(moment: datetime, *, now: datetime, zone: tzinfo) -> str:
    """The day of a moment without its hour: 今天, 明天, 周一, 12 月 1 日."""
    return _day_near(moment.astimezone(zone).date(), today=now.astimezone(zone).date())


def full_words(at: datetime | date, *, zone: tzinfo) -> str:
    """The exact moment, for the title of a short one: 2026-11-23 周一 14:30."""
    local = at.astimezone(zone) if isinstance(at, datetime) else at
    day = f"{local:%Y-%m-%d} {weekday(local)}"
    return f"{day} {local:%H:%M}" if isinstance(at, datetime) else day


def script_words() -> dict[str, str | list[str]]:
    """The texts that the script needs, in the reader's language. Keys are what frontend/js asks for."""
    monday = date(2024, 1, 1)
    return {
        "late": _("超时 %(t)s"),
        "left": _("剩 %(t)s"),
        "before_time": _("%(t)s 前"),
        "before_day": _("%(t)s前"),
        "days": _("%(n)d 天"),
        "hours": _("%(n)d 小时"),
        "minutes": _("%(n)d 分"),
        "today": _("今天"),
        "month_day": _("%(month)s %(d)d 日"),
        "year_month_day": _("%(y)d 年 %(month)s %(d)d 日"),
        "months": [month(n) for n in range(1, 13)],
        "weekdays": [weekday(monday + timedelta(days=n)) for n in range(7)],
        "undo": _("撤回"),
        "close": _("关闭"),
        "offline": _("网络断开了"),
        "offline_hint": _("刚才的操作没有送出。请检查网络后再试。"),
        "failed": _("没有完成"),
        "failed_hint": _("请刷新页面后再试。"),
        "copied": _("已复制"),
        "selected": _("已选 %(n)d 项"),
        "recent": _("最近打开"),
        "pages": _("页面"),
        "nothing": _("没有找到“%(q)s”"),
        "no_choice": _("没有这一项，可以换汉字、拼音或首字母"),
        "searching": _("正在查找"),
        "nothing_hint": _("可以换车牌尾号、手机后四位、姓名或拼音首字母再试。"),
        "search_failed": _("暂时查不了，请稍后再试。"),
        "wrong_type": _("“%(name)s”不是可以导入的文件，请选择 %(types)s。"),
        "too_big": _("“%(name)s”有 %(size)s，超过 %(limit)s，请拆成几个文件。"),
        "empty_file": _("“%(name)s”是空文件。"),
        "news": _("这一页有更新，点这里刷新"),
        "uploading": _("正在上传 %(n)d%%"),
        "uploaded": _("上传完成，正在读取"),
    }
