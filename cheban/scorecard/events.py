"""What the scorecard room tells. Texts of people stand in its tables, never in an event."""

from django.utils.translation import gettext_lazy as _

from cheban.core.events import declare

_CASE = {"improvement_id": "improvement case", "metric": "code of the figure"}
declare(
    "improvement.opened",
    _("指标连续两周亮红灯，启动改进"),
    week="Monday of the second red week, ISO",
    percent="the figure of both weeks",
    **_CASE,
)
declare("improvement.met", _("召开跨部门会议"), hours_count="hours since it was opened", **_CASE)
declare(
    "improvement.planned",
    _("提交改进方案"),
    hours_count="hours since it was opened",
    actions_count="actions agreed so far",
    **_CASE,
)
declare(
    "improvement.checked", _("验证改进效果"), kept="whether the figure is on target again", percent="it is now", **_CASE
)
declare("improvement.closed", _("关闭改进"), **_CASE)
_ACTION = {"action_id": "action", "owner_id": "staff id of who does it"}
declare("action.agreed", _("商定行动项"), due_on="by when, ISO", **_ACTION)
declare("action.changed", _("行动项改期或换人"), due_on="by when, ISO", **_ACTION)
declare("action.done", _("行动项完成"), kept="whether by its day", **_ACTION)
declare("action.dropped", _("行动项取消"), **_ACTION)
_FORCE = {"taskforce_id": "task force", "metric": "code of the figure"}
declare("taskforce.opened", _("成立专项攻坚小组"), lead_id="staff id of who leads it", members_count="people", **_FORCE)
declare("taskforce.solved", _("攻坚小组提交方案与首次检查"), kept="whether within three days", **_FORCE)
declare("meeting.held", _("召开周度协同例会"), meeting_id="weekly meeting", week="Monday of its week, ISO")
_PRACTICE = {"practice_id": "benchmark case"}
declare("practice.nominated", _("提名协同标杆案例"), kind="lead, complaint or other", **_PRACTICE)
declare("practice.withdrawn", _("撤回标杆案例提名"), **_PRACTICE)
declare("practice.voted", _("给标杆案例投票"), votes_count="votes so far", **_PRACTICE)
declare("practice.published", _("标杆案例写进最佳实践手册"), version_count="number of the version", **_PRACTICE)
declare(
    "target.changed",
    _("调整指标目标"),
    metric="code of the figure",
    percent="the new target",
    **{"from": "the target before"},
    valid_on="from which day, ISO",
)
