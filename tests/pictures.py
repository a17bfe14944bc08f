"""Photos and PDFs as phones and scanners make them, for what takes files in."""

from __future__ import annotations

import io

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

PLACE = (31.0, 14.0, 12.5)
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\nxref\n0 1\ntrailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF\n"


def photo(*, size: tuple[int, int] = (600, 400), form: str = "JPEG", turned: bool = False, mode: str = "RGB") -> bytes:
    """A picture, red above and white below, with a camera's name and a place in it; `turned` lies on its side."""
    picture = Image.new(mode, size, "white")
    picture.paste("red", (0, 0, size[0], size[1] // 2))
    exif = Image.Exif()
    exif[0x010F] = "Secret Camera"  # Make
    exif.get_ifd(0x8825)[2] = PLACE  # GPSLatitude
    if turned:
        picture = picture.transpose(Image.Transpose.ROTATE_90)
        exif[0x0112] = 6  # the camera says: turn clockwise
    out = io.BytesIO()
    picture.save(out, form, exif=exif.tobytes())
    return out.getvalue()


def uploaded(content: bytes, name: str = "合同.jpg") -> SimpleUploadedFile:
    """As a browser sends it; what it says about the type is not believed."""
    return SimpleUploadedFile(name, content, content_type="application/octet-stream")
