"""Tables of the career path."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from cheban.org.scope import StoreScoped


class CareerLadder(models.Model):
    """What each grade asks, from the day it was saved on; a store's own, or its group's. Append-only: the newest holds."""

    group = models.ForeignKey("org.DealerGroup", on_delete=models.PROTECT, db_index=False)
    store = models.ForeignKey("org.Store", on_delete=models.PROTECT, null=True, db_index=False)  # none: the group
    terms = models.JSONField()
    reason = models.CharField(max_length=200)
    by_id = models.IntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["group", "store", "-id"], name="ladder_newest")]


class CareerStep(StoreScoped):
    """Somebody was given a grade: their history in a store, numbered from 1. Append-only; the last one holds.

    `by_rule`: they fulfilled everything the grade asks; else the reason is what justifies it, and everybody sees so.
    """

    person_id = models.IntegerField()
    number = models.IntegerField()
    grade = models.SmallIntegerField()
    since = models.DateField()
    by_rule = models.BooleanField()
    reason = models.CharField(max_length=200)
    by_id = models.IntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="career_steps_are_numbered", fields=["store", "person_id", "number"]),
            models.CheckConstraint(
                name="nobody_grades_themselves", condition=Q(by_id__isnull=True) | ~Q(by_id=F("person_id"))
            ),
        ]
