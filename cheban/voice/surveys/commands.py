"""Every change of a survey: invite, look at it, answer, change the answer. R132, R135, Y05."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from cheban.core import clock, owner_links
from cheban.core.errors import NotFound
from cheban.core.events import record
from cheban.core.ids import new_id
from cheban.customers.models import Customer
from cheban.messaging import commands as messaging
from cheban.messaging.commands import Owed
from cheban.org.models import Store
from cheban.voice.surveys.errors import Invalid, Over
from cheban.voice.surveys.models import LONGEST, Survey
from cheban.voice.surveys.plans import ASKING, Plan

KIND = "survey"
POINTS = ("sales_points", "service_points")


def invite(
    plan: Plan,
    *,
    store: Store,
    cause: str,
    customer_id: UUID,
    vehicle_id: UUID | None,
    happened_at: datetime,
    sales_staff_id: int | None,
    service_staff_id: int | None,
) -> Survey | None:
    """Ask a customer about this occasion; the invitation is owed at the plan's moment. None for who was asked lately,
    said no to such messages, or whose occasion is too old. Needs scope; safe to run twice."""
    now, terms = clock.now(), ASKING.terms
    if happened_at < now - timedelta(days=plan.late_days):
        return None
    with transaction.atomic():
        # One decision about a customer at a time: two visits of one day come in one file.
        customer = Customer.objects.select_for_update(no_key=True).get(id=customer_id)
        asked = Survey.objects.filter(store_id=store.id, cause=cause)
        lately = Survey.objects.filter(customer_id=customer_id, invited_at__gt=now - timedelta(days=terms.gap_days))
        if customer.erased_at or {"all", "service"} & set(customer.refused_purposes) or asked or lately:
            return None
        id, at = new_id(), max(plan.invites_at(happened_at, tz=store.time_zone), now)
        made = Survey.objects.create(
            id=id,
            store_id=store.id,
            kind=plan.kind,
            cause=cause,
            customer_id=customer_id,
            vehicle_id=vehicle_id,
            sales_staff_id=sales_staff_id,
            service_staff_id=service_staff_id,
            happened_at=happened_at,
            invited_at=at,
            expires_at=at + timedelta(days=terms.lives_days),
            link_digest=owner_links.digest(token_of(id, store_id=store.id)),
        )
        messaging.send(
            Owed(
                key=f"survey:{id}",
                kind="survey.invited",
                channel="sms",
                store_id=store.id,
                customer_id=customer_id,
                vehicle_id=vehicle_id,
                facts={"survey_id": str(id)},
                not_before_at=at,
            )
        )
        _tell(made, "survey.invited", at=now)
    return made


def token_of(survey_id: UUID, *, store_id: int) -> str:
    """The token of a survey's link."""
    return owner_links.token_of(KIND, survey_id, store_id=store_id)


def opened(survey: Survey, *, at: datetime) -> None:
    """The customer looks at the questions; noted the first time."""
    if survey.opened_at is None:
        Survey.objects.filter(id=survey.id, opened_at__isnull=True).update(opened_at=at)


def answer(survey_id: UUID, *, points: Mapping[str, str | int], said: str = "") -> Survey:
    """The customer's answer, or another one within the day. Needs scope. Raises Invalid naming the fields, Over.

    One link is one answer: of two who press at once one waits, and changes what the other wrote.
    """
    given, said = _points(points), _words(said)
    now, terms = clock.now(), ASKING.terms
    with transaction.atomic():
        found = Survey.objects.select_for_update(no_key=True).filter(id=survey_id).first()
        if found is None:
            raise NotFound(_("没有这份评价。"))
        is_first = found.answered_at is None
        if is_first and found.expires_at <= now:
            raise Over(_("这份评价已经过期。谢谢您愿意告诉我们，请直接联系门店。"))
        if not is_first and not may_change(found, at=now):
            raise Over(_("评价已经收下，超过 %(n)d 小时不能再改。有话请直接联系门店。") % {"n": terms.change_hours})
        if not is_first and (found.sales_points, found.service_points, found.said) == (*given, said):
            return found  # sent twice
        found.sales_points, found.service_points = given
        found.joint_points, found.said = (sum(given) + 1) // 2, said
        found.answered_at, found.changed_at = found.answered_at or now, None if is_first else now
        is_low = min(given) < terms.low
        becomes_low = is_low and found.low_at is None
        if becomes_low:
            found.low_at = now
        found.save()
        _tell(
            found,
            "survey.answered" if is_first else "survey.changed",
            at=now,
            sales_points_count=found.sales_points,
            service_points_count=found.service_points,
            joint_points_count=found.joint_points,
            low=is_low,
            sales_staff_id=found.sales_staff_id,
            service_staff_id=found.service_staff_id,
        )
        if becomes_low:
            record(
                "survey.low",
                store_id=found.store_id,
                at=now,
                customer_id=found.customer_id,
                vehicle_id=found.vehicle_id,
                survey_id=str(found.id),
            )
    return found


def may_change(survey: Survey, *, at: datetime) -> bool:
    """Whether an answer given may still be changed."""
    return survey.answered_at is not None and at < survey.answered_at + timedelta(hours=ASKING.terms.change_hours)


def _points(points: Mapping[str, str | int]) -> tuple[int, int]:
    """Both points as numbers. Raises Invalid naming each field."""
    found, wrong = [], {}
    for name in POINTS:
        text = str(points.get(name, "")).strip()
        if text.isascii() and text.isdigit() and len(text) <= 3 and int(text) <= 100:
            found.append(int(text))
        else:
            wrong[name] = _("请给 0 到 100 的整数分。") if text else _("请打个分。")
    if wrong:
        raise Invalid(_("还差一点：两个问题都请打分。"), **wrong)
    return found[0], found[1]


def _words(said: str) -> str:
    said = said.replace("\r\n", "\n").replace("\x00", "").strip()
    if len(said) > LONGEST:
        raise Invalid(
            _("留言最多 %(most)d 字，现在 %(n)d 字。") % {"most": LONGEST, "n": len(said)}, said=_("请写短一点。")
        )
    return said


def _tell(found: Survey, name: str, *, at: datetime, **facts: object) -> None:
    record(
        name,
        store_id=found.store_id,
        at=at,
        customer_id=found.customer_id,
        vehicle_id=found.vehicle_id,
        pages=[("surveys", found.store_id), ("customer", found.customer_id)],
        survey_id=str(found.id),
        kind=found.kind,
        **facts,
    )
