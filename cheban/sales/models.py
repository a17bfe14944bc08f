"""Deliveries, handover sheets, promises, first feedback; leads (`leads.models`). R024-R039, R104-R112.

What a sheet says of the customer and the car is read from their files when it is sent, so nothing is typed twice (R021);
a revision keeps it as it was then.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cheban.core.ids import new_id
from cheban.org.scope import StoreScoped
from cheban.sales.leads.models import Lead, LeadAnswer, LeadTurn, LeadWords

__all__ = [
    "DeliveryCheck",
    "FirstFeedback",
    "HandoverRevision",
    "HandoverSheet",
    "Lead",
    "LeadAnswer",
    "LeadTurn",
    "LeadWords",
    "PromiseProof",
    "SalesPromise",
    "VehicleDelivery",
]


class VehicleDelivery(StoreScoped):
    """A new car is handed to its buyer by two people: sales and service. R036-R037."""

    class State(models.TextChoices):
        PLANNED = "planned", _("待交付")
        COMPLETED = "completed", _("已交付")
        CANCELLED = "cancelled", _("已取消")

    id = models.UUIDField(primary_key=True, default=new_id)
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, db_index=False)
    vehicle = models.ForeignKey("customers.Vehicle", on_delete=models.PROTECT, db_index=False)
    scheduled_at = models.DateTimeField()
    sales_consultant_id = models.IntegerField()  # org.Staff ids, plain: staff may leave
    service_specialist_id = models.IntegerField()
    state = models.CharField(max_length=12, choices=State.choices, default=State.PLANNED)
    completed_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    cancel_reason = models.CharField(max_length=200, blank=True)
    planned_by_id = models.IntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_vehicle_is_delivered_once_to_a_buyer",
                fields=["vehicle", "customer"],
                condition=~Q(state="cancelled"),
            ),
            models.CheckConstraint(
                name="completed_means_completed_at",
                condition=Q(state="completed", completed_at__isnull=False)
                | (~Q(state="completed") & Q(completed_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="a_delivery_is_by_two", condition=~Q(sales_consultant_id=F("service_specialist_id"))
            ),
        ]
        indexes = [
            models.Index(fields=["store", "-scheduled_at", "-id"], name="delivery_newest"),
            models.Index(fields=["customer"], name="delivery_of_customer"),
        ]


class DeliveryCheck(StoreScoped):
    """A point of the checklist that was explained to the buyer: which one, by whom, when. R036."""

    id = models.UUIDField(primary_key=True, default=new_id)
    delivery = models.ForeignKey(VehicleDelivery, on_delete=models.CASCADE, related_name="checks", db_index=False)
    point = models.CharField(max_length=24)  # code of deliveries.checklist
    by_id = models.IntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="a_point_is_checked_once", fields=["delivery", "point"])]


class HandoverSheet(StoreScoped):
    """客户服务交接表: what sales knows of a buyer, for service. Filled by sales, confirmed by service. R024-R029."""

    class State(models.TextChoices):
        DRAFT = "draft", _("待填写")
        SENT = "sent", _("待确认")
        SENT_BACK = "sent_back", _("已退回")
        CONFIRMED = "confirmed", _("已确认")

    id = models.UUIDField(primary_key=True, default=new_id)
    delivery = models.OneToOneField(VehicleDelivery, on_delete=models.CASCADE, related_name="sheet")
    state = models.CharField(max_length=12, choices=State.choices, default=State.DRAFT)
    said = models.JSONField(default=dict)  # what sales fills in: code of handover.fields -> text or list of codes
    version = models.IntegerField(default=0)  # rises with every change: two people never overwrite each other
    changed_at = models.DateTimeField(db_default=Now())


class HandoverRevision(StoreScoped):
    """A sheet as it was sent, and what became of it. Never changed but for its answer. R029.

    `digest` is SHA-256 over `content`, which both sides confirm; `content` maps field codes to words.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    sheet = models.ForeignKey(HandoverSheet, on_delete=models.CASCADE, related_name="revisions", db_index=False)
    number = models.SmallIntegerField()
    content = models.JSONField()
    digest = models.BinaryField(max_length=32)
    sent_at = models.DateTimeField()
    sent_by_id = models.IntegerField()
    answered_at = models.DateTimeField(null=True)
    answered_by_id = models.IntegerField(null=True)
    wrong = models.JSONField(default=dict)  # field code -> what is wrong with it

    class Meta:
        constraints = [
            models.UniqueConstraint(name="revisions_of_a_sheet_are_numbered", fields=["sheet", "number"]),
            models.UniqueConstraint(
                name="one_revision_at_a_time_waits", fields=["sheet"], condition=Q(answered_at__isnull=True)
            ),
            models.CheckConstraint(
                name="nobody_confirms_their_own_sheet",
                condition=Q(answered_by_id__isnull=True) | ~Q(answered_by_id=F("sent_by_id")),
            ),
        ]


class SalesPromise(StoreScoped):
    """What was promised at the sale: what, with which proof, by when, who keeps it. R033-R034."""

    class Kind(models.TextChoices):
        GIFT = "gift", _("赠品")
        WARRANTY = "warranty", _("质保")
        CARE_PACKAGE = "care_package", _("养护套餐")  # R040
        FREE_SERVICE = "free_service", _("免费服务")
        PRICE = "price", _("价格与补贴")
        OTHER = "other", _("其他")

    class State(models.TextChoices):
        OPEN = "open", _("未兑现")
        KEPT = "kept", _("已兑现")
        BROKEN = "broken", _("未能兑现")

    class Side(models.TextChoices):
        SALES = "sales", _("销售")
        SERVICE = "service", _("售后")

    id = models.UUIDField(primary_key=True, default=new_id)
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, db_index=False)
    vehicle = models.ForeignKey("customers.Vehicle", null=True, on_delete=models.SET_NULL, db_index=False)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    what = models.CharField(max_length=200)
    evidence = models.CharField(max_length=300)  # where it stands: contract clause, chat record, receipt
    due_on = models.DateField()
    side = models.CharField(max_length=8, choices=Side.choices)
    keeper_id = models.IntegerField()  # the person who keeps it
    promised_by_id = models.IntegerField()
    promised_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    settled_at = models.DateTimeField(null=True)
    settled_by_id = models.IntegerField(null=True)
    settled_how = models.CharField(max_length=300, blank=True)  # how it was kept, or why it was not
    disputed_at = models.DateTimeField(null=True)
    disputed_by_id = models.IntegerField(null=True)
    claimed = models.CharField(max_length=300, blank=True)  # what the customer says was promised
    found = models.CharField(max_length=300, blank=True)  # how the dispute ended
    found_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="open_means_not_settled",
                condition=Q(state="open", settled_at__isnull=True) | (~Q(state="open") & Q(settled_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="a_dispute_ends_after_it_began",
                condition=Q(found_at__isnull=True) | Q(disputed_at__isnull=False, found_at__gte=F("disputed_at")),
            ),
        ]
        indexes = [
            models.Index(fields=["customer"], name="promise_of_customer"),
            models.Index(fields=["store", "due_on", "id"], name="promise_due"),
        ]


class PromiseProof(StoreScoped):
    """A photo or PDF that shows what was promised. Taken out, it leaves who did so and why. R034."""

    id = models.UUIDField(primary_key=True, default=new_id)
    promise = models.ForeignKey(SalesPromise, on_delete=models.CASCADE, related_name="proofs")
    file = models.OneToOneField("core.StoredFile", null=True, on_delete=models.PROTECT, related_name="+")
    added_by_id = models.IntegerField(null=True)
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)
    removed_by_id = models.IntegerField(null=True)
    removed_why = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_proof_without_its_file_was_taken_out",
                condition=Q(file__isnull=False, removed_at__isnull=True)
                | Q(file__isnull=True, removed_at__isnull=False),
            )
        ]


class FirstFeedback(StoreScoped):
    """What service heard from the buyer in the first three days, for the sales consultant. R039, R042."""

    id = models.UUIDField(primary_key=True, default=new_id)
    delivery = models.OneToOneField(VehicleDelivery, on_delete=models.CASCADE, related_name="feedback")
    questions = models.CharField(max_length=500)  # about using the car
    needs = models.CharField(max_length=500, blank=True)  # latent: a second car, a bigger one, insurance ...
    by_id = models.IntegerField()
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    read_by_id = models.IntegerField(null=True)
