"""Names of complaints on the audit page, and the way to them. R019."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy

from cheban.core.subjects import name, of_rows
from cheban.voice.models import Complaint


def offer() -> None:
    """Register (called when the app is ready)."""
    name(
        "complaint",
        gettext_lazy("投诉"),
        of_rows(
            Complaint,
            lambda row: f"{row.get_kind_display()} {row.filed_at:%Y-%m-%d}",
            lambda row: reverse("voice:complaint", args=[row.id]),
        ),
    )
