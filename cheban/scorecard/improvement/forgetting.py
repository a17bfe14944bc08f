"""What colleagues write down in meetings, cases, actions and the handbook of cases names customers now and then: blotted
out by an erasure.

No row of these points at a customer, so that they are found by what a person is known by: name, telephone, plate, VIN,
in any writing. Somebody of the same name is blotted out with them: too much is mended by asking, too little by nothing.
PIPL 47, reliability 45.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.db import connection
from django.db.models import Model, Q
from django.utils.translation import gettext_lazy

from cheban.core import privacy
from cheban.core.personal import Holding, Person, hold, nothing
from cheban.customers.models import ContactPoint, Customer, Vehicle
from cheban.scorecard.models import Action, Decision, ImprovementCase, Practice, PracticePage, TaskForce, WeeklyMeeting

BLOT = "██"
"""In place of what is taken out; never longer than it, so that a text keeps its bounds."""
TEXTS: dict[type[Model], tuple[str, ...]] = {
    ImprovementCase: ("attended", "cause", "plan", "found"),
    TaskForce: ("goal", "solution", "first_check"),
    WeeklyMeeting: ("attended",),
    Decision: ("text",),
    Action: ("what", "result"),
    Practice: ("title", "story", "lesson"),
}
_BETWEEN = r"[-\s.·]*"
_COUNTRY = r"(\+?86[-\s]*)?"


def _spelled(signs: str) -> str:
    """A number as people write it: with blanks, dots and hyphens between any two signs."""
    return _BETWEEN.join(re.escape(sign) for sign in signs)


def known_by(person: Person) -> list[str]:
    """Patterns (of Python and PostgreSQL alike) of what names this person: names, contacts, plates and VINs of their cars."""
    names = {name.strip() for name in Customer.objects.filter(id__in=person.ids).values_list("name", flat=True)}
    found = {re.escape(name) for name in names if len(name) >= 2}
    for point in ContactPoint.objects.filter(customer_id__in=person.ids):
        value = privacy.unseal(point.value_sealed, bound_to=f"customers_contactpoint.value:{point.id}")
        if point.kind in (ContactPoint.Kind.MOBILE, ContactPoint.Kind.LANDLINE):
            digits = re.sub(r"\D", "", value.removeprefix("+86"))
            if len(digits) >= 7:
                found.add(_COUNTRY + _spelled(digits))
        elif len(value) >= 4:
            found.add(re.escape(value))
    for plate, vin in Vehicle.objects.filter(id__in=person.vehicle_ids).values_list("plate_number", "vin"):
        found |= {_spelled(number) for number in (plate, vin) if len(number) >= 6}
    return sorted(found, key=len, reverse=True)


def blot(patterns: Iterable[str]) -> int:
    """Take out what the patterns find in all texts of the scope; returns how many rows were touched. Needs scope."""
    several, count = list(patterns), 0
    if not several:
        return 0
    anything = "|".join(f"({one})" for one in several)
    known = re.compile(anything, re.IGNORECASE)
    for model, fields in TEXTS.items():
        where = Q()
        for field in fields:
            where |= Q(**{f"{field}__iregex": anything})
        for row in model.objects.filter(where).select_for_update().order_by("id"):
            for field in fields:
                setattr(row, field, known.sub(BLOT, getattr(row, field)))
            row.save(update_fields=fields)
            count += 1
    with connection.cursor() as cursor:  # published pages never change otherwise: only this function of the owner may
        cursor.execute("SELECT scorecard_practicepage_blot(%s, %s)", [anything, BLOT])
        return count + cursor.fetchone()[0]


def offer() -> None:
    """Register (called when the app is ready). Before the file, its contacts and cars are emptied."""
    hold(
        Holding(
            "minutes",
            gettext_lazy("例会、改进和案例里写到的姓名、电话、车牌"),
            tuple(model._meta.db_table for model in (*TEXTS, PracticePage)),
            nothing,
            lambda person: blot(known_by(person)),
            kept=gettext_lazy("会议与改进的文字留存，其中的姓名、电话、车牌、车架号涂去"),
            order=20,
        )
    )
