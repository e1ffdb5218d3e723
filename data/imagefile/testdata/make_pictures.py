#!/usr/bin/env python3
"""Writes pictures/, a small picture for each format and property, and
pictures.jsonl.gz, what Pillow reads of each: a line a picture with its pixels, RGBA
after ImageOps.exif_transpose, or the error.

Made with Pillow 13.0.0 (libwebp 1.6.0, libjpeg-turbo 3.2.0) and, for
the sampling ratios of JPEG, ImageMagick 6.9.11. Where neither can
write a property, the bytes are put together here.
"""
import base64
import gzip
import io
import json
import pathlib
import random
import shutil
import struct
import subprocess
import zlib

from PIL import Image, ImageOps

here = pathlib.Path(__file__).parent
folder = here / "pictures"
shutil.rmtree(folder, ignore_errors=True)
folder.mkdir()
rng = random.Random(11)
W, H = 21, 14
lines = []


def base(w=W, h=H, noise=20):
    picture = Image.new("RGB", (w, h))
    for y in range(h):
        for x in range(w):
            picture.putpixel((x, y), (x * 255 // w, y * 255 // h, (x * y * 5 + rng.randrange(noise)) % 256))
    return picture


def with_alpha():
    picture = base().convert("RGBA")
    picture.putalpha(Image.frombytes("L", (W, H), bytes((x * 13 + y * 7) % 256 for y in range(H) for x in range(W))))
    return picture


def cell(name, prop, data, right=None, why=""):
    """Keeps a picture, and what Pillow reads of it, or the right RGBA picture where
    Pillow is wrong or reads nothing, and why."""
    form = {"png": "PNG", "jpg": "JPEG", "gif": "GIF", "bmp": "BMP", "webp": "WebP", "tif": "TIFF"}[name.rsplit(".")[-1]]
    (folder / name).write_bytes(data)
    line = {"file": name, "format": form, "property": prop}
    try:
        picture = Image.open(io.BytesIO(data))
        picture.load()
        line["mode"] = picture.mode
        picture = ImageOps.exif_transpose(picture).convert("RGBA")
        line["width"], line["height"] = picture.size
        line["rgba"] = base64.b64encode(picture.tobytes()).decode()
    except Exception as e:
        line["error"] = str(e).replace(repr(e), "") or type(e).__name__
        if "BytesIO" in line["error"]:
            line["error"] = "cannot identify image file"
    if right:
        line["why"], line["width"], line["height"] = why, *right.size
        line["rgba"] = base64.b64encode(right.convert("RGBA").tobytes()).decode()
    lines.append(line)


def saved(picture, form, **options):
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def exif(value, kind=3, order=">", tag=0x0112, count=1):
    """EXIF data with an orientation of the TIFF type kind."""
    field = {1: "Bxxx", 6: "bxxx", 3: "Hxx", 8: "hxx", 4: "I", 9: "i"}[kind]
    mark = b"MM" if order == ">" else b"II"
    return mark + struct.pack(order + "HIHHHI" + field + "I", 42, 8, 1, tag, kind, count, value, 0)


def turned(data, value):
    """The right picture if the orientation's type is BYTE, and why."""
    if value != 1:
        return {}
    picture = Image.open(io.BytesIO(data)).convert("RGB").transpose(Image.Transpose.ROTATE_270)
    return dict(right=picture, why="Pillow does not use an orientation of this type")


TYPES = {3: "SHORT", 4: "LONG", 9: "SLONG", 8: "SSHORT", 1: "BYTE", 6: "SBYTE"}


# PNG
def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(bits, kind, samples, interlaced=False, more=()):
    """A PNG of samples[y][x], tuples of channels."""
    passes = [(0, 0, 1, 1)]
    if interlaced:
        passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    raw = b""
    for x0, y0, dx, dy in passes:
        for y in range(y0, H, dy):
            line = "".join(format(v, f"0{bits}b") for x in range(x0, W, dx) for v in samples[y][x])
            if line:
                line += "0" * (-len(line) % 8)
                raw += b"\0" + int(line, 2).to_bytes(len(line) // 8, "big")
    head = struct.pack(">IIBBBBB", W, H, bits, kind, 0, 0, int(interlaced))
    chunks = [chunk(b"IHDR", head)] + [chunk(*m) for m in more] + [chunk(b"IDAT", zlib.compress(raw, 9)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def samples(channels, top):
    return [[tuple((x * 131 + y * 71 + c * 37) * 97 % (top + 1) for c in range(channels)) for x in range(W)] for y in range(H)]


def high(values, transparent=False):
    """The picture of the high bytes of 16-bit samples; those equal to the first ones are transparent."""
    picture = Image.new("RGBA", (W, H))
    for y in range(H):
        for x in range(W):
            v = values[y][x]
            picture.putpixel((x, y), tuple(c >> 8 for c in (v * 3)[:3]) + (0 if transparent and v == values[0][0] else 255,))
    return picture


for bits in 1, 2, 4, 8, 16:
    grey = samples(1, 2**bits - 1)
    right = [None, None, None]
    if bits == 16:
        right = [high(grey), high(grey, True), high(grey)]
    why = "Pillow's convert cuts 16-bit grey at 255; the high byte is taken, as Pillow does for colours"
    cell(f"grey-{bits}.png", f"grey, {bits} bit", png(bits, 0, grey), right[0], why)
    cell(f"grey-{bits}-trns.png", f"grey, {bits} bit, tRNS", png(bits, 0, grey, more=[(b"tRNS", struct.pack(">H", grey[0][0][0]))]), right[1], why)
    cell(f"grey-{bits}-interlaced.png", f"grey, {bits} bit, interlaced", png(bits, 0, grey, True), right[2], why)
for bits in 1, 2, 4, 8:
    plte = (b"PLTE", bytes(rng.randrange(256) for _ in range(3 * 2**bits)))
    index = samples(1, 2**bits - 1)
    cell(f"palette-{bits}.png", f"palette, {bits} bit", png(bits, 3, index, more=[plte]))
    cell(f"palette-{bits}-trns.png", f"palette, {bits} bit, tRNS", png(bits, 3, index, more=[plte, (b"tRNS", bytes([0, 99]))]))
    cell(f"palette-{bits}-interlaced.png", f"palette, {bits} bit, interlaced", png(bits, 3, index, True, more=[plte]))
for bits in 8, 16:
    top = 2**bits - 1
    for kind, channels, name, prop in (2, 3, "rgb", "colour"), (4, 2, "la", "grey with alpha"), (6, 4, "rgba", "colour with alpha"):
        cell(f"{name}-{bits}.png", f"{prop}, {bits} bit", png(bits, kind, samples(channels, top)))
        cell(f"{name}-{bits}-interlaced.png", f"{prop}, {bits} bit, interlaced", png(bits, kind, samples(channels, top), True))
    rgb = samples(3, top)
    cell(f"rgb-{bits}-trns.png", f"colour, {bits} bit, tRNS", png(bits, 2, rgb, more=[(b"tRNS", struct.pack(">HHH", *rgb[0][0]))]),
         high(rgb, True) if bits == 16 else None, "Pillow compares the 16-bit colour of tRNS with values of 8 bits, and finds none")
rgb = samples(3, 255)
for kind, name in TYPES.items():
    cell(f"orientation-6-{name}.png".lower(), f"orientation 6 as {name} in eXIf", png(8, 2, rgb, more=[(b"eXIf", exif(6, kind, "<"))]), **turned(png(8, 2, rgb), kind))
whole = png(8, 2, rgb)
cell("orientation-after.png", "orientation 8 in eXIf after the pixels", whole[:-12] + chunk(b"eXIf", exif(8)) + whole[-12:])
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
itxt = chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)
cell("orientation-xmp.png", "orientation 6 in XMP (iTXt)", whole[:33] + itxt + whole[33:])
cell("animated.png", "animated (APNG)", saved(base(), "PNG", save_all=True, append_images=[base(), base()]))
cell("truncated.png", "truncated", whole[: len(whole) // 2])
cell("trailing.png", "trailing bytes", whole + b"more" * 9)

# JPEG
photo = base()
for name, prop, picture, options in [
    ("grey", "grey", photo.convert("L"), {}),
    ("444", "colour, 4:4:4", photo, dict(subsampling="4:4:4")),
    ("422", "colour, 4:2:2", photo, dict(subsampling="4:2:2")),
    ("420", "colour, 4:2:0", photo, dict(subsampling="4:2:0")),
    ("rgb", "colour, stored as RGB", photo, dict(keep_rgb=True)),
    ("progressive", "colour, progressive", photo, dict(progressive=True, subsampling="4:4:4")),
    ("progressive-420", "colour, progressive, 4:2:0", photo, dict(progressive=True, subsampling="4:2:0")),
    ("restarts", "colour, restart markers", photo, dict(restart_marker_blocks=1, subsampling="4:4:4")),
    ("cmyk", "CMYK with APP14", photo.convert("CMYK"), {}),
]:
    cell(f"{name}.jpg", prop, saved(picture, "JPEG", quality=90, **options))
full = saved(photo, "JPEG", quality=90, subsampling="4:4:4")


for h, v in (4, 1), (1, 2), (4, 2), (2, 4), (1, 4), (3, 1), (1, 3), (3, 2):
    convert = shutil.which("magick") or shutil.which("convert-im6.q16") or "convert"
    command = [convert, "png:-", "-strip", "-quality", "90", "-sampling-factor", f"{h}x{v}", "jpeg:-"]
    data = subprocess.run(command, input=saved(photo, "PNG"), stdout=subprocess.PIPE, check=True).stdout
    cell(f"sampling-{h}x{v}.jpg", f"colour, luma sampled {h}×{v}", data)
cmyk = saved(photo.convert("CMYK"), "JPEG", quality=90)
at = cmyk.index(b"\xff\xee")
cell("cmyk-plain.jpg", "CMYK without APP14", cmyk[:at] + cmyk[at + 2 + struct.unpack(">H", cmyk[at + 2 : at + 4])[0] :])


def app1(data, body):
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]


for kind, name in TYPES.items():
    cell(f"orientation-6-{name}.jpg".lower(), f"orientation 6 as {name} in APP1", app1(full, b"Exif\0\0" + exif(6, kind)), **turned(full, kind))
for value in range(1, 9):
    cell(f"orientation-{value}.jpg", f"orientation {value} in APP1", app1(full, b"Exif\0\0" + exif(value, order="<")))
adobe = b"http://ns.adobe.com/xap/1.0/\0"
cell("orientation-xmp.jpg", "orientation 6 in XMP (APP1)", app1(full, adobe + XMP))
cell("orientation-xmp-element.jpg", "orientation 6 in an element of XMP", app1(full, adobe + b"<tiff:Orientation>6</tiff:Orientation>"))
cell("orientation-both.jpg", "orientation 3 in EXIF, 6 in XMP", app1(app1(full, b"Exif\0\0" + exif(3)), adobe + XMP))
at = full.index(b"\xff\xda")
cell("orientation-late.jpg", "orientation 6 in APP1 after the frame header", full[:at] + app1(b"", b"Exif\0\0" + exif(6)) + full[at:])
cell("truncated.jpg", "truncated", full[: len(full) * 2 // 3])
cell("trailing.jpg", "trailing bytes", full + b"more" * 9)

# GIF
cell("grey.gif", "grey", saved(photo.convert("L"), "GIF", interlace=0))
for bits in 1, 2, 4, 8:
    few = photo.quantize(2**bits)
    cell(f"palette-{bits}.gif", f"palette, {bits} bit", saved(few, "GIF", interlace=0))
    cell(f"palette-{bits}-interlaced.gif", f"palette, {bits} bit, interlaced", saved(few, "GIF", interlace=1))
few = photo.quantize(16)
cell("transparent.gif", "transparent colour", saved(few, "GIF", transparency=3))
cell("animated.gif", "animated", saved(few, "GIF", save_all=True, append_images=[base().quantize(16)] * 2, duration=50))


def moved(data):
    """The one frame of a GIF at 3, 2 on a canvas 5 wider and 4 higher."""
    data = bytearray(data)
    data[6:10] = struct.pack("<HH", W + 5, H + 4)
    at = data.index(b"," + struct.pack("<HHHH", 0, 0, W, H))
    data[at + 1 : at + 5] = struct.pack("<HH", 3, 2)
    return bytes(data)


cell("canvas.gif", "frame smaller than the canvas", moved(saved(few, "GIF")))
cell("canvas-transparent.gif", "frame smaller than the canvas, transparent colour", moved(saved(few, "GIF", transparency=3)))
gif = saved(few, "GIF")
beyond = bytearray(gif)
beyond[6:10] = struct.pack("<HH", W - 2, H - 2)
cell("beyond.gif", "frame larger than the canvas", bytes(beyond))
cell("no-palette.gif", "no palette", gif[:10] + bytes([gif[10] & 0x7F]) + gif[11:13] + gif[13 + 3 * 2 ** ((gif[10] & 7) + 1) :])
cell("truncated.gif", "truncated", gif[: len(gif) - 40])
cell("trailing.gif", "trailing bytes", gif + b"more" * 9)


# BMP
def bmp(bits, pixels, header=40, packing=0, palette=b"", masks=(), colours=0, down=False):
    """A BMP of rows that are ready, from the top down."""
    if header == 12:
        info = struct.pack("<IHHHH", 12, W, H, 1, bits)
    else:
        info = struct.pack("<IiiHHIIiiII", header, W, -H if down else H, 1, bits, packing, 0, 2835, 2835, colours, 0)
        info += struct.pack(f"<{len(masks)}I", *masks)
        info += bytes(max(0, header - len(info)))
    offset = 14 + len(info) + len(palette)
    return b"BM" + struct.pack("<IHHI", offset + len(pixels), 0, 0, offset) + info + palette + pixels


def rows(bits, values, down=False):
    """Rows padded to four bytes, the last one first unless down; pixels as bytes or indices."""
    out = []
    for line in values:
        if bits >= 16:
            row = b"".join(v.to_bytes(bits // 8, "little") for v in line)
        else:
            text = "".join(format(v, f"0{bits}b") for v in line)
            text += "0" * (-len(text) % 8)
            row = int(text, 2).to_bytes(len(text) // 8, "big")
        out.append(row + bytes(-len(row) % 4))
    return b"".join(out if down else out[::-1])


def flat(channels, top):
    return [[v for (v,) in line] for line in samples(1, top)]


def painted(values, colour):
    """The picture with colour(v) for each value."""
    picture = Image.new("RGB", (W, H))
    for y in range(H):
        for x in range(W):
            picture.putpixel((x, y), colour(values[y][x]))
    return picture


def entry(plte):
    return lambda v: tuple(plte[4 * v : 4 * v + 3][::-1])


UNREAD = "Pillow does not read it"
for bits in 1, 2, 4, 8:
    plte = b"".join(bytes(rng.randrange(256) for _ in range(3)) + b"\0" for _ in range(2**bits))
    index = flat(1, 2**bits - 1)
    right = painted(index, entry(plte)) if bits == 2 else None
    cell(f"palette-{bits}.bmp", f"palette, {bits} bit", bmp(bits, rows(bits, index), palette=plte), right, UNREAD)
    core = b"".join(plte[4 * i : 4 * i + 3] for i in range(2**bits))
    cell(f"palette-{bits}-core.bmp", f"palette, {bits} bit, OS/2 header", bmp(bits, rows(bits, index), header=12, palette=core), right, UNREAD)
cell("palette-beyond.bmp", "palette of 10 colours, 4 bit, pixels of others", bmp(4, rows(4, flat(1, 15)), palette=plte[:40], colours=10))
cell("grey-8.bmp", "grey, 8 bit", saved(photo.convert("L"), "BMP"))
cell("grey-1.bmp", "grey, 1 bit", saved(photo.convert("1"), "BMP"))
cell("palette-short.bmp", "palette of 10 colours, 4 bit", bmp(4, rows(4, flat(1, 9)), palette=plte[:40], colours=10))
index = flat(1, 2**16 - 1)
cell("rgb-16.bmp", "colour, 16 bit (5, 5, 5)", bmp(16, rows(16, index)))
cell("rgb-16-565.bmp", "colour, 16 bit (5, 6, 5)", bmp(16, rows(16, index), packing=3, masks=(0xF800, 0x7E0, 0x1F)))
cell("rgb-16-444.bmp", "colour, 16 bit (4, 4, 4)", bmp(16, rows(16, index), packing=3, masks=(0xF00, 0xF0, 0xF)),
     painted(index, lambda v: (17 * (v >> 8 & 15), 17 * (v >> 4 & 15), 17 * (v & 15))), UNREAD)
cell("rgb-24.bmp", "colour, 24 bit", saved(photo, "BMP"))
index = flat(1, 2**24 - 1)
cell("rgb-24-down.bmp", "colour, 24 bit, top row first", bmp(24, rows(24, index, True), down=True))
cell("rgb-24-core.bmp", "colour, 24 bit, OS/2 header", bmp(24, rows(24, index), header=12))
deep = [[v << 8 ^ v for v in line] for line in index]
std = (0xFF0000, 0xFF00, 0xFF)
for header in 40, 56, 108, 124:
    alpha = (0xFF000000,) if header > 40 else ()
    cell(f"rgb-32-{header}.bmp", f"colour, 32 bit, header of {header} bytes", bmp(32, rows(32, deep), header=header, masks=std + alpha if alpha else ()))
    cell(f"masks-32-{header}.bmp", f"colour, 32 bit with masks, header of {header} bytes", bmp(32, rows(32, deep), header=header, packing=3, masks=std + alpha))
cell("masks-32-rgba.bmp", "colour with alpha, 32 bit, red first", bmp(32, rows(32, deep), header=124, packing=3, masks=(0xFF, 0xFF00, 0xFF0000, 0xFF000000)))
cell("masks-32-101010.bmp", "colour, 32 bit (10, 10, 10)", bmp(32, rows(32, deep), packing=3, masks=(1023 << 20, 1023 << 10, 1023)),
     painted(deep, lambda v: tuple((v >> s & 1023) * 255 // 1023 for s in (20, 10, 0))), UNREAD)
opaque = [[0x1E140A, 0x1E140A], [0x1E140A, 0x1E140A]]
W, H = 2, 2
cell("opaque-32-v5.bmp", "colour, 32 bit, alpha 0 that is not said to be alpha", bmp(32, rows(32, opaque), header=124, masks=std + (0xFF000000,)))
W, H = 21, 14


def rle8(values):
    out = b""
    for line in values[::-1]:
        out += bytes([3, line[0], 0, W - 5]) + bytes(line[3 : W - 2]) + bytes((W - 5) % 2) + bytes([2, line[-1], 0, 0])
    return out + b"\0\1"


def rle4(values):
    out = b""
    for line in values[::-1]:
        body = line[4 : W - 3]
        packed = bytes(body[i] << 4 | body[i + 1] for i in range(0, len(body), 2))
        out += bytes([4, line[0] << 4 | line[1], 0, len(body)]) + packed + bytes(len(packed) % 2) + bytes([3, line[-1] * 17, 0, 0])
    return out + b"\0\1"


plte8 = b"".join(bytes(rng.randrange(256) for _ in range(3)) + b"\0" for _ in range(256))
cell("rle8.bmp", "palette, 8 bit, run lengths", bmp(8, rle8(flat(1, 255)), packing=1, palette=plte8))
cell("rle4.bmp", "palette, 4 bit, run lengths", bmp(4, rle4(flat(1, 15)), packing=2, palette=plte8[:64]))
skips = b"\x05\x07\0\2\3\2\x04\x09\0\0" + bytes([W, 3, 0, 0]) * (H - 3) + b"\0\1"
cell("rle8-skips.bmp", "palette, 8 bit, run lengths with skips", bmp(8, skips, packing=1, palette=plte8))
early = [[0] * W for _ in range(H)]
early[-1][:5] = [7] * 5
cell("rle8-end.bmp", "palette, 8 bit, run lengths that end early", bmp(8, b"\x05\x07\0\0\0\1", packing=1, palette=plte8),
     painted(early, entry(plte8)), UNREAD + "; the rest has the first colour")
odd = b"\0\3\x12\x30" + bytes([W - 3, 0x45, 0, 0]) + bytes([W, 0x67, 0, 0]) * (H - 1) + b"\0\1"
cell("rle4-odd.bmp", "palette, 4 bit, run lengths, an odd number as they are", bmp(4, odd, packing=2, palette=plte8[:64]))
whole = saved(photo, "BMP")
cell("truncated.bmp", "truncated", whole[: len(whole) // 2])
cell("trailing.bmp", "trailing bytes", whole + b"more" * 9)
cell("jpeg-inside.bmp", "JPEG data inside", bmp(24, full, packing=4))

# WebP
clear = with_alpha()
cell("lossy.webp", "lossy", saved(photo, "WEBP", quality=80))
cell("lossy-even.webp", "lossy, even size", saved(base(32, 18), "WEBP", quality=60))
cell("lossy-1x1.webp", "lossy, one pixel", saved(base(1, 1), "WEBP"))
cell("lossy-thin.webp", "lossy, one column", saved(base(1, 9), "WEBP"))
for name, colour in ("white", (255, 255, 255)), ("black", (0, 0, 0)), ("red", (200, 29, 60)):
    cell(f"lossy-{name}.webp", f"lossy, {name}", saved(Image.new("RGB", (16, 16), colour), "WEBP"))
cell("grey.webp", "lossy, grey", saved(photo.convert("L"), "WEBP"))
cell("lossy-alpha.webp", "lossy with alpha", saved(clear, "WEBP", quality=80))
cell("lossy-alpha-50.webp", "lossy with alpha of fewer levels", saved(clear, "WEBP", quality=80, alpha_quality=50))
cell("lossless.webp", "lossless", saved(photo, "WEBP", lossless=True))
cell("lossless-alpha.webp", "lossless with alpha", saved(clear, "WEBP", lossless=True, exact=True))
data = bytearray(saved(clear, "WEBP", lossless=True, exact=True))
data[data.index(b"VP8L") + 12] &= ~0x10
cell("lossless-no-alpha.webp", "lossless, alpha that is not said to be there", bytes(data))
data = bytearray(saved(clear, "WEBP", quality=80))
data[20] &= ~0x10
cell("lossy-no-alpha.webp", "lossy, alpha that is not said to be there", bytes(data))


def with_alph(alph):
    """The lossy picture with another ALPH chunk."""
    data = saved(clear, "WEBP", quality=80)
    at = data.index(b"ALPH")
    size = struct.unpack("<I", data[at + 4 : at + 8])[0]
    chunk = b"ALPH" + struct.pack("<I", len(alph)) + alph + bytes(len(alph) % 2)
    data = data[12:at] + chunk + data[at + 8 + size + size % 2 :]
    return b"RIFF" + struct.pack("<I", 4 + len(data)) + b"WEBP" + data


for kind, name in enumerate(["no", "horizontal", "vertical", "gradient"]):
    residuals = bytes((64 + 5 * i) % 256 if i % W == 0 else rng.choice([0, 1, 2, 5, 250, 255]) for i in range(W * H))
    cell(f"lossy-alpha-{name}.webp", f"lossy with plain alpha, {name} filter", with_alph(bytes([kind << 2]) + residuals))
cell("palette.webp", "lossless, palette", saved(few.convert("RGB"), "WEBP", lossless=True))
for lossless in False, True:
    name = "lossless" if lossless else "lossy"
    moving = saved(photo, "WEBP", save_all=True, append_images=[base(), base()], lossless=lossless)
    cell(f"animated-{name}.webp", f"animated, {name}", moving)
    moving = saved(clear, "WEBP", save_all=True, append_images=[base().convert("RGBA")], lossless=lossless)
    cell(f"animated-{name}-alpha.webp", f"animated, {name} with alpha", moving)
    larger = bytearray(moving)
    larger[24:30] = struct.pack("<I", W + 5 - 1)[:3] + struct.pack("<I", H + 4 - 1)[:3]
    at = larger.index(b"ANMF")
    larger[at + 8 : at + 14] = b"\2\0\0\1\0\0"
    cell(f"canvas-{name}.webp", f"animated, {name}, frame smaller than the canvas", bytes(larger))
    larger[20] &= ~0x10
    cell(f"canvas-{name}-opaque.webp", f"animated, {name}, frame smaller than the canvas, without alpha", bytes(larger))
for kind, name in TYPES.items():
    cell(f"orientation-6-{name}.webp".lower(), f"orientation 6 as {name} in EXIF", saved(photo, "WEBP", lossless=True, exif=exif(6, kind)), **turned(saved(photo, "WEBP", lossless=True), kind))
cell("orientation-xmp.webp", "orientation 6 in XMP", saved(photo, "WEBP", lossless=True, xmp=XMP))
cell("orientation-lossy.webp", "orientation 8 in EXIF, lossy with alpha", saved(clear, "WEBP", exif=b"Exif\0\0" + exif(8)))
whole = saved(photo, "WEBP", quality=80)
cell("truncated.webp", "truncated", whole[: len(whole) // 2])
cell("trailing.webp", "trailing bytes", whole + b"more" * 9)

# TIFF
cell("rgb.tif", "colour", saved(photo, "TIFF", compression="tiff_deflate"))
cell("rgb-big-endian.tif", "colour, most significant byte first", b"MM\0*" + struct.pack(">IHI", 8, 0, 0))

with open(here / "pictures.jsonl.gz", "wb") as f, gzip.GzipFile(fileobj=f, mode="wb", filename="", mtime=0) as z:
    for line in lines:
        z.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
print(len(lines), "pictures")
