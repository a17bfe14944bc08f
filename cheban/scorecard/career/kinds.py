"""What the career path tells a colleague. R179."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from cheban.messaging.models import Message
from cheban.messaging.texts import Kind, declare

GRADED = declare(
    Kind(
        "career.graded",
        _("您的职级有了新的评定"),
        Message.Class.STAFF,
        _("您的职级有了新的评定，请在车伴“我的指标”里查看。"),
        lives=timedelta(days=7),
    )
)
