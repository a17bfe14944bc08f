"""What rules may ask about improvement cases, actions and task forces. See core.facts."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from cheban.core.facts import Fact, Subject, register
from cheban.scorecard.definitions import DEFINITIONS

_NOBODY = {
    "customer": "NULL::uuid",
    "vehicle": "NULL::uuid",
    "refusals": "ARRAY[]::varchar[]",
    "value": "0::bigint",
    "last_contact": "NULL::timestamptz",
    "may_be_nobodys": True,
}
_TITLE = "CASE {column} " + " ".join(f"WHEN '{d.code}' THEN '{d.title}'" for d in DEFINITIONS) + " END"
"""Titles are the texts that get translated: sentences ask for them with the form `word`."""


def _side(column: str) -> str:
    """Which side of the house a person works on, in the row's store."""
    return (
        f"(SELECT CASE WHEN count(*) FILTER (WHERE r.role = 'sales_consultant') > 0 THEN 'sales' ELSE 'service' END "  # noqa: S608 - SQL of ours
        f"FROM org_staffrole r WHERE r.staff_id = {column} AND r.store_id = s.id)"
    )


def offer() -> None:
    """Register the subjects (called when the app is ready)."""
    register(
        Subject(
            name="improvement",
            source="scorecard_improvementcase i JOIN org_store s ON s.id = i.store_id",
            id="i.id",
            store="i.store_id",
            ready="i.state <> 'closed'",
            tables=("scorecard_improvementcase",),
            facts={
                "name": Fact("s.name", "text", gettext_noop("门店")),
                "metric": Fact(_TITLE.format(column="i.metric"), "text", gettext_noop("指标")),
                "value": Fact("i.value_before", "number", gettext_noop("启动时的数值")),
                "goal": Fact("i.target", "number", gettext_noop("目标值")),
                "state": Fact("i.state", "text", gettext_noop("改进状态")),
                "planned_at": Fact("i.planned_at", "date", gettext_noop("方案时间")),
                "met_at": Fact("i.met_at", "date", gettext_noop("会议时间")),
                "check_on": Fact("i.check_on", "date", gettext_noop("验证效果日期")),
            },
            told_by="improvement_id",
            page="scorecard:case",
            **_NOBODY,
        )
    )
    register(
        Subject(
            name="action",
            source="scorecard_action a JOIN org_store s ON s.id = a.store_id",
            id="a.id",
            store="a.store_id",
            ready="a.state = 'open'",
            tables=("scorecard_action",),
            facts={
                "what": Fact("a.what", "text", gettext_noop("行动项")),
                "due_on": Fact("a.due_on", "date", gettext_noop("完成日期")),
                "side": Fact(_side("a.owner_id"), "text", gettext_noop("哪一边")),
            },
            told_by="action_id",
            staff=("a.owner_id", "a.owner_id", "a.owner_id"),  # whoever was named, in whichever role it is owed
            page="scorecard:action",
            **_NOBODY,
        )
    )
    register(
        Subject(
            name="taskforce",
            source="scorecard_taskforce f JOIN org_store s ON s.id = f.store_id",
            id="f.id",
            store="f.store_id",
            ready="f.solved_at IS NULL",
            tables=("scorecard_taskforce",),
            facts={
                "metric": Fact(_TITLE.format(column="f.metric"), "text", gettext_noop("指标")),
                "goal": Fact("f.goal", "text", gettext_noop("攻坚目标")),
                "side": Fact(_side("f.lead_id"), "text", gettext_noop("哪一边")),
            },
            told_by="taskforce_id",
            staff=("f.lead_id", "f.lead_id", "f.lead_id"),
            page="scorecard:force",
            **_NOBODY,
        )
    )
