"""What can be wrong in a conversation."""

from __future__ import annotations

from cheban.core.errors import Refused


class Unsendable(Refused):
    """A message that is empty or too long."""

    status = 422


class TooMany(Refused):
    """More messages in a minute than anybody writes by hand."""

    status = 429


class LinkOver(Refused):
    """The owner's link is past its time; the store can renew it."""

    status = 410
