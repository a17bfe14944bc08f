"""Display components: words of clocks and moments, plates, and the rules that every template keeps."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from hypothesis import given
from hypothesis import strategies as st

from cheban.customers.plate import KINDS
from cheban.site.templatetags import time_words
from cheban.site.templatetags.cheban import PLATE_COLOURS, manifest

ROOT = Path(__file__).parents[3]
SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 23, 10, 12, tzinfo=SHANGHAI)  # a Monday
TEMPLATES = sorted((ROOT / "cheban").glob("*/templates/**/*.html"))


def _clock(**left: float) -> tuple[str, str]:
    shown = time_words.clock_words(NOW + timedelta(**left), now=NOW, zone=SHANGHAI)
    return shown.words, shown.level


def render(text: str, **context) -> str:
    """A template's text with the components loaded."""
    return Template("{% load cheban %}" + text).render(Context(context))


def test_a_clock_says_what_is_left_in_words_and_when_it_is_late():
    assert _clock(minutes=22) == ("剩 22 分", "amber")
    assert _clock(hours=3, minutes=20) == ("剩 3 小时 20 分", "calm")
    assert _clock(hours=5, minutes=48) == ("16:00 前", "calm")
    assert _clock(days=1, hours=2) == ("剩 1 天 2 小时", "calm")
    assert _clock(days=3) == ("周四前", "calm")
    assert _clock(days=40) == ("2027 年 1 月 2 日前", "calm")
    assert _clock(minutes=-20) == ("超时 20 分", "late")
    assert _clock(seconds=0)[1] == "late"


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_a_clock_is_amber_exactly_when_a_quarter_of_its_time_is_left(whole_seconds, left_seconds):
    due = NOW + timedelta(seconds=left_seconds)
    shown = time_words.clock_words(due, now=NOW, zone=SHANGHAI, started=due - timedelta(seconds=whole_seconds))
    assert (shown.level == "amber") == (left_seconds * 4 <= whole_seconds)


def test_moments_read_as_people_say_them():
    def words(at):
        return time_words.moment_words(at, now=NOW, zone=SHANGHAI)

    assert words(NOW - timedelta(minutes=20)) == "20 分钟前"
    assert words(NOW.replace(hour=8, minute=30)) == "今天 08:30"
    assert words(NOW + timedelta(days=1)) == "明天 10:12"
    assert words(NOW - timedelta(days=3)) == "3 天前"
    assert words(date(2026, 6, 4)) == "6 月 4 日"
    assert words(date(2025, 6, 4)) == "2025 年 6 月 4 日"


def test_plates_have_the_colour_of_the_street_and_their_dot():
    assert set(KINDS) <= set(PLATE_COLOURS)
    assert render("{% plate '沪A12345' 'blue' %}") == '<span class="plate plate-blue">沪A·12345</span>'
    assert render("{% plate '沪AD12345' 'nev_small' %}") == '<span class="plate plate-green">沪A·D12345</span>'
    assert render("{% plate '沪A·12345' 'blue' %}").count("·") == 1
    assert render("{% plate 'C2184841' %}") == '<span class="code">C2184841</span>'
    assert render("{% plate '' %}") == ""


def test_money_and_distance_keep_their_units_and_signs():
    assert "¥1,234.05" in render("{% money 123405 %}")
    assert "-¥0.05" in render("{% money n %}", n=-5)
    assert "4,820 公里" in render("{% km 4820.4 %}")


def test_names_from_outside_are_always_escaped():
    evil = "<script>alert(1)</script>"
    for tag in ("{% plate e %}", "{% badge e %}", "{% person e e %}", "{% masked e '/x' e %}"):
        assert "<script>" not in render(tag, e=evil)


def test_every_icon_that_a_template_names_is_in_the_sprite():
    known = set(manifest()["icons"])
    used = {name for path in TEMPLATES for name in re.findall(r"""{% icon ["']([\w-]+)["']""", path.read_text())}
    menu = set(re.findall(r'"[\w:]+", "([\w-]+)", "\w+\.\w+"', (ROOT / "cheban/site/shell.py").read_text()))
    assert (used | menu) - known == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.name)
def test_no_template_holds_code_or_style_or_another_host(path):
    text = re.sub(r"{#.*?#}", "", path.read_text())
    assert not re.search(r"\sstyle\s*=|<style|\son\w+\s*=|hx-on|js:|javascript:", text), "inline code or style"
    assert not re.search(r"https?://(?!www\.w3\.org)", text), "an address of another host"
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))
