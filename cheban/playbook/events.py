"""What the playbook tells."""

from django.utils.translation import gettext_lazy as _

from cheban.core.events import declare

_CONTACT = {"rules": "rule codes", "note": "note", "contact_id": "contact", "undo": "tasks as they were"}

declare("contact.reached", _("已联系"), outcome="outcome code", when="agreed moment, ISO", **_CONTACT)
declare("contact.missed", _("未接通"), attempts="how often tried", **_CONTACT)
declare("contact.refused", _("客户拒绝"), reason="reason code", purposes="purposes refused from now on", **_CONTACT)
declare(
    "contact.taken_back",
    _("撤回联系结果"),
    rules="rule codes",
    contact_id="contact",
    event_id="the event of the outcome that was taken back",
)
declare("weather.warned", _("天气预警"), kind="code of WEATHER")
declare(
    "task.escalated",
    _("超时升级"),
    rules="rule codes",
    level="ladder step",
    to="staff id",
    role="role the step names",
    task_id="task",
    contact_id="contact",
)
declare("task.reassigned", _("改派"), rules="rule codes", to="staff id")
_MOVED = {"rules": "rule codes", "contact_id": "contact"}
declare("task.covered", _("代办"), to="staff id", **{"from": "staff id of who is away"}, **_MOVED)
declare("task.came_back", _("代办结束"), to="staff id", **{"from": "staff id of the deputy"}, **_MOVED)
declare("task.taken", _("我来处理"), level="ladder step", undo="tasks as they were and became", **_MOVED)
declare(
    "task.snoozed",
    _("推迟"),
    when="until, ISO",
    why="reason code",
    snoozes_count="how often so far",
    undo="tasks as they were and became",
    **_MOVED,
)
declare(
    "task.handed_over",
    _("转给同事"),
    to="staff id",
    note="why",
    undo="tasks as they were and became",
    **_MOVED,
)
declare("task.sent_back", _("退回"), to="staff id", note="why", undo="tasks as they were and became", **_MOVED)
declare("task.put_back", _("撤回"), what="name of the event taken back", **_MOVED)
declare("task.joint_done", _("一起办的事办完"), rules="rule codes", contact_id="contact that ended it")
declare("task.created", _("新建任务"), to_ids="staff ids", when="due, ISO", **_MOVED)
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
declare("wall.shared", _("建立大屏链接"), link_id="display link")
declare("wall.revoked", _("撤销大屏链接"), link_id="display link")
