"""What complaints and alerts write: to colleagues that there is danger, to owners where their complaint stands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cheban.core import owner_links
from cheban.messaging.models import InboxItem, Message
from cheban.messaging.texts import Field, Kind, declare
from cheban.voice.complaints.links import KIND


def _link(store_id: int, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The owner's link, made when the message goes out: it is kept nowhere in the clear."""
    token = owner_links.token_of(KIND, facts.get("link_id"), store_id=store_id)
    return {"link": owner_links.address(reverse("owner:show", args=[token]))}


_LINK = {"link": Field(_("投诉进度的链接"), "https://crm.example/k/1.Xk3…/")}
ANSWERED = declare(
    Kind(
        "complaint.answered",
        _("投诉有人在办：进度链接"),
        Message.Class.SERVICE,
        _("{name}您好，您反映的事由{speaker}负责到底，办到哪一步点开就看得到：{link}"),
        purpose="service",
        lives=timedelta(days=3),
        works_out=_link,
    ),
    fields={**_LINK, "speaker": Field(_("对客户说话的人"), _("王敏"))},
)
CARRIED_OUT = declare(
    Kind(
        "complaint.carried_out",
        _("投诉办好了：请客户确认"),
        Message.Class.SERVICE,
        _("{name}您好，您反映的事已经办好，请点开确认是否解决，没解决我们接着办：{link}"),
        purpose="service",
        lives=timedelta(days=3),
        works_out=_link,
    ),
    fields=_LINK,
)
INVITED = declare(
    Kind(
        "complaint.invited",
        _("请客户写下不满：投诉链接"),
        Message.Class.SERVICE,
        _("{name}您好，哪里没做好，请点开写给我们，店长会看，24 小时内答复：{link}"),
        purpose="service",
        lives=timedelta(days=3),
        works_out=_link,
    ),
    fields=_LINK,
)
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
