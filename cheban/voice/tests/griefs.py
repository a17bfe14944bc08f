"""Builders of the voice room's tests."""

from __future__ import annotations

from cheban.core import clock
from cheban.customers import commands as customers
from cheban.org import dispatch, scope
from cheban.org.access import Actor
from cheban.org.roles import Role
from cheban.playbook import ladder
from cheban.voice.complaints import commands, solving
from cheban.voice.models import Complaint, Finding, Solution
from tests import given

BRAKES = "昨天高速上刹车突然失灵，差点追尾"
SLOW = "预约了十点，等到下午两点才有人接车，没有一个人道歉"


def work(cast) -> None:
    """Everything that is due now, in the store's scope: reactions, the ladder."""
    while dispatch.run_pending():
        pass
    scope.set_stores([cast.a.id])
    ladder.escalate_overdue(at=clock.now())
    while dispatch.run_pending():
        pass
    scope.set_stores([cast.a.id])


def owner(cast, name: str = "王小明", phone: str = "13800001234", **car):
    """A customer with a car that the cast's sales consultant and specialist look after."""
    made = given.customer(cast.a, name, phone=phone)
    made.car = given.vehicle(
        cast.a,
        made,
        **{
            "vin": "LSVAA4187E2000001",
            "plate": "沪A8K3X1",
            "sales_consultant_id": cast.staff[Role.SALES_CONSULTANT].id,
            "service_specialist_id": cast.staff[Role.SERVICE_SPECIALIST].id,
        }
        | car,
    )
    return made


def note(cast, customer, text: str = BRAKES, *, role: str = Role.CALLER):
    """A colleague writes down what the customer said, and everything that follows happens."""
    event = customers.add_note(customer, by=cast.actor(role), text=text)
    work(cast)
    return event


def filed(cast, customer=None, **changed) -> Complaint:
    """A complaint about waiting, filed by the caller."""
    customer = customer or owner(cast)
    asked = {"channel": "phone", "kind": "waiting", "text": SLOW, "vehicle_id": customer.car.id} | changed
    made = commands.file(by=cast.actor(Role.CALLER), customer_id=customer.id, **asked)
    work(cast)
    return Complaint.objects.get(id=made.id)


def answered(cast, complaint: Complaint | None = None) -> Complaint:
    """Answered for the first time by the sales consultant."""
    complaint = complaint or filed(cast)
    commands.answer(complaint, by=sales(cast), text="已道歉，说明今天三方查证，明天给方案")
    return complaint


def examined(cast, complaint: Complaint | None = None) -> Complaint:
    """Answered, and all three have looked."""
    complaint = answered(cast, complaint)
    for side, by in (("sales", sales(cast)), ("service", service(cast)), ("quality", quality(cast))):
        card = Finding.objects.get(complaint=complaint, side=side)
        commands.find(card, by=by, text="查过了", is_ours=side == "service")
    complaint.refresh_from_db()
    return complaint


def round_of(complaint: Complaint) -> Solution:
    """The running round of its solution."""
    return Solution.objects.get(complaint=complaint, objected_at__isnull=True)


def proposal(cast, **changed) -> dict:
    """What a good proposal says."""
    return {
        "cause": "planning",
        "measure": "当面道歉，下次保养免工时",
        "improvement": "十点的预约只收两台",
        "compensation_fen": 20_000,
        "speaker_id": cast.staff[Role.SALES_CONSULTANT].id,
        "executor_id": cast.staff[Role.SERVICE_SPECIALIST].id,
    } | changed


def agreed(cast, complaint: Complaint | None = None, **changed) -> Complaint:
    """With its joint solution."""
    complaint = examined(cast, complaint)
    solving.propose(round_of(complaint), by=quality(cast), **proposal(cast, **changed))
    complaint.refresh_from_db()
    return complaint


def carried_out(cast, complaint: Complaint | None = None) -> Complaint:
    """Done; the customer has not said anything yet."""
    complaint = agreed(cast, complaint)
    solving.carry_out(round_of(complaint), by=service(cast), how="已道歉，券已发")
    complaint.refresh_from_db()
    return complaint


def closed(cast, complaint: Complaint | None = None) -> Complaint:
    """Confirmed by the customer on the telephone."""
    complaint = carried_out(cast, complaint)
    solving.confirm(round_of(complaint), by=sales(cast), said="可以，谢谢")
    complaint.refresh_from_db()
    return complaint


def sales(cast) -> Actor:
    """The sales consultant."""
    return cast.actor(Role.SALES_CONSULTANT)


def service(cast) -> Actor:
    """The service specialist."""
    return cast.actor(Role.SERVICE_SPECIALIST)


def quality(cast) -> Actor:
    """Quality control."""
    return cast.actor(Role.QUALITY_CONTROL)
