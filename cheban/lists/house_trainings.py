"""The list of trainings: who is to take what, who is late. Declared here because org cannot import the list machine. R017."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy

from cheban.core import clock
from cheban.lists.spec import Column, Filter, ListSpec, Out, Sort, declare
from cheban.org import scope
from cheban.org.models import Staff, StaffRole, Store, Training, TrainingCertificate, TrainingInvitation
from cheban.org.training.commands import RENEW_DAYS
from cheban.org.training.inviting import open_in
from cheban.org.training.queries import state_of

_IN_SCOPE = RawSQL(f"SELECT s FROM {scope.STORES} s", [])  # noqa: S608 - SQL of ours
STATES = {
    "late": gettext_lazy("逾期"),
    "due": gettext_lazy("待完成"),
    "soon": gettext_lazy("快到期"),
    "holds": gettext_lazy("有效"),
}
TONES = {
    "late": ("red", "alert-triangle"),
    "due": ("amber", "clock"),
    "soon": ("amber", "calendar-event"),
    "holds": ("green", "check"),
}


def _works_here(**conditions: Any) -> Q:
    """People with a role in one of the scope's stores."""
    return Q(Exists(StaffRole.objects.filter(staff=OuterRef("staff_id"), store_id__in=_IN_SCOPE, **conditions)))


def _state(wanted: str, today: date) -> Q:
    soon = today + timedelta(days=RENEW_DAYS)
    owed = Q(certificate__isnull=True) | Q(lapses_on__lte=F("due_on") + timedelta(days=1))
    return {
        "late": Q(lapses_on__lte=today),
        "due": Q(lapses_on__gt=today) & owed,
        "soon": Q(lapses_on__gt=today, lapses_on__lte=soon) & ~owed,
        "holds": Q(lapses_on__gt=soon) & ~owed,
    }[wanted]


def _dress(rows: list[Any]) -> None:
    """Names, certificates and states. Three queries."""
    today = clock.today()
    names = Staff.objects.in_bulk({r.staff_id for r in rows})
    titles = Training.objects.in_bulk({r.training_id for r in rows})
    held = TrainingCertificate.objects.select_related("material").in_bulk({r.certificate_id for r in rows} - {None})
    for row in rows:
        row.person_name, row.subject = names[row.staff_id].name, titles[row.training_id]
        row.title, row.kind_label = row.subject.title, row.subject.get_kind_display()
        row.state = state_of(row, today)
        row.state_label, (row.tone, row.icon) = STATES[row.state], TONES[row.state]
        row.last_day = row.lapses_on - timedelta(days=1)
        found = held.get(row.certificate_id)
        row.attended_on = found.attended_on if found else None
        row.how = found.get_how_display() if found else ""
        row.version = found.material.number if found else None


def _trainings(stores: Sequence[int]) -> list[tuple[str, str]]:
    return [(str(i), t) for i, t in Training.objects.filter(open_in(stores)).values_list("id", "title")]


def _stores(stores: Sequence[int]) -> list[tuple[str, str]]:
    return [(str(i), n) for i, n in Store.objects.filter(id__in=stores).order_by("name").values_list("id", "name")]


TRAININGS = declare(
    ListSpec(
        code="trainings",
        title=gettext_lazy("培训记录"),
        permission="training.see",
        url="trainings:list",
        model=TrainingInvitation,
        cells="lists/trainings",
        dress=_dress,
        base=_works_here()
        & Q(staff__is_active=True, training__ended_at__isnull=True)
        & Q(training__group_id__in=Store.objects.filter(id__in=_IN_SCOPE).values("group_id"))
        & (Q(training__only_store__isnull=True) | Q(training__only_store_id__in=_IN_SCOPE)),
        by_store=False,
        counts_people=True,
        columns=[
            Column("person", gettext_lazy("同事"), css="nowrap s-main", fixed=True, out=[Out(gettext_lazy("同事"), "person_name")]),
            Column("training", gettext_lazy("培训"), css="s-sub", out=[Out(gettext_lazy("培训"), "title"), Out(gettext_lazy("种类"), "kind_label")]),
            Column("state", gettext_lazy("情况"), css="nowrap s-end", out=[Out(gettext_lazy("情况"), "state_label")]),
            Column("until", gettext_lazy("期限"), sort="lapses", css="nowrap s-sub", out=[Out(gettext_lazy("期限"), "last_day", "date")]),
            Column(
                "confirmed",
                gettext_lazy("最近一次完成"),
                out=[
                    Out(gettext_lazy("最近一次完成"), "attended_on", "date"),
                    Out(gettext_lazy("方式"), "how"),
                    Out(gettext_lazy("材料版本"), "version", "number"),
                ],
            ),
            Column("invited", gettext_lazy("邀请时间"), sort="newest", css="nowrap", shown=False, out=[Out(gettext_lazy("邀请时间"), "invited_at", "moment")]),
        ],
        filters=[
            Filter("q", gettext_lazy("找同事或培训"), "search", lambda v, today: Q(staff__name__icontains=v) | Q(training__title__icontains=v)),
            Filter("state", gettext_lazy("情况"), "choice", _state, choices=list(STATES.items())),
            Filter("training", gettext_lazy("培训"), "choice", lambda v, today: Q(training_id=int(v)), choices=_trainings),
            Filter("kind", gettext_lazy("种类"), "choice", lambda v, today: Q(training__kind=v), choices=Training.Kind.choices),
            Filter("store", gettext_lazy("门店"), "choice", lambda v, today: _works_here(store_id=int(v)), choices=_stores),
        ],
        sorts=[
            Sort("newest", "id", "bigint", gettext_lazy("最近邀请在前"), gettext_lazy("最早邀请在前")),
            Sort("lapses", "lapses_on", "date", gettext_lazy("期限最晚在前"), gettext_lazy("最急的在前")),
        ],
    )
)  # fmt: skip
