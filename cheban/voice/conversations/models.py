"""Conversations, what was said in them, and the periods in which a customer waits for an answer. R037, R038."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cheban.core.ids import new_id
from cheban.org.scope import StoreScoped

LONGEST = 4000
"""Characters of one message."""


class Topic(models.TextChoices):
    """What a customer asks about: it decides who is asked first."""

    SERVICE = "service", _("用车与保养")
    SALES = "sales", _("购车、手续、承诺")


class Conversation(StoreScoped):
    """客户-销售-售后服务群: one owner, their sales consultant, their service specialist. R037.

    `cause` is the business fact that opened it ('delivery:…', 'hand:customer:vehicle'); the same fact never opens a
    second one. The owner comes in by a link (`core.owner_links`) of which the digest is kept.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    cause = models.CharField(max_length=100)
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, db_index=False)
    vehicle = models.ForeignKey("customers.Vehicle", null=True, on_delete=models.SET_NULL, db_index=False)
    sales_consultant_id = models.IntegerField(null=True)  # org.Staff ids, plain: staff may leave
    service_specialist_id = models.IntegerField(null=True)
    opened_at = models.DateTimeField()
    opened_by_id = models.IntegerField(null=True)  # none: the house, on a delivery
    link_digest = models.BinaryField(max_length=32)
    link_number = models.SmallIntegerField(default=1)  # rises when the link is renewed
    link_expires_at = models.DateTimeField()
    last_at = models.DateTimeField()  # the newest message, else the opening
    heard_at = models.DateTimeField(null=True)  # the customer's newest message
    spoke_at = models.DateTimeField(null=True)  # a colleague's newest message
    staff_seen_at = models.DateTimeField(null=True)  # a colleague last looked
    customer_seen_at = models.DateTimeField(null=True)  # the owner last looked
    customer_told_at = models.DateTimeField(null=True)  # a message told the owner that there is an answer
    waiting_since = models.DateTimeField(null=True)  # when the open question was asked; none: nobody waits

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_conversation_per_cause", fields=["store", "cause"]),
            models.UniqueConstraint(name="a_link_opens_one_conversation", fields=["link_digest"]),
        ]
        indexes = [
            models.Index(fields=["store", "-last_at", "-id"], name="conversation_newest"),
            models.Index(
                fields=["store", "waiting_since", "id"],
                name="conversation_waiting",
                condition=Q(waiting_since__isnull=False),
            ),
            models.Index(fields=["customer"], name="conversation_of_customer"),
            models.Index(
                fields=["spoke_at"],
                name="conversation_to_tell",
                condition=Q(spoke_at__isnull=False)
                & (Q(customer_seen_at__isnull=True) | Q(customer_seen_at__lt=F("spoke_at"))),
            ),
        ]


class Said(StoreScoped):
    """One message. Append-only; only an erasure empties its text. `key` is the browser's: sent twice, it is one."""

    id = models.UUIDField(primary_key=True, default=new_id)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages", db_index=False)
    author_id = models.IntegerField(null=True)  # none: the customer
    text = models.CharField(max_length=LONGEST)
    key = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_message_sent_twice_is_one", fields=["conversation", "key"]),
        ]
        indexes = [models.Index(fields=["conversation", "at", "id"], name="said_in_order")]


class Question(StoreScoped):
    """A period in which the customer waits: from their message to the first answer by anybody of the store. R038.

    Its id is that of the message that opened it. `minutes` are working minutes of the store, begun ones counted, so
    that `kept` (within the promised time) and `minutes` never disagree.
    """

    message = models.OneToOneField(Said, primary_key=True, on_delete=models.CASCADE, related_name="question")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="questions", db_index=False)
    topic = models.CharField(max_length=8, choices=Topic.choices, default=Topic.SERVICE)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    answered_by_id = models.IntegerField(null=True)
    minutes = models.IntegerField(null=True)
    kept = models.BooleanField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_conversation_waits_for_one_answer_at_a_time",
                fields=["conversation"],
                condition=Q(answered_at__isnull=True),
            ),
            models.CheckConstraint(
                name="answered_means_by_somebody_in_some_minutes",
                condition=Q(
                    answered_at__isnull=True, answered_by_id__isnull=True, minutes__isnull=True, kept__isnull=True
                )
                | Q(answered_at__gte=F("asked_at"), answered_by_id__isnull=False, minutes__gte=0, kept__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["conversation", "asked_at"], name="question_of_conversation")]
