"""Reads of the privacy desk: the work list, one request, the history of consent with its proof."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Count
from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.chinese_days import is_workday
from cheban.core.errors import NotFound
from cheban.core.personal import holdings
from cheban.customers import queries
from cheban.customers.duplicates.queries import absorbed_ids
from cheban.customers.models import Consent
from cheban.customers.privacy_desk.holdings import person_of
from cheban.customers.privacy_desk.models import PrivacyRequest
from cheban.org.models import Staff

PAGE = 50
SOON_WORKDAYS = 3


def request(request_id: UUID) -> PrivacyRequest:
    """One request of the scope with its customer. Raises NotFound."""
    found = PrivacyRequest.objects.select_related("customer").filter(id=request_id).first()
    if found is None:
        raise NotFound(_("没有这件请求，或不属于您的门店。"))
    return found


def workdays_left(due_on: date, *, today: date) -> int:
    """Working days until the day itself, negative when it has passed."""
    first, last, sign = (today, due_on, 1) if due_on >= today else (due_on, today, -1)
    return sign * sum(is_workday(date.fromordinal(n)) for n in range(first.toordinal() + 1, last.toordinal() + 1))


def _dress(rows: list[PrivacyRequest]) -> list[PrivacyRequest]:
    staff = dict(
        Staff.objects.filter(
            id__in={r.taken_by_id for r in rows if r.taken_by_id} | {r.closed_by_id for r in rows if r.closed_by_id}
        ).values_list("id", "name")
    )
    reach = queries.phones({r.customer_id for r in rows})
    today = clock.today()
    for row in rows:
        row.taken_by, row.closed_by = staff.get(row.taken_by_id, ""), staff.get(row.closed_by_id, "")
        row.reach = reach.get(row.customer_id, [])
        row.left = workdays_left(row.due_on, today=today)
        row.late_by = max(-row.left, 0)
        row.clock = "broken" if row.left < 0 else "close" if row.left <= SOON_WORKDAYS else "kept"
    return rows


def worklist(*, show: str, after: str = "") -> dict[str, Any]:
    """Open requests, the most urgent first, or closed ones, the newest first; keyset pages. Three queries."""
    rows = PrivacyRequest.objects.select_related("customer")
    key, _sep, last = after.rpartition("~")
    if show == "closed":
        rows = rows.exclude(state="open").order_by("-received_at", "-id")
        if after:
            rows = rows.extra(where=["(received_at, customers_privacyrequest.id) < (%s::timestamptz, %s::uuid)"], params=[key, last])  # fmt: skip
    else:
        rows = rows.filter(state="open").order_by("due_on", "id")
        if after:
            rows = rows.extra(where=["(due_on, customers_privacyrequest.id) > (%s::date, %s::uuid)"], params=[key, last])  # fmt: skip
    found = list(rows[: PAGE + 1])
    more = found[PAGE - 1] if len(found) > PAGE else None
    return {
        "rows": _dress(found[:PAGE]),
        "after": f"{(more.received_at if show == 'closed' else more.due_on).isoformat()}~{more.id}" if more else "",
    }


def counts() -> dict[str, int]:
    """state -> how many."""
    return {row["state"]: row["n"] for row in PrivacyRequest.objects.values("state").annotate(n=Count("id"))}


def page_of(asked: PrivacyRequest) -> dict[str, Any]:
    """What the page of one request needs; for an erasure also what goes and what stays."""
    _dress([asked])
    found: dict[str, Any] = {"asked": asked}
    if asked.state == "open" and asked.kind == PrivacyRequest.Kind.ERASE:
        person = person_of(asked.customer, absorbed_ids(asked.customer_id))
        found["holdings"] = [
            {"title": holding.title, "count": len(holding.collect(person)), "kept": holding.kept}
            for holding in holdings()
        ]
    return found


def open_requests(customer_id: UUID) -> list[PrivacyRequest]:
    """What a customer's page says: requests being worked on. Three queries, one when there is none."""
    found = list(PrivacyRequest.objects.filter(customer_id=customer_id, state="open").order_by("due_on", "id"))
    return _dress(found) if found else []


def consent_history(customer_id: UUID) -> list[dict[str, Any]]:
    """Every answer about contact ever kept, newest first: who wrote it, when, channel, proof; which ones count now.

    Nothing is ever changed here: a later answer stands before an earlier one. PIPL 14-16.
    """
    rows = list(Consent.objects.filter(customer_id=customer_id).order_by("-at", "-id"))
    staff = dict(Staff.objects.filter(id__in={r.by_id for r in rows if r.by_id}).values_list("id", "name"))
    seen: set[tuple[str, str]] = set()
    found = []
    for row in rows:
        key = (row.purpose, row.channel)
        found.append({"row": row, "who": staff.get(row.by_id, ""), "counts": key not in seen})
        seen.add(key)
    return found
