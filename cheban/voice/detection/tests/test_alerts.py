"""Red alerts: every text here is invented. The rule: docs/detection.md."""

from __future__ import annotations

import pytest

from cheban.voice.detection import detect

pytestmark = pytest.mark.req("R119")

DANGERS = {
    "brakes": [
        "刹车失灵",
        "昨天下坡的时候踩刹车一点反应都没有，吓出一身冷汗",
        "刹车突然变得很硬，怎么踩都踩不下去",
        "脚刹踩下去软绵绵的，差点撞到前面的车",
        "刹车踏板踩下去不回来",
        "您好，麻烦看下，我的车刹车不灵了",
        "踩了刹车还往前溜，吓死人",
        "ABS故障灯亮了，刹车变硬",
        "刹车油漏光了",
        "ABS与车身稳定系统故障报警",
        "2018款轿车刹车偏软 要求厂家处理",
        "我这个车刹车没得用了哦，硬是刹不到",
        "刹车时灵时不灵",
        "我的车刹车制动距离越来越长",
        "修完刹车更软了，感觉随时刹不住，很危险",
    ],
    "steering": [
        "高速上方向盘突然锁死",
        "方向机助力没了，打方向特别费劲，差点撞护栏",
        "不是轮胎的问题，是方向盘打不动",
        "转向柱松动要求解决",
        "方向盘异响 抖动 卡滞",
        "掉头的时候方向盘卡了一下",
        "客户反映方向偶尔发卡，要求检查",
    ],
    "power_loss": [
        "车子行驶中自己熄火了，仪表全黑",
        "开着开着就没动力了，只能靠边",
        "电机异响，高压断电，车在路中间趴窝",
        "变速箱故障行驶过程中脱挡",
        "架车行到一半死火，冇晒动力",
        "车子熄火了好几回，都是在路口",
        "变速箱突然跳空挡，高速上没动力",
        "新车行驶时整车断电 希望尽快处理",
        "行驶中三电故障，车直接停了",
    ],
    "acceleration": [
        "等红灯的时候车突然自己窜出去撞了前车",
        "松了油门车还一直往前冲",
        "踩油门没反应，车越跑越慢最后停在高速上",
    ],
    "fire": ["机舱冒白烟，一股焦糊味", "停在地库里的车自己烧起来了", "充电的时候电池包冒烟了", "车里一股烧焦味"],
    "fuel": ["地上一滩汽油，油箱漏了", "车里汽油味特别大，头晕"],
    "engine": [
        "发动机异响",
        "发动机一直嗒嗒嗒地响，像敲木鱼",
        "发动机敲缸声音很大",
        "发动机和减震器异响",
        "冷车启动异响希望处理",
        "发动机舱里面有金属敲击声",
        "发动机声音很奇怪，像要散架",
        "发动机烧机油异响",
        "发动机和左侧B柱异响",
        "发动机怠速异响 店里判断不准",
        "点火线圈损坏导致拉缸",
    ],
    "airbag": [
        "安全气囊的灯一直亮着",
        "撞得这么严重气囊居然没弹出来",
        "气囊突然自己爆了",
        "安全带卡住拉不出来",
        "后排安全带异常磨损",
        "跑着跑着仪表盘亮了个气囊灯",
        "安全带扣不进去，怎么办",
    ],
    "structure": ["前桥断了", "跑着跑着轮子掉了", "左后下摆臂断裂"],
    "tyre": ["高速上轮胎突然爆了"],
    "control": ["过弯时车辆失控，撞上了护栏"],
    "hazard": ["转向异响存在安全隐患", "刹车盘磨损严重影响安全"],
}

ENGLISH = {
    "brakes": ["My brakes went out while driving downhill", "Brake pedal goes to the floor"],
    "steering": ["The steering locked up on me yesterday"],
    "power_loss": ["Engine shut off on the freeway", "The car just died at a stop sign"],
    "fire": ["There was smoke under the dashboard", "car caught fire while parked"],
    "fuel": ["I smell gasoline inside the cabin"],
    "airbag": ["The air bags failed to deploy in the crash"],
    "acceleration": ["The vehicle accelerated on its own in the parking lot"],
}


def _pairs(table: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(kind, text) for kind, texts in table.items() for text in texts]


@pytest.mark.parametrize(("kind", "text"), _pairs(DANGERS))
def test_a_danger_is_an_alert_of_its_kind(kind, text):
    assert kind in detect(text).kinds


@pytest.mark.parametrize(("kind", "text"), _pairs(ENGLISH))
def test_a_danger_in_english_is_an_alert_of_its_kind(kind, text):
    assert kind in detect(text).kinds


@pytest.mark.parametrize(
    "text",
    [
        "剎車失靈",
        "煞车失灵",
        "杀车失零",
        "刹 车 失 灵",
        "ＡＢＳ故障灯亮",
        "刹\u200b车失灵",
        "方向盆卡死",
        "发动鸡异想",
        "刹撤失灵",
        "迫力失灵",
    ],
)
def test_other_writing_typos_and_dialect_are_understood(text):
    assert detect(text).red_alert


@pytest.mark.parametrize(
    "text",
    [
        "我的车现在行驶过程中听到发动机有响声是否影响行驶好维修吗",
        "到店保养一次多少钱啊我这车发动机有异响怎么解决大概多少费用",
        "就是开空调减速的时候熄火请问师傅是什么原因",
        "听到发动机前面有呼啦呼啦的声音不知道什么问题",
        "方向机重助力泵和方向机都换了还是一样倒车更累人",
    ],
)
def test_a_question_without_any_punctuation_about_what_happens_is_an_alert(text):
    assert detect(text).red_alert


@pytest.mark.parametrize(
    "text",
    [
        "请问这款车有没有发动机异响",
        "会不会开着开着熄火啊想了解一下",
        "发动机护板换一个多少钱",
        "方向盘有点重换了轮胎感觉一样",
        "听说这款发动机声音大是什么原因",
    ],
)
def test_a_question_whether_or_about_something_else_is_none(text):
    assert not detect(text).red_alert


@pytest.mark.parametrize(
    "text",
    [
        "刹车没问题",
        "刹车没有失灵",
        "发动机没有异响，刹车正常，底盘无渗漏",
        "开了两万公里，发动机无任何异响",
        "听不到发动机有什么异响",
        "no engine noise at all",
    ],
)
def test_what_is_denied_is_none(text):
    assert not detect(text).red_alert


@pytest.mark.parametrize(
    "text",
    [
        "上次异响已修好",
        "发动机异响已经解决了，很满意",
        "之前刹车软，换了刹车片之后好了",
        "发动机异响消失了",
        "the engine noise was fixed last month, works fine now",
    ],
)
def test_what_is_past_and_solved_is_none(text):
    assert not detect(text).red_alert


@pytest.mark.parametrize(
    "text",
    [
        "上次修好的刹车又失灵了",
        "刹车失灵，修好了没两天又失灵",
        "发动机异响维修后未解决",
        "刹车失灵，4S店说没问题，可我不敢开",
        "发动机熄火 4S店查不出原因",
        "没有任何征兆，刹车就失灵了",
    ],
)
def test_what_came_back_or_was_only_said_to_be_well_stays_an_alert(text):
    assert detect(text).red_alert


@pytest.mark.parametrize(
    "text",
    [
        "如果高速上爆胎应该怎么处理",
        "刹车失灵的时候要拉手刹",
        "万一刹车失灵怎么办",
        "担心会自燃",
        "What if the brakes fail?",
    ],
)
def test_what_is_only_supposed_is_none(text):
    assert not detect(text).red_alert


@pytest.mark.parametrize(
    "text", ["刹车会不会失灵", "有没有出现过方向盘卡死的情况", "这车会不会熄火啊", "发动机有异响吗"]
)
def test_a_question_whether_is_none(text):
    assert not detect(text).red_alert


def test_a_report_with_a_question_behind_it_is_an_alert():
    assert detect("发动机哒哒哒地响，正常吗").red_alert


@pytest.mark.parametrize(
    "text",
    [
        "朋友的车刹车失灵了",
        "听说某某品牌自燃了好几台",
        "邻居家的车上个月自燃了",
        "你的刹车失灵是因为没打火",
        "网上说这款车断轴",
    ],
)
def test_the_cars_of_others_are_none(text):
    assert not detect(text).red_alert


@pytest.mark.parametrize(
    "text",
    [
        "这款老机器发动机异响是通病",
        "一般来说缺机油发动机才有异响",
        "发动机异响通常都是皮带老化",
        "买二手车注意听发动机有无异响声",
    ],
)
def test_how_cars_are_in_general_is_none(text):
    assert not detect(text).red_alert


def test_a_common_fault_that_the_writer_has_is_an_alert():
    assert detect("我这台也是，发动机异响，通病").red_alert


def test_hearsay_that_turned_out_true_for_the_writer_is_an_alert():
    assert detect("听说有人断轴，我的也断轴了").red_alert


@pytest.mark.parametrize(
    "text",
    [
        "刹车很灵，开着放心",
        "比我以前的车刹车软一点，习惯就好",
        "方向盘沉稳，高速上很有信心",
        "雪地刹车要提前，容易刹不住",
        "刚提车，刹车感觉软，还在磨合",
    ],
)
def test_praise_feel_and_snow_are_none(text):
    assert not detect(text).red_alert


@pytest.mark.parametrize(
    "text",
    [
        "天窗异响，关不严",
        "中控屏失灵，导航卡死",
        "车门把手断裂",
        "方向盘按键失灵",
        "方向盘皮脱落了",
        "空调压缩机抱死",
        "变速箱异响换挡顿挫",
        "刹车异响",
        "转向时底盘异响",
        "发动机漏油",
        "半轴防尘套漏油",
        "定速巡航失灵",
        "电子手刹故障灯亮",
        "刹车片多少钱一副",
        "更换刹车油需要多长时间",
        "排气管冒蓝烟",
        "发动机启动困难",
        "发动机动力不足，提速慢",
        "防爆胎太硬了",
        "发动机舱隔热棉脱落",
        "刹车泵保护壳掉落",
        "出风口风门断轴",
        "车机卡了一下",
        "怎么看气囊灯亮没亮",
        "检查刹车系统正常，路试未发现异常",
        "radio stopped working and the screen is frozen",
        "oil leak at the valve cover gasket",
        "please replace the brake pads and check the airbag recall",
    ],
)
def test_trim_comfort_leaks_wear_and_prices_are_none(text):
    assert not detect(text).red_alert


def test_a_weak_word_needs_danger_in_talk_and_none_in_a_report():
    assert detect("刹车偏软").red_alert
    assert not detect("我觉得刹车偏软，习惯就好").red_alert
    assert detect("我觉得刹车偏软，昨天差点追尾").red_alert


def test_a_technician_in_a_dialogue_is_not_the_customer():
    assert not detect("机油多久换一次技师说如果不换发动机会异响拉缸").red_alert
    assert detect("技师说你好车主说我的车刹车失灵了").red_alert


def test_the_words_that_show_it_are_handed_out():
    text = "昨天，煞車突然失靈了"
    assert [text[span.start : span.end] for span in detect(text).evidence] == ["煞車", "失靈"]


def test_spans_point_into_the_text_as_it_was_written():
    text = "刹\u200b 车 失 灵"
    shown = detect(text).evidence
    assert shown and all(0 <= span.start < span.end <= len(text) for span in shown)
    assert text[shown[-1].end - 1] == "灵"
