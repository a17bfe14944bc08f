"""What every page's frame needs: menu, stores, who is signed in. One or two queries."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from cheban.core import clock, live
from cheban.messaging import queries as messaging
from cheban.org import queries as org
from cheban.org.roles import Role
from cheban.playbook import queries as playbook
from cheban.site import watch
from cheban.voice.complaints import queries as complaints

MENU = (
    # label, url name, icon, permission, group
    (gettext_noop("我的今天"), "playbook:my_day", "checklist", "task.see_own", ""),
    (gettext_noop("团队看板"), "playbook:team", "users-group", "task.see_team", ""),
    (gettext_noop("客户与车辆"), "customers:list", "address-book", "customer.see", ""),
    (gettext_noop("今天到店"), "workshop:arrivals", "map-pin", "arrival.see", ""),
    (gettext_noop("交车与交接"), "sales:deliveries", "car", "delivery.see", ""),
    (gettext_noop("线索"), "sales:leads", "bulb", "lead.see", ""),
    (gettext_noop("销售承诺"), "sales:promises", "flag", "delivery.see", ""),
    (gettext_noop("客户服务群"), "conversations:list", "message-2", "conversation.see", ""),
    (gettext_noop("客户评价"), "surveys:list", "star", "survey.see", ""),
    (gettext_noop("投诉与预警"), "voice:complaints", "speakerphone", "complaint.see", ""),
    (gettext_noop("提醒"), "messaging:inbox", "bell", "inbox.use", ""),
    (gettext_noop("重复档案"), "customers:duplicates", "copy", "customer.merge", "files"),
    (gettext_noop("档案质量"), "customers:files", "file-text", "customer.edit", "files"),
    (gettext_noop("个人信息请求"), "customers:privacy", "shield-lock", "privacy.take", "files"),
    (gettext_noop("协同健康度"), "scorecard:health", "heart-handshake", "metric.see", "metrics"),
    (gettext_noop("周度例会"), "scorecard:weekly", "users", "metric.see", "metrics"),
    (gettext_noop("行动项"), "scorecard:actions", "list-check", "action.do", "metrics"),
    (gettext_noop("最佳实践"), "scorecard:practices", "bulb", "practice.nominate", "metrics"),
    (gettext_noop("我的指标"), "scorecard:mine", "gauge", "metric.own", "metrics"),
    (gettext_noop("职业发展"), "scorecard:career", "stairs-up", "metric.see", "metrics"),
    (gettext_noop("激励与对账单"), "scorecard:statements", "receipt-yuan", "incentive.see", "metrics"),
    (gettext_noop("我的对账单"), "scorecard:my_statements", "receipt", "incentive.own", "metrics"),
    (gettext_noop("守诺指标"), "scorecard:kept", "target-arrow", "metric.see", "metrics"),
    (gettext_noop("墙上大屏"), "wall:board", "device-tv", "wall.see", "metrics"),
    (gettext_noop("发件箱"), "messaging:outbox", "send", "outbox.see", "settings"),
    (gettext_noop("消息规定"), "messaging:settings", "message-2", "outbox.see", "settings"),
    (gettext_noop("规则手册"), "playbook:handbook", "book", "playbook.see", "settings"),
    (gettext_noop("自定义字段"), "customers:fields", "list-details", "field.manage", "settings"),
    (gettext_noop("导入与撤销"), "customers:imports", "file-import", "import.see", "settings"),
    (gettext_noop("导出记录"), "exports:list", "download", "list.export", "settings"),
    (gettext_noop("营业日历"), "org:calendar", "calendar", "calendar.see", "settings"),
    (gettext_noop("不在岗与代办"), "org:absences", "calendar-off", "absence.enter", "settings"),
    (gettext_noop("培训"), "trainings:mine", "certificate", "training.take", "settings"),
    (gettext_noop("人员与角色"), "org:staff", "id-badge", "staff.see", "settings"),
    (gettext_noop("权限表"), "org:permissions", "lock", "staff.see", "settings"),
    (gettext_noop("消息渠道"), "channels:list", "plug-connected", "channel.manage", "settings"),
    (gettext_noop("接口令牌"), "api:tokens", "key", "token.manage", "settings"),
    (gettext_noop("事件推送"), "api:webhooks", "send", "webhook.manage", "settings"),
    (gettext_noop("审计记录"), "org:audit", "eye-check", "audit.see", "settings"),
)
"""The menu, in order; an entry is shown to those who may open it."""

GROUPS = {
    "files": gettext_noop("档案与隐私"),
    "metrics": gettext_noop("经营"),
    "settings": gettext_noop("设置"),
}
"""The menu's groups: each folds. A manager's menu has forty entries, of which a day needs ten."""
OPEN_AT_FIRST = "metrics"
"""Groups that are open until somebody folds them, joined by dots as in the cookie that remembers it."""


KEYS = {
    "playbook:my_day": "t",
    "playbook:team": "b",
    "customers:list": "c",
    "sales:leads": "l",
    "scorecard:kept": "m",
    "playbook:handbook": "h",
    "customers:imports": "i",
}
"""The second key of 'g c' and so on."""


_SCORECARD = {
    **dict.fromkeys(
        (
            *("health_wall", "records", "tasks", "targets", "change_target", "cases", "case", "case_deed"),
            *("monthly", "new_force", "force", "force_deed"),
        ),
        "scorecard:health",
    ),
    "weekly_deed": "scorecard:weekly",
    **dict.fromkeys(("grade", "change_ladder"), "scorecard:career"),
    **dict.fromkeys(("action", "action_deed"), "scorecard:actions"),
    **dict.fromkeys(
        ("statement", "statement_records", "scheme", "change_scheme", "approve_statements"),
        "scorecard:statements scorecard:my_statements",
    ),
    **dict.fromkeys(("new_practice", "practice", "practice_deed"), "scorecard:practices"),
}
"""Which of the scorecard's menu entries its other pages belong to."""


def _part(view: str) -> str:
    """Which of the customers room's menu entries a page belongs to."""
    if any(word in view for word in ("duplicates", "compare")):
        return "duplicates"
    if view == "customers:files":
        return "files"
    if view.startswith("customers:field"):
        return "fields"
    if "privacy" in view or "retention" in view:
        return "privacy"
    return "imports" if "import" in view else "customers"


MANY_STORES = 40
"""More stores than the frame's menu lists: there it leads to the page that finds one."""

FRAME = ("bell", "alerts-bar", "nav-live-", "tab-live-")
"""How the ids of live elements of the frame begin."""


def wants_part(request: HttpRequest) -> bool:
    """Whether an open page asks for elements of its content only: no frame, none of its queries."""
    wanted = live.parts(request.headers)
    return bool(wanted) and not any(each.startswith(FRAME) for each in wanted)


@cache
def _address(name: str) -> str:
    """Where a menu entry leads: every page asks for some forty of them, and they never change."""
    return reverse(name)


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context of base.html."""
    actor = getattr(request, "actor", None)
    if actor is None:
        return {"nav": [], "stores": []}
    if wants_part(request):
        return _common(request) | {"nav": [], "live_part": True}
    here = request.resolver_match.view_name if request.resolver_match else ""
    nav = []
    for label, name, icon, permission, group in MENU:
        if not actor.may(permission) or (name == "scorecard:my_statements" and actor.may("incentive.see")):
            continue  # whoever sees all statements finds their own among them
        count = 0
        if name == "playbook:my_day":
            count = playbook.open_count(actor, at=clock.now())
        elif name == "messaging:inbox":
            count = messaging.unread(actor)
        nav.append(
            {
                "label": _(label),
                "url": _address(name),
                "icon": icon,
                "count": count,
                "live": {"playbook:my_day": f"day:{actor.staff_id}", "messaging:inbox": f"inbox:{actor.staff_id}"}.get(
                    name, ""
                ),
                "group": group,
                "key": KEYS.get(name, ""),
                "active": here == name
                or (name in ("conversations:list", "surveys:list") and here.startswith(name[:-4]))
                or (name == "sales:leads" and here.startswith("sales:") and "lead" in here)
                or (name == "channels:list" and here.startswith("channels:"))
                or (name == "trainings:mine" and here.startswith("trainings:"))
                or (
                    name.startswith("scorecard:")
                    and name in _SCORECARD.get(here.removeprefix("scorecard:"), "").split()
                )
                or (here.startswith("api:") and name in ("api:tokens", "api:webhooks") and name[4:-1] in here)
                or (here.split(":")[0] == name.split(":")[0] == "customers" and _part(here) == _part(name)),
            }
        )
    return _common(request) | {
        "nav": nav,
        "menu": {
            "labels": {code: _(label) for code, label in GROUPS.items()},
            "open": request.COOKIES.get("menu", OPEN_AT_FIRST).split("."),
        },
        "bell": next((entry for entry in nav if entry["icon"] == "bell"), None),
        "alerts": complaints.waiting_alerts(actor) if actor.may("complaint.see") else None,
        "outage": watch.current() if actor.may("playbook.run") else None,
    }


def _common(request: HttpRequest) -> dict[str, Any]:
    """What contents read as well; stores are asked for when somebody does."""
    actor = request.actor
    held = actor.all_roles
    return {
        "stores": SimpleLazyObject(lambda: org.stores_of(actor)),
        "store_count": len(actor.roles),
        "stores_are_many": len(actor.roles) > MANY_STORES,
        "current_store": SimpleLazyObject(lambda: org.only_store(actor)),
        "actor": actor,
        "now": clock.now(),
        "theme": request.user.theme,
        "language": request.user.language,
        "role_label": Role(sorted(held, key=list(Role.values).index)[0]).label if held else "",
        "may": dict.fromkeys(actor.permissions, True),
    }
