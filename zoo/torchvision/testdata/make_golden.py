#!/usr/bin/env python3
"""Makes the golden files of package zoo/torchvision with torchvision.

    python3 zoo/torchvision/testdata/make_golden.py [NAME…]

makes those of the networks given, or all. One JSON file a network holds the names and
shapes of its state dict (without num_batches_tracked, and without the auxiliary
classifiers of GoogLeNet and Inception), the number of its parameters, and for one
image or two of some size logits and the sum of all; for the first also, with the
network in evaluation mode, the cross-entropy loss for class 7 of the logits times a
number (scale, 1 for networks as they are), and of each parameter's
gradient its norm and its product with a vector of numbers from −1 to 1. A batch
normalization stands in the list of names as its path and its channels.

Most networks also have a training step in training mode: the losses before and after
it, and by how much it changed tensors of each kind (see training). Dropout and
stochastic depth are switched off there, for they draw other numbers.

Weights and images are not stored: each is given by a formula of its name, which the Go
test repeats (see value). So that the tests stay small, VGG runs with 64 hidden
units in its classifier, and the networks of slim() with fewer channels and 10 classes;
names, shapes and the number of parameters are always those of the whole network.
Everything is computed in float64 from values that float32 holds. The files of
alexnet, vgg, googlenet, resnet18 to 50, densenet121, squeezenet1_1 and mobilenet_v2
were made with torchvision 0.14.1, the others with 0.29.
"""

import functools
import json
import pathlib
import sys
import warnings

import numpy as np
import torch
import torchvision

HERE = pathlib.Path(__file__).parent
torch.set_num_threads(1)


def uniform(name, count):
    """count numbers from −1 to 1: splitmix64 of a counter, started at the FNV-1a hash of the name."""
    key = 0xCBF29CE484222325
    for b in name.encode():
        key = (key ^ b) * 0x100000001B3 % 2**64
    with np.errstate(over="ignore"):
        z = np.uint64(key) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float64) / 2**23 - 1


def value(name, shape):
    """The tensor of that name, on a scale that keeps activations sane."""
    v = uniform(name, int(np.prod(shape)))
    if name.endswith("layer_scale"):
        v = 0.5 + 0.2 * v
    elif name.endswith("f.c.1.weight"):  # RegNet's blocks add little, so that gates are not saturated
        v = 0.3 + 0.1 * v
    elif len(shape) >= 2:
        v = v * np.sqrt(6 / np.prod(shape[1:]))
    elif name.endswith("running_var"):
        v = 1 + 0.5 * v
    elif name.endswith(".weight"):
        v = 1 + 0.2 * v
    else:
        v = 0.1 * v
    return torch.from_numpy(v.astype(np.float32).reshape(shape))


def image(size, count=1):
    return torch.from_numpy(uniform("image", count * 3 * size * size).astype(np.float32).reshape(count, 3, size, size))


def short(v):
    """A number with as many digits as float32 has."""
    return float(f"{float(v):.7g}")


def gradient(name, g):
    """The norm of a gradient, and its projection."""
    v = torch.from_numpy(uniform("grad/" + name, g.numel()))
    return [short(g.norm()), short((g.flatten() * v).sum())]


def names(model):
    return {k: list(v.shape) for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}


def compact(state):
    """The names and shapes as a list; a batch normalization is one entry."""
    out, names = [], list(state)
    while names:
        path = names[0].removesuffix("weight")
        norm = [path + k for k in ("weight", "bias", "running_mean", "running_var")]
        if names[:4] == norm:
            out.append([path.removesuffix("."), state[names[0]][0]])
            names = names[4:]
        else:
            out.append([names[0], state[names[0]]])
            names = names[1:]
    return out


def kind(name, shape):
    """What a tensor of the state is, for the sums of training()."""
    for suffix in ("running_mean", "running_var", "bias"):
        if name.endswith(suffix):
            return suffix
    return "weight" if len(shape) >= 2 and not name.endswith("layer_scale") else "scale"


def training(model, size):
    """A step of SGD with rate 0.01 on four images, in training mode: the losses before and
    after, and for each kind of tensor the norm of the change of all of them, and the sum
    of the products of these changes with vectors of numbers from −1 to 1.

    The biases of batch normalizations are greater by 7, so that hardly a value is near a
    kink of ReLU or hard-swish, where rounding decides which side it is on."""
    model.train()
    for m in model.modules():
        if isinstance(m, (torch.nn.Dropout, torchvision.ops.StochasticDepth)):
            m.p = 0.0
        if isinstance(m, torch.nn.BatchNorm2d):  # see above
            m.bias.data += 7
    x, y = image(size, 4).double(), torch.tensor([7, 2, 5, 0])
    before = {k: v.clone() for k, v in model.state_dict().items()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    losses = []
    for step in range(2):
        loss = torch.nn.functional.cross_entropy(model(x), y)
        losses.append(short(loss))
        if step == 0:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            changes = {k: v - before[k] for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
    sums = {}
    for k, v in changes.items():
        norm, product = gradient(k, v)
        sum_ = sums.setdefault(kind(k, v.shape), [0, 0])
        sum_[0] += norm**2
        sum_[1] += product
    return {"size": size, "losses": losses, "changes": {k: [short(np.sqrt(a)), short(b)] for k, (a, b) in sums.items()}}


def golden(name, sizes, hidden=0, train=0):
    model = make(name)
    state = names(model)
    parameters = sum(p.numel() for p in model.parameters())
    small = slim(name)
    classes = 10 if small else 1000
    model = small or model
    if hidden:
        model.classifier[0] = torch.nn.Linear(model.classifier[0].in_features, hidden)
        model.classifier[3] = torch.nn.Linear(hidden, hidden)
        model.classifier[6] = torch.nn.Linear(hidden, 1000)
    for k, v in model.state_dict().items():
        if not k.endswith("num_batches_tracked"):
            v.copy_(value(k, tuple(v.shape)))
    model = model.double().eval()
    runs = []
    for size in sizes:
        y = model(image(size).double())
        if not runs:
            # Large logits would leave no gradient but that of the largest.
            scale = short(1 / y.detach().abs().max()) if small else 1
            loss = torch.nn.functional.cross_entropy(y * scale, torch.tensor([7]))
            loss.backward()
            gradients = {k: gradient(k, p.grad) for k, p in model.named_parameters()}
        y = y.detach()[0]
        chosen = y if small else y[::16]
        runs.append({"size": size, "logits": [short(v) for v in chosen], "sum": short(y.sum()), "largest": short(y.abs().max())})
        print(f"{name} {size}: {parameters} parameters, largest logit {runs[-1]['largest']:.4g}, std {y.std():.4g}")
    out = {"torchvision": torchvision.__version__, "parameters": parameters, "hidden": hidden, "classes": classes, "scale": scale, "runs": runs,
           "loss": short(loss), "gradients": list(gradients.values())}
    if train:
        out["training"] = training(model, train)
    out["state"] = compact(state)
    text = json.dumps(out, separators=(",", ":"))
    (HERE / f"{name}.json").write_text(text.replace('],["', '],\n["') + "\n")


def make(name):
    """The network as torchvision makes it, without auxiliary classifiers."""
    args = {"aux_logits": False, "init_weights": False} if name in ("googlenet", "inception_v3") else {}
    return getattr(m, name)(**args)


EFFICIENT = [(1.0, 1.0), (1.0, 1.1), (1.1, 1.2), (1.2, 1.4), (1.4, 1.8)]
REGNET = {  # blocks and channels of the stages, channels of a group
    "y_400mf": ([1, 3, 6, 6], [48, 104, 208, 440], 8),
    "y_800mf": ([1, 3, 8, 2], [64, 144, 320, 784], 16),
    "y_1_6gf": ([2, 6, 17, 2], [48, 120, 336, 888], 24),
    "y_3_2gf": ([2, 5, 13, 1], [72, 216, 576, 1512], 24),
    "x_400mf": ([1, 2, 7, 12], [32, 64, 160, 400], 16),
    "x_800mf": ([1, 3, 7, 5], [64, 128, 288, 672], 16),
    "x_1_6gf": ([2, 4, 10, 2], [72, 168, 408, 912], 24),
    "x_3_2gf": ([2, 6, 15, 2], [96, 192, 432, 1008], 48),
}
SHUFFLE = {"x0_5": [48, 96, 192], "x1_0": [116, 232, 464], "x1_5": [176, 352, 704], "x2_0": [244, 488, 976]}
DENSE = {"densenet161": (96, 48, (6, 12, 36, 24)), "densenet169": (64, 32, (6, 12, 32, 32)), "densenet201": (64, 32, (6, 12, 48, 32))}
CONVNEXT = {"tiny": (96, [3, 3, 9, 3]), "small": (96, [3, 3, 27, 3]), "base": (128, [3, 3, 27, 3])}


def slim(name):
    """The same network with fewer channels (and of ResNets fewer blocks) and 10 classes,
    made by torchvision's own classes; None where the whole one is small enough."""
    family, _, variant = name.rpartition("_")
    if family == "mobilenet_v3":
        blocks, hidden = m.mobilenetv3._mobilenet_v3_conf(name, width_mult=0.5)
        return m.mobilenetv3.MobileNetV3(blocks, hidden, num_classes=10)
    if family == "shufflenet_v2" or name.startswith("shufflenet"):
        channels = SHUFFLE[name.removeprefix("shufflenet_v2_")]
        return m.shufflenetv2.ShuffleNetV2([4, 8, 4], [24] + [c // 8 * 2 for c in channels] + [128], num_classes=10)
    if name.startswith("mnasnet"):
        return m.mnasnet.MNASNet(float(name.removeprefix("mnasnet").replace("_", ".")) / 2, num_classes=10)
    if family == "efficientnet":
        width, depth = EFFICIENT[int(variant[1:])]
        blocks, _ = m.efficientnet._efficientnet_conf(name, width_mult=width / 4, depth_mult=depth)
        return m.efficientnet.EfficientNet(blocks, 0.2, num_classes=10)
    if name.startswith("regnet"):
        blocks, widths, group = REGNET[name.removeprefix("regnet_")]
        params = m.regnet.BlockParams(blocks, [w // 4 for w in widths], [group // 4] * 4, [1.0] * 4, [2] * 4,
                                      0.25 if name[7] == "y" else None)
        return m.regnet.RegNet(params, num_classes=10)
    if family == "convnext":
        width, blocks = CONVNEXT[variant]
        widths = [width // 8 << i for i in range(4)] + [None]
        setting = [m.convnext.CNBlockConfig(widths[i], widths[i + 1], b) for i, b in enumerate(blocks)]
        return m.convnext.ConvNeXt(setting, num_classes=10)
    if name == "resnext50_32x4d":
        return m.resnet.ResNet(m.resnet.Bottleneck, [1, 2, 1, 1], num_classes=10, groups=8, width_per_group=4)
    if name == "wide_resnet50_2":
        return m.resnet.ResNet(m.resnet.Bottleneck, [1, 2, 1, 1], num_classes=10, width_per_group=16)
    if name in DENSE:
        channels, growth, blocks = DENSE[name]
        return m.densenet.DenseNet(growth // 4, blocks, channels // 4, num_classes=10)
    if name == "inception_v3":
        i = m.inception

        class Conv(i.BasicConv2d):  # an eighth of the channels
            def __init__(self, channels, out, **args):
                super().__init__(channels // 8 if channels > 3 else channels, out // 8, **args)

        blocks = [Conv] + [functools.partial(b, conv_block=Conv) for b in (i.InceptionA, i.InceptionB, i.InceptionC, i.InceptionD, i.InceptionE, i.InceptionAux)]
        model = i.Inception3(10, aux_logits=False, inception_blocks=blocks, init_weights=False)
        model.fc = torch.nn.Linear(256, 10)
        return model
    return None


m = torchvision.models
warnings.simplefilter("ignore")
GOLDEN = {
    "alexnet": ([100],), "vgg11": ([64], 64), "vgg11_bn": ([80], 64), "vgg16": ([96], 64), "vgg16_bn": ([64], 64),
    "googlenet": ([96],), "inception_v3": ([107], 0, 107),
    "resnet18": ([65, 224],), "resnet34": ([64],), "resnet50": ([96],), "resnext50_32x4d": ([75], 0, 64), "wide_resnet50_2": ([75], 0, 64),
    "densenet121": ([64],), "densenet161": ([75], 0, 64), "densenet169": ([75], 0, 64), "densenet201": ([75], 0, 64),
    "squeezenet1_0": ([97], 0, 64), "squeezenet1_1": ([97],), "mobilenet_v2": ([75, 224],),
    "mobilenet_v3_small": ([75], 0, 64), "mobilenet_v3_large": ([75], 0, 64),
    **{f"shufflenet_v2_{v}": ([75], 0, 64) for v in SHUFFLE},
    **{f"mnasnet{v}": ([75], 0, 64) for v in ("0_5", "0_75", "1_0", "1_3")},
    **{f"efficientnet_b{i}": ([75], 0, 64) for i in range(5)},
    **{f"regnet_{v}": ([71], 0, 64) for v in REGNET},
    **{f"convnext_{v}": ([75], 0, 64) for v in CONVNEXT},
}

if __name__ == "__main__":
    for name in sys.argv[1:] or GOLDEN:
        golden(name, *GOLDEN[name])
