"""A person's copy of their data: JSON for programs, PDF for people. PIPL 45."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.personal import Person, holdings
from cheban.org.entry import ZONE
from cheban.org.models import Store

FONTS = Path(settings.BASE_DIR) / "fonts_built"
"""Chinese type for documents, put there by the set-up."""
_PAGE = Path(__file__).with_name("copy.typ")


def gather(person: Person) -> dict[str, Any]:
    """{title, store, made, note, sections: [{code, title, kept, rows: [{label: text}]}]}; empty sections left out."""
    store = Store.objects.get(id=person.store_id)
    sections = []
    for holding in holdings():
        rows = holding.collect(person)
        if rows:
            plain = [{label: _text(value) for label, value in row.items()} for row in rows]
            sections.append({"code": holding.code, "title": str(holding.title), "rows": plain})
    return {
        "title": _("个人信息副本"),
        "store": store.name,
        "made": _text(clock.now()),
        "note": _(
            "本副本列出%(store)s为您提供售后服务而保存的全部个人信息，只包含您本人的信息。如有不符，可要求更正；也可要求删除或撤回同意。"
        )
        % {"store": store.name},
        "sections": sections,
    }


def _text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(ZONE).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, int) else str(value)


def as_json(found: dict[str, Any]) -> bytes:
    """UTF-8, indented: readable without a program too."""
    return json.dumps(found, ensure_ascii=False, indent=2).encode()


def as_pdf(found: dict[str, Any]) -> bytes:
    """A4 with page numbers, text that can be selected and read aloud (tagged PDF)."""
    import typst  # loads late: 20 MB

    words = {"page": _("第 {n} 页，共 {m} 页"), "lang": "en" if get_language() == "en" else "zh"}
    return typst.compile(
        _PAGE,
        root=_PAGE.parent,
        font_paths=[FONTS],
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(found | words, ensure_ascii=False)},
        format="pdf",
    )


FORMS: dict[str, Callable[[dict[str, Any]], bytes]] = {"json": as_json, "pdf": as_pdf}
