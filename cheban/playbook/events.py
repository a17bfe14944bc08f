"""What the playbook tells."""

from django.utils.translation import gettext_lazy as _

from cheban.core.events import declare

declare("contact.reached", _("已联系"), rules="rule names", outcome="outcome code", note="note", when="agreed moment")
declare("contact.missed", _("未接通"), rules="rule names", attempts="how often tried")
declare("contact.refused", _("客户拒绝"), rules="rule names", reason="reason code", note="note", purposes="purposes")
declare("task.escalated", _("超时升级"), rules="rule names", level="ladder step", to="staff id")
declare("task.reassigned", _("改派"), rules="rule names", to="staff id")
