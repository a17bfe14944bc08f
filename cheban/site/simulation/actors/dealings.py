"""New cars are handed over by two, handed on to service, and what was promised is kept, late or not at all. R024-R042.

Who forgets elsewhere forgets here: sheets come late or with guesses, first feedback is skipped, promises are broken.
"""

from __future__ import annotations

from datetime import time, timedelta

from django.core.files.uploadedfile import SimpleUploadedFile

from cheban.core.errors import Refused
from cheban.sales import feedback
from cheban.sales.deliveries import checklist
from cheban.sales.deliveries import commands as delivering
from cheban.sales.handover import commands as handing
from cheban.sales.handover import fields
from cheban.sales.models import FirstFeedback, HandoverRevision, HandoverSheet, SalesPromise, VehicleDelivery
from cheban.sales.promises import commands as promising
from cheban.site.simulation import behaviour
from cheban.site.simulation.world import Car, Place, Worker, World, moment_of

LOOKS_AT = time(9, 10)
PROMISES = (
    ("gift", "原厂脚垫和行车记录仪", 14, "sales"),
    ("care_package", "三年六次基础养护套餐", 150, "service"),
    ("warranty", "电池质保延长", 30, "sales"),
    ("price", "置换补贴", 10, "sales"),
    ("gift", "全车镀膜一次", 5, "service"),
)
QUESTIONS = ("手机怎么连车机", "没有问题", "自动泊车怎么用", "胎压报警怎么复位", "续航和仪表差多少")
NEEDS = ("", "", "父母也想换车", "问家里能不能装充电桩", "想给公司再看一台商务车")


def begin(world: World) -> None:
    """Each open morning sales looks which new cars wait for their buyers."""
    for place in world.places.values():
        seen: set[str] = set()
        for day in world.days():
            if world.is_open(place.store.id, day):
                world.plan(day, LOOKS_AT, "dealings", place.store.code, lambda p=place, s=seen: _look(world, p, s))


def _look(world: World, place: Place, seen: set[str]) -> None:
    """Cars that the house heard of lately get their delivery."""
    first = world.today - timedelta(days=10)
    for car in sorted(world.cars.values(), key=lambda c: c.vin):
        if car.id is None or car.vin in seen or car.owner.store_id != place.store.id or car.bought < first:
            continue
        seen.add(car.vin)
        if car.is_gone or car.owner.id is None or car.services or car.bought < world.begin:
            continue
        day = world.open_day(place.store.id, world.today + timedelta(days=world.dice.whole(0, 2, "deliver", car.vin)))
        at = moment_of(world.dice.whole(10 * 3600, 16 * 3600, "deliver at", car.vin))
        world.plan(day, at, "dealings", f"delivers {car.vin}", lambda c=car: _deliver(world, place, c))


def _there(world: World, place: Place, role: str, *about: object) -> Worker | None:
    found = [w for w in place.of_role(role) if not w.is_away(world.now)]
    return world.dice.pick(found, role, *about) if found else None


def _deliver(world: World, place: Place, car: Car) -> None:
    """Two people explain, the buyer drives off; one car in two takes a promise along."""
    sales = _there(world, place, "sales_consultant", car.vin)
    service = _there(world, place, "service_specialist", car.vin)
    if sales is None or service is None or sales.staff_id == service.staff_id or car.is_gone:
        return
    dice = world.dice
    with world.at(place.store.id):
        try:
            delivery = delivering.plan(
                by=sales.actor,
                vehicle_id=car.id,
                scheduled_at=world.now,
                sales_consultant_id=sales.staff_id,
                service_specialist_id=service.staff_id,
            )
        except Refused:
            return  # the file with this car was taken back
        for point in checklist.POINTS:
            by = sales if point.side == "sales" else service
            delivering.tick(delivery, by=by.actor, point=point.code, is_done=True)
        delivering.complete(delivery, by=sales.actor)
        world.count["cars delivered"] += 1
        if dice.happens(behaviour.PROMISES, "promises", car.vin):
            _promise(world, place, car, sales, service)
    late = dice.happens(sales.temper.forgets, "sheet late", car.vin)
    hours = dice.whole(26, 70, "sheet after", car.vin) if late else dice.whole(1, 20, "sheet after", car.vin)
    _later(world, place, hours, f"sends {car.vin}", lambda: _send(world, place, car, delivery.id))
    if not dice.happens(service.temper.forgets, "no feedback", car.vin):
        hours = dice.whole(20, 70, "feedback after", car.vin)
        _later(world, place, hours, f"feedback {car.vin}", lambda: _hear(world, place, car, delivery.id))


def _later(world: World, place: Place, hours: int, key: str, do) -> None:
    """So many hours from now, in opening hours."""
    moment = world.now + timedelta(hours=hours)
    day, at = moment.date(), min(max(moment.time(), time(9, 0)), time(17, 0))
    world.plan(world.open_day(place.store.id, day), at, "dealings", key, do)


def _promise(world: World, place: Place, car: Car, sales: Worker, service: Worker) -> None:
    kind, what, days, side = world.dice.pick(PROMISES, "which promise", car.vin)
    made = promising.make(
        by=sales.actor,
        customer_id=car.owner.id,
        vehicle_id=car.id,
        kind=kind,
        what=what,
        evidence="合同补充条款",
        due_on=world.today + timedelta(days=days),
        side=side,
        keeper_id=(sales if side == "sales" else service).staff_id,
        proofs=[_scan()] if world.dice.happens(behaviour.PROVES, "proves", car.vin) else (),
    )
    world.count["promises made"] += 1
    late = world.dice.happens((sales if side == "sales" else service).temper.forgets, "promise late", car.vin)
    day = world.today + timedelta(days=days + (4 if late else -1))
    at = moment_of(world.dice.whole(9 * 3600, 16 * 3600, "promise at", car.vin))
    day = world.open_day(place.store.id, max(day, world.today + timedelta(days=1)))
    world.plan(day, at, "dealings", f"keeps {car.vin}", lambda: _settle(world, place, car, made.id, side))


def _scan() -> SimpleUploadedFile:
    """The contract as the scanner on the first floor gives it."""
    return SimpleUploadedFile("scan.pdf", b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\nstartxref\n9\n%%EOF\n")


def _settle(world: World, place: Place, car: Car, promise_id, side: str) -> None:
    """Kept, or said to be impossible; now and then the customer remembers it differently."""
    by = _there(world, place, "sales_consultant" if side == "sales" else "service_specialist", car.vin, "settles")
    with world.at(place.store.id):
        promise = SalesPromise.objects.filter(id=promise_id, state="open").first()
        if by is None or promise is None:
            return
        if world.dice.happens(behaviour.DISPUTES, "disputes", car.vin):
            promising.dispute(promise, by=by.actor, claimed="客户说当时答应的更多")
            world.count["promises disputed"] += 1
        if world.dice.happens(behaviour.BREAKS_PROMISES, "breaks", car.vin):
            promising.give_up(promise, by=by.actor, how="厂家活动结束，已向客户道歉并换成一次洗车")
            world.count["promises broken"] += 1
        else:
            promising.keep(promise, by=by.actor, how="客户签收")
            world.count["promises kept"] += 1


def _said(world: World, car: Car, *about: object) -> dict:
    """What sales fills in: one of each kind."""
    said: dict = {}
    for field in fields.ASKED:
        codes = [code for code, _label in field.choices]
        if field.kind == "choice":
            said[field.code] = world.dice.pick(codes, field.code, car.vin, *about)
        elif field.kind == "choices":
            said[field.code] = [world.dice.pick(codes, field.code, car.vin, *about)]
    return said


def _send(world: World, place: Place, car: Car, delivery_id) -> None:
    by = _there(world, place, "sales_consultant", car.vin, "sends")
    with world.at(place.store.id):
        sheet = HandoverSheet.objects.filter(delivery_id=delivery_id, state__in=["draft", "sent_back"]).first()
        if by is None or sheet is None:
            return
        said = _said(world, car, sheet.version)
        try:
            revision = handing.fill_in_and_send(sheet, by=by.actor, data=said, version=sheet.version)
        except Refused:
            return  # the car's file lacks something
        world.count["sheets sent"] += 1
    hours = world.dice.whole(1, 20, "answers after", car.vin, revision.number)
    _later(
        world,
        place,
        hours,
        f"answers {car.vin} {revision.number}",
        lambda: _answer(world, place, car, revision.id, careless=by.temper.forgets),
    )


def _answer(world: World, place: Place, car: Car, revision_id, *, careless: float) -> None:
    """Service confirms; who forgets much guesses much, and more lines come back."""
    by = _there(world, place, "service_specialist", car.vin, "answers")
    with world.at(place.store.id):
        revision = HandoverRevision.objects.filter(id=revision_id, answered_at__isnull=True).first()
        if by is None or revision is None or revision.sent_by_id == by.staff_id:
            return
        wrong = {
            code: "与客户说的不一致"
            for code in revision.content
            if revision.number < 3 and world.dice.happens(0.01 + careless / 5, "wrong", car.vin, code, revision.number)
        }
        checks = {code: code not in wrong for code in revision.content}
        handing.answer(revision, by=by.actor, checks=checks, remarks=wrong)
        world.count["sheets sent back" if wrong else "sheets confirmed"] += 1
        delivery_id = revision.sheet.delivery_id
    if wrong:
        _later(world, place, 3, f"corrects {car.vin}", lambda: _send(world, place, car, delivery_id))


def _hear(world: World, place: Place, car: Car, delivery_id) -> None:
    by = _there(world, place, "service_specialist", car.vin, "hears")
    with world.at(place.store.id):
        delivery = VehicleDelivery.objects.filter(id=delivery_id).first()
        if by is None or delivery is None:
            return
        feedback.record_first(
            delivery,
            by=by.actor,
            questions=world.dice.pick(QUESTIONS, "asks", car.vin),
            needs=world.dice.pick(NEEDS, "needs", car.vin),
        )
        world.count["first feedback"] += 1
    _later(world, place, 6, f"reads {car.vin}", lambda: _read(world, place, car, delivery_id))


def _read(world: World, place: Place, car: Car, delivery_id) -> None:
    by = _there(world, place, "sales_consultant", car.vin, "reads")
    with world.at(place.store.id):
        made = FirstFeedback.objects.select_related("delivery").filter(delivery_id=delivery_id).first()
        if by is not None and made is not None:
            feedback.read(made, by=by.actor)
