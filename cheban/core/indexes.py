"""Building an index beside the running house: writes go on, and a build that was killed begins anew."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently


class BuildIndex(AddIndexConcurrently):
    """`AddIndexConcurrently` that may be run again: what a killed build left (an invalid index) goes first.

    For migrations with `atomic = False`; each statement is its own transaction there.
    """

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        name = schema_editor.quote_name(self.index.name)
        schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        super().database_forwards(app_label, schema_editor, from_state, to_state)
