"""The first service feedback: what service hears in the first three days, told to the sales consultant. R039, R042."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.errors import WrongState
from cheban.core.events import record
from cheban.core.live import announce
from cheban.org.access import Actor, command
from cheban.sales.errors import Invalid
from cheban.sales.models import FirstFeedback, VehicleDelivery

MOST = 500


@command("feedback.record")
def record_first(delivery: VehicleDelivery, *, by: Actor, questions: str, needs: str = "") -> FirstFeedback:
    """Questions about using the car, and needs that showed; once per delivery. Raises Invalid, WrongState."""
    questions, needs = " ".join(questions.split()), " ".join(needs.split())
    if delivery.state != VehicleDelivery.State.COMPLETED:
        raise WrongState(_("车还没有交付。"))
    if not questions:
        raise Invalid(_("请写下客户问了什么；没有问题就写“没有问题”。"), questions=_("客户问了什么？"))
    for name, text in (("questions", questions), ("needs", needs)):
        if len(text) > MOST:
            raise Invalid(_("最多 %(n)d 个字。") % {"n": MOST}, **{name: _("太长了。")})
    try:
        with transaction.atomic():
            made = FirstFeedback.objects.create(
                store_id=delivery.store_id,
                delivery=delivery,
                questions=questions,
                needs=needs,
                by_id=by.staff_id,
                at=clock.now(),
            )
    except IntegrityError:
        raise WrongState(_("这次交车的首次反馈已经登记过。")) from None
    _tell(made, delivery, "feedback.recorded", by=by, delivery_id=str(delivery.id), questions=questions)
    return made


@command("feedback.read")
def read(feedback: FirstFeedback, *, by: Actor) -> None:
    """The sales consultant has seen it. Safe to repeat; the first reading counts."""
    now = clock.now()
    if FirstFeedback.objects.filter(id=feedback.id, read_at__isnull=True).update(read_at=now, read_by_id=by.staff_id):
        _tell(feedback, feedback.delivery, "feedback.read", by=by)


def _tell(feedback: FirstFeedback, delivery: VehicleDelivery, name: str, *, by: Actor, **facts: object) -> None:
    announce("delivery", delivery.id)
    announce("customer", delivery.customer_id)
    record(
        name,
        store_id=delivery.store_id,
        actor_id=by.staff_id,
        customer_id=delivery.customer_id,
        vehicle_id=delivery.vehicle_id,
        feedback_id=str(feedback.id),
        **facts,
    )
