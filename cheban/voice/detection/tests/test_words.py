"""The tables: nothing in them that nobody reads, and a store may add its own words."""

from __future__ import annotations

import pytest

from cheban.voice.detection import detect
from cheban.voice.detection.words import UnknownGroup, default

pytestmark = pytest.mark.req("R119")
TABLES = default().tables


def test_every_combination_names_a_part_and_a_symptom_that_exist():
    wrong = [
        (part, symptom)
        for part, symptom in default().combinations
        if part not in TABLES["parts"] or symptom not in TABLES["symptoms"]
    ]
    assert wrong == []


def test_every_combination_has_a_strength_that_is_read():
    assert {strength for _kind, strength in default().combinations.values()} == {
        "sure",
        "weak",
        "feel",
        "report",
        "drive",
    }


def test_no_word_is_hidden_by_being_called_harmless_too():
    harmless = set(TABLES["neutral"]["forms"].split())
    meant = {
        form: f"{section}.{group}"
        for section in ("parts", "symptoms", "phrases.sure", "phrases.weak", "phrases.feel")
        for group, forms in TABLES[section].items()
        for form in forms.split()
    }
    assert {form: meant[form] for form in harmless & set(meant)} == {}


def test_a_store_adds_its_own_words():
    text = "发动机有噗噗噗的动静"
    assert not detect(text).red_alert
    more = default().with_more({"symptoms": {"noise": "噗噗噗"}})
    assert detect(text, words=more).kinds == ("engine",)
    assert not detect(text).red_alert, "the product's own words stay as they were"


def test_a_group_that_nobody_reads_is_refused():
    with pytest.raises(UnknownGroup, match=r"symptoms\.noises"):
        default().with_more({"symptoms": {"noises": "噗噗噗"}})
