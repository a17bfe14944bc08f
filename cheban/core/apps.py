"""The core: events, clocks, privacy, audit."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    """Floor 1: knows no customer."""

    name = "cheban.core"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from cheban.core import files, sealed

        sealed.declare_folder(files.FOLDER, files.bound_to)
