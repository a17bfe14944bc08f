"""The demo's trainings: confidentiality (one person is late), a technical open day for sales with questions, a script
training for the service team next week. R017, R175, R176."""

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


OPEN_DAY = """# 冬天打不着火，八成是亏电

客户在群里问“早上打不着怎么办”，销售顾问也答得上来，客户就少跑一趟。这次开放日在维修车间看三样东西。

- **电瓶**：静态电压 12.4 V 以上正常，低于 12.0 V 要充电，用了三年以上建议检测。
- **休眠电流**：加装的行车记录仪、定位器停车还在耗电，两周不开就会亏。
- **胎压**：气温每降 10 度，胎压约降 0.1 bar，灯亮先量再补，不要急着换胎。

# 怎样回答客户

先问停了几天、仪表亮不亮、有没有“哒哒”声。仪表暗、有哒哒声，多半是亏电：告诉客户**不要反复打火**，约救援搭电，到店测电瓶。

? 客户说早上打不着、仪表很暗，先怀疑什么
( ) 发动机坏了
(x) 电瓶亏电
( ) 没有油

? 静态电压低于多少要充电
(x) 12.0 V
( ) 14.0 V
( ) 10.0 V

? 降温后胎压灯亮，第一步做什么
( ) 换四条轮胎
( ) 不用管
(x) 量胎压、补气

? 打不着火时应该告诉客户
(x) 不要反复打火，约救援搭电
( ) 多打几次
( ) 推车起步"""
SCRIPT = """# 价格敏感型客户怎么谈

先把**这次做了什么、为什么要做**讲清楚，再谈价钱。客户嫌贵，多半是不知道钱花在哪里。

- 报价分三栏：必须做的、建议做的、可以下次做的。
- 不说“这个一定要换”，说“现在是 3 毫米，到 2 毫米要换，大约还能跑 6,000 公里”。
- 客户说“外面便宜”，先问外面包含什么，再比质保和配件。

# 配置优先型客户怎么谈

这类客户愿意为体验付钱，听不得含糊。带他看数据、看旧件、看照片。"""


def _skills(stores: list[Store], *, today: date) -> None:
    """Two more, of the first store: an open day for sales that some have passed, a script training next week."""
    store = stores[0].id
    house = system_actor([store])
    held = datetime.combine(today - timedelta(days=6), time(9, 0), tzinfo=ZONE)
    with scope.use([store]):
        with clock.frozen(held - timedelta(days=5)):
            made = commands.add(
                commands.Plan(
                    kind=Training.Kind.PRODUCT, title="技术开放日：冬季亏电与胎压", text=OPEN_DAY, held_on=held.date(),
                    store_id=store, roles=(Role.SALES_CONSULTANT,), place="维修车间 3 号工位", starts_at=time(14, 30),
                ),
                by=house,
            )  # fmt: skip
        version = made.materials.get().sha256
        for number, person in enumerate(Staff.objects.filter(invitations__training=made).order_by("id")[:2]):
            with clock.frozen(held + timedelta(hours=7, minutes=9 * number)):
                me = actor_for(person)
                if number:  # once wrong, then right
                    commands.confirm(made.id, by=me, sha256=version, chosen={1: 1, 2: 1, 3: 2})
                commands.confirm(made.id, by=me, sha256=version, chosen={1: 1, 2: 0, 3: 2, 4: 0})
        with clock.frozen(held + timedelta(days=4)):
            commands.add(
                commands.Plan(
                    kind=Training.Kind.SCRIPT, title="话术：价格敏感型与配置优先型", text=SCRIPT,
                    held_on=today + timedelta(days=7), store_id=store, place="二楼会议室", starts_at=time(17, 45),
                    roles=(Role.SERVICE_ADVISOR, Role.SERVICE_SPECIALIST, Role.CALLER),
                ),
                by=house,
            )  # fmt: skip


def tell(stores: list[Store], *, today: date, is_large: bool) -> None:
    """One training for the group, two of the first store. Large demos have none."""
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
    _skills(stores, today=today)
