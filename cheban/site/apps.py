"""The site: settings, shell, doors."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    """Floor 6: puts the rooms together."""

    name = "cheban.site"
    label = "cheban_site"

    def ready(self) -> None:
        from cheban.core import events, slots
        from cheban.handbook import check_rules
        from cheban.site import prepared, signing_in, wecom  # noqa: F401
        from cheban.site.streams import tickets

        slots.provide("live.owner_ticket", tickets.of_owner)

        unknown = events.check_reactions()
        if unknown:
            raise RuntimeError(f"reactions to events nobody declares: {unknown}")
        check_rules()
