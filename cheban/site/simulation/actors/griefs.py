"""Customers complain in words, some of them alarming; the house answers, looks, solves, or lets the clock run out. R113-R128.

Who forgets elsewhere forgets here: alerts go up the ladder, findings come late, solutions cost more than one may grant.
"""

from __future__ import annotations

from datetime import time, timedelta
from uuid import UUID

from cheban.core.errors import Refused
from cheban.customers import commands as customers
from cheban.customers.models import Customer
from cheban.site.simulation import behaviour
from cheban.site.simulation.world import Person, Place, Worker, World, moment_of
from cheban.voice.complaints import alarms, commands, links, solving, tables
from cheban.voice.models import Alert, Complaint, Finding, Solution

LOOKS_AT = (time(9, 20), time(11, 10), time(14, 20), time(16, 30))
ALARMING = (
    "昨天下高速刹车突然失灵，差点撞上前车。",
    "方向盘卡死了一下，吓得我停在路边。",
    "行驶中突然熄火，失去动力。",
    "发动机舱冒烟，我不敢再开了。",
)
ANGRY = (
    ("waiting", "预约十点，等到下午才有人接车。"),
    ("repair", "修完两天又坏了，白跑一趟。"),
    ("cost", "结账比报价多了八百，没人提前说。"),
    ("attitude", "前台说话很冲，像我求着你们修车。"),
    ("promise", "答应送的保养，系统里说没有。"),
    ("quality", "新车中控屏老是黑屏。"),
)
CAUSE_OF = {
    "safety": "part",
    "waiting": "planning",
    "repair": "workmanship",
    "cost": "price",
    "attitude": "manner",
    "promise": "promise_forgotten",
    "quality": "design",
    "other": "explained_badly",
}
ROLE_OF = {side.code: str(side.role) for side in tables.SIDES}


def begin(world: World) -> None:
    """Customers complain through the year; four times a day the stores look at what is open."""
    owners = world.owners()
    for person in sorted(world.people.values(), key=lambda p: p.key):
        often = behaviour.yearly(behaviour.GRIEVES_A_YEAR, behaviour.GRIEFS_AT_LEAST, owners[person.store_id])
        for day in world.times_of("grieves", person.key, often):
            day = world.open_day(person.store_id, day)
            at = moment_of(world.dice.whole(9 * 3600, 17 * 3600, "grieves at", person.key, day))
            world.plan(day, at, "griefs", f"grieves {person.key}", lambda p=person: _grieve(world, p))
    for place in world.places.values():
        for day in world.days():
            if world.is_open(place.store.id, day):
                for n, at in enumerate(LOOKS_AT):
                    world.plan(day, at, "griefs", f"looks {place.store.code} {n}", lambda p=place: _look(world, p))


def _grieve(world: World, person: Person) -> None:
    """Told at the desk, written in a note with alarming words, or filed by the owner's own link."""
    by = world.meets(person)
    if person.id is None or by is None or person.has_moved:
        return
    cars = [c for c in world.cars_of(person) if c.id]
    car = cars[0] if cars else None
    dice, about = world.dice, (person.key, world.today)
    with world.at(person.store_id):
        customer = Customer.objects.filter(id=person.id, erased_at__isnull=True).first()
        if customer is None:
            return
        if dice.happens(behaviour.ALARMS, "alarming", *about):
            customers.add_note(customer, by=by.actor, text=dice.pick(ALARMING, "words", *about))
            world.count["alarming words"] += 1
            return
        kind, text = dice.pick(ANGRY, "angry", *about)
        try:
            commands.file(
                by=by.actor,
                customer_id=customer.id,
                vehicle_id=car.id if car else None,
                channel=dice.pick(("phone", "visit", "conversation"), "channel", *about),
                kind=kind,
                text=text,
                amount_fen=80_000 if kind == "cost" else None,
            )
        except Refused:
            return  # the car is somebody else's by now
        world.count["complaints"] += 1


def _there(world: World, place: Place, role: str, *about: object) -> Worker | None:
    found = [w for w in place.of_role(role) if not w.is_away(world.now)]
    return world.dice.pick(found, role, *about) if found else None


def _look(world: World, place: Place) -> None:
    """One round through what is open: each takes the next step, or forgets it until later."""
    with world.at(place.store.id):
        for alert in Alert.objects.filter(acknowledged_at__isnull=True, ended_at__isnull=True).order_by("raised_at"):
            by = _there(world, place, "quality_control", alert.raised_at) or _there(
                world, place, "store_manager", alert.raised_at
            )
            if by and not world.dice.happens(by.temper.forgets, "alert", alert.raised_at, world.now):
                alarms.acknowledge(alert, by=by.actor)
                world.count["alerts taken"] += 1
        waits = Complaint.objects.filter(state__in=tables.OPEN, store_id=place.store.id)
        open_ones = list(waits.order_by("filed_at", "text"))
        rounds, cards = _papers(open_ones)
        for complaint in open_ones:
            solution = rounds.get(complaint.id)
            for step in (_answer, _find, _propose, _approve, _carry_out, _hear_back):
                if step(world, place, complaint, solution, cards.get(complaint.id, [])):
                    break
        for complaint in Complaint.objects.filter(
            state="closed", checked_at__isnull=True, check_on__lte=world.today, store_id=place.store.id
        ).order_by("filed_at", "text"):
            by = _there(world, place, "quality_control", complaint.filed_at)
            if by and _cares(world, by, complaint, "check"):
                again = world.dice.happens(behaviour.RECURS, "recurs", complaint.filed_at)
                solving.check(complaint, by=by.actor, has_recurred=again, note="电话问过客户")
                world.count["complaints checked"] += 1


def _cares(world: World, by: Worker, complaint: Complaint, what: str) -> bool:
    """Whether this person gets round to it now; who forgets much needs several looks."""
    return world.dice.happens(0.75 * (1 - by.temper.forgets), what, complaint.filed_at, complaint.text, world.now)


Papers = tuple[dict[UUID, Solution], dict[UUID, list[Finding]]]


def _papers(complaints: list[Complaint]) -> Papers:
    """What lies on the table: the running solution and the cards still to fill in, by complaint."""
    rounds, cards = {}, {}
    if complaints:
        for solution in Solution.objects.filter(complaint__in=complaints, objected_at__isnull=True).order_by("-id"):
            rounds[solution.complaint_id] = solution
        for card in Finding.objects.filter(complaint__in=complaints, recorded_at__isnull=True).order_by("side"):
            cards.setdefault(card.complaint_id, []).append(card)
    return rounds, cards


def _answer(world: World, place: Place, complaint: Complaint, *_papers: object) -> bool:
    if complaint.state != "filed":
        return False
    by = _there(world, place, "sales_consultant", complaint.filed_at)
    if by and _cares(world, by, complaint, "answer"):
        commands.answer(complaint, by=by.actor, text="已道歉，三方今天查证")
        world.count["complaints answered"] += 1
        return True
    return False


def _find(world: World, place: Place, complaint: Complaint, _solution: Solution | None, cards: list[Finding]) -> bool:
    done = False
    for card in cards:
        by = _there(world, place, ROLE_OF[card.side], complaint.filed_at, card.side)
        if by and _cares(world, by, complaint, f"find {card.side}"):
            ours = world.dice.happens(0.35, "ours", complaint.filed_at, card.side)
            commands.find(card, by=by.actor, text="已查，见记录", is_ours=ours)
            done = True
    return done


def _propose(world: World, place: Place, complaint: Complaint, solution: Solution | None, _cards: object) -> bool:
    if complaint.state != "examined" or solution is None or solution.needs_role:
        return False
    by = _there(world, place, "quality_control", complaint.filed_at)
    if not by or not _cares(world, by, complaint, "propose"):
        return False
    yuan = world.dice.pick(behaviour.COMPENSATIONS, "yuan", complaint.filed_at, solution.round)
    try:
        solving.propose(
            solution,
            by=by.actor,
            cause=CAUSE_OF[complaint.kind],
            measure="道歉并免费返工",
            compensation_fen=yuan * 100,
            speaker_id=complaint.speaker_id or by.staff_id,
            executor_id=complaint.executor_id or by.staff_id,
        )
    except Refused:
        return False  # whoever was to speak has left the store
    world.count["solutions proposed"] += 1
    return True


def _approve(world: World, place: Place, complaint: Complaint, solution: Solution | None, _cards: object) -> bool:
    if solution is None or solution.needs_role != "store_manager":
        return False
    by = _there(world, place, "store_manager", complaint.filed_at)
    if not by or not _cares(world, by, complaint, "approve"):
        return False
    if world.dice.happens(0.2, "refuses", complaint.filed_at, world.now):
        solving.refuse(solution, by=by.actor, why="同类没有补这么多")
    else:
        solving.approve(solution, by=by.actor)
    return True


def _carry_out(world: World, place: Place, complaint: Complaint, solution: Solution | None, _cards: object) -> bool:
    by = _there(world, place, "service_specialist", complaint.filed_at)
    if complaint.state != "agreed" or solution is None or not by or not _cares(world, by, complaint, "carries out"):
        return False
    solving.carry_out(solution, by=by.actor, how="已办妥")
    world.count["solutions carried out"] += 1
    return True


def _hear_back(world: World, place: Place, complaint: Complaint, solution: Solution | None, _cards: object) -> bool:
    """The owner answers on their page, or a colleague writes down what they said."""
    if complaint.state != "carried_out" or solution is None or world.now - solution.carried_out_at < timedelta(hours=3):
        return False
    asks = _there(world, place, "sales_consultant", complaint.filed_at)
    own = world.dice.happens(0.5, "own page", complaint.filed_at, solution.round)
    actor = world.house(place.store.id) if own else asks and asks.actor
    if actor is None or not asks or not _cares(world, asks, complaint, "hears back"):
        return False
    if own:
        links.of_complaint(complaint, by_id=None)
    if world.dice.happens(behaviour.OBJECTS, "objects", complaint.filed_at, solution.round):
        solving.object_to(solution, by=actor, said="还是没有解决")
        world.count["complaints reopened"] += 1
    else:
        solving.confirm(solution, by=actor, said="可以")
        world.count["complaints closed"] += 1
    return True
