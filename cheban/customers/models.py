"""People and companies, vehicles, ownership, odometer, consent, imports. R001-R010, R018.

Personal data that identifies or reaches a person (phone, identity number, address) is sealed and found
through blind indexes (`core.privacy`); the columns end in `_sealed`. Names, plates and VINs stay readable:
they must be found by fragment (decision 0003).
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cheban.core.ids import new_id
from cheban.org.scope import StoreScoped


class ImportBatch(StoreScoped):
    """One file brought in: its mapping, progress, counts; undone as a whole. R021."""

    class State(models.TextChoices):
        CHECKING = "checking", _("正在检查")
        READY = "ready", _("等待确认")
        WRITING = "writing", _("正在写入")
        DONE = "done", _("已完成")
        FAILED = "failed", _("未能读取")
        UNDOING = "undoing", _("正在撤销")
        UNDONE = "undone", _("已撤销")

    id = models.UUIDField(primary_key=True, default=new_id)
    file_name = models.CharField(max_length=200)
    file_sha256 = models.BinaryField(max_length=32)
    file_bytes = models.BigIntegerField()
    stored_as = models.CharField(max_length=64, blank=True)  # sealed file below the data folder
    source_system = models.CharField(max_length=64, blank=True)
    kind = models.CharField(max_length=24)
    plan = models.JSONField(default=dict)  # sheets, heading rows and mapping, as shown for correction
    state = models.CharField(max_length=12, choices=State.choices, default=State.CHECKING)
    problem = models.CharField(max_length=300, blank=True)
    rows_total = models.IntegerField(default=0)
    rows_done = models.IntegerField(default=0)
    accepted = models.IntegerField(default=0)
    unchanged = models.IntegerField(default=0)
    merged = models.IntegerField(default=0)
    rejected = models.IntegerField(default=0)
    flagged = models.IntegerField(default=0)
    skipped = models.JSONField(default=dict)
    by_id = models.IntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["store", "-created_at"], name="import_newest")]


class ImportRow(StoreScoped):
    """A row kept for correction (rejected) or a second look (flagged). Its content is sealed."""

    id = models.UUIDField(primary_key=True, default=new_id)
    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE)
    sheet = models.CharField(max_length=100)
    row = models.IntegerField()  # as the spreadsheet shows it
    kind = models.CharField(max_length=24)
    is_rejected = models.BooleanField()
    content_sealed = models.BinaryField()  # JSON: raw values and problems
    fixed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="a_row_is_kept_once", fields=["batch", "sheet", "row"])]


class ImportChange(StoreScoped):
    """What a row looked like before an import changed it, so that the import can be undone."""

    id = models.BigAutoField(primary_key=True)
    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE)
    table = models.CharField(max_length=48)
    row_id = models.UUIDField()
    before = models.JSONField()  # the whole row before, as to_jsonb gives it; sealed columns stay sealed

    class Meta:
        constraints = [models.UniqueConstraint(name="one_before_image_per_row", fields=["batch", "table", "row_id"])]


class ImportMapping(StoreScoped):
    """A saved mapping of one source system's headings to our fields."""

    id = models.UUIDField(primary_key=True, default=new_id)
    source_system = models.CharField(max_length=64)
    kind = models.CharField(max_length=24)
    mapping = models.JSONField()
    saved_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_mapping_per_source_and_kind", fields=["store", "source_system", "kind"])
        ]


class Customer(StoreScoped):
    """A person or a company whom the store knows. R002, R006-R008."""

    class Kind(models.TextChoices):
        PERSON = "person", _("个人")
        COMPANY = "company", _("单位")

    class Source(models.TextChoices):
        PURCHASE = "purchase", _("购车客户")
        SERVICE = "service", _("维修客户")
        RESEARCH = "research", _("市场调研")

    class Tier(models.TextChoices):
        ORDINARY = "ordinary", _("普通")
        SILVER = "silver", _("银卡")
        GOLD = "gold", _("金卡")
        PLATINUM = "platinum", _("白金")

    id = models.UUIDField(primary_key=True, default=new_id)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.PERSON)
    name = models.CharField(max_length=120)
    name_full_pinyin = models.CharField(max_length=200, blank=True)
    name_initials = models.CharField(max_length=64, blank=True)
    name_other_pinyin = models.CharField(max_length=400, blank=True)  # other readings, space separated
    customer_no = models.CharField(max_length=64, blank=True)  # the source system's own number
    gender = models.CharField(max_length=1, choices=[("m", _("男")), ("f", _("女"))], blank=True)
    birth_on = models.DateField(null=True)
    birthday = models.SmallIntegerField(null=True)  # month * 100 + day to greet by the solar calendar
    lunar_birthday = models.SmallIntegerField(null=True)  # month * 100 + day, negative in a leap month
    occupation = models.CharField(max_length=64, blank=True)
    id_number_sealed = models.BinaryField(null=True)
    id_number_blind = models.BinaryField(null=True, max_length=16)
    address_sealed = models.BinaryField(null=True)
    region = models.CharField(max_length=64, blank=True)  # province and city, readable
    preferred_channel = models.CharField(
        max_length=12,
        blank=True,
        choices=[("phone", _("电话")), ("wechat", _("微信")), ("sms", _("短信")), ("email", _("邮件"))],
    )
    preferred_time = models.CharField(max_length=64, blank=True)
    source = models.CharField(max_length=12, choices=Source.choices, default=Source.SERVICE)
    referrer = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, db_index=False)
    family = models.CharField(max_length=300, blank=True)
    habits = models.CharField(max_length=300, blank=True)
    special_requests = models.CharField(max_length=300, blank=True)
    remarks = models.CharField(max_length=1000, blank=True)
    tags = ArrayField(models.CharField(max_length=32), default=list)
    tier = models.CharField(max_length=12, choices=Tier.choices, default=Tier.ORDINARY)
    refused_purposes = ArrayField(models.CharField(max_length=24), default=list)  # kept by consent commands
    last_visit_on = models.DateField(null=True)
    visits = models.IntegerField(default=0)
    spent_fen = models.BigIntegerField(default=0)
    last_contact_at = models.DateTimeField(null=True)
    batch = models.ForeignKey(ImportBatch, null=True, on_delete=models.SET_NULL, db_index=False)
    keeper_id = models.IntegerField(null=True)  # org.Staff id of who keeps this file complete (R009)
    review_on = models.DateField(null=True)  # the day on which they look it through again
    erased_at = models.DateTimeField(null=True)  # the person asked for it: what is left names nobody
    extra = models.JSONField(default=dict, db_default={})  # custom fields: definition's id -> value (`fields.values`)
    created_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index("store", OpClass(F("name"), "text_pattern_ops"), name="customer_name_prefix"),
            models.Index("store", OpClass(F("name_full_pinyin"), "text_pattern_ops"), name="customer_pinyin_prefix"),
            models.Index("store", OpClass(F("name_initials"), "text_pattern_ops"), name="customer_initials_prefix"),
            models.Index(
                "store",
                OpClass(F("name_other_pinyin"), "text_pattern_ops"),
                name="customer_other_pinyin",
                condition=~Q(name_other_pinyin=""),
            ),
            models.Index(fields=["store", "-created_at", "-id"], name="customer_newest"),
            models.Index(
                fields=["store", "-last_visit_on", "-id"],
                name="customer_visited",
                condition=Q(last_visit_on__isnull=False),
            ),
            models.Index(fields=["store", "-spent_fen", "-id"], name="customer_spent"),
            models.Index(
                fields=["store", "tier", "-created_at", "-id"], name="customer_tier", condition=~Q(tier="ordinary")
            ),
            # Filters that may leave nothing in a store, with the orders they are read in: without these an order's own
            # index is walked to its end in every such store (decision 28).
            models.Index(
                fields=["store", "tier", "-spent_fen", "-id"], name="customer_tier_spent", condition=~Q(tier="ordinary")
            ),
            models.Index(
                fields=["store", "tier", "-last_visit_on", "-id"],
                name="customer_tier_visited",
                condition=Q(~Q(tier="ordinary"), last_visit_on__isnull=False),
            ),
            models.Index(
                fields=["store", "keeper_id", "-created_at", "-id"],
                name="customer_keeper",
                condition=Q(keeper_id__isnull=False),
            ),
            models.Index(fields=["store", "-created_at", "-id"], name="customer_company", condition=Q(kind="company")),
            models.Index(
                fields=["store", "-created_at", "-id"], name="customer_research", condition=Q(source="research")
            ),
            models.Index(
                fields=["store", "preferred_channel", "-created_at", "-id"],
                name="customer_channel",
                condition=~Q(preferred_channel=""),
            ),
            models.Index(fields=["store", "-visits", "-id"], name="customer_visits", condition=Q(visits__gt=1)),
            GinIndex(fields=["tags"], name="customer_tags", condition=~Q(tags=[])),
            models.Index(
                fields=["store", "-created_at", "-id"], name="customer_refused", condition=~Q(refused_purposes=[])
            ),
            models.Index(
                fields=["store", "review_on", "id"], name="customer_review", condition=Q(review_on__isnull=False)
            ),
            models.Index(fields=["birthday"], name="customer_birthday", condition=Q(birthday__isnull=False)),
            models.Index(
                fields=["lunar_birthday"], name="customer_lunar_birthday", condition=Q(lunar_birthday__isnull=False)
            ),
            models.Index(fields=["store", "customer_no"], name="customer_by_number", condition=~Q(customer_no="")),
            models.Index(fields=["batch"], name="customer_by_batch", condition=Q(batch__isnull=False)),
            models.Index(
                fields=["id_number_blind"], name="customer_id_number", condition=Q(id_number_blind__isnull=False)
            ),
        ]


class ContactPoint(StoreScoped):
    """A way to reach a customer: a phone (sealed), WeChat id, WeCom id, e-mail (sealed too)."""

    class Kind(models.TextChoices):
        MOBILE = "mobile", _("手机")
        LANDLINE = "landline", _("座机")
        WECHAT = "wechat", _("微信")
        WECOM = "wecom", _("企业微信")
        EMAIL = "email", _("邮箱")

    id = models.UUIDField(primary_key=True, default=new_id)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="contact_points")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    value_sealed = models.BinaryField()
    value_blind = models.BinaryField(max_length=16)
    tail_bucket = models.IntegerField(null=True)  # phones only
    is_primary = models.BooleanField(default=False)
    batch = models.ForeignKey(ImportBatch, null=True, on_delete=models.SET_NULL, db_index=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_customer_has_a_contact_point_once", fields=["customer", "value_blind"])
        ]
        indexes = [
            models.Index(fields=["store", "value_blind"], name="contact_point_exact"),
            models.Index(
                fields=["store", "tail_bucket"], name="contact_point_tail", condition=Q(tail_bucket__isnull=False)
            ),
        ]


class Vehicle(StoreScoped):
    """A vehicle, with what its care needs: dates that rules read are columns kept by commands. R003, R085-R090."""

    class Energy(models.TextChoices):
        FUEL = "fuel", _("燃油")
        HYBRID = "hybrid", _("混动")
        ELECTRIC = "electric", _("纯电")

    class Use(models.TextChoices):
        FAMILY = "family", _("家庭")
        BUSINESS = "business", _("商务")
        RIDE_HAILING = "ride_hailing", _("网约车")
        TRUCK = "truck", _("货运")

    id = models.UUIDField(primary_key=True, default=new_id)
    owner = models.ForeignKey(Customer, null=True, on_delete=models.SET_NULL, related_name="vehicles")
    vin = models.CharField(max_length=17, blank=True)
    vin_is_doubtful = models.BooleanField(default=False)
    plate_number = models.CharField(max_length=12, blank=True)
    plate_kind = models.CharField(max_length=16, blank=True)
    brand = models.CharField(max_length=40, blank=True)
    series = models.CharField(max_length=60, blank=True)
    model = models.CharField(max_length=100, blank=True)
    trim = models.CharField(max_length=100, blank=True)
    colour = models.CharField(max_length=32, blank=True)
    energy = models.CharField(max_length=8, choices=Energy.choices, blank=True)
    driver_assistance = models.CharField(max_length=64, blank=True)
    engine_no = models.CharField(max_length=40, blank=True)
    seats = models.SmallIntegerField(default=5)
    use = models.CharField(max_length=12, choices=Use.choices, default=Use.FAMILY)
    price_fen = models.BigIntegerField(null=True)
    made_on = models.DateField(null=True)
    purchased_on = models.DateField(null=True)
    registered_on = models.DateField(null=True)
    warranty_until = models.DateField(null=True)
    warranty_km = models.IntegerField(null=True)
    insurer = models.CharField(max_length=40, blank=True)
    policy_no = models.CharField(max_length=64, blank=True)
    compulsory_until = models.DateField(null=True)
    insurance_until = models.DateField(null=True)
    inspection_due_on = models.DateField(null=True)
    inspection_kind = models.CharField(max_length=12, blank=True)
    sales_consultant_id = models.IntegerField(null=True)  # org.Staff ids, plain: staff may leave
    service_specialist_id = models.IntegerField(null=True)
    service_advisor_id = models.IntegerField(null=True)
    sales_consultant_name = models.CharField(max_length=32, blank=True)  # as the source spells it
    service_advisor_name = models.CharField(max_length=32, blank=True)
    # Kept by the forecast (customers.care): what the rules ask about.
    odometer_km = models.IntegerField(null=True)
    odometer_on = models.DateField(null=True)
    km_per_day = models.FloatField(null=True)
    km_per_day_basis = models.CharField(max_length=8, blank=True)
    services_done = models.SmallIntegerField(default=0)
    last_service_on = models.DateField(null=True)
    last_service_km = models.IntegerField(null=True)
    last_visit_on = models.DateField(null=True)
    first_service_due_on = models.DateField(null=True)
    second_service_due_on = models.DateField(null=True)
    maintenance_due_on = models.DateField(null=True)
    maintenance_low_on = models.DateField(null=True)
    maintenance_high_on = models.DateField(null=True)
    maintenance_due_by = models.CharField(max_length=8, blank=True)  # time | mileage
    is_active = models.BooleanField(default=True)  # False: scrapped, sold away, never to be reminded
    extra = models.JSONField(default=dict, db_default={})  # custom fields: definition's id -> value (`fields.values`)
    batch = models.ForeignKey(ImportBatch, null=True, on_delete=models.SET_NULL, db_index=False)
    created_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_vin_is_known_once_per_store", fields=["store", "vin"], condition=~Q(vin="")
            ),
        ]
        indexes = [
            models.Index(fields=["store", "plate_number"], name="vehicle_by_plate", condition=~Q(plate_number="")),
            models.Index(fields=["store", "series", "owner"], name="vehicle_by_series", condition=~Q(series="")),
            models.Index(fields=["batch"], name="vehicle_by_batch", condition=Q(batch__isnull=False)),
            *(
                models.Index(fields=[column], name=f"vehicle_{column}", condition=Q(**{f"{column}__isnull": False}))
                for column in (
                    "first_service_due_on",
                    "second_service_due_on",
                    "maintenance_due_on",
                    "inspection_due_on",
                    "insurance_until",
                    "warranty_until",
                    "last_visit_on",
                )
            ),
        ]


class VehicleOwnership(StoreScoped):
    """Who owned a vehicle from when to when: a vehicle changes hands, its history stays."""

    id = models.UUIDField(primary_key=True, default=new_id)
    vehicle = models.ForeignKey(Vehicle, on_delete=models.CASCADE, related_name="ownerships", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="ownerships")
    since_on = models.DateField(null=True)
    until_on = models.DateField(null=True)
    batch = models.ForeignKey(ImportBatch, null=True, on_delete=models.SET_NULL, db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_vehicle_has_one_owner_now", fields=["vehicle"], condition=Q(until_on__isnull=True)
            ),
            models.CheckConstraint(
                name="ownership_ends_after_it_began",
                condition=Q(until_on__isnull=True) | Q(since_on__isnull=True) | Q(until_on__gte=F("since_on")),
            ),
        ]
        indexes = [models.Index(fields=["vehicle"], name="ownership_of_vehicle", condition=Q(until_on__isnull=False))]


class OdometerReading(StoreScoped):
    """What an odometer showed on a day, and who says so. One reading per vehicle, day and value."""

    id = models.UUIDField(primary_key=True, default=new_id)
    vehicle = models.ForeignKey(Vehicle, on_delete=models.CASCADE, related_name="readings", db_index=False)
    read_on = models.DateField()
    km = models.IntegerField()
    source = models.CharField(max_length=16, default="repair_order")
    is_doubtful = models.BooleanField(default=False)  # below an earlier reading
    batch = models.ForeignKey(ImportBatch, null=True, on_delete=models.SET_NULL, db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_reading_is_kept_once", fields=["vehicle", "read_on", "km"]),
            models.CheckConstraint(name="an_odometer_shows_0_to_2_million_km", condition=Q(km__range=(0, 2_000_000))),
        ]


class Consent(StoreScoped):
    """One answer to 'may we write/call you for this purpose by this channel', kept with its proof. Append-only use:
    the newest row per customer, purpose and channel counts. PIPL art. 13-16, 24."""

    class Purpose(models.TextChoices):
        SERVICE = "service", _("服务提醒")  # maintenance, inspection, warranty
        INSURANCE = "insurance", _("续保提醒")
        CARE = "care", _("生日与节日关怀")
        MARKETING = "marketing", _("营销活动")
        PROFILING = "profiling", _("画像分析")
        ALL = "all", _("一切主动联系")

    id = models.UUIDField(primary_key=True, default=new_id)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="consents")
    purpose = models.CharField(max_length=12, choices=Purpose.choices)
    channel = models.CharField(
        max_length=12,
        choices=[
            ("any", _("所有渠道")),
            ("phone", _("电话")),
            ("sms", _("短信")),
            ("wechat", _("微信")),
            ("email", _("邮件")),
        ],
    )
    is_given = models.BooleanField()
    proof = models.CharField(max_length=200)
    by_id = models.IntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["customer", "purpose", "channel", "-at"], name="consent_newest")]


class CareInterval(StoreScoped):
    """When a model is due for care; the most specific row wins (series, then energy, then the default). R085, R090."""

    series = models.CharField(max_length=60, blank=True)
    energy = models.CharField(max_length=8, blank=True)
    first_months = models.SmallIntegerField(default=6)
    first_km = models.IntegerField(default=5000)
    months = models.SmallIntegerField(default=6)
    km = models.IntegerField(default=7500)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_interval_per_series_and_energy", fields=["store", "series", "energy"]),
            models.CheckConstraint(
                name="intervals_are_positive", condition=Q(first_months__gt=0, first_km__gt=0, months__gt=0, km__gt=0)
            ),
        ]


class RecentView(StoreScoped):
    """Whom a staff member looked at last: the palette offers them when the box is empty."""

    staff_id = models.IntegerField()
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="a_customer_is_recent_once", fields=["staff_id", "customer"])]


class QualityDay(StoreScoped):
    """How complete a store's files were on a day, counted at night. R011."""

    on = models.DateField()
    files = models.IntegerField()
    complete = models.IntegerField()
    score = models.SmallIntegerField()  # the mean, 0-100
    lacking = models.JSONField(default=dict)  # field of quality.FIELDS -> files without it
    overdue = models.IntegerField(default=0)
    unkept = models.IntegerField(default=0)
    counted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="one_quality_row_per_store_and_day", fields=["store", "on"])]


from cheban.customers.duplicates.models import CustomerMerge, DuplicatePair, MergedRow  # noqa: E402, F401 - Django looks here
from cheban.customers.fields.models import CustomerValue, FieldDefinition, SealedValue, VehicleValue  # noqa: E402, F401
from cheban.customers.privacy_desk.models import ForgottenContact, PersonCount, PrivacyRequest, RetentionSetting  # noqa: E402, F401
