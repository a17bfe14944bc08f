"""The server's configuration: sized for the machine, and silent about what statements contain."""

from __future__ import annotations

import os
from pathlib import Path

MIB = 1024 * 1024


def memory_bytes() -> int:
    """The memory this process may use: the machine's, or its container's limit when that is lower."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            text = Path(limit).read_text().strip()
        except OSError:
            continue
        if text.isdigit():
            total = min(total, int(text))
    return total


def configuration(*, socket_dir: Path, durable: bool) -> str:
    """The text of `cheban.conf`. With `durable=False` (tests) nothing waits for the disk."""
    memory = memory_bytes() // MIB
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(socket_dir),
        "unix_socket_permissions": "0700",
        "max_connections": 100,
        "shared_preload_libraries": "",
        "shared_buffers": f"{min(memory // 4, 2048) if durable else 128}MB",
        "effective_cache_size": f"{max(memory // 2, 256)}MB",
        "work_mem": "32MB",
        "maintenance_work_mem": "256MB",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "random_page_cost": 1.1,
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        # Statements, the details of errors and even their messages ('value "138…" is out of range') hold
        # customers' data: none is written. The application logs its own errors, scrubbed. R020.
        "log_min_messages": "log",  # the server's own affairs, not the ERROR of a statement
        "logging_collector": "on",
        "log_filename": "postgresql-%a.log",  # one file a weekday, overwritten a week later
        "log_truncate_on_rotation": "on",
        "log_rotation_age": "1d",
        "log_rotation_size": 0,
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
        "log_min_duration_statement": -1,
        "log_parameter_max_length": 0,
        "log_parameter_max_length_on_error": 0,
        "log_statement": "none",
        "log_checkpoints": "off",
    }
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    lines = (f"{name} = '{str(value).replace(chr(39), chr(39) * 2)}'" for name, value in settings.items())
    return (
        "# Written at every start; put your own settings into local.conf beside this file.\n" + "\n".join(lines) + "\n"
    )
