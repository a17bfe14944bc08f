"""What the playbook tells."""

from django.utils.translation import gettext_lazy as _

from cheban.core.events import declare

_CONTACT = {"rules": "rule codes", "note": "note", "contact_id": "contact", "undo": "tasks as they were"}

declare("contact.reached", _("已联系"), outcome="outcome code", when="agreed moment, ISO", **_CONTACT)
declare("contact.missed", _("未接通"), attempts="how often tried", **_CONTACT)
declare("contact.refused", _("客户拒绝"), reason="reason code", purposes="purposes refused from now on", **_CONTACT)
declare("contact.taken_back", _("撤回联系结果"), rules="rule codes", contact_id="contact")
declare("weather.warned", _("天气预警"), kind="code of WEATHER")
declare("task.escalated", _("超时升级"), rules="rule codes", level="ladder step", to="staff id")
declare("task.reassigned", _("改派"), rules="rule codes", to="staff id")
declare(
    "rule.changed",
    _("调整规则"),
    rule="rule code",
    level="group or store",
    before="knob -> value that held before at this level",
    after="knob -> value that holds now at this level",
    why="reason in words",
    dropped="open tasks that ended with it",
)
