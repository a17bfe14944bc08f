"""Tables of the core: events, audit, data keys, files, store calendars. Store and staff are plain ids here."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Collate, Now
from django.utils.translation import gettext_lazy as _


class Event(models.Model):
    """One fact that happened. Append-only: the application's role may insert and read, never change.

    `name` is `noun.past_tense`; `facts` are declared in the room's events.py. The customer timeline,
    rules and metrics read this table and nobody else's. R208.
    """

    id = models.BigAutoField(primary_key=True)
    store_id = models.IntegerField()
    name = models.CharField(max_length=64)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())
    actor_id = models.IntegerField(null=True)
    customer_id = models.UUIDField(null=True)
    vehicle_id = models.UUIDField(null=True)
    facts = models.JSONField(db_default=models.Value({}, models.JSONField()))

    class Meta:
        indexes = [
            models.Index(
                fields=["customer_id", "-at", "-id"], name="event_timeline", condition=Q(customer_id__isnull=False)
            ),
            models.Index(fields=["name", "at"], name="event_by_name"),
        ]


class EventDelivery(models.Model):
    """One reaction that is owed one event. Deleted in the transaction that ran it: at least once."""

    id = models.BigAutoField(primary_key=True)
    event_id = models.BigIntegerField()
    store_id = models.IntegerField()
    reaction = models.CharField(max_length=96)
    attempts = models.SmallIntegerField(db_default=0)
    not_before_at = models.DateTimeField(db_default=Now())
    last_error = models.CharField(max_length=200, db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="each_reaction_gets_an_event_once", fields=["event_id", "reaction"])
        ]
        indexes = [models.Index(fields=["not_before_at"], name="delivery_due")]


class AuditEntry(models.Model):
    """Who saw or changed what, from where and why. Append-only for the application's role. R019."""

    id = models.BigAutoField(primary_key=True)
    store_id = models.IntegerField(null=True)
    at = models.DateTimeField(db_default=Now())
    actor_id = models.IntegerField(null=True)
    action = models.CharField(max_length=64)
    subject = models.CharField(max_length=96)
    reason = models.CharField(max_length=200, db_default="")
    origin = models.CharField(max_length=64, db_default="")
    facts = models.JSONField(db_default=models.Value({}, models.JSONField()))

    class Meta:
        indexes = [
            models.Index(fields=["actor_id", "-at"], name="audit_by_actor"),
            models.Index(fields=["subject", "-at"], name="audit_by_subject"),
            models.Index(fields=["action", "-id"], name="audit_by_action"),
            models.Index(Collate("reason", "C"), name="audit_by_reason", condition=~Q(reason="")),
        ]


class Outage(models.Model):
    """A part of the house that was silent. Of the house, not of a store; one row for each time, open while it lasts."""

    what = models.CharField(max_length=16)  # "worker"
    began_at = models.DateTimeField()  # its last sign of life
    noticed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="an_outage_is_noticed_once", fields=["what"], condition=Q(ended_at__isnull=True)
            )
        ]


class AuditLink(models.Model):
    """One link of the audit trail's chain; see core.audit. Append-only for the application's role."""

    seq = models.BigIntegerField(primary_key=True)
    entry_id = models.BigIntegerField(unique=True)
    hash = models.BinaryField(max_length=32)


class DataKey(models.Model):
    """A data key, wrapped by the master key. The highest id seals; all open. See core.privacy."""

    id = models.SmallAutoField(primary_key=True)
    wrapped = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())


class StoredFile(models.Model):
    """A photo or PDF that somebody attached; its content lies sealed on the disk under its id. See core.files."""

    class Kind(models.TextChoices):
        PHOTO = "photo", _("照片")
        PDF = "pdf", "PDF"

    id = models.UUIDField(primary_key=True)
    store_id = models.IntegerField()
    kind = models.CharField(max_length=8, choices=Kind.choices)
    bytes = models.IntegerField()  # of the content, open
    digest = models.BinaryField(max_length=32)  # SHA-256 of the content
    kept_by_id = models.IntegerField(null=True)
    kept_at = models.DateTimeField()


class OpeningSpan(models.Model):
    """One span of a store's usual working week; several a day, so that lunch is a gap."""

    id = models.BigAutoField(primary_key=True)
    store_id = models.IntegerField()
    weekday = models.SmallIntegerField()  # Monday = 0
    opens = models.TimeField()
    closes = models.TimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="a_weekday_is_0_to_6", condition=Q(weekday__range=(0, 6))),
            models.CheckConstraint(name="a_span_opens_before_it_closes", condition=Q(opens__lt=models.F("closes"))),
            models.UniqueConstraint(name="one_span_per_opening", fields=["store_id", "weekday", "opens"]),
        ]


class CalendarDay(models.Model):
    """A day that differs from the usual week: a holiday, or a weekend day worked for it (调休).

    Seeded from a library for the years it knows, editable per store. `seeded` rows may be renewed by
    a later library; edited rows are the store's own.
    """

    class Kind(models.TextChoices):
        HOLIDAY = "holiday"
        MAKE_UP_WORKDAY = "make_up_workday"

    id = models.BigAutoField(primary_key=True)
    store_id = models.IntegerField()
    on = models.DateField()
    kind = models.CharField(max_length=16, choices=Kind.choices)
    name = models.CharField(max_length=32)
    seeded = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="one_exception_per_store_and_day", fields=["store_id", "on"])]
