"""How long each class of personal data is kept, and what happens then. PIPL 19: no longer than the purpose needs.

A table of classes; a store switches each on, with its days, after having looked at what would go (`look`). The nightly
run (`run`) goes through what is on, in batches: killed anywhere, the next night goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cheban.core import clock
from cheban.core.events import record
from cheban.core.personal import holdings
from cheban.customers.commands import Invalid
from cheban.customers.duplicates.queries import absorbed_ids
from cheban.customers.models import Customer, ImportBatch, ImportRow, RecentView
from cheban.customers.privacy_desk.holdings import person_of
from cheban.customers.privacy_desk.models import RetentionSetting
from cheban.org.access import Actor, audit, command, system_actor

BATCH = 500
SAMPLE = 5
_ENDED = (ImportBatch.State.DONE, ImportBatch.State.FAILED, ImportBatch.State.UNDONE)


@dataclass(frozen=True, slots=True)
class Class:
    """One class: what it is, why, the days it is kept unless a store says otherwise, the fewest it may be set to;
    `due(before)` gives its rows of the scope, `name(row)` how one reads, `remove(rows)` lets a batch go."""

    code: str
    title: Any
    then: Any
    days: int
    least: int
    due: Callable[[datetime], QuerySet]
    name: Callable[[Any], str]
    remove: Callable[[list[Any]], None]


def _files(before: datetime) -> QuerySet:
    return ImportBatch.objects.filter(state__in=_ENDED, created_at__lt=before).exclude(stored_as="")


def _drop_files(batches: list[ImportBatch]) -> None:
    ImportBatch.objects.filter(id__in=[batch.id for batch in batches]).update(stored_as="")
    folder = settings.DATA_DIR / "files" / "imports"
    transaction.on_commit(lambda: [(folder / batch.stored_as).unlink(missing_ok=True) for batch in batches])


def _rows(before: datetime) -> QuerySet:
    return ImportRow.objects.filter(batch__state__in=_ENDED, batch__created_at__lt=before).select_related("batch")


def _views(before: datetime) -> QuerySet:
    return RecentView.objects.filter(at__lt=before).select_related("customer")


def _lost(before: datetime) -> QuerySet:
    """Nothing heard of them: no visit, no contact, no car that came, no open request."""
    day = clock.day_of(before)
    came = Customer.objects.filter(id=OuterRef("id"), vehicles__last_visit_on__gte=day)
    bought = Customer.objects.filter(id=OuterRef("id"), vehicles__purchased_on__gte=day)
    return (
        Customer.objects.filter(erased_at=None, created_at__lt=before)
        .filter(Q(last_visit_on=None) | Q(last_visit_on__lt=day))
        .filter(Q(last_contact_at=None) | Q(last_contact_at__lt=before))
        .exclude(Exists(came))
        .exclude(Exists(bought))
        .exclude(privacy_requests__state="open")
    )


def _erase(customers: list[Customer]) -> None:
    for customer in customers:
        person = person_of(customer, absorbed_ids(customer.id))
        count = sum(holding.erase(person) for holding in holdings())
        audit(
            "person.erased",
            by=system_actor([customer.store_id]),
            subject=f"customer:{customer.id}",
            store_id=customer.store_id,
            reason=_("保存期限已到"),
        )
        record("customer.erased", store_id=customer.store_id, customer_id=customer.id, rows_count=count)


def _delete(rows: list[Any]) -> None:
    type(rows[0]).objects.filter(id__in=[row.id for row in rows]).delete()


CLASSES = (
    Class(
        "import_files",
        gettext_lazy("导入用的原始文件"),
        gettext_lazy("删除文件；导入记录和撤销不受影响"),
        90,
        7,
        _files,
        lambda batch: batch.file_name,
        _drop_files,
    ),
    Class(
        "import_rows",
        gettext_lazy("导入时没有收下的行"),
        gettext_lazy("删除这些行"),
        180,
        30,
        _rows,
        lambda row: _("%(file)s 第 %(n)d 行") % {"file": row.batch.file_name, "n": row.row},
        _delete,
    ),
    Class(
        "recent_views",
        gettext_lazy("谁最近看过哪位客户"),
        gettext_lazy("删除；审计记录不受影响"),
        90,
        1,
        _views,
        lambda view: view.customer.name,
        _delete,
    ),
    Class(
        "lost",
        gettext_lazy("多年没有往来的客户"),
        gettext_lazy("按“删除”请求同样处理：个人信息清除，账目留存，不能恢复"),
        1825,
        1095,
        _lost,
        lambda customer: customer.name,
        _erase,
    ),
)
BY_CODE = {each.code: each for each in CLASSES}


def _days(each: Class, setting: RetentionSetting | None) -> int:
    return setting.days if setting else each.days


def look(store_id: int) -> list[dict[str, Any]]:
    """The dry run, per class: what would go tonight by the days in force, counted and sampled; whether it is on."""
    held = {setting.code: setting for setting in RetentionSetting.objects.filter(store_id=store_id)}
    found = []
    for each in CLASSES:
        setting = held.get(each.code)
        due = each.due(_before(_days(each, setting))).filter(store_id=store_id)
        sample = list(due.order_by("id")[:SAMPLE])
        found.append(
            {
                "kind": each,
                "days": _days(each, setting),
                "is_on": bool(setting and setting.is_on),
                "count": due.count(),
                "sample": [each.name(row) for row in sample],
                "at": setting.at if setting else None,
            }
        )
    return found


def _before(days: int) -> datetime:
    return clock.now() - timedelta(days=days)


@command("privacy.erase")
def choose(store_id: int, *, by: Actor, code: str, days: int, is_on: bool) -> RetentionSetting:
    """How long a store keeps a class, and whether its nightly run is on. Raises Invalid below the fewest days."""
    each = BY_CODE.get(code)
    if each is None or store_id not in by.stores:
        raise Invalid(_("没有这一类，或不是您的门店。"))
    if not each.least <= days <= 36_500:
        raise Invalid(_("“%(what)s”至少保存 %(n)d 天。") % {"what": each.title, "n": each.least}, days=str(days))
    made, _new = RetentionSetting.objects.update_or_create(
        store_id=store_id,
        code=code,
        defaults={"days": days, "is_on": is_on, "by_id": by.staff_id, "at": clock.now()},
    )
    audit("retention.chosen", by=by, subject=f"retention:{code}", store_id=store_id, days=days, is_on=is_on)
    return made


def run(store_id: int) -> dict[str, int]:
    """Let one batch of every class go that is due and switched on in this store; returns class -> rows, empty when
    nothing is left. In the running transaction: the nightly job calls it until then, each time in a new one."""
    gone: dict[str, int] = {}
    for setting in RetentionSetting.objects.filter(store_id=store_id, is_on=True).order_by("code"):
        each = BY_CODE.get(setting.code)
        if each and (rows := list(each.due(_before(setting.days)).filter(store_id=store_id).order_by("id")[:BATCH])):
            each.remove(rows)
            gone[each.code] = len(rows)
    return gone
