"""Incentive schemes as versions, what managers enter, and monthly statements with what they paid. R158-R160, R183."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cheban.core.ids import new_id
from cheban.org.scope import StoreScoped


class IncentiveScheme(models.Model):
    """激励方案: what is paid from a month on, for a group or one store. Rows are never changed: the newest one that is
    valid on a month's first day holds for the whole month, and all of them are the history.

    `terms` as `terms.Terms.as_json`; empty: the store follows its group again.
    """

    group = models.ForeignKey("org.DealerGroup", on_delete=models.PROTECT, db_index=False)
    store = models.ForeignKey("org.Store", on_delete=models.PROTECT, null=True, db_index=False)  # none: the group
    valid_from = models.DateField()  # first day of a month
    terms = models.JSONField()
    reason = models.CharField(max_length=200)
    by_id = models.IntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="a_scheme_begins_with_a_month", condition=Q(valid_from__day=1)),
        ]
        indexes = [models.Index(fields=["group", "-valid_from", "-id"], name="scheme_newest")]


class CommissionBase(StoreScoped):
    """A person's own commission of a month before the factor, as a manager entered it. Who changed it: the audit."""

    person_id = models.IntegerField()
    month = models.DateField()
    fen = models.BigIntegerField()
    by_id = models.IntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_base_per_person_and_month", fields=["store", "month", "person_id"]),
            models.CheckConstraint(name="a_base_is_not_negative", condition=Q(fen__gte=0)),
        ]


class PayMonth(StoreScoped):
    """A store's month of statements: opened when the month begins, closed when all of them are approved."""

    id = models.UUIDField(primary_key=True, default=new_id)
    month = models.DateField()
    ready_on = models.DateField()  # the first day of the following month: from then on it can be approved
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="a_month_is_opened_once", fields=["store", "month"])]


class Statement(StoreScoped):
    """对账单 of one person and month. A draft is worked out anew any time; an approved one is never changed again (a
    trigger refuses it), and `digest` is SHA-256 over its `content`.

    `content` holds the figures, the scheme, lines with the records they come from; words are made from it when it is
    read. No customer stands here.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("草稿")
        APPROVED = "approved", _("已核定")

    id = models.UUIDField(primary_key=True, default=new_id)
    person_id = models.IntegerField()
    month = models.DateField()
    role = models.CharField(max_length=24, blank=True)  # at the end of the month; '' for who left and is still owed
    state = models.CharField(max_length=8, choices=State.choices, default=State.DRAFT)
    factor = models.IntegerField()  # in ten-thousandths
    pay_fen = models.BigIntegerField(null=True)  # base x factor; none without a base
    bonus_fen = models.BigIntegerField()
    correction_fen = models.BigIntegerField()
    total_fen = models.BigIntegerField()
    content = models.JSONField()
    digest = models.CharField(max_length=64)
    reckoned_at = models.DateTimeField()
    approved_at = models.DateTimeField(null=True)
    approved_by_id = models.IntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_statement_per_person_and_month", fields=["store", "person_id", "month"]),
            models.CheckConstraint(
                name="an_approved_statement_says_who_and_when",
                condition=Q(state="draft", approved_at__isnull=True, approved_by_id__isnull=True)
                | Q(state="approved", approved_at__isnull=False),
            ),
            models.CheckConstraint(
                name="nobody_approves_their_own",
                condition=Q(approved_by_id__isnull=True) | ~Q(approved_by_id=models.F("person_id")),
            ),
        ]
        indexes = [
            models.Index(fields=["store", "-month", "-id"], name="statement_newest"),
            models.Index(fields=["store", "-total_fen", "-id"], name="statement_largest"),
            models.Index(fields=["person_id", "-month"], name="statement_of_person"),
        ]


class PaidLine(StoreScoped):
    """What an approved statement paid that must never be paid again. Append-only.

    `bonus`: one side of one won lead. `factor`: a month approved before has another factor by now; `fen` is the
    difference (0 without a base), `factor` the one that holds now.
    """

    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="paid", db_index=False)
    person_id = models.IntegerField()
    what = models.CharField(max_length=8)
    of_month = models.DateField()
    lead = models.CharField(max_length=64, blank=True)
    side = models.CharField(max_length=8, blank=True)  # service, sales
    event_id = models.BigIntegerField(null=True)
    fen = models.BigIntegerField()
    factor = models.IntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="each_side_of_a_lead_is_paid_once", fields=["store", "lead", "side"], condition=Q(what="bonus")
            ),
            models.UniqueConstraint(
                name="a_statement_corrects_a_month_once",
                fields=["statement", "of_month"],
                condition=Q(what="factor"),
            ),
        ]
        indexes = [models.Index(fields=["store", "person_id", "of_month"], name="paid_of_person")]
