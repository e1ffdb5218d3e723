"""Writes golden.safetensors with the reference implementation.

    pip install safetensors==0.8.0 numpy==2.4.6
    python3 make_golden.py
"""

import os

import numpy as np
from safetensors.numpy import save_file

here = os.path.dirname(os.path.abspath(__file__))
base = np.arange(6).reshape(2, 3) - 2
tensors = {t: base.astype(t) for t in "float32 float64 float16 int8 int16 int32 int64 uint8 uint16 uint32 uint64".split()}
tensors["bool"] = base > 0
tensors["scalar"] = np.array(0.5, np.float32)
tensors["empty"] = np.zeros((0, 4), np.float32)
tensors["features.0.weight"] = (np.arange(54, dtype=np.float32) / 7).reshape(2, 3, 3, 3)
save_file(tensors, os.path.join(here, "golden.safetensors"), metadata={"format": "pt", "épochs": "10 \"ten\""})
