"""What conversations tell."""

from django.utils.translation import gettext_lazy as _

from cheban.core.events import declare

_CONVERSATION = {"conversation_id": "conversation"}
_MESSAGE = {"message_id": "the customer's message that opened the waiting period"}
declare("conversation.opened", _("建立客户服务群"), **_CONVERSATION)
declare("conversation.link_renewed", _("换了服务群的链接"), **_CONVERSATION)
declare(
    "conversation.asked",
    _("客户在服务群提问"),
    message_id="the customer's message",
    question_id="the message that opened the waiting period in which it came: two in a row are one question",
    **_CONVERSATION,
)
declare(
    "conversation.answered",
    _("回复客户"),
    minutes_count="working minutes from question to answer, begun ones counted",
    kept="whether within the promised time",
    by="staff id of who answered",
    **_CONVERSATION,
    **_MESSAGE,
)
