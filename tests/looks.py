"""How people have their pages: at a desk or on a phone, in Chinese or English, light or dark.

A journey that takes `look` is played in two of four ways (`one_way`, `other_way`): each at both sizes, in both languages,
light and dark; journeys take them by turns, so that every two of these choices meet. Words are looked up by their
Chinese: `look.say("保存")` is what stands on the button in this language.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from django.utils import translation

from cheban.org.models import Staff
from tests import serving

VIEWPORTS = {
    "desk": {"viewport": {"width": 1366, "height": 768}},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
}


@dataclass(frozen=True)
class Look:
    """One way to have the pages."""

    size: str
    language: str
    theme: str

    def __str__(self) -> str:
        return f"{self.size}-{self.language}-{self.theme}"

    def say(self, text: str, *, context: str = "", **values: object) -> str:
        """The words of this language for these Chinese ones (in a context); `n` counts. Raises AssertionError where English says the same."""
        with translation.override(self.language):
            if context:
                found = translation.pgettext(context, text)
            else:
                found = translation.ngettext(text, text, values["n"]) if "n" in values else translation.gettext(text)
        assert self.language != "en" or found != text, f"no English for {text}"
        return found % values if values else found

    def words(self, text: str, **values: object) -> re.Pattern[str]:
        """`say`, for whole texts around which spaces may stand."""
        return re.compile(rf"^\s*{re.escape(self.say(text, **values))}\s*$")

    def context(self, chromium, **more: object):
        """A browser of its own."""
        locale = "en-GB" if self.language == "en" else "zh-CN"
        return chromium.new_context(
            locale=locale, timezone_id="Asia/Shanghai", color_scheme=self.theme, **VIEWPORTS[self.size], **more
        )

    def dress(self, *people: Staff) -> None:
        """These people have chosen this language and theme."""
        Staff.objects.filter(pk__in=[p.pk for p in people]).update(language=self.language, theme=self.theme)


LOOKS = (
    Look("desk", "zh-hans", "light"),
    Look("desk", "en", "dark"),
    Look("phone", "zh-hans", "dark"),
    Look("phone", "en", "light"),
)
one_way = pytest.mark.parametrize("look", [LOOKS[0], LOOKS[3]], ids=str)
other_way = pytest.mark.parametrize("look", [LOOKS[1], LOOKS[2]], ids=str)


def opened(chromium, address: str, staff: Staff, look: Look, **more: object):
    """A signed-in page that remembers what is wrong with it: `calm(page)` asserts that nothing is."""
    look.dress(staff)
    page = look.context(chromium, **more).new_page()
    watch(page)
    serving.sign_in(page, address, staff)
    assert page.evaluate("document.documentElement.dataset.bsTheme") == look.theme
    assert page.evaluate("document.documentElement.lang").lower().startswith(look.language[:2])
    page.look = look
    return page


def watch(page) -> None:
    """Remember what the console says, violations of the content policy, and requests to other houses."""
    page.problems = []
    page.on("console", lambda m: page.problems.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("request", lambda r: _is_ours(r.url) or page.problems.append(f"asked {r.url}"))
    page.add_init_script(
        "addEventListener('securitypolicyviolation', e => console.error('csp ' + e.violatedDirective))"
    )


def _is_ours(url: str) -> bool:
    return urlsplit(url).hostname in ("127.0.0.1", "localhost") or url.startswith(("data:", "blob:", "about:"))


def until(page, holds, *, seconds: float = 20) -> None:
    """Let the page go on until `holds()`. Raises AssertionError after `seconds`."""
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends, "did not come about"
        page.wait_for_timeout(50)


def calm(page) -> None:
    """No error, no violation of the content policy, no request elsewhere, nothing wider than the screen."""
    assert page.problems == []
    fits(page)


def fits(page) -> None:
    """Nothing is wider than the screen."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def at_size(chromium, address: str, staff: Staff, size: str):
    """`opened` in Chinese and light, at a desk or on a phone."""
    return opened(chromium, address, staff, Look(size, "zh-hans", "light"))
