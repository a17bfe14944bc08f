"""The kinds of notices that the voice room sends to the store's own people."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from cheban.messaging.models import InboxItem, Message
from cheban.messaging.texts import Field, Kind, declare

RED_ALERT = declare(
    Kind(
        "alert.raised",
        _("红色预警：客户说到行车安全"),
        Message.Class.RED_ALERT,
        _("有客户说到{danger}，请 15 分钟内在车伴里接收，先联系客户停用车辆。"),
        level=InboxItem.Level.RED,
        lives=timedelta(hours=24),
    ),
    fields={"danger": Field(_("哪方面的危险"), _("刹车"))},
)
