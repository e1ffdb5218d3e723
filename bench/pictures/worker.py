"""Pillow's side of bench/pictures."""
import io
import pathlib

import PIL
from PIL import Image

import protocol


class Worker(protocol.Worker):
    """A row of the table is a method row_NAME that returns what is timed: a function that
    works on all pictures and returns the last result."""

    def open(self, r):
        self.step = getattr(self, "row_" + r["row"])(r)
        return {"version": PIL.__version__}

    def row_resize(self, r):
        picture = Image.frombytes("RGB", (r["width"], r["height"]), pathlib.Path(r["file"]).read_bytes())
        size, window = (r["to_width"], r["to_height"]), r["window"]
        how = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}[r["filter"]]
        if not window:
            return lambda: picture.resize(size, how)
        left, top, width, height = window
        return lambda: picture.resize(size, how).crop((left, top, left + width, top + height))

    def row_jpeg(self, r):
        return self.row_png(r)

    def row_draft(self, r):
        files = [pathlib.Path(f).read_bytes() for f in r["files"]]

        def decode():
            for file in files:
                picture = Image.open(io.BytesIO(file))
                picture.draft("RGB", (picture.width // 2, picture.height // 2))
                picture = picture.convert("RGB")
                w, h = picture.size
                size = (256, 256 * h // w) if w < h else (256 * w // h, 256)
                picture = picture.resize(size, Image.Resampling.BICUBIC)
            return picture

        return decode

    def row_tensor(self, r):
        import torch
        from torchvision.io import ImageReadMode, decode_jpeg
        from torchvision.transforms import v2

        torch.set_num_threads(1)
        files = [torch.frombuffer(bytearray(pathlib.Path(f).read_bytes()), dtype=torch.uint8) for f in r["files"]]
        mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
        transform = v2.Compose([v2.Resize(256, antialias=True), v2.CenterCrop(224), v2.ToDtype(torch.float32, scale=True), v2.Normalize(mean, std)])

        def decode():
            for file in files:
                values = transform(decode_jpeg(file, mode=ImageReadMode.RGB))
            return Values(values, mean, std)

        class Values:
            """Has what output needs of a picture."""

            def __init__(self, values, mean, std):
                self.values, self.mean, self.std = values, mean, std

            def convert(self, mode):
                levels = (self.values * torch.tensor(self.std)[:, None, None] + torch.tensor(self.mean)[:, None, None]) * 255
                return Image.fromarray(levels.round().clamp(0, 255).byte().permute(1, 2, 0).contiguous().numpy())

        return decode

    def row_png(self, r):
        files = [pathlib.Path(f).read_bytes() for f in r["files"]]

        def decode():
            for file in files:
                picture = Image.open(io.BytesIO(file))
                picture.load()
            return picture

        return decode

    def png(self, r):
        """Writes pictures as PNG files, as Pillow does by default."""
        for file, to in zip(r["files"], r["to"]):
            Image.open(file).convert("RGB").save(to)
        return {}

    def output(self, r):
        pathlib.Path(r["path"]).write_bytes(self.step().convert("RGB").tobytes())
        return {}


if __name__ == "__main__":
    protocol.serve(Worker())
