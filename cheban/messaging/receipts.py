"""What providers tell later about a message: it arrived, it was read, or it did not arrive. R044, reliability 5.2.

States only move forward. A report may come twice, in any order, or before our own call has come back: it is kept once,
and a message that arrived is never called failed again. A report about a message that is not ours is counted, no more.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core import signing
from django.db import connection
from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.errors import BadValue, NotFound
from cheban.core.ids import new_ids
from cheban.messaging.channels import said
from cheban.messaging.models import ChannelAccount, Message, Receipt
from cheban.org import scope
from cheban.org.models import Store

SALT = "cheban.receipts"
MOST = 1000
ZONE = ZoneInfo("Asia/Shanghai")
FORWARD = """
UPDATE messaging_message m SET
  state = v.outcome, why = CASE WHEN v.outcome = 'failed' THEN 'not_delivered' ELSE '' END, said = v.said,
  sent_at = coalesce(m.sent_at, CASE WHEN v.outcome <> 'failed' THEN v.at END), changed_at = %s
FROM (SELECT DISTINCT ON (id) * FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::timestamptz[])
      AS r(id, outcome, said, at) ORDER BY id, array_position(ARRAY['read', 'delivered', 'failed'], outcome), at) v
WHERE m.id = v.id AND m.attempts > 0 AND CASE v.outcome
  WHEN 'read' THEN m.state <> 'read'
  WHEN 'delivered' THEN m.state NOT IN ('delivered', 'read')
  ELSE m.state IN ('sending', 'sent', 'unknown') OR (m.state = 'waiting' AND m.why = 'died') END
"""


@dataclass(frozen=True, slots=True)
class Report:
    """One report about one message."""

    message_id: UUID
    outcome: str
    said: str
    at: datetime


def address_of(account: ChannelAccount) -> str:
    """The last part of the address that the provider reports to: signed, so that nobody guesses another's."""
    return signing.dumps(str(account.id), salt=SALT)


def account_of(token: str) -> ChannelAccount:
    """The account that an address belongs to. Raises NotFound."""
    try:
        wanted = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        raise NotFound(_("没有这个地址。")) from None
    found = ChannelAccount.objects.filter(id=wanted, removed_at=None).first()
    if found is None:
        raise NotFound(_("没有这个地址。"))
    return found


def read_aliyun(body: bytes) -> list[Report]:
    """Reports as Alibaba Cloud posts them (SmsReport, HTTP 批量推送): an array of objects. Raises BadValue saying where it is wrong.

    Rows without an `out_id` of ours are left out: other programs may send under the same account.
    """
    try:
        rows = json.loads(body)
    except ValueError:
        raise BadValue("not JSON", expected="a JSON array of reports") from None
    if not isinstance(rows, list) or len(rows) > MOST:
        raise BadValue("not an array of reports", expected=f"a JSON array of at most {MOST}")
    return [report for number, row in enumerate(rows, 1) if (report := _aliyun_row(row, number))]


def _aliyun_row(row: Any, number: int) -> Report | None:
    if not isinstance(row, dict) or not isinstance(row.get("success"), bool):
        raise BadValue(f"row {number}: no boolean 'success'", expected="the fields of SmsReport")
    try:
        message_id = UUID(hex=str(row.get("out_id") or ""))
    except ValueError:
        return None
    try:
        at = datetime.strptime(str(row.get("report_time")), "%Y-%m-%d %H:%M:%S").replace(tzinfo=ZONE)
    except ValueError:
        raise BadValue(f"row {number}: 'report_time' is no time", expected="2017-01-01 00:00:00") from None
    if row["success"]:
        return Report(message_id, Receipt.Outcome.DELIVERED, "", at)
    return Report(message_id, Receipt.Outcome.FAILED, said(row.get("err_code") or "?", row.get("err_msg") or ""), at)


def take(account: ChannelAccount, reports: Sequence[Report]) -> int:
    """Keep reports about messages of this account's stores and channel, and move the messages forward; returns how many
    reports are new. Takes its own scope and transaction."""
    stores = Store.objects.filter(group=account.group_id)
    if account.only_store_id:
        stores = stores.filter(id=account.only_store_id)
    at = clock.now()
    with scope.use(stores.values_list("id", flat=True)):
        rows = Message.objects.filter(
            id__in=[r.message_id for r in reports], channel=account.channel, attempts__gt=0
        ).order_by("id")
        ours = dict(rows.select_for_update(no_key=True).values_list("id", "store_id"))
        known = [r for r in reports if r.message_id in ours]
        made = [
            Receipt(
                id=id,
                store_id=ours[r.message_id],
                message_id=r.message_id,
                outcome=r.outcome,
                said=r.said,
                at=r.at,
                received_at=at,
            )
            for id, r in zip(new_ids(len(known)), known, strict=True)
        ]
        Receipt.objects.bulk_create(made, ignore_conflicts=True)
        if known:
            with connection.cursor() as cursor:
                columns = [[r.message_id for r in known], [r.outcome for r in known], [r.said for r in known]]
                cursor.execute(FORWARD, [at, *columns, [r.at for r in known]])
        return Receipt.objects.filter(id__in=[row.id for row in made]).count()
