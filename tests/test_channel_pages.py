"""An administrator connects WeCom in the browser; a colleague opens a card's page on the phone. Y07, R044."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.db import transaction
from playwright.sync_api import expect

from cheban.core import clock as real_clock
from cheban.messaging import accounts, commands, members, sending
from cheban.messaging.models import ChannelAccount, InboxItem, Message
from cheban.messaging.pace import TEMPO
from cheban.messaging.providers.wecom import AUTHORIZE
from cheban.org import scope
from tests import given, serving
from tests.providers.wecom import WecomServer
from tests.test_accessible import RULES

pytestmark = [pytest.mark.req("Y07", "R044"), pytest.mark.browser]
WXWORK = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) AppleWebKit/605.1.15 Mobile wxwork/4.1.22 MicroMessenger/7.0.1"


@pytest.fixture
def house(committed, clock):
    TEMPO.forget()
    with transaction.atomic():
        cast = given.cast()
        for role in ("group_admin", "store_manager"):
            cast.staff[role].set_password(given.PASSWORD)
            cast.staff[role].save()
    with WecomServer() as server:
        cast.wecom = server
        yield cast
    TEMPO.forget()


def watched(context):
    """A page, and what its console complains of."""
    page, wrong = context.new_page(), []
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    return page, wrong


@pytest.mark.parametrize("size", list(serving.SIZES))
def test_an_administrator_connects_wecom_and_sees_what_is_wrong_in_words(house, size):
    from axe_playwright_python.sync_playwright import Axe

    with serving.web() as address, serving.browser() as chromium:
        page, wrong = watched(chromium.new_context(locale="zh-CN", **serving.SIZES[size]))
        serving.sign_in(page, address, house.staff["group_admin"])
        page.goto(address + "/settings/channels/")
        page.click("a:has-text('企业微信应用消息')")
        for name, value in house.wecom.settings(secret="wrong").items():
            page.fill(f"[name={name}]", value)
        page.click("button:has-text('保存')")
        page.fill("[name=to]", "zhangsan")
        page.click("button:has-text('发送测试')")
        expect(page.locator("main")).to_contain_text("40001 invalid credential")
        expect(page.locator("main")).to_contain_text("Secret 不对，请到应用详情页重新复制")

        page.fill("[name=secret]", house.wecom.SECRET)
        page.click("section:has([name=secret]) button:has-text('保存')")
        assert house.wecom.SECRET not in page.content()
        page.fill(f"[name=member-{house.staff['store_manager'].id}]", "zhangsan")
        page.click("#members button:has-text('保存')")
        expect(page.locator("body")).to_contain_text("已保存 1 位同事的改动")
        ChannelAccount.objects.update(checked_at=None)
        page.fill("[name=to]", "zhangsan")
        page.click("button:has-text('发送测试')")
        expect(page.locator("main")).to_contain_text("测试通过")
        assert [card["touser"] for card in house.wecom.sent] == ["zhangsan"]

        axe, found = Axe(), []
        for path in ("/settings/channels/", page.url.removeprefix(address), "/settings/channels/new/aliyun/"):
            page.goto(address + path)
            width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert width <= 0, (path, width)
            for theme in ("light", "dark"):
                page.evaluate(
                    "t => { document.documentElement.dataset.bsTheme = t;"
                    " document.getAnimations().forEach(a => a.finish()) }",
                    theme,
                )
                found += [
                    (path, theme, v["id"], v["nodes"][0]["target"])
                    for v in axe.run(page, options=RULES).response["violations"]
                    if v["impact"] in ("serious", "critical")
                ]
        assert (found, wrong) == ([], [])


def test_a_card_opens_its_page_signed_in_on_the_phone(house):
    manager = house.staff["store_manager"]
    with serving.web() as address, serving.browser() as chromium:
        with scope.use([house.a.id]):
            by, asked = house.actor("group_admin"), house.wecom.settings(site=address)
            account = accounts.save(None, by=by, provider="wecom", store_id=None, given=asked)
            members.enter(account, {manager.id: "zhangsan"}, by=by)
            commands.notify(
                [manager.id], key="x", kind="audit.alarmed", store_id=house.a.id, at=real_clock.now(), count=36
            )
        sending.send_due(seconds=5)
        with scope.use([house.a.id]):
            assert Message.objects.get(channel="wecom").state == "sent"
        [card] = house.wecom.sent
        phone = chromium.new_context(locale="zh-CN", user_agent=WXWORK, **serving.SIZES["phone"])
        page, wrong = watched(phone)

        def wecom_says_who(route) -> None:
            """In place of WeCom's own page, which knows who is signed in there and sends the browser back."""
            answer = route.fetch(max_redirects=0)
            assert answer.headers["location"].startswith(AUTHORIZE)
            told = {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}
            house.wecom.codes["once"] = "zhangsan"
            back = f"{told['redirect_uri']}?{urlencode({'code': 'once', 'state': told['state']})}"
            route.fulfill(status=302, headers=answer.headers | {"location": back})

        page.route("**/wecom/*/go/**", wecom_says_who)
        page.goto(card["textcard"]["url"])
        page.wait_for_url(address + "/settings/audit/?alarms=1")
        with scope.use([house.a.id]):
            assert InboxItem.objects.get().read_at is not None
        assert wrong == []
