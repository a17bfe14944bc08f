"""The scorecard room."""

from django.apps import AppConfig


class ScorecardConfig(AppConfig):
    """See cheban/scorecard."""

    name = "cheban.scorecard"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from cheban.core import live, personal, slots
        from cheban.scorecard import audited, board, events, facts, lists, metrics, tally  # noqa: F401
        from cheban.scorecard.career import kinds  # noqa: F401 - its messages are declared
        from cheban.scorecard.improvement import forgetting
        from cheban.scorecard.incentives import offers

        slots.provide("wall.boards", lambda: [("health_wall:show", _("协同健康度"))])
        metrics.offer()
        facts.offer()
        audited.offer()
        personal.no_person(
            "scorecard_counted", "counts of things; its owner is a member of staff, the customer is in the event"
        )
        forgetting.offer()
        live.topic("board", board.may_hear)
        tally.react()
        offers.offer()
