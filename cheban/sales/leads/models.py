"""Leads from service to sales: what a customer said, who follows it up by when, what became of it. R104-R112.

A lead is followed up in turns: one consultant's turn after another, each owing an answer; what they answered are rows
of their own. The words that show the wish keep where they were said, so that none is heard twice.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cheban.core.ids import new_id
from cheban.org.scope import StoreScoped

OPEN = ("proposed", "pushed", "contacted", "test_drive", "appraised", "quoted")
"""States in which somebody still has to do something."""
FOLLOWED = OPEN[1:]
"""States in which a consultant holds the lead."""
ENDED = ("won", "lost", "dismissed", "joined")


class Lead(StoreScoped):
    """A customer's wish to buy, to trade in, or to bring somebody: from the word to the deal. Money is whole fen."""

    class Kind(models.TextChoices):
        ADDITIONAL_PURCHASE = "additional_purchase", _("增购")
        TRADE_IN = "trade_in", _("置换")
        REFERRAL = "referral", _("转介绍")

    class Grade(models.TextChoices):
        A = "a", _("A 类：明确需求")
        B = "b", _("B 类：潜在意向")

    class State(models.TextChoices):
        PROPOSED = "proposed", _("待确认")
        PUSHED = "pushed", _("已推送")
        CONTACTED = "contacted", _("已联系")
        TEST_DRIVE = "test_drive", _("试驾")
        APPRAISED = "appraised", _("旧车已评估")
        QUOTED = "quoted", _("已报价")
        WON = "won", _("成交")
        LOST = "lost", _("未成交")
        DISMISSED = "dismissed", _("不是线索")
        JOINED = "joined", _("已并入")

    class Origin(models.TextChoices):
        SERVICE = "service", _("售后")
        CRM = "crm", _("销售系统")

    id = models.UUIDField(primary_key=True, default=new_id)
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, db_index=False)
    vehicle = models.ForeignKey("customers.Vehicle", null=True, on_delete=models.SET_NULL, db_index=False)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    grade = models.CharField(max_length=1, choices=Grade.choices, blank=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.PROPOSED)
    origin = models.CharField(max_length=8, choices=Origin.choices, default=Origin.SERVICE)
    # customer and kind while a lead from service is open: two at once are one. Not a link: it stays when files merge.
    open_key = models.CharField(max_length=60, null=True)
    wanted = models.CharField(max_length=120, blank=True)  # the car they ask for, in words
    finder_id = models.IntegerField(null=True)  # org.Staff ids, plain: staff may leave
    proposed_at = models.DateTimeField()
    pushed_at = models.DateTimeField(null=True)
    pushed_by_id = models.IntegerField(null=True)
    holder_id = models.IntegerField(null=True)  # who follows it up now
    holder_role = models.CharField(max_length=20, blank=True)  # as what: consultant, or the manager when nobody is left
    next_contact_on = models.DateField(null=True)
    appraised_fen = models.BigIntegerField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_by_id = models.IntegerField(null=True)
    reason_code = models.CharField(max_length=16, blank=True)  # of states.LOST or states.NO_LEAD
    why = models.CharField(max_length=300, blank=True)
    deal_fen = models.BigIntegerField(null=True)
    deal_what = models.CharField(max_length=120, blank=True)
    service_share_percent = models.SmallIntegerField(null=True)
    sales_share_percent = models.SmallIntegerField(null=True)
    joined_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT, db_index=False)
    kept_beside = ArrayField(models.UUIDField(), default=list)  # leads somebody found to be others
    source_system = models.CharField(max_length=20, blank=True)
    external_id = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_open_lead_of_a_kind_per_customer", fields=["store", "open_key"]),
            models.UniqueConstraint(
                name="a_lead_of_another_system_comes_once",
                fields=["store", "source_system", "external_id"],
                condition=~Q(external_id=""),
            ),
            models.CheckConstraint(
                name="a_followed_lead_has_grade_and_holder",
                condition=~Q(state__in=FOLLOWED)
                | Q(pushed_at__isnull=False, holder_id__isnull=False, grade__in=["a", "b"]),
            ),
            models.CheckConstraint(
                name="an_ended_lead_says_when",
                condition=Q(state__in=ENDED, closed_at__isnull=False, open_key__isnull=True)
                | Q(state__in=OPEN, closed_at__isnull=True),
            ),
            models.CheckConstraint(
                name="a_won_lead_has_amount_and_a_whole_split",
                condition=~Q(state="won")
                | Q(
                    deal_fen__isnull=False,  # a comparison with nothing is neither true nor false, and would pass
                    service_share_percent__isnull=False,
                    sales_share_percent__isnull=False,
                    deal_fen__gt=0,
                    service_share_percent__range=(0, 100),
                    sales_share_percent=100 - models.F("service_share_percent"),
                ),
            ),
            models.CheckConstraint(name="a_lost_lead_has_a_reason", condition=~Q(state="lost") | ~Q(reason_code="")),
            models.CheckConstraint(
                name="a_joined_lead_says_into_which",
                condition=Q(state="joined", joined_into__isnull=False)
                | (~Q(state="joined") & Q(joined_into__isnull=True)),
            ),
        ]
        indexes = [
            models.Index(fields=["store", "-proposed_at", "-id"], name="lead_newest"),
            models.Index(fields=["store", "state", "-proposed_at", "-id"], name="lead_state"),
            models.Index(fields=["store", "next_contact_on", "id"], name="lead_next", condition=Q(state__in=FOLLOWED)),
            models.Index(fields=["holder_id"], name="lead_holder", condition=Q(state__in=FOLLOWED)),
            models.Index(fields=["customer"], name="lead_of_customer"),
        ]


class LeadWords(StoreScoped):
    """A sentence of the customer that shows the wish, with the words in it that do. R104-R106."""

    id = models.UUIDField(primary_key=True, default=new_id)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="heard")
    passage_id = models.CharField(max_length=64, null=True)  # of the voice room; none when written by hand
    source = models.CharField(max_length=48)  # name of the event it came with, or a code of states.WHERE
    words = ArrayField(models.CharField(max_length=64), default=list)
    text = models.CharField(max_length=500)
    at = models.DateTimeField()
    by_id = models.IntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_passage_is_heard_once", fields=["store", "passage_id"]),
        ]


class LeadTurn(StoreScoped):
    """One person's turn with a lead: from when it was given to them until they answered, or it went on. R108-R109."""

    class Ended(models.TextChoices):
        ANSWERED = "answered", _("已答复")
        LAPSED = "lapsed", _("没有按时答复")
        LEFT = "left", _("已离岗")
        GIVEN = "given", _("改派")
        CLOSED = "closed", _("线索已结束")

    id = models.UUIDField(primary_key=True, default=new_id)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="turns", db_index=False)
    number = models.SmallIntegerField()
    holder_id = models.IntegerField()
    role = models.CharField(max_length=20)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_how = models.CharField(max_length=8, choices=Ended.choices, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="turns_of_a_lead_are_numbered", fields=["lead", "number"]),
            models.UniqueConstraint(
                name="a_lead_is_one_persons_at_a_time", fields=["lead"], condition=Q(ended_at__isnull=True)
            ),
            models.CheckConstraint(
                name="an_ended_turn_says_how",
                condition=Q(ended_at__isnull=True, ended_how="") | (Q(ended_at__isnull=False) & ~Q(ended_how="")),
            ),
        ]
        indexes = [
            models.Index(fields=["store", "holder_id"], name="lead_turn_open", condition=Q(ended_at__isnull=True)),
        ]


class LeadAnswer(StoreScoped):
    """What sales reports back: what the customer said, how far it is, when they speak next. R109."""

    id = models.UUIDField(primary_key=True, default=new_id)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="answers")
    turn = models.ForeignKey(LeadTurn, null=True, on_delete=models.SET_NULL, db_index=False)  # whose duty it was
    stage = models.CharField(max_length=12, choices=Lead.State.choices)
    words = models.CharField(max_length=300)
    next_contact_on = models.DateField(null=True)
    at = models.DateTimeField()
    by_id = models.IntegerField(null=True)
