"""The kinds of notices that the house sends to its own people."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from cheban.messaging.models import InboxItem, Message
from cheban.messaging.texts import Kind, declare

ESCALATED = declare(
    Kind(
        "task.escalated",
        _("任务超时，升级到您"),
        Message.Class.STAFF,
        _("有一项任务超过时限，已经升级，请在车伴里处理。"),
        level=InboxItem.Level.WARNING,
        lives=timedelta(hours=24),
    )
)
ALARMED = declare(
    Kind(
        "audit.alarmed",
        _("有人短时间查看或导出过多客户资料"),
        Message.Class.RED_ALERT,
        _("有人一小时内查看或导出客户资料 {count} 次，请核对审计记录。"),
        level=InboxItem.Level.RED,
        lives=timedelta(hours=24),
    ),
    fields=("count",),
)
