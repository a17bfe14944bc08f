"""Events told to other systems: signed, once per event and endpoint, later again when it fails. R023, R030, row 31."""

from __future__ import annotations

import base64
import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.db import connection, transaction
from standardwebhooks import Webhook

from cheban.api.models import WebhookDelivery, WebhookEndpoint
from cheban.api.webhooks import commands, queries, sending, signing
from cheban.core import events, privacy
from cheban.core.errors import NotFound, WrongState
from cheban.core.models import Event
from cheban.customers import commands as customers
from cheban.org import scope
from tests import given

pytestmark = pytest.mark.req("R023", "R030")


@pytest.fixture
def receiver(monkeypatch):
    """A receiver on loopback that answers with `receiver.status` and keeps what came."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.came.append((dict(self.headers), body))
            self.send_response(server.status)
            if server.status in (301, 302, 307):
                self.send_header("Location", f"http://127.0.0.1:{server.server_port}/elsewhere")
            self.end_headers()
            self.wfile.write(b"x" * server.answer_bytes)

        def log_message(self, *_args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.came, server.status, server.answer_bytes = [], 204, 0
    server.url = f"http://127.0.0.1:{server.server_port}/hook"
    monkeypatch.setenv("CHEBAN_WEBHOOK_ALLOW", "127.0.0.1")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def endpoint(cast, receiver):
    """An endpoint of store A for three kinds of events; `.secret` is its secret."""
    made, secret = commands.make(
        by=cast.actor("store_manager"),
        name="ERP",
        url=receiver.url,
        event_names=["customer.recorded", "customer.note_added", "consent.refused"],
        store_ids=[cast.a.id],
    )
    made.secret = secret
    return made


def send(cast) -> int:
    """What the timer does, in the test's own transaction; then back into store A's scope."""
    made = sending.send_due(seconds=20)
    scope.set_stores([cast.a.id])
    return made


def note(cast, text: str = "电话13800001234，想换轮胎") -> Event:
    customer = given.customer(cast.a, phone=f"138{Event.objects.count():08d}")
    return customers.add_note(customer, by=cast.actor("store_manager"), text=text)


def test_an_event_is_told_once_and_the_receivers_library_accepts_it(cast, receiver, endpoint, monkeypatch):
    event = note(cast)
    assert send(cast) == 1
    assert send(cast) == 0
    (headers, body), *rest = receiver.came
    assert rest == []
    monkeypatch.setattr("standardwebhooks.webhooks.datetime", _Now)
    told = Webhook(endpoint.secret).verify(body, {k.lower(): v for k, v in headers.items()})
    assert (told["type"], told["event_id"]) == ("customer.note_added", event.id)
    assert told["id"] == headers["webhook-id"] == str(WebhookDelivery.objects.get().id)


class _Now:
    """The library asks the real clock; deliveries carry the house's."""

    @staticmethod
    def now(tz=None):
        from cheban.core import clock

        return clock.now()

    @staticmethod
    def fromtimestamp(value, tz=None):
        from datetime import datetime

        return datetime.fromtimestamp(value, tz)


def test_our_signature_is_the_librarys():
    from datetime import UTC, datetime

    secret, body = signing.new_secret(), '{"名": 1}'.encode()
    at = datetime(2026, 11, 23, tzinfo=UTC)
    ours = signing.headers(secret, webhook_id="msg_1", timestamp=int(at.timestamp()), body=body)
    assert ours["webhook-signature"] == Webhook(secret).sign("msg_1", at, body.decode())
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32


def test_no_personal_data_leaves_the_house(cast, receiver, endpoint):
    note(cast, "李雷 13987650421 静安区羽毛路")
    customer = given.customer(cast.a, "金丝雀", phone="13987650421")
    customers.change_consent(
        customer, by=cast.actor("store_manager"), purpose="marketing", channel="any", is_given=False, proof="金丝雀说的"
    )
    send(cast)
    text = "".join(body.decode() for _h, body in receiver.came)
    assert all(word not in text for word in ("13987650421", "金丝雀", "羽毛路", "李雷"))
    assert str(customer.id) in text and '"purpose":"marketing"' in text


def test_facts_that_may_be_personal_stay_inside():
    """Every declared fact was looked at: what leaves is named here, so a new one is decided and not just told."""
    private = {"text", "proof", "note", "undo", "plate", "label", "items", "name", "reason", "body", "phone", "address"}
    leaving = {f for d in events.all_declared().values() for f in d.facts if events.is_open_fact(f)}
    assert leaving & private == set()


def test_other_stores_events_old_ones_and_other_names_are_not_owed(cast, endpoint, clock):
    by = cast.actor("store_manager")
    events.record("import.finished", store_id=cast.a.id, actor_id=by.staff_id)
    with connection.cursor() as cursor:
        for days, is_history in ((8, False), (1, True)):
            events.record_from(
                cursor,
                "customer.recorded",
                "SELECT %(store)s, %(at)s::timestamptz, NULL::int, NULL::uuid, NULL::uuid, '{}'::jsonb",
                {"store": cast.a.id, "at": clock.now - timedelta(days=days)},
                is_history=is_history,
            )
    scope.set_stores([cast.b.id])
    events.record("customer.recorded", store_id=cast.b.id)
    scope.set_stores([cast.a.id, cast.b.id])
    assert WebhookDelivery.objects.count() == 0


def test_what_is_rolled_back_is_not_owed_and_bulk_events_are(cast, endpoint):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        note(cast)
        raise ZeroDivisionError
    assert WebhookDelivery.objects.count() == 0
    with connection.cursor() as cursor:
        events.record_from(
            cursor,
            "customer.recorded",
            "SELECT %(store)s, now(), NULL::int, NULL::uuid, NULL::uuid, '{}'::jsonb FROM generate_series(1, 500)",
            {"store": cast.a.id},
        )
    assert WebhookDelivery.objects.count() == 500


def test_a_failure_is_tried_again_later_under_the_same_id(cast, receiver, endpoint, clock):
    note(cast)
    receiver.status = 500
    waits = []
    for step in (*sending.AGAIN, timedelta()):
        assert send(cast) == 1
        row = WebhookDelivery.objects.get()
        waits.append(row.not_before_at - clock.now)
        assert send(cast) == 0, "not before its time"
        clock.set(clock.now + step)
    assert (row.state, row.attempts, row.last_status) == ("failed", len(sending.AGAIN) + 1, 500)
    assert tuple(waits[:-1]) == sending.AGAIN
    assert len({headers["webhook-id"] for headers, _body in receiver.came}) == 1
    assert len({headers["webhook-timestamp"] for headers, _body in receiver.came}) > 5


def test_an_endpoint_that_fails_for_five_days_is_stopped_and_its_store_told(cast, receiver, endpoint, clock):
    receiver.status = 503
    for _day in range(7):
        note(cast)
        send(cast)
        clock.set(clock.now + timedelta(days=1))
    endpoint.refresh_from_db()
    assert (endpoint.disabled_because, endpoint.disabled_at is None) == ("failing", False)
    assert Event.objects.filter(name="webhook.disabled", store_id=cast.a.id).count() == 1
    assert not WebhookDelivery.objects.filter(state="waiting").exists()
    note(cast)
    assert not WebhookDelivery.objects.filter(state="waiting").exists(), "nothing more is owed"


def test_one_success_in_between_keeps_it_going(cast, receiver, endpoint, clock):
    for day in range(9):
        receiver.status = 204 if day % 3 == 2 else 500
        note(cast)
        send(cast)
        clock.set(clock.now + timedelta(days=1))
    endpoint.refresh_from_db()
    assert endpoint.disabled_at is None


def test_a_receiver_that_says_it_is_gone_is_stopped_at_once(cast, receiver, endpoint):
    receiver.status = 410
    note(cast)
    send(cast)
    endpoint.refresh_from_db()
    assert endpoint.disabled_because == "gone"


@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_redirect_is_a_failure_and_is_not_followed(cast, receiver, endpoint, status):
    receiver.status = status
    note(cast)
    send(cast)
    assert len(receiver.came) == 1
    assert WebhookDelivery.objects.get().last_problem == f"HTTP {status}"


def test_a_test_message_and_a_second_sending(cast, receiver, endpoint):
    by = cast.actor("store_manager")
    delivery = commands.test(endpoint, by=by)
    send(cast)
    assert json.loads(receiver.came[0][1])["type"] == "webhook.test"
    delivery.refresh_from_db()
    commands.send_again(delivery, by=by)
    send(cast)
    assert receiver.came[0][0]["webhook-id"] == receiver.came[1][0]["webhook-id"]
    commands.set_active(endpoint, by=by, is_active=False)
    with pytest.raises(WrongState):
        commands.test(endpoint, by=by)


def test_the_secret_is_sealed(cast, endpoint):
    assert endpoint.secret.encode() not in bytes(endpoint.secret_sealed)
    assert (
        privacy.unseal(endpoint.secret_sealed, bound_to=f"api_webhookendpoint.secret:{endpoint.id}") == endpoint.secret
    )


def test_another_stores_manager_does_not_find_it(cast, endpoint):
    from cheban.org.access import actor_for

    with pytest.raises(NotFound):
        queries.endpoint(endpoint.id, actor_for(cast.staff["outsider"]))
    assert queries.listed(actor_for(cast.staff["outsider"]), at=endpoint.created_at) == []


def test_two_workers_send_each_delivery_once(committed, clock, receiver):
    with transaction.atomic():
        cast = given.cast()
        commands.make(
            by=cast.actor("store_manager"),
            name="ERP",
            url=receiver.url,
            event_names=["customer.recorded"],
            store_ids=[cast.a.id],
        )
        for _ in range(300):
            events.record("customer.recorded", store_id=cast.a.id)
    workers = [threading.Thread(target=sending.send_due, kwargs={"seconds": 30}) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    ids = [headers["webhook-id"] for headers, _body in receiver.came]
    assert (len(ids), len(set(ids))) == (300, 300)
    with scope.use([cast.a.id]):
        assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {"done"}
    assert WebhookEndpoint.objects.count() == 1
