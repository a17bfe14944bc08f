"""Customers with their vehicles and seven years of visits, as COPY lines ready for the database. No database here.

A chunk is made from its number and the seed alone, in any process and in any order: the same seed on the same day
makes the same dealership, ids too.
"""

from __future__ import annotations

import json
import random
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from cheban.core import privacy
from cheban.customers import care
from cheban.customers.importing.bulk import line
from cheban.customers.importing.prepare import (
    CUSTOMER_COLUMNS,
    VEHICLE_COLUMNS,
    Context,
    name_columns,
    point_line,
)
from cheban.customers.mileage import Reading
from cheban.org.roles import Role
from cheban.site.demo import cars, history, orders, people
from cheban.site.demo.parts import Chunk, Ids, Part, Person, row_of
from cheban.site.demo.seasons import anniversary, day_of

ZONE = ZoneInfo("Asia/Shanghai")
CUSTOMERS = (*CUSTOMER_COLUMNS, "last_visit_on", "created_at")
VEHICLES = (*VEHICLE_COLUMNS, "service_specialist_id", "last_service_on", "last_service_km", "created_at")
CONSENTS = ("id", "store_id", "customer_id", "purpose", "channel", "is_given", "proof", "by_id", "at")
INSURERS = ("人保财险", "平安产险", "太平洋产险", "国寿财险", "中华联合", "阳光产险")
TIERS = ((1_500_000, "platinum"), (800_000, "gold"), (350_000, "silver"), (0, "ordinary"))
REFUSALS = (
    ("insurance", "any", "来电说明已有保险代理人，不要再提醒续保", 34),
    ("care", "any", "当面表示不需要生日和节日问候", 16),
    ("marketing", "any", "回复短信要求不再收到活动信息", 24),
    ("marketing", "sms", "要求只用微信联系", 12),
    ("all", "any", "来电要求不要再主动联系", 14),
)


class Teller:
    """Makes the households of one chunk."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.rng = random.Random(f"{part.seed}/{part.number}")
        midnight = datetime.combine(part.today, time(), tzinfo=ZONE)
        self.new_id = Ids(int(midnight.timestamp() * 1000) + part.number * 1000, self.rng)
        self.seasons = part.seasons
        self.city = people.city(part.city)
        self.context = Context(part.store_id, None, part.today, {}, {})
        self.chunk = Chunk(part.store_id)
        self.orders = orders.Writer(part, self.chunk, self.rng, self.new_id)
        self.number = part.first

    def tell(self) -> Chunk:
        """All households until the chunk has its customers."""
        while self.chunk.customers < self.part.count:
            self.household()
        return self.chunk

    def household(self) -> None:
        """One customer with vehicles; sometimes two, of whom one sold the vehicle to the other."""
        rng, left = self.rng, self.part.count - self.chunk.customers
        if left >= 2 and rng.random() < 0.035:
            before, after = self.person(), self.person()
            self.vehicle(before, 0, sold_to=after)
            self.write(before)
            self.write(after)
            return
        owner = self.person()
        for which in range(2 if rng.random() < 0.11 else 1):
            self.vehicle(owner, which)
        self.write(owner)

    def person(self) -> Person:
        """A customer without vehicles yet."""
        rng, number = self.rng, self.number
        self.number += 1
        self.chunk.customers += 1
        values: dict[str, Any] = {"region": self.city.region, "source": "service"}
        points = [("mobile", people.phone(number))]
        if rng.random() < 0.08:
            values |= {"kind": "company", "name": people.company(rng, self.city.name)}
            if rng.random() < 0.4:
                points.append(("landline", people.landline(rng, self.city)))
        else:
            born = min(max(int(rng.gauss(1984, 10)), 1955), self.part.today.year - 20)
            name, gender = people.person(rng, born=born)
            values |= {"kind": "person", "name": name, "gender": gender}
            if rng.random() < 0.82:
                values["birth_on"] = date(born, 1, 1) + timedelta(days=rng.randrange(365))
                if rng.random() < 0.12:
                    values["lunar_birthday"] = rng.randrange(1, 13) * 100 + rng.randrange(1, 31)
            for name, chance, pool in (
                ("habits", 0.25, people.HABITS),
                ("special_requests", 0.16, people.REQUESTS),
                ("preferred_time", 0.2, people.TIMES),
                ("family", 0.12, people.FAMILY),
                ("occupation", 0.4, people.OCCUPATIONS),
            ):
                if rng.random() < chance:
                    values[name] = rng.choice(pool)
            if rng.random() < 0.05:
                points.append(("mobile", people.phone(number + 50_000_000)))
        if rng.random() < 0.5:
            values["preferred_channel"] = rng.choice(("phone", "phone", "wechat", "wechat", "sms"))
        values["address"] = people.address(rng, self.city)
        values["customer_no"] = f"{self.part.code}{number + 1:07d}"
        return Person(self.new_id(), values, points, datetime.combine(self.part.today, time(9), tzinfo=ZONE))

    def vehicle(self, owner: Person, which: int, *, sold_to: Person | None = None) -> None:
        """One vehicle of `owner` with its visits; `sold_to` has it now."""
        rng, part = self.rng, self.part
        number = (self.number - 1) * 2 + which
        is_ours = sold_to is not None or rng.random() < 0.86
        met = self.seasons.sale(rng, before=500 if sold_to else 3)
        bought = met if is_ours else met - rng.randrange(200, 1500)
        series = cars.choose(rng, brand=part.brand if is_ours or rng.random() < 0.6 else "", year=day_of(bought).year)
        if owner.values["kind"] == "company":
            use = "business"
        else:
            use = "family" if (chance := rng.random()) < 0.91 else "business" if chance < 0.975 else "ride_hailing"
        mean, spread = cars.USES[use]
        rate = max(rng.gauss(mean, spread), mean / 4)
        interval = care.interval_for({}, store_id=part.store_id, series=series.name, energy=series.energy)
        vehicle_id, came, visits = self.new_id(), [], []
        passed_on = met + int((part.today.toordinal() - met) * rng.uniform(0.35, 0.9)) if sold_to else None
        if part.history != "none":
            start = history.Driven(
                0 if is_ours else 2, met if is_ours else met - 1, 0.0 if is_ours else (met - bought) * rate
            )
            told = {"rate": rate, "interval": interval, "energy": series.energy}
            until = passed_on or self.seasons.end
            came = history.visits(rng, self.seasons, start, until=until, comes_at_once=not is_ours, **told)
            visits = [(owner, visit) for visit in came]
            if sold_to:
                km = (passed_on - met) * rate if not came else came[-1].km + (passed_on - came[-1].on) * rate
                start = history.Driven(max(sum(v.service > 0 for v in came), 2), passed_on, km)
                visits += [
                    (sold_to, visit)
                    for visit in history.visits(
                        rng, self.seasons, start, until=self.seasons.end, comes_at_once=True, **told
                    )
                ]
        values = self.identity(series, number, bought, use=use)
        self.known(values, owner, met, is_ours=is_ours)
        if len(visits) > 3 and rng.random() < 0.03:
            wrong = visits[rng.randrange(1, len(visits) - 1)][1]  # somebody forgot a digit
            wrong.km, wrong.is_misread = wrong.km // 10, True
        self.care(values, [v for _who, v in visits], interval=interval)
        current = sold_to or owner
        values |= {"id": vehicle_id, "owner_id": current.id}
        values["is_active"] = not (met < self.seasons.end - 1500 and rng.random() < 0.02)
        self.chunk.lines["vehicle"].append(row_of(values, VEHICLES))
        self.owned(vehicle_id, values, owner, met if is_ours else bought, sold_to, passed_on, is_ours=is_ours)
        if part.history == "light":
            visits = visits[-1:]
        for who, visit in visits:
            self.orders.write(visit, vehicle_id, values, who, series)

    def identity(self, series: cars.Series, number: int, bought: int, *, use: str) -> dict[str, Any]:
        """What stands in the registration, the invoice and the policy."""
        rng, today, day = self.rng, self.part.today, day_of(bought)
        registered = day + timedelta(days=rng.randrange(2, 9))
        plate = ("", "") if registered >= today else cars.plate(rng, self.city.plates, number, series=series)
        years, km = (6, 150_000) if series.brand == "比亚迪" else (3, 100_000)
        until = anniversary(registered, today=today)
        if rng.random() < 0.38 and until.year - registered.year > 2:  # insured elsewhere: we know the last one of ours
            until = until.replace(year=until.year - rng.randrange(1, 3))
        return {
            "store_id": self.part.store_id,
            "vin": cars.vin(rng, series.wmi, day.year, number),
            "plate_number": plate[0],
            "plate_kind": plate[1],
            "brand": series.brand,
            "series": series.name,
            "model": f"{day.year}款 {series.name} {rng.choice(series.trims)}",
            "energy": series.energy,
            "seats": series.seats,
            "driver_assistance": series.assistance,
            "colour": rng.choice(cars.COLOURS),
            "use": use,
            "price_fen": round(series.yuan * rng.uniform(0.88, 1.0) / 100) * 10_000,
            "made_on": day - timedelta(days=rng.randrange(15, 90)),
            "purchased_on": day,
            "registered_on": registered if plate[0] else None,
            "warranty_until": years_after(day, years),
            "warranty_km": km,
            "insurer": rng.choices(INSURERS, (35, 25, 18, 10, 7, 5))[0],
            "compulsory_until": until,
            "insurance_until": until,
        }

    def known(self, values: dict[str, Any], owner: Person, met: int, *, is_ours: bool) -> None:
        """Who looks after it, and since when its owner is known."""
        rng, staff = self.rng, self.part.staff
        since = datetime.combine(day_of(met), time(10 + rng.randrange(7), rng.randrange(60)), tzinfo=ZONE)
        owner.created, values["created_at"] = min(owner.created, since), since
        if is_ours:
            values["sales_consultant_id"], values["sales_consultant_name"] = rng.choice(staff[Role.SALES_CONSULTANT])
            owner.values["source"] = "purchase"
        values["service_advisor_id"], values["service_advisor_name"] = rng.choice(staff[Role.SERVICE_ADVISOR])
        values["service_specialist_id"] = rng.choice(staff[Role.SERVICE_SPECIALIST])[0]

    def care(self, values: dict[str, Any], visits: list[history.Visit], *, interval: care.Interval) -> None:
        """The columns that the forecast keeps, from the same functions."""
        services = [v for v in visits if v.service]
        sound = [v for v in visits if not v.is_misread]
        last = services[-1] if services else None
        dates = care.care_dates(
            purchased_on=values["purchased_on"],
            registered_on=values["registered_on"],
            use=values["use"],
            seats=values["seats"],
            energy=values["energy"],
            interval=interval,
            readings=[Reading(day_of(v.on), v.km) for v in sound[-12:]],
            services_done=len(services),
            last_service_on=day_of(last.on) if last else None,
            last_service_km=last.km if last else None,
            prior=care.USE_PRIOR[values["use"]],
            today=self.part.today,
        )
        for name in dates.__slots__:
            values[name] = getattr(dates, name)
        values["services_done"] = len(services)
        if last:
            values["last_service_on"], values["last_service_km"] = day_of(last.on), last.km
        if visits:
            values["last_visit_on"] = day_of(visits[-1].on)
        if sound:
            values["odometer_km"], values["odometer_on"] = sound[-1].km, day_of(sound[-1].on)

    def owned(
        self,
        vehicle_id: str,
        values: dict[str, Any],
        owner: Person,
        since: int,
        sold_to: Person | None,
        passed_on: int | None,
        *,
        is_ours: bool,
    ) -> None:
        """Ownership rows, and what the timeline tells of purchase and change of hands."""
        until = day_of(passed_on) if passed_on else None
        rows = [(self.new_id(), self.part.store_id, vehicle_id, owner.id, day_of(since), until, None)]
        facts = {"label": f"{values['brand']} {values['series']}", "plate": values["plate_number"]}
        if is_ours:
            noon = datetime.combine(day_of(since), time(12), tzinfo=ZONE)
            self.told("vehicle.purchased", noon, values.get("sales_consultant_id"), owner.id, vehicle_id, facts)
        if sold_to:
            rows.append((self.new_id(), self.part.store_id, vehicle_id, sold_to.id, until, None, None))
            at = datetime.combine(until, time(15), tzinfo=ZONE)
            sold_to.created = min(sold_to.created, at)
            for who in (owner, sold_to):
                self.told("vehicle.changed_hands", at, None, who.id, vehicle_id, facts)
        self.chunk.lines["ownership"] += [line(row) for row in rows]

    def write(self, who: Person) -> None:
        """The customer's own rows, once all visits are known."""
        rng, part, values = self.rng, self.part, who.values
        values["tier"] = next(tier for least, tier in TIERS if who.spent >= least)
        values["tags"] = self.tags(who)
        values["refused_purposes"] = self.refusals(who) if rng.random() < 0.02 else []
        full, initials, other = name_columns(values["name"])
        birth_on = values.get("birth_on")
        values |= {
            "id": who.id,
            "store_id": part.store_id,
            "name_full_pinyin": full,
            "name_initials": initials,
            "name_other_pinyin": other,
            "birthday": birth_on.month * 100 + birth_on.day if birth_on and "lunar_birthday" not in values else None,
            "address_sealed": privacy.seal(values["address"], bound_to=f"customers_customer.address:{who.id}"),
            "visits": len(who.days),
            "spent_fen": who.spent,
            "last_visit_on": day_of(max(who.days)) if who.days else None,
            "created_at": who.created,
        }
        self.chunk.lines["customer"].append(row_of(values, CUSTOMERS))
        for number, (kind, value) in enumerate(who.points):
            blind = privacy.blind("phone", value)
            self.chunk.lines["point"].append(
                point_line(self.new_id(), who.id, kind, value, blind, number == 0, self.context)
            )
        self.told("customer.recorded", who.created, None, who.id, None, {"source": values["source"]})

    def tags(self, who: Person) -> list[str]:
        """A few words that a store would put on a customer."""
        rng, found = self.rng, []
        if len(who.days) >= 9:
            found.append("老客户")
        if who.values["kind"] == "company":
            found.append("公司用车")
        if who.created > datetime.combine(self.part.today, time(), tzinfo=ZONE) - timedelta(days=120):
            found.append("新车主")
        if rng.random() < 0.06:
            found.append(rng.choice(("转介绍", "价格敏感", "注重时效", "车友会", "曾投诉", "自驾游")))
        return found

    def refusals(self, who: Person) -> list[str]:
        """A refusal with its proof and its event; returns what the planner has to obey."""
        rng = self.rng
        purpose, channel, proof, _share = rng.choices(REFUSALS, [r[3] for r in REFUSALS])[0]
        begin = who.created.date().toordinal()
        day = self.seasons.open[-1] if begin >= self.seasons.end - 2 else rng.randrange(begin + 1, self.seasons.end)
        at = datetime.combine(day_of(day), time(14, 30), tzinfo=ZONE)
        by = rng.choice(self.part.staff[Role.SERVICE_ADVISOR])[0]
        self.chunk.lines["consent"].append(
            line((self.new_id(), self.part.store_id, who.id, purpose, channel, False, proof, by, at))
        )
        self.told("consent.refused", at, by, who.id, None, {"purpose": purpose, "channel": channel, "proof": proof})
        return [purpose] if channel == "any" else []

    def told(
        self, name: str, at: datetime, by: int | None, customer: str, vehicle: str | None, facts: dict[str, Any]
    ) -> None:
        """An event, to be recorded with the chunk."""
        self.chunk.lines["told"].append(
            line((name, self.part.store_id, at, by, customer, vehicle, json.dumps(facts, ensure_ascii=False)))
        )


def make(part: Part) -> Chunk:
    """One chunk. Pure but for sealing: needs the key ring."""
    return Teller(part).tell()


def years_after(day: date, years: int) -> date:
    """The same day some years later; 29 February becomes the 28th."""
    return date(day.year + years, day.month, min(day.day, 28 if day.month == 2 else 31))
