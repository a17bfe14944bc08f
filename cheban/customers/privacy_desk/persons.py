"""How many people's data the house holds, and what the law asks from which number on. Counted every night.

汽车数据安全管理若干规定 art. 3: dealers and repairers are processors; personal data of more than 100,000 people are
"important data" (yearly report, risk assessment). From 1,000,000 on, a person in charge is named to the authority
(PIPL 52 and the rules made under it). Not legal advice; the operator signs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from cheban.core import clock
from cheban.customers.privacy_desk.models import PersonCount


@dataclass(frozen=True, slots=True)
class Threshold:
    """From `people` on, `says`; `is_duty` where a law begins, else a warning before it."""

    people: int
    says: Any
    is_duty: bool


THRESHOLDS = (
    Threshold(80_000, _("接近 10 万人：请准备重要数据的风险评估与年度报告。"), False),
    Threshold(
        100_000, _("超过 10 万人：属于重要数据，应做风险评估，每年 12 月 15 日前报送年度数据安全管理情况。"), True
    ),
    Threshold(1_000_000, _("超过 100 万人：应指定个人信息保护负责人并报送，定期做合规审计。"), True),
)


def count(*, today: date) -> int:
    """Count and keep today's number, in the running scope (all stores): people, each once whatever their stores.

    Files with the same first telephone are one person; companies and erased files are none.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(DISTINCT coalesce(p.value_blind, uuid_send(c.id)))
               FROM customers_customer c LEFT JOIN customers_contactpoint p ON p.customer_id = c.id AND p.is_primary
                 AND p.kind IN ('mobile', 'landline')
               WHERE c.kind = 'person' AND c.erased_at IS NULL"""
        )
        [people] = cursor.fetchone()
    PersonCount.objects.update_or_create(on=today, defaults={"people": people, "counted_at": clock.now()})
    return people


def standing() -> dict[str, Any]:
    """The last count and the highest threshold it has passed: {people, counted_at, threshold}. One query."""
    last = PersonCount.objects.order_by("-on").first()
    people = last.people if last else 0
    passed = [each for each in THRESHOLDS if people >= each.people]
    return {
        "people": people,
        "counted_at": last.counted_at if last else None,
        "threshold": passed[-1] if passed else None,
    }
