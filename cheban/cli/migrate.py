"""`cheban migrate`."""

from __future__ import annotations

import os
import sys

from cheban.cli import place


def migrate() -> None:
    """更新数据表 · bring the tables up to date, as the owner of the database."""
    if not os.environ.get("CHEBAN_DB_OWNER_URL"):
        place.migrate(place.make_ready())
        return
    import django
    from django.core.management import call_command

    os.environ.update(place.make_ready().environ)
    django.setup()
    call_command("migrate", database="owner", interactive=False, verbosity=1, stdout=sys.stderr)
