"""`python -m cheban.cli.first_data`: the demo dealership into an empty database; a child of `cheban run`.

Prints one JSON object, {"loaded": bool, "logins": [{"role", "login", "password"}]}; progress goes to
standard error.
"""

from __future__ import annotations

import importlib.util
import json
import os

from cheban.cli.failures import run_and_exit
from cheban.cli.place import setup_django


def main() -> None:
    """Load when empty, then tell the demo's logins if this is a demo."""
    setup_django(owner=True)
    answer: dict = {"loaded": False, "logins": []}
    if importlib.util.find_spec("cheban.site.demo") and os.environ.get("CHEBAN_ENV", "dev") != "production":
        demo = importlib.import_module("cheban.site.demo")
        answer["loaded"] = bool(demo.load_if_empty())
        answer["logins"] = list(demo.logins()) if hasattr(demo, "logins") else []
    print(json.dumps(answer, ensure_ascii=False))


if __name__ == "__main__":
    run_and_exit(main)
