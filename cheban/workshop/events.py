"""What the workshop tells: who arrived, and what other systems' orders told."""

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
_ARRIVAL = {"arrival_id": "arrival"}
declare("customer.arrived", _("客户到店"), source="reception, camera or other", **_ARRIVAL)
declare("customer.greeted", _("到店关怀"), minutes_count="whole minutes from arriving", **_ARRIVAL)
