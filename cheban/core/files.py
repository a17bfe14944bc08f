"""Files that people attach: photos and PDFs, sealed on the disk, their rows under row-level security. R018, R034.

A file is what its content says, never its name or what the browser claims. Photos are written anew: what the camera
put into them (place, device, time) and whatever lay behind the picture stays outside. The name on somebody's computer
is not kept, it often holds a person's name. The content lies below the data folder, sealed by the data keys; the row
says whose store it is. Decision 36.

`keep` runs in the caller's transaction: the sealed file is on the disk before the row is; what a rollback leaves behind
is swept away (`sweep`). `drop` takes the row out now and the content with the commit.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.utils.translation import gettext as _

from cheban.core import clock, privacy
from cheban.core.errors import NotFound, Refused
from cheban.core.ids import new_id
from cheban.core.models import StoredFile

FOLDER = "files/kept"
MOST_BYTES = 15 << 20
MOST_PIXELS = 80_000_000
"""Of a photo as it comes; more is a picture that unpacks to gigabytes."""
LONG_SIDE = 2_400
"""Pixels that a photo is brought down to: an A4 page stays readable."""
QUALITY = 85
ACCEPT = ".jpg,.jpeg,.png,.webp,.pdf"
"""For a form's file field. A phone that takes photos in another format hands over JPEG when asked for these."""
TYPES = {StoredFile.Kind.PHOTO: ("image/jpeg", "jpg"), StoredFile.Kind.PDF: ("application/pdf", "pdf")}
_PDF_END = re.compile(rb"startxref\s+\d+\s+%%EOF\s*\Z")
_HEIC = (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftyphevc")


class FileRefused(Refused):
    """This file is not taken in; the message says why and what to do."""

    status = 422


@dataclass(frozen=True, slots=True)
class Taken:
    """A file that was looked into: what it is, and its content as it will be kept."""

    kind: str
    content: bytes


def take(source: BinaryIO, *, name: str = "", size: int | None = None) -> Taken:
    """Look into an uploaded file. `name` is for messages only. Raises FileRefused."""
    label = name or _("这个文件")
    if size is not None and size > MOST_BYTES:
        raise FileRefused(_too_large(label, size))
    content = source.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise FileRefused(_too_large(label, len(content)))
    if not content:
        raise FileRefused(_("%(name)s 是空的，请重新选择。") % {"name": label})
    if content.startswith(b"%PDF-"):
        return Taken(StoredFile.Kind.PDF, _pdf(content, label))
    if content[4:12] in _HEIC:
        raise FileRefused(
            _("%(name)s 是 HEIC 照片，很多电脑打不开。请在手机上直接选照片上传，或先存成 JPG。") % {"name": label}
        )
    return Taken(StoredFile.Kind.PHOTO, _photo(content, label))


def _too_large(label: str, size: int) -> str:
    return _("%(name)s 有 %(mb).1f MB，超过 %(most)d MB。请拍照上传，或把 PDF 压缩后再传。") % {
        "name": label,
        "mb": size / (1 << 20),
        "most": MOST_BYTES >> 20,
    }


def _pdf(content: bytes, label: str) -> bytes:
    """A PDF that is whole. It is never shown by us, only handed out to be saved."""
    if not _PDF_END.search(content[-2048:].rstrip(b"\x00")):
        raise FileRefused(_("%(name)s 不完整（可能上传或复制时中断）。请重新导出后再传。") % {"name": label})
    return content


def _photo(content: bytes, label: str) -> bytes:
    """The picture alone as a JPEG: upright, no larger than needed, without anything the camera wrote beside it."""
    from PIL import Image, ImageOps  # loads late: only who attaches a photo needs it

    unreadable = _("%(name)s 不是照片或 PDF。可以上传 JPG、PNG、WebP 照片或 PDF。") % {"name": label}
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "WEBP")) as found:
            if found.width * found.height > MOST_PIXELS:
                raise Image.DecompressionBombError
            found.draft("RGB", (LONG_SIDE, LONG_SIDE))
            upright = ImageOps.exif_transpose(found)
            upright.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS)
            plain = Image.new("RGB", upright.size, "white")  # what is transparent is paper
            clear = upright.convert("RGBA")
            plain.paste(clear, mask=clear.getchannel("A"))
    except Image.DecompressionBombError:
        raise FileRefused(_("%(name)s 的像素太多，请用手机重新拍一张。") % {"name": label}) from None
    except Exception:  # a library of parsers: whatever it stumbles over, this is no photo that we can read
        raise FileRefused(unreadable) from None
    out = io.BytesIO()
    plain.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue()


def keep(taken: Taken, *, store_id: int, by_id: int | None) -> StoredFile:
    """Keep a file for a store, in the running transaction."""
    id = new_id()
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    privacy.seal_file(io.BytesIO(taken.content), folder / str(id), bound_to=bound_to(str(id)))
    return StoredFile.objects.create(
        id=id,
        store_id=store_id,
        kind=taken.kind,
        bytes=len(taken.content),
        digest=sha256(taken.content).digest(),
        kept_by_id=by_id,
        kept_at=clock.now(),
    )


def content_of(file: StoredFile) -> bytes:
    """What the file holds. Raises NotFound when it is gone from the disk, SealBroken when it was changed."""
    path, out = _folder() / str(file.id), io.BytesIO()
    if not path.exists():
        raise NotFound(_("这个文件不在磁盘上了。请管理员从备份里恢复。"))
    privacy.unseal_file(path, out, bound_to=bound_to(str(file.id)))
    if sha256(out.getvalue()).digest() != bytes(file.digest):
        raise privacy.SealBroken("the stored file is not the one that was kept")
    return out.getvalue()


def response(file: StoredFile, *, name: str) -> HttpResponse:
    """The file for a browser: to be saved or drawn as a picture, never run as a page of ours, kept in no cache."""
    content_type, suffix = TYPES[StoredFile.Kind(file.kind)]
    answer = HttpResponse(content_of(file), content_type=content_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.{suffix}"'
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


def drop(ids: Iterable[UUID]) -> int:
    """Take files out for good: rows now, contents with the commit. Returns how many."""
    gone = [str(i) for i in ids]
    count, _rows = StoredFile.objects.filter(id__in=gone).delete()
    transaction.on_commit(lambda: [(_folder() / name).unlink(missing_ok=True) for name in gone])
    return count


def sweep(*, before: datetime) -> int:
    """Contents without a row that lie there since `before`: left by a rollback or a kill between commit and unlink.
    Needs the scope of every store, else it would take files of those it does not see. Returns how many."""
    folder, gone = _folder(), 0
    if not folder.exists():
        return 0
    old = [path for path in folder.iterdir() if path.stat().st_mtime < before.timestamp()]
    known = {str(i) for i in StoredFile.objects.values_list("id", flat=True)} if old else set()
    for path in old:
        if path.name not in known:  # a draft of a key rotation too
            path.unlink(missing_ok=True)
            gone += 1
    return gone


def bound_to(name: str) -> str:
    """What the content of a file of this name is bound to."""
    return f"file:{name}"


def _folder() -> Path:
    return settings.DATA_DIR / FOLDER
