"""Bring a text to the one way of writing that the word tables use, keeping where each character came from.

Full-width becomes half-width, capital letters small, traditional characters simplified: each one character for one
character. Invisible characters go, and blanks between single Chinese characters ("刹 车 失 灵"). A span found in the
normalised text is brought back by `Normal.origin`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

TRADITIONAL = (
    "剎煞車盤發動機響轉氣煙燒斷軸鎖滅險壞無沒這個嗎輪門閘異開關問題難進過還後來時會變聲間彈彎衝緊軟輕點線電壓燈報號處離換檔擋樣應該說話買賣貴預備訂購親對錯誤導覺聽見現裡裏維護復廠經銷員業務質證責負項試駕駛"
    "馬達極樂總繼續連桿鬆掛檢測漿溫熱凍雙傷嚇驚慘廢損毀滿濃簡單價錢萬輛臺颱鄰媽爺兒孫隊圖書學習計劃設優讓請謝謊誰記認識詢議評語調頭頂顛領願類風飛駐驗騙體齊嚴隱蓋櫃橋樁樓槍樞構標權歷歸殘氫決況滾潤澤與從們倉"
    "偵傾僅億儀兩冊別剛創劇勁勞勢勝匯區協卻啟喪嘗嚨國圍圓園執堅場塊墊墜壩夠夾奪妳娛婦實審寫寬專將尋屬嶺幫幹幾庫廣張強彙徑徹恆悶惡愛態慣慮憂憶懷懸戰戶拋挾捲掃採揚搖擁擇擊據擠擴擺攔攜敗敵數斂於旣昇暫東條沖淚"
    "淺減渦湧準溝滯漲潑澀濕爐爭牽狀獨獲環產畫療盡監眾睏礙禮禍穩窩筆節範糾紀約紅級細終組結絕統絲綠網緩編練縮縱織繞繩罷義聯肅腳膠臉臨舉舊艙蘭虧補裝製複規視觀觸訊託訴許診詳誇誘諒講貨販貼費賀資賠賴賺贏趕跡踐躍"
    "載較輔輸轎辦農迴逕遊運違遙遠適遲選遺鄉醫釋針鈍鈕鉤銀銳鋁鋼錄鍵鏈鏡鐵鑰長閃閉閒閥閱闊陣陰陳陸陽際隨雖雜雞霧靈靜須頓頗頻顆額顏顧顯飄飯餘館饋駁駝騎騰驅髒鬥鬧魚鳴麗麥麼齒龍喺嘅咗"
)
SIMPLIFIED = (
    "刹刹车盘发动机响转气烟烧断轴锁灭险坏无没这个吗轮门闸异开关问题难进过还后来时会变声间弹弯冲紧软轻点线电压灯报号处离换档挡样应该说话买卖贵预备订购亲对错误导觉听见现里里维护复厂经销员业务质证责负项试驾驶"
    "马达极乐总继续连杆松挂检测浆温热冻双伤吓惊惨废损毁满浓简单价钱万辆台台邻妈爷儿孙队图书学习计划设优让请谢谎谁记认识询议评语调头顶颠领愿类风飞驻验骗体齐严隐盖柜桥桩楼枪枢构标权历归残氢决况滚润泽与从们仓"
    "侦倾仅亿仪两册别刚创剧劲劳势胜汇区协却启丧尝咙国围圆园执坚场块垫坠坝够夹夺你娱妇实审写宽专将寻属岭帮干几库广张强汇径彻恒闷恶爱态惯虑忧忆怀悬战户抛挟卷扫采扬摇拥择击据挤扩摆拦携败敌数敛于既升暂东条冲泪"
    "浅减涡涌准沟滞涨泼涩湿炉争牵状独获环产画疗尽监众困碍礼祸稳窝笔节范纠纪约红级细终组结绝统丝绿网缓编练缩纵织绕绳罢义联肃脚胶脸临举旧舱兰亏补装制复规视观触讯托诉许诊详夸诱谅讲货贩贴费贺资赔赖赚赢赶迹践跃"
    "载较辅输轿办农回径游运违遥远适迟选遗乡医释针钝钮钩银锐铝钢录键链镜铁钥长闪闭闲阀阅阔阵阴陈陆阳际随虽杂鸡雾灵静须顿颇频颗额颜顾显飘饭余馆馈驳驼骑腾驱脏斗闹鱼鸣丽麦么齿龙在的了"
)
CHARACTERS = {ord(a): b for a, b in zip(TRADITIONAL, SIMPLIFIED, strict=True)}
CHARACTERS |= {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F) if chr(code) not in "，；：！？（）"}
CHARACTERS |= {code: chr(code + 32) for code in range(ord("A"), ord("Z") + 1)}
CHARACTERS |= {code: chr(code - 0xFEE0 + 32) for code in range(0xFF21, 0xFF3B)}
CHARACTERS |= {0x3000: " ", 0x00A0: " ", 0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"'}

UNSEEN = "\u200b-\u200f\u2060\ufeff\u00ad\ufe0e\ufe0f"
INVISIBLE = re.compile(f"[{UNSEEN}]")
BLANKS = re.compile("  +")
HAN = "\u4e00-\u9fff"
SPELLED_OUT = re.compile(rf"(?<![{HAN}])[{HAN}](?:[ \t·\-_.*{UNSEEN}]{{1,3}}[{HAN}]){{2,}}(?![{HAN}])")


@dataclass(frozen=True, slots=True)
class Normal:
    """A normalised text. `places[i]` is where character i stood; None when nothing moved."""

    text: str
    places: tuple[int, ...] | None

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """The half-open range of the original text for one of the normalised."""
        if self.places is None or start >= end:
            return start, end
        return self.places[start], self.places[end - 1] + 1


def normalise(text: str) -> Normal:
    """Linear in the length of the text; never raises, whatever the characters."""
    plain = text.translate(CHARACTERS)
    dropped = {m.start() for m in INVISIBLE.finditer(plain)}
    for match in BLANKS.finditer(plain):  # "did not  deploy"
        dropped.update(range(match.start() + 1, match.end()))
    for match in SPELLED_OUT.finditer(plain):
        dropped.update(i for i in range(match.start(), match.end()) if not _is_han(plain[i]))
    if not dropped:
        return Normal(plain, None)
    places = tuple(i for i in range(len(plain)) if i not in dropped)
    return Normal("".join(plain[i] for i in places), places)


def _is_han(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fff"
