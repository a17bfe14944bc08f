"""What the customers room tells."""

from django.utils.translation import gettext_lazy as _

from cheban.core.events import declare

declare("customer.recorded", _("建立客户档案"), source="how the customer came", import_id="import batch id")
declare("customer.changed", _("更新客户档案"), fields="names of changed fields", import_id="import batch id")
declare("customer.note_added", _("备注"), text="the note")
declare("consent.given", _("同意联系"), purpose="purpose", channel="channel", proof="how it was said")
declare("consent.refused", _("拒绝联系"), purpose="purpose", channel="channel", proof="how it was said")
declare("vehicle.purchased", _("购车"), label="brand and series", plate="plate number", import_id="import batch id")
declare("vehicle.changed_hands", _("车辆易主"), label="brand and series", plate="plate number")
declare("import.finished", _("导入完成"), import_id="batch id", accepted="rows", rejected="rows", kind="kind")
declare("import.undone", _("撤销导入"), import_id="batch id", removed="rows", kept="rows changed since")
declare("customer.merged", _("合并档案"), merge_id="merge id", absorbed="id of the absorbed file", label="its name")
declare("customer.unmerged", _("撤销合并"), merge_id="merge id", label="name of the file taken out again")
