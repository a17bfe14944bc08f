"""What each role may do: one table, asked by `@command` and `@page`, shown to the administrator. R019.

Permissions are `<thing>.<verb>`. Nobody else compares roles.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """The roles of a dealership (R202)."""

    GROUP_ADMIN = "group_admin", _("集团管理员")
    OPERATIONS = "operations", _("运营")
    STORE_MANAGER = "store_manager", _("店长")
    SALES_CONSULTANT = "sales_consultant", _("销售顾问")
    SERVICE_ADVISOR = "service_advisor", _("服务顾问")
    SERVICE_SPECIALIST = "service_specialist", _("售后专员")
    TECHNICIAN = "technician", _("技师")
    QUALITY_CONTROL = "quality_control", _("品控")
    CALLER = "caller", _("客服回访")
    PARTS = "parts", _("备件")
    CASHIER = "cashier", _("收银")
    AUDITOR = "auditor", _("审计（只读）")


PERMISSIONS: dict[str, str] = {
    "customer.see": _("看客户与车辆"),
    "customer.create": _("新建客户档案"),
    "customer.edit": _("修改客户档案"),
    "customer.merge": _("合并与拆回重复档案"),
    "customer.reveal": _("查看完整手机号、证件号、地址"),
    "customer.export": _("导出客户名单"),
    "list.export": _("把列表导出成文件"),
    "field.manage": _("增加、修改、停用自定义字段"),
    "view.save": _("保存列表视图、安排列"),
    "view.share": _("与门店共用列表视图"),
    "consent.change": _("登记客户同意与拒绝"),
    "privacy.take": _("登记客户的个人信息请求"),
    "privacy.handle": _("办理个人信息请求、出具副本"),
    "privacy.erase": _("按请求删除个人信息"),
    "note.add": _("在客户经过里写备注"),
    "arrival.see": _("看今天到店"),
    "arrival.note": _("登记客户到店"),
    "arrival.greet": _("登记到店关怀：客户怎么说"),
    "delivery.see": _("看交车与交接"),
    "delivery.plan": _("约交车、改期、取消"),
    "delivery.carry_out": _("交车：清单打勾、确认交付"),
    "delivery.sales_side": _("交车：讲解销售的一半"),
    "delivery.service_side": _("交车：讲解售后的一半"),
    "handover.write": _("填写并发出客户服务交接表"),
    "handover.confirm": _("逐项确认或退回交接表"),
    "feedback.record": _("登记首次服务反馈"),
    "feedback.read": _("读首次服务反馈"),
    "promise.make": _("登记销售承诺、改期、澄清争议"),
    "promise.keep": _("登记承诺已兑现或做不到"),
    "promise.dispute": _("登记客户对承诺的异议"),
    "promise.prove": _("给承诺附上照片和 PDF"),
    "conversation.see": _("看客户服务群"),
    "conversation.answer": _("建服务群、回复客户、换链接"),
    "survey.see": _("看客户评价"),
    "lead.see": _("看线索"),
    "lead.record": _("登记客户的购车意向"),
    "lead.push": _("确认线索、分级、推送给销售，或排除"),
    "lead.answer": _("回访线索并反馈、登记成交或未成交"),
    "lead.join": _("合并重复的线索"),
    "lead.assign": _("改派线索"),
    "complaint.see": _("看投诉与红色预警"),
    "complaint.file": _("登记投诉、发投诉链接"),
    "complaint.answer": _("答复客户、核对或不受理投诉"),
    "complaint.find": _("填写投诉查证卡"),
    "complaint.confirm": _("登记客户对方案的答复"),
    "complaint.check": _("结案 30 天后复查投诉"),
    "complaint.share": _("张贴与撤销投诉二维码"),
    "alert.acknowledge": _("接收红色预警"),
    "finding.sales": _("投诉查证：销售的卡"),
    "finding.service": _("投诉查证：售后的卡"),
    "finding.quality": _("投诉查证：品控的卡"),
    "solution.propose": _("提出联合方案"),
    "solution.approve": _("批准方案的补偿"),
    "solution.carry_out": _("执行联合方案"),
    "goodwill.change": _("调整投诉补偿额度"),
    "import.see": _("看导入记录"),
    "import.run": _("导入表格、改正错行"),
    "import.undo": _("撤销整次导入"),
    "task.see_own": _("看自己的今天"),
    "task.finish": _("登记联系结果"),
    "task.see_team": _("看团队任务"),
    "task.reassign": _("改派任务"),
    "task.create": _("新建任务"),
    "task.hand_over": _("把一件事转给同事、退回"),
    "task.snooze": _("推迟一件事"),
    "wall.see": _("看墙上大屏"),
    "wall.share": _("建立与撤销大屏的显示链接"),
    "absence.enter": _("登记自己的不在岗"),
    "absence.manage": _("登记同事的不在岗与代办人"),
    "playbook.see": _("看规则手册"),
    "playbook.run": _("运行当天计划"),
    "playbook.change": _("调整规则：开关、天数、时限、上报"),
    "metric.see": _("看守诺指标与协同健康度"),
    "metric.own": _("看自己的指标和算法"),
    "target.change": _("调整指标目标"),
    "improvement.lead": _("主持改进与例会：原因、方案、行动项、攻坚小组"),
    "incentive.see": _("看激励方案与全部对账单"),
    "incentive.own": _("看自己的对账单和激励方案"),
    "incentive.approve": _("填写提成基数、核定对账单"),
    "incentive.change": _("试算与调整激励方案"),
    "action.do": _("看行动项、登记自己的完成"),
    "practice.nominate": _("看最佳实践、提名标杆案例、投票"),
    "practice.publish": _("把标杆案例写进最佳实践手册"),
    "calendar.see": _("看营业日历"),
    "calendar.edit": _("修改营业日历"),
    "staff.see": _("看人员与角色"),
    "staff.manage": _("管理人员与角色"),
    "training.take": _("看自己的培训、确认已阅读"),
    "training.see": _("看门店的培训记录"),
    "training.manage": _("安排培训、登记参加"),
    "audit.see": _("看审计记录"),
    "inbox.use": _("看自己的提醒"),
    "outbox.see": _("看发件箱"),
    "outbox.resend": _("说明原因后再发一次"),
    "message.manage": _("规定消息的文字、次数和免打扰"),
    "channel.manage": _("接通消息渠道：账号、密钥、测试"),
    "token.manage": _("管理接口令牌"),
    "webhook.manage": _("管理事件推送"),
    "security.manage": _("规定登录安全"),
}

_SEE = {"customer.see", "playbook.see", "calendar.see"}
_CONTACT = (
    _SEE
    | {"arrival.see", "customer.reveal", "consent.change", "note.add", "task.see_own", "task.finish"}
    | {
        "task.create",
        "task.hand_over",
        "task.snooze",
    }
)
_DESK = _CONTACT | {"arrival.note", "arrival.greet", "customer.create", "customer.edit", "privacy.take"}
_WISHES = {"lead.see", "lead.record"}
_HEARS = {"conversation.see", "survey.see", "complaint.see"}
_SOLVES = {
    "alert.acknowledge",
    "complaint.file",
    "complaint.answer",
    "complaint.find",
    "complaint.confirm",
    "solution.propose",
}
_SOLD = {"delivery.see", "promise.keep", "promise.dispute", "promise.prove"}
_DELIVERS = _SOLD | _HEARS | _WISHES | _SOLVES | {"delivery.carry_out", "conversation.answer", "lead.join"}
_SALES = (
    _DELIVERS
    | {"finding.sales", "lead.answer"}
    | {"delivery.plan", "delivery.sales_side", "handover.write", "feedback.read", "promise.make"}
)
_SERVICE = (
    _DELIVERS
    | {"finding.service", "solution.carry_out", "lead.push"}
    | {"delivery.service_side", "handover.confirm", "feedback.record"}
)
_MANAGE = (
    _DESK
    | _SALES
    | _SERVICE
    | {
        "complaint.check",
        "complaint.share",
        "finding.quality",
        "solution.approve",
        "customer.merge",
        "customer.export",
        "list.export",
        "field.manage",
        "privacy.handle",
        "import.see",
        "import.run",
        "import.undo",
        "task.see_team",
        "task.reassign",
        "playbook.run",
        "playbook.change",
        "metric.see",
        "calendar.edit",
        "staff.see",
        "view.share",
        "wall.see",
        "wall.share",
        "absence.manage",
        "outbox.see",
        "outbox.resend",
        "training.see",
        "training.manage",
        "lead.assign",
        "target.change",
        "improvement.lead",
        "practice.publish",
        "incentive.see",
        "incentive.approve",
        "incentive.change",
    }
)
_ALL = {"view.save", "absence.enter", "inbox.use", "training.take", "metric.own", "incentive.own"}
_WORKS = {"action.do", "practice.nominate"}
"""Whoever works in the store, which an auditor does not."""

_GRANTS: dict[str, frozenset[str]] = {
    Role.GROUP_ADMIN: frozenset(PERMISSIONS),
    Role.OPERATIONS: frozenset(_MANAGE | {"audit.see", "message.manage", "goodwill.change"}),
    Role.STORE_MANAGER: frozenset(
        _MANAGE | {"audit.see", "privacy.erase", "staff.manage", "token.manage", "webhook.manage"}
    ),
    Role.SALES_CONSULTANT: frozenset(_DESK | _SALES),
    Role.SERVICE_ADVISOR: frozenset(_DESK | _SERVICE),
    Role.SERVICE_SPECIALIST: frozenset(_DESK | _SERVICE | {"customer.merge", "import.see", "import.run"}),
    Role.TECHNICIAN: frozenset({"customer.see", "note.add", "calendar.see"} | _WISHES),
    Role.QUALITY_CONTROL: frozenset(
        _SEE
        | _HEARS
        | _SOLVES
        | {"finding.quality", "complaint.check"}
        | {"delivery.see", "lead.see", "note.add", "metric.see", "task.see_own", "task.finish"}
        | {"task.see_team", "wall.see"}
    ),
    Role.CALLER: frozenset(
        _CONTACT | _HEARS | _WISHES | {"complaint.file", "complaint.confirm", "delivery.see", "promise.dispute"}
    ),
    Role.PARTS: frozenset({"customer.see", "calendar.see"}),
    Role.CASHIER: frozenset({"customer.see", "calendar.see"}),
    Role.AUDITOR: frozenset(
        _HEARS
        | {
            "customer.see",
            "playbook.see",
            "calendar.see",
            "import.see",
            "metric.see",
            "staff.see",
            "audit.see",
            "list.export",
            "task.see_team",
            "outbox.see",
            "delivery.see",
            "lead.see",
            "complaint.see",
            "arrival.see",
            "incentive.see",
        }
    ),
}
GRANTS: dict[str, frozenset[str]] = {
    role: held | _ALL | (set() if role == Role.AUDITOR else _WORKS) for role, held in _GRANTS.items()
}
"""Role -> what it may do. The role matrix test walks every route with every role against this."""


NEED_SECOND_FACTOR = frozenset({Role.GROUP_ADMIN, Role.OPERATIONS, Role.STORE_MANAGER})
"""Roles that reach many people's data: where the group asks for it, they sign in with a second factor."""


def permissions_of(roles: set[str]) -> frozenset[str]:
    """The union of what several roles may do."""
    return frozenset().union(*(GRANTS[role] for role in roles))
