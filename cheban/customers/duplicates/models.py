"""Pairs that may be one person, what a merge did, and each row that it moved. R021.

Customers are plain ids here: the absorbed file's row is gone while its merge is in force, and comes back with it.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cheban.org.scope import StoreScoped


class DuplicatePair(StoreScoped):
    """Two files that look like one person, with the reasons; or two that somebody said are not."""

    class State(models.TextChoices):
        PROPOSED = "proposed", _("待核对")
        NOT_SAME = "not_same", _("不是同一人")

    id = models.BigAutoField(primary_key=True)
    left_id = models.UUIDField()
    right_id = models.UUIDField()
    score = models.SmallIntegerField(default=0)
    reasons = ArrayField(models.CharField(max_length=24), default=list)
    state = models.CharField(max_length=8, choices=State.choices, default=State.PROPOSED)
    found_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by_id = models.IntegerField(null=True)
    merge_id = models.BigIntegerField(null=True)  # it follows from this merge: undone with it

    class Meta:
        app_label = "customers"
        constraints = [
            models.UniqueConstraint(name="two_files_are_one_pair", fields=["left_id", "right_id"]),
            models.CheckConstraint(name="a_pair_is_ordered", condition=Q(left_id__lt=F("right_id"))),
        ]
        indexes = [
            models.Index(fields=["store", "state", "-score", "-id"], name="pair_worklist"),
            models.Index(fields=["right_id"], name="pair_by_right"),
        ]


class CustomerMerge(StoreScoped):
    """One file taken into another, with all that is needed to take it out again.

    `image` is the absorbed row as it was; `changed` maps column -> [before, after] of the surviving row; both as
    to_jsonb gives them, so that sealed columns stay sealed. `moved` counts rows by table. `own_refused` are the
    purposes that the survivor refused by itself, not through a merge.
    """

    id = models.BigAutoField(primary_key=True)
    survivor_id = models.UUIDField()
    absorbed_id = models.UUIDField()
    image = models.JSONField()
    changed = models.JSONField(default=dict)
    moved = models.JSONField(default=dict)
    demoted = models.JSONField(default=list)  # contact points that were the first one of the absorbed file
    own_refused = ArrayField(models.CharField(max_length=24), default=list)
    by_id = models.IntegerField(null=True)
    at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now())
    undone_at = models.DateTimeField(null=True)
    undone_by_id = models.IntegerField(null=True)

    class Meta:
        app_label = "customers"
        constraints = [
            models.UniqueConstraint(
                name="a_file_is_absorbed_once", fields=["absorbed_id"], condition=Q(undone_at__isnull=True)
            ),
            models.CheckConstraint(name="a_file_never_absorbs_itself", condition=~Q(survivor_id=F("absorbed_id"))),
        ]
        indexes = [
            models.Index(fields=["survivor_id"], name="merge_by_survivor", condition=Q(undone_at__isnull=True)),
            models.Index(fields=["store", "-at", "-id"], name="merge_newest"),
        ]


class MergedRow(StoreScoped):
    """One row that a merge moved; with `image`, one that it took out because the survivor had the like already.

    `column` is empty for a row that the merge itself wrote.
    """

    id = models.BigAutoField(primary_key=True)
    merge = models.ForeignKey(CustomerMerge, on_delete=models.CASCADE, db_index=False)
    table = models.CharField(max_length=48)
    column = models.CharField(max_length=48, blank=True)
    row_id = models.CharField(max_length=36)
    image = models.JSONField(null=True)

    class Meta:
        app_label = "customers"
        indexes = [
            models.Index(fields=["merge", "table", "column"], name="merged_row_of_merge"),
            models.Index(fields=["table", "row_id"], name="merged_row_by_row"),
        ]
