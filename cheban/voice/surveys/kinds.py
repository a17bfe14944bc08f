"""The invitation to a survey."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cheban.core import owner_links
from cheban.messaging.models import Message
from cheban.messaging.texts import Field, Kind, declare
from cheban.voice.surveys.commands import KIND


def _link(store_id: int, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The link of the survey, made when the invitation goes out: it is kept nowhere in the clear."""
    token = owner_links.token_of(KIND, facts.get("survey_id"), store_id=store_id)
    return {"link": owner_links.address(reverse("survey:page", args=[token]))}


INVITED = declare(
    Kind(
        "survey.invited",
        _("两个问题的评价邀请"),
        Message.Class.SERVICE,
        _("{name}您好，两个问题、半分钟，请告诉我们做得怎么样：{link}"),
        purpose="service",
        lives=timedelta(days=3),
        works_out=_link,
    ),
    fields={"link": Field(_("评价的链接"), "https://crm.example/s/1.Xk3…/")},
)
