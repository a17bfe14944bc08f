"""How much compensation a role grants by itself is set on a page, for the group or a store, with its history. R124."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django.test import Client

from cheban.core.errors import NotPermitted
from cheban.core.models import AuditEntry, Event
from cheban.org import scope
from cheban.org.access import actor_for
from cheban.org.levels import level_of
from cheban.org.roles import Role
from cheban.voice.complaints import errors, limits, solving, tables
from cheban.voice.models import GoodwillLimit
from cheban.voice.tests import griefs as voice

WHY = "旺季让专员当场定"


def admin(cast):
    """The group's administrator, who sees every store of the group."""
    found = actor_for(cast.staff[Role.GROUP_ADMIN])
    scope.set_stores(found.stores)
    return found


def set_limit(by, level: str, role: str, fen: int | None, reason: str = WHY) -> GoodwillLimit:
    return limits.change(
        by=by, level=level_of(level, by, permission=limits.PERMISSION), role=role, fen=fen, reason=reason
    )


def of(store, role: str) -> int:
    return limits.of_store(store.id)[role]


@pytest.mark.req("R124")
def test_a_store_stands_before_its_group_and_its_group_before_the_house(cast):
    by, role = admin(cast), Role.SERVICE_SPECIALIST
    assert of(cast.a, role) == of(cast.b, role) == tables.LIMITS[role] == 50_000
    set_limit(by, "group", role, 80_000)
    set_limit(by, str(cast.b.id), role, 20_000)
    assert (of(cast.a, role), of(cast.b, role)) == (80_000, 20_000)
    set_limit(by, "group", role, 90_000)
    assert (of(cast.a, role), of(cast.b, role)) == (90_000, 20_000)
    set_limit(by, str(cast.b.id), role, None)
    assert of(cast.b, role) == 90_000
    set_limit(by, "group", role, None)
    assert of(cast.a, role) == of(cast.b, role) == 50_000
    told = list(Event.objects.filter(name="goodwill.changed", store_id=cast.b.id).order_by("id"))
    assert [(e.facts["before_fen"], e.facts["limit_fen"]) for e in told] == [
        (50_000, 80_000), (80_000, 20_000), (20_000, 90_000), (90_000, 50_000),
    ]  # fmt: skip
    assert AuditEntry.objects.filter(action="goodwill.changed", reason=WHY).count() == 5


@pytest.mark.req("R124")
def test_a_proposal_is_agreed_or_waits_by_the_limit_of_its_store_now(cast):
    by = admin(cast)
    set_limit(by, str(cast.a.id), Role.QUALITY_CONTROL, 10_000)
    scope.set_stores([cast.a.id])
    made = voice.examined(cast)
    solving.propose(voice.round_of(made), by=voice.quality(cast), **voice.proposal(cast, compensation_fen=20_000))
    assert voice.round_of(made).needs_role == Role.STORE_MANAGER
    by = admin(cast)
    set_limit(by, str(cast.a.id), Role.SALES_CONSULTANT, 15_000)
    set_limit(by, str(cast.a.id), Role.SERVICE_ADVISOR, 15_000)
    set_limit(by, str(cast.a.id), Role.SERVICE_SPECIALIST, 15_000)
    set_limit(by, str(cast.a.id), Role.STORE_MANAGER, 15_000)
    scope.set_stores([cast.a.id])
    with pytest.raises(NotPermitted, match="运营"):
        solving.approve(voice.round_of(made), by=cast.actor(Role.STORE_MANAGER))
    solving.approve(voice.round_of(made), by=cast.actor(Role.OPERATIONS))
    assert voice.round_of(made).approved_limit_fen == tables.LIMITS[Role.OPERATIONS]


@pytest.mark.req("R124", "R019")
def test_nobody_raises_their_own_limit_or_gives_more_than_they_may_grant(cast):
    operations = cast.actor(Role.OPERATIONS)
    store = str(cast.a.id)
    with pytest.raises(NotPermitted):
        set_limit(cast.actor(Role.STORE_MANAGER), store, Role.STORE_MANAGER, 900_000)
    with pytest.raises(errors.Invalid, match="您自己能批"):
        set_limit(operations, store, Role.OPERATIONS, 6_000_000)
    with pytest.raises(errors.Invalid, match="您自己能批"):
        set_limit(operations, store, Role.STORE_MANAGER, 5_000_001)
    set_limit(operations, store, Role.STORE_MANAGER, 5_000_000)
    with pytest.raises(NotPermitted):
        set_limit(operations, "group", Role.STORE_MANAGER, 100_000)
    with pytest.raises(errors.Invalid, match="1,000,000"):
        set_limit(admin(cast), "group", Role.GROUP_ADMIN, limits.MOST_FEN + 1)


@pytest.mark.req("R124")
def test_a_rung_never_grants_less_than_the_one_below_in_any_store(cast):
    by = admin(cast)
    set_limit(by, str(cast.b.id), Role.STORE_MANAGER, 300_000)
    with pytest.raises(errors.Invalid, match="店长的额度会低于"):
        set_limit(by, str(cast.b.id), Role.SERVICE_SPECIALIST, 300_001)
    with pytest.raises(errors.Invalid, match="乙店"):
        set_limit(by, "group", Role.SERVICE_SPECIALIST, 400_000)
    with pytest.raises(errors.Invalid, match="运营的额度会低于"):
        set_limit(by, "group", Role.OPERATIONS, 400_000)
    with pytest.raises(errors.Invalid, match="0 到"):
        set_limit(by, "group", Role.SERVICE_SPECIALIST, -1)
    with pytest.raises(errors.Invalid, match="和现在一样"):
        set_limit(by, str(cast.b.id), Role.STORE_MANAGER, 300_000)
    with pytest.raises(errors.Invalid, match="和现在一样"):
        set_limit(by, "group", Role.STORE_MANAGER, None)
    with pytest.raises(errors.Invalid, match="为什么"):
        set_limit(by, "group", Role.SERVICE_SPECIALIST, 10_000, reason=" ")
    with pytest.raises(errors.Invalid, match="岗位"):
        set_limit(by, "group", Role.TECHNICIAN, 10_000)


def test_the_history_is_only_added_to_and_another_groups_is_not_seen(cast):
    set_limit(admin(cast), "group", Role.SERVICE_SPECIALIST, 80_000)
    for sql in ("UPDATE voice_goodwilllimit SET fen = 1", "DELETE FROM voice_goodwilllimit"):
        with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    scope.set_stores([])
    assert not GoodwillLimit.objects.exists()


@pytest.mark.req("R124")
def test_the_page_shows_the_limits_and_takes_another_one(cast, django_assert_max_num_queries):
    client = Client(raise_request_exception=False)
    client.force_login(cast.staff[Role.GROUP_ADMIN], backend="cheban.site.accounts.Backend")
    asked = {"level": str(cast.b.id), "role": "service_specialist", "fen": "800", "reason": WHY}
    refused = client.post("/voice/complaints/limits/", asked | {"fen": "八百"})
    assert refused.status_code == 422 and "最多两位小数" in refused.content.decode()
    assert client.post("/voice/complaints/limits/", asked).status_code == 302
    with django_assert_max_num_queries(25):
        page = client.get("/voice/complaints/limits/").content.decode()
    assert "¥800.00" in page and WHY in page and "乙店" in page
    client.force_login(cast.staff[Role.STORE_MANAGER], backend="cheban.site.accounts.Backend")
    page = client.get("/voice/complaints/limits/").content.decode()
    assert WHY not in page and "额度由运营或集团管理员调整" in page
    assert client.post("/voice/complaints/limits/", asked | {"level": str(cast.a.id)}).status_code == 403
