"""What is driven: series with their approximate prices, and identity of each vehicle."""

from __future__ import annotations

import random

from cheban.customers.vin import check_digit

SERIES = (
    # WMI, brand, series, models, price in yuan, energy, share
    ("LSV", "大众", "帕萨特", ("280TSI 商务版", "330TSI 豪华版"), 189_900, "fuel", 12),
    ("LSV", "大众", "途观L", ("300TSI 智享版", "330TSI 两驱"), 215_800, "fuel", 12),
    ("LFV", "大众", "速腾", ("200TSI 舒适型", "280TSI 超越"), 139_900, "fuel", 14),
    ("LFV", "大众", "迈腾", ("300TSI 豪华型",), 186_900, "fuel", 8),
    ("LSG", "别克", "GL8", ("陆上公务舱", "ES 陆尊"), 299_900, "fuel", 8),
    ("LSG", "别克", "君越", ("艾维亚",), 209_800, "fuel", 5),
    ("LVG", "丰田", "汉兰达", ("双擎 四驱豪华版",), 295_800, "hybrid", 6),
    ("LVG", "丰田", "凯美瑞", ("双擎 2.5HG",), 219_800, "hybrid", 7),
    ("LHG", "本田", "雅阁", ("锐·混动",), 199_800, "hybrid", 6),
    ("LGX", "比亚迪", "秦PLUS DM-i", ("55KM 领先型", "120KM 卓越型"), 119_800, "hybrid", 12),
    ("LGX", "比亚迪", "宋PLUS EV", ("520KM 尊贵型",), 169_800, "electric", 6),
    ("LC0", "比亚迪", "汉EV", ("605KM 尊贵型",), 229_800, "electric", 4),
    ("LBV", "宝马", "3系", ("320Li M运动套装", "325Li"), 319_900, "fuel", 6),
    ("LRW", "特斯拉", "Model Y", ("后轮驱动版",), 263_900, "electric", 6),
)
_WEIGHTS = [s[-1] for s in SERIES]
_SIGNS = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
COLOURS = ("白", "黑", "银", "珍珠白", "星空蓝", "曜石灰", "红")
DAILY = {"family": (38, 13), "business": (62, 22), "ride_hailing": (190, 45)}


def choose(rng: random.Random) -> tuple:
    """A series by its share."""
    return rng.choices(SERIES, _WEIGHTS)[0]


def vin(rng: random.Random, wmi: str, year: int, number: int) -> str:
    """A VIN with its right check digit; `number` makes it unique."""
    letter = "ABCDEFGHJKLMNPRSTVWXY123456789"[(year - 2010) % 30]
    tail = f"{rng.choice('ABCDEFGHJK')}{number % 1_000_000:06d}"
    middle = "".join(rng.choice(_SIGNS) for _ in range(4)) + _SIGNS[number // 1_000_000 % 33]
    text = f"{wmi}{middle}0{letter}{tail}"
    return text[:8] + check_digit(text) + text[9:]


def plate(rng: random.Random, city: str, energy: str) -> tuple[str, str]:
    """(number, kind) of a plate of the region."""
    head = ("沪" + rng.choice("ABCDEFG")) if city == "上海" else "苏" + rng.choice("EUB")
    if energy != "fuel":
        return (
            f"{head}{rng.choice('DAB') if energy == 'electric' else rng.choice('FG')}{rng.randrange(100_000):05d}",
            "nev_small",
        )
    signs = [str(rng.randrange(10)) for _ in range(5)]
    for place in rng.sample(range(5), rng.choice((0, 1, 1, 2))):
        signs[place] = rng.choice(_LETTERS)
    return head + "".join(signs), "blue"
