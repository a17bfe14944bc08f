"""What can be wrong in the sales room."""

from __future__ import annotations

from cheban.core.errors import NotPermitted, Refused, WrongState


class Invalid(Refused):
    """Something filled in cannot stay so; the facts name the fields."""

    status = 422


class Incomplete(Refused):
    """Points are not explained yet, or fields not filled or not confirmed. `missing` names them."""

    status = 422


class PlannedAlready(WrongState):
    """This buyer's delivery of this car exists."""


class ChangedMeanwhile(WrongState):
    """Somebody saved the sheet since this page was opened."""


class OwnSheet(NotPermitted):
    """Nobody confirms what they sent themselves: 1+1 are two people. R029."""
