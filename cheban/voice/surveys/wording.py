"""The two questions of each kind, chosen so that their mean is one honest score for sales and service. R135.

The first always asks whether what sales said holds, the second how service looked after the customer: after a delivery
by what was explained and handed over, after a visit by the visit itself and by whether the word given at the sale was
known and kept in the workshop. So `sales_points`, `service_points` and their mean mean the same for both kinds.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from cheban.voice.surveys.models import Survey


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: its field, its words, what 0 and 100 mean."""

    field: str
    question: str
    none: str
    full: str


QUESTIONS: dict[str, tuple[Asked, Asked]] = {
    Survey.Kind.DELIVERY: (
        Asked("sales_points", _("销售答应您的、介绍给您的，做到了几分？"), _("完全没做到"), _("全都做到了")),
        Asked("service_points", _("售后专员的讲解和交接，您满意几分？"), _("很不满意"), _("非常满意")),
    ),
    Survey.Kind.REPAIR_ORDER: (
        Asked(
            "sales_points",
            _("买车时和您说好的（保养、质保、赠品），到店都对得上吗？"),
            _("完全对不上"),
            _("全都对得上"),
        ),
        Asked("service_points", _("这次到店，您满意几分？"), _("很不满意"), _("非常满意")),
    ),
}
TITLES = {
    Survey.Kind.DELIVERY: _("新车开得还顺吗？"),
    Survey.Kind.REPAIR_ORDER: _("这次到店还顺利吗？"),
}
