"""Tables of messaging: the outbox and the inbox of staff. R044, R093."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cheban.core.ids import new_id
from cheban.org.models import DealerGroup, Staff, Store
from cheban.org.scope import StoreScoped


class Message(StoreScoped):
    """One message that is owed to a person, written in the transaction of its cause. Reliability 5.2.

    `dedupe_key` is the business fact ('first service of vehicle 81, 2026-12-03'), never the attempt. `facts` fill the
    fields of the text and hold no personal data; names are looked up when it is sent, and the text as sent is sealed.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("待发")
        SENDING = "sending", _("正在发")
        SENT = "sent", _("已发出")
        DELIVERED = "delivered", _("已送达")
        READ = "read", _("已读")
        FAILED = "failed", _("未发出")
        UNKNOWN = "unknown", _("结果不明")
        PAPER = "paper", _("未接通道")

    class Class(models.TextChoices):
        RED_ALERT = "red_alert", _("红色警报")
        STAFF = "staff", _("内部提醒")
        SERVICE = "service", _("服务通知")
        MARKETING = "marketing", _("营销")

    class Channel(models.TextChoices):
        SMS = "sms", _("短信")
        EMAIL = "email", _("邮件")
        WECOM = "wecom", _("企业微信")
        ROBOT = "robot", _("企微群机器人")

    id = models.UUIDField(primary_key=True, default=new_id)
    dedupe_key = models.CharField(max_length=200)
    kind = models.CharField(max_length=40)
    message_class = models.CharField(max_length=12, choices=Class.choices)
    purpose = models.CharField(max_length=12, blank=True)  # consent that it needs: service, care, marketing ...
    channel = models.CharField(max_length=12, choices=Channel.choices)
    customer_id = models.UUIDField(null=True)  # none: to the store's own people
    vehicle_id = models.UUIDField(null=True)
    staff_id = models.IntegerField(null=True)  # one colleague; none and no customer: the store's group
    facts = models.JSONField(default=dict)
    not_before_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=State.choices, default=State.WAITING)
    why = models.CharField(max_length=40, blank=True)  # code of gate.REASONS
    said = models.CharField(max_length=200, db_default="", default="")  # the provider's own answer, see channels.said
    attempts = models.SmallIntegerField(default=0)
    provider_id = models.CharField(max_length=64, blank=True)
    body_sealed = models.BinaryField(null=True)
    resend_of_id = models.UUIDField(null=True)
    resend_reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    claimed_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_message_per_business_fact", fields=["store", "dedupe_key"]),
            models.CheckConstraint(
                name="red_alerts_and_staff_messages_never_go_to_customers",
                condition=Q(customer_id__isnull=True) | Q(message_class__in=["service", "marketing"]),
            ),
            models.CheckConstraint(
                name="a_message_goes_to_a_customer_or_a_colleague",
                condition=Q(customer_id__isnull=True) | Q(staff_id__isnull=True),
            ),
        ]
        indexes = [
            models.Index(
                fields=["channel", "message_class", "not_before_at", "id"],
                name="message_due_by_class",
                condition=Q(state="waiting"),
            ),
            models.Index(fields=["claimed_at"], name="message_in_flight", condition=Q(state="sending")),
            models.Index(
                fields=["customer_id", "-claimed_at"],
                name="message_of_customer",
                condition=Q(customer_id__isnull=False),
            ),
            models.Index(fields=["store", "state", "-id"], name="message_by_state"),
            models.Index(fields=["store", "-id"], name="message_newest"),
            models.Index(fields=["provider_id"], name="message_by_provider", condition=~Q(provider_id="")),
        ]


class InboxItem(StoreScoped):
    """A notice for a colleague inside the house; written with its cause, so it is there when the cause is.

    No text is kept: the kind and the facts make the sentence in the reader's language, names are looked up.
    """

    class Level(models.TextChoices):
        INFO = "info", _("提醒")
        WARNING = "warning", _("注意")
        RED = "red", _("紧急")

    id = models.UUIDField(primary_key=True, default=new_id)
    staff_id = models.IntegerField()
    dedupe_key = models.CharField(max_length=200)
    kind = models.CharField(max_length=40)
    level = models.CharField(max_length=8, choices=Level.choices, default=Level.INFO)
    customer_id = models.UUIDField(null=True)
    vehicle_id = models.UUIDField(null=True)
    facts = models.JSONField(default=dict)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_notice_reaches_a_person_once", fields=["staff_id", "dedupe_key"])
        ]
        indexes = [
            models.Index(fields=["staff_id", "-id"], name="inbox_newest"),
            models.Index(fields=["staff_id"], name="inbox_unread", condition=Q(read_at__isnull=True)),
            models.Index(fields=["customer_id"], name="inbox_customer", condition=Q(customer_id__isnull=False)),
        ]


class Wording(models.Model):
    """A group's own text for a kind of message: append-only versions, the highest number is in force.

    An empty text stands for the house's own. Not customer data.
    """

    group = models.ForeignKey(DealerGroup, on_delete=models.PROTECT)
    kind = models.CharField(max_length=40)
    number = models.IntegerField()
    text = models.CharField(max_length=500, blank=True)
    changed_by_id = models.IntegerField(null=True)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="one_wording_per_number", fields=["group", "kind", "number"])]


class Caps(models.Model):
    """How many messages a group's customers get at most, in rolling 24 hours and 7 days; below every carrier's cap.

    A group without a row has the house's (gate.Limits). What a group may set is bounded here, not on the screen alone.
    """

    group = models.OneToOneField(DealerGroup, on_delete=models.PROTECT, primary_key=True, related_name="message_caps")
    day = models.SmallIntegerField()
    week = models.SmallIntegerField()
    marketing_day = models.SmallIntegerField()
    marketing_week = models.SmallIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="caps_stay_below_what_carriers_bear",
                condition=Q(day__range=(1, 5))
                & Q(week__range=(1, 15))
                & Q(marketing_day__range=(0, 2))
                & Q(marketing_week__range=(0, 5)),
            ),
            models.CheckConstraint(
                name="a_week_is_not_less_than_a_day",
                condition=Q(week__gte=models.F("day")) & Q(marketing_week__gte=models.F("marketing_day")),
            ),
        ]


class ChannelAccount(models.Model):
    """An account at a provider, of one store or (`only_store` empty) of all of a group's. Not customer data.

    Read without a scope by whatever sends, so it is no store's row; its pages show those of the asker's group.
    `secrets` are the secret settings as JSON under `privacy.lock`: no page ever shows them again.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    group = models.ForeignKey(DealerGroup, on_delete=models.PROTECT, related_name="+")
    only_store = models.ForeignKey(
        Store, on_delete=models.PROTECT, null=True, related_name="+", db_column="for_store_id"
    )
    channel = models.CharField(max_length=12, choices=Message.Channel.choices)
    provider = models.CharField(max_length=16)
    settings = models.JSONField(default=dict)
    secrets = models.TextField(blank=True)
    is_on = models.BooleanField(default=True)
    checked_at = models.DateTimeField(null=True)
    check_said = models.CharField(max_length=200, blank=True)  # '' when the test was taken
    changed_by_id = models.IntegerField(null=True)
    changed_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_account_per_channel_and_store",
                fields=["group", "only_store", "channel"],
                condition=Q(removed_at__isnull=True),
                nulls_distinct=False,
            )
        ]


class WecomMember(models.Model):
    """Who a colleague is in WeCom: the UserID in the company of an account. Not customer data."""

    staff = models.OneToOneField(Staff, on_delete=models.CASCADE, primary_key=True, related_name="wecom_member")
    corp_id = models.CharField(max_length=64)
    user_id = models.CharField(max_length=64)
    linked_by_id = models.IntegerField(null=True)  # the person themself, by signing in, or who entered it
    linked_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="a_wecom_member_is_one_colleague", fields=["corp_id", "user_id"])]


class Receipt(StoreScoped):
    """What a provider told later about one message. The same report twice is one row; see `receipts`."""

    class Outcome(models.TextChoices):
        DELIVERED = "delivered", _("已送达")
        READ = "read", _("已读")
        FAILED = "failed", _("没有送达")

    id = models.UUIDField(primary_key=True, default=new_id)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, db_index=False, related_name="receipts")
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    said = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()  # the provider's
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_report_counts_once", fields=["message", "outcome", "said", "at"]),
        ]
