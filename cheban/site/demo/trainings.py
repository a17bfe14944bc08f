"""The demo's confidentiality training: set up last year, most confirmed it, one person is late, one joined this week. R017."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cheban.core import clock
from cheban.org import scope
from cheban.org.access import actor_for, system_actor
from cheban.org.models import Staff, StaffRole, Store, Training
from cheban.org.roles import Role
from cheban.org.training import commands

ZONE = ZoneInfo("Asia/Shanghai")
LATE = Role.PARTS
"""Who of the first store has not got round to it."""
TEXT = """# 为什么要有保密制度

客户把电话、住址、车牌交给我们，是为了把车照顾好。这些信息只能用在这件事上。泄露一份名单，客户会接到骚扰电话，门店要依法承担责任，当事人可能被追究刑事责任。

# 每天要做到的

- **只看手上的事需要的客户**。每看一次完整号码，系统都会记下是谁、什么时候、为了什么。
- 不截图、不拍屏幕、不把名单发到个人微信或邮箱。
- 不替别人登录，不把密码告诉任何人；离开座位先锁屏。
- 客户说“不要再联系”，当场在系统里登记。
- 打印的工单、交接表用完就收走，废纸进碎纸机。
- 电话里核对身份之后，才说和车辆、费用有关的内容。

# 客户问起自己的信息

客户有权查阅、复制、更正和删除自己的信息。接到要求，在客户页“联系意愿”里登记，并写明怎样核对了本人身份。系统按 15 个工作日计时，由店长办理。

# 出了问题怎么办

发错了人、丢了纸质单据、账号被别人用过：**马上告诉店长**，不要自己处理。店长当天报集团。越早说，损失越小；隐瞒才是最严重的错误。

# 离职和调岗

当天停用账号或调整角色。客户资料属于门店，不能带走、不能继续使用。"""


def tell(stores: list[Store], *, today: date, is_large: bool) -> None:
    """One training for the group. Large demos have none."""
    if is_large:
        return
    ids = [store.id for store in stores]
    begun = datetime.combine(today - timedelta(days=120), time(9, 30), tzinfo=ZONE)
    with scope.use(ids):
        with clock.frozen(begun):
            made = commands.add(
                commands.Plan(
                    kind=Training.Kind.CONFIDENTIALITY, title="客户信息保密", text=TEXT, held_on=begun.date(),
                    valid_months=12, due_days=14,
                ),
                by=system_actor(ids),
            )  # fmt: skip
        version = made.materials.get().sha256
        late = (
            StaffRole.objects.filter(store_id=ids[0], role=LATE).order_by("staff_id").values_list("staff_id", flat=True)
        )[0]
        people = Staff.objects.filter(invitations__training=made).exclude(id=late).order_by("id")
        for number, person in enumerate(people):
            at = begun + timedelta(days=1 + number % 9, hours=number % 7, minutes=7 * number % 60)
            with clock.frozen(at):
                commands.confirm(made.id, by=actor_for(person), sha256=version)
