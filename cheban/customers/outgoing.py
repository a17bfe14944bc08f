"""Customers as rows of a file: what the list shows, masked as it shows it, read in sets of thousands. R018, R019, Y09.

Models and dressed rows would cost many times as much; the words and masks are the screen's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import BooleanField
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cheban.core import clock, privacy
from cheban.customers import choices, quality, queries
from cheban.customers.models import Customer
from cheban.customers.plate import display_plate
from cheban.lists.spec import Out

OUT: dict[str, tuple[Out, ...]] = {
    "name": (
        Out(gettext_lazy("姓名"), "name"),
        Out(gettext_lazy("类型"), "kind_label"),
        Out(gettext_lazy("拒绝联系"), "refused"),
    ),
    "cars": (Out(gettext_lazy("车牌"), "plates"), Out(gettext_lazy("车系"), "series")),
    "phone": (Out(gettext_lazy("电话"), "phone"),),
    "marks": (Out(gettext_lazy("等级"), "tier_label"), Out(gettext_lazy("标签"), "tags_joined")),
    "last_visit": (Out(gettext_lazy("上次到店"), "last_visit_on", "date"),),
    "visits": (Out(gettext_lazy("到店次数"), "visits", "number"),),
    "spent": (Out(gettext_lazy("累计消费（元）"), "spent_fen", "yuan"),),
    "complete": (Out(gettext_lazy("档案完整度"), "score", "number"), Out(gettext_lazy("缺少"), "missing")),
    "keeper": (Out(gettext_lazy("档案负责人"), "keeper"),),
    "review": (Out(gettext_lazy("下次核查"), "review_on", "date"),),
    "source": (Out(gettext_lazy("来源"), "source_label"),),
    "channel": (Out(gettext_lazy("偏好渠道"), "channel_label"),),
    "preferred_time": (Out(gettext_lazy("偏好时间"), "preferred_time"),),
    "region": (Out(gettext_lazy("地区"), "region"),),
    "customer_no": (Out(gettext_lazy("客户编号"), "customer_no"),),
    "created": (Out(gettext_lazy("建档"), "created_at", "moment"),),
}
"""Column of the list -> its cells in a file."""

_FIELDS = (
    *("id", "name", "kind", "tier", "tags", "refused_purposes", "last_visit_on", "visits", "spent_fen", "keeper_id"),
    *("review_on", "source", "preferred_channel", "preferred_time", "region", "customer_no", "created_at"),
)


def rows(ids: Sequence[UUID], columns: Sequence[str]) -> list[Any]:
    """The customers of these ids that are still there, in this order. One query, and one for each of phones, vehicles,
    completeness and keepers where such a column is wanted."""
    ids, wanted, joint = list(ids), set(columns), _("、")
    found = _customers(ids)
    phones = _first_phones(ids) if "phone" in wanted else {}
    cars = _cars(ids) if "cars" in wanted else {}
    complete = quality.of(ids, today=clock.today()) if "complete" in wanted else {}
    keepers = quality.names({c[9] for c in found.values() if c[9]}) if "keeper" in wanted else {}
    kinds, tiers, sources, channels = map(_words, (choices.KIND, choices.TIER, choices.SOURCE, choices.CHANNEL))
    no_contact, some_refused = _("勿扰"), _("有拒绝")
    result = []
    for each in ids:
        if (values := found.get(each)) is None:
            continue
        row = SimpleNamespace(**dict(zip(_FIELDS, values, strict=True)))
        row.kind_label = kinds(row.kind)
        row.refused = (no_contact if "all" in row.refused_purposes else some_refused) if row.refused_purposes else ""
        row.tier_label = tiers(row.tier)
        row.tags_joined = joint.join(row.tags) if row.tags else ""
        row.source_label, row.channel_label = sources(row.source), channels(row.preferred_channel)
        row.phone = phones.get(each, "")
        row.plates, row.series = cars.get(each, ("", ""))
        row.keeper = keepers.get(row.keeper_id, "")
        if wanted_complete := complete.get(each):
            row.score, row.missing = wanted_complete.score, joint.join(str(f.label) for f in wanted_complete.missing)
        else:
            row.score, row.missing = None, ""
        result.append(row)
    return result


def _words(pairs: Iterable[tuple[str, Any]]) -> Callable[[str], str]:
    """Code -> its words in the reader's language, translated once and not for every row."""
    known = {code: str(label) for code, label in pairs}
    return lambda code: known.get(code, code)


def _customers(ids: list[UUID]) -> dict[UUID, tuple]:
    chosen = RawSQL("customers_customer.id = ANY (%s)", [ids], output_field=BooleanField())
    return {row[0]: row for row in Customer.objects.filter(chosen, erased_at=None).values_list(*_FIELDS)}


def _first_phones(ids: list[UUID]) -> dict[UUID, str]:
    """The first contact point of each, masked: the one that the list shows."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT DISTINCT ON (customer_id) customer_id, id::text, kind, value_sealed FROM customers_contactpoint
               WHERE customer_id = ANY (%s) ORDER BY customer_id, is_primary DESC, created_at, id""",
            [ids],
        )
        return {
            customer: queries.masked(kind, privacy.unseal(sealed, bound_to=f"customers_contactpoint.value:{point}"))
            for customer, point, kind, sealed in cursor.fetchall()
        }


def _cars(ids: list[UUID]) -> dict[UUID, tuple[str, str]]:
    """Plates and series of each customer's vehicles, the last seen first."""
    found: dict[UUID, tuple[list[str], list[str]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT owner_id, plate_number, coalesce(nullif(series, ''), brand) FROM customers_vehicle
               WHERE owner_id = ANY (%s) ORDER BY last_visit_on DESC""",
            [ids],
        )
        for owner, plate, series in cursor.fetchall():
            plates, names = found.setdefault(owner, ([], []))
            if plate:
                plates.append(display_plate(plate))
            if series and series not in names:
                names.append(series)
    joint = _("、")
    return {owner: (joint.join(plates), joint.join(names)) for owner, (plates, names) in found.items()}
