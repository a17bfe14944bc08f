"""From what a customer says to the lead's page, through the real rooms: the words that show the wish are highlighted. R104-R106."""

from __future__ import annotations

import pytest
from django.test import Client

from cheban.org.roles import Role
from cheban.sales.models import Lead, LeadWords
from cheban.voice.tests import griefs


@pytest.mark.req("R104", "R106")
def test_the_very_words_of_the_wish_are_marked_on_the_page_of_the_lead(cast):
    griefs.note(cast, griefs.owner(cast), "空调已经修好。家里添了二宝，想换一辆七座的")
    lead = Lead.objects.get()
    said = LeadWords.objects.get(lead=lead)
    assert said.words and all(len(word) > 1 and word in said.text for word in said.words), said.words
    staff = Client()
    staff.force_login(cast.staff[Role.SERVICE_SPECIALIST], backend="cheban.site.accounts.Backend")
    page = staff.get(f"/sales/leads/{lead.id}/").content.decode()
    assert all(f"<mark>{word}</mark>" in page for word in said.words)
    assert "<mark>，</mark>" not in page
