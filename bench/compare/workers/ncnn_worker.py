"""ncnn's side of bench/compare. pnnx converts the models."""
import importlib.util
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import protocol
from protocol import Unsupported, floats

INSTALL = "install it with bench/compare/install.sh ncnn"
CALIBRATION = 16  # images


class Worker(protocol.Worker):
    def hello(self, _):
        ncnn = protocol.required("ncnn", INSTALL)
        return {"versions": {"ncnn": ncnn.__version__, "Python": sys.version.split()[0]}}

    def settings(self, r):
        """ncnn computes one image after another: all threads work on it, or each
        thread on another."""
        if r["mode"] != "infer":
            raise Unsupported("ncnn does not train")
        return {"settings": ["one image at a time", "an image a thread"] if r["batch"] > 1 and r["threads"] > 1 else ["one image at a time"]}

    def prepare(self, r):
        """Converts the model, and quantizes it."""
        param, weights = self.paths(r, "float32")
        if not os.path.exists(param):
            pnnx = importlib.util.find_spec("pnnx")  # only its program: the module imports PyTorch
            if pnnx is None:
                raise protocol.Missing(f"Python has no pnnx: {INSTALL}")
            program = os.path.join(os.path.dirname(pnnx.origin), "pnnx")
            rest = [f"{name}={os.path.join(r['folder'], 'pnnx.' + name)}" for name in ("pnnxparam", "pnnxbin", "pnnxpy", "pnnxonnx", "ncnnpy")]
            shape = ",".join(map(str, [1, *r["input"]]))
            subprocess.run([program, r["model"], f"inputshape=[{shape}]", "fp16=0", f"ncnnparam={param}.part", f"ncnnbin={weights}", *rest],
                           check=True, stdout=sys.stderr)
            for name in rest:
                os.remove(name.split("=", 1)[1])
            os.rename(param + ".part", param)
        quantized, quantized_weights = self.paths(r, "int8")
        if r["precision"] == "int8" and not os.path.exists(quantized):
            import ncnn_int8
            images = floats(r["calibration"], -1, *r["input"])[:CALIBRATION]
            ncnn_int8.quantize(param, weights, self.load(r, param, weights), images, quantized + ".part", quantized_weights)
            os.rename(quantized + ".part", quantized)
        return {}

    def paths(self, r, precision):
        name = "int8" if precision == "int8" else "float"
        return os.path.join(r["folder"], name + ".param"), os.path.join(r["folder"], name + ".bin")

    def load(self, r, param, weights, threads=1):
        import ncnn
        net = ncnn.Net()
        net.opt.num_threads = threads
        net.opt.use_vulkan_compute = False
        net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
        net.opt.use_bf16_storage = net.opt.use_bf16_packed = r["precision"] == "bfloat16"
        if net.load_param(param) or net.load_model(weights):
            raise RuntimeError(f"ncnn does not load {param}")
        return net

    def open(self, r):
        import ncnn
        import numpy as np
        each = r["setting"] == "an image a thread"
        threads = 1 if each else r["threads"]
        ncnn.set_omp_num_threads(threads)
        net = self.load(r, *self.paths(r, r["precision"]), threads)
        name, result = net.input_names()[0], net.output_names()[0]
        mats = [ncnn.Mat(image).clone() for image in floats(r["images"], r["batch"], *r["input"])]

        def infer(mat):
            extractor = net.create_extractor()
            extractor.input(name, mat)
            status, value = extractor.extract(result)
            if status != 0:
                raise RuntimeError(f"ncnn gives no output: {status}")
            return np.array(value)

        if each:
            pool = ThreadPoolExecutor(r["threads"])
            self.step = lambda: np.stack(list(pool.map(infer, mats)))
        else:
            self.step = lambda: np.stack([infer(m) for m in mats])
        return {}


if __name__ == "__main__":
    protocol.serve(Worker())
