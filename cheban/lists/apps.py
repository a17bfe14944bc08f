"""The list machine: what every list can do."""

from django.apps import AppConfig


class ListsConfig(AppConfig):
    """See cheban/lists."""

    name = "cheban.lists"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from cheban.core import live, slots
        from cheban.core.personal import Holding, hold, nothing
        from cheban.lists import house, house_audit, house_trainings, views  # noqa: F401
        from cheban.lists.exporting import queries as exporting
        from cheban.lists.models import BulkBefore

        live.topic("export", exporting.may_hear)
        house_audit.name_subjects()
        slots.provide("list.page", views.show)
        hold(
            Holding(
                "bulk",
                _("批量修改前的值"),
                ("lists_bulkbefore", "lists_bulkdeed"),
                nothing,
                lambda person: BulkBefore.objects.filter(subject_id__in=person.ids).delete()[0],
                order=47,
            )
        )
