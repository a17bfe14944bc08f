"""One seed in a process and a database of its own: `python -m cheban.cli.one_seed SEED name=value ...`.

The database is thrown away at the end and waits for no disk (fsync off): a simulation that is lost is told again.
Prints one line; exit code 1 when an invariant is broken.
"""

from __future__ import annotations

import base64
import os
import secrets
import sys
import tempfile
from pathlib import Path


def main(arguments: list[str]) -> int:
    """Run it; returns the exit code."""
    seed, options = int(arguments[0]), dict(argument.split("=", 1) for argument in arguments[1:])
    from cheban.core import postgres

    with tempfile.TemporaryDirectory(prefix="cheban-simulate-") as folder:
        os.chmod(folder, 0o755)
        data = Path(folder) / "data"
        data.mkdir()
        with postgres.throwaway(Path(folder) / "pg") as server:
            os.environ |= {
                "CHEBAN_ENV": "test",
                "CHEBAN_DATA_DIR": str(data),
                "CHEBAN_MASTER_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
                "CHEBAN_DJANGO_SECRET_KEY": secrets.token_urlsafe(48),
                "CHEBAN_LOG": "ERROR",
                "CHEBAN_DB_APP_URL": server.app_url,
                "CHEBAN_DB_OWNER_URL": server.owner_url,
                "DJANGO_SETTINGS_MODULE": "cheban.site.settings",
            }
            import django

            django.setup()
            from django.core.management import call_command

            call_command("migrate", database="owner", verbosity=0)
            return _run(seed, options)


def _run(seed: int, options: dict[str, str]) -> int:
    from cheban.site import simulation
    from cheban.site.simulation import history

    try:
        told = simulation.simulate(
            seed=seed,
            days=int(options.get("days", 365)),
            customers=int(options.get("customers", 2500)),
            stores=int(options.get("stores", 1)),
            staff=options.get("staff", "mixed"),
            check=options.get("check", "True") == "True",
        )
    except simulation.InvariantBroken as error:
        print(f"seed {seed}: BROKEN on {error.day}: {error.name}")
        print(error, file=sys.stderr)
        return 1
    count = told.world.count
    print(
        f"seed {seed}: {told.seconds:.0f} s, {told.checks} checks held, {count['visits']} visits, "
        f"{count['tasks planned']} tasks, {history.digest(told.world.stores)[:16]}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
