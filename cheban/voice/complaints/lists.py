"""The list of complaints. Y09, R120-R128."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy, pgettext_lazy

from cheban.core import clock
from cheban.customers import queries as customers
from cheban.customers.models import Customer, Vehicle
from cheban.lists.spec import Column, Filter, ListSpec, Out, Sort, declare
from cheban.org.models import Staff
from cheban.playbook.models import Task
from cheban.voice.complaints import queries, solving, tables
from cheban.voice.complaints.commands import ANSWER_WITHIN
from cheban.voice.models import Complaint, Finding, Solution

ZONE = ZoneInfo("Asia/Shanghai")
STATES = [("open", gettext_lazy("未结案")), *Complaint.State.choices]
CLOCKS = [("late", gettext_lazy("已超时")), ("soon", gettext_lazy("4 小时内到时"))]


def _dress(rows: list[Any]) -> None:
    """Names, car, the running clock and who has the next thing to do. Five queries."""
    people = dict(Customer.objects.filter(id__in={r.customer_id for r in rows}).values_list("id", "name"))
    cars = Vehicle.objects.in_bulk({r.vehicle_id for r in rows if r.vehicle_id})
    rounds = {
        s.complaint_id: s
        for s in Solution.objects.filter(complaint_id__in=[r.id for r in rows], objected_at__isnull=True)
    }
    subjects = [*(r.id for r in rows), *(s.id for s in rounds.values())]
    owed = {t.subject_id: t for t in Task.objects.filter(subject_id__in=subjects, state="open").order_by("-due_at")}
    now = clock.now()
    owners = {r.id: queries.owner_of(r, rounds.get(r.id), owed) for r in rows}
    who = queries.names(owners.values())
    for row in rows:
        car = cars.get(row.vehicle_id)
        row.now = now
        row.customer_name = people.get(row.customer_id, "")
        row.plate, row.plate_kind = (car.plate_number, car.plate_kind) if car else ("", "")
        row.car = customers.vehicle_label(car) if car else ""
        row.owner = who.get(owners[row.id], "")
        row.clock = queries.clock_of(row, rounds.get(row.id))
        row.due_at = row.clock["due_at"] if row.clock else None
        row.shown = row.words or " ".join(row.text[:80].split())


def _when(value: str, today: date) -> Q:
    begin = datetime.combine(today, time(), tzinfo=ZONE)
    first = {"week": begin - timedelta(days=today.weekday()), "month": begin.replace(day=1)}
    return Q(filed_at__gte=first.get(value, begin - timedelta(days=90)))


def _clock(value: str, today: date) -> Q:
    edge = clock.now() if value == "late" else clock.now() + timedelta(hours=4)
    first = Q(state__in=["claimed", "filed"], filed_at__lt=edge - ANSWER_WITHIN)
    waits = Solution.objects.filter(
        complaint_id=OuterRef("id"), objected_at__isnull=True, asked_at__lt=edge - solving.SOLVE_WITHIN
    )
    return first | Q(Q(state__in=["answered", "examined"]) & Exists(waits))


def _found(words: str, today: date) -> Q:
    return (
        Q(customer__name__icontains=words)
        | Q(vehicle__plate_number__icontains=words.replace("·", "").replace(" ", "").upper())
        | Q(vehicle__vin__iendswith=words)
        | Q(customer__name_initials__startswith=words.lower())
        | Q(customer__name_full_pinyin__startswith=words.lower())
        | Q(text__icontains=words)
    )


def _of_person(value: str, today: date) -> Q:
    """Whoever speaks, carries out or has one of the cards."""
    cards = Finding.objects.filter(complaint_id=OuterRef("id"), owner_id=int(value))
    return Q(speaker_id=int(value)) | Q(executor_id=int(value)) | Q(Exists(cards))


def _people(stores: Sequence[int]) -> list[tuple[int, str]]:
    return list(
        Staff.objects.filter(roles__store_id__in=stores, is_active=True, roles__role__in=[s.role for s in tables.SIDES])
        .order_by("name")
        .values_list("id", "name")
        .distinct()
    )


COMPLAINTS = declare(
    ListSpec(
        code="complaints",
        title=gettext_lazy("投诉与预警"),
        permission="complaint.see",
        url="voice:complaints",
        model=Complaint,
        cells="voice/cells",
        dress=_dress,
        columns=[
            Column(
                "complaint",
                gettext_lazy("客户与原话"),
                css="s-main",
                fixed=True,
                out=[
                    Out(gettext_lazy("客户"), "customer_name"),
                    Out(gettext_lazy("车牌"), "plate"),
                    Out(gettext_lazy("车型"), "car"),
                    Out(gettext_lazy("原话"), lambda c: " ".join(c.text[:500].split())),
                ],
            ),
            Column(
                "level",
                gettext_lazy("轻重"),
                out=[Out(gettext_lazy("轻重"), lambda c: c.get_level_display())],
            ),
            Column(
                "kind",
                gettext_lazy("类别"),
                css="c-more",
                out=[Out(gettext_lazy("类别"), lambda c: c.get_kind_display())],
            ),
            Column(
                "state",
                gettext_lazy("进度"),
                css="s-sub",
                out=[
                    Out(gettext_lazy("进度"), lambda c: c.get_state_display()),
                    Out(gettext_lazy("期限"), "due_at", "moment"),
                    Out(gettext_lazy("结案于"), "closed_at", "moment"),
                ],
            ),
            Column("owner", gettext_lazy("谁在办"), out=[Out(gettext_lazy("谁在办"), "owner")]),
            Column(
                "filed",
                pgettext_lazy("column", "登记"),
                sort="newest",
                css="nowrap s-end",
                out=[Out(pgettext_lazy("column", "登记"), "filed_at", "moment")],
            ),
            Column(
                "channel",
                gettext_lazy("来源"),
                css="c-more",
                out=[Out(gettext_lazy("来源"), lambda c: c.get_channel_display())],
            ),
            Column(
                "cause",
                gettext_lazy("根本原因"),
                css="c-more",
                shown=False,
                out=[Out(gettext_lazy("根本原因"), lambda c: c.get_cause_display())],
            ),
        ],
        filters=[
            Filter("q", gettext_lazy("找客户、车牌、原话"), "search", _found),
            Filter(
                "state",
                gettext_lazy("进度"),
                "choice",
                lambda v, today: Q(state__in=tables.OPEN) if v == "open" else Q(state=v),
                choices=STATES,
            ),
            Filter("level", gettext_lazy("轻重"), "choice", lambda v, today: Q(level=v), choices=tables.LEVELS),
            Filter("clock", gettext_lazy("时限"), "choice", _clock, choices=CLOCKS),
            Filter("kind", gettext_lazy("类别"), "choice", lambda v, today: Q(kind=v), choices=tables.KINDS),
            Filter(
                "person",
                gettext_lazy("谁在办"),
                "choice",
                _of_person,
                choices=_people,
            ),
            Filter("channel", gettext_lazy("来源"), "choice", lambda v, today: Q(channel=v), choices=tables.CHANNELS),
            Filter("cause", gettext_lazy("根本原因"), "choice", lambda v, today: Q(cause=v), choices=tables.CAUSES),
            Filter(
                "when",
                gettext_lazy("登记时间"),
                "choice",
                _when,
                choices=[
                    ("week", gettext_lazy("本周")),
                    ("month", gettext_lazy("本月")),
                    ("quarter", gettext_lazy("最近 90 天")),
                ],
            ),
        ],
        sorts=[Sort("newest", "filed_at", "timestamptz", gettext_lazy("最新在前"), gettext_lazy("最早在前"))],
    )
)
