"""Repair orders of the demo as COPY lines: order, lines, odometer reading, event."""

from __future__ import annotations

import json
import random
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from cheban.org.roles import Role
from cheban.site.demo import works
from cheban.site.demo.seasons import day_of

if TYPE_CHECKING:
    from cheban.site.demo.cars import Series
    from cheban.site.demo.history import Visit
    from cheban.site.demo.parts import Chunk, Ids, Part, Person

ZONE = ZoneInfo("Asia/Shanghai")
_HOURS = (8, 9, 9, 9, 10, 10, 11, 13, 13, 14, 14, 15, 16)


class Writer:
    """Writes the visits of one chunk."""

    def __init__(self, part: Part, chunk: Chunk, rng: random.Random, new_id: Ids) -> None:
        self.part, self.lines, self.rng, self.new_id = part, chunk.lines, rng, new_id

    def write(self, visit: Visit, vehicle_id: str, vehicle: dict[str, Any], who: Person, series: Series) -> None:
        """One visit of a vehicle, paid by `who`."""
        rng, part, order_id, day = self.rng, self.part, self.new_id(), day_of(visit.on)
        items = list(works.service(visit.service, energy=series.energy)) if visit.service else []
        for repair in visit.repairs:
            items += repair.items
        labour = material = 0
        is_service, seen = False, {}
        for item in items:
            seen[item] = seen.get(item, -1) + 1
            cells, work, parts, keeps = works.cells(item, series.rank, seen[item])
            self.lines["order_line"].append(f"{self.new_id()}\t{part.store_id}\t{order_id}\t{cells}\t\\N")
            labour, material, is_service = labour + work, material + parts, is_service or keeps
        kind, pays, concern = _heading(visit, rng)
        came = datetime.combine(day, time(rng.choice(_HOURS), rng.randrange(30 if rng.random() < 0.5 else 60)), ZONE)
        came = max(came, datetime.combine(day, time(8, 32), ZONE))
        promised = came + timedelta(minutes=30 * rng.randrange(2, 7) + 90 * len(visit.repairs))
        left = min(promised + timedelta(minutes=rng.randrange(-35, 50)), datetime.combine(day, time(19), ZONE))
        if kind == "事故车维修":
            promised, left = promised + timedelta(days=4), left + timedelta(days=rng.randrange(2, 7))
        if day_of(part.today.toordinal() - 1) < left.date():
            left = None  # still in the workshop
        advisor = (
            vehicle["service_advisor_name"] if rng.random() < 0.7 else rng.choice(part.staff[Role.SERVICE_ADVISOR])[1]
        )
        number = f"{part.code}-RO{day:%y%m%d}{vehicle['vin'][-6:]}"
        total = labour + material
        out = left.isoformat() if left else "\\N"
        self.lines["order"].append(
            f"{order_id}\t{part.store_id}\t{number}\t{who.id}\t{vehicle_id}\t{kind}\t{pays}\t{came.isoformat()}\t"
            f"{promised.isoformat()}\t{out}\t{visit.km}\t{advisor}\t{rng.choice(part.staff[Role.TECHNICIAN])[1]}\t{concern}\t"
            f"{who.values['region']}\t{'t' if is_service else 'f'}\t{labour}\t{material}\t{total}\t\\N"
        )  # in ORDER_COLUMNS' order; words of ours: nothing to escape
        self.lines["reading"].append(
            f"{self.new_id()}\t{part.store_id}\t{vehicle_id}\t{day.isoformat()}\t{visit.km}\trepair_order\t{'t' if visit.is_misread else 'f'}\t\\N"
        )
        facts = {
            "order_no": number,
            "total_fen": total,
            "odometer_km": visit.km,
            "items": "、".join(item.name for item in items[:3]),
        }
        self.lines["told"].append(
            f"repair_order.imported\t{part.store_id}\t{came.isoformat()}\t\\N\t{who.id}\t{vehicle_id}\t{json.dumps(facts, ensure_ascii=False)}"
        )
        who.spent += total
        who.days.add(visit.on)


def _heading(visit: Visit, rng: random.Random) -> tuple[str, str, str]:
    """(kind, who pays, what the customer said)."""
    concern = visit.repairs[0].concern if visit.repairs else ""
    if visit.service == 1:
        return "首保", "厂家承担", "首次保养"
    if visit.service:
        said = rng.choice(works.CONCERNS)
        return "定期保养", "客户付费", f"{said}；{concern}" if concern else said
    repair = visit.repairs[0]
    return repair.kind, repair.pays, concern
