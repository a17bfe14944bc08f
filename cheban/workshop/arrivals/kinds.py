"""What an arrival writes to the two colleagues whose customer it is."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from cheban.messaging.models import InboxItem, Message
from cheban.messaging.texts import Field, Kind, declare

ARRIVED = declare(
    Kind(
        "customer.arrived",
        _("您的客户到店了"),
        Message.Class.STAFF,
        _("您的客户（{series}）{came}到店，请现在去打个招呼或打个电话，问问用车、听听想法。"),
        level=InboxItem.Level.WARNING,
        lives=timedelta(hours=2),
        page=("workshop:arrival", "arrival_id"),
    ),
    fields={"series": Field(_("车系"), _("速腾")), "came": Field(_("几点到店"), "09:40")},
)
