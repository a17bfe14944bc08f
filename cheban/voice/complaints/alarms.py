"""Red alerts: raised once, told to all three sides on every channel at once, taken by somebody within 15 minutes. R119."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db import connection
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.errors import WrongState
from cheban.core.events import record
from cheban.core.live import announce_all
from cheban.core.models import Event
from cheban.customers.models import Vehicle
from cheban.messaging import commands as messaging
from cheban.messaging.commands import Owed
from cheban.org.access import Actor, audit, command
from cheban.org.roles import Role
from cheban.voice import kinds
from cheban.voice.complaints import opening, tables
from cheban.voice.models import Alert, Complaint, Passage

ACK_WITHIN = timedelta(minutes=15)
MOST_WORDS = 200
CHANNEL_OF = {
    "customer.note_added": "note",
    "survey.answered": "survey",
    "survey.changed": "survey",
    "conversation.asked": "conversation",
}
"""How words reached us, by the event they came with; notes of calls and visits are what remains."""


def lock(store_id: int, customer_id: UUID | None) -> None:
    """One at a time for a customer, until the transaction ends: of two alarming words at once one raises the alert."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"voice.alert:{store_id}:{customer_id}"]
        )


def sound(passage: Passage, *, complaint: Complaint | None = None) -> Alert:
    """Alarming words were heard: raise an alert, or add them to the one that is open. `passage` comes fresh from `reading.keep`;
    `complaint` is the one that they were filed with."""
    words = passage.alarming
    lock(passage.store_id, passage.customer_id)
    if joined := _open_alert(passage):
        return join(joined, passage, words)
    complaint = complaint or opening.open_complaint_of(passage.store_id, passage.customer_id, passage.vehicle_id)
    if complaint is None:
        complaint = opening.begin(
            store_id=passage.store_id,
            customer_id=passage.customer_id,
            vehicle=Vehicle.objects.filter(id=passage.vehicle_id).first() if passage.vehicle_id else None,
            channel=CHANNEL_OF.get(passage.source, "phone" if passage.source.startswith("contact.") else "visit"),
            kind="safety",
            text=passage.text,
            reasons=["safety_words"],
            words=words,
            at=clock.now(),
            by_id=None,
        )
    return raise_for(complaint, passage, words)


def _open_alert(passage: Passage) -> Alert | None:
    """The open alert that these words belong to: of this car, or of the customer when one of them names no car."""
    if passage.customer_id is None:
        return None
    alerts = Alert.objects.select_for_update().filter(
        store_id=passage.store_id, customer_id=passage.customer_id, ended_at__isnull=True
    )
    found = list(alerts.order_by("-raised_at"))
    same = [a for a in found if a.vehicle_id == passage.vehicle_id]
    loose = [a for a in found if passage.vehicle_id is None or a.vehicle_id is None]
    return next(iter(same + loose), None)


def join(alert: Alert, passage: Passage, words: str) -> Alert:
    """Further words of the same danger: beside the first ones, without a second alarm."""
    alert.kinds = list(dict.fromkeys([*alert.kinds, *passage.kinds]))
    if alert.vehicle_id is None and passage.vehicle_id is not None:
        alert.vehicle_id = passage.vehicle_id
        Complaint.objects.filter(id=alert.complaint_id, vehicle__isnull=True).update(vehicle_id=passage.vehicle_id)
    alert.save(update_fields=["kinds", "vehicle"])
    Passage.objects.filter(id=passage.id).update(alert=alert)
    record(
        "alert.joined",
        store_id=alert.store_id,
        customer_id=alert.customer_id,
        vehicle_id=alert.vehicle_id,
        alert_id=str(alert.id),
        complaint_id=str(alert.complaint_id),
        words=words[:MOST_WORDS],
    )
    tell_pages(alert)
    return alert


def raise_for(complaint: Complaint, passage: Passage | None, words: str) -> Alert:
    """Raise the alert of a complaint and tell all three sides. The customer must be locked."""
    at = clock.now()
    if complaint.level != "red":
        reasons = list(dict.fromkeys(["safety_words", *complaint.reasons]))
        complaint.level, complaint.reasons, complaint.words = "red", reasons, words[:MOST_WORDS]
        complaint.save(update_fields=["level", "reasons", "words"])
        opening.tell(complaint, "complaint.raised", level="red")
    alert = Alert.objects.create(
        store_id=complaint.store_id,
        complaint=complaint,
        customer_id=complaint.customer_id,
        vehicle_id=complaint.vehicle_id,
        kinds=list(passage.kinds) if passage else [],
        words=words[:MOST_WORDS],
        raised_at=at,
    )
    if passage is not None:
        Passage.objects.filter(id=passage.id).update(alert=alert)
    record(
        "alert.raised",
        store_id=alert.store_id,
        at=at,
        customer_id=alert.customer_id,
        vehicle_id=alert.vehicle_id,
        alert_id=str(alert.id),
        complaint_id=str(complaint.id),
        level="red",
        words=alert.words,
    )
    tell_sides(alert, complaint)
    tell_pages(alert)
    return alert


def tell_sides(alert: Alert, complaint: Complaint) -> None:
    """Quality control, the consultant and the specialist: inbox, their WeCom card where they have one, and the store's
    group. By night too. The danger is named by its kind, never with the customer's words: groups are read aloud."""
    store = alert.store_id
    told = set(messaging.people(store, Role.QUALITY_CONTROL))
    told |= {p for p in (complaint.speaker_id, complaint.executor_id) if p}
    with translation.override("zh-hans"):
        danger = "、".join(str(tables.DANGERS[k]) for k in alert.kinds if k in tables.DANGERS) or _("行车安全")
    page = reverse("voice:complaint", args=[complaint.id])
    key = f"alert:{alert.id}"
    messaging.notify(
        told or messaging.people(store, Role.STORE_MANAGER),
        key=key,
        kind=kinds.RED_ALERT.code,
        store_id=store,
        customer_id=alert.customer_id,
        vehicle_id=alert.vehicle_id,
        danger=danger,
        path=page,
    )
    messaging.send(Owed(key=key, kind=kinds.RED_ALERT.code, channel="robot", store_id=store, facts={"danger": danger}))


def tell_pages(alert: Alert) -> None:
    """Open pages show the banner, or that it is over."""
    told = [("alerts", alert.store_id), ("alerts", "all"), ("complaint", alert.complaint_id)]
    announce_all([*told, *([("customer", alert.customer_id)] if alert.customer_id else [])])


def _end(alert: Alert) -> None:
    alert.ended_at = clock.now()
    alert.save(update_fields=["ended_at"])
    record(
        "alert.ended",
        store_id=alert.store_id,
        customer_id=alert.customer_id,
        vehicle_id=alert.vehicle_id,
        alert_id=str(alert.id),
        complaint_id=str(alert.complaint_id),
    )
    tell_pages(alert)


@command("alert.acknowledge")
def acknowledge(alert: Alert, *, by: Actor) -> Event:
    """I take it: the ladder stops, the banner goes. Raises WrongState when somebody was first, or it is over."""
    now = clock.now()
    locked = Alert.objects.select_for_update().get(id=alert.id)
    if locked.acknowledged_at is not None or locked.ended_at is not None:
        raise WrongState(_("这条红色预警已经有人接收。"))
    locked.acknowledged_at, locked.acknowledged_by_id = now, by.staff_id
    locked.save(update_fields=["acknowledged_at", "acknowledged_by_id"])
    audit("alert.acknowledged", by=by, subject=f"complaint:{locked.complaint_id}", store_id=locked.store_id)
    taken = now - locked.raised_at
    tell_pages(locked)
    return record(
        "alert.acknowledged",
        store_id=locked.store_id,
        at=now,
        actor_id=by.staff_id,
        customer_id=locked.customer_id,
        vehicle_id=locked.vehicle_id,
        alert_id=str(locked.id),
        complaint_id=str(locked.complaint_id),
        minutes_count=int(taken.total_seconds() // 60),
        kept=taken <= ACK_WITHIN,
    )


def end(complaint: Complaint) -> None:
    """The complaint is over, so its alert is."""
    for alert in Alert.objects.select_for_update().filter(complaint=complaint, ended_at__isnull=True):
        _end(alert)


def follow(complaint: Complaint) -> None:
    """A claimed complaint found its customer: so did its alert, unless they have one open for this car already."""
    own = Alert.objects.filter(complaint=complaint, ended_at__isnull=True).first()
    if own is None:
        return
    Passage.objects.filter(alert=own).update(customer_id=complaint.customer_id, vehicle_id=complaint.vehicle_id)
    others = Alert.objects.filter(
        store_id=own.store_id, customer_id=complaint.customer_id, vehicle_id=complaint.vehicle_id, ended_at__isnull=True
    )
    if others.exists():
        _end(own)  # the earlier one stands for both
    own.customer_id, own.vehicle_id = complaint.customer_id, complaint.vehicle_id
    own.save(update_fields=["customer", "vehicle"])
    tell_pages(own)
