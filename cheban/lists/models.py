"""Saved views, how each person arranges a list, and deeds on many rows that can be taken back. Y09."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cheban.core.ids import new_id
from cheban.org.roles import Role
from cheban.org.scope import StoreScoped


class SavedView(StoreScoped):
    """A named set of filters, an order and columns of one list: its owner's, or the store's when shared.

    `query` holds allow-listed names and values only; opening it goes through the same door as an address, so a
    shared view never shows more than its reader may see.
    """

    list_code = models.CharField(max_length=32)
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=600, blank=True)
    columns = ArrayField(models.CharField(max_length=32), default=list)
    owner_id = models.IntegerField()
    is_shared = models.BooleanField(default=False)
    default_for = models.CharField(max_length=24, choices=Role.choices, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_view_of_a_name_per_owner", fields=["store", "list_code", "owner_id", "name"]
            ),
            models.UniqueConstraint(
                name="one_default_view_per_role",
                fields=["store", "list_code", "default_for"],
                condition=~models.Q(default_for=""),
            ),
            models.CheckConstraint(
                name="a_default_view_is_shared",
                condition=models.Q(default_for="") | models.Q(is_shared=True),
            ),
        ]


class Arrangement(models.Model):
    """How one person likes one list: columns in their order, and how close the rows stand."""

    staff_id = models.IntegerField()
    list_code = models.CharField(max_length=32)
    columns = ArrayField(models.CharField(max_length=32), default=list)
    is_dense = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_arrangement_per_person_and_list", fields=["staff_id", "list_code"])
        ]


class BulkDeed(StoreScoped):
    """What one person did to many rows at once; within ten minutes the same person may take it back."""

    id = models.UUIDField(primary_key=True, default=new_id)
    list_code = models.CharField(max_length=32)
    action = models.CharField(max_length=32)
    by_id = models.IntegerField()
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)


class BulkBefore(StoreScoped):
    """One row's field before the deed and after it: undoing leaves alone what somebody changed since."""

    deed = models.ForeignKey(BulkDeed, on_delete=models.CASCADE, related_name="rows")
    subject_id = models.UUIDField()
    before = models.JSONField()
    after = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(name="a_row_is_kept_once_per_deed", fields=["deed", "subject_id"])]


class Export(models.Model):
    """A list on its way out as a file: asked for by one person, written by a job, theirs alone. R019, Y09.

    Of no store: it covers `stores`, the scope in which it was asked; every query goes through its maker. `place` is
    where the last written part ended, so that a killed job goes on there. The file lies in the data folder for a week.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("等待中")
        RUNNING = "running", _("正在导出")
        DONE = "done", _("可以下载")
        CANCELLED = "cancelled", _("已取消")
        REFUSED = "refused", _("没有导出")
        FAILED = "failed", _("出错了")
        EXPIRED = "expired", _("文件已删除")

    OPEN = (State.QUEUED, State.RUNNING)

    id = models.UUIDField(primary_key=True, default=new_id)
    staff_id = models.IntegerField()
    stores = ArrayField(models.IntegerField())
    list_code = models.CharField(max_length=32)
    query = models.CharField(max_length=600, blank=True)
    chosen = ArrayField(models.CharField(max_length=36), default=list)  # ids of ticked rows; emptied at the end
    columns = ArrayField(models.CharField(max_length=32))
    form = models.CharField(max_length=4, choices=[("xlsx", "xlsx"), ("csv", "csv")])
    purpose = models.CharField(max_length=60)
    state = models.CharField(max_length=9, choices=State.choices, default=State.QUEUED)
    problem = models.CharField(max_length=300, blank=True)
    rows_total = models.IntegerField()  # at least so many until the job has counted
    rows_done = models.IntegerField(default=0)
    parts = models.IntegerField(default=0)
    place = models.CharField(max_length=200, blank=True)
    file_bytes = models.BigIntegerField(default=0)
    asked_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["staff_id", "-asked_at"], name="export_newest")]
        constraints = [
            models.CheckConstraint(name="an_export_is_xlsx_or_csv", condition=models.Q(form__in=["xlsx", "csv"]))
        ]
