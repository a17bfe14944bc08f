"""What was promised is shown by a photo or a PDF that only the store opens, and that goes when its customer does. R034."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

from cheban.core import files
from cheban.core.errors import NotPermitted, WrongState
from cheban.core.models import AuditEntry, Event, StoredFile
from cheban.core.personal import Person, holdings
from cheban.org import scope
from cheban.org.roles import Role
from cheban.sales import errors
from cheban.sales.models import PromiseProof, SalesPromise
from cheban.sales.promises import commands as promising
from cheban.sales.promises import proofs
from cheban.sales.tests import given as deal
from tests import given, pictures


def promised(cast, *uploads) -> SalesPromise:
    return promising.make(
        by=deal.sales(cast), customer_id=given.customer(cast.a, "李梅", phone="13900002222").id, vehicle_id=None,
        kind="gift", what="送原厂脚垫一套", evidence="合同补充条款第 3 条", due_on=given.days(10), side="service",
        keeper_id=cast.staff[Role.SERVICE_SPECIALIST].id, proofs=uploads,
    )  # fmt: skip


def browser(cast, role: str) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(cast.staff[role], backend="cheban.site.accounts.Backend")
    return client


def opened(cast, role: str, proof: PromiseProof):
    answer = browser(cast, role).get(f"/sales/promises/proofs/{proof.id}/")
    scope.set_stores([cast.a.id])
    return answer


@pytest.mark.req("R033", "R034")
def test_a_promise_is_put_on_record_with_its_proof_and_service_opens_it(cast):
    made = promised(cast, pictures.uploaded(pictures.photo()), pictures.uploaded(pictures.PDF, "合同.pdf"))
    photo, pdf = PromiseProof.objects.filter(promise=made).order_by("added_at", "id")
    assert (photo.file.kind, pdf.file.kind) == ("photo", "pdf")
    assert photo.added_by_id == cast.staff[Role.SALES_CONSULTANT].id
    answer = opened(cast, Role.SERVICE_SPECIALIST, pdf)
    assert answer.content == pictures.PDF and answer.headers["Content-Disposition"].startswith("attachment")
    row = AuditEntry.objects.get(action="proof.opened")
    assert (row.actor_id, row.subject, row.reason) == (
        cast.staff[Role.SERVICE_SPECIALIST].id,
        f"promise:{made.id}",
        "送原厂脚垫一套",
    )


@pytest.mark.req("R034")
def test_one_bad_file_leaves_no_promise_and_no_file_behind(cast):
    with pytest.raises(errors.Invalid) as refused:
        promised(cast, pictures.uploaded(pictures.photo()), pictures.uploaded(b"MZ" + bytes(99), "不是图.jpg"))
    assert "不是图.jpg" in refused.value.facts["proofs"]
    assert not SalesPromise.objects.exists() and not StoredFile.objects.exists()


@pytest.mark.req("R034")
def test_either_side_adds_proof_later_and_the_timeline_says_so(cast):
    made = promised(cast)
    proofs.add(made, by=deal.service(cast), uploads=[pictures.uploaded(pictures.photo())])
    told = Event.objects.get(name="promise.proof_added")
    assert (told.facts["files_count"], told.customer_id) == (1, made.customer_id)
    with pytest.raises(errors.Invalid):
        proofs.add(made, by=deal.service(cast), uploads=[])
    with pytest.raises(NotPermitted):
        proofs.add(made, by=cast.actor(Role.CALLER), uploads=[pictures.uploaded(pictures.PDF)])
    many = [pictures.uploaded(pictures.PDF) for _ in range(proofs.MOST)]
    with pytest.raises(errors.Invalid, match="最多 8 个文件"):
        proofs.add(made, by=deal.service(cast), uploads=many)
    assert PromiseProof.objects.filter(promise=made).count() == 1


@pytest.mark.req("R019", "R034")
def test_who_may_not_see_whole_numbers_does_not_open_a_proof(cast):
    made = promised(cast, pictures.uploaded(pictures.photo()))
    proof = PromiseProof.objects.get(promise=made)
    page = browser(cast, Role.QUALITY_CONTROL).get(f"/sales/promises/{made.id}/")
    scope.set_stores([cast.a.id])
    assert page.status_code == 200 and f"/proofs/{proof.id}/" not in page.content.decode()
    assert opened(cast, Role.QUALITY_CONTROL, proof).status_code == 403
    assert opened(cast, "outsider", proof).status_code == 404
    assert not AuditEntry.objects.filter(action="proof.opened").exists()


@pytest.mark.req("R034")
def test_a_wrong_file_is_destroyed_with_a_reason_by_who_attached_it_or_may_promise(
    cast, django_capture_on_commit_callbacks
):
    made = promised(cast, pictures.uploaded(pictures.photo()))
    proof = PromiseProof.objects.get(promise=made)
    path = settings.DATA_DIR / files.FOLDER / str(proof.file_id)
    with pytest.raises(NotPermitted):
        proofs.remove(proof, by=deal.service(cast), why="看错了")
    with pytest.raises(errors.Invalid):
        proofs.remove(proof, by=deal.sales(cast), why=" ")
    with django_capture_on_commit_callbacks(execute=True):
        proofs.remove(proof, by=deal.sales(cast), why="是别的客户的合同")
    assert not path.exists() and not StoredFile.objects.exists()
    with pytest.raises(WrongState):
        proofs.remove(proof, by=deal.sales(cast), why="再来")
    page = browser(cast, Role.STORE_MANAGER).get(f"/sales/promises/{made.id}/").content.decode()
    scope.set_stores([cast.a.id])
    assert "是别的客户的合同" in page
    assert opened(cast, Role.STORE_MANAGER, proof).status_code == 404
    proofs.add(made, by=deal.service(cast), uploads=[pictures.uploaded(pictures.PDF)])
    proofs.remove(PromiseProof.objects.get(promise=made, removed_at=None), by=deal.service(cast), why="传错了")


@pytest.mark.req("R019", "R034")
def test_erasing_the_customer_destroys_the_proofs_and_keeps_that_there_were_some(
    cast, django_capture_on_commit_callbacks
):
    made = promised(cast, pictures.uploaded(pictures.photo()), pictures.uploaded(pictures.PDF))
    person = Person((made.customer_id,), cast.a.id)
    [held] = [each for each in holdings() if each.code == "promises"]
    assert held.collect(person)[0]["依据的照片与 PDF"] == 2
    names = {str(i) for i in StoredFile.objects.values_list("id", flat=True)}
    with django_capture_on_commit_callbacks(execute=True):
        held.erase(person)
    folder = settings.DATA_DIR / files.FOLDER
    assert not StoredFile.objects.exists() and not names & {path.name for path in folder.iterdir()}
    assert PromiseProof.objects.filter(promise=made, removed_at__isnull=False).count() == 2


@pytest.mark.req("R019")
def test_opening_very_many_proofs_is_told_to_the_managers(cast):
    made = promised(cast, pictures.uploaded(pictures.PDF))
    proof = PromiseProof.objects.get(promise=made)
    for _ in range(50):
        proofs.opened(proof, by=deal.service(cast))
    assert Event.objects.get(name="audit.alarmed").facts["action"] == "proof.opened"


def test_the_form_sends_files_and_says_beside_the_field_what_is_wrong(cast):
    made = promised(cast)
    client = browser(cast, Role.SALES_CONSULTANT)
    answer = client.post(f"/sales/promises/{made.id}/proofs/", {"proofs": [pictures.uploaded(b"GIF89a", "动图.gif")]})
    assert answer.status_code == 422 and "动图.gif" in answer.content.decode()
    answer = client.post(
        f"/sales/promises/{made.id}/proofs/",
        {"proofs": [pictures.uploaded(pictures.photo()), pictures.uploaded(pictures.PDF)]},
    )
    scope.set_stores([cast.a.id])
    assert answer.status_code == 302 and PromiseProof.objects.filter(promise=made).count() == 2
