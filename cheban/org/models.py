"""Groups, stores, staff and the roles they hold. Not under row-level security: scope is made from these."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cheban.org.roles import Role


class DealerGroup(models.Model):
    """A dealer group: the legal owner of its stores' data."""

    name = models.CharField(max_length=64, unique=True)
    require_second_factor = models.BooleanField(default=False)  # of the roles in roles.NEED_SECOND_FACTOR
    idle_minutes = models.SmallIntegerField(default=30)  # without a request, then the password is asked again

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="idle_time_is_5_minutes_to_12_hours", condition=models.Q(idle_minutes__range=(5, 720))
            )
        ]


class Store(models.Model):
    """One 4S store or workshop. `code` is what people type (`--store PD1`)."""

    group = models.ForeignKey(DealerGroup, on_delete=models.PROTECT)
    code = models.CharField(max_length=16, unique=True)
    name = models.CharField(max_length=64)
    brand = models.CharField(max_length=32, blank=True)
    city = models.CharField(max_length=32, blank=True)
    time_zone = models.CharField(max_length=32, default="Asia/Shanghai")
    quiet_from = models.TimeField(default="21:00")
    quiet_until = models.TimeField(default="08:30")
    contact_gap_days = models.SmallIntegerField(default=7)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="contact_gap_is_0_to_90_days", condition=models.Q(contact_gap_days__range=(0, 90))
            )
        ]

    def __str__(self) -> str:
        return self.name


class StaffManager(BaseUserManager["Staff"]):
    """Makes staff who can sign in."""

    def create_user(self, login: str, password: str | None = None, **fields) -> Staff:
        """A staff member; without a password nobody can sign in as them."""
        staff = self.model(login=login, **fields)
        staff.set_password(password)
        staff.save(using=self._db)
        return staff

    def get_by_natural_key(self, login: str) -> Staff:
        """Logins are compared without case."""
        return self.get(login__iexact=login)


class Staff(AbstractBaseUser):
    """A person who works for the group and may sign in."""

    login = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=32)
    is_active = models.BooleanField(default=True)
    language = models.CharField(max_length=8, default="zh-hans")
    theme = models.CharField(max_length=8, default="system")
    joined_on = models.DateField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    USERNAME_FIELD = "login"
    objects = StaffManager()
    held: list[tuple] | None = None  # roles that were read along with this row: access.signed_in

    def __str__(self) -> str:
        return self.name


class StaffRole(models.Model):
    """A role that a person holds in a store; several in several are usual. R202."""

    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="roles")
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="staff_roles")
    role = models.CharField(max_length=24, choices=Role.choices)

    class Meta:
        constraints = [models.UniqueConstraint(name="a_role_is_held_once_per_store", fields=["staff", "store", "role"])]


class Absence(models.Model):
    """A time in which a person does no work: half-open moments. `Deputy` says who stands in. Not customer data.

    A cancelled one stays as a row; times of one person that count do not overlap (held by `absences.enter`).
    """

    class Kind(models.TextChoices):
        LEAVE = "leave", _("休假")
        BUSINESS = "business", _("出差")
        TRAINING = "training", _("培训")
        OTHER = "other", _("其他")  # never a diagnosis: why somebody is ill is nobody's business here

    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="absences")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    entered_by_id = models.IntegerField(null=True)
    entered_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="an_absence_ends_after_it_starts", condition=models.Q(ends_at__gt=models.F("starts_at"))
            )
        ]
        indexes = [
            models.Index(fields=["ends_at"], name="absence_now", condition=models.Q(cancelled_at__isnull=True)),
        ]


class Deputy(models.Model):
    """Who stands in during an absence: for one role, or ('') for everything else."""

    absence = models.ForeignKey(Absence, on_delete=models.CASCADE, related_name="deputies")
    role = models.CharField(max_length=24, choices=Role.choices, blank=True)
    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="stands_in")

    class Meta:
        constraints = [models.UniqueConstraint(name="one_deputy_per_absence_and_role", fields=["absence", "role"])]


from cheban.org.training.models import (  # noqa: E402 - Django looks here
    Training,
    TrainingCertificate,
    TrainingInvitation,
    TrainingMaterial,
    TrainingTry,
)

__all__ = [
    "Absence",
    "DealerGroup",
    "Deputy",
    "Staff",
    "StaffRole",
    "Store",
    "Training",
    "TrainingCertificate",
    "TrainingInvitation",
    "TrainingMaterial",
    "TrainingTry",
]
