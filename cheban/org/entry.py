"""How a request enters: one transaction, who asks, which stores, in which language. The one place for pages and programs.

Row-level security is set with `SET LOCAL`, so it ends with the transaction and a pooled connection carries nothing over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from zoneinfo import ZoneInfo

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone, translation

from cheban.org import scope
from cheban.org.access import Actor

ZONE = ZoneInfo("Asia/Shanghai")


@contextmanager
def entered(request: HttpRequest, find_actor: Callable[[], Actor], *, language: str) -> Iterator[Actor]:
    """A transaction in the scope of the actor whom `find_actor` gives; it stands in `request.actor`."""
    with transaction.atomic():
        actor = request.actor = find_actor()
        scope.set_stores(actor.stores, actor_id=actor.staff_id)
        with translation.override(language), timezone.override(ZONE):
            yield actor
