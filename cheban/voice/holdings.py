"""What the voice room holds about a person. See core.personal."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cheban.core.money import plain_yuan
from cheban.core.personal import Holding, Person, Row, hold
from cheban.voice.models import Alert, Complaint, Finding, OwnerLink, Passage, Solution


def _complaints(person: Person) -> list[Row]:
    found: list[Row] = []
    for one in Complaint.objects.filter(customer_id__in=person.ids).order_by("filed_at", "id"):
        row: Row = {
            _("投诉"): one.text,
            _("登记于"): one.filed_at,
            _("类别"): one.get_kind_display(),
            _("状态"): one.get_state_display(),
            _("首次答复"): one.answer,
        }
        last = Solution.objects.filter(complaint=one).order_by("-round").first()
        if last is not None and last.agreed_at:
            row |= {
                _("解决办法"): last.measure,
                _("补偿（元）"): plain_yuan(last.compensation_fen) if last.compensation_fen else "",
                _("您的答复"): last.said,
            }
        found.append({label: value for label, value in row.items() if value})
    return found


def _blank_complaints(person: Person) -> int:
    rows = Complaint.objects.filter(customer_id__in=person.ids)
    of_theirs = {"complaint__customer_id__in": person.ids}
    count = Finding.objects.filter(**of_theirs).update(text="")
    count += Solution.objects.filter(**of_theirs).update(said="", carried_out_how="", measure="", improvement="")
    count += Alert.objects.filter(customer_id__in=person.ids).update(words="")
    count += OwnerLink.objects.filter(Q(customer_id__in=person.ids) | Q(**of_theirs)).delete()[0]
    return count + rows.update(
        text="", words="", grams=[], answer="", claim_sealed=None, check_note="", dismissed_why=""
    )


def _passages(person: Person) -> list[Row]:
    return [
        {_("您说过的话"): passage.text, _("时间"): passage.said_at}
        for passage in Passage.objects.filter(customer_id__in=person.ids).order_by("said_at", "id")
    ]


def _blank_passages(person: Person) -> int:
    return Passage.objects.filter(customer_id__in=person.ids).update(text="", evidence=[])


def offer() -> None:
    """Register both (called when the app is ready)."""
    hold(
        Holding(
            "complaints",
            gettext_lazy("投诉与预警"),
            ("voice_complaint", "voice_alert", "voice_finding", "voice_solution", "voice_ownerlink"),
            _complaints,
            _blank_complaints,
            kept=gettext_lazy("投诉的时间、类别与经办人留存，文字清空"),
            order=48,
        ),
        Holding(
            "passages",
            gettext_lazy("客户说过的话"),
            ("voice_passage",),
            _passages,
            _blank_passages,
            kept=gettext_lazy("说话的时间与识别的类别留存，文字清空"),
            order=49,
        ),
    )
