"""The voice room."""

from django.apps import AppConfig


class VoiceConfig(AppConfig):
    """See cheban/voice."""

    name = "cheban.voice"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from cheban.core import live, sealed, slots
        from cheban.core.links import Link, link
        from cheban.voice import audited, events, facts, holdings, kinds, undoing  # noqa: F401
        from cheban.voice.complaints import lists, queries, telling, words  # noqa: F401
        from cheban.voice.conversations import offers as conversations
        from cheban.voice.hearing import reactions
        from cheban.voice.surveys import offers as surveys

        facts.offer()
        holdings.offer()
        audited.offer()
        undoing.offer()
        conversations.offer()
        surveys.offer()
        reactions.listen()
        link(
            # Two open alerts of two files of one person: the second stays where it was raised.
            Link(
                "voice_alert",
                "customer_id",
                _("红色预警"),
                unique=("store_id", "vehicle_id"),
                removable="false",
                vehicle="vehicle_id",
                added="raised_at",
            ),
            Link("voice_complaint", "customer_id", _("投诉"), vehicle="vehicle_id", added="filed_at"),
            Link("voice_passage", "customer_id", _("客户说过的话"), vehicle="vehicle_id", added="heard_at"),
            Link("voice_ownerlink", "customer_id", vehicle="vehicle_id", added="made_at"),
        )
        sealed.declare("voice_complaint", "claim_sealed", "voice_complaint.claim")
        live.topic("alerts", queries.may_hear_alerts)
        live.topic("complaints", queries.may_hear_store)
        live.topic("complaint", queries.may_hear)
        slots.provide("customer.complaints", queries.complaints_of, rows="voice_complaint WHERE customer_id = %s")
        for noun in words.NOUNS:
            slots.provide(f"timeline.{noun}", words.event_words)
        slots.provide("weekly.recurring_causes", queries.recurring_causes)
