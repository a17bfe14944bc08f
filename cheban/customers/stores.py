"""Stores of a large group found by what is typed: name, code or city, in Chinese, pinyin or initials."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Protocol, TypeVar

from cheban.customers.names import search_key


class Place(Protocol):
    """What a store is found by."""

    name: str
    code: str
    city: str


Found = TypeVar("Found", bound=Place)


@lru_cache(maxsize=4096)
def _spoken(text: str) -> str:
    return "" if text.isascii() else f" {search_key(text)}"


def found(places: Iterable[Found], words: str) -> list[Found]:
    """Those in which every word stands, in the order given; all of them without a word."""
    wanted = words.casefold().split()
    return [
        place
        for place in places
        if all(
            word in f"{place.name} {place.code} {place.city}".casefold()
            or any(f" {word}" in _spoken(text) for text in (place.name, place.city))
            for word in wanted
        )
    ]
