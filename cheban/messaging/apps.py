"""The messaging room: outbox, the one gate, channels, the inbox of staff."""

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    """See cheban/messaging."""

    name = "cheban.messaging"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.urls import reverse
        from django.utils.translation import gettext_lazy as _

        from cheban.core import live, sealed, slots
        from cheban.core.links import Link, link
        from cheban.core.subjects import name, of_rows
        from cheban.messaging import accounts, holdings, kinds, lists, reactions, texts  # noqa: F401
        from cheban.messaging.models import ChannelAccount, Message

        holdings.offer()
        name(
            "message",
            _("消息"),
            of_rows(
                Message,
                lambda row: str(texts.known(row.kind).title) if texts.known(row.kind) else row.kind,
                lambda row: reverse("messaging:message", args=[row.id]),
            ),
        )
        name("channel", _("消息渠道"), of_rows(ChannelAccount, lambda row: str(row.get_channel_display())))
        slots.provide("messaging.channel", accounts.channel_of_store)
        live.topic("inbox", lambda actor, id: int(id) == actor.staff_id)
        sealed.declare("messaging_message", "body_sealed", "messaging_message.body")
        link(
            Link("messaging_message", "customer_id", _("消息"), vehicle="vehicle_id", added="created_at"),
            Link("messaging_inboxitem", "customer_id", _("提醒"), vehicle="vehicle_id", added="at"),
        )
