"""What incentives tell. Amounts are whole fen; what people are paid stands in statements, never in an event."""

from django.utils.translation import gettext_lazy as _

from cheban.core.events import declare

declare(
    "incentive.scheme_changed", _("调整激励方案"), scheme_id="version of the scheme", valid_on="from which month, ISO"
)
declare(
    "statement.approved",
    _("核定对账单"),
    statement_id="statement",
    person_id="staff id of whose it is",
    month_on="first day of its month, ISO",
)
declare(
    "statement.month_closed",
    _("当月对账单全部核定"),
    paymonth_id="month of a store",
    month_on="its first day, ISO",
    statements_count="statements of the month",
)
