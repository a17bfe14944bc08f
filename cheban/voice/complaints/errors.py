"""What can be wrong with complaints."""

from __future__ import annotations

from cheban.core.errors import Refused, WrongState


class Invalid(Refused):
    """Something filled in cannot stay so; the facts name the fields."""

    status = 422


class FindingsMissing(WrongState):
    """No solution before all three sides have looked. `missing` names them."""


class BeyondLimit(Refused):
    """More compensation than anybody here may grant."""

    status = 422


class TooOften(Refused):
    """An open page was used too often in a short time."""

    status = 429
