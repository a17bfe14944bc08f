"""What can be wrong with an answer."""

from __future__ import annotations

from cheban.core.errors import Refused


class Invalid(Refused):
    """Points or words that cannot stay so; the facts name the fields."""

    status = 422


class Over(Refused):
    """The link is past its time, or the answer can no longer be changed."""

    status = 410
