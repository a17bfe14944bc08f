"""The site: settings, shell, doors."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    """Floor 6: puts the rooms together."""

    name = "cheban.site"
    label = "cheban_site"

    def ready(self) -> None:
        from cheban.core import events
        from cheban.handbook import check_rules
        from cheban.site import signing_in, wecom  # noqa: F401

        unknown = events.check_reactions()
        if unknown:
            raise RuntimeError(f"reactions to events nobody declares: {unknown}")
        check_rules()
