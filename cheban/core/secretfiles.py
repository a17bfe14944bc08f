"""Secrets as files: one folder of mode 0700 in the data folder, one file of mode 0600 for each. R018.

Back this folder up apart from the database: without `master_key` the sealed values stay sealed for ever.
"""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Callable
from pathlib import Path


def secrets_dir(data_dir: Path) -> Path:
    """The folder of secrets, made when missing, closed to everybody else."""
    folder = data_dir / "secrets"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_mode & 0o077:
        folder.chmod(0o700)
    return folder


def secret(data_dir: Path, name: str, *, make: Callable[[], str]) -> str:
    """The secret `name`; made and kept the first time. Of two who make it at once, both get the winner's."""
    file = secrets_dir(data_dir) / name
    if not file.exists():
        draft = file.with_name(f".{name}.{os.getpid()}.{secrets.token_hex(4)}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as out:
            out.write(make() + "\n")
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(draft, file)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return file.read_text().strip()


def random_password() -> str:
    """256 bits as hex digits: safe inside a connection address."""
    return secrets.token_hex(32)


def random_key() -> str:
    """32 random bytes, base64."""
    return base64.b64encode(secrets.token_bytes(32)).decode()
