"""Benchmark cases: nominated, voted on once each, published into the group's handbook with its versions. R173-R174."""

from __future__ import annotations

import re
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.errors import NotFound, WrongState
from cheban.core.events import record
from cheban.core.live import announce
from cheban.customers.fields.values import looks_personal
from cheban.customers.plate import PROVINCES
from cheban.org.access import Actor, audit, command
from cheban.org.models import Store
from cheban.scorecard.errors import Invalid, VotedAlready
from cheban.scorecard.improvement.cases import clean
from cheban.scorecard.models import Practice, PracticePage, PracticeVote

KINDS = ("lead", "complaint", "other")
_PLATE = re.compile(rf"[{PROVINCES}][A-Z][·\s]?[A-Z0-9]{{5,6}}")


def practice(practice_id: UUID) -> Practice:
    """One nominated case of the scope. Raises NotFound."""
    found = Practice.objects.filter(id=practice_id).first()
    if found is None:
        raise NotFound(_("没有这个案例，或不属于您的门店。"))
    return found


def _texts(title: str, story: str, lesson: str) -> dict[str, str]:
    found = {
        "title": clean(title, name="title", asked=_("请写一个标题。"), most=80),
        "story": clean(story, name="story", asked=_("请写发生了什么、谁做了什么。"), most=2000),
        "lesson": clean(lesson, name="lesson", asked=_("请写别人可以照着做的一点。"), most=1000),
    }
    for name, text in found.items():
        if looks_personal(text) or _PLATE.search(text):
            said = _("案例会给全公司看：请去掉客户的电话和车牌，也不写客户姓名。")
            raise Invalid(said, **{name: said})
    return found


@command("practice.nominate")
def nominate(
    *, by: Actor, store_id: int, title: str, story: str, lesson: str, kind: str = "other", source: str = ""
) -> Practice:
    """Put a case forward for this month; it names no customer. Raises Invalid naming the field, NotFound."""
    if store_id not in by.stores:
        raise NotFound(_("没有这个门店，或不属于您。"))
    if kind not in KINDS:
        raise Invalid(_("请选择案例的来源。"), kind=_("请选择。"))
    made = Practice.objects.create(
        store_id=store_id,
        month=clock.today().replace(day=1),
        kind=kind,
        source=source[:64],
        nominated_by_id=by.staff_id,
        nominated_at=clock.now(),
        **_texts(title, story, lesson),
    )
    _tell(made, "practice.nominated", by=by, kind=kind)
    return made


@command("practice.nominate")
def vote(found: Practice, *, by: Actor) -> int:
    """A colleague's voice; returns how many there are. Raises VotedAlready, WrongState for one's own or a withdrawn one."""
    locked = Practice.objects.select_for_update().get(id=found.id)
    if locked.withdrawn_at is not None:
        raise WrongState(_("这个提名已经撤回。"))
    if locked.nominated_by_id == by.staff_id:
        raise WrongState(_("不能给自己的提名投票。"))
    try:
        with transaction.atomic():
            PracticeVote.objects.create(store_id=locked.store_id, practice=locked, staff_id=by.staff_id, at=clock.now())
    except IntegrityError:
        raise VotedAlready(_("您已经投过票了。")) from None
    votes = PracticeVote.objects.filter(practice=locked).count()
    _tell(locked, "practice.voted", by=by, votes_count=votes)
    return votes


@command("practice.nominate")
def unvote(found: Practice, *, by: Actor) -> int:
    """Take one's voice back; returns how many are left."""
    PracticeVote.objects.filter(practice=found, staff_id=by.staff_id).delete()
    announce("board", found.store_id)
    return PracticeVote.objects.filter(practice=found).count()


@command("practice.publish")
def publish(found: Practice, *, by: Actor, title: str, story: str, lesson: str) -> PracticePage:
    """Into the handbook, as it reads now; again with other words makes the next version. Raises Invalid."""
    locked = Practice.objects.select_for_update().get(id=found.id)
    texts = _texts(title, story, lesson)
    number = (PracticePage.objects.filter(practice_id=locked.id).aggregate(n=Max("number"))["n"] or 0) + 1
    made = PracticePage.objects.create(
        group_id=Store.objects.get(id=locked.store_id).group_id,
        practice_id=locked.id,
        from_store_id=locked.store_id,
        number=number,
        month=locked.month,
        by_id=by.staff_id,
        at=clock.now(),
        **texts,
    )
    audit("practice.published", by=by, subject=f"practice:{locked.id}", store_id=locked.store_id, version=number)
    _tell(locked, "practice.published", by=by, version_count=number)
    return made


@command("practice.publish")
def take_out(found: Practice, *, by: Actor) -> PracticePage:
    """Out of the handbook: a last version without words; the earlier ones stay. Raises WrongState."""
    locked = Practice.objects.select_for_update().get(id=found.id)
    last = PracticePage.objects.filter(practice_id=locked.id).order_by("-number").first()
    if last is None or not last.story:
        raise WrongState(_("这个案例不在手册里。"))
    made = PracticePage.objects.create(
        group_id=last.group_id,
        practice_id=locked.id,
        from_store_id=locked.store_id,
        number=last.number + 1,
        month=locked.month,
        title=last.title,
        story="",
        lesson="",
        by_id=by.staff_id,
        at=clock.now(),
    )
    audit("practice.taken_out", by=by, subject=f"practice:{locked.id}", store_id=locked.store_id, version=made.number)
    announce("board", locked.store_id)
    return made


@command("practice.nominate")
def withdraw(found: Practice, *, by: Actor) -> None:
    """Whoever put it forward takes it back, before it is published. Raises WrongState."""
    locked = Practice.objects.select_for_update().get(id=found.id)
    if locked.nominated_by_id != by.staff_id and not by.may("practice.publish"):
        raise WrongState(_("只有提名的人或店长可以撤回。"))
    if locked.withdrawn_at or PracticePage.objects.filter(practice_id=locked.id).exists():
        raise WrongState(_("已经撤回，或已经写进手册。"))
    locked.withdrawn_at = clock.now()
    locked.save(update_fields=["withdrawn_at"])
    _tell(locked, "practice.withdrawn", by=by)


def _tell(found: Practice, name: str, *, by: Actor, **facts: object) -> None:
    announce("board", found.store_id)
    record(name, store_id=found.store_id, actor_id=by.staff_id, practice_id=str(found.id), **facts)
