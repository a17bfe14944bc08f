"""The kinds of notices that the house sends to its own people."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from cheban.messaging.models import InboxItem, Message
from cheban.messaging.texts import Field, Kind, declare

CHANNEL_TEST = declare(
    Kind(
        "channel.test",
        _("车伴测试消息"),
        Message.Class.STAFF,
        _("这是车伴发出的一条测试消息，收到就说明通道已接通。"),
        lives=timedelta(hours=1),
    )
)
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
WORKER_SILENT = declare(
    Kind(
        "house.worker_silent",
        _("后台停了：提醒、计划和消息暂停，请管理员查看"),
        Message.Class.RED_ALERT,
        _("车伴的后台自 {since} 起没有回应，提醒、每日计划和消息都暂停。请管理员查看服务器。"),
        level=InboxItem.Level.RED,
        lives=timedelta(hours=24),
    ),
    fields={"since": Field(_("从几点起"), "14:05")},
)
WORKER_BACK = declare(
    Kind(
        "house.worker_back",
        _("后台恢复了：暂停的提醒和消息正在补发"),
        Message.Class.RED_ALERT,
        _("车伴的后台已恢复，中断 {minutes} 分钟，暂停的提醒和消息正在补发。"),
        lives=timedelta(hours=24),
    ),
    fields={"minutes": Field(_("几分钟"), "12")},
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
    fields={"count": Field(_("次数"), "36")},
)
