"""What customers said, passage by passage. R042, R119."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from cheban.core.ids import new_id
from cheban.org.scope import StoreScoped

__all__ = ["Passage"]


class Passage(StoreScoped):
    """Words of a customer that came with an event, and what was read in them. One for each event.

    `text` holds the first `hearing.reading.MOST` characters; `evidence` are [start, end, shows] over it. `kinds` of
    danger are empty for words that alarm nobody.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    event_id = models.BigIntegerField(unique=True)  # core.Event, plain: events are append-only
    source = models.CharField(max_length=48)  # name of that event
    # Without a constraint: words alone keep no file from being taken back with its import (see `undoing`).
    customer = models.ForeignKey(
        "customers.Customer", null=True, on_delete=models.DO_NOTHING, db_index=False, db_constraint=False
    )
    vehicle = models.ForeignKey(
        "customers.Vehicle", null=True, on_delete=models.DO_NOTHING, db_index=False, db_constraint=False
    )
    text = models.TextField()
    is_cut = models.BooleanField(default=False)  # there was more than is kept and read
    said_at = models.DateTimeField()
    heard_at = models.DateTimeField(db_default=Now())
    kinds = ArrayField(models.CharField(max_length=16), default=list)
    evidence = models.JSONField(default=list)
    lead_kind = models.CharField(max_length=24, blank=True)
    is_history = models.BooleanField(default=False)  # alarming words of long ago raise nothing
    alert = models.ForeignKey("voice.Alert", null=True, on_delete=models.SET_NULL, related_name="passages")

    class Meta:
        indexes = [
            models.Index(fields=["customer", "-said_at"], name="passage_of_customer"),
            models.Index(fields=["store", "-said_at"], name="passage_alarming", condition=~models.Q(kinds=[])),
        ]
