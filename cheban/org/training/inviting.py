"""Who is invited: those that a manager names, and by themselves all who start in a store. R017."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Q

from cheban.core import clock
from cheban.org.models import StaffRole, Store, Training, TrainingInvitation


def open_in(store_ids: Iterable[int]) -> Q:
    """Trainings that are not over and concern one of these stores."""
    stores = list(store_ids)
    groups = Store.objects.filter(id__in=stores).values("group_id")
    return Q(ended_at__isnull=True, group_id__in=groups) & (Q(only_store__isnull=True) | Q(only_store_id__in=stores))


def invite(training: Training, staff_ids: Iterable[int], *, by_id: int | None) -> int:
    """Put people down for a training; who is there already stays as they are. Returns how many are new."""
    now, due = clock.now(), clock.today() + timedelta(days=training.due_days)
    before = TrainingInvitation.objects.filter(training=training).count()
    TrainingInvitation.objects.bulk_create(
        (
            TrainingInvitation(
                training=training, staff_id=staff_id, invited_by_id=by_id, invited_at=now, due_on=due,
                lapses_on=due + timedelta(days=1),
            )
            for staff_id in sorted(set(staff_ids))
        ),
        ignore_conflicts=True,
    )  # fmt: skip
    return TrainingInvitation.objects.filter(training=training).count() - before


def meant(training: Training, store_ids: Iterable[int]) -> set[int]:
    """Staff ids of those in these stores for whom a training is: everybody, or who holds one of its roles there."""
    people = StaffRole.objects.filter(store_id__in=list(store_ids), staff__is_active=True)
    if training.roles:
        people = people.filter(role__in=training.roles)
    return set(people.values_list("staff_id", flat=True))


def welcome(staff_id: int, store_ids: Iterable[int]) -> int:
    """Invite somebody who has a role in these stores to everything that new people take; returns how many trainings."""
    stores = list(store_ids)
    held = set(StaffRole.objects.filter(staff_id=staff_id, store_id__in=stores).values_list("role", flat=True))
    return sum(
        invite(training, [staff_id], by_id=None)
        for training in Training.objects.filter(open_in(stores), invites_new=True)
        if not training.roles or held & set(training.roles)
    )
