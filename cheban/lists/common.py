"""What several lists declare alike: the last days, colleagues by name. Y09."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils.translation import gettext_lazy

from cheban.lists.spec import Filter
from cheban.org.models import Staff

ZONE = ZoneInfo("Asia/Shanghai")
DAYS = [("1", gettext_lazy("今天")), ("7", gettext_lazy("最近 7 天")), ("30", gettext_lazy("最近 30 天"))]
MOST_NAMED = 50
"""So many colleagues of one name are looked for at most."""


def recent(column: str) -> Filter:
    """The filter `since`: what this moment lies in today, in the last 7 or 30 days, today included."""

    def where(days: str, today: date) -> Q:
        first = datetime.combine(today - timedelta(days=int(days) - 1), time(), tzinfo=ZONE)
        return Q(**{f"{column}__gte": first})

    words = dict(DAYS)
    return Filter("since", gettext_lazy("时间"), "choice", where, choices=DAYS, words=lambda days: str(words[days]))


def named(text: str) -> list[int]:
    """Colleagues whose name holds this, at most MOST_NAMED. One query."""
    found = Staff.objects.filter(name__icontains=text).order_by("id").values_list("id", flat=True)
    return list(found[:MOST_NAMED])
