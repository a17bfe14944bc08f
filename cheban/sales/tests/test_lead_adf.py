"""ADF 1.0 in and out: what goes out comes back, what is wrong is told by line, nothing reaches out of a file. Y02."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from cheban.core.models import AuditEntry, Event
from cheban.customers import queries as customers
from cheban.customers.models import Customer
from cheban.sales.leads import adf, inbound
from cheban.sales.leads.adf import AdfVehicle, AdfWrong, Prospect
from cheban.sales.leads.models import Lead
from cheban.sales.tests import leading
from tests import given

ONE_LINE = """<?xml version="1.0" encoding="UTF-8"?>
<?adf version="1.0"?>
<adf><prospect status="new"><requestdate>2020-02-09T18:26:00-05:00</requestdate><vehicle interest="buy" status="used">\
<year>1999</year><make>Chevrolet</make><model>Blazer</model></vehicle><customer><contact><name part="full" \
type="individual">John Doe</name><phone type="voice" time="nopreference">393-999-3922</phone></contact></customer>\
<vendor><contact><name part="full" type="individual">Acura of Bellevue</name></contact></vendor></prospect></adf>"""
TRADE = """<?adf version="1.0"?>
<adf>
  <prospect>
    <id source="autohome">88-1</id>
    <requestdate>2026-11-22T18:26:00+08:00</requestdate>
    <vehicle interest="trade-in" status="used"><year>2018</year><make>大众</make><model>速腾</model>
      <odometer units="km">81,000</odometer></vehicle>
    <vehicle interest="buy"><year/><make>大众</make><model>揽境</model></vehicle>
    <customer><contact><name part="first">梅</name><name part="last">韩</name><phone>135 0000 1111</phone></contact>
      <comments>旧车能抵多少</comments></customer>
  </prospect>
</adf>"""

FIRST = datetime.fromisoformat("1990-01-01T00:00:00")
line = st.text("ab1韩梅<>&\"'-·]", max_size=12)
some = line.filter(bool)
moments = st.datetimes(min_value=FIRST, timezones=st.sampled_from([UTC, timezone(timedelta(hours=8))]))  # fmt: skip
cars = st.builds(
    AdfVehicle,
    interest=st.sampled_from(adf.INTERESTS),
    status=st.sampled_from(["new", "used"]),
    year=st.sampled_from(["", "1999", "2026"]),
    make=line,
    model=some,
    vin=line.map(lambda t: t[:17]),
    trim=line,
    odometer_km=st.none() | st.integers(0, 2_000_000),
    comments=line,
)
prospects = st.builds(
    Prospect,
    requested_at=moments.map(lambda m: m.replace(microsecond=0)),
    vehicles=st.lists(cars, min_size=1, max_size=3).map(tuple),
    name=some,
    phone=some,
    email=line,
    comments=line,
    vendor=line,
    provider=line,
    ids=st.lists(st.tuples(line, some), max_size=3).map(tuple),
    status=st.sampled_from(["new", "resend"]),
)


@pytest.mark.req("Y02")
@for_all(st.lists(prospects, min_size=1, max_size=3))
def test_what_is_written_is_read_back(written):
    assert adf.parse(adf.render(written)) == written


@for_all(st.binary(max_size=200))
def test_no_bytes_do_anything_but_be_refused(data):
    with pytest.raises(AdfWrong):
        adf.parse(b"<adf>" + data)


def test_the_guides_sample_is_read():
    [found] = adf.parse(ONE_LINE.encode())
    assert (found.name, found.phone, found.vendor) == ("John Doe", "393-999-3922", "Acura of Bellevue")
    assert found.vehicles == (AdfVehicle("buy", "used", "1999", "Chevrolet", "Blazer"),)
    assert found.requested_at.isoformat() == "2020-02-09T18:26:00-05:00"


@pytest.mark.parametrize(
    ("before", "after", "where"),
    [
        ("<requestdate>2026-11-22T18:26:00+08:00</requestdate>", "", "line 3 requestdate"),
        ("2026-11-22T18:26", "last week", "line 5 requestdate"),
        ('interest="trade-in"', 'interest="swap"', "line 6 interest"),
        ("<year>2018</year>", "<year>二零一八</year>", "line 6 year"),
        ("81,000", "far", "line 7 odometer"),
        ("<make>大众</make><model>揽境</model>", "", "line 8 model"),
        ("<phone>135 0000 1111</phone>", "", "line 9 phone"),
        ('<name part="first">梅</name><name part="last">韩</name>', "", "line 9 name"),
        ("</customer>", "</costumer>", "line 10"),
        ("旧车能抵多少", "长" * 501, "line 10 comments"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(before, after, where):
    assert before in TRADE
    with pytest.raises(AdfWrong) as refused:
        adf.parse(TRADE.replace(before, after).encode())
    assert where in refused.value.facts
    assert where.split()[1] in refused.value.message


@pytest.mark.parametrize(
    "data",
    [
        '<!DOCTYPE adf [<!ENTITY a SYSTEM "file:///etc/passwd">]><adf>&a;</adf>',
        '<!DOCTYPE adf [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><adf>&b;</adf>',
        "<html/>",
        "<adf/>",
        "",
        "<adf>" + "<x>" * 50,
    ],
)
def test_entities_bombs_and_other_files_are_refused(data):
    with pytest.raises(AdfWrong):
        adf.parse(data.encode())
    with pytest.raises(AdfWrong):
        adf.parse(data.encode("utf-16"))


@pytest.mark.req("R105", "Y02")
def test_a_file_becomes_a_lead_of_a_new_customer_with_a_consultants_clock_running(cast):
    [lead] = inbound.take_in_adf(TRADE.encode(), by=leading.manager(cast), store_id=cast.a.id)
    who = lead.customer
    assert (who.name, who.source, lead.kind, lead.state, lead.origin) == (
        "韩梅",
        "research",
        "trade_in",
        "pushed",
        "crm",
    )
    assert (lead.wanted, lead.heard.get().text) == ("大众 揽境", "旧车能抵多少")
    assert lead.holder_id is not None
    [again] = inbound.take_in_adf(TRADE.encode(), by=leading.manager(cast), store_id=cast.a.id)
    assert (again.id, Customer.objects.count()) == (lead.id, 1)
    [abroad] = inbound.take_in_adf(ONE_LINE.encode(), by=leading.manager(cast), store_id=cast.a.id)
    assert customers.phones([abroad.customer_id])[abroad.customer_id][0]["masked"].endswith("3922")
    assert abroad.kind == "additional_purchase" and "1999 Chevrolet Blazer" in abroad.heard.get().text


def test_a_phone_that_nobody_can_call_is_refused_and_nothing_of_the_file_is_kept(cast):
    both = TRADE.replace("</adf>", ONE_LINE.split("<adf>")[1].replace("393-999-3922", "12"))
    with pytest.raises(AdfWrong) as refused:
        inbound.take_in_adf(both.encode(), by=leading.manager(cast), store_id=cast.a.id)
    assert "line 12 phone" in refused.value.facts
    assert not Lead.objects.exists() and not Event.objects.filter(name="lead.pushed").exists()


@pytest.mark.req("Y02", "R019")
def test_a_lead_goes_out_with_the_phone_audited_and_comes_back_as_itself(cast):
    lead = leading.pushed(cast)
    data = inbound.as_adf(lead, by=leading.sales(cast), reason="送往销售系统")
    [told] = adf.parse(data)
    assert (told.name, told.phone, told.comments) == ("张伟", "+8613800001234", leading.SAID)
    assert (told.vehicles[0].interest, told.vehicles[0].make, told.vendor) == ("trade-in", "大众", cast.a.name)
    assert AuditEntry.objects.filter(action="pii.revealed").count() == 1
    [back] = inbound.take_in_adf(data, by=leading.manager(cast), store_id=cast.a.id)
    assert back.id == lead.id and Lead.objects.count() == 1


def test_the_trade_in_of_a_known_car_is_that_car(cast):
    who = leading.customer(cast, "韩梅", "13500001111")
    car = given.vehicle(cast.a, who, vin="LSVAA4187E2000001", plate="沪B00001")
    known = TRADE.replace("<model>速腾</model>", f"<model>速腾</model><vin>{car.vin}</vin>")
    [lead] = inbound.take_in_adf(known.encode(), by=leading.manager(cast), store_id=cast.a.id)
    assert (lead.customer_id, lead.vehicle_id) == (who.id, car.id)
