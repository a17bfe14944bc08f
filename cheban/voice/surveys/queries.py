"""Reads of surveys. Query counts are tested."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.urls import reverse
from django.utils.translation import gettext as _

from cheban.core import owner_links
from cheban.core.errors import NotFound
from cheban.lists import keyset
from cheban.messaging.models import Message
from cheban.org.access import Actor
from cheban.playbook import effective
from cheban.playbook.models import Task
from cheban.voice import people
from cheban.voice.surveys.commands import may_change
from cheban.voice.surveys.models import LONGEST, Survey
from cheban.voice.surveys.plans import ASKING
from cheban.voice.surveys.wording import QUESTIONS, TITLES

FIGURES_DAYS = 90
BANDS = ((90, 100), (80, 89), (60, 79), (0, 59))
"""Points from and to, of the distribution and of the filter."""

_FIGURES = """
SELECT count(*) FILTER (WHERE s.invited_at <= %(at)s),
  count(*) FILTER (WHERE s.answered_at IS NOT NULL OR m.state IN ('sent', 'delivered', 'read', 'unknown')),
  count(s.answered_at),
  avg(s.joint_points), avg(s.sales_points), avg(s.service_points),
  count(*) FILTER (WHERE s.joint_points >= 90), count(*) FILTER (WHERE s.joint_points BETWEEN 80 AND 89),
  count(*) FILTER (WHERE s.joint_points BETWEEN 60 AND 79), count(*) FILTER (WHERE s.joint_points < 60)
FROM voice_survey s
LEFT JOIN messaging_message m ON m.store_id = s.store_id AND m.dedupe_key = 'survey:' || s.id
WHERE s.invited_at > %(since)s AND s.store_id = ANY (%(stores)s)
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """How customers answered in the last 90 days. `reached` are those whose invitation went out, or who answered."""

    due: int
    reached: int
    answered: int
    joint: float | None
    sales: float | None
    service: float | None
    bands: list[dict[str, Any]]

    @property
    def rate(self) -> int | None:
        """Answers in percent of those reached; None when nobody was."""
        return round(100 * self.answered / self.reached) if self.reached else None

    @property
    def is_thin(self) -> bool:
        """Whether there are too few answers for a mean to say anything."""
        return self.answered < ASKING.terms.least


def figures(store_ids: tuple[int, ...], *, at: datetime) -> Figures:
    """The panel above the list. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_FIGURES, {"at": at, "since": at - timedelta(days=FIGURES_DAYS), "stores": list(store_ids)})
        due, reached, answered, joint, sales, service, *counts = cursor.fetchone()
    bands = [
        {"code": f"{low}-{high}", "label": _("%(low)d–%(high)d 分") % {"low": low, "high": high}, "count": n}
        for (low, high), n in zip(BANDS, counts, strict=True)
    ]
    means = (None if value is None else round(float(value), 1) for value in (joint, sales, service))
    return Figures(due, reached, answered, *means, bands=bands)


def survey(survey_id: UUID) -> Survey:
    """One survey of the scope. Raises NotFound."""
    found = Survey.objects.select_related("customer", "vehicle").filter(id=survey_id).first()
    if found is None:
        raise NotFound(_("没有这份评价，或不属于您的门店。"))
    return found


def by_link(token: str) -> Survey:
    """The survey that a token opens, in its store's scope. Raises NotFound."""
    found = (
        Survey.objects.select_related("customer", "vehicle", "store")
        .filter(link_digest=owner_links.digest(token), customer__erased_at__isnull=True)
        .first()
    )
    if found is None:
        raise NotFound(_("这个链接不能用。"))
    return found


def may_hear_store(actor: Actor, store_id: str) -> bool:
    """Whether this person may hear that some survey of the store changed (live topic)."""
    return actor.may("survey.see") and int(store_id) in actor.stores


def page(found: Survey) -> dict[str, Any]:
    """One survey for colleagues: points, words, whose, what became of the invitation and of the call back.

    Three queries.
    """
    who = people.staff_names([found.sales_staff_id, found.service_staff_id])
    message = Message.objects.filter(store_id=found.store_id, dedupe_key=f"survey:{found.id}").defer("body_sealed")
    task = Task.objects.filter(subject_id=found.id).order_by("-due_at").first() if found.low_at else None
    return {
        "survey": found,
        "questions": questions(found),
        "sales": who.get(found.sales_staff_id, ""),
        "service": who.get(found.service_staff_id, ""),
        "message": message.first(),
        "task": task,
    }


def questions(found: Survey) -> list[dict[str, Any]]:
    """The two questions with the points given."""
    return [{"asked": asked, "points": getattr(found, asked.field)} for asked in QUESTIONS[found.kind]]


def owner_page(found: Survey, *, at: datetime) -> dict[str, Any]:
    """The survey for its customer. One query."""
    return {
        "survey": found,
        "store": found.store,
        "vehicle": found.vehicle,
        "title": TITLES[found.kind],
        "questions": questions(found),
        "is_over": found.answered_at is None and found.expires_at <= at,
        "may_change": may_change(found, at=at),
        "change_hours": ASKING.terms.change_hours,
        "call_hours": effective.promised(found.store_id, "low_score").amount // timedelta(hours=1),
        "longest": LONGEST,
    }


def surveys_of(customer_id: UUID) -> list[dict[str, Any]]:
    """A customer's last surveys for their page (slot customer.surveys). One query."""
    return [
        {
            "url": reverse("surveys:survey", args=[s.id]),
            "kind": s.get_kind_display(),
            "at": s.answered_at or s.invited_at,
            "joint": s.joint_points,
            "is_low": s.low_at is not None and min(s.sales_points, s.service_points) < ASKING.terms.low,
            "said": s.said,
        }
        for s in Survey.objects.filter(customer_id=customer_id).order_by("-invited_at")[:3]
    ]


def listed(
    *,
    kind: str = "",
    customer_id: UUID | None = None,
    is_answered: bool | None = None,
    after: str = "",
    limit: int = 50,
) -> dict[str, Any]:
    """One keyset page of surveys, the newest invitation first. One query."""
    rows = Survey.objects.filter(**{k: v for k, v in {"kind": kind, "customer_id": customer_id}.items() if v})
    if is_answered is not None:
        rows = rows.filter(answered_at__isnull=not is_answered)
    return keyset.newest(rows, "invited_at", after=after, limit=limit)
