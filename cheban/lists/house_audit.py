"""Who saw or changed what, in words: the audit trail as a list. Declared here because org cannot import the list machine.

The code stays beside the words (tooltip, file). Every way to search is an equality or a range, which row-level security
lets use an index (a LIKE would lose it): actions by their words, people by name, a subject by its code, a reason by its
beginning. R019, Y09.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import F, Q, Value
from django.db.models.functions import Collate
from django.db.models.lookups import GreaterThanOrEqual, LessThan
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cheban.core import subjects
from cheban.core.models import AuditEntry
from cheban.lists import spec
from cheban.lists.common import named, recent
from cheban.lists.models import Export, SavedView
from cheban.lists.spec import Column, Filter, ListSpec, Out, Sort, declare
from cheban.org import audit_words
from cheban.org.alarms import ALARM
from cheban.org.models import Staff

LAST = "\U0010ffff"
"""Stands behind every character there is."""


def name_subjects() -> None:
    """Names of views and exports on the audit page (called when the app is ready)."""

    def title(code: str) -> str:
        listed = spec.get(code)
        return str(listed.title) if listed else code

    subjects.name("view", gettext_lazy("列表视图"), subjects.of_rows(SavedView, lambda row: row.name))
    subjects.name(
        "export",
        gettext_lazy("导出"),
        subjects.of_rows(Export, lambda row: title(row.list_code), lambda row: reverse("exports:list")),
    )


def _dress(rows: list[Any]) -> None:
    """`actor_name`, `words`, `about` (a Named or None), `kind_label`, `about_text`, `is_alarm`.

    One query for the people and one for each kind of subject on the page.
    """
    names = dict(Staff.objects.filter(id__in={r.actor_id for r in rows if r.actor_id}).values_list("id", "name"))
    found, kinds = subjects.resolve(row.subject for row in rows), subjects.kinds()
    for row in rows:
        row.actor_name, row.is_alarm = names.get(row.actor_id) or _("系统"), row.action == ALARM
        row.words = audit_words.words(row.action)
        row.of_alarm = audit_words.words(row.facts.get("what", "")) if row.is_alarm else ""
        row.about = found.get(row.subject)
        row.kind_label = str(kinds.get(row.subject.partition(":")[0], ""))
        row.about_text = f"{row.kind_label} {row.about.label}".strip() if row.about else row.kind_label


def _people(stores: Sequence[int]) -> list[tuple[str, str]]:
    found = Staff.objects.filter(roles__store_id__in=stores).distinct().order_by("name").values_list("id", "name")
    return [(str(i), name) for i, name in found]


def _actions(stores: Sequence[int]) -> list[tuple[str, str]]:
    return sorted(((code, str(label)) for code, label in audit_words.ACTIONS.items()), key=lambda pair: pair[1])


def _found(text: str, today: date) -> Q:
    reason = Collate(F("reason"), "C")
    where = Q(action__in=audit_words.found_by(text)) | Q(subject=text)
    where |= Q(GreaterThanOrEqual(reason, Value(text)), LessThan(reason, Value(text + LAST)), ~Q(reason=""))
    people = named(text)
    return where | Q(actor_id__in=people) | Q(subject__in=[f"staff:{each}" for each in people])


AUDIT = declare(
    ListSpec(
        code="audit",
        title=gettext_lazy("审计记录"),
        permission="audit.see",
        url="org:audit",
        model=AuditEntry,
        cells="lists/audit",
        dress=_dress,
        by_store=False,
        columns=[
            Column(
                "at",
                gettext_lazy("时间"),
                sort="newest",
                css="nowrap s-end",
                fixed=True,
                out=[Out(gettext_lazy("时间"), "at", "moment")],
            ),
            Column("who", gettext_lazy("谁"), css="s-main", out=[Out(gettext_lazy("谁"), "actor_name")]),
            Column(
                "action",
                gettext_lazy("做了什么"),
                out=[Out(gettext_lazy("做了什么"), "words"), Out(gettext_lazy("动作代码"), "action")],
            ),
            Column(
                "subject",
                gettext_lazy("对象"),
                css="s-sub",
                out=[Out(gettext_lazy("对象"), "about_text"), Out(gettext_lazy("对象代码"), "subject")],
            ),
            Column("reason", gettext_lazy("原因"), out=[Out(gettext_lazy("原因"), "reason")]),
            Column("origin", gettext_lazy("来自"), out=[Out(gettext_lazy("来自"), "origin")]),
        ],
        filters=[
            Filter("q", gettext_lazy("找动作、同事、原因的开头"), "search", _found),
            Filter("person", gettext_lazy("谁"), "choice", lambda v, today: Q(actor_id=int(v)), choices=_people),
            Filter("action", gettext_lazy("做了什么"), "choice", lambda v, today: Q(action=v), choices=_actions),
            recent("at"),
            Filter("subject", gettext_lazy("对象代码"), "text", lambda v, today: Q(subject=v)),
            Filter("alarms", gettext_lazy("告警"), "flag", lambda v, today: Q(action=ALARM)),
        ],
        sorts=[Sort("newest", "id", "bigint", gettext_lazy("最新在前"), gettext_lazy("最早在前"))],
    )
)
