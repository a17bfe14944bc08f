"""What customers wish reaches sales: heard or written down, confirmed, answered in time or not, won or lost. R104-R109.

Who forgets elsewhere forgets here: proposals lie too long, leads are not answered and go on to the next.
"""

from __future__ import annotations

from datetime import time, timedelta
from uuid import UUID

from cheban.core.errors import Refused
from cheban.core.events import record
from cheban.sales.leads import commands, joining, states
from cheban.sales.leads.models import FOLLOWED, Lead, LeadTurn, LeadWords
from cheban.site.simulation import behaviour
from cheban.site.simulation.world import Person, Place, Worker, World, moment_of

LOOKS_AT = (time(9, 20), time(14, 40))
WISHES = (
    ("trade_in", "这车开了八年，太费油，想换混动", ["开了八年", "想换"]),
    ("trade_in", "空间太小了，二胎坐不下", ["空间太小", "坐不下"]),
    ("additional_purchase", "想给太太再买一台代步", ["想给", "再买"]),
    ("additional_purchase", "公司需要两台商务车", ["需要", "商务车"]),
    ("referral", "我同事想买这款，介绍有什么好处", ["想买", "介绍"]),
)
SAYS = {
    "contacted": "聊过了，周末来看",
    "test_drive": "试驾了，喜欢空间",
    "appraised": "旧车估过了",
    "quoted": "报过价了",
}
Keys = dict[UUID, str]
"""Lead -> what the dice know it by: the same in every run of a seed, as its id is not."""


def begin(world: World) -> None:
    """Each person's wishes are drawn at once; service and sales look at their leads twice each open day."""
    keys: Keys = {}
    owners = world.owners()
    for person in sorted(world.people.values(), key=lambda p: p.key):
        often = behaviour.yearly(behaviour.WISHES_A_YEAR, behaviour.WISHES_AT_LEAST, owners[person.store_id])
        for day in world.times_of("wishes", person.key, often):
            day = world.open_day(person.store_id, day)
            at = moment_of(world.dice.whole(9 * 3600, 16 * 3600, "wishes at", person.key, day))
            world.plan(day, at, "leads", f"wishes {person.key}", lambda p=person: _wish(world, p, keys))
    for place in world.places.values():
        seen: set[UUID] = set()
        for day in world.days():
            if world.is_open(place.store.id, day):
                for at in LOOKS_AT:
                    world.plan(day, at, "leads", place.store.code, lambda p=place, s=seen: _look(world, p, s, keys))


def _wish(world: World, person: Person, keys: Keys) -> None:
    """Said at the desk: somebody writes it down, or it stands in words that the house reads by itself."""
    by, dice, about = world.meets(person), world.dice, (person.key, world.today)
    if person.id is None or by is None or person.has_moved:
        return
    kind, text, words = dice.pick(WISHES, "wish", *about)
    key = f"{person.key} {world.today}"
    with world.at(person.store_id):
        if by.actor.may("lead.record") and dice.happens(behaviour.WRITES_WISHES_DOWN, "writes", *about):
            try:
                lead = commands.record_by_hand(
                    by=by.actor, customer_id=person.id, vehicle_id=None, kind=kind, text=text, where="visit"
                )
            except Refused:
                return  # the file was taken back
            keys[lead.id] = key
            world.count["leads written down"] += 1
        else:
            record(
                "interest.heard",
                store_id=person.store_id,
                customer_id=person.id,
                actor_id=by.staff_id,
                kind=kind,
                passage_id=key,
                source="customer.note_added",
                words=words,
                text=text,
            )
            world.count["wishes heard"] += 1


def _look(world: World, place: Place, seen: set[UUID], keys: Keys) -> None:
    """Proposals find a specialist; whoever has a turn or a day agreed with a customer gets to it."""
    with world.at(place.store.id):
        waiting = list(Lead.objects.filter(store=place.store, state="proposed").values_list("id", flat=True))
        turns = list(LeadTurn.objects.filter(store=place.store, ended_at__isnull=True).values_list("id", "lead_id"))
        due = Lead.objects.filter(store=place.store, state__in=FOLLOWED, next_contact_on__lte=world.today)
        agreed = list(due.values_list("id", flat=True))
        for words in LeadWords.objects.filter(lead_id__in=waiting, passage_id__isnull=False):
            keys.setdefault(words.lead_id, words.passage_id)
    for lead_id in sorted(waiting, key=lambda i: keys.get(i, "")):
        if not world.dice.happens(0.2, "lies", keys.get(lead_id, ""), world.now):
            _soon(
                world, place, 40, f"confirms {keys.get(lead_id, '')}", lambda i=lead_id: _confirm(world, place, i, keys)
            )
    for turn_id, lead_id in sorted(turns, key=lambda t: keys.get(t[1], "")):
        if turn_id not in seen:
            seen.add(turn_id)
            _soon(world, place, 150, f"turn {keys.get(lead_id, '')}", lambda i=lead_id: _talk(world, place, i, keys))
    for lead_id in sorted(agreed, key=lambda i: keys.get(i, "")):
        _soon(world, place, 120, f"talks {keys.get(lead_id, '')}", lambda i=lead_id: _talk(world, place, i, keys))


def _soon(world: World, place: Place, minutes: int, key: str, do) -> None:
    moment = world.now + timedelta(minutes=world.dice.whole(3, minutes, "soon", key, world.now))
    world.plan(moment.date(), moment.time(), "leads", key, do)


def _there(world: World, place: Place, role: str, *about: object) -> Worker | None:
    found = [w for w in place.of_role(role) if not w.is_away(world.now) and not w.has_left]
    return world.dice.pick(found, role, *about) if found else None


def _confirm(world: World, place: Place, lead_id: UUID, keys: Keys) -> None:
    """A or B and on to sales; some were no leads at all."""
    dice, key = world.dice, keys.get(lead_id, "")
    by = _there(world, place, "service_specialist", key)
    with world.at(place.store.id):
        lead = Lead.objects.filter(id=lead_id, state="proposed").first()
        if by is None or lead is None:
            return
        if dice.happens(behaviour.NO_LEADS, "no lead", key):
            commands.dismiss(lead, by=by.actor, reason=dice.pick(list(states.NO_LEAD), "why none", key))
            world.count["leads dismissed"] += 1
            return
        like = joining.like(lead)
        if like and dice.happens(0.8, "joins", key):
            joining.join(lead, like[0], by=by.actor)
            world.count["leads joined"] += 1
            return
        commands.push(lead, by=by.actor, grade=lead.grade or "b")
        world.count["leads pushed"] += 1


def _talk(world: World, place: Place, lead_id: UUID, keys: Keys) -> None:
    """The consultant calls, or forgets; it goes a step further, is lost, or a car is sold."""
    dice, about = world.dice, (keys.get(lead_id, ""), world.today)
    with world.at(place.store.id):
        lead = Lead.objects.filter(id=lead_id, state__in=FOLLOWED).first()
        by = next((w for w in place.workers if lead and w.staff_id == lead.holder_id), None)
        if lead is None or by is None or by.has_left or by.is_away(world.now) or not by.actor.may("lead.answer"):
            return
        if dice.happens(by.temper.forgets, "forgets the lead", *about):
            world.count["leads forgotten for a day"] += 1
            return
        if lead.state == "quoted" and dice.happens(behaviour.BUYS, "buys", *about):
            yuan = dice.whole(90_000, 380_000, "price", *about)
            commands.win(lead, by=by.actor, deal_fen=yuan * 100, deal_what="新车一台")
            world.count["leads won"] += 1
        elif dice.happens(behaviour.LOSES_INTEREST, "loses interest", *about):
            commands.lose(lead, by=by.actor, reason=dice.pick(list(states.LOST), "why lost", *about))
            world.count["leads lost"] += 1
        else:
            stages = [code for code, _label in states.stages_after(lead)]
            stage = dice.pick(stages, "stage", *about)
            commands.answer(
                lead,
                by=by.actor,
                words=SAYS[stage],
                stage=stage,
                next_contact_on=world.today + timedelta(days=dice.whole(1, 6, "next", *about)),
                appraised_fen=dice.whole(20_000, 90_000, "worth", *about) * 100 if stage == "appraised" else None,
            )
            world.count["leads answered"] += 1
