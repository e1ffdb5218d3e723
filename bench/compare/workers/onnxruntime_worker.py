"""ONNX Runtime's side of bench/compare and bench/onnx."""
import os
import sys

import protocol
from protocol import Unsupported, floats

INSTALL = "install it with bench/compare/install.sh onnxruntime"

# How weights and activations of int8 models are marked: by QuantizeLinear and
# DequantizeLinear around each operator, or by operators of their own.
SETTINGS = {"float32": [""], "int8": ["QDQ", "QOperator"]}


class Calibration:
    """The images that ranges are measured on, one at a time."""

    def __init__(self, images):
        self.images = iter(images)

    def get_next(self):
        image = next(self.images, None)
        return None if image is None else {"x": image[None]}


def quantize(r, path, how):
    """Quantizes a model as ONNX Runtime's documentation advises for processors with
    VNNI: activations in uint8, weights in int8 with a scale for each output channel."""
    from onnxruntime import quantization as q
    ready = path + ".preprocessed"
    q.quant_pre_process(r["model"], ready, skip_symbolic_shape=True)
    q.quantize_static(ready, path, Calibration(floats(r["calibration"], -1, *r["input"])), quant_format=q.QuantFormat[how],
                      per_channel=True, activation_type=q.QuantType.QUInt8, weight_type=q.QuantType.QInt8)
    os.remove(ready)


class Worker(protocol.Worker):
    def hello(self, _):
        ort = protocol.required("onnxruntime", INSTALL)
        return {"versions": {"ONNX Runtime": ort.__version__, "Python": sys.version.split()[0]}}

    def settings(self, r):
        if r["precision"] not in SETTINGS:
            raise Unsupported(f"ONNX Runtime has no {r['precision']} on this kind of processor")
        return {"settings": SETTINGS[r["precision"]]}

    def prepare(self, r):
        """Makes the files that open loads."""
        if r["precision"] == "int8":
            protocol.required("onnx", INSTALL)
            for how in SETTINGS["int8"]:
                path = os.path.join(r["folder"], how + ".onnx")
                if not os.path.exists(path):
                    quantize(r, path, how)
        return {}

    def open(self, r):
        import onnxruntime as ort
        options = ort.SessionOptions()
        options.intra_op_num_threads = r["threads"]
        options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
        options.log_severity_level = 4
        model = r["model"]
        if r.get("precision") == "int8":
            model = os.path.join(r["folder"], r["setting"] + ".onnx")
        # The batch is a symbol of the file, or a number that was written into it.
        batch = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"]).get_inputs()[0].shape[0]
        if isinstance(batch, str):
            options.add_free_dimension_override_by_name(batch, r["batch"])
        elif batch is not None and batch != r["batch"]:
            return {"fixed": batch}
        session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        feeds = {session.get_inputs()[0].name: floats(r["images"], r["batch"], *r["input"])}
        self.step = lambda: session.run(None, feeds)[0]
        return {}


if __name__ == "__main__":
    protocol.serve(Worker())
