"""Tokens of programs, kept answers, webhooks and their deliveries. Y02, Y03, R030.

Tokens and endpoints may reach over several stores, so they carry a list of stores and are no store's rows: a token
must be readable before there is a scope (scope is made from it, as from staff and roles). Their pages show only
those whose stores all lie in the asker's scope (`tokens`, `webhooks.queries`).
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from cheban.core.ids import new_id
from cheban.org.scope import StoreScoped


class ApiToken(models.Model):
    """What a program shows instead of a password. The secret is shown once and kept as its SHA-256.

    A secret of 256 random bits needs no slow hash. `maker_stamp` is what the maker's password and roles were when it
    was made: when either changes the token ends, as sessions do.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    name = models.CharField(max_length=64)
    prefix = models.CharField(max_length=12, unique=True)
    secret_hash = models.BinaryField(max_length=32)
    maker = models.ForeignKey("org.Staff", on_delete=models.PROTECT, related_name="+")
    maker_stamp = models.BinaryField(max_length=32)
    store_ids = ArrayField(models.IntegerField())
    scopes = ArrayField(models.CharField(max_length=32))
    per_minute = models.IntegerField(default=600)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_because = models.CharField(max_length=16, blank=True)  # revoked | maker | roles | expired

    class Meta:
        constraints = [
            models.CheckConstraint(name="a_token_reaches_a_store", condition=~Q(store_ids=[])),
            models.CheckConstraint(name="a_token_may_ask_1_to_6000_a_minute", condition=Q(per_minute__range=(1, 6000))),
        ]


class AskedCount(models.Model):
    """How many requests a token made in its running minute; one row per token."""

    token = models.OneToOneField(ApiToken, primary_key=True, on_delete=models.CASCADE)
    minute = models.BigIntegerField()  # minutes since 1970
    count = models.IntegerField()


class KeptAnswer(models.Model):
    """The answer to a request with an Idempotency-Key, to be given again. Sealed: it may name people. Row 54-55."""

    id = models.UUIDField(primary_key=True, default=new_id)
    token = models.ForeignKey(ApiToken, on_delete=models.CASCADE, db_index=False)
    key = models.CharField(max_length=128)
    request_hash = models.BinaryField(max_length=32)
    status = models.SmallIntegerField(null=True)
    content_type = models.CharField(max_length=64, blank=True)
    body_sealed = models.BinaryField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(name="a_key_is_answered_once_per_token", fields=["token", "key"])]
        indexes = [models.Index(fields=["created_at"], name="kept_answer_age")]


class WebhookEndpoint(models.Model):
    """Where events of some stores are told. `secret_sealed` signs them (Standard Webhooks 1.0.0)."""

    id = models.UUIDField(primary_key=True, default=new_id)
    name = models.CharField(max_length=64)
    url = models.CharField(max_length=500)
    secret_sealed = models.BinaryField()
    store_ids = ArrayField(models.IntegerField())
    event_names = ArrayField(models.CharField(max_length=64))
    maker = models.ForeignKey("org.Staff", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    failing_since = models.DateTimeField(null=True)
    disabled_at = models.DateTimeField(null=True)
    disabled_because = models.CharField(max_length=16, blank=True)  # person | failing | gone
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(name="an_endpoint_reaches_a_store", condition=~Q(store_ids=[]))]


class WebhookDelivery(StoreScoped):
    """One event owed to one endpoint. Written by the database itself when the event is (see the migration): in the
    same transaction, once per event and endpoint, whatever wrote the event.

    `id` is the webhook-id of every attempt. `event_id` is null for a test.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        DONE = "done"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=new_id)
    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, db_index=False)
    event_id = models.BigIntegerField(null=True)
    event_name = models.CharField(max_length=64)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    attempts = models.SmallIntegerField(db_default=0)
    not_before_at = models.DateTimeField(db_default=Now())
    created_at = models.DateTimeField(db_default=Now())
    last_attempt_at = models.DateTimeField(null=True)
    last_status = models.SmallIntegerField(null=True)
    last_ms = models.IntegerField(null=True)
    last_problem = models.CharField(max_length=120, db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="an_endpoint_is_told_an_event_once", fields=["endpoint", "event_id"])
        ]
        indexes = [
            models.Index(fields=["not_before_at"], name="webhook_due", condition=Q(state="waiting")),
            models.Index(fields=["endpoint", "-created_at", "-id"], name="webhook_log"),
            models.Index(fields=["created_at"], name="webhook_age"),
        ]
