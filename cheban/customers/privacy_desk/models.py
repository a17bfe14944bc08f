"""What people ask about their data, and what is remembered of those who were erased. PIPL 44-50."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cheban.core.ids import new_id
from cheban.org.scope import StoreScoped


class PrivacyRequest(StoreScoped):
    """One request of a person about their own data, with its clock."""

    class Kind(models.TextChoices):
        COPY = "copy", _("查阅、复制")
        CORRECT = "correct", _("更正、补充")
        ERASE = "erase", _("删除")
        WITHDRAW = "withdraw", _("撤回同意")
        EXPLAIN = "explain", _("说明处理规则")

    class Channel(models.TextChoices):
        COUNTER = "counter", _("到店当面")
        PHONE = "phone", _("电话")
        WECHAT = "wechat", _("微信")
        EMAIL = "email", _("邮件")
        LETTER = "letter", _("书面来函")

    class State(models.TextChoices):
        OPEN = "open", _("办理中")
        DONE = "done", _("已办结")
        REFUSED = "refused", _("不予办理")

    id = models.UUIDField(primary_key=True, default=new_id)
    customer = models.ForeignKey("customers.Customer", on_delete=models.CASCADE, related_name="privacy_requests")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    channel = models.CharField(max_length=12, choices=Channel.choices)
    received_at = models.DateTimeField()
    due_on = models.DateField()
    identity_check = models.CharField(max_length=200)  # how one made sure that it is they who ask
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    answer = models.CharField(max_length=500, blank=True)
    taken_by_id = models.IntegerField(null=True)  # org.Staff ids, plain: staff may leave
    closed_by_id = models.IntegerField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["store", "due_on", "id"], name="privacy_request_open", condition=Q(state="open")),
            models.Index(fields=["store", "-received_at", "-id"], name="privacy_request_newest"),
        ]
        constraints = [
            models.UniqueConstraint(
                name="one_open_privacy_request_per_kind", fields=["customer", "kind"], condition=Q(state="open")
            ),
            models.CheckConstraint(
                name="a_closed_privacy_request_has_its_answer", condition=Q(state="open") | ~Q(answer="")
            ),
        ]


class ForgottenContact(StoreScoped):
    """The blind index of a number whose owner was erased: should an import bring it again, nobody contacts it.

    It tells nobody who it was; it opens nothing.
    """

    id = models.BigAutoField(primary_key=True)
    value_blind = models.BinaryField(max_length=16)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(name="a_number_is_forgotten_once", fields=["store", "value_blind"])]


class PersonCount(models.Model):
    """How many people's data the whole house held on a day. Of no store: it names nobody."""

    on = models.DateField(primary_key=True)
    people = models.IntegerField()
    counted_at = models.DateTimeField()


class RetentionSetting(StoreScoped):
    """How long a store keeps a class of `retention.CLASSES`; nothing goes while it is not on."""

    code = models.CharField(max_length=24)
    days = models.IntegerField()
    is_on = models.BooleanField(default=False)
    by_id = models.IntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="one_retention_setting_per_class", fields=["store", "code"])]
