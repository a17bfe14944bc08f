"""Definitions of custom fields, the rows that make their values searchable, and sealed values. Y09, decision 0027."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cheban.core.ids import new_id
from cheban.customers.fields.values import Kind, Shape
from cheban.org.scope import StoreScoped


class FieldDefinition(models.Model):
    """One custom field of a group (store None: of all its stores) or of one store.

    `code` never changes: programs use it. `choices`: [{"code", "label", "off"}]; one that is off is kept for the rows
    that have it and no longer offered. Archived fields are offered nowhere; their values stay. A personal field is
    sealed and masked. Row-level security shows a group's fields to its stores, a store's fields to that store.
    """

    class Subject(models.TextChoices):
        CUSTOMER = "customer", _("客户")
        VEHICLE = "vehicle", _("车辆")

    group = models.ForeignKey("org.DealerGroup", on_delete=models.PROTECT, db_index=False)
    store = models.ForeignKey("org.Store", on_delete=models.PROTECT, null=True, db_index=False)
    subject = models.CharField(max_length=8, choices=Subject.choices)
    code = models.CharField(max_length=32)
    label = models.CharField(max_length=40)
    hint = models.CharField(max_length=100, blank=True)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    choices = models.JSONField(default=list)
    is_personal = models.BooleanField(default=False)
    is_required = models.BooleanField(default=False)  # in forms; imports and programs may leave it out
    in_list = models.BooleanField(default=False)  # a column that stands in the list without being chosen
    position = models.IntegerField(default=0)
    archived_at = models.DateTimeField(null=True)
    by_id = models.IntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_field_code_stands_for_one_field",
                fields=["group", "store", "subject", "code"],
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="personal_fields_are_texts_about_customers",
                condition=Q(is_personal=False) | Q(kind="text", subject="customer", in_list=False),
            ),
        ]

    @property
    def shape(self) -> Shape:
        """What values of it look like."""
        return Shape(self.kind, tuple((c["code"], c["label"], not c.get("off", False)) for c in self.choices))

    @property
    def key(self) -> str:
        """Its key in the column `extra`."""
        return str(self.id)

    @property
    def name(self) -> str:
        """Its name in forms, addresses and lists."""
        return f"x{self.id}"


class _Value(StoreScoped):
    """One value of one row, where an index finds it. Derived from `extra` by triggers; nobody writes here.

    `number`: numbers and fen times 10,000, whole, because comparisons of whole numbers keep their index under
    row-level security and those of decimals do not. `text`: everything else, compared by its bytes; several choices
    are several rows. The foreign keys are not checked: the trigger takes the rows away with what they are about.
    """

    field = models.ForeignKey(FieldDefinition, on_delete=models.DO_NOTHING, db_index=False, db_constraint=False)
    number = models.BigIntegerField(null=True)
    text = models.CharField(max_length=200, null=True, db_collation="C")

    class Meta:
        abstract = True


class CustomerValue(_Value):
    """A value of a customer."""

    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.DO_NOTHING, db_constraint=False, related_name="custom_values"
    )

    class Meta:
        indexes = [
            models.Index(
                fields=["store", "field", "number", "customer"],
                name="customer_value_number",
                condition=Q(number__isnull=False),
            ),
            models.Index(
                fields=["store", "field", "text", "customer"],
                name="customer_value_text",
                condition=Q(text__isnull=False),
            ),
        ]


class VehicleValue(_Value):
    """A value of a vehicle."""

    vehicle = models.ForeignKey(
        "customers.Vehicle", on_delete=models.DO_NOTHING, db_constraint=False, related_name="custom_values"
    )

    class Meta:
        indexes = [
            models.Index(
                fields=["store", "field", "number", "vehicle"],
                name="vehicle_value_number",
                condition=Q(number__isnull=False),
            ),
            models.Index(
                fields=["store", "field", "text", "vehicle"],
                name="vehicle_value_text",
                condition=Q(text__isnull=False),
            ),
        ]


class SealedValue(StoreScoped):
    """A customer's value of a personal field: sealed, shown masked, revealed with a reason. R018."""

    id = models.UUIDField(primary_key=True, default=new_id)
    customer = models.ForeignKey("customers.Customer", on_delete=models.CASCADE, related_name="sealed_values")
    field = models.ForeignKey(FieldDefinition, on_delete=models.PROTECT, db_index=False)
    value_sealed = models.BinaryField()
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_sealed_field_is_filled_once", fields=["customer", "field"]),
        ]
        indexes = [models.Index(fields=["field"], name="sealed_value_by_field")]
