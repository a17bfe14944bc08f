"""Pages of statements and schemes: who reaches what, looking before approving, the workbook, words of refusal. R182-R183."""

from __future__ import annotations

import io
from datetime import datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from cheban.core.models import AuditEntry
from cheban.org import scope
from cheban.org.roles import Role
from cheban.scorecard.incentives import statements
from cheban.scorecard.models import IncentiveScheme, Statement
from cheban.scorecard.tests import given as told
from cheban.scorecard.tests.test_incentives import IN_OCTOBER, NOVEMBER, OCTOBER, approve, of
from tests import given


@pytest.fixture
def pay(cast, clock):
    """October over and open: answers, a lead of a customer with a name that a spreadsheet would take for a formula."""
    told.declare_pay()
    buyer = given.customer(cast.a, "=1+1")
    cast.lead = told.won(cast, IN_OCTOBER, "lead-1")
    told.events.record(
        "lead.won",
        store_id=cast.a.id,
        at=IN_OCTOBER,
        customer_id=buyer.id,
        lead_id="lead-2",
        kind="trade_in",
        service_staff_id=cast.staff[Role.SERVICE_SPECIALIST].id,
        owner_id=cast.staff[Role.SALES_CONSULTANT].id,
        service_share_percent=50,
    )
    told.answers(cast, IN_OCTOBER, 90, 88, 92, 95, 86, 91)
    told.deliver(cast)
    statements.refresh([cast.a.id])
    return cast


def client(cast, role: str) -> Client:
    made = Client()
    made.force_login(cast.staff[role])
    return made


@pytest.mark.req("R182")
def test_whoever_is_measured_sees_their_own_statement_and_nobody_elses(pay):
    own, other = of(pay, Role.SERVICE_SPECIALIST), of(pay, Role.SALES_CONSULTANT)
    page = client(pay, Role.SERVICE_SPECIALIST)
    mine = page.get(reverse("scorecard:my_statements"))
    assert {r.month for r in mine.context["rows"]} == {OCTOBER, NOVEMBER}
    assert {r.person_id for r in mine.context["rows"]} == {own.person_id}
    shown = page.get(reverse("scorecard:statement", args=[own.id]))
    text = shown.content.decode()
    assert "奖励 ¥300.00，售后一方 60%" in text and "核定并封存" not in text
    assert page.get(reverse("scorecard:statement", args=[other.id])).status_code == 404
    assert page.get(reverse("scorecard:statement_records", args=[other.id, "follow_up"])).status_code == 404
    assert page.get(reverse("scorecard:statements")).status_code == 403
    assert page.post(reverse("scorecard:approve_statement", args=[own.id])).status_code == 403
    scheme = page.get(reverse("scorecard:scheme")).content.decode()
    assert "低于 85 分，系数下调" in scheme and "用上个月试算" not in scheme


@pytest.mark.req("R161", "R182")
def test_each_line_opens_its_records(pay):
    page = client(pay, Role.SERVICE_SPECIALIST)
    row = of(pay, Role.SERVICE_SPECIALIST)
    shown = page.get(reverse("scorecard:statement", args=[row.id]))
    codes = [line.code for line in shown.context["lines"] if line.code]
    assert len(codes) == 5
    for code in codes:
        records = page.get(reverse("scorecard:statement_records", args=[row.id, code]))
        assert records.status_code == 200
        if code == "service_satisfaction":
            assert (records.context["count"], records.context["part"]) == (6, 542)
        if code.startswith("lead-"):
            assert any(e["is_it"] for e in records.context["events"])
    assert page.get(reverse("scorecard:statement_records", args=[row.id, "lead-0"])).status_code == 404


@pytest.mark.req("R182", "R183")
def test_records_of_an_approved_month_say_that_they_moved(pay):
    row = of(pay, Role.SALES_CONSULTANT)
    approve(pay, row)
    told.answers(pay, IN_OCTOBER.replace(day=20), 40, prefix="late")
    told.deliver(pay)
    where = reverse("scorecard:statement_records", args=[row.id, "consultant_satisfaction"])
    text = client(pay, Role.SALES_CONSULTANT).get(where).content.decode()
    assert "核定时是 542 / 6，现在是 582 / 7" in text


@pytest.mark.req("R183")
def test_a_base_is_entered_and_a_wrong_one_stays_in_the_form(pay):
    page, row = client(pay, Role.STORE_MANAGER), of(pay, Role.SALES_CONSULTANT)
    where = reverse("scorecard:statement_base", args=[row.id])
    refused = page.post(where, {"base": "八千"})
    assert refused.status_code == 422 and "八千" in refused.content.decode()
    assert page.post(where, {"base": "8500"}).status_code == 302
    text = page.get(reverse("scorecard:statement", args=[row.id])).content.decode()
    assert "基数 ¥8,500.00 × 系数 1.00" in text and 'value="8500.00"' in text


@pytest.mark.req("R183")
def test_several_are_looked_at_with_count_total_and_refusals_and_then_approved(pay):
    page = client(pay, Role.STORE_MANAGER)
    scope.set_stores([pay.a.id])
    ids = [str(i) for i in Statement.objects.filter(month=OCTOBER).values_list("id", flat=True)]
    running = of(pay, Role.SALES_CONSULTANT, NOVEMBER)
    look = page.post(reverse("scorecard:approve_statements"), {"ids": [*ids, str(running.id)], "query": "all=1"})
    text = look.content.decode()
    assert "将核定 3 张对账单" in text and "¥600.00" in text and "2026-12-01 起可以核定" in text
    sure = {"ids": ids, "sure": "1", "seen": look.context["look"].seen, "query": "all=1"}
    assert page.post(reverse("scorecard:approve_statements"), sure | {"seen": "x"}).status_code == 409
    assert page.post(reverse("scorecard:approve_statements"), sure).status_code == 302
    scope.set_stores([pay.a.id])
    assert Statement.objects.filter(state="approved").count() == 3
    listed = page.get(reverse("scorecard:statements"), {"month": "2026-10", "state": "approved"})
    assert listed.context["list"]["count"] == 3 and "已核定" in listed.content.decode()


@pytest.mark.req("R183", "R019")
def test_the_workbook_holds_people_and_lines_and_no_formula(pay):
    page = client(pay, Role.STORE_MANAGER)
    answer = page.get(reverse("scorecard:statement_book"), {"month": "2026-10"})
    assert answer.status_code == 200 and "statements-2026-10.xlsx" in answer["Content-Disposition"]
    book = load_workbook(io.BytesIO(answer.content))
    summary, lines = book.worksheets
    people = {row[1]: row for row in summary.iter_rows(min_row=3, values_only=True)}
    assert people[pay.staff[Role.SERVICE_SPECIALIST].name][7] == 180 + 150
    assert people[None][9] == 600  # the sum
    cells = [cell for row in lines.iter_rows() for cell in row]
    assert all(cell.data_type != "f" for cell in cells)
    assert any("=1+1" in str(cell.value) for cell in cells)
    scope.set_stores([pay.a.id])
    assert AuditEntry.objects.get(action="statement.book").facts["count"] == 3
    assert client(pay, Role.SALES_CONSULTANT).get(reverse("scorecard:statement_book")).status_code == 403


@pytest.mark.req("R182", "R183")
def test_a_scheme_is_tried_before_it_is_saved_and_a_wrong_one_says_where(pay):
    page, where = client(pay, Role.STORE_MANAGER), reverse("scorecard:change_scheme")
    form = page.get(reverse("scorecard:scheme")).context["form"]
    typed = {key: value for key, value in form.items() if isinstance(value, str)} | {
        "bonus_trade_in": "500",
        "reason": "年底冲量",
    }
    tried = page.post(where, typed | {"action": "try"})
    assert tried.context["tried"]["difference_fen"] == 20_000 and "+¥100.00" in tried.content.decode()
    scope.set_stores([pay.a.id])
    assert not IncentiveScheme.objects.exists()
    wrong = page.post(where, typed | {"action": "save", "step_from_2": "85"})
    assert wrong.status_code == 422 and "重叠" in wrong.content.decode() and "年底冲量" in wrong.content.decode()
    assert page.post(where, typed | {"action": "save"}).status_code == 302
    shown = page.get(reverse("scorecard:scheme")).content.decode()
    assert "年底冲量" in shown and "将起用" in shown and "置换 ¥500.00" in shown
    assert client(pay, Role.SALES_CONSULTANT).post(where, typed).status_code == 403


@pytest.mark.req("R183")
def test_the_list_and_a_statement_ask_as_many_queries_for_many_as_for_few(pay):
    page = client(pay, Role.STORE_MANAGER)

    def asked(where: str, **query: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert page.get(where, query).status_code == 200
        return len(queries)

    one = reverse("scorecard:statement", args=[of(pay, Role.SERVICE_SPECIALIST).id])
    listed = reverse("scorecard:statements")
    few = asked(listed, all="1"), asked(one)
    scope.set_stores([pay.a.id])
    for number in range(8):
        given.staff(pay.a, Role.SALES_CONSULTANT, login=f"more{number}", name=f"顾问{number}")
        told.won(pay, IN_OCTOBER, f"more-{number}")
    statements.refresh([pay.a.id])
    assert (asked(listed, all="1"), asked(one)) == few


@pytest.mark.req("R183")
def test_a_month_leads_to_its_list_and_drafts_are_worked_out_on_demand(pay, clock):
    page = client(pay, Role.STORE_MANAGER)
    scope.set_stores([pay.a.id])
    month = statements.PayMonth.objects.get(month=OCTOBER)
    assert "month=2026-10" in page.get(reverse("scorecard:paymonth", args=[month.id])).url
    clock.set(datetime(2026, 12, 1, 9, tzinfo=told.ZONE))
    page = client(pay, Role.STORE_MANAGER)
    assert page.post(reverse("scorecard:refresh_statements"), {"query": ""}).status_code == 302
    scope.set_stores([pay.a.id])
    assert Statement.objects.filter(month="2026-12-01").count() == 3
