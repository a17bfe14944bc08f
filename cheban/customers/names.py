"""Names of people and companies: cleaned, searchable by pinyin, sortable. R002, R015.

Source of the readings: pypinyin's table of single characters. Surnames have readings of their own (单 shan,
仇 qiu), which come first; the usual reading of the character is kept too, as many people type that one.
Reliability rows 80 and 83.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import islice, product
from unicodedata import normalize

from django.utils.translation import gettext as _

from cheban.core.errors import BadValue
from cheban.customers.surnames import COMPOUND, GIVEN, PHRASES, SURNAMES

MOST_PERSON, MOST_COMPANY, MOST_KEY = 64, 120, 64

_COMPANY_END = re.compile(
    r"(?:公司|集团|厂|中心|学校|大学|学院|幼儿园|医院|银行|分行|支行|委员会|商店|超市|商行|车行|合作社|事务所|办公室|车队|协会"
    r"|工作室|企业|经营部|门市部|服务部|批发部|餐厅|饭店|酒店|宾馆|商贸|工厂|公安局|税务局|分局|支队|大队|法院|检察院|政府"
    r"|出版社|报社|研究院|研究所|设计院|俱乐部|基金会|店|局|站)(?:\(.*\))?$"
)
_BOILERPLATE = re.compile(
    r"股份有限公司|有限责任公司|有限公司|\(.*?\)|(?:集团)?股份公司|总公司|公司$|集团$|\(普通合伙\)|\(有限合伙\)"
)
_REGION = re.compile(
    r"^(?:北京|上海|天津|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川"
    r"|贵州|云南|陕西|甘肃|青海|台湾|内蒙古|广西|西藏|宁夏|新疆|香港|澳门|深圳|广州|杭州|南京|苏州|成都|武汉|西安|宁波"
    r"|青岛|大连|厦门|长沙|郑州|济南|合肥|福州|无锡|佛山|东莞)?(?:壮族自治区|回族自治区|维吾尔自治区|自治区|省)?"
    r"(?:[\u4e00-\u9fff]{2,4}?市)?(?:市)?(?:[\u4e00-\u9fff]{2,3}?[区县])?"
)

_TO_HALF = (
    {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
    | {0x3000: " ", 0xA0: " "}
    | dict.fromkeys(map(ord, "•‧∙・●"), "·")
    | dict.fromkeys(
        [*range(9), *range(0xE, 0x20), 0x7F, 0xFEFF, 0x2060, *range(0x200B, 0x2010), *range(0x202A, 0x202F)]
    )
)
_BETWEEN_HAN = re.compile(r"(?<=[\u3400-\u9fff\U00020000-\U0003ffff]) +(?=[\u3400-\u9fff\U00020000-\U0003ffff])")
_NOT_A_NAME = frozenset(["无", "暂无", "未知", "不详", "空", "没有", "null", "none", "nan", "n/a"])
_PLAIN_HAN = re.compile(r"[\u3400-\u9fff]{2,4}")


def clean_name(text: str) -> str:
    """The name without what typing and exporting left in it; raises BadValue if there is none.

    Full-width ASCII becomes half-width, blanks collapse and vanish between Chinese characters (张　三), invisible
    signs go, dots in the middle become '·'. Rare characters stay as they are. At most 64 signs, companies 120.
    """
    if _PLAIN_HAN.fullmatch(text) and text not in _NOT_A_NAME:
        return text
    name = " ".join(text.translate(_TO_HALF).split()).lstrip("'`‘’").strip()
    name = _BETWEEN_HAN.sub("", name)
    if not name or name.lower() in _NOT_A_NAME:
        raise BadValue(_("没有姓名。"), expected=_("请填写客户姓名或单位名称。"))
    if name[0] == "=":
        raise BadValue(_("姓名“%(text)s”是一个公式。") % {"text": name[:24]}, expected=_("请填写客户姓名或单位名称。"))
    if not any(map(str.isalpha, name)):
        raise BadValue(
            _("姓名“%(text)s”里只有数字或符号。") % {"text": name[:24]}, expected=_("请填写客户姓名或单位名称。")
        )
    if len(name) > MOST_PERSON:
        most = MOST_COMPANY if is_company(name) else MOST_PERSON
        if len(name) > most:
            raise BadValue(
                _("姓名“%(text)s…”有 %(count)d 个字，太长。") % {"text": name[:16], "count": len(name)},
                expected=_("姓名最多 %(person)d 个字，单位名称最多 %(company)d 个字。")
                % {"person": MOST_PERSON, "company": MOST_COMPANY},
            )
    return name


def is_company(name: str) -> bool:
    """Whether a name reads as a company's or an office's, by how it ends."""
    return len(name) >= 4 and _COMPANY_END.search(name) is not None


def search_key(name: str) -> str:
    """Tokens to search by prefix, space separated: full pinyin and initials, the right surname reading first.

    '张三' -> 'zhangsan zs'; '单红' -> 'shanhong sh danhong dh'. Companies: the name without legal form, then
    without its region. Latin letters and digits stay, lower-case; characters without a reading stand for
    themselves. Each token has at most 64 signs, there are at most 8 pairs.
    """
    if len(name) >= 4 and _COMPANY_END.search(name):
        return _company_key(name)
    return _join(_person(name))


def sort_key(name: str) -> str:
    """Orders names as a Chinese telephone book does: by surname reading and tone, then sign by sign.

    For plain (byte-wise) comparison: 'li3 si4 李四'; Latin letters come where their letters belong.
    """
    surname = "" if "·" in name else next((s for s in (name[:2], name[:1]) if s in COMPOUND or s in SURNAMES), "")
    if surname in COMPOUND:
        wanted = _split_compound(surname, COMPOUND[surname][0])
    else:
        wanted = [SURNAMES[surname][0]] if surname else []
    wanted += [GIVEN.get(char, ("",))[0] for char in name[len(wanted) :]]
    parts = []
    for char, reading in zip(name, wanted, strict=True):
        table = dict(_table_readings(char))
        if table:
            reading = reading or next(iter(table))
            parts.append(f" {reading}{table.get(reading, '1')} ")
        elif char.isalnum() or char == " ":
            parts.append(char.lower())
    return f"{' '.join(''.join(parts).split())} {name}"


@cache
def _readings_by_code() -> dict[int, str]:
    from pypinyin.constants import PINYIN_DICT  # 0.2 s: only when the first name comes

    return PINYIN_DICT


@cache
def _table_readings(char: str) -> tuple[tuple[str, str], ...]:
    """(reading without tone, tone '1'-'5') of one character, most usual first; () when it has none."""
    found: dict[str, str] = {}
    for marked in _readings_by_code().get(ord(char), "").split(","):
        if not marked:
            continue
        tone, plain = "5", []
        for sign in normalize("NFD", marked):
            if sign == "\u0308":
                plain[-1] = "v"
            elif sign in "\u0304\u0301\u030c\u0300":
                tone = str("\u0304\u0301\u030c\u0300".index(sign) + 1)
            elif "a" <= sign <= "z":
                plain.append(sign)
            elif sign == "ɡ":
                plain.append("g")
        found.setdefault("".join(plain), tone)
    return tuple(found.items())


@cache
def _of_surname(char: str) -> tuple[tuple[str, str], ...]:
    """(full, initial) readings of a first character; the surname's own first."""
    if char in SURNAMES:
        return tuple((r, r[0]) for r in SURNAMES[char])
    return _of_char(char)


@cache
def _of_char(char: str) -> tuple[tuple[str, str], ...]:
    """(full, initial) readings of a character inside a name: one, except where two are in use."""
    if char in GIVEN:
        return tuple((r, r[0]) for r in GIVEN[char])
    table = _table_readings(char)
    if table:
        return ((table[0][0], table[0][0][0]),)
    return ((char.lower(), char.lower()),) if char.isalnum() else (("", ""),)


@cache
def _of_compound(surname: str) -> tuple[tuple[str, str], ...]:
    return tuple((r, "".join(p[0] for p in _split_compound(surname, r))) for r in COMPOUND[surname])


def _split_compound(surname: str, reading: str) -> list[str]:
    """'ouyang' of 欧阳 -> ['ou', 'yang'], by the readings that its characters have."""
    second = {p for p, _tone in _table_readings(surname[1])} | set(SURNAMES.get(surname[1], ()))
    fitting = [p for p in second if reading.endswith(p) and p != reading]
    cut = len(reading) - len(max(fitting, key=len, default=reading[1:]))
    return [reading[:cut], reading[cut:]]


def _person(name: str) -> list[tuple[str, str]]:
    """(full, initials) of every useful reading of a person's name, at most 8."""
    if not name.isascii() and "·" not in name:
        if len(name) > 2 and name[:2] in COMPOUND:
            parts = [_of_compound(name[:2]), *map(_of_char, name[2:])]
        else:
            parts = [_of_surname(name[0]), *map(_of_char, name[1:])]
        if all(len(p) == 1 for p in parts):
            return [("".join([p[0][0] for p in parts]), "".join([p[0][1] for p in parts]))]
        return [("".join([r[0] for r in way]), "".join([r[1] for r in way])) for way in _ways(parts)]
    if name.isascii():  # Latin: each word has one initial
        words = re.findall(r"[a-z0-9]+", name.lower())
        return [("".join(words), "".join(w[0] for w in words))]
    parts = [_of_char(c) for c in name]
    return [("".join(p[0][0] for p in parts), "".join(p[0][1] for p in parts))]


def _ways(parts: list[tuple[tuple[str, str], ...]]) -> list[tuple[tuple[str, str], ...]]:
    """The first 8 combinations; the surname's readings (first part) vary slowest, so the likely ones come first."""
    return list(islice(product(*parts), 8))


def _company_key(name: str) -> str:
    core = _BOILERPLATE.sub("", name) or name
    local = core[_REGION.match(core).end() :]
    variants = [core] + ([local] if local != core and len(local) >= 2 else [])
    return _join([_spelled(variant) for variant in variants])


def _spelled(text: str) -> tuple[str, str]:
    full, initials, at = [], [], 0
    while at < len(text):
        syllables = PHRASES.get(text[at : at + 2])
        if syllables:
            full += syllables
            initials += [s[0] for s in syllables]
            at += 2
            continue
        reading = _of_char(text[at])[0]
        full.append(reading[0])
        initials.append(reading[1])
        at += 1
    return "".join(full), "".join(initials)


def _join(pairs: list[tuple[str, str]]) -> str:
    if len(pairs) == 1:
        full, initials = pairs[0]
        return f"{full[:MOST_KEY]} {initials[:MOST_KEY]}".strip()
    tokens = dict.fromkeys(t[:MOST_KEY] for pair in pairs for t in pair if t)
    return " ".join(tokens)
