"""Structured logs without personal data: every line passes one scrubber. R020, reliability rows 38, G.

A scrubber knows a phone number when it sees one, but not a name or an address. Those stand in the messages of
exceptions (PostgreSQL: 'Failing row contains (…)'), so an exception is logged as where and what kind, not in its words.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from typing import Any

import structlog

_PHONE = re.compile(r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)")
_IDENTITY = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")


def scrub(text: str) -> str:
    """The text without phone numbers, identity numbers and e-mail addresses."""
    return _MAIL.sub("[mail]", _IDENTITY.sub("[id]", _PHONE.sub("[phone]", text)))


def _scrub_all(_, __, event: dict[str, Any]) -> dict[str, Any]:
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = scrub(value)
        elif not isinstance(value, (int, float, bool, type(None))):
            event[key] = scrub(str(value))
    return event


def _words_of(error: BaseException) -> str:
    """What may be said of an exception: words about our code and names of constraints, never values."""
    if diag := getattr(error, "diag", None):  # the driver's
        parts = {"table": diag.table_name, "column": diag.column_name, "constraint": diag.constraint_name}
        return " ".join([f"sqlstate={error.sqlstate}", *(f"{k}={v}" for k, v in parts.items() if v)])
    if isinstance(error, OSError) and error.errno is not None:
        return f"errno={error.errno}"
    if isinstance(error, (AttributeError, ImportError, NameError, TypeError)):
        return scrub(str(error))
    return ""


def describe_exception(exc_info: tuple[Any, Any, Any]) -> str:
    """The frames of an exception and of its causes, and their kinds; see the top of this file."""
    lines: list[str] = []
    error, seen = exc_info[1], set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        lines.append(f"{type(error).__module__}.{type(error).__qualname__} {_words_of(error)}".rstrip())
        lines += [f"  {f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n".join(lines)


def configure_logging(*, json: bool, level: str) -> None:
    """All loggers, the standard library's too, write one scrubbed line to standard error."""
    shared = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(describe_exception),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    render = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if json
        else structlog.processors.LogfmtRenderer(
            key_order=["timestamp", "level", "logger", "event"], bool_as_flag=False
        )
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _scrub_all, render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # the last three write addresses with what stands in them: keys of providers, numbers of people
    for noisy in ("procrastinate", "django.server", "asyncio", "httpx", "httpcore", "urllib3"):
        logging.getLogger(noisy).setLevel("WARNING")
