"""Monthly statements: drafts kept fresh, a base entered, approval that closes them for good. R158-R160, R183.

Approving works the statement out once more under locks and refuses when it is not what the approver saw. The order of
locks is: the store's months, then all statements of the people, so two approvals of one month go one after the other
and each sees what the other paid.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from cheban.core import clock, live
from cheban.core.errors import BadValue, NotFound, NotPermitted, Refused, WrongState
from cheban.core.events import record
from cheban.core.ids import new_id
from cheban.core.money import parse_fen
from cheban.org.access import Actor, audit, command
from cheban.org.models import Staff
from cheban.scorecard.errors import Invalid
from cheban.scorecard.incentives import reckoning
from cheban.scorecard.incentives.months import before, first_of, following, words
from cheban.scorecard.incentives.reckoning import Books, Draft
from cheban.scorecard.models import CommissionBase, PaidLine, PayMonth, Statement

MOST_BASE_FEN = 100_000_000
MOST_AT_ONCE = 500
SAMPLE = 5


class Moved(WrongState):
    """The figures changed between looking and approving."""


class OwnStatement(NotPermitted):
    """Nobody approves or enters what they are paid themselves."""


def open_months(store_ids: Collection[int], *, today: date | None = None) -> None:
    """Make sure that this month has its row, and at the very first time the one before. Two queries at most."""
    this = first_of(today or clock.today())
    known = set(PayMonth.objects.filter(store_id__in=store_ids).values_list("store_id", "month"))
    made = []
    for store_id in store_ids:
        latest = max((m for s, m in known if s == store_id), default=before(before(this)))
        month = following(latest)
        while month <= this:
            made.append(PayMonth(store_id=store_id, month=month, ready_on=following(month)))
            month = following(month)
    if made:
        PayMonth.objects.bulk_create(made, ignore_conflicts=True)


def refresh(store_ids: Collection[int], *, today: date | None = None) -> set[int]:
    """Work out all drafts of these stores anew; returns the stores in which something changed. Needs scope.

    Safe to repeat and at any moment: an approved statement is never touched.
    """
    today = today or clock.today()
    open_months(store_ids, today=today)
    drafts = Books(store_ids, today=today).drafts()
    return keep(drafts, store_ids)


def keep(drafts: Sequence[Draft], store_ids: Collection[int]) -> set[int]:
    """Write drafts that differ from what is kept, and take away those that nobody has any more."""
    now = clock.now()
    held = {
        (s.store_id, s.person_id, s.month): s
        for s in Statement.objects.filter(store_id__in=store_ids, state=Statement.State.DRAFT).only(
            "id", "store_id", "person_id", "month", "digest"
        )
    }
    fresh, moved = [], set()
    for draft in drafts:
        row = _row(draft, now)
        had = held.pop((draft.store_id, draft.person_id, draft.month), None)
        if had is None:
            fresh.append(row)
        elif had.digest != row.digest:
            columns = {name: getattr(row, name) for name in _COLUMNS}
            Statement.objects.filter(id=had.id, state=Statement.State.DRAFT).update(**columns)
            moved.add(draft.store_id)
    if fresh:
        Statement.objects.bulk_create(fresh, ignore_conflicts=True, batch_size=500)
        moved |= {row.store_id for row in fresh}
    if held:
        Statement.objects.filter(id__in=[s.id for s in held.values()], state=Statement.State.DRAFT).delete()
        moved |= {s.store_id for s in held.values()}
    return moved


_COLUMNS = (
    "role", "factor", "pay_fen", "bonus_fen", "correction_fen", "total_fen", "content", "digest", "reckoned_at",
)  # fmt: skip


def _row(draft: Draft, now: Any) -> Statement:
    content = draft.content()
    return Statement(
        id=new_id(),
        store_id=draft.store_id,
        person_id=draft.person_id,
        month=draft.month,
        role=draft.role,
        factor=draft.factor.value,
        pay_fen=draft.pay_fen,
        bonus_fen=draft.bonus_fen,
        correction_fen=draft.correction_fen,
        total_fen=draft.total_fen,
        content=content,
        digest=reckoning.digest(content),
        reckoned_at=now,
    )


def one(statement_id: UUID, actor: Actor) -> Statement:
    """A statement of the scope: one's own, or anybody's for who may see them. Raises NotFound."""
    found = Statement.objects.filter(id=statement_id).first()
    if found is None or not (found.person_id == actor.staff_id or actor.may("incentive.see")):
        raise NotFound(_("没有这张对账单，或不是您能看的。"))
    return found


def many(ids: Collection[UUID]) -> list[Statement]:
    """Statements of the scope by id. Raises NotFound when one of them is not there, WrongState for too many."""
    if len(ids) > MOST_AT_ONCE:
        raise WrongState(_("一次最多核定 %(n)d 张，请先按月份或门店筛选。") % {"n": MOST_AT_ONCE})
    rows = list(Statement.objects.filter(id__in=ids).order_by("month", "store_id", "person_id"))
    if len(rows) != len(set(ids)):
        raise NotFound(_("所选的对账单里有的已不存在，或不属于您的门店。"))
    return rows


def fresh_content(statement: Statement) -> dict[str, Any]:
    """What a statement says: as it was approved, or a draft worked out this moment."""
    if statement.state == Statement.State.APPROVED:
        return statement.content
    books = Books([statement.store_id], today=clock.today(), people=[statement.person_id])
    draft = next(iter(books.drafts(statement.month)), None)
    return draft.content() if draft else statement.content


@command("incentive.approve")
def set_base(statement: Statement, *, by: Actor, yuan: str) -> Statement:
    """Enter the person's own commission of the month; an empty text takes it away. Raises Invalid, WrongState,
    OwnStatement."""
    _not_own(statement, by)
    locked = _lock([statement])[0]
    if locked.state != Statement.State.DRAFT:
        raise WrongState(_("这张对账单已经核定并封存，不能再改基数；差额会在下个月补记。"))
    text = (yuan or "").strip()
    had = CommissionBase.objects.filter(store_id=locked.store_id, person_id=locked.person_id, month=locked.month)
    was = had.values_list("fen", flat=True).first()
    fen = None
    if text:
        try:
            fen = parse_fen(text)
        except BadValue as refusal:
            raise Invalid(refusal.problem, base=refusal.expected or refusal.problem) from None
        if not 0 <= fen <= MOST_BASE_FEN:
            raise Invalid(_("提成基数要在 0 到 1,000,000 元之间。"), base=_("请改金额。"))
    if fen == was:
        return locked
    if fen is None:
        had.delete()
    else:
        CommissionBase.objects.update_or_create(
            store_id=locked.store_id,
            person_id=locked.person_id,
            month=locked.month,
            defaults={"fen": fen, "by_id": by.staff_id, "at": clock.now()},
        )
    audit(
        "statement.base_set",
        by=by,
        subject=f"statement:{locked.id}",
        store_id=locked.store_id,
        was_fen=was,
        now_fen=fen,
        month=locked.month.isoformat(),
    )
    _reckon_again([locked])
    locked.refresh_from_db()
    live.announce("pay", locked.store_id)
    return locked


@dataclass(frozen=True, slots=True)
class Look:
    """What an approval would do: `seen` names exactly these figures."""

    rows: tuple[tuple[Statement, Draft], ...]
    seen: str
    refused: tuple[tuple[Statement, str], ...]

    @property
    def total_fen(self) -> int:
        """All amounts together."""
        return sum(draft.total_fen for _row, draft in self.rows)


def look(statements: Sequence[Statement], *, by: Actor) -> Look:
    """What approving these statements would pay, and which cannot be approved and why. Needs no lock.

    About as many queries as for one statement.
    """
    today = clock.today()
    drafts = _drafts(statements, today)
    names = dict(Staff.objects.filter(id__in={s.person_id for s in statements}).values_list("id", "name"))
    chosen = {(s.store_id, s.person_id, s.month) for s in statements}
    earlier = _open_before(statements)
    rows, refused = [], []
    for row in sorted(statements, key=lambda s: (s.month, s.store_id, s.person_id)):
        row.person = names.get(row.person_id, "—")
        key = row.store_id, row.person_id, row.month
        problem = ""
        if row.state == Statement.State.APPROVED:
            problem = _("已经核定。")
        elif row.person_id == by.staff_id:
            problem = _("自己的对账单由别人核定。")
        elif row.month >= first_of(today):
            problem = _("这个月还没有结束，%(month)s 起可以核定。") % {"month": following(row.month).isoformat()}
        elif key not in drafts:
            problem = _("这张草稿已经没有内容。")
        elif owed := sorted(m for m in earlier.get(key[:2], ()) if m < row.month and (*key[:2], m) not in chosen):
            problem = _("%(month)s的还没有核定，先核定较早的。") % {"month": words(owed[0])}
        if problem:
            refused.append((row, problem))
        else:
            rows.append((row, drafts[key]))
    return Look(tuple(rows), _seen(draft for _row, draft in rows), tuple(refused))


def _drafts(statements: Sequence[Statement], today: date) -> dict[reckoning.Key, Draft]:
    if not statements:
        return {}
    stores = {s.store_id for s in statements}
    books = Books(stores, today=today, people={s.person_id for s in statements})
    wanted = {(s.store_id, s.person_id, s.month) for s in statements}
    return {k: d for d in books.drafts() if (k := (d.store_id, d.person_id, d.month)) in wanted}


def _open_before(statements: Sequence[Statement]) -> dict[tuple[int, int], set[date]]:
    found: dict[tuple[int, int], set[date]] = {}
    rows = Statement.objects.filter(
        store_id__in={s.store_id for s in statements},
        person_id__in={s.person_id for s in statements},
        state=Statement.State.DRAFT,
    )
    for store_id, person_id, month in rows.values_list("store_id", "person_id", "month"):
        found.setdefault((store_id, person_id), set()).add(month)
    return found


def _seen(drafts: Iterable[Draft]) -> str:
    marks = sorted(f"{d.store_id}:{d.person_id}:{d.month}:{reckoning.digest(d.content())}" for d in drafts)
    return hashlib.sha256("\n".join(marks).encode()).hexdigest()


@command("incentive.approve")
def approve(statements: Sequence[Statement], *, by: Actor, seen: str) -> int:
    """Close statements for good, exactly as they were seen: all of them or none. Returns how many.

    Raises WrongState, OwnStatement, Moved.
    """
    if not statements:
        raise WrongState(_("请先勾选对账单。"))
    locked = _lock(statements)
    found = look(locked, by=by)
    if found.refused:
        row, problem = found.refused[0]
        kind: type[Refused] = OwnStatement if row.person_id == by.staff_id else WrongState
        raise kind(
            _("%(name)s %(month)s：%(problem)s") % {"name": row.person, "month": words(row.month), "problem": problem}
        )
    if found.seen != seen:
        raise Moved(_("数字在您看的时候变了（有新的记录），没有核定。请看过新的数字再核定。"))
    for row, draft in found.rows:
        close(row, draft, by=by)
    _close_months({(row.store_id, row.month) for row, _draft in found.rows}, by=by)
    # what a month lacks, and what it was given, moves what is still open
    _reckon_again([row for row, _draft in found.rows])
    live.announce_all(("pay", store) for store in {row.store_id for row, _draft in found.rows})
    return len(found.rows)


def close(row: Statement, draft: Draft, *, by: Actor) -> None:
    """Write a statement as approved, what it paid, and tell of it; the rows are locked. Raises WrongState."""
    now = clock.now()
    kept = _row(draft, now)
    columns = {name: getattr(kept, name) for name in _COLUMNS}
    changed = Statement.objects.filter(id=row.id, state=Statement.State.DRAFT).update(
        **columns, state=Statement.State.APPROVED, approved_at=now, approved_by_id=by.staff_id
    )
    if changed != 1:
        raise WrongState(_("这张对账单刚刚被核定。"))
    common = {"store_id": row.store_id, "statement_id": row.id, "person_id": row.person_id, "at": now}
    PaidLine.objects.bulk_create(
        [
            PaidLine(what="bonus", of_month=b.month, lead=b.lead, side=b.side, event_id=b.event_id, fen=b.fen, **common)
            for b in [*draft.bonuses, *draft.late]
        ]
        + [PaidLine(what="factor", of_month=m.month, fen=m.fen, factor=m.now, **common) for m in draft.made_up]
    )
    record(
        "statement.approved",
        store_id=row.store_id,
        actor_id=by.staff_id,
        statement_id=str(row.id),
        person_id=row.person_id,
        month_on=row.month.isoformat(),
    )
    audit(
        "statement.approved",
        by=by,
        subject=f"statement:{row.id}",
        store_id=row.store_id,
        month=row.month.isoformat(),
        total_fen=draft.total_fen,
        digest=kept.digest,
    )


def _close_months(months: set[tuple[int, date]], *, by: Actor) -> None:
    """A month whose statements are all approved is closed: what comes late goes into an open one."""
    for store_id, month in sorted(months):
        rows = Statement.objects.filter(store_id=store_id, month=month)
        if rows.filter(state=Statement.State.DRAFT).exists():
            continue
        found = PayMonth.objects.get(store_id=store_id, month=month)
        if found.closed_at is None:
            found.closed_at = clock.now()
            found.save(update_fields=["closed_at"])
            record(
                "statement.month_closed",
                store_id=store_id,
                actor_id=by.staff_id,
                paymonth_id=str(found.id),
                month_on=month.isoformat(),
                statements_count=rows.count(),
            )


def _lock(statements: Sequence[Statement]) -> list[Statement]:
    """Lock the months, then every statement of the people concerned; returns the given ones as they are now."""
    months = sorted({(s.store_id, s.month) for s in statements})
    where = Q(pk__in=[])
    for store_id, month in months:
        where |= Q(store_id=store_id, month=month)
    list(PayMonth.objects.select_for_update().filter(where).order_by("store_id", "month"))
    people = Q(pk__in=[])
    for store_id in {s.store_id for s in statements}:
        people |= Q(store_id=store_id, person_id__in={s.person_id for s in statements if s.store_id == store_id})
    rows = Statement.objects.select_for_update(no_key=True).filter(people).order_by("store_id", "person_id", "month")
    wanted = {s.id for s in statements}
    found = [row for row in rows if row.id in wanted]
    if len(found) != len(wanted):
        raise WrongState(_("有的对账单已经没有内容，请重新打开列表。"))
    return found


def _reckon_again(statements: Sequence[Statement]) -> None:
    """Bring the drafts of these people in line at once."""
    for store_id in sorted({s.store_id for s in statements}):
        people = {s.person_id for s in statements if s.store_id == store_id}
        drafts = Books([store_id], today=clock.today(), people=people).drafts()
        now = clock.now()
        held = {
            (s.person_id, s.month): s
            for s in Statement.objects.filter(store_id=store_id, person_id__in=people, state=Statement.State.DRAFT)
        }
        for draft in drafts:
            row, had = _row(draft, now), held.get((draft.person_id, draft.month))
            if had is not None and had.digest != row.digest:
                Statement.objects.filter(id=had.id, state=Statement.State.DRAFT).update(
                    **{name: getattr(row, name) for name in _COLUMNS}
                )


def _not_own(statement: Statement, by: Actor) -> None:
    if statement.person_id == by.staff_id:
        raise OwnStatement(_("自己的对账单由别人填写和核定：请店长或运营中的另一位办理。"))
