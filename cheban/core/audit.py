"""The audit trail's chain: every row is linked to the one before, so that a changed, removed or added row shows. R019.

Rows are written by whoever does something; the link is added within a minute by one sealer, so that no request waits
for another. Link n = HMAC-SHA256(key, link n-1 + the row's canonical text). The key is derived from the secrets, which
lie outside the database: who can write the tables cannot make a chain that holds. The last link of each run also goes
to the file `audit-anchors.log` in the data folder: cutting off the end of the trail shows there.
"""

from __future__ import annotations

import hmac
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from cheban.core import privacy

START = b"\0" * 32
ANCHORS = "audit-anchors.log"
"""File of the data folder, outside the database."""
COLUMNS = "e.id, e.store_id, e.at, e.actor_id, e.action, e.subject, e.reason, e.origin, e.facts"
_LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('audit.link'))"


@dataclass(frozen=True, slots=True)
class Broken:
    """What does not hold: at which link, which row, and how."""

    seq: int
    entry_id: int | None
    problem: str  # changed | removed | cut


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification saw. `waiting` are rows that have no link yet: those of the last minute, while a worker runs."""

    rows: int
    waiting: int
    broken: list[Broken]


def canonical(row: tuple[Any, ...]) -> bytes:
    """The text of an audit row that its link covers: a JSON list, moments in UTC with microseconds, keys sorted."""
    number, store, at, actor, action, subject, reason, origin, facts = row
    moment = at.astimezone(UTC).isoformat(timespec="microseconds")
    facts = json.loads(facts) if isinstance(facts, str) else facts
    values = [number, store, moment, actor, action, subject, reason, origin, facts]
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def link(before: bytes, row: tuple[Any, ...]) -> bytes:
    """The next link of the chain."""
    return hmac.digest(privacy.audit_key(), before + canonical(row), sha256)


def link_new(cursor: Any, *, limit: int = 5_000) -> int:
    """Link rows that have none, in the running transaction; returns how many. One at a time; others leave at once.

    `core_audit_unlinked` reads over all stores. A row that was committed late simply comes later in the chain.
    """
    cursor.execute(_LOCK)
    if not cursor.fetchone()[0]:
        return 0
    cursor.execute("SELECT seq, hash FROM core_auditlink ORDER BY seq DESC LIMIT 1")
    seq, before = cursor.fetchone() or (0, START)
    cursor.execute(f"SELECT {COLUMNS} FROM core_audit_unlinked(%s) e ORDER BY e.id", [limit])  # noqa: S608 - constants
    rows = []
    for number, row in enumerate(cursor.fetchall(), seq + 1):
        before = link(bytes(before), row)
        rows.append((number, row[0], before))
    if rows:
        cursor.execute(
            "INSERT INTO core_auditlink (seq, entry_id, hash) SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bytea[])",
            [list(column) for column in zip(*rows, strict=True)],
        )
    return len(rows)


def verify(connection: Any, anchors: Path | None = None, *, most: int = 20) -> Verified:
    """Walk the whole chain as the owner; names the first `most` rows that do not hold. Reads in one snapshot."""
    broken: list[Broken] = []
    rows, before, expected = 0, START, 1
    known = dict(_anchors(anchors)) if anchors else {}
    with connection.transaction(), connection.cursor(name="audit_chain") as cursor:
        cursor.itersize = 10_000
        cursor.execute(
            f"SELECT l.seq, l.entry_id, l.hash, {COLUMNS} FROM core_auditlink l "  # noqa: S608 - constants
            "LEFT JOIN core_auditentry e ON e.id = l.entry_id ORDER BY l.seq"
        )
        for seq, entry_id, kept, *row in cursor:
            rows += 1
            if seq != expected:
                broken.append(Broken(expected, None, "removed"))
            expected = seq + 1
            if row[0] is None:
                broken.append(Broken(seq, entry_id, "removed"))
            elif link(before, tuple(row)) != bytes(kept):
                broken.append(Broken(seq, entry_id, "changed"))
            before = bytes(kept)
            if known.pop(seq, before) != before:
                broken.append(Broken(seq, entry_id, "changed"))
            if len(broken) >= most:
                return Verified(rows, 0, broken)
    broken += [Broken(seq, None, "cut") for seq in sorted(known)][: most - len(broken)]
    [waiting] = connection.execute(
        "SELECT count(*) FROM core_auditentry e "
        "WHERE NOT EXISTS (SELECT 1 FROM core_auditlink l WHERE l.entry_id = e.id)"
    ).fetchone()
    return Verified(rows, waiting, broken)


def anchor(path: Path, cursor: Any, *, at: datetime) -> None:
    """Write the chain's last link to the anchors file, if it moved since."""
    cursor.execute("SELECT seq, hash FROM core_auditlink ORDER BY seq DESC LIMIT 1")
    last = cursor.fetchone()
    if last is None:
        return
    seq, kept = last
    newest = max((known for known, _hash in _anchors(path)), default=0)
    if seq > newest:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w") as file:
            file.write(f"{at.astimezone(UTC).isoformat(timespec='seconds')} {seq} {bytes(kept).hex()}\n")


def _anchors(path: Path) -> Iterator[tuple[int, bytes]]:
    lines: Iterable[str] = path.read_text().splitlines() if path.exists() else ()
    for line in lines:
        parts = line.split()
        if len(parts) == 3:
            yield int(parts[1]), bytes.fromhex(parts[2])
