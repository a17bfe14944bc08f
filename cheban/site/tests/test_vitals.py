"""Whether the house is well: readiness, figures for Prometheus, and who may read them. Reliability H 89."""

from __future__ import annotations

import re
import shutil
from collections import namedtuple
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test import Client

from cheban.core import clock as the_clock
from cheban.core.ids import new_id
from cheban.org.roles import Role
from cheban.playbook.models import Task
from cheban.site import vitals
from tests import given

LOCAL = {"REMOTE_ADDR": "127.0.0.1"}


def sql(text: str, *values) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text, values)


def figure(name: str) -> float | None:
    text = Client().get("/metrics", **LOCAL).content.decode()
    found = re.search(rf"^cheban_{name} (\S+)$", text, re.MULTILINE)
    return float(found.group(1)) if found else None


def waiting_job(minutes: int) -> None:
    sql("INSERT INTO procrastinate_jobs (queue_name, task_name, args) VALUES ('default', 'x', '{}')")
    sql("UPDATE procrastinate_events SET at = now() - make_interval(mins => %s)", minutes)


def test_ready_says_what_is_wrong_and_falls_only_for_what_pages_need(cast, monkeypatch):
    answer = Client().get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["checks"] == {"database": "ok", "disk": "ok", "worker": "never", "queue": "ok"}
    sql("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '90 seconds')")
    waiting_job(10)
    checks = Client().get("/readyz").json()["checks"]
    assert (checks["worker"], checks["queue"]) == ("silent", "late")
    sql("UPDATE procrastinate_workers SET last_heartbeat = now()")
    assert Client().get("/readyz").json()["checks"]["worker"] == "ok"
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(100, 99, 1))
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["disk"]) == (503, "nearly full")


def test_ready_falls_when_the_database_is_away(cast, monkeypatch):
    def away():
        raise OperationalError("gone")

    monkeypatch.setattr(vitals, "look", away)
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["checks"]) == (503, {"database": "OperationalError"})


def test_figures_tell_ages_and_counts_over_all_stores(cast):
    for store, late in ((cast.a, 90), (cast.b, -90)):
        with_scope = given.scope
        with_scope.set_stores([store.id])
        who = given.customer(store, "张三", phone=f"1381111222{store.id % 10}")
        Task.objects.create(
            store=store, rule="birthday", duty="x", role="caller", customer_id=who.id, subject_id=who.id,
            occasion_on=given.days(0), due_on=given.days(0), contact_id=new_id(), planned_on=given.days(0),
            starts_at=the_clock.now() - timedelta(hours=9), due_at=the_clock.now() - timedelta(minutes=late),
        )  # fmt: skip
    waiting_job(7)
    sql("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '20 seconds')")
    assert figure("tasks_open") == 2
    assert figure("tasks_overdue") == 1
    assert figure("task_oldest_overdue_seconds") == 90 * 60
    assert figure("queue_oldest_age_seconds") == pytest.approx(420, abs=5)
    assert figure("worker_heartbeat_age_seconds") == pytest.approx(20, abs=5)
    assert figure("database_bytes") > 1_000_000


def test_requests_are_counted_by_route_without_what_their_paths_hold(cast):
    client = Client()
    client.force_login(cast.staff[Role.STORE_MANAGER])
    who = given.customer(cast.a)
    client.get(f"/customers/{who.id}/")
    text = Client().get("/metrics", **LOCAL).content.decode()
    assert 'cheban_requests_total{route="customers/<uuid:customer_id>/",status="2xx"}' in text
    assert 'cheban_request_seconds_bucket{le="0.1",method="GET",route="customers/<uuid:customer_id>/"}' in text
    assert str(who.id) not in text and who.name not in text


@pytest.mark.parametrize(
    ("token", "headers", "origin", "status"),
    [
        ("", {}, "127.0.0.1", 200),
        ("", {}, "::1", 200),
        ("", {}, "10.0.0.8", 404),
        ("", {"X-Forwarded-For": "10.0.0.8"}, "127.0.0.1", 404),
        ("geheim", {}, "127.0.0.1", 404),
        ("geheim", {"Authorization": "Bearer falsch"}, "127.0.0.1", 404),
        ("geheim", {"Authorization": "Bearer geheim"}, "10.0.0.8", 200),
    ],
)
def test_figures_are_for_this_machine_or_who_has_the_token(db, monkeypatch, token, headers, origin, status):
    monkeypatch.setenv("CHEBAN_METRICS_TOKEN", token)
    assert Client().get("/metrics", headers=headers, REMOTE_ADDR=origin).status_code == status


def test_the_scorecard_below_the_same_word_is_not_public(cast):
    assert Client().get("/metrics/").status_code in (302, 404)
    assert Client().get("/metrics/", follow=True).redirect_chain[0][0].startswith("/account/login/")
