"""Changes to trainings: set one up, change what is read, invite, record who was there, confirm one's own. R017."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.errors import NotFound, WrongState
from cheban.core.events import record
from cheban.org.access import Actor, audit, command
from cheban.org.commands import Invalid
from cheban.org.models import (
    StaffRole,
    Store,
    Training,
    TrainingCertificate,
    TrainingInvitation,
    TrainingMaterial,
    TrainingTry,
)
from cheban.org.roles import Role
from cheban.org.training import inviting, material, quiz

RENEW_DAYS = 30
"""A certificate can be renewed so many days before it runs out."""
LATEST = 366
"""Attendance is recorded at most so many days later."""


class Changed(WrongState):
    """The material was changed while somebody read it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a form asks for. `store_id` None is the whole group."""

    kind: str
    title: str
    text: str
    held_on: date | None
    valid_months: int = 12
    due_days: int = 14
    store_id: int | None = None
    invites_new: bool = True
    roles: tuple[str, ...] = ()
    place: str = ""
    starts_at: time | None = None
    pass_percent: int = 80


def months_after(day: date, months: int) -> date:
    """The same day of the month `months` later, or that month's last day."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def reaches(training: Training, by: Actor) -> bool:
    """Whether a training belongs to the actor's stores alone: then they may change it, not only take part."""
    if training.only_store_id:
        return training.only_store_id in by.stores
    return not Store.objects.filter(group_id=training.group_id).exclude(id__in=by.stores).exists()


def _find(training_id: int, by: Actor, *, whole: bool = False) -> Training:
    """An open training of the actor's stores. Raises NotFound, WrongState; with `whole`, also for somebody else's."""
    groups = Store.objects.filter(id__in=by.stores).values("group_id")
    found = Training.objects.select_for_update(of=("self",)).filter(id=training_id, group_id__in=groups).first()
    if found is None or (found.only_store_id and found.only_store_id not in by.stores):
        raise NotFound(_("没有这项培训，或不在您的门店。"))
    if found.ended_at:
        raise WrongState(_("这项培训已经结束。"))
    if whole and not reaches(found, by):
        raise WrongState(_("这是整个集团的培训，内容由集团维护；您可以邀请本店同事、登记参加。"))
    return found


def _people(staff_ids: Iterable[int], by: Actor) -> list[int]:
    """Those of them who work in the actor's stores. Raises NotFound when one does not."""
    wanted = set(staff_ids)
    there = set(
        StaffRole.objects.filter(staff_id__in=wanted, store_id__in=by.stores, staff__is_active=True).values_list(
            "staff_id", flat=True
        )
    )
    if wanted - there:
        raise NotFound(_("没有这位同事，或不在您的门店。"))
    return sorted(there)


def _store_of(training: Training, by: Actor) -> int:
    return training.only_store_id or by.stores[0]


def _text(text: str) -> str:
    kept = material.clean(text)
    if not 50 <= len(kept) <= material.MOST:
        raise Invalid(
            _("培训材料要有 50 到 %(most)d 个字，现在是 %(now)d 个。") % {"most": material.MOST, "now": len(kept)}
        )
    body, _questions = quiz.read(kept)
    if not body:
        raise Invalid(_("只有题目，没有材料。先写要学的内容，再出题。"))
    return kept


def _write(training: Training, text: str, *, by: Actor) -> TrainingMaterial:
    number = training.materials.count() + 1
    return TrainingMaterial.objects.create(
        training=training, number=number, text=text, sha256=material.digest(text), written_by_id=by.staff_id,
        written_at=clock.now(),
    )  # fmt: skip


@command("training.manage")
def add(plan: Plan, *, by: Actor) -> Training:
    """Set up a training and invite those who work there now and for whom it is. Raises Invalid, NotFound, quiz.Malformed.

    One for the whole group needs a scope of all its stores.
    """
    title = plan.title.strip()
    if plan.kind not in Training.Kind.values:
        raise Invalid(_("请选择培训种类。"))
    if not 2 <= len(title) <= 64:
        raise Invalid(_("请写培训名称，2 到 64 个字。"))
    if not 1 <= plan.valid_months <= 60 or not 1 <= plan.due_days <= 90:
        raise Invalid(_("有效期要在 1 到 60 个月之间，完成期限在 1 到 90 天之间。"))
    if not 50 <= plan.pass_percent <= 100:
        raise Invalid(_("通过线要在百分之 50 到 100 之间。"))
    if unknown := set(plan.roles) - set(Role.values):
        raise NotFound(_("没有这个角色：%(what)s。") % {"what": _("、").join(sorted(unknown))})
    place = " ".join(plan.place.split())
    if len(place) > 64:
        raise Invalid(_("地点最多 64 个字。"))
    if plan.held_on is None:
        raise Invalid(_("请选择日期。"))
    if plan.store_id is not None and plan.store_id not in by.stores:
        raise NotFound(_("没有这个门店，或不属于您。"))
    store = Store.objects.get(id=plan.store_id or by.stores[0])
    made = Training(
        group_id=store.group_id, only_store_id=plan.store_id, kind=plan.kind, title=title, held_on=plan.held_on,
        valid_months=plan.valid_months, due_days=plan.due_days, invites_new=plan.invites_new,
        roles=[role for role in Role.values if role in plan.roles], place=place, starts_at=plan.starts_at, pass_percent=plan.pass_percent,
        made_by_id=by.staff_id, made_at=clock.now(),
    )  # fmt: skip
    if not reaches(made, by):
        raise Invalid(_("整个集团的培训要由管所有门店的人建立；请选择您的门店。"))
    text = _text(plan.text)
    made.save()
    _write(made, text, by=by)
    stores = [plan.store_id] if plan.store_id else list(by.stores)
    count = inviting.invite(made, inviting.meant(made, stores), by_id=by.staff_id)
    _tell_invited(made, count, by=by)
    audit("training.added", by=by, subject=f"training:{made.id}", store_id=_store_of(made, by), invited=count)
    return made


def _tell_invited(training: Training, count: int, *, by: Actor) -> None:
    if count:
        record(
            "training.invited", store_id=_store_of(training, by), actor_id=by.staff_id, training_id=training.id,
            kind=training.kind, count=count,
        )  # fmt: skip


@command("training.manage")
def rewrite(training_id: int, *, by: Actor, text: str, again: bool = False) -> TrainingMaterial:
    """A new version of what is read. With `again`, everybody is to confirm it within the training's days.

    Certificates stay what they are: they name the version they stand for. Raises Invalid, NotFound, WrongState.
    """
    training = _find(training_id, by, whole=True)
    kept = _text(text)
    newest = training.materials.order_by("-number").first()
    if newest and newest.sha256 == material.digest(kept):
        raise Invalid(_("材料没有变化。"))
    written = _write(training, kept, by=by)
    if again:
        due = clock.today() + timedelta(days=training.due_days)
        training.invitations.filter(lapses_on__gt=due).update(due_on=due, lapses_on=due + timedelta(days=1))
    audit(
        "training.rewritten", by=by, subject=f"training:{training.id}", store_id=_store_of(training, by),
        version=written.number, sha256=written.sha256, again=again,
    )  # fmt: skip
    return written


@command("training.manage")
def invite(training_id: int, *, by: Actor, staff_ids: Iterable[int]) -> int:
    """Invite colleagues of one's stores; returns how many are new. Raises NotFound, WrongState."""
    training = _find(training_id, by)
    count = inviting.invite(training, _people(staff_ids, by), by_id=by.staff_id)
    _tell_invited(training, count, by=by)
    audit("training.invited", by=by, subject=f"training:{training.id}", store_id=_store_of(training, by), count=count)
    return count


@command("training.manage")
def end(training_id: int, *, by: Actor) -> Training:
    """It owes nothing more; its certificates stay. Raises NotFound, WrongState."""
    training = _find(training_id, by, whole=True)
    training.ended_at = clock.now()
    training.save(update_fields=["ended_at"])
    audit("training.ended", by=by, subject=f"training:{training.id}", store_id=_store_of(training, by))
    return training


@command("training.manage")
def record_attendance(training_id: int, *, by: Actor, staff_ids: Iterable[int], on: date | None) -> int:
    """Write down who was there; returns how many certificates that made. Raises Invalid, NotFound, WrongState.

    Nobody records themselves: one's own is confirmed by reading. Who was not invited is invited with it.
    """
    training, today = _find(training_id, by), clock.today()
    people = _people(staff_ids, by)
    if not people:
        raise Invalid(_("请勾选参加的同事。"))
    if by.staff_id in people:
        raise Invalid(_("自己的培训请自己阅读并确认，不能由本人登记。"))
    if on is None or not today - timedelta(days=LATEST) <= on <= today:
        raise Invalid(_("参加日期要在最近一年内，不能晚于今天。"))
    inviting.invite(training, people, by_id=by.staff_id)
    newest = training.materials.order_by("-number").first()
    invited = {i.staff_id: i for i in training.invitations.select_for_update().filter(staff_id__in=people)}
    there = set(
        training.certificates.filter(staff_id__in=people, attended_on=on, material=newest).values_list(
            "staff_id", flat=True
        )
    )
    made = [
        _certify(training, newest, invited[staff_id], how="manager", on=on, by=by)
        for staff_id in people
        if staff_id not in there
    ]
    return len(made)


@command("training.take")
def confirm(
    training_id: int, *, by: Actor, sha256: str, chosen: Mapping[int, int] | None = None
) -> TrainingCertificate | quiz.Result:
    """'I have read and understood': a certificate for the version whose hash the page showed.

    Where the material ends with questions, enough of them have to be answered right (`chosen` as in `quiz.mark`); if not,
    the try is written down and its Result comes back instead of a certificate. One tries as often as one likes.
    While a certificate holds for longer than RENEW_DAYS and the text is the same, it is the answer. Raises NotFound for
    somebody who is not invited, Changed when the text is another one by now.
    """
    training = _find(training_id, by)
    mine = training.invitations.select_for_update(of=("self",)).select_related("certificate").filter(
        staff_id=by.staff_id
    ).first()  # fmt: skip
    if mine is None:
        raise NotFound(_("您没有被邀请参加这项培训。"))
    newest = training.materials.order_by("-number").first()
    if newest.sha256 != sha256:
        raise Changed(_("材料刚刚有了新的版本，请重新阅读后再确认。"))
    held, today = mine.certificate, clock.today()
    if (
        held
        and held.material_id == newest.id
        and (held.attended_on == today or mine.lapses_on > today + timedelta(days=RENEW_DAYS))
    ):
        return held
    _body, questions = quiz.read(newest.text)
    if questions:
        result = quiz.mark(questions, chosen or {}, pass_percent=training.pass_percent)
        TrainingTry.objects.create(
            training=training, staff_id=by.staff_id, material=newest, right_count=result.right,
            whole_count=result.whole, passed=result.passed, tried_at=clock.now(),
        )  # fmt: skip
        if not result.passed:
            return result
    return _certify(training, newest, mine, how="self", on=today, by=by)


def _certify(
    training: Training, read: TrainingMaterial, mine: TrainingInvitation, *, how: str, on: date, by: Actor
) -> TrainingCertificate:
    """Write the certificate, move the day on which the person is late again, tell it."""
    until = months_after(on, training.valid_months) - timedelta(days=1)
    with transaction.atomic():
        made = TrainingCertificate.objects.create(
            training=training, staff_id=mine.staff_id, material=read, material_sha256=read.sha256, how=how,
            attended_on=on, valid_until=until, confirmed_at=clock.now(), recorded_by_id=by.staff_id,
        )  # fmt: skip
    if mine.certificate_id is None or until >= mine.certificate.valid_until:
        mine.certificate, mine.lapses_on = made, until + timedelta(days=1)
        mine.save(update_fields=["certificate", "lapses_on"])
    theirs = set(StaffRole.objects.filter(staff_id=mine.staff_id).values_list("store_id", flat=True))
    store_id = next((s for s in by.stores if s in theirs), by.stores[0])
    record(
        "training.confirmed", store_id=store_id, actor_id=by.staff_id, staff_id=mine.staff_id,
        training_id=training.id, kind=training.kind, how=how, valid_until=until.isoformat(),
    )  # fmt: skip
    audit(
        "training.confirmed", by=by, subject=f"staff:{mine.staff_id}", store_id=store_id, training_id=training.id,
        version=read.number, sha256=read.sha256, how=how, valid_until=until.isoformat(),
    )  # fmt: skip
    return made
