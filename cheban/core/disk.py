"""A full disk: how it shows itself, ours or the database's. Does not import Django. Reliability row 31."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
"""No space, no quota, no larger file: nothing more can be written."""
_DISK_FULL_OF_POSTGRESQL = "53100"
_LEAST = 32 << 20
"""Free bytes under which PostgreSQL cannot even begin its next log file (16 MiB): it stops, and tells only its log."""


def is_full_disk(error: BaseException | None) -> bool:
    """Whether an error comes from a disk that takes no more; looks through its causes."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return True
        if getattr(error, "sqlstate", None) == _DISK_FULL_OF_POSTGRESQL:
            return True
        error = error.__cause__ or error.__context__
    return False


def has_no_room(folder: Path) -> bool:
    """Whether the disk of the data folder is too full for the database to run on."""
    try:
        return shutil.disk_usage(folder).free < _LEAST
    except OSError:
        return False
