"""What messaging holds about a person. See core.personal."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cheban.core import clock, privacy
from cheban.core.personal import Holding, Person, Row, hold
from cheban.messaging import texts
from cheban.messaging.models import InboxItem, Message


def _messages(person: Person) -> list[Row]:
    found: list[Row] = []
    for row in Message.objects.filter(customer_id__in=person.ids).order_by("created_at", "id"):
        body = row.body_sealed
        found.append(
            {
                _("消息"): _(str(texts.kind(row.kind).title)),
                _("渠道"): row.get_channel_display(),
                _("状态"): row.get_state_display(),
                _("内容"): privacy.unseal(bytes(body), bound_to=f"messaging_message.body:{row.id}") if body else "",
                _("时间"): row.sent_at or row.created_at,
            }
        )
    return found


def _forget(person: Person) -> int:
    """The texts go, what waits is stopped, notices about the person are deleted."""
    own = Message.objects.filter(customer_id__in=person.ids)
    own.filter(state=Message.State.WAITING).update(state=Message.State.FAILED, why="erased", changed_at=clock.now())
    notices, _by_model = InboxItem.objects.filter(customer_id__in=person.ids).delete()
    return own.update(body_sealed=None, facts={}) + notices


def offer() -> None:
    """Register it (called when the app is ready)."""
    hold(
        Holding(
            "messages",
            gettext_lazy("发给您的消息"),
            ("messaging_message", "messaging_inboxitem"),
            _messages,
            _forget,
            kept=gettext_lazy("何时发过哪类消息，用于频次上限和投诉核查，不含内容"),
            order=60,
        )
    )
