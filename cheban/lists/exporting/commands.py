"""Asking for a list as a file, and calling it off. R019, Y09; reliability row 7."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from cheban.core import clock, live
from cheban.core.errors import Refused
from cheban.lists import paging, queries
from cheban.lists.exporting import limits
from cheban.lists.exporting.queries import folder, one
from cheban.lists.models import Export
from cheban.lists.spec import ListSpec
from cheban.lists.state import Asked
from cheban.org.access import Actor, audit, command, require_permission
from cheban.org.models import Staff

COUNT_CAP = 50_000
"""Rows counted while somebody waits; the job counts the rest before it writes anything."""
MOST_CHOSEN = 5_000
"""Rows that can be ticked one by one."""


class ExportRefused(Refused):
    """A purpose is missing, nothing matches, or it is more than this person may take."""

    status = 422


class TooOften(ExportRefused):
    """More exports within an hour than this person may make."""

    status = 429


def require_export(spec: ListSpec, actor: Actor) -> None:
    """Raises NotPermitted unless the asker may see this list and take it out."""
    for permission in ("list.export", spec.permission, spec.export_permission):
        require_permission(actor, permission)


@command("list.export")
def ask(
    spec: ListSpec,
    asked: Asked,
    *,
    by: Actor,
    columns: Sequence[str],
    form: str,
    purpose: str,
    chosen: Sequence[str] = (),
) -> Export:
    """Ask for all matching rows (or the chosen ones) as a file; a job writes it.

    Counted and audited here, in the same transaction, one person's requests one after another, so that two clicks at
    once do not pass the hour's number. Raises ExportRefused, TooOften, NotPermitted.
    """
    require_export(spec, by)
    at, limit, purpose = clock.now(), limits.of(by), " ".join(purpose.split())[:60]
    if not purpose:
        raise ExportRefused(_("请写明用途：它会写进文件，也记入审计。"))
    if form not in ("xlsx", "csv"):
        raise ExportRefused(_("请选择 xlsx 或 csv。"))
    if len(chosen) > MOST_CHOSEN:
        raise ExportRefused(_("一次最多勾选 %(n)d 行，更多请用筛选条件导出。") % {"n": MOST_CHOSEN})
    list(Staff.objects.select_for_update(no_key=True).filter(id=by.staff_id).values_list("id"))
    made = Export.objects.filter(staff_id=by.staff_id, asked_at__gt=at - timedelta(hours=1))
    if made.count() >= limit.per_hour:
        first = min(made.values_list("asked_at", flat=True))
        minutes = int((first + timedelta(hours=1) - at).total_seconds() // 60) + 1
        raise TooOften(
            _("您一小时内已导出 %(n)d 次，这是上限。请过 %(minutes)d 分钟再来，或请集团管理员导出。")
            % {"n": limit.per_hour, "minutes": minutes}
        )
    rows = count(spec, asked, chosen, most=min(limit.rows, COUNT_CAP))
    if rows > limit.rows:
        raise too_many(limit)
    if not rows:
        raise ExportRefused(_("没有可以导出的行，请换筛选条件。"))
    query = asked.query()
    if len(query) > Export._meta.get_field("query").max_length:
        raise ExportRefused(_("条件太多，请去掉几个再导出。"))
    export = Export.objects.create(
        staff_id=by.staff_id,
        stores=list(by.stores),
        list_code=spec.code,
        query=query,
        chosen=[str(each) for each in chosen],
        columns=[code for code in queries.shown_columns(spec, list(columns)) if spec.column(code).out],
        form=form,
        purpose=purpose,
        rows_total=rows,
        asked_at=at,
        changed_at=at,
    )
    audit(
        f"{spec.code}.exported",
        by=by,
        subject=f"export:{export.id}",
        store_id=by.stores[0],
        reason=purpose,
        rows=rows if rows <= COUNT_CAP else f">{COUNT_CAP}",
        form=form,
    )
    start(export.id)
    return export


def too_many(limit: limits.Limit) -> ExportRefused:
    """More rows than one export of this person may hold."""
    text = _("一次最多导出 %(n)s 行，这里更多。请加筛选条件分几次导出，或请集团管理员导出。")
    return ExportRefused(text % {"n": f"{limit.rows:,}"})


def count(spec: ListSpec, asked: Asked, chosen: Sequence[str], *, most: int) -> int:
    """How many rows the export holds; counting stops one behind `most`. One query."""
    rows = paging.matching(spec, asked, today=clock.today())
    if chosen:
        rows = rows.filter(id__in=list(chosen))
    return rows.values("id")[: most + 1].count()


def start(export_id: UUID) -> None:
    """Give the work to the worker once this transaction commits.

    One export at a time in the whole house: the worker's other place stays free for what has a deadline.
    """
    from cheban.lists import jobs

    transaction.on_commit(lambda: jobs.write_export.configure(lock="exports").defer(export_id=str(export_id)))


@command("list.export")
def cancel(export_id: UUID, *, by: Actor) -> Export:
    """Call one's own export off; what was written is deleted. Raises NotFound, Refused when it has ended already."""
    export = one(export_id, by)
    if not stop(export.id, Export.State.CANCELLED):
        raise Refused(_("这次导出已经结束，不用取消。"))
    return export


def stop(export_id: UUID, state: str, problem: str = "") -> bool:
    """End an export that still runs; False when it had ended. Its files go once this transaction commits."""
    changes: dict[str, Any] = {"state": state, "problem": problem[:300], "chosen": [], "changed_at": clock.now()}
    if not Export.objects.filter(id=export_id, state__in=Export.OPEN).update(**changes):
        return False
    live.announce("export", export_id)
    transaction.on_commit(lambda: shutil.rmtree(folder(export_id), ignore_errors=True))
    return True


def tend(*, keep: timedelta = timedelta(days=limits.KEPT_DAYS)) -> None:
    """Delete files after a week; begin again what no worker has touched for ten minutes. Safe to run twice."""
    at = clock.now()
    for export_id in Export.objects.filter(state=Export.State.DONE, asked_at__lt=at - keep).values_list(
        "id", flat=True
    ):
        shutil.rmtree(folder(export_id), ignore_errors=True)
        Export.objects.filter(id=export_id).update(state=Export.State.EXPIRED, changed_at=at)
    known = {
        str(i) for i in Export.objects.filter(state__in=[*Export.OPEN, Export.State.DONE]).values_list("id", flat=True)
    }
    for left in folder("").glob("*"):
        if left.name not in known:  # of a transaction that was rolled back, or of a stopped export
            shutil.rmtree(left, ignore_errors=True)
    still = timedelta(minutes=10)
    for export_id in Export.objects.filter(state__in=Export.OPEN, changed_at__lt=at - still).values_list(
        "id", flat=True
    ):
        Export.objects.filter(id=export_id).update(changed_at=at)
        start(export_id)
