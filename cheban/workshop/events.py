"""What the workshop tells (so far: what other systems' orders told)."""

from django.utils.translation import gettext_lazy as _

from cheban.core.events import declare

declare(
    "repair_order.concern_told", _("客户描述"), order_no="order number", text="the words", import_id="import batch id"
)
declare(
    "repair_order.imported",
    _("到店维修保养"),
    order_no="order number",
    items="work done, first lines",
    total_fen="total, fen",
    odometer_km="odometer, km",
    import_id="import batch id",
)
