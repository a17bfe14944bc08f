"""Reads of the workshop room: what a customer's visits say about their likes. R005, R013."""

from __future__ import annotations

from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from cheban.customers.likes import Like, usual


def likes(customer_id: UUID) -> list[Like]:
    """When a customer usually comes, to whom, and what is done then (slot customer.likes). One query.

    The last 30 visits count: likes change.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT in_at AT TIME ZONE 'Asia/Shanghai', service_advisor_name, pay_type
               FROM workshop_repairorder WHERE customer_id = %s AND in_at IS NOT NULL ORDER BY in_at DESC LIMIT 30""",
            [customer_id],
        )
        visits = cursor.fetchall()
    names = {
        (False, False): _("常在工作日上午来"),
        (False, True): _("常在工作日下午来"),
        (True, False): _("常在周末上午来"),
        (True, True): _("常在周末下午来"),
    }
    found = []
    for says, seen in (
        ("%(what)s", usual(names[at.weekday() >= 5, at.hour >= 12] for at, *_rest in visits)),
        (_("常找 %(what)s"), usual(advisor for _at, advisor, _pay in visits)),
        (_("常用付款方式：%(what)s"), usual(pay for *_rest, pay in visits)),
    ):
        if seen:
            value, often, whole = seen
            basis = _("到店 %(whole)d 次中 %(often)d 次") % {"whole": whole, "often": often}
            found.append(Like(says % {"what": value}, basis))
    return found
