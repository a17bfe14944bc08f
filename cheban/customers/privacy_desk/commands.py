"""Taking, carrying out and closing requests of people about their own data. PIPL 44-50."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cheban.core import clock, live
from cheban.core.chinese_days import workdays_after
from cheban.core.errors import Refused
from cheban.core.events import record
from cheban.core.models import Event
from cheban.core.personal import holdings
from cheban.customers.commands import Invalid, write_consent
from cheban.customers.duplicates.queries import absorbed_ids
from cheban.customers.models import Consent, ContactPoint, Customer
from cheban.customers.privacy_desk import copies
from cheban.customers.privacy_desk.holdings import person_of
from cheban.customers.privacy_desk.models import ForgottenContact, PrivacyRequest
from cheban.org.access import Actor, audit, command

ANSWER_WORKDAYS = 15
"""Within how many working days a request is answered: 15 for apps by the regulators' method of 2019; PIPL 50 says 'in
time'. One deadline for all ways of asking."""


@command("privacy.take")
def take(
    customer: Customer, *, by: Actor, kind: str, channel: str, identity_check: str, received_at: datetime | None = None
) -> PrivacyRequest:
    """Put a request on record; its clock starts. Raises Invalid; Refused while one of its kind is open."""
    wrong = {}
    if kind not in PrivacyRequest.Kind.values:
        wrong["kind"] = _("请选择客户要什么。")
    if channel not in PrivacyRequest.Channel.values:
        wrong["channel"] = _("请选择客户怎样提出的。")
    if len(identity_check.strip()) < 2:
        wrong["identity_check"] = _("请写明怎样核对了本人身份，例如“当面看过身份证”。")
    if customer.erased_at:
        wrong["kind"] = _("这位客户的个人信息已经删除。")
    if wrong:
        raise Invalid(_("有几处需要改正。"), **wrong)
    received = received_at or clock.now()
    try:
        with transaction.atomic():
            made = PrivacyRequest.objects.create(
                store_id=customer.store_id,
                customer=customer,
                kind=kind,
                channel=channel,
                received_at=received,
                due_on=workdays_after(clock.day_of(received), ANSWER_WORKDAYS),
                identity_check=identity_check.strip()[:200],
                taken_by_id=by.staff_id,
            )
    except IntegrityError:
        raise Refused(_("这位客户已有一件同样的请求正在办理。")) from None
    record(
        "privacy.requested",
        store_id=customer.store_id,
        actor_id=by.staff_id,
        customer_id=customer.id,
        kind=kind,
        channel=channel,
        due_on=made.due_on.isoformat(),
    )
    live.announce("customer", customer.id)
    return made


@command("privacy.handle")
def answer(asked: PrivacyRequest, *, by: Actor, text: str, is_refused: bool = False) -> Event:
    """Close a request with what was answered. Raises Invalid without words, Refused when it is closed already."""
    text = text.strip()
    if not text:
        raise Invalid(_("请写明怎样答复的客户；不予办理的要写明理由。"), answer=_("不能为空。"))
    if asked.kind == PrivacyRequest.Kind.ERASE and not is_refused and asked.customer.erased_at is None:
        raise Refused(_("还没有删除。请先执行删除，或写明理由后选“不予办理”。"))
    return _close(asked, by=by, text=text, state="refused" if is_refused else "done")


def _close(asked: PrivacyRequest, *, by: Actor, text: str, state: str) -> Event:
    closed = PrivacyRequest.objects.filter(id=asked.id, state="open").update(
        state=state, answer=text[:500], closed_by_id=by.staff_id, closed_at=clock.now()
    )
    if not closed:
        raise Refused(_("这件请求已经办结。"))
    live.announce("customer", asked.customer_id)
    return record(
        "privacy.answered",
        store_id=asked.store_id,
        actor_id=by.staff_id,
        customer_id=asked.customer_id,
        kind=asked.kind,
        state=state,
    )


@command("privacy.handle")
def copy(asked: PrivacyRequest, *, by: Actor, form: str) -> bytes:
    """Everything the house holds about the person, as 'json' or 'pdf'; one audit row. Raises Invalid."""
    if form not in copies.FORMS:
        raise Invalid(_("副本只有 JSON 和 PDF 两种。"))
    if asked.state != PrivacyRequest.State.OPEN or asked.kind != PrivacyRequest.Kind.COPY:
        raise Refused(_("只有正在办理的“查阅、复制”请求可以出具副本。"))
    customer = asked.customer
    person = person_of(customer, absorbed_ids(customer.id))
    made = copies.FORMS[form](copies.gather(person))
    audit(
        "person.copied",
        by=by,
        subject=f"customer:{customer.id}",
        store_id=customer.store_id,
        reason=_("个人信息请求 %(on)s") % {"on": clock.day_of(asked.received_at).isoformat()},
        form=form,
        request=str(asked.id),
    )
    record("privacy.copied", store_id=customer.store_id, actor_id=by.staff_id, customer_id=customer.id, kind=form)
    return made


@command("privacy.handle")
def withdraw(asked: PrivacyRequest, *, by: Actor, purposes: list[str]) -> int:
    """Write down what is no longer agreed to, with the request as proof; obeyed from the next moment on."""
    if asked.state != PrivacyRequest.State.OPEN or asked.kind != PrivacyRequest.Kind.WITHDRAW:
        raise Refused(_("只有正在办理的“撤回同意”请求可以这样登记。"))
    wanted = [purpose for purpose in Consent.Purpose.values if purpose in purposes]
    if not wanted:
        raise Invalid(_("请至少选一个用途。"), purposes=_("请选择。"))
    customer = Customer.objects.select_for_update().get(id=asked.customer_id)
    proof = _("个人信息请求 %(on)s") % {"on": clock.day_of(asked.received_at).isoformat()}
    for purpose in wanted:
        write_consent(customer, purpose=purpose, channel="any", is_given=False, proof=proof, by_id=by.staff_id)
    return len(wanted)


@command("privacy.erase")
def erase(asked: PrivacyRequest, *, by: Actor, text: str) -> dict[str, int]:
    """Erase or blank everything that all rooms hold about the person, and close the request: one transaction.

    What laws make us keep stays without a name (`Holding.kept`). There is no way back. Returns holding -> rows.
    """
    text = text.strip()
    if not text:
        raise Invalid(_("请写明怎样答复的客户。"), answer=_("不能为空。"))
    if asked.state != PrivacyRequest.State.OPEN or asked.kind != PrivacyRequest.Kind.ERASE:
        raise Refused(_("只有正在办理的“删除”请求可以执行删除。"))
    customer = Customer.objects.select_for_update().get(id=asked.customer_id)
    if customer.erased_at:
        raise Refused(_("这位客户的个人信息已经删除。"))
    person = person_of(customer, absorbed_ids(customer.id))
    _close(asked, by=by, text=text, state="done")
    PrivacyRequest.objects.filter(customer_id__in=person.ids).update(identity_check=_("（已随删除请求清除）"))
    found = {holding.code: holding.erase(person) for holding in holdings()}
    audit(
        "person.erased",
        by=by,
        subject=f"customer:{customer.id}",
        store_id=customer.store_id,
        request=str(asked.id),
        **{code: count for code, count in found.items() if count},
    )
    record(
        "customer.erased",
        store_id=customer.store_id,
        actor_id=by.staff_id,
        customer_id=customer.id,
        rows_count=sum(found.values()),
    )
    live.announce("customer", customer.id)
    return found


def obey_forgotten(customer_ids: list[Any] | None = None) -> int:
    """Files that hold the number of somebody who was erased, and that came by no act of theirs (an import), are
    contacted by nobody until they say so themselves. In the running scope; returns how many. Reliability 45."""
    points = ContactPoint.objects.filter(value_blind__in=ForgottenContact.objects.values("value_blind"))
    if customer_ids is not None:
        points = points.filter(customer_id__in=customer_ids)
    known = Customer.objects.filter(id__in=points.values("customer_id"), batch__isnull=False)
    return (
        known.exclude(refused_purposes__contains=["all"])
        .exclude(consents__is_given=True)
        .update(refused_purposes=["all"], changed_at=clock.now())
    )
