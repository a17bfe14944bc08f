"""A wish to buy a car in a text, and what makes it none: past, advice, supposition, a part instead of a car. R104."""

from __future__ import annotations

import re

from cheban.voice.detection.reading import Reading
from cheban.voice.detection.words import Mark

NEAR = 12  # characters from a verb to its object
WISH = 6  # characters from a wish to its verb
GO = 8  # 准备国庆去买
PLAN = 10  # 打算国庆节前贷款买车
OWNER = re.compile("(?:我就?是|作为|咱|现)[^，。！？,.!?]*$")  # 我是君威车主
ALONE = re.compile("车|入手|下定|下订|选")  # verbs that mean a car without naming it
ELSE = re.compile("[问说知了看听聊学查教写]|要[^不]")  # 想问问买车流程: another verb between
THINGS = frozenset(["parts_of_want", "features"])
CARS = frozenset(["car_word", "model"])
NOT_OF_CAR = {  # last character of a form and the ones that make it another word: 想提 + 速
    "提": "速升前高问到醒供交示议",
    "入": "门睡住库职冬夏口",
    "定": "位速期义做制",
    "订": "阅做",
    "买": "菜单账保票房",
    "收": "到拾听",
    "虑": "过",
    "中": "的",
    "上": "的",
    "出": "来去现口门国差",
    "车": "灯漆窗轮胎内位牌身膜衣垫钥机损船位票险库门",
    "豫": "过",
    "结": "过",
    "拿": "到来去出回给着走捏手下",
}
FORBIDDEN = frozenset("别不没甭勿未莫")  # one character before a wish that turns it
OR = re.compile("还是|或者?|和|跟|与|要不要|买不买|值不值|[,，、]\\d\\.\\d")
WHICH = re.compile("[^，。！？,.!?]{0,6}还是[^，。！？,.!?]{1,12}(?:好|呢|啊|哪|[？?])")  # 买现款还是顶配好
DECIDED = re.compile("最终|最后|结果")
A_THING = re.compile("一?(?:个|套|副|瓶|箱|桶|条|块|张|对|根|支)|两|几")
NEVER_A_CAR = re.compile("一?(?:套|副|瓶|箱|桶|条|块|张|对|根|支)")  # measure words that count no cars
FOR_OTHERS = re.compile(
    ".{0,6}的(?:朋友|人|同学|话|可以|推荐|都|兄弟|亲|先|理由|时候|车友|客户|来|进|看过来|一定|注意|要注意|千万|你|各位)|车?(?:时|的时候|之前|之后|以后|后)[，,]?"
)
ADVICE_BEHIND = ("时", "吧", "的都", "哪", "可以", "先", "建议", "必须", "应该", "最好", "要看")
ADVICE_NEXT = re.compile("还是先|先去|就(?![想是问怕看差等])|建议|最好|得先|必须|要先|那就")
ADVICE_IN = re.compile("就(?![想是等差])")
OWN_PLAN = ("准备", "打算", "计划", "想")  # 准备入手吧 is said to oneself, 入手吧 to others
CLAUSE_END = re.compile("[，。！？,.!?；;～~ ]")


def wish(reading: Reading) -> tuple[Mark, ...] | None:
    """The marks of the first wish to buy that the writer has now."""
    for at, mark in enumerate(reading.marks):
        if mark.meaning.leads & {"want_buy", "buy", "buy_go", "consider", "torn", "liked"} and not is_off(reading, at):
            shown = _wish_at(reading, at)
            if shown is not None:
                return shown
    return None


def _wish_at(reading: Reading, at: int) -> tuple[Mark, ...] | None:
    mark = reading.marks[at]
    roles, goal = mark.meaning.leads, car_behind(reading, at)
    is_car = "车" in reading.text[mark.start : mark.end]  # 不知道买什么车
    is_open = is_car or not (names_part(reading, at) or _is_a_thing(reading, mark))  # none but a car meant
    if "want_buy" in roles and (goal is not None or is_open):
        return (mark,) if goal is None else (mark, goal)
    if "buy" in roles:
        wanted = wanted_before(reading, at, reach=WISH)
        if wanted is not None and goal is not None and not _wants_else(reading.text[wanted.end : mark.start]):
            return (wanted, mark, goal)
        if wanted is not None and wanted.end == mark.start and mark.end - mark.start > 1 and is_open:  # 也在考虑 + 入手
            return (wanted, mark)
        if (planned := is_planned(reading, at)) and (is_car or is_open):
            return (planned, mark)
    if "buy_go" in roles and is_open:
        wanted = wanted_before(reading, at, reach=GO)
        if wanted is not None and reading.leads & {"deal", *CARS}:
            return (wanted, mark)
    if "consider" in roles and goal is not None and goal.meaning.leads & CARS and not names_part(reading, at):
        return (mark, goal)
    if "liked" in roles and goal is not None and "model" in goal.meaning.leads and is_open:  # 看上明旅了
        return None if reading.text[goal.end : goal.end + 1] == "的" else (mark, goal)  # 看中了森的优点
    if "buy" in roles and goal is not None and _asks_which(reading, mark, goal):
        return (mark, goal)
    if "torn" in roles and goal is not None and OR.search(reading.text, goal.end, goal.end + NEAR):
        return None if DECIDED.search(reading.text, goal.end, goal.end + 2 * NEAR) else (mark, goal)
    return None


def is_planned(reading: Reading, at: int) -> Mark | None:
    """The plan before a mark that buys a car, with when and how between: "打算国庆节前贷款买车"."""
    mark = reading.marks[at]
    if "buy" not in mark.meaning.leads or not ALONE.search(reading.text, mark.start, mark.end):
        return None
    planned = wanted_before(reading, at, reach=PLAN)
    return None if planned is None or ELSE.search(reading.text, planned.end, mark.start) else planned


def _asks_which(reading: Reading, mark: Mark, goal: Mark) -> bool:
    """ "到底买森林人还是力狮好？": asked about himself, in a sentence that speaks to nobody."""
    if not WHICH.match(reading.text, goal.end):
        return False
    return not any(
        other.sentence == mark.sentence
        and (other.meaning.contexts & {"you"} or other.meaning.leads & {"advise", "others"})
        for other in reading.marks
    )


def _wants_else(between: str) -> bool:
    """ "想要隔音好买福特" wants silence; "纠结是不是要提" wants the car."""
    return "要" in between and "是不是要" not in between and "要不要" not in between


def _is_a_thing(reading: Reading, mark: Mark) -> bool:
    """ "再买一条", and "准备买一个" in a text that names no car."""
    if NEVER_A_CAR.match(reading.text, mark.end):
        return True
    return bool(A_THING.match(reading.text, mark.end)) and not reading.leads & CARS


def wanted_before(reading: Reading, at: int, *, reach: int) -> Mark | None:
    """The word of wanting in the clause before the mark, at most so many characters away."""
    mark = reading.marks[at]
    for other in reading.before_in_clause(at):
        if mark.start - other.end > reach:
            return None
        if "want" in other.meaning.leads:
            return other
    return None


def car_behind(reading: Reading, at: int) -> Mark | None:
    """The car that the verb is about: close behind it in its clause, and no part before it."""
    mark = reading.marks[at]
    for place, other in enumerate(reading.ahead(at), at + 1):
        if other.clause != mark.clause or other.start - mark.end > NEAR or other.meaning.leads & THINGS:
            return None
        if other.meaning.leads & CARS:
            return None if is_about_part(reading, place) else other
    return None


def is_about_part(reading: Reading, at: int) -> bool:
    """The object is a part or a service: 想买轮胎, 打算买的脚垫."""
    end = reading.marks[at].end
    return any(other.start <= end + NEAR and other.meaning.leads & THINGS for other in reading.ahead_in_clause(at))


def names_part(reading: Reading, at: int) -> bool:
    """A part is named in the sentence before the mark, or in the clause after: "瞄到一个导航，准备入手"."""
    mark = reading.marks[at]
    return any(
        "parts_of_want" in other.meaning.leads
        and (other.clause == mark.clause + 1 or (other.sentence == mark.sentence and other.clause <= mark.clause))
        for other in reading.around(at)
    )


def is_off(reading: Reading, at: int, *, advice: bool = True) -> bool:
    """Said of the past, to or of others (unless `advice` is False), only supposed, or fulfilled further on."""
    mark, text = reading.marks[at], reading.text
    if mark.start < reading.bought_at:
        return True
    if text[max(0, mark.start - 1) : mark.start] in FORBIDDEN:
        return True
    if mark.end < len(text) and text[mark.end] in NOT_OF_CAR.get(text[mark.end - 1], ""):
        return True
    is_own = not advice  # 我 between: what stands before it is said of somebody else
    for other in reading.back(at):
        roles, contexts = other.meaning.leads, other.meaning.contexts
        if other.sentence != mark.sentence or mark.clause - other.clause > 1:
            break
        is_own = is_own or "me" in contexts
        is_own = is_own or ("others" in roles and bool(OWNER.search(text, max(0, other.start - NEAR), other.start)))
        if "suppose" in roles or (not is_own and ("hearsay" in contexts or "others" in roles)):
            return True
        if other.clause != mark.clause:
            continue
        if roles & {"past", "unreal"} or ("no" in contexts and mark.start - other.end <= WISH):
            return True
        if not is_own and ("advise" in roles or ("you" in contexts and mark.start - other.end <= WISH)):
            return True
    return _is_to_whom_it_may_concern(text, mark)


def _is_to_whom_it_may_concern(text: str, mark: Mark) -> bool:
    """ "想买2.0的推荐...", "想买就买", "想买斯巴鲁，还是先去看看"."""
    after = text[mark.end : mark.end + 24]
    clause, *rest = CLAUSE_END.split(after, maxsplit=1)
    is_own = after.startswith("吧") and text.startswith(OWN_PLAN, mark.start)
    return bool(
        FOR_OTHERS.match(after)
        or (after.startswith(ADVICE_BEHIND) and not is_own)
        or ADVICE_IN.search(clause)
        or ADVICE_NEXT.match("".join(rest))
    )
