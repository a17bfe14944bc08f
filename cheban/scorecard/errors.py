"""What can be wrong in the scorecard room."""

from __future__ import annotations

from cheban.core.errors import Refused, WrongState


class Invalid(Refused):
    """Something filled in cannot stay so; the facts name the fields."""

    status = 422


class VotedAlready(WrongState):
    """Everybody has one voice for a case."""


class JudgedAlready(WrongState):
    """A week was judged by this target; it stays in the history."""
