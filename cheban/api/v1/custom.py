"""Custom fields: which there are, and the values of rows by code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpRequest
from ninja import Router

from cheban.api import schemas
from cheban.api.door import needs
from cheban.customers.fields import definitions

router = Router(tags=["custom fields"])


@router.get("/custom-fields", response=schemas.CustomFields, auth=needs(), summary="Custom fields")
def list_custom_fields(request: HttpRequest) -> dict[str, Any]:
    """The custom fields in use in the token's stores, those of their group too. One query."""
    return {
        "data": [
            {
                **{name: getattr(field, name) for name in schemas.CustomFieldOut.model_fields if name != "choices"},
                "choices": [
                    {"code": code, "label": label, "is_offered": on} for code, label, on in field.shape.choices
                ],
            }
            for field in definitions.of_stores(request.actor.stores)
        ]
    }


def fill(rows: Iterable[Any], stores: Sequence[int]) -> list[Any]:
    """Rows of customers or vehicles with `custom`, their values by code. One query."""
    known = [(field.key, field.code) for field in definitions.of_stores(stores)]
    found = list(rows)
    for row in found:
        row.custom = {code: row.extra[key] for key, code in known if key in row.extra}
    return found
