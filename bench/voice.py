"""`python -m bench voice`: how many texts a second the detection reads on one core. R119.

The texts are invented in the proportion of an owners' forum and a complaint desk together: most say nothing of
danger or of buying, some say it in talk, some in a bare report. Time is that of the processor, so that what else the
machine does is not counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable

Row = Callable[[str, str, str, bool], str]
BOUND = 10_000
TEXTS = [
    "我的车开了{n}公里，油耗一直在九个左右，市区堵车的时候会高一点，高速上七个多，总体还是挺满意的。",
    "请问{n}公里保养需要换哪些东西？机油机滤要不要自己带，工时费大概多少钱？",
    "座椅加热很舒服，就是后排空间小了点，导航也不太好用，准备下次保养的时候问问能不能升级。",
    "昨天去店里做了第{n}次保养，接待很热情，等了一个半小时，免费洗了车，下次还来。",
    "隔音一般，跑高速的时候风噪有点大，不过视野很好，方向盘很轻，女生开也没问题。",
    "空调开到最大还是不凉，去年加过一次氟，是不是哪里漏了，麻烦帮我看看。",
    "天窗关上以后有异响，过减速带的时候更明显，师傅说胶条老化了，换一根{n}块。",
    "楼主说得对，买车还是要看自己的需求，家用的话空间和省油最重要，动力够用就行。",
    "刹车片还有多厚？我的跑了{n}公里，感觉还可以再用一阵子，等下次一起换。",
    "我在高速上开着开着车突然熄火了，方向盘也变得很沉，幸好后面没有车，现在想起来还后怕。",
    "某款{n}车型行驶中发动机异响希望厂家处理",
    "某款{n}车型中控屏死机变速箱顿挫4S店不解决",
    "准备年底换车了，现在这台开了{n}个月，想看看七座的，旧车置换有什么补贴吗？",
    "同事说他那台也有这个问题，后来换了一个传感器就好了，你可以先去读一下故障码。",
    "车漆太薄了，停在小区里被划了好几道，补漆要{n}块，走保险划算吗？",
    "上次的异响已经修好了，谢谢师傅，服务很到位。",
]


def voice(row: Row) -> list[str]:
    """Texts a second of the rules, alerts and leads together."""
    from cheban.voice.detection import detect

    texts = [text.replace("{n}", str(number)) for number in range(1_250) for text in TEXTS]
    detect(texts[0])  # the tables are compiled once
    best = float("inf")
    for _round in range(5):
        begin = time.process_time()
        for text in texts:
            detect(text)
        best = min(best, time.process_time() - begin)
    rate = len(texts) / best
    return [row("alerts and leads, texts a second on one core", f"{rate:,.0f}", f">= {BOUND:,}", rate >= BOUND)]
