"""What surveys offer the house: facts, holdings, links, live topics, slots, words of customers."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cheban.core import live, said, slots
from cheban.core.links import Link, link
from cheban.core.personal import Holding, Person, Row, hold
from cheban.customers.importing import undo
from cheban.voice.surveys import events, facts, kinds, lists, queries, reactions  # noqa: F401
from cheban.voice.surveys.models import Survey

_HANGS_ON = {
    "customers_vehicle": "EXISTS (SELECT 1 FROM voice_survey s WHERE s.vehicle_id = t.id)",
    "customers_customer": "EXISTS (SELECT 1 FROM voice_survey s WHERE s.customer_id = t.id)",
}


def _collect(person: Person) -> list[Row]:
    rows = Survey.objects.filter(customer_id__in=person.ids, answered_at__isnull=False).order_by("answered_at", "id")
    return [
        {
            _("时间"): s.answered_at,
            _("场合"): s.get_kind_display(),
            _("销售得分"): s.sales_points,
            _("售后得分"): s.service_points,
            _("留言"): s.said,
        }
        for s in rows
    ]


def _erase(person: Person) -> int:
    return Survey.objects.filter(customer_id__in=person.ids).exclude(said="").update(said="")


def offer() -> None:
    """Register (called when the app is ready)."""
    facts.offer()
    hold(
        Holding(
            "surveys",
            gettext_lazy("客户评价"),
            ("voice_survey",),
            _collect,
            _erase,
            kept=gettext_lazy("分数用于统计留存，留言清空"),
            order=48,
        )
    )
    link(Link("voice_survey", "customer_id", gettext_lazy("客户评价"), vehicle="vehicle_id", added="invited_at"))
    undo.follow(
        undo.Follower(lambda cursor, batch_id: (0, [], []), lambda cursor, vehicles, customers: None, _HANGS_ON)
    )
    live.topic("surveys", queries.may_hear_store)
    slots.provide("customer.surveys", queries.surveys_of, rows="voice_survey WHERE customer_id = %s")
    said.offer("survey.answered", reactions.words_of)
    said.offer("survey.changed", reactions.words_of)
