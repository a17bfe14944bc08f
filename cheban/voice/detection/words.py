"""The word tables as one automaton, and a text as the words found in it."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

import ahocorasick_rs

STRONG = "。！？!?；;\n\r…"
WEAK = "，,、：:（）()～~|/"
CUES = frozenset(  # lead words without which a text is no lead; the others only stand beside them
    [
        "want_buy",
        "torn",
        "change",
        "change_car",
        "swap",
        "swap_to",
        "give_up",
        "sell",
        "sell_offer",
        "bring",
        "referral",
        "friend_wants",
        "need",
        "old_car",
        "buy",
        "buy_go",
        "consider",
        "choosing",
        "price_term",
        "means",
        "first_car",
        "car_talk",
        "sells",
        "which",
        "budget",
    ]
)
HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a form can be: a part, symptoms, whole phrases (kind, strength), contexts, lead words, a border."""

    part: str = ""
    symptoms: tuple[str, ...] = ()
    phrases: tuple[tuple[str, str], ...] = ()
    contexts: frozenset[str] = frozenset()
    leads: frozenset[str] = frozenset()
    border: str = ""  # strong, weak, dot or blank
    is_latin: bool = False

    @property
    def alarms(self) -> bool:
        """Whether it can begin an alert."""
        return bool(self.symptoms or self.phrases) or "hazard" in self.contexts


class Mark(NamedTuple):
    """A form found in a text: where (half-open, in the normalised text), in which clause and sentence (counted)."""

    meaning: Meaning
    start: int
    end: int
    clause: int
    sentence: int


@dataclass(frozen=True)
class Words:
    """A set of tables, ready to be matched. Make one with `read` or `with_more`; `default()` is the product's."""

    tables: Mapping[str, Mapping[str, str]]
    combinations: Mapping[tuple[str, str], tuple[str, str]]
    meanings: tuple[Meaning, ...] = field(repr=False)
    begins: tuple[bool, ...] = field(repr=False)  # of each meaning: whether an alert or a lead can begin with it
    automaton: ahocorasick_rs.AhoCorasick = field(repr=False)

    def with_more(self, more: Mapping[str, Mapping[str, str]]) -> Words:
        """These words and a store's own: tables as in words.toml, e.g. {"symptoms": {"noise": "哼哼响"}}.

        Raises UnknownGroup for a section or group that does not exist.
        """
        tables = {section: dict(groups) for section, groups in self.tables.items()}
        for section, groups in more.items():
            for group, forms in groups.items():
                if group not in tables.get(section, {}):
                    raise UnknownGroup(f"{section}.{group}")
                tables[section][group] += " " + forms
        return compile_tables(tables)


class UnknownGroup(ValueError):
    """A table names a section or group that the detection does not read."""


@cache
def default() -> Words:
    """The tables of this folder."""
    alerts = tomllib.loads((HERE / "words.toml").read_text(encoding="utf-8"))
    leads = tomllib.loads((HERE / "leads.toml").read_text(encoding="utf-8"))
    tables = {name: groups for name, groups in alerts.items() if name != "phrases"}
    tables |= {f"phrases.{strength}": kinds for strength, kinds in alerts["phrases"].items()}
    return compile_tables(tables | leads)


def compile_tables(tables: Mapping[str, Mapping[str, str]]) -> Words:
    """Tables as read from the files: section -> group -> forms separated by blanks."""
    found: dict[str, dict[str, set]] = defaultdict(lambda: defaultdict(set))
    for section, groups in tables.items():
        if section in ("combinations", "variants", "borders"):
            continue
        for group, forms in groups.items():
            for form in _forms(forms, tables["variants"]):
                found[form][section].add(group)
    meanings = {form: _meaning(form, roles) for form, roles in found.items()}
    meanings |= {sign: Meaning(border="strong") for sign in STRONG}
    meanings |= {sign: Meaning(border="weak") for sign in WEAK}
    meanings |= {".": Meaning(border="dot"), " ": Meaning(border="blank"), "\t": Meaning(border="blank")}
    for word in _forms(tables["borders"]["clause"], {}):
        meanings[word] = Meaning(border="weak")
    for word in _forms(tables["borders"]["customer_speaks"], {}):
        meanings[word] = Meaning(border="strong")
    for word in _forms(tables["borders"]["other_speaks"], {}):
        meanings[word] = Meaning(border="strong", contexts=frozenset(["hearsay"]))
    return Words(
        tables=tables,
        combinations={tuple(key.split()): tuple(value.split()) for key, value in tables["combinations"].items()},  # type: ignore[misc]
        meanings=tuple(meanings.values()),
        begins=tuple(meaning.alarms or bool(meaning.leads & CUES) for meaning in meanings.values()),
        automaton=ahocorasick_rs.AhoCorasick(list(meanings), matchkind=ahocorasick_rs.MatchKind.LeftmostLongest),
    )


def _forms(text: str, variants: Mapping[str, str]) -> Iterable[str]:
    for form in text.split():
        form = form.replace("_", " ")
        yield form
        for wrong, right in variants.items():
            if right in form:
                yield form.replace(right, wrong)


def _meaning(form: str, roles: Mapping[str, set]) -> Meaning:
    phrases = [
        (kind, strength) for strength in ("sure", "weak", "feel") for kind in sorted(roles[f"phrases.{strength}"])
    ]
    return Meaning(
        part=min(roles["parts"], default=""),
        symptoms=tuple(sorted(roles["symptoms"])),
        phrases=tuple(phrases),
        contexts=frozenset(roles["contexts"]),
        leads=frozenset(roles["leads"]),
        is_latin=form.isascii() and any(character.isalnum() for character in form),
    )


def marks(text: str, words: Words) -> list[Mark]:
    """The forms found in a normalised text, first to last, not overlapping, with clauses and sentences counted.

    Nothing when no alert and no lead can begin with any of them, as in most texts: that is what makes it fast.
    """
    found: list[Mark] = []
    matches = words.automaton.find_matches_as_indexes(text)
    begins = words.begins
    if not any(begins[index] for index, _start, _end in matches):
        return found
    clause = sentence = 0
    last_border = -1  # "......" is one border
    meanings, length = words.meanings, len(text)
    for index, start, end in matches:
        meaning = meanings[index]
        if meaning.border:
            is_strong, is_weak = _divides(meaning.border, text[start - 1 : start], text[end : end + 1])
            if is_strong and last_border != start:
                clause, sentence = clause + 1, sentence + 1
            elif is_weak:
                clause += 1
            if is_strong:
                last_border = end
            if not meaning.contexts:
                continue
        elif meaning.is_latin and _is_inside_word(text, start, end, length):
            continue
        found.append(Mark(meaning, start, end, clause, sentence))
    return found


def _divides(border: str, before: str, after: str) -> tuple[bool, bool]:
    """Whether a sign between these two characters ends a sentence, and whether it ends only a clause."""
    if border == "strong":
        return True, False
    if border == "dot":  # not that of 2.0 or a name
        return not (_is_latin(before) and _is_latin(after)), False
    if border == "blank":  # Chinese uses blanks as commas
        return False, not (before.isascii() or after.isascii())
    return False, not (before.isdigit() and after.isdigit())


def _is_inside_word(text: str, start: int, end: int, length: int) -> bool:
    """ "fire" in "firewall": Latin words have ends."""
    return (start > 0 and _is_latin(text[start - 1])) or (
        end < length and _is_latin(text[end]) and _is_latin(text[end - 1])
    )


def _is_latin(character: str) -> bool:
    return character.isascii() and character.isalnum()
