"""What the leads hold about a person. See core.personal."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cheban.core.personal import Holding, Person, Row, hold
from cheban.sales.leads import commands
from cheban.sales.leads.models import OPEN, Lead, LeadAnswer, LeadWords


def _leads(person: Person) -> list[Row]:
    found: list[Row] = []
    rows = Lead.objects.filter(customer_id__in=person.ids).order_by("proposed_at", "id")
    for lead in rows.prefetch_related("heard", "answers"):
        row: Row = {
            _("意向"): lead.get_kind_display(),
            _("状态"): lead.get_state_display(),
            _("想要的车"): lead.wanted,
            _("客户的话"): _("；").join(one.text for one in lead.heard.all()),
            _("跟进"): _("；").join(one.words for one in lead.answers.all()),
            _("成交车型"): lead.deal_what,
            _("说明"): lead.why,
        }
        found.append({label: value for label, value in row.items() if value})
    return found


def _blank(person: Person) -> int:
    leads = Lead.objects.filter(customer_id__in=person.ids)
    for lead in leads.filter(state__in=OPEN).select_for_update().order_by("id"):
        commands.forget(lead)
    count = LeadWords.objects.filter(lead__in=leads).update(text="", words=[])
    count += LeadAnswer.objects.filter(lead__in=leads).update(words="")
    return count + leads.update(wanted="", why="", deal_what="", external_id="")


def offer() -> None:
    """Register (called when the app is ready)."""
    hold(
        Holding(
            "leads",
            gettext_lazy("购车意向线索"),
            ("sales_lead", "sales_leadwords", "sales_leadturn", "sales_leadanswer"),
            _leads,
            _blank,
            kept=gettext_lazy("线索的时间、阶段、经办人与金额留作统计，客户的话与跟进文字清空"),
            order=47,
        )
    )
