"""Invented people and companies: names by generation, phones, addresses.

Surnames have about the shares of the population. Given names go with the year of birth: 建国 was not
born in 2000, nor 梓涵 in 1960. Phones lie in segments that no operator has been given, so that nobody is ever called.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import accumulate

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
"""The usual surnames, the most frequent first."""
COMPOUND = ("欧阳", "上官", "司徒", "诸葛", "皇甫", "尉迟", "东方", "慕容")
_SHARES = list(accumulate((rank + 2) ** -0.85 for rank in range(len(SURNAMES))))
"""About the shares of the population: 8 % for 王, 1 % for the twentieth, 0.3 % for the hundredth."""
MALE = "伟强磊军勇杰涛超明刚平辉鹏华飞鑫波斌宇浩凯健俊帆帅旭宁龙林欢阳建亮成志峰岩博文昊轩晨睿泽豪"
FEMALE = "芳娜敏静丽艳娟霞秀玲桂英慧红燕梅莉兰婷雪颖琳晶莹怡佳欣悦雯倩璐瑶梦洁婉诗涵钰蓉薇"

_ERAS = (
    # born before, share of two signs, first signs, last signs: men; the same: women
    (
        1970,
        (0.8, "建国志文永德明家春海玉世金福庆兴立正", "国军华平明生强林民东义忠富贵祥荣良山"),
        (0.82, "秀玉桂美凤淑爱月春丽素惠兰红", "英兰珍芳华玲琴云梅霞萍芬莲香娥凤"),
    ),
    (
        1985,
        (0.45, "志建晓海文永国少俊宏卫红立振新", "伟勇军强涛斌辉鹏波刚峰杰明亮华东平超"),
        (0.5, "晓丽海红小美春玉雪慧文燕秀", "敏静丽艳娟霞芳燕红梅玲萍莉洁琴华英"),
    ),
    (
        1996,
        (0.55, "俊志文晓嘉子浩宇建伟思明家天", "杰超鹏磊宇鑫凯浩帅斌龙飞阳辉晨翔峰博"),
        (0.6, "雨佳晓思雪嘉文欣梦诗婷静丹", "婷静雪丹颖莹琳佳怡倩慧洁娜璐雯蕾敏琪"),
    ),
    (
        9999,
        (0.85, "子浩宇梓俊泽一皓天睿明博宸嘉", "轩宇涵豪睿阳辰杰泽然航博翔铭昊霖"),
        (0.88, "欣子梓诗雨思佳语梦可雅若紫一", "怡涵琪彤萱妍悦雯瑶婷颖宁菲琳钰桐"),
    ),
)
_TRADES = (
    "国际物流",
    "贸易",
    "信息科技",
    "建筑工程",
    "餐饮管理",
    "电子科技",
    "精密机械",
    "文化传播",
    "商务咨询",
    "食品",
    "装饰工程",
    "医疗器械",
    "供应链管理",
    "物业管理",
    "新材料",
    "汽车租赁",
    "人力资源",
    "环保科技",
)
_FIRM = "华盛宏泰恒瑞鼎信嘉源博远诚达安捷优联创新锦程中海汇通金鹏"
OCCUPATIONS = ("工程师", "教师", "医生", "个体经营", "公司职员", "企业管理", "公务员", "销售", "财务", "设计师", "退休")
HABITS = ("周末接送孩子", "每天高速上下班", "市区短途为主", "经常跑长途", "老人小孩同车", "地库停车，少跑动")
REQUESTS = (
    "修完请洗车",
    "只用原厂件",
    "等待时要安静",
    "提前报价再施工",
    "周六上午方便",
    "需要代步车",
    "请提前一天提醒",
)
TIMES = ("工作日上午", "工作日 18 点后", "周末", "午休时间", "下午三点后")
FAMILY = ("两个孩子上小学", "与父母同住", "新婚", "孩子今年高考", "一家五口")
SEGMENTS = ("154", "160", "161", "163", "164", "168", "169")
"""Mobile segments of the right form that no operator has been given."""


@dataclass(frozen=True, slots=True)
class City:
    """Where a store's customers live: how its plates begin, its districts with a street of each, its share of code."""

    name: str
    region: str
    area_code: str
    plates: str
    places: tuple[tuple[str, str], ...]


CITIES = (
    City(
        "上海",
        "上海市",
        "21",
        "沪ABCDEFGHJKLMN",
        (
            ("浦东新区", "张杨路"),
            ("浦东新区", "锦绣路"),
            ("浦东新区", "川沙路"),
            ("闵行区", "七莘路"),
            ("徐汇区", "漕宝路"),
            ("长宁区", "天山路"),
            ("普陀区", "曹杨路"),
            ("杨浦区", "国权路"),
            ("宝山区", "牡丹江路"),
            ("松江区", "人民北路"),
            ("嘉定区", "城中路"),
            ("青浦区", "公园路"),
        ),
    ),
    City(
        "苏州",
        "江苏省苏州市",
        "512",
        "苏EU",
        (
            ("工业园区", "星湖街"),
            ("工业园区", "现代大道"),
            ("姑苏区", "干将东路"),
            ("虎丘区", "狮山路"),
            ("吴中区", "东吴北路"),
            ("相城区", "人民路"),
            ("昆山市", "前进中路"),
            ("常熟市", "海虞北路"),
        ),
    ),
    City("杭州", "浙江省杭州市", "571", "浙A", (("西湖区", "文三路"), ("滨江区", "江南大道"), ("余杭区", "文一西路"))),
    City("南京", "江苏省南京市", "25", "苏A", (("鼓楼区", "中山北路"), ("建邺区", "江东中路"), ("江宁区", "双龙大道"))),
    City("无锡", "江苏省无锡市", "510", "苏B", (("梁溪区", "人民中路"), ("滨湖区", "太湖大道"), ("新吴区", "长江路"))),
    City(
        "宁波", "浙江省宁波市", "574", "浙B", (("鄞州区", "天童南路"), ("海曙区", "中山西路"), ("江北区", "大庆南路"))
    ),
    City("嘉兴", "浙江省嘉兴市", "573", "浙F", (("南湖区", "中环南路"), ("秀洲区", "新平路"), ("嘉善县", "晋阳路"))),
    City("南通", "江苏省南通市", "513", "苏F", (("崇川区", "工农路"), ("通州区", "人民西路"), ("海门区", "解放路"))),
)


def city(name: str) -> City:
    """The city of this name; the first one when it is not known."""
    return next((c for c in CITIES if c.name == name), CITIES[0])


def person(rng: random.Random, *, born: int = 1986) -> tuple[str, str]:
    """(name, 'm' or 'f') of somebody born in this year."""
    surname = rng.choice(COMPOUND) if rng.random() < 0.002 else rng.choices(SURNAMES, cum_weights=_SHARES)[0]
    sex = "m" if rng.random() < 0.58 else "f"
    era = next(e for e in _ERAS if born < e[0])
    two, first, last = era[1 if sex == "m" else 2]
    if rng.random() < two:
        a, b = rng.choice(first), rng.choice(last)
        return f"{surname}{a}{b}", sex
    return surname + rng.choice(last), sex


def company(rng: random.Random, place: str) -> str:
    """A company's name, registered in this city."""
    name = rng.choice(_FIRM) + rng.choice(_FIRM)
    form = "有限公司" if rng.random() < 0.9 else "股份有限公司"
    return f"{place}{name}{rng.choice(_TRADES)}{form}"


def phone(number: int) -> str:
    """The n-th invented mobile, E.164: below 100 million each differs, and none was ever given out."""
    return f"+86{SEGMENTS[number % len(SEGMENTS)]}{(number * 7919 + 10_000_019) % 100_000_000:08d}"


def landline(rng: random.Random, where: City) -> str:
    """A company's landline, E.164; subscriber numbers begin with 0 nowhere, so this one rings nowhere."""
    digits = 8 if len(where.area_code) == 2 or where.area_code in ("512", "571", "574") else 7
    return f"+86{where.area_code}{rng.randrange(10 ** (digits - 1)):0{digits}d}"


def address(rng: random.Random, where: City) -> str:
    """A full address: region, district, street, number."""
    district, street = rng.choice(where.places)
    if where.name == "上海":
        return f"{where.region}{district}{street}{rng.randrange(1, 1900)}弄{rng.randrange(1, 90)}号{rng.randrange(1, 26)}0{rng.randrange(1, 5)}室"
    return f"{where.region}{district}{street}{rng.randrange(1, 900)}号{rng.randrange(1, 30)}幢{rng.randrange(1, 26)}0{rng.randrange(1, 5)}室"
