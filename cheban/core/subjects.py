"""Names of what an audit row is about: 'customer:<id>' as people call it. Each room names its own kinds. R019.

A resolver gets the ids of one page at once and answers in the running scope: what it cannot see has no name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError


@dataclass(frozen=True, slots=True)
class Named:
    """How people call it, masked where it is a person's, and where it stands ('' nowhere)."""

    label: str
    url: str = ""


Resolver = Callable[[list[str]], Mapping[str, Named]]
_kinds: dict[str, tuple[Any, Resolver]] = {}


def name(kind: str, label: Any, resolver: Resolver) -> None:
    """Tell how a kind of subject is called and how its ids become names (called when the room's app is ready)."""
    _kinds[kind] = (label, resolver)


def kinds() -> dict[str, Any]:
    """Kind -> what it is called."""
    return {kind: label for kind, (label, _resolver) in _kinds.items()}


def resolve(subjects: Iterable[str]) -> dict[str, Named]:
    """'kind:id' -> its name. One query for each kind among them; those without a name are left out."""
    asked: dict[str, set[str]] = defaultdict(set)
    for subject in subjects:
        kind, _sep, id_ = subject.partition(":")
        if id_ and kind in _kinds:
            asked[kind].add(id_)
    return {
        f"{kind}:{id_}": named for kind, ids in asked.items() for id_, named in _kinds[kind][1](sorted(ids)).items()
    }


def whole(ids: Iterable[str]) -> list[int]:
    """The ids that are whole numbers of a table's size."""
    return [int(i) for i in ids if i.isascii() and i.isdigit() and len(i) < 10]


def of_rows(
    model: Any, label: Callable[[Any], str], url: Callable[[Any], str] = lambda row: "", *, key: str = "id"
) -> Resolver:
    """A resolver for rows of a table: one query by `key` (whole number, uuid or text)."""

    def resolver(ids: list[str]) -> dict[str, Named]:
        field = model._meta.get_field(key)
        found = []
        for each in ids:
            try:
                found.append(field.to_python(each))
            except ValidationError:
                continue
        rows = model.objects.filter(**{f"{key}__in": found})
        return {str(getattr(row, key)): Named(label(row), url(row)) for row in rows}

    return resolver
