"""Groups, stores, staff and the roles they hold. Not under row-level security: scope is made from these."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Now

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

    def __str__(self) -> str:
        return self.name


class StaffRole(models.Model):
    """A role that a person holds in a store; several in several are usual. R202."""

    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="roles")
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="staff_roles")
    role = models.CharField(max_length=24, choices=Role.choices)

    class Meta:
        constraints = [models.UniqueConstraint(name="a_role_is_held_once_per_store", fields=["staff", "store", "role"])]
