"""What can be wrong, as types. The edge (web, command line, report) turns them into sentences."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """A command was understood and refused. Carries a sentence for people and the facts behind it.

    `status` is the HTTP status that the web edge answers with; `code` is stable for programs.
    """

    status = 409

    def __init__(self, message: str = "", **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts

    @property
    def code(self) -> str:
        """The stable name of this refusal: its class name."""
        return type(self).__name__


class NotPermitted(Refused):
    """The person's roles do not include this permission."""

    status = 403


class NotFound(Refused):
    """No such thing for this person: absent, or another store's."""

    status = 404


class WrongState(Refused):
    """The thing is not in a state from which this command may run."""


class BadValue(ValueError):
    """A text that cannot be read as the value it should be.

    `problem` says what is wrong, `expected` what would be right; both are sentences for people
    (translatable strings), shown in import reports and forms.
    """

    def __init__(self, problem: str, *, expected: str = "") -> None:
        super().__init__(str(problem))
        self.problem = problem
        self.expected = expected
