"""Names: cleaning, and the pinyin keys by which people type them.

Surnames are read by their own table first (单 shan, 仇 qiu, 曾 zeng ...), as the usual reading of the character is
wrong for them; the other readings stay searchable. Characters without a known reading stay as they are.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from django.utils.translation import gettext_lazy as _

from cheban.core.errors import BadValue

SURNAMES = {
    "单": "shan",
    "仇": "qiu",
    "曾": "zeng",
    "区": "ou",
    "解": "xie",
    "翟": "zhai",
    "查": "zha",
    "任": "ren",
    "乐": "yue",
    "缪": "miao",
    "盖": "ge",
    "朴": "piao",
    "洗": "xian",
    "冼": "xian",
    "尉": "wei",
    "黑": "he",
    "种": "chong",
    "秘": "bi",
    "晁": "chao",
    "应": "ying",
    "祭": "zhai",
    "员": "yun",
    "贠": "yun",
    "万": "wan",
    "华": "hua",
    "宁": "ning",
    "葛": "ge",
    "纪": "ji",
    "俞": "yu",
    "逄": "pang",
    "郇": "xun",
    "撒": "sa",
    "繁": "po",
    "召": "shao",
    "能": "nai",
    "车": "che",
}
COMPOUND = {
    "欧阳": "ouyang",
    "司马": "sima",
    "上官": "shangguan",
    "诸葛": "zhuge",
    "尉迟": "yuchi",
    "东方": "dongfang",
    "皇甫": "huangfu",
    "公孙": "gongsun",
    "慕容": "murong",
    "令狐": "linghu",
    "夏侯": "xiahou",
    "司徒": "situ",
    "长孙": "zhangsun",
    "宇文": "yuwen",
    "轩辕": "xuanyuan",
    "端木": "duanmu",
    "独孤": "dugu",
    "南宫": "nangong",
    "万俟": "moqi",
    "澹台": "tantai",
    "呼延": "huyan",
    "申屠": "shentu",
    "太史": "taishi",
    "闻人": "wenren",
}
_MEANING = re.compile(r"[^\W\d_]", re.UNICODE)


@lru_cache(maxsize=60_000)
def _readings(character: str) -> tuple[str, ...]:
    """All readings without tones, the usual one first; the lower-case character itself when it has none."""
    if not "\u3400" <= character <= "\U0003ffff":
        return (character.lower(),)
    from pypinyin import Style, pinyin

    found = pinyin(character, style=Style.NORMAL, heteronym=True, errors="default")[0]
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=4096)
def _surname_readings(first: str) -> tuple[str, ...]:
    usual = _readings(first)
    right = SURNAMES.get(first)
    return tuple(dict.fromkeys((right, *usual))) if right else usual


def search_key(name: str) -> str:
    """Tokens for prefix search, space separated: full pinyin and initials, the right surname reading first.

    '张三' -> 'zhangsan zs'; '单红' -> 'shanhong sh danhong dh chanhong ch'.
    """
    text = unicodedata.normalize("NFKC", name)
    text = "".join(c for c in text if c.isalnum())[:24]
    if not text:
        return ""
    head = COMPOUND.get(text[:2])
    if head and len(text) > 2:
        firsts, initials, rest = (head,), ("".join(_readings(c)[0][:1] for c in text[:2]),), text[2:]
        initials = (head[:1] + _second_initial(text[1], head),)
    else:
        firsts, rest = _surname_readings(text[0]), text[1:]
        initials = tuple(r[:1] for r in firsts)
    tail = "".join(_readings(c)[0] for c in rest)
    tail_initials = "".join(_readings(c)[0][:1] for c in rest)
    tokens: list[str] = []
    for full, initial in zip(firsts, initials, strict=True):
        for token in (full + tail, initial + tail_initials):
            tokens.append(token)
    pairs = list(dict.fromkeys(zip(tokens[::2], tokens[1::2], strict=True)))
    return " ".join(t for pair in pairs for t in pair)


def _second_initial(character: str, head: str) -> str:
    return next((r[:1] for r in _readings(character) if head.endswith(r)), _readings(character)[0][:1])


def sort_key(name: str) -> str:
    """Key that orders names by pinyin."""
    return search_key(name).split(" ")[0]


def clean_name(text: str) -> str:
    """A person's or company's name, trimmed, full-width letters narrowed. Raises BadValue."""
    wide = str(text).replace("\u3000", " ")
    name = "".join(unicodedata.normalize("NFKC", c) if "！" <= c <= "～" else c for c in wide)
    name = re.sub(r"\s+", " ", name).strip().strip("'\"")
    name = re.sub(r"(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])", "", name)  # 张 伟: a blank only to fill the column
    if not name:
        raise BadValue(_("没有姓名。"), expected=_("请填写客户的姓名或单位名称。"))
    if not _MEANING.search(name):
        raise BadValue(_("“%(text)s”不是姓名。") % {"text": name[:20]}, expected=_("姓名要有汉字或字母。"))
    if len(name) > 120:
        raise BadValue(_("姓名有 %(n)d 个字，太长。") % {"n": len(name)}, expected=_("最多 120 个字。"))
    return name
