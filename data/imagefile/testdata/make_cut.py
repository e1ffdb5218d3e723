"""Writes cut.txt: what Pillow reads of JPEG files that are cut short.

    python3 data/imagefile/testdata/make_cut.py

Each line is a picture of this folder, how many of its bytes are there, and the
SHA-256 of the red, green and blue values that Pillow has of them with
ImageFile.LOAD_TRUNCATED_IMAGES, not turned. Needs PyPI's Pillow 13.

Where a file ends within a segment, the marker of the end (ff d9) that Pillow adds
becomes a part of that segment, and Pillow returns a black picture. So Pillow is given
the file without the segment.
"""

import hashlib
import io
import pathlib

from PIL import Image, ImageFile

ImageFile.LOAD_TRUNCATED_IMAGES = True
here = pathlib.Path(__file__).parent
NAMES = ["grey", "444", "422", "420", "rgb", "progressive", "progressive-420", "restarts", "cmyk", "sampling-1x2", "sampling-2x4"]


def segments(file):
    """Yields where segments begin and end."""
    at = 2
    while file[at : at + 2] != b"\xff\xd9":
        end = at + 2 + int.from_bytes(file[at + 2 : at + 4], "big")
        yield at, end
        if file[at + 1] == 0xDA:
            while file[end] != 0xFF or file[end + 1] == 0 or 0xD0 <= file[end + 1] <= 0xD7:
                end += 1
        at = end


with open(here / "cut.txt", "w") as out:
    for name in NAMES:
        file = (here / "pictures" / f"{name}.jpg").read_bytes()
        start = next(end for at, end in segments(file) if file[at + 1] == 0xDA)
        for i in range(12):
            n = start + (len(file) - start) * i // 12
            whole = next((at for at, end in segments(file) if at < n < end), n)
            rgb = Image.open(io.BytesIO(file[:whole])).convert("RGB").tobytes()
            print(name, n, hashlib.sha256(rgb).hexdigest(), file=out)
