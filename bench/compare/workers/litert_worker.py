"""LiteRT's side of bench/compare, which computes with XNNPACK. AI Edge Quantizer
quantizes its models."""
import os
import sys

import protocol
from protocol import Unsupported, floats

INSTALL = "install it with bench/compare/install.sh litert"


class Worker(protocol.Worker):
    def hello(self, _):
        protocol.required("ai_edge_litert.interpreter", INSTALL)
        from importlib.metadata import version
        return {"versions": {"LiteRT": version("ai-edge-litert"), "Python": sys.version.split()[0]}}

    def settings(self, r):
        if r["mode"] != "infer":
            raise Unsupported("LiteRT does not train")
        if r["precision"] == "bfloat16":
            raise Unsupported("XNNPACK has no convolutions in bfloat16")
        return {"settings": [""]}

    def path(self, r, batch):
        return os.path.join(r["folder"], f"{r['precision']}-{batch}.tflite")

    def prepare(self, r):
        """Converts the model for the batch, and quantizes it."""
        path = self.path(r, r["batch"])
        if os.path.exists(path):
            return {}
        protocol.required("onnx", INSTALL)
        import onnx_graph
        import tflite_model
        model = tflite_model.Writer(onnx_graph.Graph(r["model"], r["batch"])).bytes()
        if r["precision"] == "int8":
            model = self.quantize(r, model)
        with open(path + ".part", "wb") as f:
            f.write(model)
        os.rename(path + ".part", path)
        return {}

    def quantize(self, r, model):
        """Ranges by the smallest and the greatest value, weights with a scale for each
        output channel: the recipe for static quantization to 8 bits."""
        quantizer = protocol.required("ai_edge_quantizer.quantizer", INSTALL)
        from ai_edge_quantizer import recipe
        images = floats(r["calibration"], -1, *r["input"]).transpose(0, 2, 3, 1)
        images = images[:max(1, len(images) // r["batch"]) * r["batch"]]
        if len(images) < r["batch"]:
            images = images.repeat(-(-r["batch"] // len(images)), 0)[:r["batch"]]
        batches = images.reshape(-1, r["batch"], *images.shape[1:])
        q = quantizer.Quantizer(bytearray(model), recipe.static_wi8_ai8())
        return bytes(q.quantize(q.calibrate({"serving_default": [{"x": b.copy()} for b in batches]})).quantized_model)

    def open(self, r):
        import numpy as np
        from ai_edge_litert.interpreter import Interpreter
        interpreter = Interpreter(self.path(r, r["batch"]), num_threads=r["threads"])
        interpreter.allocate_tensors()
        x, y = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
        images = np.ascontiguousarray(floats(r["images"], r["batch"], *r["input"]).transpose(0, 2, 3, 1))
        if x["dtype"] == np.int8:  # quantized once, as an app's camera gives bytes
            scale, zero = x["quantization"]
            images = np.clip(np.rint(images / scale) + zero, -128, 127).astype(np.int8)

        def step():
            interpreter.set_tensor(x["index"], images)
            interpreter.invoke()
            result = interpreter.get_tensor(y["index"])
            if y["dtype"] == np.int8:
                scale, zero = y["quantization"]
                return (result.astype(np.float32) - zero) * scale
            return result

        self.step = step
        return {}


if __name__ == "__main__":
    protocol.serve(Worker())
