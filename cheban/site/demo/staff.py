"""Stores of the demo and who works there. Logins are Latin, names are invented."""

from __future__ import annotations

import random
from datetime import timedelta

from django.contrib.auth.hashers import make_password

from cheban.core import calendars, clock
from cheban.org import commands as org
from cheban.org.access import Actor, actor_for
from cheban.org.models import Staff, StaffRole, Store
from cheban.org.roles import Role
from cheban.site.demo import cars, people
from cheban.site.demo.seasons import YEARS

GROUP = "申悦汽车集团"
PASSWORD = "Cheban-2026"
STORES = (
    ("PD1", "浦东一店", "上海"),
    ("HQ1", "虹桥店", "上海"),
    ("SZ1", "苏州园区店", "苏州"),
)
TEAM = (
    (Role.STORE_MANAGER, "manager", 1),
    (Role.SERVICE_ADVISOR, "advisor", 3),
    (Role.SERVICE_SPECIALIST, "specialist", 2),
    (Role.SALES_CONSULTANT, "sales", 2),
    (Role.CALLER, "caller", 1),
    (Role.TECHNICIAN, "tech", 2),
    (Role.QUALITY_CONTROL, "qc", 1),
    (Role.PARTS, "parts", 1),
    (Role.CASHIER, "cashier", 1),
)
"""Role, beginning of the login, how many a store."""
_ALWAYS_NUMBERED = {"advisor", "specialist", "sales", "caller", "tech"}
_NAMES = {
    "PD1": "林晓芸 顾志远 沈佳怡 周俊杰 许敏 陆文婷 钱宇航 叶欣 杜思远 姜慧 秦建明 邵国强 方静 汤海波",
    "HQ1": "陶建国 唐雨婷 孟凡 朱晓东 蒋丽华 龚明哲 俞佳宁 严浩 卢婷婷 贺小燕 范永刚 葛伟 潘蓉 倪志强",
    "SZ1": "吴海燕 戴文博 殷洁 徐子涵 尤建华 陈欣怡 韩磊 季雅琴 毛俊 冯敏 华国平 费强 丁小红 薛斌",
}
_OF_THE_GROUP = (
    ("admin", "程立群", Role.GROUP_ADMIN),
    ("operations", "夏雨晴", Role.OPERATIONS),
    ("auditor", "曹慎之", Role.AUDITOR),
)
_SHOWN = (
    "manager.pd1",
    "advisor1.pd1",
    "specialist1.pd1",
    "sales1.pd1",
    "qc.pd1",
    "caller1.pd1",
    "manager.hq1",
    "manager.sz1",
    "admin",
    "operations",
    "auditor",
)


def team_of(code: str) -> list[tuple[str, str, Role]]:
    """(login, name, role) of everybody in a store."""
    size = sum(count for _role, _begin, count in TEAM)
    names = _NAMES[code].split() if code in _NAMES else _invented(code, size)
    found = []
    for role, begin, count in TEAM:
        for number in range(1, count + 1):
            login = f"{begin}{number if begin in _ALWAYS_NUMBERED else ''}.{code.lower()}"
            found.append((login, names[len(found)], role))
    return found


def _invented(code: str, size: int) -> list[str]:
    rng, found = random.Random(code), {}
    while len(found) < size:
        found[people.person(rng, born=rng.randrange(1972, 2002))[0]] = None
    return list(found)


def _demo_logins() -> list[tuple[str, str, str, str]]:
    known = {
        login: (login, name, str(role.label), store)
        for code, store, _city in STORES
        for login, name, role in team_of(code)
    }
    known |= {login: (login, name, str(role.label), GROUP) for login, name, role in _OF_THE_GROUP}
    return [known[login] for login in _SHOWN]


DEMO_LOGINS = _demo_logins()
"""(login, name, role, store): whom to sign in as; the password of all is PASSWORD."""


def manager_of(store: Store) -> Actor | None:
    """The manager of a store as the one who acts there."""
    held = StaffRole.objects.filter(store=store, role=Role.STORE_MANAGER, staff__is_active=True).first()
    return actor_for(Staff.objects.get(id=held.staff_id), chosen=store.id) if held else None


def admin_of(store: Store) -> Actor:
    """The group's administrator, looking at one store."""
    held = StaffRole.objects.filter(role=Role.GROUP_ADMIN, store__group_id=store.group_id).select_related("staff")
    return actor_for(held[0].staff, chosen=store.id)


def plan_of(count: int) -> list[tuple[str, str, str]]:
    """(code, name, city) of the first `count` stores."""
    more = []
    for number in range(len(STORES), count):
        where = people.CITIES[number % len(people.CITIES)].name
        more.append((f"D{number + 1:02d}", f"{where}{number // len(people.CITIES) + 1}店", where))
    return [*STORES, *more][:count]


def make_stores(count: int) -> list[Store]:
    """The stores with their calendars, as far back as the history goes, and their people."""
    password, today = make_password(PASSWORD), clock.today()
    made = []
    for number, (code, name, city) in enumerate(plan_of(count)):
        store = org.create_store(group=GROUP, code=code, name=name, city=city, brand=cars.BRANDS[number % 3])
        calendars.seed(store.id, years=range(today.year - YEARS, today.year + 2))
        made.append(store)
    held: list[StaffRole] = []
    for store in made:
        rng = random.Random(store.code)
        for login, name, role in team_of(store.code):
            joined = today - timedelta(days=rng.randrange(200, 3600))
            person = Staff.objects.create(login=login, name=name, password=password, joined_on=joined)
            held.append(StaffRole(staff=person, store=store, role=role))
            if role == Role.CALLER:  # several roles in one store are usual
                held.append(StaffRole(staff=person, store=store, role=Role.CASHIER))
    for login, name, role in _OF_THE_GROUP:
        person = Staff.objects.create(login=login, name=name, password=password, joined_on=today - timedelta(days=2000))
        held += [StaffRole(staff=person, store=store, role=role) for store in made]
    StaffRole.objects.bulk_create(held)
    return made


def people_of(store_id: int) -> dict[str, list[tuple[int, str]]]:
    """Role -> (id, name) of a store's people."""
    found: dict[str, list[tuple[int, str]]] = {}
    for staff_id, name, role in (
        StaffRole.objects.filter(store_id=store_id).order_by("staff_id").values_list("staff_id", "staff__name", "role")
    ):
        found.setdefault(role, []).append((staff_id, name))
    return found
