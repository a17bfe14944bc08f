"""The scorecard room."""

from django.apps import AppConfig


class ScorecardConfig(AppConfig):
    """See cheban/scorecard."""

    name = "cheban.scorecard"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from cheban.scorecard import metrics

        metrics.offer()
