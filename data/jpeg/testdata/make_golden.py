"""Writes golden.tar.gz, some hundred small JPEG files, and golden.txt, the pixels
that Pillow has of them.

    python3 make_golden.py
    python3 make_golden.py FOLDER

The second form writes no files: it prints the pixels that Pillow has of the JPEG
files in a folder, for the test TestLikePillow. Both need Pillow 13 (the wheel of
PyPI, which has libjpeg-turbo 3) and NumPy, the first also cjpeg of libjpeg-turbo in
the PATH. golden.txt has a line a file and scale:

    NAME SCALE WIDTH HEIGHT MODE HASH

MODE is L or RGB, HASH the first 16 digits of the SHA-256 of the pixels, row by row
and interleaved. Files that are cut short get an end, as Pillow gives them one with
LOAD_TRUNCATED_IMAGES. Where the end is in the header of a scan, Pillow gets the file
without that header. Pillow reads no heights that follow the first scan (DNL); it
gets the file with the height at the beginning. MODE is error where it does not
read a file.
"""

import gzip
import hashlib
import io
import os
import random
import subprocess
import sys
import tarfile
import tempfile

import numpy as np
from PIL import Image

files = {}
for_pillow = {}  # what Pillow is given instead of a file


def picture(w, h, seed, mode="RGB"):
    """A picture with gradients, edges and noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:h, 0:w]
    channels = {"L": 1, "RGB": 3, "CMYK": 4}[mode]
    out = np.empty((h, w, channels))
    for c in range(channels):
        a, b, phase = rng.uniform(-6, 6, 3)
        out[..., c] = 128 + a * (x - w / 2) + b * (y - h / 2) + 40 * np.sin(x / (3 + c) + y / 5 + phase)
        out[..., c] += np.where((x // 9 + y // 7 + c) % 3 == 0, 50, 0) + rng.normal(0, 6, (h, w))
    out = np.clip(out, 0, 255).astype(np.uint8)
    return Image.fromarray(out[..., 0] if mode == "L" else out, mode)


def cjpeg(im, *arguments, scans=None):
    ppm = io.BytesIO()
    im.save(ppm, "PPM")
    with tempfile.TemporaryDirectory() as folder:
        if scans is not None:
            path = os.path.join(folder, "scans")
            with open(path, "w") as f:
                f.write(scans)
            arguments += ("-scans", path)
        return subprocess.run(["cjpeg", *arguments], input=ppm.getvalue(), stdout=subprocess.PIPE, check=True).stdout


def pillow(im, **options):
    out = io.BytesIO()
    im.save(out, "JPEG", **options)
    return out.getvalue()


def segments(data):
    """The segments up to the first scan as (marker, begin, end), and where its data begin."""
    found, at = [], 2
    while True:
        marker, end = data[at + 1], at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        found.append((marker, at, end))
        if marker == 0xDA:
            return found, end
        at = end


def without(data, *markers):
    for marker, begin, end in reversed(segments(data)[0]):
        if marker in markers:
            data = data[:begin] + data[end:]
    return data


def with_ids(data, ids):
    """The file with other component ids."""
    out = bytearray(data)
    for marker, begin, _ in segments(data)[0]:
        for i, id in enumerate(ids):
            if marker in (0xC0, 0xC1):
                out[begin + 10 + 3 * i] = id
            if marker == 0xDA:
                out[begin + 5 + 2 * i] = id
    return bytes(out)


def adobe(transform):
    return b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00" + bytes([transform])


def restarts(data):
    begin = segments(data)[1]
    return [i for i in range(begin, len(data) - 1) if data[i] == 0xFF and 0xD0 <= data[i + 1] <= 0xD7]


SIZES = [(1, 1), (2, 3), (5, 2), (8, 8), (9, 7), (16, 17), (23, 31), (33, 18), (47, 40), (70, 70)]

SAMPLING = [
    "1x1", "2x1", "1x2", "2x2", "4x1", "1x4", "4x2", "2x4", "3x1", "1x3", "3x2", "2x3",
    "1x1,2x2,2x2", "1x1,2x1,1x2", "2x2,2x1,1x2", "2x2,1x2,2x1", "2x1,1x1,2x1", "2x2,1x1,2x2", "4x1,2x1,1x1", "1x4,1x2,1x1",
    "1x1,1x1,3x1", "1x2,1x1,1x1", "4x2,1x1,1x1",
]  # fmt: skip

SCRIPTS = {  # of progressive files
    "spectral": "0,1,2: 0-0, 0, 0; 0: 1-5, 0, 0; 2: 1-63, 0, 0; 1: 1-63, 0, 0; 0: 6-63, 0, 0;",
    "dconly": "0,1,2: 0-0, 0, 1; 0,1,2: 0-0, 1, 0;",
    "first": "0,1,2: 0-0, 0, 0;",
    "low": "0: 0-0, 0, 0; 1: 0-0, 0, 2; 2: 0-0, 0, 1; 0: 1-2, 0, 1; 1: 1-5, 0, 3;",
    "deep": "0,1,2: 0-0, 0, 3; 0: 1-63, 0, 4; 0,1,2: 0-0, 3, 2; 0: 1-63, 4, 3; 1: 1-63, 0, 2; 2: 1-63, 0, 3; 0,1,2: 0-0, 2, 1; "
    "0: 1-63, 3, 2; 0: 1-63, 2, 1; 0,1,2: 0-0, 1, 0; 2: 1-63, 3, 2; 2: 1-63, 2, 1; 0: 1-63, 1, 0; 1: 1-63, 2, 1; 1: 1-63, 1, 0; 2: 1-63, 1, 0;",
    "narrow": "0,1,2: 0-0, 0, 0; " + " ".join(f"0: {k}-{k}, 0, 1;" for k in range(1, 64)) + " 0: 1-63, 1, 0; 1: 1-63, 0, 0; 2: 1-63, 0, 0;",
    "nochroma": "0,1,2: 0-0, 0, 1; 0: 1-63, 0, 0;",
}


def add_sampling():
    for i, sampling in enumerate(SAMPLING):
        for j, (w, h) in enumerate(SIZES):
            if j % 3 != i % 3 and (w, h) not in ((1, 1), (47, 40)) and sampling not in ("2x2", "2x1", "1x2"):
                continue
            im = picture(w, h, 100 * i + j)
            name = f"sampling/{sampling}-{w}x{h}"
            files[name] = cjpeg(im, "-sample", sampling, "-quality", "80")
            files[name + "-progressive"] = cjpeg(im, "-sample", sampling, "-quality", "70", "-progressive")
    im = picture(30, 40, 7)
    for sampling in "4x4", "3x3", "4x4,2x2,4x2":
        files[f"sampling/{sampling}-scans"] = cjpeg(im, "-sample", sampling, scans="0; 1; 2;")
    fractional = bytearray(cjpeg(im, "-sample", "3x1"))
    fractional[[a for m, a, _ in segments(fractional)[0] if m == 0xC0][0] + 14] = 0x21  # the second component at 2/3
    files["sampling/fractional"] = bytes(fractional)
    files["sampling/2x2-scans"] = cjpeg(im, "-sample", "2x2", scans="0; 1, 2;")
    files["sampling/2x1-scans"] = cjpeg(im, "-sample", "2x1", scans="0, 1; 2;")


def add_options():
    for quality in 1, 5, 25, 60, 90, 100:
        im = picture(40, 37, quality)
        for name, more in ("", ()), ("-progressive", ("-progressive",)), ("-baseline", ("-baseline", "-optimize")):
            files[f"quality/{quality}{name}"] = cjpeg(im, "-quality", str(quality), *more)
    for w, h in SIZES:
        im = picture(w, h, w * h, "L")
        files[f"grey/{w}x{h}"] = cjpeg(im, "-quality", "85")
        files[f"grey/{w}x{h}-progressive"] = cjpeg(im, "-quality", "85", "-progressive")
    files["grey/2x2"] = cjpeg(picture(35, 29, 1, "L"), "-sample", "2x2")
    for interval in "1B", "2B", "5B", "1", "3":
        for sampling in "1x1", "2x2":
            im = picture(61, 50, len(interval), "RGB")
            more = ("-restart", interval, "-sample", sampling)
            files[f"restart/{interval}-{sampling}"] = cjpeg(im, *more)
            files[f"restart/{interval}-{sampling}-progressive"] = cjpeg(im, *more, "-progressive")
    for name, script in SCRIPTS.items():
        for w, h in (9, 20), (48, 41):
            for sampling in "1x1", "2x2":
                files[f"script/{name}-{sampling}-{w}x{h}"] = cjpeg(picture(w, h, w), "-sample", sampling, "-quality", "60", scans=script)


def add_colors():
    im = picture(37, 26, 9)
    files["color/rgb"] = cjpeg(im, "-rgb")
    files["color/rgb-progressive"] = pillow(im, keep_rgb=True, progressive=True)
    plain = without(cjpeg(im, "-quality", "90", "-sample", "1x1"), 0xE0)
    files["color/no-jfif"] = plain
    files["color/no-tables"] = without(plain, 0xC4)
    for name, ids in ("rgb", b"RGB"), ("012", b"\0\1\2"), ("equal", b"\5\5\5"), ("bgr", b"BGR"):
        files[f"color/ids-{name}"] = with_ids(plain, ids)
    for transform in 0, 1, 2:
        files[f"color/adobe-{transform}"] = plain[:2] + adobe(transform) + plain[2:]
        files[f"color/jfif-adobe-{transform}"] = plain[:2] + segment_jfif() + adobe(transform) + plain[2:]
    for w, h in (1, 1), (13, 9), (40, 35):
        for subsampling in 0, 1, 2:
            cmyk = pillow(picture(w, h, w, "CMYK"), quality=90, subsampling=subsampling)
            name = f"color/cmyk-{w}x{h}-{subsampling}"
            files[name] = cmyk
            files[name + "-progressive"] = pillow(picture(w, h, h, "CMYK"), quality=90, subsampling=subsampling, progressive=True)
            files[name + "-ycck"] = cmyk.replace(adobe(0), adobe(2))
            files[name + "-no-adobe"] = without(cmyk, 0xEE)


def segment_jfif():
    return b"\xff\xe0\x00\x10JFIF\0\1\1\0\0\1\0\1\0\0"


def add_structure():
    plain = pillow(picture(29, 33, 4), quality=75, exif=Image.Exif(), comment=b"a comment")
    files["structure/trailing"] = plain + b"some bytes\xff\xd8\xff\xe0 more"
    files["structure/no-end"] = plain[:-2]
    parts, begin = segments(plain)
    filled = b"".join(b"\xff\xff\xff" + plain[a:b] for _, a, b in parts)
    files["structure/fill-bytes"] = plain[:2] + filled + plain[begin:]
    files["structure/junk"] = plain[:2] + b"".join(plain[a:b] + b"\x00junk" for m, a, b in parts if m != 0xDA) + plain[parts[-1][1] :]
    files["structure/comment"] = plain[:2] + b"\xff\xfe\x00\x09comment" + plain[2:]
    files["structure/fill-in-data"] = plain[:begin] + plain[begin:].replace(b"\xff\x00", b"\xff\xff\xff\x00")
    quant = [(a, b) for m, a, b in parts if m == 0xDB]
    joined = b"".join(plain[a + 4 : b] for a, b in quant)
    files["structure/one-dqt"] = plain[: quant[0][0]] + b"\xff\xdb" + (len(joined) + 2).to_bytes(2, "big") + joined + plain[quant[-1][1] :]
    optimized = cjpeg(picture(29, 33, 4), "-optimize", scans="0; 1; 2;")
    files["structure/optimized-scans"] = optimized
    for name, data in ("", cjpeg(picture(50, 43, 5), "-restart", "2B")), ("-progressive", cjpeg(picture(30, 31, 6), "-progressive")):
        files[f"structure/dnl{name}"], for_pillow[f"structure/dnl{name}"] = with_dnl(data), data


def with_dnl(data):
    """The file with its height behind the first scan."""
    parts, begin = segments(data)
    at = [a for m, a, _ in parts if m in (0xC0, 0xC2)][0] + 5
    height = data[at : at + 2]
    end = next(i for i in range(begin, len(data)) if data[i] == 0xFF and data[i + 1] != 0 and not 0xD0 <= data[i + 1] <= 0xD7)
    return data[:at] + b"\0\0" + data[at + 2 : end] + b"\xff\xdc\x00\x04" + height + data[end:]


def add_damaged():
    rng = random.Random(1)
    im = picture(59, 62, 3)
    sources = {
        "baseline": cjpeg(im, "-quality", "80"),
        "restart": cjpeg(im, "-quality", "80", "-restart", "3B"),
        "scans": cjpeg(im, scans="0; 1; 2;"),
        "progressive": cjpeg(im, "-quality", "85", "-progressive"),
        "progressive-restart": cjpeg(im, "-quality", "85", "-progressive", "-restart", "4B"),
        "grey-progressive": cjpeg(im.convert("L"), "-quality", "85", "-progressive"),
        "deep": cjpeg(im, "-sample", "1x1", scans=SCRIPTS["deep"]),
    }
    for name, data in sources.items():
        begin = segments(data)[1]
        for i in range(12):
            files[f"cut/{name}-{i}"] = data[: begin + (len(data) - begin) * i // 12 + i % 2]
        for i in range(10):
            out = bytearray(data)
            for _ in range(rng.choice((1, 1, 2, 5))):
                out[rng.randrange(begin, len(data) - 2)] = rng.randrange(256)
            files[f"damaged/{name}-{i}"] = bytes(out)
        for i in range(4):
            at, n = rng.randrange(begin, len(data) - 20), rng.randrange(1, 9)
            files[f"damaged/{name}-lost-{i}"] = data[:at] + data[at + n :]
        places = restarts(data)
        for i, by in enumerate((1, 2, 3, 4, 5, 6, 7) if places else ()):
            at = places[rng.randrange(1, len(places) - 1)]
            out = bytearray(data)
            out[at + 1] = 0xD0 + (out[at + 1] + by) % 8
            files[f"damaged/{name}-number-{by}"] = bytes(out)
        for i in range(8 if places else 0):
            at = places[rng.randrange(0, len(places) - 1)]
            out = (data[:at] + data[at + 2 :], data[:at] + data[at : at + 2] + data[at:], data[:at] + b"\xff\x05" + data[at:])[i % 3]
            if i > 5:  # an interval is lost
                out = data[:at] + data[places[places.index(at) + 1 + i % 2 :][0] :] if at != places[-2] else data[:at] + data[places[-1] :]
            files[f"damaged/{name}-marker-{i}"] = out


def expected(name, data, scale):
    found = read(data, scale)
    for n in range(500 if name.startswith("cut/") else 1):
        if "error" in found:
            found = read(data[: len(data) - n] + b"\xff\xd9", scale)
    return found


def read(data, scale):
    try:
        im = Image.open(io.BytesIO(data))
        if scale > 1:
            w, h = ((n + scale - 1) // scale for n in im.size)
            im.decoderconfig, im._size = (scale, 0), (w, h)
            im.tile = [im.tile[0]._replace(extents=(0, 0, w, h))]
        im.load()
    except (OSError, SyntaxError):
        return "0 0 error -"
    if im.mode == "CMYK":
        im = im.convert("RGB")
    return f"{im.width} {im.height} {im.mode} {hashlib.sha256(im.tobytes()).hexdigest()[:16]}"


def main():
    add_sampling()
    add_options()
    add_colors()
    add_structure()
    add_damaged()
    folder = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(folder, "golden.txt"), "w") as text, open(os.path.join(folder, "golden.tar.gz"), "wb") as f:
        with gzip.GzipFile("", "wb", 9, f, 0) as packed, tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for name, data in sorted(files.items()):
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
                for scale in 1, 2, 4, 8:
                    print(name, scale, expected(name, for_pillow.get(name, data), scale), file=text)


def print_folder(folder):
    """Prints lines SCALE WIDTH HEIGHT MODE HASH PATH."""
    for path, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            if name.lower().endswith((".jpg", ".jpeg")):
                with open(os.path.join(path, name), "rb") as f:
                    data = f.read()
                for scale in 1, 2, 4, 8:
                    print(scale, expected(name, data, scale), os.path.join(path, name))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print_folder(sys.argv[1])
    else:
        main()
