"""What was brought in, by file or by interface, and what was refused."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router

from cheban.api import schemas
from cheban.api.door import needs
from cheban.customers.importing import commands

router = Router(tags=["imports"])


@router.get("/imports", response=schemas.ImportPage, auth=needs("imports:read"), summary="Newest imports")
def list_imports(request: HttpRequest) -> dict[str, Any]:
    """The 50 newest imports. One query."""
    return {"data": commands.newest(limit=50), "next": None}


@router.get("/imports/{uuid:batch_id}", response=schemas.ImportWhole, auth=needs("imports:read"), summary="Read one")
def get_import(request: HttpRequest, batch_id: UUID) -> Any:
    """State and counts of an import, and its refused rows, at most 100."""
    batch = commands.get(batch_id)
    return {name: getattr(batch, name) for name in schemas.ImportOut.model_fields} | {
        "refused": [
            {
                "row": row["row"],
                "column": p["column"],
                "value": p["value"],
                "problem": f"{p['problem']} {p['expected']}".strip(),
            }
            for row in commands.kept_rows(batch, is_rejected=True, limit=100)
            for p in row["problems"]
        ]
    }
