"""Absences: enter one with its deputies, cancel it; the list. What it means for tasks is the playbook's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from cheban.core import clock, slots
from cheban.core.errors import NotFound, WrongState
from cheban.core.events import record
from cheban.core.models import Event
from cheban.org.access import Actor, audit, command, require_permission
from cheban.org.commands import Invalid
from cheban.org.models import Absence, Deputy, Staff, StaffRole
from cheban.org.roles import Role

LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Leave:
    """What a form asks for: whose absence, of which kind, from when until when (half-open), who stands in by role."""

    staff_id: int
    kind: str
    starts_at: datetime
    ends_at: datetime
    deputies: Mapping[str, int]


def _person(staff_id: int, by: Actor) -> Staff:
    """Somebody of the chosen stores; oneself always. Others need `absence.manage`."""
    found = Staff.objects.filter(id=staff_id, roles__store_id__in=by.stores).distinct().first()
    if found is None:
        raise NotFound(_("没有这位同事，或不在您的门店。"))
    if by.staff_id not in (None, staff_id):
        require_permission(by, "absence.manage")
    return found


@command("absence.enter")
def enter(leave: Leave, *, by: Actor) -> Absence:
    """Say that a person is away, and who stands in. One's own, or with `absence.manage` a colleague's.

    A deputy works in one of the person's stores. Raises Invalid, NotFound, NotPermitted; Invalid also for a second
    absence in the same time.
    """
    now = clock.now()
    person = _person(leave.staff_id, by)
    Staff.objects.select_for_update().get(id=person.id)  # two forms at once: the second sees the first one's row
    if leave.kind not in Absence.Kind.values:
        raise Invalid(_("请选择原因。"))
    if not now < leave.ends_at or leave.ends_at <= leave.starts_at:
        raise Invalid(_("结束要晚于开始，也要晚于现在。"))
    if leave.ends_at - leave.starts_at > LONGEST:
        raise Invalid(_("一次最多登记一年。"))
    same_time = Absence.objects.filter(
        staff=person, cancelled_at__isnull=True, starts_at__lt=leave.ends_at, ends_at__gt=leave.starts_at
    )
    if same_time.exists():
        raise Invalid(_("%(name)s在这段时间已经登记过，请先取消原来的。") % {"name": person.name})
    stores = set(person.roles.values_list("store_id", flat=True))
    named = {role: staff for role, staff in leave.deputies.items() if staff}
    able = set(
        StaffRole.objects.filter(staff_id__in=named.values(), store_id__in=stores, staff__is_active=True).values_list(
            "staff_id", flat=True
        )
    )
    for role, staff in named.items():
        if role and role not in Role.values:
            raise Invalid(_("没有这个角色：%(role)s") % {"role": role})
        if staff == person.id or staff not in able:
            raise Invalid(_("代办人要是同店的另一位在职同事。"))
    made = Absence.objects.create(
        staff=person,
        kind=leave.kind,
        starts_at=leave.starts_at,
        ends_at=leave.ends_at,
        entered_by_id=by.staff_id,
        entered_at=now,
    )
    Deputy.objects.bulk_create(Deputy(absence=made, role=role, staff_id=staff) for role, staff in named.items())
    store_id = _store(stores, by)
    audit("absence.entered", by=by, subject=f"staff:{person.id}", store_id=store_id, absence_id=made.id)
    _tell("absence.entered", made, stores, by=by, kind=made.kind)
    return made


def _store(stores: set[int], by: Actor) -> int:
    return next((s for s in by.stores if s in stores), by.stores[0])


def _tell(name: str, absence: Absence, stores: set[int], *, by: Actor, **facts: Any) -> Event:
    """One event, in a store that both the person and the asker work in."""
    return record(
        name,
        store_id=_store(stores, by),
        actor_id=by.staff_id,
        staff_id=absence.staff_id,
        starts_at=absence.starts_at.isoformat(),
        ends_at=absence.ends_at.isoformat(),
        **facts,
    )


@command("absence.enter")
def cancel(absence_id: int, *, by: Actor) -> Absence:
    """The person does not go, or is back early: from now on they count as there. Raises NotFound, WrongState."""
    absence = Absence.objects.select_for_update().filter(id=absence_id).first()
    if absence is None or (by.staff_id not in (None, absence.staff_id) and not by.may("absence.manage")):
        raise NotFound(_("没有这次登记。"))
    person = _person(absence.staff_id, by)
    if absence.cancelled_at or absence.ends_at <= clock.now():
        raise WrongState(_("这次不在岗已经结束或取消。"))
    absence.cancelled_at = clock.now()
    absence.save(update_fields=["cancelled_at"])
    stores = set(person.roles.values_list("store_id", flat=True))
    audit("absence.cancelled", by=by, subject=f"staff:{person.id}", store_id=_store(stores, by), absence_id=absence.id)
    _tell("absence.cancelled", absence, stores, by=by)
    return absence


def page(by: Actor, *, at: datetime) -> dict[str, Any]:
    """Absences that run or come, one's own or (with `absence.manage`) everybody's of the stores; who may be chosen."""
    manages = by.may("absence.manage")
    people: dict[int, dict[str, Any]] = {}
    for staff_id, name, role in (
        StaffRole.objects.filter(store_id__in=by.stores, staff__is_active=True)
        .order_by("staff__name", "role")
        .values_list("staff_id", "staff__name", "role")
    ):
        people.setdefault(staff_id, {"id": staff_id, "name": name, "roles": {}})["roles"][role] = Role(role).label
    wanted = set(people) if manages else {by.staff_id}
    rows = list(
        Absence.objects.filter(staff_id__in=wanted, cancelled_at__isnull=True, ends_at__gt=at)
        .select_related("staff")
        .prefetch_related("deputies__staff")
        .order_by("starts_at", "id")[:300]
    )
    counts = slots.ask("absence.contacts", [(r.staff_id, r.ends_at) for r in rows], default={})
    for row in rows:
        row.is_now = row.starts_at <= at
        row.last_day = row.ends_at - timedelta(seconds=1)
        row.contacts = counts.get((row.staff_id, row.ends_at), 0)
        row.stands_in = [
            {"name": d.staff.name, "role": Role(d.role).label if d.role else "", "left": not d.staff.is_active}
            for d in sorted(row.deputies.all(), key=lambda d: d.role)
        ]
    return {
        "absences": rows,
        "people": list(people.values()),
        "manages": manages,
        "me": people.get(by.staff_id),
        "kinds": Absence.Kind.choices,
        "roles": [
            (role, Role(role).label)
            for role in Role.values
            if any(role in p["roles"] for p in people.values() if manages or p["id"] == by.staff_id)
        ],
    }
