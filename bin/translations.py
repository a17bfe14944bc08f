"""Compiles the catalogues (.po) to what Django reads (.mo), with Babel: no gettext tools needed."""

from __future__ import annotations

import sys
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

CHEBAN = Path(__file__).resolve().parent.parent / "cheban"


def main() -> int:
    for source in sorted(CHEBAN.rglob("locale/*/LC_MESSAGES/*.po")):
        try:
            with source.open("rb") as file:
                catalog = read_po(file, locale=None, abort_invalid=True)
        except (PoFileError, ValueError) as error:
            sys.stderr.write(f"{source.relative_to(CHEBAN.parent)}: {error}\n")
            return 1
        draft = source.with_suffix(".mo.new")
        with draft.open("wb") as file:
            write_mo(file, catalog)
        draft.replace(source.with_suffix(".mo"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
