"""Leads: every text here is invented. The rule: docs/detection.md."""

from __future__ import annotations

import pytest

from cheban.voice.detection import detect

PURCHASES = [
    "准备入手一台森林人，优惠多少",
    "想给老婆再买一台代步车",
    "打算年底买辆新车",
    "我也想买一台，有现车吗",
    "家里要添一台车",
    "儿子刚拿驾照，想给他买台小车",
    "公司需要采购几台商务车",
    "请问落地多少钱，准备下单",
    "也在考虑入手，油耗怎么样",
    "还优惠两万吗？准备国庆去买，全款",
    "老公上班远，想再买辆省油的",
    "我也在纠结是不是要提今年的顶配",
    "同样纠结2.0还是2.5，想听听大家怎么说",
    "现在考虑拿新款还是老款，优惠差多少",
    "优惠一万三值得入手么？",
    "到底是买奇骏还是途观好？",
    "就是价格谈不下来，看了两个月了",
    "感谢加价让我躲开了机油门，但现在不知道买什么车了",
    "这边店大，准备在这边买，优惠多少",
    "哪家店这么便宜？我也要去买",
    "准备上2.5的，还有优惠吗",
    "我也在关注这款，准备跟4s谈价",
    "正犹豫这款车，想听听车主怎么说",
    "人在途观L和森林人之间徘徊，油耗差多少",
    "等新款还是买现款，听听大家意见",
    "一直在纠结2.0、2.5",
    "资金有限只能考虑2.0，动力够吗",
    "想给我爸也买一台你们的车",
    "想入手这款，就想问问落地多少",
    "准备入手吧，再等下去也不会便宜",
    "看上这款车了，周末能试驾吗",
    "打算国庆节前贷款买车，利息怎么算",
    "准备明年给爸爸买车",
    "看上明锐了，这边能优惠多少",
    "想收一台二手明锐自用",
    "本地求购二手雅阁，车况好的联系",
    "收个代步二手车，个人车最好",
    "马上要订车了，有什么要注意的",
    "打算过完五一入手，能联系谁",
    "老婆怀孕了，想搞辆车方便产检",
    "自己顶一下，有购买意向",
    "现在买车有什么优惠",
    "试驾能约吗，我想看看新款",
    "客户表示年底想给儿子买辆代步车",
    "客户咨询新款到店时间，想订车",
    "客户提到公司要添两台车",
    "we want to buy a second car for my wife",
]
TRADES = [
    "我A6L想换，置换有没有补贴",
    "我是君威车主，想换一辆",
    "咱老车主有置换政策嘛",
    "自用明锐2016款出售，车况好",
    "转让：个人一手途观，无事故",
    "准备换1.4T的，现在这台太肉",
    "该换车了，帮我看看哪款合适",
    "我想换车了，现在这台开了八年",
    "打算把现在这辆卖掉换个大点的",
    "老车能置换吗，补贴多少",
    "想把旧车卖了，买台新能源",
    "我这车能卖多少钱，想换台SUV",
    "旧车太费油，想换混动的",
    "我现在开高尔夫，想换森林人",
    "准备明年换个七座的",
    "刚去评估过，给十二万，值得卖么",
    "旧车抵价能给多少",
    "客户嫌旧车油耗高，想换电车",
    "客户打算换台大点的",
    "现在君威太小拉不了货，不然也不用着急换。看来只能买奇骏了",
    "最近三元又坏了，我也在考虑换车了",
    "thinking of trading in my SUV for something bigger",
]
BARGAINS = [
    "裸车28.5，优惠四万，落地32，合适吗",
    "跑了三家，指导价优惠五万，首付十万，还能再谈谈吗",
    "销售说贷款优惠六万，全款只有四万，落地31，大家看合理吗",
    "今天去4s店问了，裸车30万，送保险",
    "月薪一万五，养得起这款吗",
    "年薪二十万，房贷六千，后期压力大吗",
]
CHOICES = [
    "明锐和领动怎么选",
    "大家帮忙选车",
    "预算15万以内，家用轿车，带自动泊车的车，求推荐",
    "人生第一辆车，油车还是电车",
    "新手买车，大家给点建议",
    "预算二十万买车求推荐",
    "决赛圈了，途观和汉兰达怎么选",
]
REFERRALS = [
    "同学要结婚买车了，你们优惠多少",
    "朋友有买车的意向",
    "我同事想年前买车，优惠多少",
    "我同事想买车，让我帮忙问问价格",
    "介绍朋友来买车有奖励吗",
    "我表弟看中了这款车，改天带他来试驾",
    "有个朋友想换车，你们能给优惠吗",
    "我邻居想买同款，我推荐他来你们店",
    "帮我弟弟问问，他想买个代步车",
    "我有个客户想买车，你们优惠多少",
    "my neighbor is looking for a car, do you pay a referral bonus",
]
NONE = [
    "想换机油",
    "准备买一套脚垫",
    "想换轮胎，四条多少钱",
    "瞄到一个大屏导航，准备入手",
    "朋友推荐我买的这台车",
    "当时想买途观，后来买了森林人",
    "建议你换车吧",
    "如果我换车，肯定买奥迪",
    "等我有钱了，我会考虑买保时捷",
    "想买就买，别纠结",
    "想买2.0的推荐试驾一下",
    "我朋友的车也在这里修",
    "打算去西藏自驾",
    "不想换车，再开几年",
    "别考虑买这车",
    "卖车的时候送了三次保养",
    "想要提速快就深踩油门",
    "不用纠结2.0还是2.5，够用就行",
    "我当时纠结森林人和傲虎，最终傲虎",
    "纠结森林人和傲虎最后提了傲虎",
    "至于这么纠结2.0还是2.5么",
    "我也考虑过自由光，空间不行",
    "试驾了一次就决定买这款，开到现在很满意",
    "你要买2.0还是2.5好？",
    "4AT的车主油耗高，想置换新款",
    "购车时置换补贴未兑现",
    "想换个时间来保养",
    "客户想换个技师",
    "客户称上月刚提车",
    "客户考虑后决定不换",
    "需要再买一条两头带扣的安全带",
    "这是我家第二台车，开了三年了，很满意",
    "我的第二辆车也是在你们店买的",
    "our second car broke down again",
    "我也在森林人和汉兰达之间犹豫过，最后提了森林人",
    "I bought this car last year",
    "介绍朋友买了一台你们的车",
    "带朋友来提车啦",
    "打算买这款的一定要注意异响",
    "一直想买旅行车，这款车满足我的要求，开着很省油",
    "明锐和领动我当年纠结过，最后选了明锐",
    "想买个车模给孩子",
    "预算三千以内求推荐轮胎，车是明锐轿车",
    "家里有了二宝，想买辆SUV，看了一圈就买了途观",
    "之前想换个大点的，最后选择了这款，很满意",
    "年底准备买一辆车，家人推荐了这款，价格合适就入手了",
    "刚开始准备买燃油的，后来试了混动就选了混动",
    "这车值得推荐朋友买",
    "没有优惠，只有置换补贴",
    "想买一辆公路车锻炼身体",
    "有必要买车损险吗",
    "想搞个行车仪，有推荐吗",
    "想问问买车的流程写得对不对",
    "看中了森林人的四驱，开到现在没后悔",
    "转让明锐方向盘一个",
    "4S店出售的是事故车，要求退车",
    "有出明锐的吗，要自动挡",
    "有要卖车的请找我",
    "想换车的朋友可以来店里评估",
    "求购原厂轮毂一套",
    "裸车27，落地31，今天直接定了，大家觉得贵吗",
    "高速急转弯的时候车身很稳",
    "凭记忆想出来的几个选项",
    "预算五千，公路车求推荐",
    "裸车多少？落地多少？",
    "裸车28，落地31万，就订了，大家觉得贵吗",
    "上周喜提新车，裸车优惠四万，落地30万，价格怎么样",
    "保养套餐全款两千八，能优惠吗，贵不贵",
    "裸车价是多少万起步的那种",
    "指导价三十多万的车，就这个用料",
    "发动机修一次落地要两万，贵不贵",
    "月薪一万，技师这行有什么发展",
    "这个收入养车刚刚好，开着很省心",
    "want to buy new tires",
]


@pytest.mark.req("R104")
@pytest.mark.parametrize("text", PURCHASES)
def test_a_wish_to_buy_is_an_additional_purchase(text):
    found = detect(text)
    assert (found.lead_type, found.grade) == ("additional_purchase", "A")


@pytest.mark.req("R105")
@pytest.mark.parametrize("text", TRADES)
def test_a_wish_to_replace_or_sell_is_a_trade_in(text):
    found = detect(text)
    assert (found.lead_type, found.grade) == ("trade_in", "A")


@pytest.mark.req("R106")
@pytest.mark.parametrize("text", REFERRALS)
def test_an_acquaintance_who_wants_to_buy_is_a_referral(text):
    assert detect(text).lead_type == "referral"


@pytest.mark.req("R106", "R107")
def test_asking_what_a_referral_earns_is_latent():
    found = detect("老客户推荐有什么政策")
    assert (found.lead_type, found.grade) == ("referral", "B")


@pytest.mark.req("R104", "R105", "R107")
@pytest.mark.parametrize(
    ("text", "lead_type"),
    [
        ("二胎了，需要一台七座车", "additional_purchase"),
        ("生了老二，五座不够坐了", "additional_purchase"),
        ("老车太费油了", "trade_in"),
        ("旧车毛病太多，修不起了", "trade_in"),
        ("车开了十年了，毛病越来越多", "trade_in"),
        ("老婆怀二胎了，五座不够", "additional_purchase"),
        ("客户说老人要来住，五座坐不下", "additional_purchase"),
    ],
)
def test_a_need_without_a_wish_is_latent(text, lead_type):
    found = detect(text)
    assert (found.lead_type, found.grade) == (lead_type, "B")


@pytest.mark.req("R104", "R107")
@pytest.mark.parametrize("text", BARGAINS)
def test_who_asks_for_a_verdict_on_a_quote_or_an_income_reckons_with_buying(text):
    found = detect(text)
    assert (found.lead_type, found.grade) == ("additional_purchase", "B")


@pytest.mark.req("R104", "R107")
@pytest.mark.parametrize("text", CHOICES)
def test_who_asks_for_help_with_choosing_a_car_reckons_with_buying(text):
    found = detect(text)
    assert (found.lead_type, found.grade) == ("additional_purchase", "B")


@pytest.mark.req("R105")
def test_a_purchase_told_before_the_wish_does_not_fulfil_it():
    assert detect("当年看了一圈就买了途观，现在家里想换车").lead_type == "trade_in"


@pytest.mark.req("R106")
def test_a_deal_that_is_done_leaves_the_friend_who_wants_one_too():
    assert detect("上周刚提车，我同事也想买车，帮他问问优惠").lead_type == "referral"


@pytest.mark.req("R104", "R105", "R106")
@pytest.mark.parametrize("text", NONE)
def test_parts_past_advice_and_suppositions_are_no_lead(text):
    found = detect(text)
    assert (found.lead_type, found.grade) == ("none", "")


@pytest.mark.req("R104")
def test_the_words_that_show_it_are_handed_out():
    text = "你好，我最近想再买一台SUV"
    shown = [(text[span.start : span.end], span.shows) for span in detect(text).evidence]
    assert ("想再买", "additional_purchase") in shown


@pytest.mark.req("R104", "R119")
def test_a_danger_and_a_lead_are_both_found():
    found = detect("刹车又失灵了，不修了，我想换车")
    assert found.red_alert
    assert found.lead_type == "trade_in"
