"""What a workshop does: items with labour and parts as they stand on a repair order. Prices are ours, in yuan.

Names of maintenance items carry the words by which the workshop room knows a service (保养, 机油); repairs do not.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache

from cheban.workshop.importing import is_maintenance, line_key


@dataclass(frozen=True, slots=True)
class Item:
    """One line: labour and material in yuan, quantity of the part (0: labour only)."""

    code: str
    name: str
    labour: int
    material: int = 0
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class Repair:
    """A repair: what the customer says, its lines, how often, from which kilometres, in which months, for whom."""

    concern: str
    items: tuple[Item, ...]
    share: int
    from_km: int = 0
    months: tuple[int, ...] = ()
    not_for: str = ""
    kind: str = "一般维修"
    pays: str = "客户付费"


_OIL = Item("JL-0W20", "全合成机油 0W-20", 0, 82, 4)
_OIL_FILTER = Item("LQ-1001", "机油滤清器", 0, 48)
_AIR = Item("LQ-1002", "空气滤清器", 20, 89)
_CABIN = Item("LQ-1003", "空调滤清器", 20, 128)
_BRAKE_FLUID = Item("YT-2001", "制动液更换", 150, 120)
_PLUGS = Item("DH-3001", "火花塞", 120, 85, 4)
_GEARBOX = Item("YT-2002", "变速箱油更换", 320, 135, 6)
_COOLANT = Item("YT-2003", "三电冷却液更换", 260, 380)
_WASH = Item("QX-9001", "车内消毒、洗车（赠送）", 0)
_FIRST = (Item("BY-0001", "首次保养（厂家赠送）", 0), _WASH)
_FIRST_ELECTRIC = (Item("BY-0002", "首次保养：三电检测（厂家赠送）", 0), _WASH)
_SMALL = Item("BY-1001", "常规保养工时", 130)
_BIG = Item("BY-1002", "大保养工时", 280)
_ELECTRIC = Item("BY-1003", "纯电例行保养：三电、底盘检测", 198)

REPAIRS = (
    Repair("刹车有异响", (Item("WX-4001", "前制动片", 180, 520),), 12, from_km=28_000),
    Repair("刹车距离变长", (Item("WX-4002", "后制动片", 160, 430), _BRAKE_FLUID), 6, from_km=45_000),
    Repair("早上打不着火", (Item("WX-4003", "12V 蓄电池", 60, 680),), 9, from_km=25_000, months=(11, 12, 1, 2)),
    Repair("空调有异味", (Item("WX-4004", "空调系统清洗", 160, 90), _CABIN), 12, months=(4, 5, 6, 7, 8)),
    Repair("空调不够凉", (Item("WX-4005", "加注冷媒", 180, 160),), 6, from_km=30_000, months=(6, 7, 8, 9)),
    Repair("方向跑偏", (Item("WX-4006", "四轮定位", 260), Item("WX-4007", "动平衡", 80)), 7, from_km=15_000),
    Repair("轮胎鼓包", (Item("WX-4008", "轮胎", 40, 620, 1), Item("WX-4007", "动平衡", 40)), 6),
    Repair("轮胎磨损", (Item("WX-4009", "轮胎", 80, 580, 2), Item("WX-4006", "四轮定位", 260)), 8, from_km=42_000),
    Repair("雨刮刮不干净", (Item("WX-4010", "雨刮片", 20, 158),), 9, from_km=12_000),
    Repair(
        "发动机故障灯亮", (Item("WX-4011", "读取故障码、清洗节气门", 240, 60),), 6, from_km=35_000, not_for="electric"
    ),
    Repair("底盘有异响", (Item("WX-4012", "前减震器", 420, 760, 2),), 4, from_km=70_000),
    Repair("怠速抖动", (_PLUGS, Item("WX-4013", "点火线圈", 60, 260, 1)), 4, from_km=50_000, not_for="electric"),
    Repair(
        "前保险杠剐蹭",
        (Item("PJ-5001", "前保险杠整形", 300), Item("PJ-5002", "喷漆（单面）", 550, 120)),
        10,
        kind="事故车维修",
        pays="保险",
    ),
    Repair(
        "追尾，后部受损",
        (
            Item("PJ-5003", "后保险杠", 260, 1_280),
            Item("PJ-5004", "尾灯总成", 120, 960),
            Item("PJ-5002", "喷漆（单面）", 550, 120),
        ),
        5,
        kind="事故车维修",
        pays="保险",
    ),
    Repair("车机黑屏", (Item("SB-6001", "车机软件升级（质保）", 0),), 5, kind="索赔", pays="厂家质保"),
    Repair("厂家召回通知", (Item("SB-6002", "召回检查、升级控制程序", 0),), 3, kind="召回", pays="厂家质保"),
    Repair("充不进电", (Item("SB-6003", "充电口检修", 180, 220),), 2, from_km=20_000, not_for="fuel"),
)
CONCERNS = ("到期保养", "例行保养", "保养，顺便检查胎压", "保养，检查刹车", "出行前保养检查")


def service(number: int, *, energy: str) -> tuple[Item, ...]:
    """Lines of a vehicle's n-th service, 1 being the free first one."""
    if energy == "electric":
        if number == 1:
            return _FIRST_ELECTRIC
        more = (_BRAKE_FLUID, _COOLANT) if number % 3 == 0 else ()
        return (_ELECTRIC, _CABIN, *more)
    if number == 1:
        return _FIRST
    if number % 6 == 0:
        return (_BIG, _OIL, _OIL_FILTER, _AIR, _CABIN, _PLUGS, _GEARBOX)
    if number % 4 == 0:
        return (_BIG, _OIL, _OIL_FILTER, _AIR, _CABIN, _BRAKE_FLUID)
    if number % 2 == 0:
        return (_SMALL, _OIL, _OIL_FILTER, _CABIN)
    return (_SMALL, _OIL, _OIL_FILTER)


def repair(rng: random.Random, *, km: int, month: int, energy: str) -> Repair:
    """A repair that fits the season, the kilometres and the drive."""
    fitting, shares = _fitting(min(km // 5_000, 15) * 5_000, month, energy)
    return rng.choices(fitting, shares)[0]


@cache
def _fitting(km: int, month: int, energy: str) -> tuple[list[Repair], list[int]]:
    found = [
        r for r in REPAIRS if r.from_km <= km and (not r.months or month in r.months) and (r.not_for or "-") != energy
    ]
    return found, [r.share for r in found]


@cache
def cells(item: Item, rank: float, occurrence: int) -> tuple[str, int, int, bool]:
    """(COPY cells of a line from `line_key` to `total_fen`, labour fen, material fen, is it a service)."""
    labour = round(item.labour * rank / 10) * 1000
    unit = round(item.material * rank)
    material = unit * 100 * item.quantity
    price = f"{unit if unit else labour / 100:.4f}"
    fields = (item.code, item.name, str(item.quantity), price, str(labour), str(material), str(labour + material))
    key = line_key("\x1f".join(fields), occurrence).hex()
    return "\t".join((str(key), *fields)), labour, material, is_maintenance(item.name)
