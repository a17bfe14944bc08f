"""Invented people and companies: names, phones, regions. Weights of surnames as in the population."""

from __future__ import annotations

import random

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
WEIGHTS = [max(100 - i, 8) for i in range(len(SURNAMES))]
COMPOUND = ("欧阳", "司马", "上官", "诸葛")
MALE = "伟强磊军勇杰涛超明刚平辉鹏华飞鑫波斌宇浩凯健俊帆帅旭宁龙林欢阳建亮成志峰岩博文昊轩晨睿泽豪"
FEMALE = "芳娜敏静丽艳娟霞秀玲桂英慧红燕梅莉兰婷雪颖琳晶莹怡佳欣悦雯倩璐瑶梦洁婉诗涵钰蓉薇"
BOTH = "海晓云玉文春思子嘉雨安"
COMPANIES = ("物流", "贸易", "科技", "建筑工程", "餐饮管理", "电子", "机械", "文化传播", "商务咨询", "食品")
REGIONS = (
    ("上海市", "浦东新区", "张杨路"),
    ("上海市", "闵行区", "七莘路"),
    ("上海市", "徐汇区", "漕宝路"),
    ("上海市", "长宁区", "天山路"),
    ("江苏省苏州市", "工业园区", "星湖街"),
    ("江苏省苏州市", "昆山市", "前进路"),
    ("浙江省嘉兴市", "嘉善县", "晋阳路"),
)
PREFIXES = (
    "134",
    "135",
    "136",
    "137",
    "138",
    "139",
    "150",
    "151",
    "158",
    "159",
    "177",
    "180",
    "186",
    "188",
    "189",
    "199",
)


def person(rng: random.Random) -> tuple[str, str]:
    """(name, 'm' or 'f')."""
    sex = rng.choice("mf")
    surname = rng.choice(COMPOUND) if rng.random() < 0.004 else rng.choices(SURNAMES, WEIGHTS)[0]
    pool = (MALE if sex == "m" else FEMALE) + BOTH
    return surname + "".join(rng.choice(pool) for _ in range(1 if rng.random() < 0.25 else 2)), sex


def company(rng: random.Random) -> str:
    """A company's name."""
    return (
        f"{rng.choice(('上海', '苏州', '昆山'))}{rng.choice(MALE)}{rng.choice(FEMALE)}{rng.choice(COMPANIES)}有限公司"
    )


def phone(number: int) -> str:
    """The n-th invented mobile number, E.164; each differs."""
    return f"+86{PREFIXES[number % len(PREFIXES)]}{(number * 7919 + 10_000_019) % 100_000_000:08d}"
