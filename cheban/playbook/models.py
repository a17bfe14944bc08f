"""Tasks: who owes what to which customer by when; and the ledger of daily runs.

A task is one role's duty for one reason on one occasion. Tasks of one customer and one person that are due
together share a `contact_id`: one contact, several reasons. Customers and vehicles are plain ids here (the
rooms share a floor); `core.facts` tells where to read their names.
"""

from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cheban.org.scope import StoreScoped


class Task(StoreScoped):
    """One duty with a clock. The unique key makes planning safe to repeat, whoever repeats it."""

    class State(models.TextChoices):
        OPEN = "open", _("待办")
        DONE = "done", _("完成")
        DROPPED = "dropped", _("取消")

    id = models.UUIDField(primary_key=True, db_default=models.Func(function="gen_random_uuid"))
    rule = models.CharField(max_length=40)
    duty = models.CharField(max_length=32)
    role = models.CharField(max_length=24)
    assignee_id = models.IntegerField(null=True)
    customer_id = models.UUIDField(null=True)  # none: a duty of the store itself
    vehicle_id = models.UUIDField(null=True)
    subject_id = models.UUIDField()  # the vehicle, the customer or the store the rule is about
    occasion_on = models.DateField()  # which time round: the same occasion never makes a second task
    contact_id = models.UUIDField()
    due_on = models.DateField()  # the day the reason is about (first service due, birthday ...)
    facts = models.JSONField(db_default=models.Value({}, models.JSONField()))  # what the sentence is made of
    weight = models.SmallIntegerField(db_default=0)  # urgency of the rule, 0-100
    value_fen = models.BigIntegerField(db_default=0)  # what the customer spent so far
    starts_at = models.DateTimeField()
    due_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices, db_default="open")
    outcome = models.CharField(max_length=16, db_default="")
    note = models.CharField(max_length=500, db_default="")
    attempts = models.SmallIntegerField(db_default=0)
    escalation = models.SmallIntegerField(db_default=0)
    escalate_at = models.DateTimeField(null=True)
    planned_on = models.DateField()
    created_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True)
    closed_by_id = models.IntegerField(null=True)
    owner_id = models.IntegerField(null=True)  # whose it is while a deputy stands in; none: the assignee's
    told_id = models.IntegerField(null=True)  # to whom the ladder reported it last, until somebody takes it
    taken_at = models.DateTimeField(null=True)  # somebody pressed "I take it": the ladder stands still
    snoozes = models.SmallIntegerField(db_default=0)
    snooze_reason = models.CharField(max_length=16, db_default="")
    handed_by_id = models.IntegerField(null=True)  # the colleague who handed it over, or sent it back
    handed_note = models.CharField(max_length=200, db_default="")
    handed_back = models.BooleanField(db_default=False)  # the receiver has sent it back once; not a second time

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_task_per_occasion", fields=["subject_id", "rule", "occasion_on", "role"]),
            models.CheckConstraint(
                name="closed_means_closed_at",
                condition=Q(state="open", closed_at__isnull=True) | (~Q(state="open") & Q(closed_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(fields=["assignee_id", "due_at"], name="task_my_day", condition=Q(state="open")),
            models.Index(fields=["store", "due_at"], name="task_team", condition=Q(state="open")),
            models.Index(
                fields=["escalate_at"], name="task_to_escalate", condition=Q(state="open", escalate_at__isnull=False)
            ),
            models.Index(fields=["told_id"], name="task_reported", condition=Q(state="open", told_id__isnull=False)),
            models.Index(fields=["owner_id"], name="task_stood_in", condition=Q(state="open", owner_id__isnull=False)),
            models.Index(fields=["customer_id", "-due_at"], name="task_of_customer"),
            models.Index(fields=["contact_id"], name="task_of_contact"),
            models.Index(fields=["assignee_id", "closed_at"], name="task_closed", condition=~Q(state="open")),
            BrinIndex(fields=["due_at"], name="task_due"),  # weeks of a measure; costs an insert next to nothing
        ]


class RuleSetting(models.Model):
    """What a group or a store chose about a rule. Append-only: the newest row of a level counts, the others are its
    history. `values` are knobs (see `knobs`) that differ from the level above; empty: as above again.

    Not under row-level security: no customer data, and a store's plan needs its group's row.
    """

    group = models.ForeignKey("org.DealerGroup", on_delete=models.PROTECT, db_index=False)
    store = models.ForeignKey("org.Store", on_delete=models.PROTECT, null=True, db_index=False)  # none: the group
    rule = models.CharField(max_length=40)
    values = models.JSONField(default=dict)
    reason = models.CharField(max_length=200)
    by_id = models.IntegerField(null=True)
    at = models.DateTimeField()
    dropped = models.IntegerField(default=0)  # open tasks that ended with it

    class Meta:
        indexes = [models.Index(fields=["group", "store", "rule", "-id"], name="setting_newest")]


class Change(models.Model):
    """That a transaction changed what a store's plan reads; see `changes`. Written by triggers only."""

    pk = models.CompositePrimaryKey("store_id", "transaction")
    store_id = models.IntegerField()
    transaction = models.BigIntegerField()


class PlanRun(StoreScoped):
    """That a store's day was planned: when, by which handbook, what came of it."""

    on = models.DateField()
    handbook = models.CharField(max_length=16)  # hash of the rules that ran; empty: something changed since
    ran_at = models.DateTimeField()
    made = models.IntegerField(default=0)
    held_back = models.JSONField(default=dict)  # reason -> count of people not contacted

    class Meta:
        constraints = [models.UniqueConstraint(name="one_run_row_per_store_and_day", fields=["store", "on"])]


class TaskPause(StoreScoped):
    """Time in which a task's clock stood still, and why: an interval, never a running total. Half-open.

    Only reasons outside the house stop the clock (`outcomes.SNOOZE_REASONS`); one's own lack of time never does.
    """

    # No constraint: a merge of two files takes a doubled task out as it was, and a split brings it back.
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="pauses", db_constraint=False, db_index=False)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    planned_end_at = models.DateTimeField(null=True)  # what it would have been, had nobody dealt with it sooner
    reason = models.CharField(max_length=16)
    by_id = models.IntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="a_pause_ends_after_it_starts", condition=Q(ends_at__gt=models.F("starts_at")))
        ]
        indexes = [models.Index(fields=["task"], name="pause_of_task")]


class WallLink(StoreScoped):
    """A display link for one store's wall board: a television shows it without anybody's session. Revocable."""

    name = models.CharField(max_length=40)
    made_by_id = models.IntegerField()
    made_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
