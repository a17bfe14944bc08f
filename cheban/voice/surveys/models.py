"""Surveys: who was asked, what they answered. R132, R135, R164, R167, Y05."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cheban.core.ids import new_id
from cheban.org.scope import StoreScoped

LONGEST = 1000
"""Characters of the free text."""


class Survey(StoreScoped):
    """Two questions to one customer about one occasion. Points are 0-100; `joint_points` is their mean, half up.

    `cause` is the occasion ('delivery:…', 'order:…'): asked about once. The link (`core.owner_links`) counts once too:
    its answer stands in this row, and may be changed for a day.
    """

    class Kind(models.TextChoices):
        DELIVERY = "delivery", _("交车之后")
        REPAIR_ORDER = "repair_order", _("到店之后")

    id = models.UUIDField(primary_key=True, default=new_id)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    cause = models.CharField(max_length=100)
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, db_index=False)
    vehicle = models.ForeignKey("customers.Vehicle", null=True, on_delete=models.SET_NULL, db_index=False)
    sales_staff_id = models.IntegerField(null=True)  # whom the answer speaks of, where known
    service_staff_id = models.IntegerField(null=True)
    happened_at = models.DateTimeField()  # the delivery, the visit
    invited_at = models.DateTimeField()  # when the invitation is due to go out
    expires_at = models.DateTimeField()
    link_digest = models.BinaryField(max_length=32)
    opened_at = models.DateTimeField(null=True)  # the page was looked at
    answered_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(null=True)
    sales_points = models.SmallIntegerField(null=True)
    service_points = models.SmallIntegerField(null=True)
    joint_points = models.SmallIntegerField(null=True)
    said = models.CharField(max_length=LONGEST, blank=True)
    low_at = models.DateTimeField(null=True)  # first time that an answer was low: a call back is owed

    class Meta:
        constraints = [
            models.UniqueConstraint(name="an_occasion_is_asked_about_once", fields=["store", "cause"]),
            models.UniqueConstraint(name="a_link_opens_one_survey", fields=["link_digest"]),
            models.CheckConstraint(
                name="answered_means_both_points_from_0_to_100",
                condition=Q(
                    answered_at__isnull=True,
                    sales_points__isnull=True,
                    service_points__isnull=True,
                    joint_points__isnull=True,
                )
                | Q(
                    answered_at__isnull=False,
                    sales_points__range=(0, 100),
                    service_points__range=(0, 100),
                    joint_points=(F("sales_points") + F("service_points") + 1) / 2,
                ),
            ),
            models.CheckConstraint(name="a_survey_ends_after_it_began", condition=Q(expires_at__gt=F("invited_at"))),
        ]
        indexes = [
            models.Index(fields=["store", "-invited_at", "-id"], name="survey_newest"),
            models.Index(
                fields=["store", "-answered_at", "-id"],
                name="survey_answers",
                condition=Q(answered_at__isnull=False),
            ),
            models.Index(fields=["customer", "-invited_at"], name="survey_of_customer"),
        ]
