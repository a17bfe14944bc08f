"""Customers who came through the gate, and what came of greeting them. R032."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cheban.core.ids import new_id
from cheban.org.scope import StoreScoped

__all__ = ["Arrival"]


class Arrival(StoreScoped):
    """A customer's car is at the store; not yet written up. One for each time it comes."""

    class Source(models.TextChoices):
        RECEPTION = "reception", _("前台登记")
        CAMERA = "camera", _("道闸摄像头")
        OTHER = "other", _("其他系统")

    id = models.UUIDField(primary_key=True, default=new_id)
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, db_index=False)
    vehicle = models.ForeignKey("customers.Vehicle", on_delete=models.PROTECT, db_index=False)
    arrived_at = models.DateTimeField()
    source = models.CharField(max_length=12, choices=Source.choices)
    noted_by_id = models.IntegerField(null=True)
    greeted_at = models.DateTimeField(null=True)
    greeted_by_id = models.IntegerField(null=True)
    heard = models.CharField(max_length=300, blank=True)  # what the customer said, in their words

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="who_greeted_is_named_with_the_moment",
                condition=Q(greeted_at__isnull=True) | Q(greeted_at__gte=models.F("arrived_at")),
            )
        ]
        indexes = [
            models.Index(fields=["store", "-arrived_at", "-id"], name="arrival_newest"),
            models.Index(fields=["vehicle", "-arrived_at"], name="arrival_of_vehicle"),
            models.Index(fields=["customer"], name="arrival_of_customer"),
        ]
