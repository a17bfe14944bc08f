"""Display components: `{% load cheban %}`. They choose and format, and decide nothing about the business."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from django import template
from django.conf import settings
from django.templatetags.i18n import do_translate
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from cheban.core import clock as house_clock
from cheban.core.money import format_fen
from cheban.customers.names import search_key
from cheban.customers.plate import display_plate
from cheban.site.templatetags import time_words

register = template.Library()
TONES = ("", "red", "amber", "green", "violet", "accent", "blue")
PLATE_COLOURS = {
    "blue": "blue",
    "nev_small": "green",
    "nev_large": "yellow-green",
    "yellow": "yellow",
    "trainer": "yellow",
    "trailer": "yellow",
    "police": "white",
    "military": "white",
    "emergency": "white",
    "hongkong_macao": "black",
    "embassy": "black",
    "consulate": "black",
    "temporary": "plain",
}
"""The colour of each kind of `customers.plate.KINDS`; the script's palette.js has the same table."""


@lru_cache(maxsize=1)
def manifest() -> dict[str, Any]:
    """What `node frontend/build.mjs` built: {files: name -> hashed name, icons: [names]}. Read once per process."""
    path = Path(settings.STATIC_ROOT) / "manifest.json"
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise RuntimeError(
            "the front end is not built: run `make assets` (npm ci && node frontend/build.mjs)"
        ) from None


@register.simple_tag
def asset(name: str) -> str:
    """The address of a built file: `{% asset "app.css" %}`. The name carries its content's hash."""
    return _address(manifest()["files"][name])


@lru_cache(maxsize=500)
def _address(file: str) -> str:
    return static(file)


@register.simple_tag
def icon(name: str, label: str = "", size: str = "") -> SafeString:
    """An icon of the sprite; `label` when it stands alone. Raises KeyError for one not in icons.txt."""
    return _icon(name, str(label), size, asset("icons.svg"))


@lru_cache(maxsize=2000)
def _icon(name: str, label: str, size: str, sprite: str) -> SafeString:
    if name not in manifest()["icons"]:
        raise KeyError(f"no icon {name!r}: add it to frontend/icons.txt and build again")
    named = format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')
    return format_html(
        '<svg class="icon{}" {}><use href="{}#{}"></use></svg>',
        f" icon-{size}" if size else "",
        named,
        sprite,
        name,
    )


@register.simple_tag
def plate(number: str | None, kind: str = "") -> SafeString | str:
    """A number plate as in the street: the colour of its kind (customers.plate), its dot; never wraps.

    Without a kind it is grey; what is no plate at all (a VIN's tail) is shown as plain code.
    """
    text = (number or "").strip()
    if not text:
        return ""
    if "·" not in text:
        text = display_plate(text)
    if not kind and "·" not in text:
        return format_html('<span class="code">{}</span>', text)
    return format_html('<span class="plate plate-{}">{}</span>', PLATE_COLOURS.get(kind, "plain"), text)


@register.simple_tag
def clock(
    due_at: datetime | None, started_at: datetime | None = None, now: datetime | None = None, level: str = ""
) -> SafeString | str:
    """Time left in words, kept running by the script; amber at a quarter left, red and 超时 when late.

    `level` forces calm, amber or late. Nothing for no moment.
    """
    if not due_at:
        return ""
    zone = timezone.get_current_timezone()
    shown = time_words.clock_words(due_at, now=now or house_clock.now(), zone=zone, started=started_at or None)
    started = format_html(' data-start="{}"', int(started_at.timestamp())) if started_at else ""
    forced = format_html(' data-level="{}"', level) if level else ""
    return format_html(
        '<time class="clock clock-{}" datetime="{}" title="{}" data-due="{}"{}{}>{}</time>',
        level or shown.level,
        due_at.isoformat(),
        time_words.full_words(due_at, zone=zone),
        int(due_at.timestamp()),
        started,
        forced,
        shown.words,
    )


@register.simple_tag
def when(moment: datetime | date | None, now: datetime | None = None, empty: str = "") -> SafeString | str:
    """今天 14:30, 明天, 3 天前; the exact moment in the title. `empty` stands for no moment."""
    if not moment:
        return empty
    zone = timezone.get_current_timezone()
    return format_html(
        '<time class="when" datetime="{}" title="{}">{}</time>',
        moment.isoformat(),
        time_words.full_words(moment, zone=zone),
        time_words.moment_words(moment, now=now or house_clock.now(), zone=zone),
    )


@register.filter
def day_words(moment: datetime | None, now: datetime | None = None) -> str:
    """今天, 明天, 周一, 12 月 1 日: the day of a moment, without its hour."""
    if moment is None:
        return ""
    return time_words.near_day(moment, now=now or house_clock.now(), zone=timezone.get_current_timezone())


@register.simple_tag
def page_time() -> str:
    """The moment this page was made, for people to quote: 2026-11-23 周一 14:30."""
    return time_words.full_words(house_clock.now(), zone=timezone.get_current_timezone())


@register.simple_tag
def money(fen: int | None) -> SafeString | str:
    """Whole fen as ¥1,234.00."""
    if fen is None:
        return ""
    return SafeString(f'<span class="money">{format_fen(int(fen))}</span>')  # digits only: nothing to escape


@register.simple_tag
def km(value: float | None) -> SafeString | str:
    """Kilometres without decimals: 4,820 公里."""
    if value is None:
        return ""
    return format_html('<span class="km">{} {}</span>', f"{round(value):,}", _("公里"))


@register.simple_tag
def badge(text: Any, tone: str = "", icon_name: str = "") -> SafeString | str:
    """A word on a soft ground. Tones: red amber green violet accent blue; give red and amber an icon too."""
    if text in (None, ""):
        return ""
    if tone not in TONES:
        raise ValueError(f"no tone {tone!r}: one of {', '.join(t for t in TONES if t)}")
    return format_html(
        '<span class="mark{}">{}{}</span>',
        f" mark-{tone}" if tone else "",
        icon(icon_name) if icon_name else "",
        text,
    )


@register.simple_tag
def person(name: str, role: str = "", url: str = "") -> SafeString:
    """A colleague: a round initial, the name, the role in grey."""
    inside = format_html(
        '<span class="avatar" aria-hidden="true">{}</span><span class="person-name">{}</span>{}',
        (name or "·")[:1],
        name,
        format_html('<span class="person-role">{}</span>', role) if role else "",
    )
    return (
        format_html('<a class="person" href="{}">{}</a>', url, inside)
        if url
        else format_html('<span class="person">{}</span>', inside)
    )


@register.simple_tag
def kbd(*keys: str) -> SafeString:
    """Keys as keycaps: `{% kbd "Ctrl" "K" %}`."""
    return format_html_join(" ", "<kbd>{}</kbd>", ((k,) for k in keys))


@register.simple_tag
def progress(value: float, most: float, label: str = "", tone: str = "") -> SafeString:
    """A thin bar from 0 to `most`. `label` says what it counts to those who do not see it."""
    return format_html(
        '<progress class="bar-thin{}" value="{}" max="{}" aria-label="{}"></progress>',
        f" bar-{tone}" if tone else "",
        value,
        most or 1,
        label or _("进度"),
    )


@register.inclusion_tag("components/masked.html")
def masked(value: str, url: str = "", reason: str = "") -> dict[str, Any]:
    """Personal data, masked; one click posts `reason` to `url` (audited) and the answer takes its place."""
    return {"value": value, "url": url, "reason": json.dumps({"reason": reason}, ensure_ascii=False)}


@register.inclusion_tag("components/stepper.html")
def stepper(steps: list[str], current: int) -> dict[str, Any]:
    """Where one is in a wizard; `current` counts from 1."""
    states = ["done" if n < current else "now" if n == current else "next" for n in range(1, len(steps) + 1)]
    return {
        "steps": [
            {"n": n, "label": label, "state": state}
            for n, (label, state) in enumerate(zip(steps, states, strict=True), 1)
        ]
    }


@register.simple_tag
def script_words() -> SafeString:
    """The script's texts in the reader's language, as a block of data (never run)."""
    from django.utils.html import json_script

    return json_script(time_words.script_words(), "words")


@register.simple_tag(takes_context=True)
def page_attributes(context: dict[str, Any], theme: str = "") -> SafeString:
    """Attributes of <html>: language, theme, text size, the server's clock and time zone for the script.

    `theme` is what holds for somebody who chose none: owners' pages follow their phone.
    """
    request = context.get("request")
    cookies = request.COOKIES if request else {}
    theme = context.get("theme") or cookies.get("theme", "") or theme
    theme = theme if theme in ("light", "dark", "system") else "light"
    size = "large" if cookies.get("size") == "large" else "normal"
    lang = {"zh-hans": "zh-Hans"}.get(context.get("LANGUAGE_CODE") or _language(), "en")
    # What answers a form stands at the form's address, where nothing can be fetched (live.js).
    still = " data-live-still" if request and request.method == "POST" else ""
    return format_html(
        'lang="{}" data-bs-theme="{}" data-size="{}" data-now="{}" data-tz="{}"{}',
        lang,
        theme,
        size,
        int(house_clock.now().timestamp() * 1000),
        timezone.get_current_timezone_name(),
        still,
    )


def _language() -> str:
    from django.utils.translation import get_language

    return get_language() or "zh-hans"


@register.simple_tag(takes_context=True)
def live_stores(context: dict[str, Any], name: str = "store") -> str:
    """The topic `name` of all stores in scope, 'store:1 store:2'; at most 50, more than anybody watches at once."""
    return " ".join(f"{name}:{store}" for store in context["actor"].stores[:50])


@register.filter
def undo_url(message: Any) -> str:
    """The address that takes a message's deed back: messages.success(..., extra_tags="undo:/path")."""
    for tag in (getattr(message, "extra_tags", "") or "").split():
        if tag.startswith("undo:/"):
            return tag.removeprefix("undo:")
    return ""


@register.filter
def count(value: Any) -> str:
    """A whole number with commas: 7,800."""
    return f"{int(value or 0):,}"


@register.filter
def is_one(value: Any, wanted: str) -> bool:
    """Whether two values read the same: `{% include ... with checked=only|is_one:"late" %}`."""
    return str(value if value is not None else "") == wanted


@register.simple_tag
def total(*numbers: int) -> int:
    """The sum: `{% total done open as whole %}`."""
    return sum(n or 0 for n in numbers)


@register.simple_tag
def quick_times(kind: str, now: datetime | None = None) -> list[dict[str, str]]:
    """Times one picks with one press: {value (ISO with offset), label}; past ones are left out.

    `call_back`: in an hour, 17:00, tomorrow 09:30 and 14:00. Else (a booking): tomorrow and the next
    Saturday and Sunday, morning and afternoon.
    """
    zone = timezone.get_current_timezone()
    at = now or house_clock.now()
    here = at.astimezone(zone).replace(second=0, microsecond=0)

    def moment(days: int, hour: int, minute: int = 0) -> datetime:
        return (here + timedelta(days=days)).replace(hour=hour, minute=minute)

    if kind == "call_back":
        soon = here + timedelta(hours=1)
        made = [(soon + timedelta(minutes=-soon.minute % 5), _("1 小时后"))] if soon.hour in range(8, 20) else []
        made += [(m, None) for m in (moment(0, 17), moment(1, 9, 30), moment(1, 14))]
    else:
        saturday = (5 - here.weekday()) % 7 or 7
        days = dict.fromkeys((1, saturday, saturday + 1))
        made = [(moment(d, *clock_time), None) for d in days for clock_time in ((9, 30), (14, 0))]
    return [
        {"value": m.isoformat(), "label": label or time_words.moment_words(m, now=at, zone=zone)}
        for m, label in made
        if m > here
    ]


@register.simple_tag
def sso_name() -> str:
    """What the group calls its single sign-on, for the button; '' where there is none."""
    return (settings.OIDC["name"] or _("企业账号")) if settings.OIDC else ""


@register.simple_tag
def has_english() -> bool:
    """Whether the English catalogue is part of this copy; without it nobody is offered English."""
    return (Path(__file__).resolve().parents[1] / "locale" / "en" / "LC_MESSAGES" / "django.mo").exists()


@register.filter
def pinyin(text: Any) -> str:
    """What a choice may be typed as: '单红' -> 'shanhong sh danhong dh', all readings of a surname. For data-pinyin."""
    return _pinyin(str(text))


@lru_cache(maxsize=8192)
def _pinyin(text: str) -> str:
    return search_key(text) if text and not text.isascii() else ""


@register.simple_tag(takes_context=True)
def cells(context: template.Context, chosen: list[Any]) -> str:
    """The cells of a list's row: templates by name, or what renders itself. An include would set up a rendering of its
    own for each of some hundred cells."""
    find = context.template.engine.get_template
    return SafeString(
        "".join((find(cell).nodelist if isinstance(cell, str) else cell).render(context) for cell in chosen)
    )


@register.simple_tag(takes_context=True)
def menu(context: template.Context, keys: bool = False) -> SafeString:
    """The menu's entries by group, out of `site.shell`; with `keys` those that have one answer to it and keep their count
    up to date. A group is open where one is, or where somebody left it so. Put together here: as a template its forty
    entries were most of what an average page had to render."""
    parts, groups = [], context["menu"]
    for group, found in groupby(context["nav"], key=itemgetter("group")):
        entries = list(found)
        items = "".join(
            _menu_item(
                *(entry[name] for name in ("label", "url", "count", "active")),
                icon(entry["icon"]),
                f"nav-live-{number}" if keys and entry["live"] else "",
                entry["live"] if keys else "",
                entry["key"] if keys else "",
            )
            for number, entry in enumerate(entries, 1)
        )
        entry_list = f'<ul class="nav-list">{items}</ul>'
        if group:
            is_open = group in groups["open"] or any(entry["active"] for entry in entries)
            entry_list = format_html(
                '<details class="nav-fold" data-fold="{}"{}><summary class="nav-group" title="{}">{}{}</summary>{}</details>',
                group,
                SafeString(" open" if is_open else ""),
                groups["labels"][group],
                format_html('<span class="label">{}</span>', groups["labels"][group]),
                icon("chevron-down"),
                SafeString(entry_list),
            )
        parts.append(entry_list)
    return SafeString("".join(parts))


@lru_cache(maxsize=5000)
def _menu_item(
    label: str, url: str, count: int, is_here: bool, picture: SafeString, live_id: str, live: str, key: str
) -> SafeString:
    return format_html(
        '<li><a class="nav-item"{}{} href="{}" title="{}"{}>{}<span class="label">{}</span>{}</a></li>',
        format_html(' id="{}" data-live="{}"', live_id, live) if live_id else "",
        format_html(' data-key="g {}" data-key-label="{}"', key, label) if key else "",
        url,
        label,
        SafeString(' aria-current="page"') if is_here else "",
        picture,
        label,
        format_html('<span class="count">{}</span>', count) if count else "",
    )


class _Said(template.Node):
    """A fixed text, looked up once in each language: a page has a hundred of them, and each took as long as a field."""

    def __init__(self, node: template.Node) -> None:
        self.node = node
        self.said: dict[tuple[str | None, bool], str] = {}

    def render(self, context: template.Context) -> str:
        asked = (get_language(), context.autoescape)
        if (text := self.said.get(asked)) is None:
            text = self.said[asked] = self.node.render(context)
        return text


@register.tag("translate")
def translate(parser: template.base.Parser, token: template.base.Token) -> template.Node:
    """Django's own tag; a text without a variable and without `as` is remembered."""
    node = do_translate(parser, token)
    text, said_where = node.filter_expression, node.message_context
    is_fixed = (
        isinstance(text.var, template.Variable)
        and text.var.literal is not None
        and not text.filters
        and (said_where is None or isinstance(said_where.var, str))
    )
    return _Said(node) if is_fixed and not node.asvar and not node.noop else node
