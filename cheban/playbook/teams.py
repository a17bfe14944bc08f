"""The team: who has what open and late, who is there to take over, what a new task may be."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Max, Min, Q
from django.utils.translation import gettext as _

from cheban.core import slots
from cheban.org import presence
from cheban.org.access import Actor
from cheban.org.models import StaffRole
from cheban.org.roles import Role, permissions_of
from cheban.playbook import handmade, reassigning
from cheban.playbook.contacts import fold
from cheban.playbook.models import Task


def board(actor: Actor, *, at: datetime) -> dict[str, Any]:
    """The manager's board: who has what open, late, done and kept; what is late, escalated, nobody's. Three queries."""
    zone = ZoneInfo("Asia/Shanghai")
    begin = datetime.combine(at.astimezone(zone).date(), datetime.min.time(), tzinfo=zone)
    month = begin - timedelta(days=30)
    open_by = {
        r["assignee_id"]: r
        for r in Task.objects.filter(state="open")
        .values("assignee_id")
        .annotate(
            open=Count("contact_id", distinct=True),
            late=Count("contact_id", distinct=True, filter=Q(due_at__lt=at)),
            up=Count("contact_id", distinct=True, filter=Q(escalation__gt=0)),
        )
    }
    done_by = {
        r["assignee_id"]: r
        for r in Task.objects.filter(closed_at__gte=month)
        .exclude(state="open")
        .values("assignee_id")
        .annotate(
            done=Count("contact_id", distinct=True, filter=Q(closed_at__gte=begin)),
            closed=Count("id"),
            kept=Count("id", filter=Q(closed_at__lte=F("due_at"))),
        )
    }
    people: dict[int, dict[str, Any]] = {}
    for staff_id, name, role in (
        StaffRole.objects.filter(store_id__in=actor.stores, staff__is_active=True)
        .order_by("role", "staff__name")
        .values_list("staff_id", "staff__name", "role")
    ):
        people.setdefault(staff_id, {"id": staff_id, "name": name, "roles": []})["roles"].append(Role(role).label)
    rows = []
    for staff_id, who in people.items():
        o, d = open_by.get(staff_id, {}), done_by.get(staff_id, {})
        if not o and not d:
            continue
        closed = d.get("closed", 0)
        rows.append(
            who
            | {
                "role_label": _("、").join(dict.fromkeys(map(str, who["roles"]))),
                "open": o.get("open", 0),
                "late": o.get("late", 0),
                "escalated": o.get("up", 0),
                "done": d.get("done", 0),
                "kept": d.get("kept", 0),
                "closed": closed,
                "kept_percent": round(100 * d.get("kept", 0) / closed, 1) if closed else None,
            }
        )
    rows.sort(key=lambda r: (-r["late"], -r["open"]))
    return {
        "people": rows,
        "colleagues": list(people.values()),
        "unassigned": open_by.get(None, {}).get("open", 0),
        "open": sum(r.get("open", 0) for r in open_by.values()),
        "late": sum(r.get("late", 0) for r in open_by.values()),
        "escalated": sum(r.get("up", 0) for r in open_by.values()),
    }


def team(
    actor: Actor, *, at: datetime, person: int | None = None, only: str = "", limit: int = 100, after: str = ""
) -> dict[str, Any]:
    """The board and open contacts of the team for programs, the most urgent first (keyset)."""
    whole = board(actor, at=at)
    names = {who["id"]: who["name"] for who in whole["colleagues"]}
    tasks = reassigning.filtered(at=at, person=person, only=only)
    contacts = tasks.values("contact_id").annotate(due=Min("due_at"), top=Max("weight")).order_by("due", "contact_id")
    if after:
        moment, _sep, last = after.rpartition("~")
        contacts = contacts.filter(Q(due__gt=moment) | Q(due=moment, contact_id__gt=last))
    page = list(contacts[: limit + 1])
    more = page[limit - 1] if len(page) > limit else None
    found = Task.objects.filter(contact_id__in=[c["contact_id"] for c in page[:limit]], state="open")
    listed = sorted(fold(found, at=at), key=lambda r: (r.due_at, str(r.id)))
    for row in listed:
        row.assignee_name = names.get(row.assignee_id, "")
    return whole | {
        "contacts": listed,
        "after": f"{more['due'].isoformat()}~{more['contact_id']}" if more else "",
    }


def colleagues(actor: Actor, *, at: datetime) -> list[dict[str, Any]]:
    """Active staff of the chosen stores who call customers and are at work, for handing over. Two queries."""
    people: dict[int, dict[str, Any]] = {}
    away = presence.away_at(at)
    for staff_id, name, role in (
        StaffRole.objects.filter(store_id__in=actor.stores, staff__is_active=True)
        .order_by("role", "staff__name")
        .values_list("staff_id", "staff__name", "role")
    ):
        if staff_id not in away and "task.finish" in permissions_of({role}):
            people.setdefault(staff_id, {"id": staff_id, "name": name, "role_label": str(Role(role).label)})
    return list(people.values())


def loads(actor: Actor, *, at: datetime) -> list[dict[str, Any]]:
    """Colleagues who are at work and may take contacts, with what they have open and late. Three queries."""
    by = {
        row["assignee_id"]: row
        for row in Task.objects.filter(state="open")
        .values("assignee_id")
        .annotate(
            open=Count("contact_id", distinct=True), late=Count("contact_id", distinct=True, filter=Q(due_at__lt=at))
        )
        .order_by()
    }
    people = colleagues(actor, at=at)
    return [
        who | {"open": by.get(who["id"], {}).get("open", 0), "late": by.get(who["id"], {}).get("late", 0)}
        for who in people
    ]


def new_task(actor: Actor, *, at: datetime, customer_id: UUID | None, vehicle_id: UUID | None) -> dict[str, Any]:
    """What the form of a new task offers: templates, colleagues who are there, whom it is about. Raises NotFound."""
    store_id, owner_id = handmade.about(customer_id, vehicle_id)
    card = slots.ask("contact.cards", [owner_id], [vehicle_id] if vehicle_id else [], default={}).get(owner_id, {})
    cars = card.get("vehicles", {})
    return {
        "customer": {"id": owner_id, "name": card.get("name", "")} if owner_id else None,
        "vehicle": {"id": vehicle_id, **cars[vehicle_id]} if vehicle_id in cars else None,
        "cars": [{"id": key, **car} for key, car in cars.items()],
        "templates": [
            {"code": r.code, "title": _(r.title), "within": str(r.owes[0].within)} for r in handmade.templates()
        ],
        "people": loads(actor, at=at),
    }
