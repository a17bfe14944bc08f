"""Red alerts, complaints, the three findings, solutions, links for owners. R113-R128.

What can be chosen (kinds, causes, reasons of severity, limits, moves) stands in `tables`.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cheban.core.ids import new_id
from cheban.org.scope import StoreScoped
from cheban.voice.complaints.tables import CAUSES, CHANNELS, KINDS, LEVELS, LIMITS

__all__ = ["Alert", "Complaint", "Finding", "GoodwillLimit", "OwnerLink", "Solution"]


class Complaint(StoreScoped):
    """What a customer complains about, from filing to the check that it stayed away. R120-R126.

    `claimed`: an owner filed it by the store's code; who they are is not known yet. Money is whole fen.
    """

    class State(models.TextChoices):
        CLAIMED = "claimed", _("待核对")
        FILED = "filed", _("待首次答复")
        ANSWERED = "answered", _("三方查证中")
        EXAMINED = "examined", _("待联合方案")
        AGREED = "agreed", _("方案执行中")
        CARRIED_OUT = "carried_out", _("待客户确认")
        CLOSED = "closed", _("已结案")
        DISMISSED = "dismissed", _("不受理")

    id = models.UUIDField(primary_key=True, default=new_id)
    customer = models.ForeignKey("customers.Customer", null=True, on_delete=models.PROTECT, db_index=False)
    vehicle = models.ForeignKey("customers.Vehicle", null=True, on_delete=models.SET_NULL, db_index=False)
    channel = models.CharField(max_length=12, choices=CHANNELS)
    kind = models.CharField(max_length=12, choices=KINDS)
    level = models.CharField(max_length=8, choices=LEVELS, default="normal")
    reasons = ArrayField(models.CharField(max_length=24), default=list)  # codes of tables.REASONS
    text = models.TextField()  # the customer's own words
    words = models.CharField(max_length=200, blank=True)  # those of them that alarm
    grams = ArrayField(models.CharField(max_length=2), default=list)  # pairs of characters, to find similar cases by
    amount_fen = models.BigIntegerField(null=True)  # what it is about, or what is asked for
    state = models.CharField(max_length=12, choices=State.choices, default=State.FILED)
    speaker_id = models.IntegerField(null=True)  # the one voice: the sales consultant. R118
    executor_id = models.IntegerField(null=True)  # the service specialist
    filed_at = models.DateTimeField()
    filed_by_id = models.IntegerField(null=True)  # none: the customer, or the house that heard it
    claim_sealed = models.BinaryField(null=True)  # name, phone and plate that a claimant gave, as JSON
    answered_at = models.DateTimeField(null=True)
    answered_by_id = models.IntegerField(null=True)
    answer = models.CharField(max_length=500, blank=True)  # what the customer was told first
    cause = models.CharField(max_length=24, blank=True, choices=CAUSES)
    closed_at = models.DateTimeField(null=True)
    dismissed_why = models.CharField(max_length=200, blank=True)
    check_on = models.DateField(null=True)  # thirty days after the end
    checked_at = models.DateTimeField(null=True)
    checked_by_id = models.IntegerField(null=True)
    has_recurred = models.BooleanField(null=True)
    check_note = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="closed_has_moment_and_cause",
                condition=Q(state="closed", closed_at__isnull=False, check_on__isnull=False) & ~Q(cause="")
                | (~Q(state="closed") & Q(closed_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="an_answer_has_words_and_a_moment",
                condition=Q(answered_at__isnull=True) | Q(answered_by_id__isnull=False),
            ),
            models.CheckConstraint(
                name="only_a_claim_is_nobodys",
                condition=Q(customer__isnull=False) | Q(vehicle__isnull=False) | Q(state__in=["claimed", "dismissed"]),
            ),
            models.CheckConstraint(
                name="a_check_comes_after_the_end",
                condition=Q(checked_at__isnull=True) | Q(state="closed", has_recurred__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["store", "-filed_at", "-id"], name="complaint_newest"),
            models.Index(fields=["customer", "-filed_at"], name="complaint_of_customer"),
            models.Index(fields=["store", "kind", "-filed_at"], name="complaint_by_kind"),
            models.Index(fields=["store", "closed_at"], name="complaint_by_end", condition=Q(state="closed")),
            models.Index(
                fields=["check_on"], name="complaint_to_check", condition=Q(state="closed", checked_at__isnull=True)
            ),
        ]


class Alert(StoreScoped):
    """Words that speak of danger: all three sides are told at once, somebody takes it within 15 minutes. R119.

    It ends with its complaint; until then what the customer adds about this car joins it.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    complaint = models.OneToOneField(Complaint, on_delete=models.PROTECT, related_name="alert")
    customer = models.ForeignKey("customers.Customer", null=True, on_delete=models.PROTECT, db_index=False)
    vehicle = models.ForeignKey("customers.Vehicle", null=True, on_delete=models.SET_NULL, db_index=False)
    kinds = ArrayField(models.CharField(max_length=16), default=list)
    words = models.CharField(max_length=200)
    raised_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by_id = models.IntegerField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_open_alert_per_customer_and_vehicle",
                fields=["store", "customer", "vehicle"],
                condition=Q(ended_at__isnull=True, customer__isnull=False),
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="acknowledged_means_by_somebody",
                condition=Q(acknowledged_at__isnull=True) | Q(acknowledged_by_id__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["store", "raised_at"],
                name="alert_waiting",
                condition=Q(acknowledged_at__isnull=True, ended_at__isnull=True),
            ),
        ]


class Finding(StoreScoped):
    """One side's card: what it looked into and found. R114-R116."""

    class Side(models.TextChoices):
        SALES = "sales", _("销售")
        SERVICE = "service", _("售后")
        QUALITY = "quality", _("品控")

    id = models.UUIDField(primary_key=True, default=new_id)
    complaint = models.ForeignKey(Complaint, on_delete=models.CASCADE, related_name="findings", db_index=False)
    side = models.CharField(max_length=8, choices=Side.choices)
    owner_id = models.IntegerField(null=True)  # whose card it is; the open duty says who has it today
    text = models.CharField(max_length=1000, blank=True)
    is_ours = models.BooleanField(null=True)  # over-promised; too slow; designed or built wrong
    promises = ArrayField(models.UUIDField(), default=list)  # sales promises that it rests on
    recorded_at = models.DateTimeField(null=True)
    recorded_by_id = models.IntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="each_side_finds_once", fields=["complaint", "side"]),
            models.CheckConstraint(
                name="a_recorded_finding_says_something",
                condition=Q(recorded_at__isnull=True) | Q(recorded_by_id__isnull=False, is_ours__isnull=False),
            ),
        ]


class Solution(StoreScoped):
    """A round of the joint solution: asked for, proposed, approved, carried out, confirmed or objected to. R117, R124.

    Money is whole fen. `needs_role` is whose approval the compensation waits for, '' when within the proposer's limit.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    complaint = models.ForeignKey(Complaint, on_delete=models.CASCADE, related_name="solutions", db_index=False)
    round = models.SmallIntegerField(default=1)
    asked_at = models.DateTimeField()
    cause = models.CharField(max_length=24, blank=True, choices=CAUSES)
    measure = models.CharField(max_length=500, blank=True)
    improvement = models.CharField(max_length=300, blank=True)  # so that it does not happen again
    compensation_fen = models.BigIntegerField(default=0)
    speaker_id = models.IntegerField(null=True)
    executor_id = models.IntegerField(null=True)
    proposed_at = models.DateTimeField(null=True)
    proposed_by_id = models.IntegerField(null=True)
    needs_role = models.CharField(max_length=24, blank=True)
    refused_why = models.CharField(max_length=200, blank=True)
    agreed_at = models.DateTimeField(null=True)
    approved_by_id = models.IntegerField(null=True)
    approved_limit_fen = models.BigIntegerField(null=True)  # of whoever let it pass, as it was then
    carried_out_at = models.DateTimeField(null=True)
    carried_out_by_id = models.IntegerField(null=True)
    carried_out_how = models.CharField(max_length=300, blank=True)
    confirmed_at = models.DateTimeField(null=True)
    objected_at = models.DateTimeField(null=True)
    said = models.CharField(max_length=500, blank=True)  # the customer's answer
    said_to_id = models.IntegerField(null=True)  # who heard it; none: told on their own page

    class Meta:
        constraints = [
            models.UniqueConstraint(name="rounds_of_a_solution_are_numbered", fields=["complaint", "round"]),
            models.UniqueConstraint(
                name="one_solution_at_a_time", fields=["complaint"], condition=Q(objected_at__isnull=True)
            ),
            models.CheckConstraint(name="compensation_is_not_negative", condition=Q(compensation_fen__gte=0)),
            models.CheckConstraint(
                name="compensation_within_the_approvers_limit",
                condition=Q(agreed_at__isnull=True)
                | Q(approved_limit_fen__isnull=True)
                | Q(compensation_fen__lte=F("approved_limit_fen")),
            ),
            models.CheckConstraint(
                name="an_agreed_solution_is_whole",
                condition=Q(agreed_at__isnull=True)
                | Q(
                    speaker_id__isnull=False,
                    executor_id__isnull=False,
                    proposed_at__isnull=False,
                    approved_by_id__isnull=False,
                    needs_role="",
                ),
            ),
            models.CheckConstraint(
                name="a_customer_answers_what_was_carried_out",
                condition=Q(confirmed_at__isnull=True, objected_at__isnull=True)
                | Q(carried_out_at__isnull=False, agreed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="confirmed_or_objected_not_both",
                condition=Q(confirmed_at__isnull=True) | Q(objected_at__isnull=True),
            ),
        ]


class GoodwillLimit(models.Model):
    """What a role may grant by itself, in a group or one store, since a moment. Only added to. R124."""

    group = models.ForeignKey("org.DealerGroup", on_delete=models.PROTECT, db_index=False)
    store = models.ForeignKey("org.Store", on_delete=models.PROTECT, null=True, db_index=False)  # none: the group
    role = models.CharField(max_length=24)
    fen = models.BigIntegerField(null=True)  # none: as the level above
    reason = models.CharField(max_length=200)
    by_id = models.IntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_limit_is_between_nothing_and_a_million_yuan",
                condition=Q(fen__isnull=True) | Q(fen__range=(0, LIMITS["group_admin"])),
            )
        ]
        indexes = [models.Index(fields=["group", "role", "-id"], name="goodwill_newest")]


class OwnerLink(StoreScoped):
    """A page for an owner without signing in: of one complaint, of a car's owner who may file, or the store's code.

    The address carries a secret of which only the hash is kept. R123, R125.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    complaint = models.ForeignKey(Complaint, null=True, on_delete=models.CASCADE, db_index=False)
    customer = models.ForeignKey("customers.Customer", null=True, on_delete=models.CASCADE, db_index=False)
    vehicle = models.ForeignKey("customers.Vehicle", null=True, on_delete=models.SET_NULL, db_index=False)
    name = models.CharField(max_length=40, blank=True)  # of a store's code: where it hangs
    secret_hash = models.BinaryField(max_length=32, unique=True)
    made_by_id = models.IntegerField(null=True)
    made_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["complaint"], name="owner_link_of_complaint", condition=Q(complaint__isnull=False)),
        ]
