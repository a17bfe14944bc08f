"""Sealing, blind indexes and masks: the one place that touches personal data in the clear. R018, R020.

Sealed value = key id (1 byte) + nonce (12) + AES-256-GCM ciphertext and tag. The associated data is
`table.column:row id`, so a value copied to another row or column does not open. Data keys live in the
table `core_datakey`, wrapped by the master key, which is a file outside the database
(`CHEBAN_SECRETS_DIR/master_key`). Losing the master key loses the sealed values.

Several keys are in use while a rotation runs, and by backups after it. A process that meets a value of a key it does
not know reads the ring again; one that seals looks for a newer key once a minute.

Blind index = HMAC-SHA256 under a key derived from the first master key: equality can be searched, nothing read. When the
master key is changed, that key is kept in the file `index_key`, so that no index has to be built again.
The last-four index is a 16-bit bucket keyed per store: candidates are opened and compared.
"""

from __future__ import annotations

import base64
import hmac
import os
import threading
import time
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.db import DatabaseError

_NONCE = 12
_FILE_CHUNK = 1 << 20
_RING_SECONDS = 60
"""How long a process may seal with a key after a newer one was made."""
_ring: dict[int, AESGCM] | None = None
_ring_read_at = 0.0
_lock = threading.Lock()


class SealBroken(Exception):
    """A sealed value does not open here: wrong row, wrong key, or changed bytes."""


def _derive(master: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"cheban/{purpose}".encode()).derive(master)


def _secret_file(name: str) -> bytes | None:
    """A 32-byte key from a file of the secrets folder, or None."""
    folder = os.environ.get("CHEBAN_SECRETS_DIR")
    path = Path(folder) / name if folder else None
    if path is None or not path.exists():
        return None
    key = base64.b64decode(path.read_text().strip())
    if len(key) != 32:
        raise SealBroken(f"{name} must be 32 bytes, base64")
    return key


@cache
def _master() -> bytes:
    """The 32-byte master key: `CHEBAN_MASTER_KEY` (base64) or the file `master_key` of the secrets folder."""
    if text := os.environ.get("CHEBAN_MASTER_KEY"):
        key = base64.b64decode(text.strip())
        if len(key) != 32:
            raise SealBroken("the master key must be 32 bytes, base64")
        return key
    key = _secret_file("master_key")
    if key is None:
        raise SealBroken("no master key: the file master_key of the secrets folder is missing")
    return key


@cache
def index_key() -> bytes:
    """The key of blind indexes: kept in a file once the master key was changed, before that derived from it."""
    return _secret_file("index_key") or _derive(_master(), "blind-index")


@cache
def audit_key() -> bytes:
    """The key of the audit trail's chain; outlives a change of the master key as the indexes do."""
    return _derive(index_key(), "audit")


def _wrap(master: bytes, key: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(_derive(master, "wrap")).encrypt(nonce, key, b"core_datakey")


def _unwrap(wrapped: bytes, *masters: bytes) -> bytes:
    """The data key; the first master key that opens it counts. Raises SealBroken when none does."""
    for master in masters:
        try:
            return AESGCM(_derive(master, "wrap")).decrypt(wrapped[:_NONCE], wrapped[_NONCE:], b"core_datakey")
        except InvalidTag:
            continue
    raise SealBroken("the master key does not open the data keys of this database")


def wrap_new_key() -> bytes:
    """A new random data key, wrapped by the master key, to be stored in `core_datakey`."""
    return _wrap(_master(), os.urandom(32))


def rewrap(wrapped: bytes, *, new_master: bytes) -> bytes:
    """The same data key, wrapped by another master key."""
    return _wrap(new_master, _unwrap(wrapped, *_masters(), new_master))


def _masters() -> list[bytes]:
    """The master key, and the next one while a change of it is under way."""
    return [key for key in (_master(), _secret_file("master_key.next")) if key]


def _read_ring() -> dict[int, AESGCM]:
    global _ring, _ring_read_at
    from cheban.core.models import DataKey

    with _lock:
        _ring_read_at = time.monotonic()
        masters = _masters()
        _ring = {
            row.id: AESGCM(_unwrap(bytes(row.wrapped), *masters)) for row in DataKey.objects.order_by("id")
        } or None
    if _ring is None:
        raise SealBroken("no data key yet: run `cheban migrate`")
    return _ring


def keyring() -> dict[int, AESGCM]:
    """All data keys by id, unwrapped once per process; the newest (highest id) seals."""
    return _ring or _read_ring()


def forget_keys() -> None:
    """Read the ring again at next use (after a rotation, or in a test with another database)."""
    global _ring
    _ring = None
    for kept in (_master, index_key, audit_key):
        kept.cache_clear()


def _ring_to_seal() -> dict[int, AESGCM]:
    """The ring, not older than a minute when the database answers; the one in hand when it does not."""
    if _ring is not None and time.monotonic() - _ring_read_at > _RING_SECONDS:
        with suppress(DatabaseError):
            return _read_ring()
    return keyring()


def _key(number: int) -> AESGCM:
    """The key of a value; a key made by another process since is looked up once."""
    ring = keyring()
    return ring[number] if number in ring else _read_ring()[number]


def seal(text: str, *, bound_to: str) -> bytes:
    """Seal `text` for one place, `bound_to` = 'table.column:row id'."""
    ring = _ring_to_seal()
    key_id = max(ring)
    nonce = os.urandom(_NONCE)
    return bytes([key_id]) + nonce + ring[key_id].encrypt(nonce, text.encode(), bound_to.encode())


def unseal(blob: bytes, *, bound_to: str) -> str:
    """Open a sealed value. Raises SealBroken when it belongs elsewhere or was changed."""
    blob = bytes(blob)
    try:
        return _key(blob[0]).decrypt(blob[1 : 1 + _NONCE], blob[1 + _NONCE :], bound_to.encode()).decode()
    except (InvalidTag, KeyError, IndexError) as error:
        raise SealBroken(f"cannot open {bound_to.split(':')[0]}") from error


def blind(kind: str, value: str) -> bytes:
    """16-byte keyed index of a normalised value, e.g. blind('phone', '+8613812345678')."""
    return hmac.digest(index_key(), f"{kind}|full|{value}".encode(), sha256)[:16]


def tail_bucket(store_id: int, last_four: str) -> int:
    """Bucket 0..65535 of a number's last four digits within one store; candidates must be opened."""
    return int.from_bytes(hmac.digest(index_key(), f"{store_id}|l4|{last_four}".encode(), sha256)[:2], "big")


def lock(text: str, *, purpose: str) -> str:
    """A short secret of the house itself (second factors, credentials of channels) as text; not a person's data.

    Its key is derived from the index key: it outlives rotations and changes of the master key.
    """
    nonce = os.urandom(_NONCE)
    cipher = AESGCM(_derive(index_key(), purpose))
    return base64.b64encode(nonce + cipher.encrypt(nonce, text.encode(), purpose.encode())).decode()


def unlock(locked: str, *, purpose: str) -> str:
    """Open what `lock` closed. Raises SealBroken."""
    blob = base64.b64decode(locked)
    try:
        cipher = AESGCM(_derive(index_key(), purpose))
        return cipher.decrypt(blob[:_NONCE], blob[_NONCE:], purpose.encode()).decode()
    except InvalidTag as error:
        raise SealBroken(f"cannot open {purpose}") from error


def seal_file(source: BinaryIO, target: Path, *, bound_to: str) -> int:
    """Seal a stream to `target` in 1 MiB chunks, mode 0600; returns its size in bytes when open."""
    size = number = 0
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        while chunk := source.read(_FILE_CHUNK):
            blob = seal(base64.b85encode(chunk).decode(), bound_to=f"{bound_to}#{number}")
            out.write(len(blob).to_bytes(4, "big") + blob)
            size, number = size + len(chunk), number + 1
        end = seal("end", bound_to=f"{bound_to}#{number}")
        out.write(len(end).to_bytes(4, "big") + end)
        out.flush()
        os.fsync(out.fileno())
    return size


def unseal_file(source: Path, target: BinaryIO, *, bound_to: str) -> None:
    """Write the clear content of a sealed file to `target`. Raises SealBroken if cut or changed."""
    number = 0
    with source.open("rb") as file:
        while head := file.read(4):
            text = unseal(file.read(int.from_bytes(head, "big")), bound_to=f"{bound_to}#{number}")
            if text == "end":
                return
            target.write(base64.b85decode(text))
            number += 1
    raise SealBroken("the stored file was cut")


COMPANY_FROM = 4
"""Longer than any person's name in Chinese characters without a dot: the name of a firm."""


def mask_phone(number: str) -> str:
    """138****1234; short or foreign numbers keep their last two digits."""
    digits = number.removeprefix("+86")
    if len(digits) == 11 and digits[0] == "1":
        return f"{digits[:3]}****{digits[-4:]}"
    return "*" * max(len(digits) - 4, 4) + digits[-4:] if len(digits) > 6 else "****" + digits[-2:]


def mask_name(name: str) -> str:
    """张伟 -> 张*, 上海源通科技有限公司 -> 上海**公司: enough to recognise, not enough to carry away."""
    is_company = len(name) > COMPANY_FROM and "·" not in name and not name.isascii()
    return f"{name[:2]}**{name[-2:]}" if is_company else name[:1] + "*" * min(max(len(name) - 1, 0), 2)


def mask_plate(plate: str) -> str:
    """沪A12345 -> 沪A···45; what is too short to hide anything stays as it is."""
    return f"{plate[:2]}···{plate[-2:]}" if len(plate) > 4 else plate


def mask_id_number(number: str) -> str:
    """310***********1234: region and last four places of an identity number."""
    return f"{number[:3]}{'*' * max(len(number) - 7, 4)}{number[-4:]}" if len(number) > 8 else "****"


def mask_address(address: str) -> str:
    """The first six characters (province and city), the rest hidden."""
    return f"{address[:6]}****" if address else ""


def mask_email(address: str) -> str:
    """z***@example.com"""
    name, _, host = address.partition("@")
    return f"{name[:1]}***@{host}" if host else "***"
