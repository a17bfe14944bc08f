"""Training material: plain text with headings (# ), lists (- ) and **strong** words, as a page shows it. No links, no HTML."""

from __future__ import annotations

from hashlib import sha256

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

MOST = 20_000
"""Characters that a material may have."""


def clean(text: str) -> str:
    """The text as it is kept: lines without trailing blanks, one kind of line end."""
    return "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").strip().split("\n"))


def digest(text: str) -> str:
    """SHA-256 of the kept text, in hex: what a certificate stands for."""
    return sha256(text.encode()).hexdigest()


def _strong(line: str) -> SafeString:
    parts = line.split("**")
    whole = len(parts) % 2 == 1  # an odd mark means itself
    if not whole:
        return format_html("{}", line)
    return format_html_join(
        "", "{}", ((format_html("<strong>{}</strong>", p) if n % 2 else p,) for n, p in enumerate(parts))
    )


def rendered(text: str) -> SafeString:
    """The text as HTML. Everything is escaped; `## ` is a smaller heading, an empty line begins a new paragraph."""
    found: list[SafeString] = []
    paragraph: list[SafeString] = []
    items: list[SafeString] = []

    def close() -> None:
        if paragraph:
            found.append(format_html("<p>{}</p>", mark_safe("<br>".join(paragraph))))
        if items:
            found.append(format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", ((i,) for i in items))))
        paragraph.clear()
        items.clear()

    for line in text.split("\n"):
        mark, _sep, rest = line.partition(" ")
        if mark in ("#", "##") and rest:
            close()
            found.append(format_html("<h2>{}</h2>" if mark == "#" else "<h3>{}</h3>", _strong(rest)))
        elif mark in ("-", "*") and rest:
            if paragraph:
                close()
            items.append(_strong(rest))
        elif not line:
            close()
        else:
            if items:
                close()
            paragraph.append(_strong(line))
    close()
    return mark_safe("".join(found))
