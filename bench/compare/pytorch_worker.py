#!/usr/bin/python3
"""PyTorch's side of bench/compare: reads one request a line from standard
input, a JSON object whose "op" names a method of Worker, and answers each with
one line. It computes only while it owes an answer."""
import gc
import inspect
import json
import math
import os
import sys
import time
import traceback
import warnings

HERE = os.path.dirname(os.path.abspath(__file__))
INSTALL = "install it with: apt-get install python3-torch libopenblas0-pthread python3-onnx python3-torchvision"


def fast_blas(torch):
    """The name of the library that multiplies matrices, or None if it is the
    slow reference BLAS, which would flatter the others."""
    built = torch.__config__.show()
    if "BLAS_INFO=generic" not in built:
        return "MKL" if "BLAS_INFO=mkl" in built else "built in"
    torch.mm(torch.ones(8, 8), torch.ones(8, 8))
    try:
        with open("/proc/self/maps") as f:
            loaded = f.read()
    except OSError:
        return "unknown"
    for library, name in (("openblas", "OpenBLAS"), ("blis", "BLIS"), ("libmkl", "MKL")):
        if library in loaded:
            return name
    return None


def network(name, classes):
    """The network that stride calls by that name."""
    if name.startswith("torchvision/"):
        from torchvision import models
        name = name.split("/")[1]
        kwargs = {"aux_logits": False, "init_weights": False} if name in ("googlenet", "inception_v3") else {}
        return getattr(models, name)(num_classes=classes, **kwargs)
    if name == "efficientnet-lite0":
        import timm
        return timm.create_model("tf_efficientnet_lite0", num_classes=classes, drop_rate=0.2)
    sys.dont_write_bytecode = True
    sys.path.insert(0, os.path.join(HERE, "..", "..", "zoo", "testdata"))
    import pytorch_networks as nets
    return {
        "lenet": nets.lenet, "lenet-bn": nets.lenet_bn, "alexnet": nets.alexnet, "nin": nets.nin,
        "vgg": lambda n: nets.vgg(n, nets.vgg_arch((1, 1, 2, 2, 2), 4)),
        "googlenet": nets.googlenet, "resnet18": nets.resnet, "densenet": nets.densenet,
    }[name](classes)


def load_weights(net, path):
    """Copies the tensors of a safetensors file into the network, one by one."""
    import numpy as np
    import torch
    state = net.state_dict()
    missing = {k for k in state if not k.endswith("num_batches_tracked")}
    with open(path, "rb") as f:
        size = int.from_bytes(f.read(8), "little")
        header = json.loads(f.read(size))
        header.pop("__metadata__", None)
        for name, entry in header.items():
            begin, end = entry["data_offsets"]
            f.seek(8 + size + begin)
            value = np.fromfile(f, "<f4", (end - begin) // 4).reshape(entry["shape"])
            if tuple(state[name].shape) != value.shape:
                raise ValueError(f"{name} is {tuple(state[name].shape)} in PyTorch and {value.shape} in stride")
            state[name].copy_(torch.from_numpy(value))
            missing.remove(name)
    if missing:
        raise ValueError(f"stride has no {sorted(missing)}")


class Worker:
    def hello(self, _):
        """Says what is there, or what is missing."""
        try:
            import torch
        except ImportError as e:
            return {"missing": f"Python has no PyTorch ({e}): {INSTALL}"}
        blas = fast_blas(torch)
        if blas is None:
            return {"missing": "PyTorch runs on the reference BLAS, several times slower than on OpenBLAS: " + INSTALL}
        onednn = next((line.split("DNN v")[1].split()[0] for line in torch.__config__.show().splitlines() if "DNN v" in line), "none")
        return {"versions": {"PyTorch": torch.__version__, "oneDNN": onednn, "PyTorch's BLAS": blas,
                             "Python": sys.version.split()[0]}}

    def open(self, r):
        import numpy as np
        import torch
        torch.set_num_threads(r["threads"])
        if r["net"].startswith("torchvision/"):
            try:
                import torchvision  # noqa: F401
            except ImportError as e:
                return {"missing": f"Python has no torchvision ({e}): {INSTALL}"}
        self.torch, self.mode = torch, r["mode"]
        self.net = network(r["net"], r["classes"])
        with torch.no_grad():
            load_weights(self.net, r["weights"])
        self.x = torch.from_numpy(np.fromfile(r["images"], "<f4").reshape(r["batch"], *r["input"]))
        self.y = torch.from_numpy(np.fromfile(r["labels"], "<f4").astype(np.int64))
        if r["layout"] == "NHWC":
            self.net = self.net.to(memory_format=torch.channels_last)
            self.x = self.x.to(memory_format=torch.channels_last)
        self.net.train(self.mode == "train")
        if r["no_dropout"]:
            for m in self.net.modules():
                if isinstance(m, torch.nn.Dropout):
                    m.eval()
                if hasattr(m, "drop_rate"):
                    m.drop_rate = 0.0  # timm's networks call the function
        self.loss = torch.nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=r["rate"])
        self.step = self.train if self.mode == "train" else self.infer
        gc.collect()
        return {}

    def train(self):
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(self.net(self.x), self.y)
        loss.backward()
        self.optimizer.step()
        return loss

    def infer(self):
        with self.torch.inference_mode():
            return self.net(self.x)

    def output(self, r):
        """Writes what the network says of the images."""
        self.infer().numpy().astype("<f4").tofile(r["path"])
        return {}

    def losses(self, r):
        """Trains and returns the loss before each update."""
        losses = [self.train().item() for _ in range(r["steps"])]
        if not all(map(math.isfinite, losses)):
            raise ValueError(f"the losses are {losses}")
        return {"losses": losses}

    def time(self, r):
        for _ in range(r["warm"]):
            self.step()
        seconds = []
        for _ in range(r["steps"]):
            began = time.perf_counter()
            self.step()
            seconds.append(time.perf_counter() - began)
        return {"seconds": seconds}

    def export(self, r):
        """Writes the network as ONNX, for exactly this batch."""
        try:
            import onnx  # noqa: F401
        except ImportError as e:
            return {"missing": f"Python has no onnx, which ONNX Runtime's model is made with ({e}): {INSTALL}"}
        warnings.simplefilter("ignore")
        new = "dynamo" in inspect.signature(self.torch.onnx.export).parameters
        kwargs = {"dynamo": False} if new else {}  # the exporter that all versions have
        self.torch.onnx.export(self.net, self.x, r["path"], input_names=["x"], output_names=["y"], do_constant_folding=True, **kwargs)
        return {}


def main():
    # What libraries print must not get between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = Worker()
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(worker, request["op"])(request)
        except Exception as e:
            traceback.print_exc()
            answer = {"error": f"{type(e).__name__}: {e}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


main()
