"""What a person does to webhooks: make, change, stop, remove, test, send again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from cheban.api.models import WebhookDelivery, WebhookEndpoint
from cheban.api.webhooks import outgoing, signing
from cheban.core import clock, events, privacy
from cheban.core.errors import Refused, WrongState
from cheban.core.ids import new_id
from cheban.org.access import Actor, audit, command

TEST = "webhook.test"


class Invalid(Refused):
    """An endpoint that cannot be so; `facts` maps field -> sentence."""

    status = 422


def _check(*, by: Actor, name: str, url: str, event_names: Sequence[str], store_ids: Sequence[int]) -> None:
    wrong: dict[str, Any] = {}
    if not name.strip():
        wrong["name"] = _("请填写名称。")
    if not event_names or set(event_names) - set(events.all_declared()):
        wrong["events"] = _("请至少选择一种事件。")
    if not store_ids or set(store_ids) - set(by.stores):
        wrong["stores"] = _("请选择您所在的门店。")
    try:
        outgoing.look_at(url.strip())
    except outgoing.BadAddress as refusal:
        wrong["url"] = refusal.message
    if wrong:
        raise Invalid(_("有几处需要改正。"), **wrong)


def _audit(action: str, endpoint: WebhookEndpoint, by: Actor, **facts: Any) -> None:
    for store_id in endpoint.store_ids:
        audit(action, by=by, subject=f"webhook:{endpoint.id}", store_id=store_id, **facts)


@command("webhook.manage")
def make(
    *, by: Actor, name: str, url: str, event_names: Sequence[str], store_ids: Sequence[int]
) -> tuple[WebhookEndpoint, str]:
    """An endpoint and its secret, which is shown this once. Raises Invalid.

    The address is looked at again at each delivery: what a name resolves to may change.
    """
    _check(by=by, name=name, url=url, event_names=event_names, store_ids=store_ids)
    if by.staff_id is None:
        raise Invalid(_("推送要由一位同事建立。"))
    secret, endpoint_id = signing.new_secret(), new_id()
    endpoint = WebhookEndpoint.objects.create(
        id=endpoint_id,
        name=name.strip()[:64],
        url=url.strip(),
        secret_sealed=privacy.seal(secret, bound_to=f"api_webhookendpoint.secret:{endpoint_id}"),
        store_ids=sorted(set(store_ids)),
        event_names=sorted(set(event_names)),
        maker_id=by.staff_id,
    )
    _audit("webhook.made", endpoint, by, events=len(endpoint.event_names))
    return endpoint, secret


@command("webhook.manage")
def change(endpoint: WebhookEndpoint, *, by: Actor, name: str, url: str, event_names: Sequence[str]) -> None:
    """Another name, address or choice of events; what is owed already goes to the new address. Raises Invalid."""
    _check(by=by, name=name, url=url, event_names=event_names, store_ids=endpoint.store_ids)
    endpoint.name, endpoint.url, endpoint.event_names = name.strip()[:64], url.strip(), sorted(set(event_names))
    endpoint.save(update_fields=["name", "url", "event_names"])
    _audit("webhook.changed", endpoint, by, events=len(endpoint.event_names))


@command("webhook.manage")
def new_secret(endpoint: WebhookEndpoint, *, by: Actor) -> str:
    """Another secret, shown this once; the old one signs no more."""
    secret = signing.new_secret()
    endpoint.secret_sealed = privacy.seal(secret, bound_to=f"api_webhookendpoint.secret:{endpoint.id}")
    endpoint.save(update_fields=["secret_sealed"])
    _audit("webhook.secret_changed", endpoint, by)
    return secret


@command("webhook.manage")
def set_active(endpoint: WebhookEndpoint, *, by: Actor, is_active: bool) -> None:
    """Stop telling, or begin again; events in between are not told later (fetch them: /api/v1/events)."""
    endpoint.disabled_at = None if is_active else clock.now()
    endpoint.disabled_because = "" if is_active else "person"
    endpoint.failing_since = None
    endpoint.save(update_fields=["disabled_at", "disabled_because", "failing_since"])
    _audit("webhook.activated" if is_active else "webhook.stopped", endpoint, by)


@command("webhook.manage")
def remove(endpoint: WebhookEndpoint, *, by: Actor) -> None:
    """Take an endpoint away; what is owed to it is forgotten."""
    endpoint.removed_at = endpoint.disabled_at = clock.now()
    endpoint.save(update_fields=["removed_at", "disabled_at"])
    WebhookDelivery.objects.filter(endpoint=endpoint, state=WebhookDelivery.State.WAITING).delete()
    _audit("webhook.removed", endpoint, by)


@command("webhook.manage")
def test(endpoint: WebhookEndpoint, *, by: Actor) -> WebhookDelivery:
    """Owe the endpoint a test message. Raises WrongState when it is stopped."""
    if endpoint.disabled_at is not None:
        raise WrongState(_("推送已停用，请先启用。"))
    return WebhookDelivery.objects.create(
        store_id=endpoint.store_ids[0], endpoint=endpoint, event_name=TEST, not_before_at=clock.now()
    )


@command("webhook.manage")
def send_again(delivery: WebhookDelivery, *, by: Actor) -> None:
    """Owe a delivery once more, under the same id: the receiver knows it again. Raises WrongState."""
    if delivery.endpoint.disabled_at is not None:
        raise WrongState(_("推送已停用，请先启用。"))
    delivery.state, delivery.attempts, delivery.not_before_at = WebhookDelivery.State.WAITING, 0, clock.now()
    delivery.save(update_fields=["state", "attempts", "not_before_at"])
    _audit("webhook.sent_again", delivery.endpoint, by, delivery=str(delivery.id))
