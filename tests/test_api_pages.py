"""A manager makes a token, a program uses it, the manager revokes it; a webhook is made, tested, seen to arrive. Y02."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from django.db import transaction
from django.test import Client
from standardwebhooks import Webhook

from cheban.api.models import ApiToken, WebhookEndpoint
from cheban.api.webhooks import sending
from cheban.org import scope
from tests import given, serving

pytestmark = pytest.mark.req("Y02", "R030")


@pytest.fixture
def receiver(monkeypatch):
    """A receiver on loopback that keeps what came."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.came.append((dict(self.headers), body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.came = []
    monkeypatch.setenv("CHEBAN_WEBHOOK_ALLOW", "127.0.0.1")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.browser
@pytest.mark.parametrize("size", list(serving.SIZES))
def test_a_manager_lets_a_program_in_and_out_again(committed, clock, receiver, size):
    with transaction.atomic():
        cast = given.cast()
        manager = cast.staff["store_manager"]
        manager.set_password(given.PASSWORD)
        manager.save()
        given.customer(cast.a, "张伟")
    with serving.web() as address, serving.browser() as chromium:
        page = chromium.new_context(locale="zh-CN", **serving.SIZES[size]).new_page()
        wrong: list[str] = []
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        serving.sign_in(page, address, manager)

        page.goto(address + "/settings/tokens/")
        page.fill("[name=name]", "某某 ERP")
        page.locator("label:has(> [value='customers:read'])").click()
        page.click("button:has-text('建立令牌')")
        token = page.text_content("#secret")
        headers = {"Authorization": f"Bearer {token}"}
        found = httpx.get(address + "/api/v1/customers", headers=headers)
        assert [c["name"] for c in found.json()["data"]] == ["张伟"]
        assert httpx.get(address + "/api/v1/staff", headers=headers).status_code == 403
        page.goto(address + "/settings/tokens/")
        assert token not in page.content(), "shown once"
        page.click("form[action$='/revoke/'] button")
        page.locator("dialog[open] button.btn-danger, dialog[open] button.btn-primary").first.click()
        page.wait_for_selector("tbody >> text=已撤销")
        assert httpx.get(address + "/api/v1/customers", headers=headers).status_code == 401

        page.goto(address + "/settings/webhooks/")
        page.fill("[name=name]", "集团平台")
        page.fill("[name=url]", f"http://127.0.0.1:{receiver.server_port}/hook")
        page.locator("label:has(> [value='customer.recorded'])").click()
        page.click("button:has-text('建立推送')")
        secret = page.text_content("#secret")
        page.click("button:has-text('发测试消息')")
        page.wait_for_selector("text=测试消息已排队")
        clock.set(clock.now + timedelta(hours=2))  # the server's clock began later than this one
        assert sending.send_due() == 1
        page.reload()
        page.wait_for_selector("tbody >> text=已送达")
        (sent, body), *_rest = receiver.came
        at = datetime.fromtimestamp(int(sent["webhook-timestamp"]), UTC)
        assert sent["webhook-signature"] == Webhook(secret).sign(sent["webhook-id"], at, body.decode())
        page.goto(address + "/api/v1/docs")
        page.wait_for_selector("summary:has-text('/customers/{customer_id}/reveal')")
        assert wrong == []


def signed_in(cast) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(cast.staff["store_manager"], backend="cheban.site.accounts.Backend")
    return client


def test_a_form_with_something_wrong_keeps_what_was_typed(cast):
    client = signed_in(cast)
    answer = client.post("/settings/tokens/make/", {"name": "某某 ERP", "days": "30", "stores": cast.a.id})
    assert answer.status_code == 422 and 'value="某某 ERP"' in answer.content.decode()
    scope.set_stores([cast.a.id])
    typed = {"name": "平台", "url": "http://10.0.0.1/", "events": "customer.recorded", "stores": cast.a.id}
    answer = client.post("/settings/webhooks/make/", typed)
    assert answer.status_code == 422 and "http://10.0.0.1/" in answer.content.decode()
    assert ApiToken.objects.count() == 0 and WebhookEndpoint.objects.count() == 0


def test_a_webhook_is_changed_stopped_and_removed(cast):
    client = signed_in(cast)
    typed = {"name": "平台", "url": "https://example.com/hook", "events": "customer.recorded", "stores": cast.a.id}
    assert b"whsec_" in client.post("/settings/webhooks/make/", typed).content
    endpoint = WebhookEndpoint.objects.get()

    def go(what: str, **data):
        scope.set_stores([cast.a.id])
        answer = client.post(f"/settings/webhooks/{endpoint.id}/{what}/", data)
        endpoint.refresh_from_db()
        return answer

    assert go("change", **typed | {"name": "新平台", "events": ["consent.refused"]}).status_code == 302
    assert (endpoint.name, endpoint.event_names) == ("新平台", ["consent.refused"])
    before = bytes(endpoint.secret_sealed)
    assert b"whsec_" in go("secret").content
    assert bytes(endpoint.secret_sealed) != before
    go("switch", active="0")
    assert endpoint.disabled_because == "person"
    assert go("test").status_code == 409
    go("switch", active="1")
    assert endpoint.disabled_at is None
    go("remove")
    scope.set_stores([cast.a.id])
    assert client.get(f"/settings/webhooks/{endpoint.id}/").status_code == 404
    scope.set_stores([cast.a.id])
    assert "新平台" not in client.get("/settings/webhooks/").content.decode()
