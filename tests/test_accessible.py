"""axe finds nothing serious on any page, at a desk and on a phone, in light and in dark."""

from __future__ import annotations

import pytest
from django.db import transaction

from cheban.api import tokens
from cheban.api.webhooks import commands as webhooks
from cheban.core import clock as real_clock
from cheban.customers import commands
from cheban.customers.fields import commands as fields
from cheban.customers.importing import pipeline
from cheban.customers.lists import SPEC
from cheban.lists.exporting import commands as exporting
from cheban.lists.state import Asked
from cheban.org import scope
from cheban.org.models import StaffRole
from cheban.org.roles import Role
from cheban.org.training import commands as trainings
from cheban.playbook import planner
from cheban.voice.complaints import commands as complaining
from cheban.voice.complaints import links
from tests import given, serving
from tests.test_matrix import heard, measured, sold

SIZES = {"desk": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}
OF_COLOURS = {"resultTypes": ["violations"], "runOnly": ["color-contrast", "link-in-text-block"]}
"""What another theme can break: it changes colours only (tokens.css), so the rest is looked at once."""
RULES = {"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
FRAME = {"exclude": [[".side"], ["#menu"], ["#palette"], ["#keys"]]}
"""What stands on every page alike: looked at on the first, and left out of the others."""
FILE = "客户名称,手机号,车牌号,购车日期\n张伟,13812345678,沪A12345,2024/3/5\n李娜,1391234,沪A54321,2024/3/5\n"


@pytest.fixture
def shop(committed, clock, tmp_path):
    """A store with something on every page: tasks, a customer with a story, an import with a wrong row."""
    with transaction.atomic():
        cast = given.cast()
        cast.manager = cast.staff[Role.STORE_MANAGER]
        cast.manager.set_password(given.PASSWORD)
        cast.manager.save()
        for role in (Role.SERVICE_ADVISOR, Role.SERVICE_SPECIALIST, Role.SALES_CONSULTANT):
            StaffRole.objects.filter(store=cast.a, role=role).delete()
            StaffRole.objects.create(staff=cast.manager, store=cast.a, role=role)
        cast.customer = given.customer(cast.a, "王小明", phone="13700001111", tags=["常客"], tier="gold")
        level = fields.level_of(str(cast.a.id), cast.actor(Role.STORE_MANAGER))
        cast.field = fields.define(
            by=cast.actor(Role.STORE_MANAGER),
            level=level,
            subject="customer",
            label="来店交通方式",
            kind="choices",
            choices=["自驾", "地铁"],
        )
        commands.edit_customer(
            cast.customer, by=cast.actor(Role.STORE_MANAGER), custom={cast.field.code: [cast.field.choices[0]["code"]]}
        )
        fields.define(by=cast.actor(Role.STORE_MANAGER), level=level, subject="vehicle", label="贴膜日期", kind="date")
        cast.twin = given.customer(cast.a, "王先生", phone="13700001111", occupation="教师")
        car = given.vehicle(cast.a, cast.customer, purchased_on=given.days(-170), first_service_due_on=given.days(5))
        by = cast.actor(Role.STORE_MANAGER)
        commands.read_odometer(car, by=by, km=20_000, on=given.days(-30))
        commands.add_note(cast.customer, by=by, text="下周想来换轮胎")
        commands.change_consent(
            cast.customer, by=by, purpose="marketing", channel="any", is_given=False, proof="电话里说的"
        )
        tokens.make(by=by, name="某某 ERP", scopes=["customers:read"], store_ids=[cast.a.id])
        cast.endpoint, _secret = webhooks.make(
            by=by,
            name="集团数据平台",
            url="https://example.com/hook",
            event_names=["customer.note_added"],
            store_ids=[cast.a.id],
        )
        commands.add_note(cast.customer, by=by, text="周末来取车")
        cast.sold = sold(cast.a, cast.customer, car)
        cast.heard = heard(cast.a, cast.customer, car)
        cast.complaint = complaining.file(
            by=by, customer_id=cast.customer.id, vehicle_id=car.id, channel="phone", kind="safety", text="刹车突然失灵"
        )
        examined = complaining.file(
            by=by, customer_id=cast.twin.id, vehicle_id=None, channel="phone", kind="cost", text="结账比报价多八百"
        )
        cast.examined = examined.id
        complaining.answer(examined, by=by, text="已道歉")
        for card in examined.findings.all():
            complaining.find(card, by=by, text="查过了", is_ours=card.side == "sales")
        cast.owner_page = f"/k/{links.token_of(links.share(examined, by=by))}/"
        cast.code = links.make_code("前台", by=by, store_id=cast.a.id)
        cast.claim_page = f"/k/{links.token_of(cast.code)}/"
        cast.measured = measured(cast.a)
        exporting.ask(SPEC, Asked({"tier": "gold"}), by=by, columns=[], form="xlsx", purpose="核对")
        webhooks.test(cast.endpoint, by=by)
        cast.training = trainings.add(
            trainings.Plan(
                "confidentiality",
                "客户信息保密",
                "# 保密\n\n" + "不截图，不外传。" * 20,
                given.days(0),
                store_id=cast.a.id,
            ),
            by=by,
        )
    path = tmp_path / "客户.csv"
    path.write_text(FILE, encoding="utf-8")
    with scope.use([cast.a.id]):
        cast.batch = pipeline.create(path, store_id=cast.a.id, file_name=path.name, keep=False)
    pipeline.write(cast.batch.id, store_id=cast.a.id, path=path)
    with scope.use([cast.a.id]):
        planner.plan_day(real_clock.today(), store_ids=[cast.a.id])
    return cast


@pytest.mark.browser
@pytest.mark.parametrize("size", SIZES)
def test_no_page_has_a_serious_barrier(shop, size):
    from axe_playwright_python.sync_playwright import Axe

    one = shop.customer.id
    pages = {
        "my day": "/my-day/",
        "team board": "/my-day/team/",
        "new task": f"/my-day/new/?customer={one}",
        "wall board": "/wall/",
        "wall links": "/wall/links/",
        "absences": "/settings/absences/",
        "custom fields": "/customers/fields/",
        "new custom field": "/customers/fields/new/",
        "custom field": f"/customers/fields/{shop.field.id}/",
        "customers": "/customers/",
        "customer": f"/customers/{one}/",
        "new customer": "/customers/new/",
        "edit form": f"/customers/{one}/edit/",
        "duplicates": "/customers/duplicates/",
        "two files side by side": f"/customers/duplicates/{one}/{shop.twin.id}/",
        "imports": "/customers/imports/",
        "exports": "/exports/",
        "asking for an export": "/exports/new/customers/?tier=gold",
        "one import": f"/customers/imports/{shop.batch.id}/",
        "handbook": "/my-day/handbook/",
        "one rule": "/my-day/handbook/first_service_due/",
        "staff": "/settings/staff/",
        "permissions": "/settings/permissions/",
        "calendar": "/settings/calendar/",
        "audit": "/settings/audit/",
        "my trainings": "/trainings/",
        "everybody's trainings": "/trainings/all/",
        "one training": f"/trainings/{shop.training.id}/",
        "training material": f"/trainings/{shop.training.id}/read/",
        "promises kept": "/metrics/kept/",
        "collaboration health": "/metrics/health/",
        "records of a figure": "/metrics/health/records/?metric=first_feedback&all=1",
        "tasks of a figure": "/metrics/health/tasks/kept_word/",
        "targets of a figure": "/metrics/health/targets/kept_word/",
        "one's own figures": "/metrics/mine/",
        "career path": "/metrics/career/",
        "improvements": "/metrics/improvements/",
        "an improvement": f"/metrics/improvements/{shop.measured['case_id']}/",
        "actions": "/metrics/actions/",
        "an action": f"/metrics/actions/{shop.measured['action_id']}/",
        "a task force": f"/metrics/forces/{shop.measured['force_id']}/",
        "a new task force": "/metrics/forces/new/",
        "weekly meeting": "/metrics/weekly/",
        "monthly review": "/metrics/monthly/",
        "statements": "/metrics/incentives/?all=1",
        "a statement": f"/metrics/incentives/{shop.measured['statement_id']}/",
        "one's own statements": "/metrics/incentives/mine/",
        "the scheme": "/metrics/incentives/scheme/",
        "best practice": "/metrics/practices/",
        "a benchmark case": f"/metrics/practices/{shop.measured['practice_id']}/",
        "nominating a case": "/metrics/practices/new/",
        "deliveries": "/sales/deliveries/",
        "a delivery": f"/sales/deliveries/{shop.sold['sold_id']}/",
        "planning a delivery": f"/sales/deliveries/new/?customer={one}",
        "a sheet to confirm": f"/sales/handover/{shop.sold['revision_id']}/",
        "sales promises": "/sales/promises/",
        "leads": "/sales/leads/",
        "a lead": f"/sales/leads/{shop.sold['lead_id']}/",
        "writing a wish down": f"/sales/leads/new/?customer={one}",
        "a promise": f"/sales/promises/{shop.sold['promise_id']}/",
        "complaints": "/voice/complaints/",
        "a red complaint": f"/voice/complaints/{shop.complaint.id}/",
        "a complaint with its findings": f"/voice/complaints/{shop.examined}/",
        "filing a complaint": f"/voice/complaints/new/?customer={one}",
        "recurring causes": "/voice/complaints/causes/",
        "complaint codes": "/voice/complaints/codes/",
        "a complaint code": f"/voice/complaints/codes/{shop.code.id}/",
        "the owner's page": shop.owner_page,
        "the owner's form": shop.claim_page,
        "recording a promise": f"/sales/promises/new/?customer={one}",
        "conversations": "/voice/conversations/",
        "a conversation": f"/voice/conversations/{shop.heard['conversation_id']}/",
        "surveys": "/voice/surveys/",
        "a survey": f"/voice/surveys/{shop.heard['survey_id']}/",
        "an owner's conversation": f"/c/{shop.heard['talk_token']}/",
        "an owner's survey": f"/s/{shop.heard['survey_token']}/",
        "tokens": "/settings/tokens/",
        "webhooks": "/settings/webhooks/",
        "one webhook": f"/settings/webhooks/{shop.endpoint.id}/",
        "interface reference": "/api/v1/docs",
        "password": "/account/password/",
        "not found": "/nothing-here/",
    }
    axe, found = Axe(), []
    with serving.web() as address, serving.browser() as chromium:

        def look(page, name: str, size: str) -> None:
            for theme in ("light", "dark"):
                # transitions would be measured half-way
                page.evaluate(
                    "t => { document.documentElement.dataset.bsTheme = t;"
                    " document.getAnimations().forEach(a => a.finish()) }",
                    theme,
                )
                assert page.evaluate("document.documentElement.dataset.bsTheme") == theme
                part = {} if name in ("sign-in", "my day") else FRAME
                if theme == "light":  # this brings the script into the page, the other theme uses it again
                    seen = axe.run(page, context=part or None, options=RULES).response
                else:
                    seen = page.evaluate(
                        "([part, o]) => axe.run(part.exclude ? part : document, o)", [part, OF_COLOURS]
                    )
                for v in seen["violations"]:
                    if v["impact"] in ("serious", "critical"):
                        at = {node["target"][0]: node["failureSummary"] for node in v["nodes"]}
                        found.append((name, size, theme, v["id"], dict(list(at.items())[:4])))

        context = chromium.new_context(locale="zh-CN", viewport=SIZES[size], reduced_motion="reduce")
        page = context.new_page()
        page.goto(address + "/account/login/")
        look(page, "sign-in", size)
        serving.sign_in(page, address, shop.manager)
        for name, path in pages.items():
            answer = page.goto(address + path)
            assert answer.status == (404 if name == "not found" else 200), (name, answer.status)
            look(page, name, size)
    assert found == [], "\n".join(map(str, found))
