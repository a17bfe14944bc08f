"""Arrivals (`arrivals.models`); repair orders and their lines, so far as they come from other systems. R004, R013-R014, R032.

Money is whole fen and may be negative on returns. Orders of other systems may lack a customer or a vehicle.
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from cheban.core.ids import new_id
from cheban.org.scope import StoreScoped
from cheban.workshop.arrivals.models import Arrival

__all__ = ["Arrival", "RepairOrder", "RepairOrderLine"]


class RepairOrder(StoreScoped):
    """One vehicle's visit as the source system tells it: order number, when in and out, odometer, totals."""

    id = models.UUIDField(primary_key=True, default=new_id)
    order_no = models.CharField(max_length=64)
    order_kind = models.CharField(max_length=40, blank=True)
    pay_type = models.CharField(max_length=24, blank=True)
    customer = models.ForeignKey("customers.Customer", null=True, on_delete=models.SET_NULL)
    vehicle = models.ForeignKey("customers.Vehicle", null=True, on_delete=models.SET_NULL)
    in_at = models.DateTimeField(null=True)
    promised_at = models.DateTimeField(null=True)
    out_at = models.DateTimeField(null=True)
    odometer_km = models.IntegerField(null=True)
    service_advisor_name = models.CharField(max_length=32, blank=True)
    technician_name = models.CharField(max_length=32, blank=True)
    concern = models.CharField(max_length=1000, blank=True)
    region = models.CharField(max_length=64, blank=True)
    is_maintenance = models.BooleanField(default=False)  # a line is a service that resets the interval
    labour_fen = models.BigIntegerField(default=0)
    material_fen = models.BigIntegerField(default=0)
    total_fen = models.BigIntegerField(default=0)
    batch = models.ForeignKey("customers.ImportBatch", null=True, on_delete=models.SET_NULL, db_index=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(name="an_order_number_is_used_once_per_store", fields=["store", "order_no"])
        ]
        indexes = [
            models.Index(fields=["batch"], name="repair_order_by_batch", condition=models.Q(batch__isnull=False)),
            models.Index(fields=["-in_at", "-id"], name="repair_order_newest"),
        ]


class RepairOrderLine(StoreScoped):
    """One line: work or part, with quantity and amounts in fen. `line_key` makes a second import find it again:
    a hash of its content and the how-manieth equal line of the order it is."""

    id = models.UUIDField(primary_key=True, default=new_id)
    repair_order = models.ForeignKey(RepairOrder, on_delete=models.CASCADE, related_name="lines", db_index=False)
    line_key = models.UUIDField()
    item_code = models.CharField(max_length=40, blank=True)
    item = models.CharField(max_length=300, blank=True)
    quantity = models.DecimalField(max_digits=14, decimal_places=3, null=True)
    unit_price = models.DecimalField(max_digits=14, decimal_places=4, null=True)  # yuan, as the source states it
    labour_fen = models.BigIntegerField(default=0)
    material_fen = models.BigIntegerField(default=0)
    total_fen = models.BigIntegerField(default=0)
    batch = models.ForeignKey("customers.ImportBatch", null=True, on_delete=models.SET_NULL, db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(name="a_line_is_kept_once", fields=["repair_order", "line_key"])]
        indexes = [models.Index(fields=["batch"], name="repair_line_by_batch", condition=models.Q(batch__isnull=False))]
