"""Figures kept as things happen, their targets and lights; what is done when they are red. R161-R174."""

from __future__ import annotations

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext_lazy as _

from cheban.core.ids import new_id
from cheban.org.scope import StoreScoped


class Counted(StoreScoped):
    """One counted thing of one figure: a sheet, a lead, a complaint. What a figure is made of, and what it opens.

    Written by `tally.apply` alone. An event may come twice and in any order: of several that open (or close) the
    thing the first by its id counts, for figures with `last_word` the newest. No customer stands here: the event does.
    """

    metric = models.CharField(max_length=24)
    subject = models.CharField(max_length=64)
    opened_id = models.BigIntegerField(null=True)  # core_event ids, plain
    opened_at = models.DateTimeField(null=True)
    day = models.DateField(null=True)  # of the store: on which it counts (its time limit ends, or it happened)
    due_at = models.DateTimeField(null=True)
    owner_id = models.IntegerField(null=True)
    whole = models.IntegerField(default=0)
    worth = models.IntegerField(null=True)  # the part, where nothing has to follow
    closed_id = models.BigIntegerField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_by_id = models.IntegerField(null=True)
    is_kept = models.BooleanField(null=True)
    part = models.GeneratedField(
        expression=Case(
            When(opened_id__isnull=True, then=Value(0)),
            When(worth__isnull=False, then=F("worth")),
            When(closed_id__isnull=True, then=Value(0)),
            When(is_kept=False, then=Value(0)),
            When(Q(is_kept__isnull=True, due_at__isnull=False, closed_at__gt=F("due_at")), then=Value(0)),
            default=F("whole"),
        ),
        output_field=models.IntegerField(),
        db_persist=True,
    )
    person_id = models.GeneratedField(
        expression=Coalesce(F("owner_id"), F("closed_by_id"), Value(0)),
        output_field=models.IntegerField(),
        db_persist=True,
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_thing_counts_once_per_figure", fields=["metric", "subject", "store"])
        ]
        indexes = [
            models.Index(fields=["store", "metric", "-day", "-id"], name="counted_newest"),
            models.Index(fields=["store", "-day", "-id"], name="counted_by_day"),
        ]


class Tally(StoreScoped):
    """Sums of a day: of everybody (person 0) and of each person. Kept in the statement that writes `Counted`."""

    metric = models.CharField(max_length=24)
    person_id = models.IntegerField(default=0)
    day = models.DateField()
    part = models.BigIntegerField()
    whole = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_sum_per_day_and_person", fields=["store", "metric", "person_id", "day"])
        ]
        # without part and whole: a sum that grows leaves its indexes alone
        indexes = [models.Index(fields=["store", "day"], name="days_of_stores", condition=Q(person_id=0))]


class WeekTally(StoreScoped):
    """Sums of a week (its Monday), so that 500 stores over a quarter are few rows."""

    metric = models.CharField(max_length=24)
    week = models.DateField()
    part = models.BigIntegerField()
    whole = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_sum_per_week", fields=["store", "week", "metric"], include=["part", "whole"]
            )
        ]


class Target(models.Model):
    """What a figure has to reach, from a day on, for a group or one store. Rows are never changed: the newest one that
    is valid on a week's Monday judges the week, and all of them are the history. R182.

    Withdrawn rows (an undo before any week was judged by them) stay in the history and judge nothing.
    """

    group = models.ForeignKey("org.DealerGroup", on_delete=models.PROTECT, db_index=False)
    store = models.ForeignKey("org.Store", on_delete=models.PROTECT, null=True, db_index=False)  # none: the group
    metric = models.CharField(max_length=24)
    value = models.DecimalField(max_digits=7, decimal_places=1)
    least = models.IntegerField()
    valid_from = models.DateField()
    reason = models.CharField(max_length=200)
    by_id = models.IntegerField(null=True)
    at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by_id = models.IntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="a_target_is_not_negative", condition=Q(value__gte=0)),
            models.CheckConstraint(name="a_light_needs_at_least_one", condition=Q(least__gte=1)),
        ]
        indexes = [models.Index(fields=["group", "metric", "-valid_from", "-id"], name="target_newest")]


class WeekLight(StoreScoped):
    """How a finished week was judged, once: what was counted then, by which target. Two red ones open a case. R170."""

    metric = models.CharField(max_length=24)
    week = models.DateField()  # Monday
    part = models.BigIntegerField()
    whole = models.BigIntegerField()
    target = models.DecimalField(max_digits=7, decimal_places=1)
    light = models.CharField(max_length=8)  # kept, close, broken; '' too few
    judged_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="a_week_is_judged_once", fields=["store", "metric", "week"])]
        indexes = [
            models.Index(fields=["store", "metric", "-week"], name="red_weeks", condition=Q(light="broken")),
        ]


class ImprovementCase(StoreScoped):
    """应急改进流程: a figure was red two weeks running. Meeting in 24 h, plan in 48 h, effect a month later. R170."""

    class State(models.TextChoices):
        OPENED = "opened", _("待开会")
        MET = "met", _("待方案")
        PLANNED = "planned", _("执行中")
        CLOSED = "closed", _("已关闭")

    id = models.UUIDField(primary_key=True, default=new_id)
    metric = models.CharField(max_length=24)
    week = models.DateField()  # Monday of the second red week
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPENED)
    value_before = models.DecimalField(max_digits=7, decimal_places=1)  # of both red weeks together
    target = models.DecimalField(max_digits=7, decimal_places=1)
    opened_at = models.DateTimeField()
    met_at = models.DateTimeField(null=True)
    met_by_id = models.IntegerField(null=True)
    attended = models.CharField(max_length=300, blank=True)
    cause = models.CharField(max_length=1000, blank=True)
    planned_at = models.DateTimeField(null=True)
    planned_by_id = models.IntegerField(null=True)
    plan = models.CharField(max_length=1000, blank=True)
    check_on = models.DateField(null=True)  # a month after it was opened, then month by month
    checked_at = models.DateTimeField(null=True)
    checked_by_id = models.IntegerField(null=True)
    value_after = models.DecimalField(max_digits=7, decimal_places=1, null=True)
    found = models.CharField(max_length=1000, blank=True)  # what the check found
    is_effective = models.BooleanField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_open_case_per_figure", fields=["store", "metric"], condition=~Q(state="closed")
            ),
            models.UniqueConstraint(name="a_red_week_opens_one_case", fields=["store", "metric", "week"]),
            models.CheckConstraint(
                name="case_closed_means_closed_at",
                condition=Q(state="closed", closed_at__isnull=False) | (~Q(state="closed") & Q(closed_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="a_planned_case_was_met", condition=Q(planned_at__isnull=True) | Q(met_at__isnull=False)
            ),
        ]
        indexes = [models.Index(fields=["store", "-opened_at", "-id"], name="case_newest")]


class TaskForce(StoreScoped):
    """专项攻坚小组: a few people, one goal, three days to a solution and its first check. R172."""

    id = models.UUIDField(primary_key=True, default=new_id)
    case = models.ForeignKey(ImprovementCase, null=True, on_delete=models.PROTECT, db_index=False)
    metric = models.CharField(max_length=24)
    goal = models.CharField(max_length=300)
    lead_id = models.IntegerField()
    member_ids = models.JSONField(default=list)
    opened_at = models.DateTimeField()
    opened_by_id = models.IntegerField(null=True)
    solution = models.CharField(max_length=1000, blank=True)
    first_check = models.CharField(max_length=500, blank=True)
    solved_at = models.DateTimeField(null=True)
    solved_by_id = models.IntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_solved_force_says_how",
                condition=Q(solved_at__isnull=True) | (~Q(solution="") & ~Q(first_check="")),
            )
        ]
        indexes = [models.Index(fields=["store", "-opened_at", "-id"], name="force_newest")]


class WeeklyMeeting(StoreScoped):
    """周度协同例会: the two heads, once a week; its minutes. R171."""

    id = models.UUIDField(primary_key=True, default=new_id)
    week = models.DateField()  # Monday of the week in which it is held
    attended = models.CharField(max_length=300)
    held_at = models.DateTimeField()
    held_by_id = models.IntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="one_meeting_per_week", fields=["store", "week"])]


class Decision(StoreScoped):
    """What a weekly meeting decided, without somebody who has to do it."""

    id = models.UUIDField(primary_key=True, default=new_id)
    meeting = models.ForeignKey(WeeklyMeeting, on_delete=models.CASCADE, related_name="decisions")
    text = models.CharField(max_length=500)
    by_id = models.IntegerField(null=True)
    at = models.DateTimeField()


class Action(StoreScoped):
    """行动项: who does what by when; carried from week to week until it is done. Agreed in a meeting, a case or a force."""

    class State(models.TextChoices):
        OPEN = "open", _("未完成")
        DONE = "done", _("已完成")
        DROPPED = "dropped", _("不做了")

    id = models.UUIDField(primary_key=True, default=new_id)
    meeting = models.ForeignKey(WeeklyMeeting, null=True, on_delete=models.PROTECT, related_name="actions")
    case = models.ForeignKey(ImprovementCase, null=True, on_delete=models.PROTECT, related_name="actions")
    force = models.ForeignKey(TaskForce, null=True, on_delete=models.PROTECT, related_name="actions")
    what = models.CharField(max_length=300)
    owner_id = models.IntegerField()
    due_on = models.DateField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    agreed_at = models.DateTimeField()
    agreed_by_id = models.IntegerField(null=True)
    settled_at = models.DateTimeField(null=True)
    settled_by_id = models.IntegerField(null=True)
    result = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="action_open_means_not_settled",
                condition=Q(state="open", settled_at__isnull=True) | (~Q(state="open") & Q(settled_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="an_action_comes_from_one_place",
                condition=Q(meeting__isnull=False, case__isnull=True, force__isnull=True)
                | Q(meeting__isnull=True, case__isnull=False, force__isnull=True)
                | Q(meeting__isnull=True, case__isnull=True, force__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["store", "-due_on", "-id"], name="action_due")]


class Practice(StoreScoped):
    """协同标杆案例: nominated by anybody, voted on by colleagues, published into the handbook by a manager. R173-R174."""

    id = models.UUIDField(primary_key=True, default=new_id)
    month = models.DateField()  # its first day
    title = models.CharField(max_length=80)
    story = models.CharField(max_length=2000)  # what happened and who did what; names no customer
    lesson = models.CharField(max_length=1000)  # what others should do the same
    kind = models.CharField(max_length=12)  # lead, complaint, other
    source = models.CharField(max_length=64, blank=True)  # the lead's or complaint's id
    nominated_by_id = models.IntegerField()
    nominated_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["store", "-month", "-id"], name="practice_newest")]


class PracticeVote(StoreScoped):
    """One colleague's voice for one case, once."""

    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="votes", db_index=False)
    staff_id = models.IntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="everybody_votes_once", fields=["practice", "staff_id"])]


class PracticePage(models.Model):
    """协同最佳实践手册: one version of a published case, for the whole group. The newest version of a `practice_id` is
    the page; a version without text was taken out. Never changed."""

    group = models.ForeignKey("org.DealerGroup", on_delete=models.PROTECT, db_index=False)
    store = models.ForeignKey(
        "org.Store", on_delete=models.PROTECT, null=True, db_index=False
    )  # always none: the group
    practice_id = models.UUIDField()
    from_store_id = models.IntegerField()
    number = models.IntegerField()
    month = models.DateField()
    title = models.CharField(max_length=80)
    story = models.CharField(max_length=2000)
    lesson = models.CharField(max_length=1000)
    by_id = models.IntegerField(null=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(name="versions_are_numbered", fields=["practice_id", "number"])]
        indexes = [models.Index(fields=["group", "-month", "-id"], name="practice_pages")]


from cheban.scorecard.career.models import CareerLadder, CareerStep  # noqa: E402, F401 - Django looks here
from cheban.scorecard.incentives.models import (  # noqa: E402, F401 - Django looks here
    CommissionBase,
    IncentiveScheme,
    PaidLine,
    PayMonth,
    Statement,
)
