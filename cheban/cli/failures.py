"""How a command ends badly: one sentence and an exit code, never a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from cheban.core import disk

DISK_FULL = "磁盘满了：清出空间后重试，已保存的数据没有丢。 The disk is full: free some space and try again; nothing saved is lost."


class Failed(Exception):
    """A command cannot do what was asked. The message is for people; exit code 1, or 2 for input that cannot
    be read or was asked for wrongly."""

    def __init__(self, message: str, *, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def run_and_exit(command: Callable[[], object]) -> None:
    """Run a command and leave the process with its exit code. `CHEBAN_DEBUG=1` shows tracebacks."""
    try:
        done = command()
        sys.stdout.flush()
    except KeyboardInterrupt:
        _leave(130)
    except BrokenPipeError:  # `cheban … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _leave(0)
    except Exception as error:
        if os.environ.get("CHEBAN_DEBUG"):
            raise
        code, sentence = explain(error)
        print(f"错误 · error: {sentence}", file=sys.stderr)
        _leave(code)
    sys.exit(done if isinstance(done, int) else 0)


def explain(error: Exception) -> tuple[int, str]:
    """Exit code and sentence for any exception. Django and the driver are looked at by name, not imported."""
    names = {kind.__name__ for kind in type(error).__mro__}
    text = " ".join(str(error).split())
    if isinstance(error, Failed):
        return error.exit_code, str(error)
    if disk.is_full_disk(error):
        return 1, DISK_FULL
    if names & {"ServerFailed", "OperationalError", "InterfaceError", "PoolTimeout"} and _no_room_for_database():
        return 1, DISK_FULL
    if names & {"Refused", "BadValue", "ServerFailed"}:
        return 1, text or type(error).__name__
    if "ImproperlyConfigured" in names:
        return 1, f"配置不对：{text}"
    if names & {"OperationalError", "PoolTimeout"}:
        return (
            1,
            f"数据库没有回应：{text}。请运行 bin/cheban doctor。 The database does not answer: run doctor.",
        )
    if isinstance(error, OSError) and error.filename:
        return 2, f"{error.filename}：{error.strerror}"
    return 1, (
        f"没有料到的问题（{type(error).__name__}: {text}）。设 CHEBAN_DEBUG=1 再运行可看详情。"
        " Unexpected; run again with CHEBAN_DEBUG=1 for details."
    )


def _no_room_for_database() -> bool:
    """Whether the data folder's disk is too full for PostgreSQL to run, which it then tells only its own log."""
    from cheban.cli.place import data_dir

    return disk.has_no_room(data_dir())


def _leave(code: int) -> None:
    sys.stderr.flush()
    sys.exit(code)
