"""What the customers room holds about a person: read out for their copy, erased on request. See core.personal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from cheban.core import clock, events, privacy
from cheban.core.models import AuditEntry
from cheban.core.money import plain_yuan
from cheban.core.personal import Holding, Person, Row, hold, no_person, nothing
from cheban.customers import queries
from cheban.customers.duplicates.models import CustomerMerge, DuplicatePair, MergedRow
from cheban.customers.fields import definitions, values
from cheban.customers.models import (
    Consent,
    ContactPoint,
    Customer,
    ImportBatch,
    ImportRow,
    RecentView,
    SealedValue,
    Vehicle,
    VehicleOwnership,
)
from cheban.customers.privacy_desk.models import ForgottenContact, PrivacyRequest

ERASED_NAME = gettext_noop("已删除的客户")
_BLANK: dict[str, Any] = {
    "kind": Customer.Kind.PERSON,
    "name": ERASED_NAME,
    **dict.fromkeys(
        (
            *(
                "name_full_pinyin",
                "name_initials",
                "name_other_pinyin",
                "customer_no",
                "gender",
                "occupation",
                "region",
            ),
            *("preferred_channel", "preferred_time", "family", "habits", "special_requests", "remarks"),
        ),
        "",
    ),
    **dict.fromkeys(
        (
            *("birth_on", "birthday", "lunar_birthday", "id_number_sealed", "id_number_blind", "address_sealed"),
            "referrer_id",
        ),
        None,
    ),
    "tags": [],
    "extra": {},
    "tier": Customer.Tier.ORDINARY,
    "refused_purposes": [Consent.Purpose.ALL],
}
"""What is left of a file: numbers of visits and money for the books, and a name that is nobody's."""
_DONE_WITH = (ImportBatch.State.DONE, ImportBatch.State.FAILED, ImportBatch.State.UNDONE)


def _file(person: Person) -> list[Row]:
    who = Customer.objects.select_related("referrer").get(id=person.id)
    row: Row = {
        _("姓名"): who.name,
        _("类型"): who.get_kind_display(),
        _("性别"): who.get_gender_display() if who.gender else "",
        _("生日"): who.birth_on,
        _("职业"): who.occupation,
        _("证件号"): _open(who, "id_number"),
        _("地址"): _open(who, "address"),
        _("地区"): who.region,
        _("客户编号"): who.customer_no,
        _("偏好渠道"): who.get_preferred_channel_display() if who.preferred_channel else "",
        _("偏好时间"): who.preferred_time,
        _("家庭"): who.family,
        _("用车习惯"): who.habits,
        _("特殊要求"): who.special_requests,
        _("备注"): who.remarks,
        _("标签"): "、".join(who.tags),
        _("等级"): who.get_tier_display(),
        _("来源"): who.get_source_display(),
        _("到店次数"): who.visits,
        _("累计消费（元）"): plain_yuan(who.spent_fen),
        _("上次到店"): who.last_visit_on,
        _("建档时间"): who.created_at,
        **_own_fields(who.extra),
    }
    return [{label: value for label, value in row.items() if value not in ("", None)}]


def _own_fields(extra: dict[str, Any]) -> Row:
    """Custom fields as people read them, archived ones too."""
    found = definitions.by_ids(extra)
    return {found[int(key)].label: values.words(found[int(key)].shape, value) for key, value in extra.items()}


def _sealed_fields(person: Person) -> list[Row]:
    rows = SealedValue.objects.filter(customer_id__in=person.ids).select_related("field").order_by("field_id", "id")
    return [{_("项目"): row.field.label, _("内容"): definitions.opened(row)} for row in rows]


def _forget_sealed_fields(person: Person) -> int:
    return SealedValue.objects.filter(customer_id__in=person.ids).delete()[0]


def _open(who: Customer, what: str) -> str:
    sealed = getattr(who, f"{what}_sealed")
    return privacy.unseal(sealed, bound_to=f"customers_customer.{what}:{who.id}") if sealed else ""


def _contacts(person: Person) -> list[Row]:
    return [
        {_("方式"): point.get_kind_display(), _("内容"): _value(point), _("登记时间"): point.created_at}
        for point in ContactPoint.objects.filter(customer_id__in=person.ids).order_by("created_at", "id")
    ]


def _value(point: ContactPoint) -> str:
    value = privacy.unseal(point.value_sealed, bound_to=f"customers_contactpoint.value:{point.id}")
    return value.removeprefix("+86") if point.kind in ("mobile", "landline") else value


def _cars(person: Person) -> list[Row]:
    """Cars they own, whole; cars they owned, only what falls into their time: the next owner's are not theirs."""
    found: list[Row] = []
    for car in Vehicle.objects.filter(owner_id__in=person.ids).order_by("created_at", "id"):
        found.append(
            {
                _("车牌"): car.plate_number,
                _("车架号"): car.vin,
                _("发动机号"): car.engine_no,
                _("车型"): " ".join(part for part in (car.brand, car.series, car.model, car.trim) if part),
                _("颜色"): car.colour,
                _("购车日期"): car.purchased_on,
                _("保修至"): car.warranty_until,
                _("保险公司"): car.insurer,
                _("保单号"): car.policy_no,
                _("保险到期"): car.insurance_until,
                _("最近里程（公里）"): car.odometer_km,
                **_own_fields(car.extra),
            }
        )
    past = VehicleOwnership.objects.filter(customer_id__in=person.ids, until_on__isnull=False)
    for owned in past.exclude(vehicle__owner_id__in=person.ids).select_related("vehicle").order_by("until_on", "id"):
        label = f"{owned.vehicle.brand} {owned.vehicle.series}".strip()
        found.append({_("以前的车"): label, _("从"): owned.since_on, _("到"): owned.until_on})
    return [{label: value for label, value in row.items() if value not in ("", None)} for row in found]


def _readings(person: Person) -> list[Row]:
    """Of the time when the car was theirs."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT DISTINCT r.read_on, r.km, trim(v.brand || ' ' || v.series)
               FROM customers_vehicleownership o JOIN customers_vehicle v ON v.id = o.vehicle_id
               JOIN customers_odometerreading r ON r.vehicle_id = v.id
                 AND r.read_on >= coalesce(o.since_on, '-infinity') AND r.read_on <= coalesce(o.until_on, 'infinity')
               WHERE o.customer_id = ANY (%s) ORDER BY 3, 1, 2""",
            [list(person.ids)],
        )
        return [{_("日期"): on, _("里程（公里）"): km, _("车型"): car} for on, km, car in cursor.fetchall()]


def _consents(person: Person) -> list[Row]:
    return [
        {
            _("时间"): said.at,
            _("用途"): said.get_purpose_display(),
            _("渠道"): said.get_channel_display(),
            _("表示"): _("同意") if said.is_given else _("拒绝"),
            _("依据"): said.proof,
        }
        for said in Consent.objects.filter(customer_id__in=person.ids).order_by("at", "id")
    ]


def _story(person: Person) -> list[Row]:
    found: list[Row] = []
    before = ""
    while True:
        page = queries.timeline(person.id, most=500, before=before)
        found += [{_("时间"): item.at, _("事项"): item.title, _("内容"): item.subtitle} for item in page["items"]]
        before = page["before"]
        if not before:
            return found


def _audit(person: Person) -> list[Row]:
    """Who looked: actions and reasons, not names of staff."""
    subjects = [f"customer:{each}" for each in person.ids]
    return [
        {_("时间"): entry.at, _("操作"): entry.action, _("理由"): entry.reason}
        for entry in AuditEntry.objects.filter(subject__in=subjects, store_id=person.store_id).order_by("id")
    ]


def _requests(person: Person) -> list[Row]:
    return [
        {
            _("收到"): asked.received_at,
            _("请求"): asked.get_kind_display(),
            _("状态"): asked.get_state_display(),
            _("答复"): asked.answer,
        }
        for asked in PrivacyRequest.objects.filter(customer_id__in=person.ids).order_by("received_at", "id")
    ]


def _blank_file(person: Person) -> int:
    now = clock.now()
    return Customer.objects.filter(id__in=person.ids).update(**_BLANK, erased_at=now, changed_at=now)


def _forget_contacts(person: Person) -> int:
    points = ContactPoint.objects.filter(customer_id__in=person.ids)
    forgotten = [
        ForgottenContact(store_id=person.store_id, value_blind=blind, at=clock.now())
        for blind in points.filter(kind__in=("mobile", "landline")).values_list("value_blind", flat=True).distinct()
    ]
    ForgottenContact.objects.bulk_create(forgotten, ignore_conflicts=True)
    return points.delete()[0]


def _blank_cars(person: Person) -> int:
    cars = Vehicle.objects.filter(owner_id__in=person.ids)
    VehicleOwnership.objects.filter(customer_id__in=person.ids, until_on=None).update(until_on=clock.today())
    return cars.update(
        owner=None,
        vin="",
        vin_is_doubtful=False,
        plate_number="",
        plate_kind="",
        engine_no="",
        policy_no="",
        insurer="",
        extra={},
        is_active=False,
        changed_at=clock.now(),
    )


def _blank_proofs(person: Person) -> int:
    return Consent.objects.filter(customer_id__in=person.ids).update(proof=_("（已随删除请求清除）"))


def _forget_story(person: Person) -> int:
    """Facts of events that say something about a person go; that something happened, when, and its codes stay."""
    stays = sorted(
        {fact for each in events.all_declared().values() for fact in each.facts if events.is_open_fact(fact)}
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT core_event_forget(%s::uuid[], %s::text[])", [list(person.ids), stays])
        return cursor.fetchone()[0]


def _forget_imports(person: Person) -> int:
    """Rows kept for correction that name the person, images for undoing, and the uploaded files themselves.

    A file holds many people; once its import has ended it is kept only to be looked at, so it goes whole.
    """
    known = _identifiers(person)
    with connection.cursor() as cursor:
        cursor.execute(
            """DELETE FROM customers_importchange WHERE row_id = ANY (%(rows)s)
                 OR before->>'customer_id' = ANY (%(ids)s) OR before->>'owner_id' = ANY (%(ids)s)""",
            {"rows": [*person.ids, *person.vehicle_ids], "ids": [str(each) for each in person.ids]},
        )
        count = cursor.rowcount
    naming = [row.id for row in ImportRow.objects.iterator(chunk_size=2_000) if _names(row, known)]
    count += ImportRow.objects.filter(id__in=naming).delete()[0]
    ended = ImportBatch.objects.filter(store_id=person.store_id, state__in=_DONE_WITH).exclude(stored_as="")
    files = list(ended.values_list("stored_as", flat=True))
    count += ended.update(stored_as="")
    folder = settings.DATA_DIR / "files" / "imports"
    transaction.on_commit(lambda: [(folder / name).unlink(missing_ok=True) for name in files])
    return count


def _identifiers(person: Person) -> set[str]:
    """Numbers that are theirs alone, as a spreadsheet may spell them."""
    found: set[str] = set()
    for point in ContactPoint.objects.filter(customer_id__in=person.ids):
        found.add(_value(point))
    for who in Customer.objects.filter(id__in=person.ids):
        found |= {_open(who, "id_number"), who.customer_no}
    for car in Vehicle.objects.filter(owner_id__in=person.ids):
        found |= {car.vin, car.plate_number, car.engine_no, car.policy_no}
    return {text.upper() for text in found if len(text) >= 6}


def _names(row: ImportRow, known: set[str]) -> bool:
    content = privacy.unseal(row.content_sealed, bound_to=f"customers_importrow.content:{row.id}")
    cells = [_bare(text) for text in _texts(json.loads(content))]
    return any(number in cell for number in known for cell in cells)


def _bare(text: str) -> str:
    return "".join(character for character in text.upper() if character.isalnum())


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif value is not None:
        yield str(value)


def _forget_merges(person: Person) -> int:
    """What was merged stays merged: its images go, and with them the way back."""
    merges = CustomerMerge.objects.filter(survivor_id__in=person.ids)
    count = MergedRow.objects.filter(merge__in=merges).delete()[0]
    count += merges.update(image={"name": ERASED_NAME, "erased": True}, changed={}, own_refused=[])
    count += DuplicatePair.objects.filter(left_id__in=person.ids).delete()[0]
    count += DuplicatePair.objects.filter(right_id__in=person.ids).delete()[0]
    return count + RecentView.objects.filter(customer_id__in=person.ids).delete()[0]


def _keep(person: Person) -> int:
    return 0


def person_of(customer: Customer, absorbed: list[UUID]) -> Person:
    """The person whose living file this is."""
    cars = Vehicle.objects.filter(owner_id=customer.id).values_list("id", flat=True)
    return Person(ids=(customer.id, *absorbed), store_id=customer.store_id, vehicle_ids=tuple(cars))


def offer() -> None:
    """Register them (called when the app is ready). Imports first: they are found by what the others then erase."""
    books = gettext_lazy("到店次数与金额按财税法规留存，不再指向本人")
    hold(
        Holding(
            "imports",
            gettext_lazy("导入记录里的原始行"),
            ("customers_importbatch", "customers_importrow", "customers_importchange"),
            nothing,
            _forget_imports,
            order=10,
        ),
        Holding(
            "file",
            gettext_lazy("客户档案"),
            ("customers_customer", "customers_customervalue"),
            _file,
            _blank_file,
            kept=books,
            order=40,
        ),
        Holding(
            "fields",
            gettext_lazy("加密的字段"),
            ("customers_sealedvalue",),
            _sealed_fields,
            _forget_sealed_fields,
            order=31,
        ),
        Holding(
            "contacts", gettext_lazy("联系方式"), ("customers_contactpoint",), _contacts, _forget_contacts, order=30
        ),
        Holding(
            "vehicles",
            gettext_lazy("车辆"),
            ("customers_vehicle", "customers_vehicleownership", "customers_vehiclevalue"),
            _cars,
            _blank_cars,
            kept=gettext_lazy("车型与保养数据留作统计，不含车牌、车架号"),
            order=35,
        ),
        Holding(
            "readings",
            gettext_lazy("里程"),
            ("customers_odometerreading",),
            _readings,
            _keep,
            kept=gettext_lazy("只与车辆相连，车辆不再指向本人"),
            order=36,
        ),
        Holding(
            "consents",
            gettext_lazy("同意与拒绝"),
            ("customers_consent",),
            _consents,
            _blank_proofs,
            kept=gettext_lazy("何时同意或拒绝过什么，作为合法处理的证明留存"),
            order=45,
        ),
        Holding(
            "merges",
            gettext_lazy("合并记录"),
            (
                "customers_customermerge",
                "customers_mergedrow",
                "customers_duplicatepair",
                "customers_recentview",
            ),
            nothing,
            _forget_merges,
            order=46,
        ),
        Holding(
            "story",
            gettext_lazy("经过"),
            ("core_event",),
            _story,
            _forget_story,
            kept=gettext_lazy("何时发生过什么，不含文字、车牌、电话"),
            order=60,
        ),
        Holding(
            "audit",
            gettext_lazy("谁看过您的信息"),
            ("core_auditentry",),
            _audit,
            _keep,
            kept=gettext_lazy("审计记录依法留存，只有编号"),
            order=70,
        ),
        Holding(
            "requests",
            gettext_lazy("您的请求"),
            ("customers_privacyrequest",),
            _requests,
            _keep,
            kept=gettext_lazy("请求与答复作为办理证明留存"),
            order=80,
        ),
    )
    no_person("customers_forgottencontact", "a blind index that names nobody")
    no_person("customers_retentionsetting", "days of classes")
    no_person("core_eventdelivery", "ids of events")
