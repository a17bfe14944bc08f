"""From sale to service: the sheet within a day, its confirmation, the first feedback, what was promised. R028-R039."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from cheban.org.roles import Role
from cheban.playbook.rules import Happened, If, Owes, Rule, Upcoming, wall, working

DELIVERY_REMINDER = Rule(
    "delivery_reminder",
    title="交车前提醒：双专员各自准备，客户收到短信",
    short="交车准备",
    requirement="R036",
    when=Upcoming("delivery.scheduled_on", days=1, late=0),
    only_if=(If("delivery.state", "=", "planned", says="约好了还没有交"),),
    occasion="delivery.scheduled_on",
    purpose="service",
    owes=(
        Owes(
            Role.SALES_CONSULTANT,
            "confirm_delivery",
            "和客户确认交车时间",
            within=working(hours=8),
            escalate=((working(hours=10), Role.STORE_MANAGER),),
        ),
        Owes(
            Role.SERVICE_SPECIALIST,
            "prepare_delivery",
            "备好保养手册、留出交车时间",
            within=working(hours=8),
            escalate=((working(hours=10), Role.STORE_MANAGER),),
        ),
    ),
    joined=True,
    reason="{series}约好{due} {scheduled_time}交车，两位专员各自准备；客户同时收到短信提醒。",
    script="{call_name}您好，我是{store}的{me}。您的新车约在**{due} {scheduled_time}**交付，时间还合适吗？"
    "请带好**身份证原件**，我和售后专员一起等您。",
    shows=("delivery.series", "delivery.scheduled_time"),
    done_when=("settled", "booked"),
    done_label="已确认、已备好",
    void_by=("delivery.moved", "delivery.cancelled", "delivery.completed"),
    weight=88,
    keeps_gap=False,
)

HANDOVER_DUE = Rule(
    "handover_due",
    title="交车 24 小时内发出客户服务交接表",
    short="交接表",
    requirement="R028",
    when=Happened("delivery", "delivery.completed"),
    only_if=(If("delivery.sheet", "=", "draft", says="交接表还没有发出"),),
    occasion=None,
    purpose="internal",
    owes=(
        Owes(
            Role.SALES_CONSULTANT,
            "send_handover",
            "填好并发出交接表",
            within=wall(hours=24),
            escalate=((wall(hours=24), Role.STORE_MANAGER), (wall(hours=36), Role.OPERATIONS)),
        ),
    ),
    reason="{series}{delivered_on}交车，客户服务交接表要在 24 小时内发给售后专员。",
    script="写**客户自己说过的话**：为什么买、担心什么、希望怎样联系。基础信息已经从档案带出，不用再填。",
    shows=("delivery.series", "delivery.delivered_on"),
    done_by=("handover.sent",),
    weight=92,
    keeps_gap=False,
)

HANDOVER_CONFIRM = Rule(
    "handover_confirm",
    title="1+1 确认：逐项核对交接表",
    short="确认交接",
    requirement="R029",
    when=Happened("handover", "handover.sent"),
    only_if=(If("handover.answered_at", "is_empty", says="还没有确认或退回"),),
    occasion=None,
    purpose="internal",
    owes=(
        Owes(
            Role.SERVICE_SPECIALIST,
            "confirm_handover",
            "逐项确认交接表",
            within=working(hours=8),
            escalate=((working(hours=10), Role.STORE_MANAGER),),
        ),
    ),
    reason="{series}的交接表等您逐项确认。有错的一项标出来、写明哪里不对，退回给销售顾问。",
    script="给客户打第一个电话前确认：**称呼、车型、配置**对不对，**需求和担心**写得够不够用。",
    shows=("handover.series",),
    done_by=("handover.confirmed", "handover.sent_back"),
    weight=86,
    keeps_gap=False,
)

HANDOVER_CORRECT = Rule(
    "handover_correct",
    title="交接表退回后改正再发",
    short="改正交接",
    requirement="R029",
    when=Happened("handover", "handover.sent_back"),
    only_if=(If("handover.newer", "=", 0, says="还没有改正后的一版"),),
    occasion=None,
    purpose="internal",
    owes=(
        Owes(
            Role.SALES_CONSULTANT,
            "correct_handover",
            "改正交接表再发",
            within=working(hours=4),
            escalate=((working(hours=6), Role.STORE_MANAGER),),
        ),
    ),
    reason="{series}的交接表被退回，请按标出的几项改正后再发。",
    script="基础信息有错，在**客户档案**里改；需求和偏好在表里改。拿不准的，**问客户一句**，不要猜。",
    shows=("handover.series",),
    done_by=("handover.corrected",),
    weight=90,
    keeps_gap=False,
)

FIRST_FEEDBACK = Rule(
    "first_feedback",
    title="交车 3 天内首次服务反馈",
    short="首次反馈",
    requirement="R039",
    when=Happened("delivery", "delivery.completed"),
    only_if=(If("delivery.feedback_at", "is_empty", says="还没有首次反馈"),),
    occasion=None,
    purpose="internal",
    owes=(
        Owes(
            Role.SERVICE_SPECIALIST,
            "first_feedback",
            "登记首次服务反馈",
            within=wall(days=3),
            escalate=((wall(days=3), Role.STORE_MANAGER),),
        ),
    ),
    reason="{series}{delivered_on}交车。3 天内问一问用车情况，把问题和没说出口的需求告诉销售顾问。",
    script="您好，我是您的售后专员{me}。车开了几天，**哪里还不太会用**？手机连上车机了吗？有没有**想再了解的**？",
    shows=("delivery.series", "delivery.delivered_on"),
    done_by=("feedback.recorded",),
    weight=72,
    keeps_gap=False,
)

FEEDBACK_READ = Rule(
    "feedback_read",
    title="销售顾问读首次服务反馈",
    short="读反馈",
    requirement="R042",
    when=Happened("feedback", "feedback.recorded"),
    only_if=(If("feedback.read_at", "is_empty", says="还没有读"),),
    occasion=None,
    purpose="internal",
    owes=(
        Owes(
            Role.SALES_CONSULTANT,
            "read_feedback",
            "读首次服务反馈",
            within=working(days=1),
            escalate=((working(days=2), Role.STORE_MANAGER),),
        ),
    ),
    reason="售后专员登记了{series}的首次服务反馈：客户在用车上问了什么，还想要什么。",
    script="看看客户**卡在哪里**：下一次交车，这一项要讲得更清楚。",
    shows=("feedback.series",),
    done_by=("feedback.read",),
    weight=50,
    keeps_gap=False,
)


def _promise(code: str, *, role: Role, side: str, title: str, says: str, reason: str) -> Rule:
    return Rule(
        code,
        title=title,
        short="承诺",
        requirement="R034",
        when=Upcoming("promise.due_on", days=3, late=60),
        occasion="promise.due_on",
        only_if=(If("promise.side", "=", side, says=says),),
        purpose="internal",
        owes=(
            Owes(
                role,
                "keep_promise",
                "兑现承诺并登记",
                within=working(days=3),
                escalate=((working(days=4), Role.STORE_MANAGER),),
            ),
        ),
        reason=reason,
        script="先看**依据**里写的是什么，再和客户约时间。做不到就**早说**，不要等客户来问。",
        shows=("promise.what",),
        done_by=("promise.kept", "promise.broken"),
        void_by=("promise.changed",),
        weight=78,
        keeps_gap=False,
    )


PROMISE_DUE = _promise(
    "promise_due",
    role=Role.SALES_CONSULTANT,
    side="sales",
    title="销售承诺到期前兑现",
    says="由销售兑现",
    reason="答应过客户：{what}，{due}前兑现。",
)
PROMISE_DUE_SERVICE = _promise(
    "promise_due_service",
    role=Role.SERVICE_SPECIALIST,
    side="service",
    title="销售承诺由售后兑现",
    says="由售后兑现",
    reason="销售答应过客户：{what}，{due}前由售后兑现。",
)

CHAPTER = gettext_noop("从销售到售后：交接、承诺、首次反馈")
RULES = (
    DELIVERY_REMINDER,
    HANDOVER_DUE,
    HANDOVER_CONFIRM,
    HANDOVER_CORRECT,
    FIRST_FEEDBACK,
    FEEDBACK_READ,
    PROMISE_DUE,
    PROMISE_DUE_SERVICE,
)
