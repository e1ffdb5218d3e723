"""MNN's side of bench/compare. It calls the module _tools, which mnnconvert and mnnquant
are made of: these programs install a package with which they report what they are used for."""
import json
import os
import struct
import sys
import zlib

import protocol
from protocol import Unsupported, floats

INSTALL = "install it with bench/compare/install.sh mnn"

def write_png(path, image):
    """Writes an image C×H×W of numbers from 0 to 1, in which C is 3, with 8 bits a number."""
    import numpy as np
    pixels = np.rint(image.transpose(1, 2, 0) * 255).astype(np.uint8)
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    with open(path, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
                + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b""))


def quantize(r, source, target):
    """Quantizes a model by mnnquant's ways of choice: thresholds of least Kullback-Leibler
    divergence, weights by their greatest absolute value."""
    import _tools
    images, config = os.path.join(r["folder"], "images"), os.path.join(r["folder"], "mnnquant.json")
    os.makedirs(images, exist_ok=True)
    calibration = floats(r["calibration"], -1, *r["input"])
    if calibration.shape[1] != 3:
        raise Unsupported("MNN's quantizer reads pictures with three channels")
    for i, image in enumerate(calibration):
        write_png(os.path.join(images, f"{i}.png"), image)
    with open(config, "w") as f:
        json.dump({"format": "RGB", "mean": [0, 0, 0], "normal": [1 / 255] * 3, "width": r["input"][2], "height": r["input"][1],
                   "path": images + "/", "used_image_num": len(calibration),
                   "feature_quantize_method": "KL", "weight_quantize_method": "MAX_ABS"}, f)
    _tools.mnnquant(["mnnquant", source, target, config])
    for i in range(len(calibration)):
        os.remove(os.path.join(images, f"{i}.png"))


class Worker(protocol.Worker):
    def hello(self, _):
        mnn = protocol.required("MNN", INSTALL)
        return {"versions": {"MNN": mnn.version(), "Python": sys.version.split()[0]}}

    def settings(self, r):
        if r["mode"] != "infer":
            raise Unsupported("MNN is not measured in training")
        if r["precision"] == "bfloat16":
            raise Unsupported("MNN from PyPI computes in float32 where bfloat16 is asked for")
        return {"settings": [""]}

    def prepare(self, r):
        """Converts the model, and quantizes it."""
        plain, quantized = (os.path.join(r["folder"], name + ".mnn") for name in ("float", "int8"))
        if not os.path.exists(plain):
            import _tools
            _tools.mnnconvert(["mnnconvert", "-f", "ONNX", "--modelFile", r["model"], "--MNNModel", plain + ".part", "--bizCode", "stride"])
            os.rename(plain + ".part", plain)
        if r["precision"] == "int8" and not os.path.exists(quantized):
            quantize(r, plain, quantized + ".part")
            os.rename(quantized + ".part", quantized)
        return {}

    def open(self, r):
        import MNN
        import numpy as np
        shape = (r["batch"], *r["input"])
        net = MNN.Interpreter(os.path.join(r["folder"], "int8.mnn" if r["precision"] == "int8" else "float.mnn"))
        session = net.createSession({"backend": "CPU", "numThread": r["threads"], "precision": "high"})
        x = net.getSessionInput(session)
        net.resizeTensor(x, shape)
        net.resizeSession(session)
        images = floats(r["images"], *shape)
        host = MNN.Tensor(shape, MNN.Halide_Type_Float, images, MNN.Tensor_DimensionType_Caffe)
        y = net.getSessionOutput(session)
        result = MNN.Tensor(y.getShape(), MNN.Halide_Type_Float, np.zeros(y.getShape(), np.float32), MNN.Tensor_DimensionType_Caffe)

        def step():
            x.copyFrom(host)
            net.runSession(session)
            y.copyToHostTensor(result)
            return result.getNumpyData()

        self.step, self.keep = step, (net, session, images)
        return {}


if __name__ == "__main__":
    protocol.serve(Worker())
