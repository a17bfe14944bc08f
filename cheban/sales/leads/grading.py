"""A or B by the words alone, as a suggestion to whoever confirms. R107."""

from __future__ import annotations

from collections.abc import Iterable

EXPLICIT = (
    *(
        "想买",
        "想换",
        "想置换",
        "想再买",
        "想添",
        "想卖",
        "要买",
        "要换",
        "打算",
        "准备",
        "计划",
        "需要一",
        "下订",
        "预订",
    ),
    *(
        "试驾",
        "能抵多少",
        "置换补贴",
        "以旧换新",
        "估价",
        "报价",
        "有现车",
        "想看",
        "介绍",
        "want",
        "looking for",
        "trade in",
    ),
)
"""Words with which somebody says what they want; what only points there (空间不够, 油耗高) is latent."""


def suggested(texts: Iterable[str]) -> str:
    """'a' when any text says the wish, else 'b'."""
    return "a" if any(word in text.lower() for text in texts for word in EXPLICIT) else "b"
