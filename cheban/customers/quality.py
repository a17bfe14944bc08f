"""How complete a customer's file is: which fields count, what is missing, who looks after it, until when. R009-R011.

One table of fields; score, filters, the store's figures and the work list all read it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import BooleanField, Q
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from cheban.core import clock
from cheban.org.models import Staff, StaffRole
from cheban.org.roles import Role

REVIEW_MONTHS = 12
"""A file is looked through once a year (R009: on a schedule)."""
STALE_MILEAGE_DAYS = 365
GOOD = 90
"""From this score on a file counts as complete: one small thing may be missing."""
TARGET_PERCENT = 90


@dataclass(frozen=True, slots=True)
class Field:
    """One thing a file should hold. `held` is SQL over alias `c` that is true where it does; weights add up to 100.

    An address is not asked for: nothing that the store does needs it (PIPL 6).
    """

    code: str
    label: Any
    weight: int
    held: str


_CAR = "EXISTS (SELECT 1 FROM customers_vehicle v WHERE v.owner_id = c.id AND v.is_active AND {})"
_PERSON = "(c.kind = 'company' OR {})"
FIELDS = (
    Field(
        "phone",
        _("手机"),
        20,
        "EXISTS (SELECT 1 FROM customers_contactpoint p WHERE p.customer_id = c.id AND p.kind IN ('mobile', 'landline'))",
    ),
    Field("plate", _("车牌"), 15, _CAR.format("v.plate_number <> ''")),
    Field("vin", _("车架号"), 15, _CAR.format("v.vin <> '' AND NOT v.vin_is_doubtful")),
    Field("mileage", _("一年内的里程"), 10, _CAR.format("v.odometer_on >= %(fresh)s")),
    Field("purchased_on", _("购车日期"), 10, _CAR.format("v.purchased_on IS NOT NULL")),
    Field("insurance", _("保险到期"), 8, _CAR.format("v.insurance_until IS NOT NULL")),
    Field("birthday", _("生日"), 8, _PERSON.format("c.birthday IS NOT NULL OR c.lunar_birthday IS NOT NULL")),
    Field("gender", _("性别"), 4, _PERSON.format("c.gender <> ''")),
    Field("channel", _("偏好渠道"), 4, "c.preferred_channel <> ''"),
    Field("consent", _("联系意愿"), 6, "EXISTS (SELECT 1 FROM customers_consent n WHERE n.customer_id = c.id)"),
)
BY_CODE = {field.code: field for field in FIELDS}


@dataclass(frozen=True, slots=True)
class Completeness:
    """A file's score (0-100) and the fields it lacks, the weightiest first."""

    score: int
    missing: tuple[Field, ...]

    @property
    def light(self) -> str:
        """'kept' when complete, 'close' from 70 on, else 'broken'."""
        return "kept" if self.score >= GOOD else "close" if self.score >= 70 else "broken"


def _fresh(today: date) -> date:
    return today - timedelta(days=STALE_MILEAGE_DAYS)


def of(customer_ids: Sequence[UUID], *, today: date) -> dict[UUID, Completeness]:
    """Score and gaps of these files. One query."""
    held = ", ".join(f"({field.held})" for field in FIELDS)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT c.id, {held} FROM customers_customer c WHERE c.id = ANY (%(ids)s)",  # noqa: S608 - SQL of ours
            {"ids": list(customer_ids), "fresh": _fresh(today)},
        )
        return {
            row[0]: Completeness(
                sum(f.weight for f, has in zip(FIELDS, row[1:], strict=True) if has),
                tuple(f for f, has in zip(FIELDS, row[1:], strict=True) if not has),
            )
            for row in cursor.fetchall()
        }


def lacks(code: str, today: date) -> Q:
    """Files without this field, for a list's filter."""
    sql = BY_CODE[code].held.replace("c.", "customers_customer.").replace("%(fresh)s", "%s")
    params = [_fresh(today)] if "%s" in sql else []
    return Q(RawSQL(f"NOT ({sql})", params, output_field=BooleanField()))


def overdue(today: date) -> Q:
    """Files whose day of review has come."""
    return Q(review_on__lte=today)


def keepers(stores: Sequence[int]) -> list[tuple[str, str]]:
    """Who may look after files in these stores: people of the service desk and their managers. One query."""
    roles = (Role.SERVICE_SPECIALIST, Role.SERVICE_ADVISOR, Role.CALLER, Role.STORE_MANAGER, Role.SALES_CONSULTANT)
    rows = (
        StaffRole.objects.filter(store_id__in=stores, role__in=roles, staff__is_active=True)
        .values_list("staff_id", "staff__name")
        .distinct()
        .order_by("staff__name", "staff_id")
    )
    return [(str(staff_id), name) for staff_id, name in rows]


def names(staff_ids: set[int]) -> dict[int, str]:
    """Names of keepers. One query."""
    return dict(Staff.objects.filter(id__in=staff_ids).values_list("id", "name")) if staff_ids else {}


def figures(*, today: date) -> list[dict[str, Any]]:
    """Per store of the scope: {store_id, files, complete, score, lacking: {code: count}, overdue, unkept}.

    Goes through all files: counted by a job at night (`customers_qualityday`), not by a page.
    """
    lacking = ", ".join(f"count(*) FILTER (WHERE NOT h{n})" for n in range(len(FIELDS)))
    held = ", ".join(f"({field.held}) AS h{n}" for n, field in enumerate(FIELDS))
    score = " + ".join(f"CASE WHEN h{n} THEN {field.weight} ELSE 0 END" for n, field in enumerate(FIELDS))
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT store_id, count(*), count(*) FILTER (WHERE {score} >= {GOOD}), round(avg({score})),
                   count(*) FILTER (WHERE review_on <= %(today)s), count(*) FILTER (WHERE keeper_id IS NULL), {lacking}
                FROM (SELECT c.store_id, c.review_on, c.keeper_id, {held} FROM customers_customer c
                      WHERE c.erased_at IS NULL) f GROUP BY store_id""",  # noqa: S608 - SQL of ours
            {"today": today, "fresh": _fresh(today)},
        )
        return [
            {
                "store_id": row[0],
                "files": row[1],
                "complete": row[2],
                "score": int(row[3]),
                "overdue": row[4],
                "unkept": row[5],
                "lacking": dict(zip((f.code for f in FIELDS), row[6:], strict=True)),
            }
            for row in cursor.fetchall()
        ]


def count_day(*, today: date) -> None:
    """Keep today's figures of the scope's stores; again on the same day replaces them."""
    from cheban.customers.models import QualityDay

    for found in figures(today=today):
        store_id = found.pop("store_id")
        QualityDay.objects.update_or_create(store_id=store_id, on=today, defaults=found | {"counted_at": clock.now()})


def board() -> dict[str, Any]:
    """The scope's figures as last counted: whole, per field, per store. Two queries."""
    from cheban.customers.models import QualityDay
    from cheban.org.models import Store

    now = list(QualityDay.objects.order_by("store_id", "-on").distinct("store_id"))
    stores = dict(Store.objects.values_list("id", "name"))
    files = sum(day.files for day in now)
    return {
        "files": files,
        "percent": _percent(sum(day.complete for day in now), files),
        "target": TARGET_PERCENT,
        "counted_at": max((day.counted_at for day in now), default=None),
        "overdue": sum(day.overdue for day in now),
        "unkept": sum(day.unkept for day in now),
        "fields": sorted(
            (
                {
                    "code": field.code,
                    "label": field.label,
                    "weight": field.weight,
                    "missing": (missing := sum(day.lacking.get(field.code, 0) for day in now)),
                    "percent": _percent(missing, files),
                }
                for field in FIELDS
            ),
            key=lambda each: -each["weight"] * each["missing"],
        ),
        "stores": sorted(
            (
                {
                    "name": stores.get(day.store_id, ""),
                    "percent": _percent(day.complete, day.files),
                    "files": day.files,
                    "score": day.score,
                }
                for day in now
            ),
            key=lambda each: each["percent"] or 0,
        ),
    }


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None


def due_after_review(today: date) -> date:
    """When a file that was looked through today is due again."""
    month = today.month - 1 + REVIEW_MONTHS
    return date(today.year + month // 12, month % 12 + 1, min(today.day, 28))
