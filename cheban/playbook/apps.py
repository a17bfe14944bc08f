"""The playbook room."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


def _watch(sender, using: str, **_) -> None:
    from cheban.playbook import changes

    if using == "owner":
        changes.watch(using=using)


class PlaybookConfig(AppConfig):
    """See cheban/playbook."""

    name = "cheban.playbook"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.urls import reverse
        from django.utils.translation import gettext
        from django.utils.translation import gettext_lazy as _

        from cheban.core import live, said, slots
        from cheban.core.links import Link, link
        from cheban.core.subjects import Named, name, of_rows
        from cheban.playbook import contacts, cover, events, holdings, lists, queries, reactions  # noqa: F401
        from cheban.playbook.models import WallLink
        from cheban.playbook.rules import HANDBOOK

        name(
            "rule",
            _("规则"),
            lambda codes: {
                code: Named(gettext(HANDBOOK.rules[code].title), reverse("playbook:rule", args=[code]))
                for code in codes
                if code in HANDBOOK.rules
            },
        )
        name("wall", _("大屏链接"), of_rows(WallLink, lambda row: row.name))
        post_migrate.connect(_watch, sender=self, dispatch_uid="plans_watch_their_tables")
        # What a rule is about comes first: a task that both files have is taken out whole, as it was.
        link(
            Link(
                "playbook_task",
                "subject_id",
                unique=("rule", "occasion_on", "role"),
                removable="x.state = 'open'",
            ),
            Link("playbook_task", "customer_id", _("任务"), vehicle="vehicle_id", added="created_at"),
        )
        holdings.offer()
        for name_ in ("contact.reached", "contact.missed", "contact.refused"):
            said.offer(name_, contacts.words_of)
        live.topic("day", lambda actor, id: int(id) == actor.staff_id or actor.may("task.see_team"))
        live.topic("plan", lambda actor, id: int(id) in actor.stores and actor.may("task.see_own"))
        live.topic("contact", queries.may_hear)
        slots.provide("timeline.contact", contacts.contact_words)
        slots.provide("timeline.task", contacts.contact_words)
        slots.provide("absence.contacts", cover.contacts_in)
        slots.provide("customer.tasks", contacts.tasks_of_customer)
        slots.provide("customer.next_actions", contacts.next_actions)
