"""How many statements a connection of the web server keeps prepared. Decision 0038."""

from __future__ import annotations

from typing import Any

from django.db.backends.signals import connection_created
from django.dispatch import receiver

KEPT = 500
"""About what the house's pages ask, each list of ids counted by its length: with the driver's hundred, pages push each
other's statements out, and each of those is read and planned anew."""


@receiver(connection_created)
def keep_more(sender: Any, connection: Any, **kwargs: Any) -> None:
    """Set it on a connection that prepares statements and has not been told otherwise."""
    if connection.settings_dict["OPTIONS"].get("server_side_binding") and connection.connection.prepared_max == 100:
        connection.connection.prepared_max = KEPT
