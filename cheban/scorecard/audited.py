"""Names of targets and benchmark cases on the audit page, and the way to them. R019."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cheban.core.subjects import name, of_rows
from cheban.scorecard.definitions import BY_CODE
from cheban.scorecard.models import Practice, Target


def offer() -> None:
    """Register (called when the app is ready)."""
    name(
        "target",
        gettext_lazy("指标目标"),
        of_rows(
            Target,
            lambda row: _(BY_CODE[row.metric].title),
            lambda row: reverse("scorecard:targets", args=[row.metric]),
        ),
    )
    name(
        "practice",
        gettext_lazy("标杆案例"),
        of_rows(Practice, lambda row: row.title, lambda row: reverse("scorecard:practice", args=[row.id])),
    )
