"""Writes cut.txt: what Pillow reads of JPEG files that are cut short.

    python3 data/imagefile/testdata/make_cut.py

Each line is a picture of this folder, how many of its bytes are there, and the
SHA-256 of the red, green and blue values that Pillow has of them with
ImageFile.LOAD_TRUNCATED_IMAGES, not turned. Needs PyPI's Pillow 13.
"""

import hashlib
import io
import pathlib

from PIL import Image, ImageFile

ImageFile.LOAD_TRUNCATED_IMAGES = True
here = pathlib.Path(__file__).parent
NAMES = ["grey", "444", "422", "420", "rgb", "progressive", "progressive-420", "restarts", "cmyk", "sampling-1x2", "sampling-2x4"]
with open(here / "cut.txt", "w") as out:
    for name in NAMES:
        file = (here / "pictures" / f"{name}.jpg").read_bytes()
        start = file.index(b"\xff\xda")
        for i in range(12):
            n = start + 14 + (len(file) - start - 14) * i // 12
            try:
                rgb = Image.open(io.BytesIO(file[:n])).convert("RGB").tobytes()
            except OSError:
                continue
            print(name, n, hashlib.sha256(rgb).hexdigest(), file=out)
