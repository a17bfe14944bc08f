"""Reads of trainings: one's own, the stores', one with its people. R017."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Max, Q
from django.utils.translation import gettext as _

from cheban.core.errors import NotFound
from cheban.org.access import Actor
from cheban.org.models import Staff, StaffRole, Training, TrainingInvitation
from cheban.org.roles import Role
from cheban.org.training import material, quiz
from cheban.org.training.commands import RENEW_DAYS, reaches
from cheban.org.training.inviting import open_in


def state_of(invitation: TrainingInvitation, today: date) -> str:
    """'late' (no certificate in time, or it ran out), 'due' (there is time left), 'soon' (it runs out), 'holds'."""
    if invitation.lapses_on <= today:
        return "late"
    if invitation.certificate_id is None or invitation.lapses_on <= invitation.due_on + timedelta(days=1):
        return "due"
    return "soon" if invitation.lapses_on <= today + timedelta(days=RENEW_DAYS) else "holds"


def mine(actor: Actor, *, today: date) -> list[TrainingInvitation]:
    """What the actor is to take, what is late first; each with `state`. One query."""
    rows = list(
        TrainingInvitation.objects.filter(staff_id=actor.staff_id, training__ended_at__isnull=True)
        .select_related("training", "certificate__material")
        .order_by("lapses_on", "id")
    )
    for row in rows:
        row.state = state_of(row, today)
        row.last_day = row.lapses_on - timedelta(days=1)
    return rows


def _training(training_id: int, actor: Actor) -> Training:
    """A training of the actor's stores, over or not. Raises NotFound."""
    found = (
        Training.objects.filter(id=training_id, group__store__in=actor.stores)
        .filter(Q(only_store__isnull=True) | Q(only_store_id__in=actor.stores))
        .select_related("only_store")
        .distinct()
        .first()
    )
    if found is None:
        raise NotFound(_("没有这项培训，或不在您的门店。"))
    return found


def reading(
    training_id: int,
    actor: Actor,
    *,
    today: date,
    chosen: Mapping[int, int] | None = None,
    result: quiz.Result | None = None,
) -> dict[str, Any]:
    """What is read and asked, and where the reader stands with it. For whoever is invited or may see the stores'
    trainings. `chosen` and `result`: what they answered just now, when it was not enough."""
    training = _training(training_id, actor)
    own = training.invitations.filter(staff_id=actor.staff_id).select_related("certificate__material").first()
    if own is None and not actor.may("training.see"):
        raise NotFound(_("没有这项培训，或不在您的门店。"))
    newest = training.materials.order_by("-number").first()
    body, questions = quiz.read(newest.text)
    may_confirm = False
    if own is not None:
        own.state, own.last_day = state_of(own, today), own.lapses_on - timedelta(days=1)
        is_old = own.certificate is None or own.certificate.material_id != newest.id
        may_confirm = training.ended_at is None and (is_old or own.state in ("late", "soon"))
    return {
        "training": training,
        "material": newest,
        "body": material.rendered(body),
        "questions": [
            {
                "number": n,
                "words": question.words,
                "is_wrong": result is not None and n in result.wrong,
                "answers": [
                    {"index": i, "words": words, "is_chosen": (chosen or {}).get(n) == i}
                    for i, words in enumerate(question.answers)
                ],
            }
            for n, question in enumerate(questions, 1)
        ],
        "result": result,
        "needed": quiz.needed(len(questions), training.pass_percent),
        "tries": training.tries.filter(staff_id=actor.staff_id, material=newest).count() if questions else 0,
        "own": own,
        "may_confirm": may_confirm,
    }


def of_stores(actor: Actor, *, today: date) -> list[Training]:
    """Open trainings of the actor's stores with `invited`, `late` and `holding` of the stores' own people. One query."""
    here = Q(invitations__staff__is_active=True) & Q(
        invitations__staff__in=StaffRole.objects.filter(store_id__in=actor.stores).values("staff_id")
    )
    return list(
        Training.objects.filter(open_in(actor.stores))
        .select_related("only_store")
        .annotate(
            invited=Count("invitations", filter=here),
            late=Count("invitations", filter=here & Q(invitations__lapses_on__lte=today)),
            holding=Count(
                "invitations",
                filter=here & Q(invitations__lapses_on__gt=today, invitations__certificate__isnull=False),
            ),
        )
        .order_by("kind", "-held_on", "id")
    )


def one(training_id: int, actor: Actor, *, today: date) -> dict[str, Any]:
    """A training with the people of the actor's stores: who is invited, who holds a certificate, who is late."""
    training = _training(training_id, actor)
    people = {
        p.id: p
        for p in Staff.objects.filter(is_active=True, roles__store_id__in=actor.stores)
        .distinct()
        .order_by("name", "id")
    }
    invited = {
        i.staff_id: i
        for i in training.invitations.filter(staff_id__in=people).select_related("certificate__material", "staff")
    }
    rows = sorted(invited.values(), key=lambda i: (i.lapses_on, i.id))
    for row in rows:
        row.state, row.last_day = state_of(row, today), row.lapses_on - timedelta(days=1)
    tried = {
        t["staff_id"]: t
        for t in training.tries.filter(staff_id__in=people)
        .values("staff_id")
        .annotate(count=Count("id"), passed=Count("id", filter=Q(passed=True)))
    }
    for row in rows:
        row.tried = tried.get(row.staff_id)
    materials = list(training.materials.order_by("-number")[:20])
    names = dict(Staff.objects.filter(id__in={m.written_by_id for m in materials}).values_list("id", "name"))
    for each in materials:
        each.who = names.get(each.written_by_id, "")
    return {
        "training": training,
        "rows": rows,
        "strangers": [p for id, p in people.items() if id not in invited],
        "materials": materials,
        "may_change": actor.may("training.manage") and training.ended_at is None and reaches(training, actor),
        "may_record": actor.may("training.manage") and training.ended_at is None,
        "role_labels": [str(Role(code).label) for code in training.roles],
        "held_count": sum(1 for row in rows if row.certificate_id and row.state in ("holds", "soon")),
        "newest_on": training.certificates.aggregate(newest=Max("attended_on"))["newest"],
    }
