"""The messaging room: outbox, the one gate, channels, the inbox of staff."""

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    """See cheban/messaging."""

    name = "cheban.messaging"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from cheban.core import live, sealed, slots
        from cheban.core.links import Link, link
        from cheban.messaging import accounts, holdings, kinds, reactions  # noqa: F401

        holdings.offer()
        slots.provide("messaging.channel", accounts.channel_of_store)
        live.topic("inbox", lambda actor, id: int(id) == actor.staff_id)
        sealed.declare("messaging_message", "body_sealed", "messaging_message.body")
        link(
            Link("messaging_message", "customer_id", _("消息"), vehicle="vehicle_id", added="created_at"),
            Link("messaging_inboxitem", "customer_id", _("提醒"), vehicle="vehicle_id", added="at"),
        )
