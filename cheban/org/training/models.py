"""Trainings, who is to take them, and the certificates. Data about our own people, like roles: scoped by queries. R017, R175-R178."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Training(models.Model):
    """Something that people of a group (`only_store` empty) or of one store take again and again.

    `valid_months`: how long a certificate holds; `due_days`: how long somebody who is invited may take;
    `invites_new`: whoever starts here is invited without a further deed; `roles`: only people with one of these roles
    are (empty: everybody). `place` and `starts_at` are for those that are held somewhere, such as an open day of the
    workshop for the sales team (R175). An ended one owes nothing more.
    """

    class Kind(models.TextChoices):
        CONFIDENTIALITY = "confidentiality", _("保密意识")
        PRODUCT = "product", _("技术与车型")
        SCRIPT = "script", _("话术")
        SKILL = "skill", _("技能与认证")
        DUTY = "duty", _("岗位职责")

    group = models.ForeignKey("org.DealerGroup", on_delete=models.PROTECT)
    only_store = models.ForeignKey("org.Store", on_delete=models.PROTECT, null=True)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    title = models.CharField(max_length=64)
    held_on = models.DateField()
    valid_months = models.SmallIntegerField(default=12)
    due_days = models.SmallIntegerField(default=14)
    invites_new = models.BooleanField(default=True)
    roles = ArrayField(models.CharField(max_length=24), default=list, blank=True)
    place = models.CharField(max_length=64, blank=True)
    starts_at = models.TimeField(null=True)
    pass_percent = models.SmallIntegerField(default=80)  # of the questions, for who reads alone
    made_by_id = models.IntegerField(null=True)
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="a_certificate_holds_1_to_60_months", condition=Q(valid_months__range=(1, 60))),
            models.CheckConstraint(name="a_training_is_due_within_90_days", condition=Q(due_days__range=(1, 90))),
            models.CheckConstraint(name="half_to_all_answers_pass", condition=Q(pass_percent__range=(50, 100))),
        ]

    def __str__(self) -> str:
        return self.title


class TrainingMaterial(models.Model):
    """One version of what people read. Append-only: a certificate names the version it stands for, by hash."""

    training = models.ForeignKey(Training, on_delete=models.PROTECT, related_name="materials")
    number = models.SmallIntegerField()
    text = models.TextField()
    sha256 = models.CharField(max_length=64)
    written_by_id = models.IntegerField(null=True)
    written_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_version_is_written_once", fields=["training", "number"]),
        ]


class TrainingCertificate(models.Model):
    """Somebody took a training: never changed, never taken away (the application may only insert and read).

    `how`: they read it to its end and said so themselves, or a manager recorded that they were there.
    """

    class How(models.TextChoices):
        SELF = "self", _("本人阅读并确认")
        MANAGER = "manager", _("参加培训，由经理登记")

    training = models.ForeignKey(Training, on_delete=models.PROTECT, related_name="certificates")
    staff = models.ForeignKey("org.Staff", on_delete=models.PROTECT, related_name="certificates")
    material = models.ForeignKey(TrainingMaterial, on_delete=models.PROTECT)
    material_sha256 = models.CharField(max_length=64)
    how = models.CharField(max_length=8, choices=How.choices)
    attended_on = models.DateField()
    valid_until = models.DateField()  # the last day on which it holds
    confirmed_at = models.DateTimeField()
    recorded_by_id = models.IntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_certificate_per_person_version_and_day",
                fields=["training", "staff", "material", "attended_on"],
            ),
            models.CheckConstraint(
                name="a_certificate_holds_after_its_day", condition=Q(valid_until__gt=F("attended_on"))
            ),
        ]


class TrainingTry(models.Model):
    """Somebody answered the questions of a version, well enough or not. Append-only."""

    training = models.ForeignKey(Training, on_delete=models.PROTECT, related_name="tries")
    staff = models.ForeignKey("org.Staff", on_delete=models.PROTECT, related_name="training_tries")
    material = models.ForeignKey(TrainingMaterial, on_delete=models.PROTECT)
    right_count = models.SmallIntegerField()
    whole_count = models.SmallIntegerField()
    passed = models.BooleanField()
    tried_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="right_answers_are_some_of_all", condition=Q(right_count__gte=0, right_count__lte=F("whole_count"))
            ),
        ]
        indexes = [models.Index(fields=["training", "staff", "-tried_at"], name="training_tries")]


class TrainingInvitation(models.Model):
    """Somebody is to take a training, as often as its certificate runs out.

    `lapses_on` is the first day on which they are late: after `due_on` while there is no certificate, after the newest
    certificate's last day then.
    """

    training = models.ForeignKey(Training, on_delete=models.PROTECT, related_name="invitations")
    staff = models.ForeignKey("org.Staff", on_delete=models.CASCADE, related_name="invitations")
    invited_by_id = models.IntegerField(null=True)  # empty: by themselves, because they started here
    invited_at = models.DateTimeField()
    due_on = models.DateField()
    lapses_on = models.DateField()
    certificate = models.ForeignKey(TrainingCertificate, on_delete=models.PROTECT, null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="invited_once_per_training", fields=["training", "staff"]),
        ]
        indexes = [models.Index(fields=["lapses_on", "id"], name="training_lapses")]
