"""Writes the golden files of this folder: .npy files of every type that
ReadNPY knows, and print.txt with arrays as NumPy prints them.

    python3 make_npy.py

Needs NumPy 1.23 or later; the files here were made with 1.24.2.
"""

import os

import numpy as np
from numpy.lib import format as npy

here = os.path.dirname(os.path.abspath(__file__))


def path(name):
    return os.path.join(here, name + ".npy")


def version(name, array, v):
    with open(path(name), "wb") as f:
        npy.write_array(f, array, version=v)


# Every numeric type holds 2×3×4 values of i*3-20, wrapped to the type.
base = (np.arange(24) * 3 - 20).reshape(2, 3, 4)
for code in "<f2 >f2 <f4 >f4 <f8 >f8 |i1 <i2 >i2 <i4 >i4 <i8 >i8 |u1 <u2 <u4 <u8".split():
    name = {"<": "le_", ">": "be_", "|": ""}[code[0]] + code[1:]
    np.save(path(name), base.astype(code[1:]).astype(code))
np.save(path("bool"), base % 2 == 0)

np.save(path("fortran_f4"), np.asfortranarray(base.astype("<f4")))
np.save(path("fortran_be_i2"), np.asfortranarray(base.astype(">i2")))
np.save(path("scalar"), np.float32(1.5))
np.save(path("vector"), np.arange(5, dtype="<f4"))
np.save(path("empty"), np.zeros((2, 0, 3), "<f4"))
np.save(path("rank6"), np.arange(8, dtype="<f4").reshape(1, 2, 1, 2, 2, 1))
np.save(path("special"), np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, 3.4028235e38], "<f4"))
version("v2", base.astype("<f4"), (2, 0))
version("v3", base.astype("<f4"), (3, 0))

# Must be refused.
np.save(path("bad_complex"), np.zeros(2, "<c8"))
np.save(path("bad_struct"), np.zeros(2, [("x", "<f4"), ("y", "<i4")]))
np.save(path("bad_string"), np.array(["a", "bc"]))
np.save(path("bad_object"), np.array([None, 1], object), allow_pickle=True)

# Printing: blocks of "# name shape: values" and the text, closed by "##".
# Without values they are 0, 1, 2, … divided by 1 or 7, less 2.
cases = {
    "small": ((2, 3), [1, 2, 3, 4, 5, 6]),
    "fraction": ((2, 2), [0.1, 0.25, -3.5, 100]),
    "digits": ((3,), [0.33333334, 2.7182817, 123.456]),
    "tiny": ((3,), [1e-5, 1, 2]),
    "huge": ((2,), [1e8, 1]),
    "mixed": ((2, 2), [1, 1001, -2, 0]),
    "spread": ((2,), [1, 1000]),
    "extreme": ((3,), [1e-45, 3.4028235e38, -1]),
    "exact": ((2,), [0.1, 1.23456789e10]),
    "nan": ((4,), [float("nan"), 1, -2, 0.5]),
    "inf": ((4,), [float("inf"), float("-inf"), 1.5, 22]),
    "onlynan": ((2,), [float("nan"), float("nan")]),
    "onlyinf": ((2,), [float("-inf"), float("inf")]),
    "nanexp": ((3,), [float("nan"), 1e20, float("-inf")]),
    "negzero": ((2,), [-0.0, 0.0]),
    "zeros": ((3,), [0, 0, 0]),
    "rank4": ((2, 1, 2, 2), [0, 1, 2, 3, 4, 5, 6, 7]),
    "column": ((3, 1), [1, -20, 300]),
    "row": ((1, 1, 1), [7]),
}
generated = [(30,), (1000,), (1001,), (3, 40), (50, 50), (2, 20, 30), (8, 2, 8, 8), (2000, 1), (1, 2000), (500, 2, 2)]
with open(os.path.join(here, "print.txt"), "w") as f:
    for name, (shape, values) in cases.items():
        a = np.array(values, "<f4").reshape(shape)
        f.write(f"# {name} {'x'.join(map(str, shape))}: {' '.join(map(str, values))}\n{a}\n##\n")
    for shape in generated:
        for name, div in ("int", 1), ("sevenths", 7):
            a = (np.arange(np.prod(shape)) / div - 2).astype("<f4").reshape(shape)
            f.write(f"# {name} {'x'.join(map(str, shape))}:\n{a}\n##\n")
