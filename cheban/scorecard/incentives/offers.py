"""What the house is told of incentives: what rules may ask, names on the audit page, who hears of changes. R183."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from cheban.core import events, facts, live
from cheban.core.models import Event
from cheban.core.subjects import name, of_rows
from cheban.org.access import Actor
from cheban.org.models import Staff
from cheban.scorecard.incentives import events as told  # noqa: F401 - they are declared
from cheban.scorecard.incentives import lists, months, statements  # noqa: F401 - the list is declared
from cheban.scorecard.models import IncentiveScheme, Statement


def may_hear(actor: Actor, store_id: str) -> bool:
    """Whether an open page of this person may hear that statements of this store moved (live topic)."""
    return int(store_id) in actor.stores


def count_won(event: Event) -> None:
    """The reaction: a won lead stands on the drafts of both sides at once."""
    if statements.refresh([event.store_id]):
        live.announce("pay", event.store_id)


def offer() -> None:
    """Register (called when the app is ready)."""
    live.topic("pay", may_hear)
    if "lead.won" in events.all_declared():
        events.reaction("lead.won")(count_won)
    facts.register(
        facts.Subject(
            name="paymonth",
            source="scorecard_paymonth p JOIN org_store s ON s.id = p.store_id",
            id="p.id",
            store="p.store_id",
            customer="NULL::uuid",
            vehicle="NULL::uuid",
            ready=(
                "p.closed_at IS NULL AND EXISTS (SELECT 1 FROM scorecard_statement d WHERE d.store_id = p.store_id "
                "AND d.month = p.month AND d.state = 'draft')"
            ),
            refusals="ARRAY[]::varchar[]",
            value="0::bigint",
            last_contact="NULL::timestamptz",
            tables=("scorecard_paymonth", "scorecard_statement"),
            facts={
                "name": facts.Fact("s.name", "text", gettext_noop("门店")),
                "month": facts.Fact("to_char(p.month, 'YYYY-MM')", "text", gettext_noop("对账的月份")),
                "ready_on": facts.Fact("p.ready_on", "date", gettext_noop("月份结束、可以核定的日期")),
                "closed_at": facts.Fact("p.closed_at", "date", gettext_noop("全部核定的时间")),
            },
            told_by="paymonth_id",
            page="scorecard:paymonth",
        )
    )
    name(
        "scheme",
        gettext_lazy("激励方案"),
        of_rows(
            IncentiveScheme,
            lambda row: _("%(month)s 起的方案") % {"month": months.words(row.valid_from)},
            lambda row: reverse("scorecard:scheme"),
        ),
    )
    name("statement", gettext_lazy("对账单"), _statements)


def _statements(ids: list[str]) -> dict:
    """'statement:<id>' -> whose and which month. Two queries."""
    found = of_rows(Statement, lambda row: row, lambda row: reverse("scorecard:statement", args=[row.id]))(ids)
    people = dict(Staff.objects.filter(id__in={n.label.person_id for n in found.values()}).values_list("id", "name"))
    return {
        id_: type(named)(f"{people.get(named.label.person_id, '—')} · {months.words(named.label.month)}", named.url)
        for id_, named in found.items()
    }
