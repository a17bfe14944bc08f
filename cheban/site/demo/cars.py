"""What is driven: series with approximate prices of ours, and the identity of each vehicle.

Brands, series and maker codes are facts; shares and prices are rough. `rank` scales workshop prices.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from itertools import accumulate

from cheban.customers.vin import YEAR_CODES, check_digit


@dataclass(frozen=True, slots=True)
class Series:
    """A series on sale since a year. `is_nev`: green plates (electric and plug-in hybrid)."""

    wmi: str
    brand: str
    name: str
    trims: tuple[str, ...]
    yuan: int
    energy: str
    share: int
    since: int = 2005
    is_nev: bool = False
    seats: int = 5
    rank: float = 1.0
    assistance: str = ""


SERIES = (
    Series("LSV", "大众", "朗逸", ("1.5L 自动舒适版", "280TSI 豪华版"), 119_900, "fuel", 18),
    Series("LSV", "大众", "帕萨特", ("280TSI 商务版", "330TSI 豪华版", "380TSI 旗舰版"), 199_900, "fuel", 15),
    Series("LSV", "大众", "途观L", ("300TSI 智享版", "330TSI 两驱豪华版"), 219_800, "fuel", 15),
    Series("LSV", "大众", "途岳", ("280TSI 舒适版", "300TSI 豪华版"), 159_900, "fuel", 9),
    Series("LSV", "大众", "途昂", ("380TSI 四驱尊崇版",), 319_900, "fuel", 4, seats=7, rank=1.3),
    Series("LSV", "大众", "帕萨特插电混动", ("430PHEV 混动豪华版",), 236_900, "hybrid", 3, 2018, True),
    Series("LSV", "大众", "ID.3", ("极智版", "纯净版"), 149_900, "electric", 5, 2021, True, assistance="L2"),
    Series("LSV", "大众", "ID.4 X", ("长续航版",), 189_900, "electric", 3, 2021, True, assistance="L2"),
    Series("LVG", "丰田", "凯美瑞", ("2.0G 豪华版", "双擎 2.5HG 豪华版"), 189_800, "hybrid", 15),
    Series("LVG", "丰田", "汉兰达", ("双擎 2.5L 四驱豪华版",), 285_800, "hybrid", 10, seats=7, rank=1.2),
    Series("LVG", "丰田", "雷凌", ("1.8H 双擎进取版", "185T 豪华版"), 129_800, "fuel", 13),
    Series("LVG", "丰田", "威兰达", ("2.0L 领先版", "双擎 2.5L 四驱"), 189_800, "fuel", 9, 2020),
    Series("LVG", "丰田", "赛那", ("2.5L 混动豪华版",), 329_800, "hybrid", 5, 2021, seats=7, rank=1.3),
    Series("LVG", "丰田", "铂智3X", ("520 Pro",), 129_800, "electric", 4, 2025, True, assistance="L2"),
    Series("LGX", "比亚迪", "秦PLUS DM-i", ("55KM 领先型", "120KM 卓越型"), 109_800, "hybrid", 16, 2021, True),
    Series("LGX", "比亚迪", "宋PLUS DM-i", ("110KM 旗舰型", "150KM 尊贵型"), 149_800, "hybrid", 13, 2021, True),
    Series("LC0", "比亚迪", "汉EV", ("605KM 尊贵型", "715KM 旗舰型"), 219_800, "electric", 7, 2020, True, rank=1.2),
    Series("LC0", "比亚迪", "唐DM", ("112KM 尊荣型",), 189_800, "hybrid", 7, 2018, True, seats=7),
    Series("LGX", "比亚迪", "元PLUS", ("430KM 豪华型", "510KM 尊贵型"), 135_800, "electric", 9, 2022, True),
    Series("LGX", "比亚迪", "海豚", ("420KM 时尚版",), 112_800, "electric", 6, 2021, True),
    Series("LGX", "比亚迪", "宋MAX", ("1.5T 自动豪华型",), 99_900, "fuel", 5, seats=7),
    Series("LGX", "比亚迪", "秦EV", ("450KM 智联型",), 129_800, "electric", 4, 2016, True),
    Series("LSG", "别克", "GL8", ("陆上公务舱 652T", "ES 陆尊"), 289_900, "fuel", 6, seats=7, rank=1.2),
    Series("LSG", "别克", "君越", ("652T 精英型",), 199_800, "fuel", 4),
    Series("LHG", "本田", "雅阁", ("260TURBO 精英版", "锐·混动"), 179_800, "fuel", 5),
    Series("LVH", "本田", "CR-V", ("240TURBO 风尚版", "锐·混动 净速版"), 179_800, "fuel", 5),
    Series("LFV", "大众", "速腾", ("280TSI 超越版",), 139_900, "fuel", 5),
    Series("LFV", "奥迪", "A4L", ("40TFSI 时尚动感型",), 299_800, "fuel", 3, rank=1.8),
    Series("LBV", "宝马", "3系", ("320Li M运动套装", "325Li"), 319_900, "fuel", 4, rank=2.0),
    Series("LE4", "奔驰", "C级", ("C 200 L 运动版",), 334_800, "fuel", 3, rank=2.0),
    Series("LGB", "日产", "轩逸", ("1.6L 悦享版",), 109_800, "fuel", 5),
    Series("LRW", "特斯拉", "Model Y", ("后轮驱动版", "长续航版"), 263_900, "electric", 4, 2021, True, rank=1.4),
)
BRANDS = ("大众", "丰田", "比亚迪")
"""What the demo's stores sell, in turn."""
COLOURS = ("极地白", "珍珠白", "幻影黑", "曜石黑", "冰川银", "星空蓝", "摩卡棕", "铂金灰", "宝石红")
USES = {"family": (38.0, 14.0), "business": (62.0, 22.0), "ride_hailing": (190.0, 40.0)}
"""Mean and spread of km a day by use."""
_SIGNS = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_PATTERNS = ("LDDDD", "DLDDD", "DDDDL", "LLDDD", "DDLDD", "LDDDL", "DDDLD", "DLDDL")


@cache
def _on_sale(brand: str, year: int) -> tuple[list[Series], list[float]]:
    # Electric ones won their share over the years; before, few were sold.
    found = [s for s in SERIES if s.since <= year and (not brand or s.brand == brand)]
    modern = min(max((year - 2017) / 8, 0.15), 1.0)
    return found, list(accumulate(s.share * (modern if s.is_nev else 1.0) for s in found))


def choose(rng: random.Random, *, brand: str, year: int) -> Series:
    """A series that was on sale that year; brand '' means any."""
    found, shares = _on_sale(brand, year)
    return rng.choices(found, cum_weights=shares)[0]


def vin(rng: random.Random, wmi: str, year: int, number: int) -> str:
    """A VIN with its right check digit; `number` (below 33 million) makes it unique."""
    serial = (number * 387_421 + 104_729) % 1_000_000  # a bijection of each million: no two alike, none in a row
    middle = "".join(rng.choices(_SIGNS, k=4)) + _SIGNS[number // 1_000_000 % 33]
    text = f"{wmi}{middle}0{YEAR_CODES[(year - 1980) % 30]}{rng.choice('ABCDEFGHJK')}{serial:06d}"
    return text[:8] + check_digit(text) + text[9:]


def plate(rng: random.Random, beginnings: str, number: int, *, series: Series) -> tuple[str, str]:
    """(number, kind) of a plate of the city whose plates begin so ('沪ABC': 沪A, 沪B, 沪C); unique by `number`."""
    head = beginnings[0] + rng.choice(beginnings[1:])
    if series.is_nev:
        letter = ("DAB" if series.energy == "electric" else "FG")[number % 2]
        rest = (number // 2 * 7919 + 31) % 340_000
        sign = _LETTERS[rest // 10_000 - 10] if rest >= 100_000 else str(rest // 10_000)
        return f"{head}{letter}{sign}{rest % 10_000:04d}", "nev_small"
    pattern, rest = _PATTERNS[number % 8], (number // 8 * 7919 + 4271) % 240_000
    signs = []
    for place in pattern:
        if place == "L":
            signs.append(_LETTERS[rest % 24])
            rest //= 24
        else:
            signs.append(str(rest % 10))
            rest //= 10
    return head + "".join(signs), "blue"
