#!/usr/bin/env python3
"""Writes what ONNX Runtime computes for the networks of a folder, for TestNetworks.

    python3 onnx/testdata/make_networks.py FOLDER [FILE.onnx …]

For each FILE.onnx in the folder, or those named, it writes FILE.input.npy, random images, and
FILE.output.npy. The light networks of the onnx wheel (onnx/backend/test/data/light) and any
exports of networks can be in the folder. Then

    STRIDE_ONNX_NETWORKS=FOLDER go test -run TestNetworks -v ./onnx

compares Stride with them. Images go through ONNX Runtime one by one, because many files are
for a batch of one, and through Stride together. Sizes that a file leaves open are 224, or 48×192
for a file with "cls" in its name, as rapidocr's classifier of text lines. Made with onnx 1.23 and
onnxruntime 1.32.
"""

import glob
import os
import sys

import numpy as np
import onnxruntime

onnxruntime.set_default_logger_severity(3)
files = sys.argv[2:] or sorted(glob.glob(os.path.join(sys.argv[1], "*.onnx")))
for path in files:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    given = {i.name for i in session.get_overridable_initializers()}
    (x,) = [i for i in session.get_inputs() if i.name not in given]
    open_sizes = (48, 192) if "cls" in os.path.basename(path) else (224, 224)
    shape = [d if isinstance(d, int) else open_sizes[min(i, 1)] for i, d in enumerate(x.shape[2:])]
    images = np.random.default_rng(1).standard_normal((2, x.shape[1], *shape)).astype(np.float32)
    output = np.concatenate([session.run(None, {x.name: images[i:i + 1]})[0] for i in range(2)])
    np.save(path[:-5] + ".input.npy", images)
    np.save(path[:-5] + ".output.npy", output)
    print(os.path.basename(path), images.shape, output.shape, flush=True)
