"""The photos and PDFs that show what was promised: the signed page, the chat, the receipt. R033-R034.

A file is opened by one click, in a row of the audit trail: it may show a number or an address that is masked elsewhere.
What was attached by mistake is taken out for good, with who did so and why.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from cheban.core import clock, files
from cheban.core.errors import NotFound, WrongState
from cheban.core.files import FileRefused
from cheban.core.models import StoredFile
from cheban.org.access import Actor, audit, command, require_permission
from cheban.sales.errors import Invalid
from cheban.sales.models import PromiseProof, SalesPromise
from cheban.sales.promises.telling import tell

MOST = 8
"""Files of one promise; more is a folder, not a proof."""
WHY = 200


def attach(promise: SalesPromise, uploads: Sequence[UploadedFile], *, by: Actor) -> list[PromiseProof]:
    """Keep files as proof of a promise, in the running transaction: all of them or none. Raises Invalid."""
    SalesPromise.objects.select_for_update().get(id=promise.id)
    held = PromiseProof.objects.filter(promise=promise, removed_at__isnull=True).count()
    if held + len(uploads) > MOST:
        raise Invalid(
            _("一项承诺最多 %(most)d 个文件，现在已有 %(n)d 个。") % {"most": MOST, "n": held},
            proofs=_("请少选几个。"),
        )
    try:
        taken = [files.take(each, name=each.name or "", size=each.size) for each in uploads]
    except FileRefused as refusal:
        raise Invalid(refusal.message, proofs=refusal.message) from None
    at = clock.now()
    return [
        PromiseProof.objects.create(
            store_id=promise.store_id,
            promise=promise,
            file=files.keep(each, store_id=promise.store_id, by_id=by.staff_id),
            added_by_id=by.staff_id,
            added_at=at,
        )
        for each in taken
    ]


@command("promise.prove")
def add(promise: SalesPromise, *, by: Actor, uploads: Sequence[UploadedFile]) -> list[PromiseProof]:
    """Attach files to a promise, open or settled. Raises Invalid without a file, for one that is no photo or PDF."""
    if not uploads:
        raise Invalid(_("请先选择照片或 PDF。"), proofs=_("请选择文件。"))
    made = attach(promise, uploads, by=by)
    tell(promise, "promise.proof_added", by=by, files_count=len(made))
    return made


@command("promise.prove")
def remove(proof: PromiseProof, *, by: Actor, why: str) -> None:
    """Take a file out that does not belong here. One's own; another's needs the right to make promises.

    Raises Invalid without a reason, NotFound, WrongState when it is gone already.
    """
    why = " ".join(why.split())
    if not why:
        raise Invalid(_("请写明为什么拿掉这个文件。"), why=_("请写明。"))
    if len(why) > WHY:
        raise Invalid(_("最多 %(n)d 个字。") % {"n": WHY}, why=_("太长了。"))
    if proof.added_by_id != by.staff_id:
        require_permission(by, "promise.make")
    locked = PromiseProof.objects.select_for_update().get(id=proof.id)
    if locked.removed_at is not None:
        raise WrongState(_("这个文件已经拿掉了。"))
    promise, file_id = SalesPromise.objects.get(id=locked.promise_id), locked.file_id
    locked.file, locked.removed_at, locked.removed_by_id, locked.removed_why = None, clock.now(), by.staff_id, why
    locked.save(update_fields=["file", "removed_at", "removed_by_id", "removed_why"])
    files.drop([file_id])
    audit("proof.removed", by=by, subject=f"promise:{promise.id}", store_id=promise.store_id, reason=why)
    tell(promise, "promise.proof_removed", by=by, why=why)


@command("customer.reveal")
def opened(proof: PromiseProof, *, by: Actor) -> StoredFile:
    """The file, to be handed out; one audit row each time, with the promise as the reason. Raises NotFound."""
    if proof.file is None:
        raise NotFound(_("这个文件已经拿掉了。"))
    audit(
        "proof.opened",
        by=by,
        subject=f"promise:{proof.promise_id}",
        store_id=proof.store_id,
        reason=proof.promise.what,
    )
    return proof.file


def erase(customer_ids: Sequence[UUID]) -> int:
    """Take out every proof of these customers' promises: that there was one stays. Returns how many."""
    held = PromiseProof.objects.filter(promise__customer_id__in=customer_ids)
    ids = list(held.exclude(file=None).values_list("file_id", flat=True))
    held.exclude(file=None).update(file=None, removed_at=clock.now())
    held.update(removed_why="")
    files.drop(ids)
    return len(ids)
