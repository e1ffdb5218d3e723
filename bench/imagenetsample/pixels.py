#!/usr/bin/env python3
"""Writes the pixels of pictures as Pillow decodes them.

    python3 bench/imagenetsample/pixels.py PICTURES OUT

For each .JPEG of the folder PICTURES there is a binary PPM file in OUT: 8-bit red,
green and blue. Needs Pillow; used with Pillow 13.0.0.
"""

import pathlib
import sys

from PIL import Image

if __name__ == "__main__":
    pictures, out = map(pathlib.Path, sys.argv[1:])
    out.mkdir(parents=True, exist_ok=True)
    for path in sorted(pictures.glob("*.JPEG")):
        Image.open(path).convert("RGB").save(out / (path.stem + ".ppm"))
