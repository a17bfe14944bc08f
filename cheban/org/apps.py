"""The org room: after every migration of the owner, policies and grants follow the models."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


def _follow_models(sender, using: str, **_) -> None:
    from django.conf import settings

    from cheban.org.scope import apply_policies

    if using == "owner":
        apply_policies(using=using, app_role=settings.APP_DB_ROLE)


def _name_subjects() -> None:
    from django.urls import reverse
    from django.utils.translation import gettext_lazy as _

    from cheban.core.subjects import Named, name, of_rows
    from cheban.org.models import DealerGroup, Staff, Store, Training

    name("staff", _("同事"), of_rows(Staff, lambda row: row.name))
    name("store", _("门店"), of_rows(Store, lambda row: row.name))
    name("group", _("集团"), of_rows(DealerGroup, lambda row: row.name))
    name(
        "training",
        _("培训"),
        of_rows(Training, lambda row: row.title, lambda row: reverse("trainings:training", args=[row.id])),
    )
    name("keys", _("加密钥匙"), lambda ids: {each: Named(each) for each in ids})


class OrgConfig(AppConfig):
    """Groups, stores, staff, roles, scope."""

    name = "cheban.org"
    default_auto_field = "django.db.models.AutoField"

    def ready(self) -> None:
        from cheban.core import events, live
        from cheban.org import dispatch, facts
        from cheban.org import events as _told  # noqa: F401

        facts.offer()
        _name_subjects()
        live.topic("store", lambda actor, id: int(id) in actor.stores and actor.may("task.see_team"))

        events.deliver_after_commit(dispatch.run_told)
        post_migrate.connect(_follow_models, sender=self, dispatch_uid="policies_follow_models")
