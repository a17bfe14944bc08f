"""Sealing, blind indexes and masks: the one place that touches personal data in the clear. R018, R020.

Sealed value = key id (1 byte) + nonce (12) + AES-256-GCM ciphertext and tag. The associated data is
`table.column:row id`, so a value copied to another row or column does not open. Data keys live in the
table `core_datakey`, wrapped by the master key, which is a file outside the database
(`CHEBAN_SECRETS_DIR/master_key`). Losing the master key loses the sealed values.

Blind index = HMAC-SHA256 under a key derived from the master key: equality can be searched, nothing read.
The last-four index is a 16-bit bucket keyed per store: candidates are opened and compared.
"""

from __future__ import annotations

import base64
import hmac
import os
import threading
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12
_FILE_CHUNK = 1 << 20
_ring: dict[int, AESGCM] | None = None
_lock = threading.Lock()


class SealBroken(Exception):
    """A sealed value does not open here: wrong row, wrong key, or changed bytes."""


def _derive(master: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"cheban/{purpose}".encode()).derive(master)


@cache
def _master() -> bytes:
    """The 32-byte master key: `CHEBAN_MASTER_KEY` (base64) or the file `master_key` of the secrets folder."""
    text = os.environ.get("CHEBAN_MASTER_KEY")
    if not text:
        text = (Path(os.environ["CHEBAN_SECRETS_DIR"]) / "master_key").read_text()
    key = base64.b64decode(text.strip())
    if len(key) != 32:
        raise SealBroken("the master key must be 32 bytes, base64")
    return key


@cache
def _index_key() -> bytes:
    return _derive(_master(), "blind-index")


def wrap_new_key() -> bytes:
    """A new random data key, wrapped by the master key, to be stored in `core_datakey`."""
    nonce = os.urandom(_NONCE)
    wrapper = AESGCM(_derive(_master(), "wrap"))
    return nonce + wrapper.encrypt(nonce, os.urandom(32), b"core_datakey")


def keyring() -> dict[int, AESGCM]:
    """All data keys by id, unwrapped once per process; the newest (highest id) seals."""
    global _ring
    if _ring is None:
        from cheban.core.models import DataKey

        with _lock:
            wrapper = AESGCM(_derive(_master(), "wrap"))
            try:
                _ring = {
                    row.id: AESGCM(
                        wrapper.decrypt(bytes(row.wrapped)[:_NONCE], bytes(row.wrapped)[_NONCE:], b"core_datakey")
                    )
                    for row in DataKey.objects.order_by("id")
                } or None
            except InvalidTag as error:
                raise SealBroken("the master key does not open the data keys of this database") from error
        if _ring is None:
            raise SealBroken("no data key yet: run `cheban migrate`")
    return _ring


def forget_keys() -> None:
    """Read the ring again at next use (after a rotation, or in a test with another database)."""
    global _ring
    _ring = None


def seal(text: str, *, bound_to: str) -> bytes:
    """Seal `text` for one place, `bound_to` = 'table.column:row id'."""
    ring = keyring()
    key_id = max(ring)
    nonce = os.urandom(_NONCE)
    return bytes([key_id]) + nonce + ring[key_id].encrypt(nonce, text.encode(), bound_to.encode())


def unseal(blob: bytes, *, bound_to: str) -> str:
    """Open a sealed value. Raises SealBroken when it belongs elsewhere or was changed."""
    blob = bytes(blob)
    try:
        key = keyring()[blob[0]]
        return key.decrypt(blob[1 : 1 + _NONCE], blob[1 + _NONCE :], bound_to.encode()).decode()
    except (InvalidTag, KeyError, IndexError) as error:
        raise SealBroken(f"cannot open {bound_to.split(':')[0]}") from error


def blind(kind: str, value: str) -> bytes:
    """16-byte keyed index of a normalised value, e.g. blind('phone', '+8613812345678')."""
    return hmac.digest(_index_key(), f"{kind}|full|{value}".encode(), sha256)[:16]


def tail_bucket(store_id: int, last_four: str) -> int:
    """Bucket 0..65535 of a number's last four digits within one store; candidates must be opened."""
    return int.from_bytes(hmac.digest(_index_key(), f"{store_id}|l4|{last_four}".encode(), sha256)[:2], "big")


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


def mask_phone(number: str) -> str:
    """138****1234; short or foreign numbers keep their last two digits."""
    digits = number.removeprefix("+86")
    if len(digits) == 11 and digits[0] == "1":
        return f"{digits[:3]}****{digits[-4:]}"
    return "*" * max(len(digits) - 4, 4) + digits[-4:] if len(digits) > 6 else "****" + digits[-2:]


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
