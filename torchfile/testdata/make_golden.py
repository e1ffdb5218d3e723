"""Writes checkpoints of a few KB in all forms that torchfile reads, and golden.json
with the tensors in them.

    pip install torch==2.15.0
    python3 make_golden.py
"""

import argparse
import collections
import io
import json
import os
import sys
import tarfile
import types
import warnings
import zipfile

import torch
import torch.nn as nn

warnings.simplefilter("ignore")
here = os.path.dirname(os.path.abspath(__file__))
torch.manual_seed(1)
golden = {}


def described(state):
    """The names, types, shapes and values of a state."""
    out = []
    for name, x in state.items():
        kind = str(x.dtype).removeprefix("torch.")
        values = None if x.is_complex() else x.detach().double().flatten().tolist()
        out.append([name, kind, list(x.shape), values])
    return out


def save(name, obj, state, key="", **how):
    torch.save(obj, os.path.join(here, name), **how)
    golden[name] = {"key": key, "tensors": described(state)}


class Subclass(torch.Tensor):
    """A class of tensors whose module is not there when it is read."""


def all_types():
    base = torch.arange(24.0) - 7
    state = collections.OrderedDict()
    for t in "float32 float64 float16 bfloat16 int64 int32 int16 int8".split():
        state[t] = (base[:6] * (1.25 if t.startswith("f") or t[0] == "b" else 1)).to(getattr(torch, t)).reshape(2, 3)
    state["uint8"] = torch.arange(5, dtype=torch.uint8) * 50
    state["bool"] = base[:4] > -5
    state["uint16"] = torch.tensor([1, 65535], dtype=torch.uint16)  # an untyped storage
    state["uint64"] = torch.tensor([1, 2**63], dtype=torch.uint64)
    state["scalar"] = torch.tensor(0.5)
    state["empty"] = torch.zeros(0, 4)
    state["channels_last"] = base.reshape(1, 2, 3, 4).contiguous(memory_format=torch.channels_last)
    state["transposed"] = base.reshape(4, 6).t()
    state["part"] = base.reshape(4, 6)[1:3, 2:5]  # shares the storage of transposed
    state["steps"] = base[1::5]
    state["column"] = (torch.arange(100.0)).reshape(10, 10)[:, 3]  # one element in ten
    state["expanded"] = torch.tensor([[1.0], [2.0]]).expand(2, 3)
    state["tied"] = state["float32"]
    state["parameter"] = nn.Parameter(base[:3].clone())
    with_state = nn.Parameter(base[:2].clone(), requires_grad=False)
    with_state.mark = "kept beside the tensor"
    state["parameter with state"] = with_state
    state["subclass"] = base[:3].clone().as_subclass(Subclass)
    return state


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 2, bias=False)
        self.bn = nn.BatchNorm2d(2)
        self.register_buffer("grid", torch.ones(3), persistent=False)
        self.register_parameter("none", None)


def module():
    net = nn.Sequential(collections.OrderedDict(stem=Block(), again=nn.Sequential(nn.Linear(2, 2), nn.ReLU())))
    net.again.add_module("2", net.again[0])  # a module in two places
    return net


def big_endian(source, name):
    """Writes a checkpoint again as a machine of the other byte order does, without
    descriptors and with another prefix."""
    sizes = {}
    with zipfile.ZipFile(os.path.join(here, source)) as z, zipfile.ZipFile(os.path.join(here, name), "w") as out:
        prefix = source.removesuffix(".pth")

        class Reader(torch.serialization.pickle.Unpickler):
            def persistent_load(self, pid):
                sizes[pid[2]] = 1 if "Untyped" in str(pid[1]) else torch._utils._element_size(pid[1].dtype)
                return torch.storage.TypedStorage(wrap_storage=torch.UntypedStorage(pid[4] * sizes[pid[2]]), dtype=getattr(pid[1], "dtype", torch.uint8), _internal=True)

        Reader(io.BytesIO(z.read(prefix + "/data.pkl"))).load()
        for info in z.infolist():
            rest = info.filename.removeprefix(prefix + "/")
            b = z.read(info)
            if rest.startswith("data/"):
                n = sizes[rest.removeprefix("data/")]
                b = b"".join(b[i : i + n][::-1] for i in range(0, len(b), n))
            if rest == "byteorder":
                b = b"big"
            out.writestr(zipfile.ZipInfo("archive/" + rest), b)


def main():
    state = all_types()
    save("zip.pth", state, state)
    save("zip4.pth", state, state, pickle_protocol=4)
    no_untyped = {k: v for k, v in state.items() if not k.startswith("uint")}
    save("legacy.pth", no_untyped, no_untyped, _use_new_zipfile_serialization=False)
    save("legacy4.pth", no_untyped, no_untyped, _use_new_zipfile_serialization=False, pickle_protocol=4)
    plain = {k: v for k, v in no_untyped.items() if k != "subclass"}
    save("little.pth", plain, plain)
    big_endian("little.pth", "big.pth")
    golden["big.pth"] = golden["little.pth"]
    os.remove(os.path.join(here, "little.pth"))
    del golden["little.pth"]
    odd = {"float32": torch.ones(2), "complex64": torch.ones(2, dtype=torch.complex64), "float8_e4m3fn": torch.ones(2).to(torch.float8_e4m3fn)}
    save("unsupported.pth", odd, odd)

    net = module()
    save("module.pth", net, net.state_dict())
    small = nn.Linear(2, 1)  # this form has the source of each class
    save("module-legacy.pth", small, small.state_dict(), _use_new_zipfile_serialization=False)

    # What torchvision's references/classification/train.py saves.
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    net.again(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    args = argparse.Namespace(model="resnet18", lr=0.1, epochs=90, amp=False, output_dir=".", resume=None, train_crop_size=224)
    checkpoint = {"model": net.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 7, "args": args, "scaler": None}
    save("torchvision.pth", checkpoint, net.state_dict(), "model")
    average = torch.optim.swa_utils.AveragedModel(net)
    checkpoint["model_ema"] = average.state_dict()
    wrapped = {k: v for k, v in average.state_dict().items() if k != "n_averaged"}
    save("ema.pth", checkpoint, wrapped, "model_ema")

    # Another dict with one state dict in it, and classes as a tutorial saves them.
    save("tutorial.pth", {"arch": "vgg16", "net": net.state_dict(), "class_to_idx": {"bee": 1, "ant": 0}}, net.state_dict(), "net")

    # What ultralytics saves: the average as a module of 16-bit numbers, of a class that
    # is not there when it is read.
    tasks = types.ModuleType("ultralytics.nn.tasks")

    class ClassificationModel(nn.Module):
        pass

    ClassificationModel.__module__, ClassificationModel.__qualname__ = tasks.__name__, "ClassificationModel"
    tasks.ClassificationModel = ClassificationModel
    for name in ("ultralytics", "ultralytics.nn", "ultralytics.nn.tasks"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules["ultralytics.nn.tasks"] = tasks
    model = ClassificationModel()
    model.model = module().half()
    model.names, model.stride, model.yaml = {0: "ant", 1: "bee"}, torch.tensor([1]), {"nc": 2, "backbone": [[-1, 1, "Conv", [64, 3, 2]]]}
    checkpoint = {
        "epoch": -1, "best_fitness": None, "model": None, "ema": model, "updates": 12, "optimizer": None,
        "train_args": {"task": "classify", "imgsz": 224, "lr0": 0.01}, "date": "2026-11-26T00:00:00", "version": "8.4.0",
    }
    save("ultralytics.pt", checkpoint, model.state_dict(), "ema")

    # What is refused.
    torch.jit.save(torch.jit.script(nn.Linear(1, 1)), os.path.join(here, "script.pt"))
    with tarfile.open(os.path.join(here, "tar.pth"), "w", format=tarfile.USTAR_FORMAT) as t:
        for name in ("sys_info", "pickle", "storages", "tensors"):
            t.addfile(tarfile.TarInfo(name), io.BytesIO())

    class Evil:
        def __reduce__(self):
            return os.system, ("touch torchfile-was-here",)

    torch.save({"weight": torch.ones(1), "other": Evil()}, os.path.join(here, "evil.pth"))
    torch.save({"weight": torch.ones(1), "other": Evil()}, os.path.join(here, "evil-legacy.pth"), _use_new_zipfile_serialization=False)

    with open(os.path.join(here, "golden.json"), "w") as f:
        f.write("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in golden.items()) + "\n}\n")


main()
