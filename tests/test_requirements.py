"""The page of requirements follows the marks."""

from tests import requirements


def test_the_page_of_requirements_is_up_to_date():
    page = requirements.ROOT / "docs" / "requirements.md"
    assert page.read_text(encoding="utf-8") == requirements.text(), "run: python -m tests.requirements"
