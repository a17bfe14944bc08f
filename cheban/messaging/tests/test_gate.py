"""The one gate: consent, opt-out, quiet hours, caps, expiry; a restriction never adds a message. Reliability 5.2."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from cheban.messaging.gate import Allowed, Facts, Later, Never, Recipient, decide

NOON = datetime.fromisoformat("2026-11-23T12:00:00+08:00")
NIGHT = datetime.fromisoformat("2026-11-23T22:30:00+08:00")
MORNING = datetime.fromisoformat("2026-11-24T08:30:00+08:00")
ANNA = Recipient(address="+8613800001234", name="张伟", given=frozenset({("marketing", "any")}))
SERVICE = Facts("service", "sms", "service", NOON + timedelta(days=3), recipient=ANNA)
MARKETING = replace(SERVICE, message_class="marketing", purpose="marketing")
RED = Facts("red_alert", "robot", "", NOON + timedelta(days=1))


def with_(facts: Facts, **changes) -> Facts:
    return replace(facts, recipient=replace(facts.recipient, **changes))


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (with_(SERVICE, exists=False), "gone"),
        (with_(SERVICE, is_erased=True), "erased"),
        (with_(SERVICE, refused=frozenset({("all", "any")})), "do_not_contact"),
        (with_(SERVICE, refused=frozenset({("service", "any")})), "refused"),
        (with_(SERVICE, refused=frozenset({("service", "sms")})), "refused_channel"),
        (with_(SERVICE, refused=frozenset({("all", "sms")})), "refused_channel"),
        (with_(MARKETING, given=frozenset()), "no_consent"),
        (with_(MARKETING, given=frozenset({("service", "any")})), "no_consent"),
        (with_(SERVICE, owns_vehicle=False), "vehicle_changed_hands"),
        (with_(SERVICE, address=""), "no_address"),
        (replace(SERVICE, expires_at=NOON), "expired"),
        (replace(SERVICE, message_class="red_alert"), "not_for_customers"),
        (replace(SERVICE, message_class="staff"), "not_for_customers"),
    ],
)
def test_what_forbids_a_message_names_itself(facts, why):
    assert decide(facts, at=NOON) == Never(why)


def test_a_message_that_nothing_forbids_goes():
    assert decide(SERVICE, at=NOON) == decide(MARKETING, at=NOON) == Allowed()


def test_at_night_customers_and_staff_wait_for_the_morning_and_a_red_alert_does_not():
    assert decide(SERVICE, at=NIGHT) == Later(MORNING, "quiet_hours")
    assert decide(replace(RED, message_class="staff", expires_at=MORNING + timedelta(days=1)), at=NIGHT) == Later(
        MORNING, "quiet_hours"
    )
    assert decide(RED, at=NIGHT) == Allowed()
    assert decide(SERVICE, at=MORNING - timedelta(seconds=1)) == Later(MORNING, "quiet_hours")
    assert decide(SERVICE, at=MORNING) == Allowed()


def test_what_would_be_stale_in_the_morning_does_not_wait():
    assert decide(replace(SERVICE, expires_at=MORNING), at=NIGHT) == Never("expired")


def test_caps_count_rolling_hours_of_all_channels():
    three = tuple((NOON - timedelta(hours=h), "service") for h in (23, 5, 1))
    assert decide(replace(SERVICE, contacts=three), at=NOON) == Later(NOON + timedelta(hours=1), "cap_day")
    assert decide(replace(SERVICE, contacts=three), at=NOON + timedelta(hours=1)) == Allowed()
    one = ((NOON - timedelta(hours=20), "marketing"),)
    assert decide(replace(MARKETING, contacts=one), at=NOON) == Later(NOON + timedelta(hours=4), "cap_day")
    assert decide(replace(SERVICE, contacts=one), at=NOON) == Allowed()


moments = st.datetimes(NOON.replace(tzinfo=None) - timedelta(days=8), NOON.replace(tzinfo=None)).map(
    lambda moment: moment.replace(tzinfo=NOON.tzinfo)
)
keys = st.tuples(st.sampled_from(["all", "service", "marketing"]), st.sampled_from(["any", "sms", "email"]))


@for_all(
    st.sampled_from([SERVICE, MARKETING]),
    st.lists(st.tuples(moments, st.sampled_from(["service", "marketing"])), max_size=8),
    st.frozensets(keys, max_size=3),
    st.integers(0, 23),
    keys,
    moments,
)
def test_a_restriction_never_adds_a_message(facts, contacts, refused, hour, more_refused, more_contact):
    at = NOON.replace(hour=hour)
    facts = with_(replace(facts, contacts=tuple(contacts)), refused=refused)
    before = decide(facts, at=at)
    for stricter in (
        with_(facts, refused=refused | {more_refused}),
        with_(facts, given=frozenset()),
        with_(facts, address=""),
        replace(facts, contacts=(*contacts, (more_contact, "marketing"))),
        replace(facts, expires_at=facts.expires_at - timedelta(hours=40)),
    ):
        after = decide(stricter, at=at)
        if isinstance(before, Never):
            assert isinstance(after, Never)
        if isinstance(before, Later):
            assert not isinstance(after, Allowed) and (isinstance(after, Never) or after.when >= before.when)
