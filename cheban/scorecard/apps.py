"""The scorecard room."""

from django.apps import AppConfig


class ScorecardConfig(AppConfig):
    """See cheban/scorecard."""

    name = "cheban.scorecard"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from cheban.core import live
        from cheban.scorecard import audited, board, events, facts, lists, metrics, tally  # noqa: F401
        from cheban.scorecard.incentives import offers

        metrics.offer()
        facts.offer()
        audited.offer()
        live.topic("board", board.may_hear)
        tally.react()
        offers.offer()
