"""Files that people attach: what they say they are counts for nothing, what is kept is sealed and plain. R018, R034."""

from __future__ import annotations

import io
import os
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection, transaction
from PIL import Image

from cheban.core import clock as house
from cheban.core import files, privacy
from cheban.core.errors import NotFound
from cheban.core.models import StoredFile
from cheban.org import scope
from tests import pictures

pytestmark = pytest.mark.django_db


def taken(content: bytes, name: str = "合同.jpg") -> files.Taken:
    return files.take(io.BytesIO(content), name=name)


def on_disk() -> set[str]:
    folder = settings.DATA_DIR / files.FOLDER
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


@pytest.mark.req("R018")
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_photo_is_written_anew_without_what_the_camera_wrote(form):
    original = pictures.photo(form=form)
    assert b"Secret Camera" in original
    found = taken(original + b"<script>hidden</script>")
    assert found.kind == "photo" and found.content[:3] == b"\xff\xd8\xff"
    assert b"Secret Camera" not in found.content and b"<script>" not in found.content
    with Image.open(io.BytesIO(found.content)) as picture:
        assert picture.size == (600, 400) and not picture.getexif()


def test_a_photo_taken_sideways_stands_upright_and_a_large_one_is_brought_down():
    with Image.open(io.BytesIO(taken(pictures.photo(turned=True)).content)) as picture:
        assert picture.size == (600, 400)
        red, green, _blue = picture.getpixel((300, 50))
        assert red > 200 and green < 60
    with Image.open(io.BytesIO(taken(pictures.photo(size=(6000, 4000))).content)) as picture:
        assert max(picture.size) == files.LONG_SIDE


def test_what_is_transparent_becomes_paper():
    clear = io.BytesIO()
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(clear, "PNG")
    with Image.open(io.BytesIO(taken(clear.getvalue(), "截图.png").content)) as picture:
        assert picture.getpixel((10, 10)) == (255, 255, 255)


def test_a_pdf_is_kept_as_it_came():
    assert taken(pictures.PDF, "合同.jpg") == files.Taken("pdf", pictures.PDF)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "空的"),
        (b"<svg xmlns='x'><script>alert(1)</script></svg>", "不是照片或 PDF"),
        (b"MZ\x90\x00" + bytes(500), "不是照片或 PDF"),
        (b"GIF89a" + bytes(500), "不是照片或 PDF"),
        (b"\xff\xd8\xff\xe0" + bytes(500), "不是照片或 PDF"),
        (b"%PDF-1.7\ncut in the middle", "不完整"),
        (b"\x00\x00\x00\x18ftypheic" + bytes(500), "HEIC"),
        (b"\xff" * (files.MOST_BYTES + 1), "超过 15 MB"),
    ],
)
def test_anything_else_is_refused_in_words_whatever_its_name(content, says):
    with pytest.raises(files.FileRefused) as refused:
        taken(content, "合同.jpg")
    assert says in refused.value.message and "合同.jpg" in refused.value.message


def test_half_a_photo_and_a_picture_that_unpacks_to_gigabytes_are_refused():
    whole = pictures.photo()
    with pytest.raises(files.FileRefused, match="不是照片或 PDF"):
        taken(whole[: len(whole) // 2])
    for side in (9_100, 20_000):
        bomb = io.BytesIO()
        Image.new("1", (side, side)).save(bomb, "PNG")
        assert len(bomb.getvalue()) < 1 << 20
        with pytest.raises(files.FileRefused, match="像素太多"):
            taken(bomb.getvalue(), "图.png")


@pytest.mark.req("R018")
def test_what_lies_on_the_disk_is_sealed_bound_to_its_row_and_comes_back_whole(cast):
    first = files.keep(taken(pictures.PDF), store_id=cast.a.id, by_id=None)
    second = files.keep(taken(pictures.photo()), store_id=cast.a.id, by_id=None)
    folder = settings.DATA_DIR / files.FOLDER
    sealed = (folder / str(first.id)).read_bytes()
    assert b"%PDF" not in sealed and (folder / str(first.id)).stat().st_mode & 0o077 == 0
    assert files.content_of(first) == pictures.PDF
    (folder / str(second.id)).write_bytes(sealed)
    with pytest.raises(privacy.SealBroken):
        files.content_of(second)
    (folder / str(first.id)).unlink()
    with pytest.raises(NotFound, match="备份"):
        files.content_of(first)


@pytest.mark.req("R019")
def test_another_stores_file_is_not_there(cast):
    made = files.keep(taken(pictures.PDF), store_id=cast.a.id, by_id=None)
    scope.set_stores([cast.b.id])
    assert not StoredFile.objects.filter(id=made.id).exists() and files.drop([made.id]) == 0


def test_a_browser_saves_the_file_and_never_runs_it(cast):
    answer = files.response(files.keep(taken(pictures.PDF), store_id=cast.a.id, by_id=None), name="proof-1")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="proof-1.pdf"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff" and answer.headers["Cache-Control"] == "no-store"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


@pytest.mark.django_db(transaction=False)
def test_a_dropped_file_goes_with_the_commit_and_a_rollback_leaves_only_what_the_sweep_takes(
    cast, django_capture_on_commit_callbacks
):
    kept = files.keep(taken(pictures.PDF), store_id=cast.a.id, by_id=None)
    gone = files.keep(taken(pictures.PDF), store_id=cast.a.id, by_id=None)
    with django_capture_on_commit_callbacks(execute=True):
        assert files.drop([gone.id]) == 1
        assert str(gone.id) in on_disk()
    assert str(gone.id) not in on_disk() and str(kept.id) in on_disk()

    class Undone(Exception):
        pass

    with pytest.raises(Undone), transaction.atomic():
        lost = files.keep(taken(pictures.PDF), store_id=cast.a.id, by_id=None)
        raise Undone
    folder = settings.DATA_DIR / files.FOLDER
    (folder / f".{kept.id}.new").write_bytes(b"half")
    assert files.sweep(before=house.now() - timedelta(days=3650)) == 0  # young: its transaction may still be running
    old = (house.now() - timedelta(days=2)).timestamp()
    for path in folder.iterdir():
        os.utime(path, (old, old))
    with connection.cursor():
        scope.set_stores([cast.a.id, cast.b.id])
        assert files.sweep(before=house.now() - timedelta(days=1)) >= 2
    assert str(kept.id) in on_disk() and str(lost.id) not in on_disk() and f".{kept.id}.new" not in on_disk()
