"""PyTorch's side of bench/compare. It also makes the ONNX files that the other
engines get, and the outputs that all must agree with."""
import gc
import json
import math
import os
import sys
import warnings

import protocol
from protocol import Unsupported, floats

HERE = os.path.dirname(os.path.abspath(__file__))
INSTALL = "install it with bench/compare/install.sh pytorch"
CHUNK = 16  # images at a time for the outputs that the others must agree with

# The settings of which the fastest counts: how tensors are laid out, whether
# torch.compile (Inductor) makes the step, and for bfloat16 whether autocast
# chooses where it is used or all weights and images have it.
SETTINGS = {
    ("train", "float32"): ["NCHW", "NHWC", "NHWC compiled"],
    ("train", "bfloat16"): ["NCHW autocast", "NHWC autocast", "NHWC compiled autocast"],
    ("infer", "float32"): ["NCHW", "NHWC", "NCHW compiled", "NHWC compiled"],
    ("infer", "bfloat16"): ["NHWC autocast", "NHWC bfloat16", "NHWC compiled autocast", "NHWC compiled bfloat16"],
}


def network(name, classes, side=224):
    """The network that stride calls by that name, for images of that height and width where
    the number of weights depends on it."""
    if name.startswith("torchvision/"):
        from torchvision import models
        name = name.split("/")[1]
        kwargs = {"aux_logits": False, "init_weights": False} if name in ("googlenet", "inception_v3") else {}
        return getattr(models, name)(num_classes=classes, **kwargs)
    if name.startswith("efficientnet-lite"):
        import timm
        rates = {"0": 0.2, "1": 0.2, "2": 0.3, "3": 0.3, "4": 0.3}  # of dropout; timm's default is 0
        return timm.create_model("tf_efficientnet_lite" + name[-1], num_classes=classes, drop_rate=rates[name[-1]])
    sys.dont_write_bytecode = True
    sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "zoo", "testdata"))
    import pytorch_networks as nets
    return nets.network(name, classes, side)


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


def join_pads(model):
    """Makes Pad with constants, which alone a convolution reads, pads of the convolution:
    PyTorch has no padding that is not the same on both sides."""
    import onnx
    constants = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
    constants |= {n.output[0]: onnx.numpy_helper.to_array(n.attribute[0].t) for n in model.graph.node if n.op_type == "Constant"}
    makers = {n.output[0]: n for n in model.graph.node}
    for conv in [n for n in model.graph.node if n.op_type == "Conv"]:
        pad = makers.get(conv.input[0])
        if pad is None or pad.op_type != "Pad" or pad.input[1] not in constants or sum(pad.output[0] in n.input for n in model.graph.node) > 1:
            continue
        sizes = constants[pad.input[1]].reshape(2, 4)[:, 2:].ravel()
        for attribute in conv.attribute:
            if attribute.name == "pads":
                attribute.ints[:] = [int(a + b) for a, b in zip(attribute.ints, sizes)]
        conv.input[0] = pad.input[0]
        model.graph.node.remove(pad)


class Worker(protocol.Worker):
    def hello(self, _):
        """Says which versions are there."""
        torch = protocol.required("torch", INSTALL)
        onednn = next((line.split("DNN v")[1].split()[0] for line in torch.__config__.show().splitlines() if "DNN v" in line), "none")
        return {"versions": {"PyTorch": torch.__version__, "oneDNN": onednn, "Python": sys.version.split()[0]}}

    def settings(self, r):
        if (r["mode"], r["precision"]) not in SETTINGS:
            raise Unsupported(f"PyTorch is not measured in {r['precision']}")
        return {"settings": SETTINGS[r["mode"], r["precision"]]}

    def network(self, r):
        """The network with its weights."""
        import torch
        if r["net"].startswith("torchvision/"):
            protocol.required("torchvision", INSTALL)
        net = network(r["net"], r["classes"])
        with torch.no_grad():
            load_weights(net, r["weights"])
        return net

    def open(self, r):
        import numpy as np
        import torch
        torch.set_num_threads(r["threads"])
        self.torch, self.net, how = torch, self.network(r), r["setting"].split()
        self.x = torch.from_numpy(floats(r["images"], r["batch"], *r["input"]))
        self.y = torch.from_numpy(floats(r["labels"]).astype(np.int64))
        if "NHWC" in how:
            self.net = self.net.to(memory_format=torch.channels_last)
            self.x = self.x.to(memory_format=torch.channels_last)
        self.autocast = "autocast" in how
        if "bfloat16" in how:
            self.net, self.x = self.net.to(torch.bfloat16), self.x.to(torch.bfloat16)
        self.net.train(r["mode"] == "train")
        if r["no_dropout"]:
            for m in self.net.modules():
                if isinstance(m, torch.nn.Dropout):
                    m.eval()
                if hasattr(m, "drop_rate"):
                    m.drop_rate = 0.0  # timm's networks call the function
        self.inference = torch.no_grad if "compiled" in how else torch.inference_mode
        self.loss = torch.nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=r["rate"])
        if "compiled" in how:
            self.compile(r)
        self.step = self.train if r["mode"] == "train" else self.infer
        if "compiled" in how and r["mode"] == "infer":
            self.step()
        gc.collect()
        return {}

    def compile(self, r):
        """Lets Inductor compile the network. In inference it may treat the weights as
        constants. What it compiles stays in a folder, for the next process."""
        torch = self.torch
        if r["models"]:
            os.environ["TORCHINDUCTOR_CACHE_DIR"] = os.path.join(r["models"], "inductor")
        import torch._inductor.config as inductor
        inductor.freezing = r["mode"] == "infer"
        inductor.cpp.threads = r["threads"]
        self.net = torch.compile(self.net)

    def train(self):
        self.optimizer.zero_grad(set_to_none=True)
        with self.torch.autocast("cpu", self.torch.bfloat16, enabled=self.autocast):
            loss = self.loss(self.net(self.x), self.y)
        loss.backward()
        self.optimizer.step()
        return loss

    def infer(self):
        with self.inference(), self.torch.autocast("cpu", self.torch.bfloat16, enabled=self.autocast):
            return self.net(self.x)

    def output(self, r):
        """Writes what the network says of the images."""
        self.infer().float().numpy().astype("<f4").tofile(r["path"])
        return {}

    def losses(self, r):
        """Trains and returns the loss before each update."""
        losses = [self.train().item() for _ in range(r["steps"])]
        if not all(map(math.isfinite, losses)):
            raise ValueError(f"the losses are {losses}")
        return {"losses": losses}

    def calibrate(self, r):
        """Measures the statistics of batch normalizations on images, and writes them into
        the file of weights."""
        import torch
        net = self.network(r).eval()
        norms = {name: m for name, m in net.named_modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)}
        for m in norms.values():
            m.train()
            m.momentum = None  # the mean over all that it sees
            m.reset_running_stats()
        with torch.no_grad():
            net(torch.from_numpy(floats(r["calibration"], -1, *r["input"])))
        with open(r["weights"], "r+b") as f:
            size = int.from_bytes(f.read(8), "little")
            header = json.loads(f.read(size))
            for name, m in norms.items():
                for part in ("running_mean", "running_var"):
                    f.seek(8 + size + header[f"{name}.{part}"]["data_offsets"][0])
                    f.write(getattr(m, part).numpy().astype("<f4").tobytes())
        return {}

    def export(self, r):
        """Writes the network as ONNX, for any batch."""
        import torch
        protocol.required("onnx", INSTALL)
        warnings.simplefilter("ignore")
        net = self.network(r).eval()
        x, dynamic = torch.zeros(1, *r["input"]), {"x": {0: "n"}, "y": {0: "n"}}
        # First for one image: shapes are then constants. If none depends on the batch the
        # file is one for any batch as soon as its input and output say so.
        model = self.exported(net, x, r["path"], {})
        if any(node.op_type == "Reshape" for node in model.graph.node):
            model = self.exported(net, x, r["path"], dynamic)
        join_pads(model)
        for value in (*model.graph.input, *model.graph.output):
            value.type.tensor_type.shape.dim[0].dim_param = "n"
        del model.graph.value_info[:]
        import onnx
        onnx.save(model, r["path"])
        return {}

    def exported(self, net, x, path, dynamic):
        import onnx
        import torch
        # The exporter that folds batch normalizations into convolutions.
        torch.onnx.export(net, x, path, input_names=["x"], output_names=["y"], opset_version=17, dynamic_axes=dynamic,
                          do_constant_folding=True, dynamo=False)
        return onnx.load(path)

    def reference(self, r):
        """Writes what the network says of images in float32."""
        import numpy as np
        import torch
        net = self.network(r).eval()
        x = torch.from_numpy(floats(r["images"], -1, *r["input"]))
        with torch.inference_mode():
            np.concatenate([net(part).numpy() for part in x.split(CHUNK)]).astype("<f4").tofile(r["path"])
        return {}


if __name__ == "__main__":
    protocol.serve(Worker())
