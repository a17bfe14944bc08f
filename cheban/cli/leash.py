"""`python -m cheban.cli.leash COMMAND...`: becomes COMMAND, which is told to end when its parent dies.

So web and worker never outlive a killed `cheban run`, keeping its port and its locks. Linux only; elsewhere
it just becomes the command.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Tie to the parent named by the environment, then become the command."""
    parent = int(os.environ.pop("CHEBAN_PARENT"))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the leash was on
            sys.exit(1)
    os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
