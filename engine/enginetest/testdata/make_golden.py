#!/usr/bin/env python3
"""Makes the golden files of package enginetest with PyTorch.

    python3 engine/enginetest/testdata/make_golden.py

Everything is computed in float64 on one thread from inputs that float32 can
hold, and results are rounded to float32 once. Each file is a safetensors file
whose metadata gives, for each case, the operator and its attributes as JSON;
the tensors of case c are c/ARG (arguments), c/y (result), c/dy (derivative
fed into the result) and c/dARG (derivatives).

Made with PyTorch 2.15. Version 1.13 makes the same files, but for
activation.safetensors: its clamp has another derivative at the bounds. Names of
files, without .safetensors, after the script's name make only these.
"""

import json
import pathlib
import struct
import sys

import torch
import torch.nn.functional as F

HERE = pathlib.Path(__file__).parent
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)


class Golden:
    """One file of cases."""

    def __init__(self, seed):
        self.tensors, self.metadata = {}, {}
        self.random = torch.Generator().manual_seed(seed)

    def normal(self, *shape):
        return torch.randn(shape, generator=self.random).float().double()

    def put(self, name, value):
        self.tensors[name] = value.detach().to(torch.float32).contiguous()

    def case(self, name, op, f, fixed=(), **args):
        """Runs f on the arguments, forward and backward."""
        attributes = {k: v for k, v in args.items() if not torch.is_tensor(v)}
        values = {k: v.float().double() for k, v in args.items() if torch.is_tensor(v)}
        for k, v in values.items():
            v.requires_grad_(k not in fixed)
        y = f(**values)
        dy = self.normal(*y.shape)
        if y.requires_grad:
            y.backward(dy)
        self.metadata[name] = json.dumps({"op": op, "args": list(values), **attributes})
        self.put(f"{name}/y", y)
        self.put(f"{name}/dy", dy)
        for k, v in values.items():
            self.put(f"{name}/{k}", v)
            if k not in fixed:
                self.put(f"{name}/d{k}", v.grad)

    def save(self, name):
        header, data = {"__metadata__": self.metadata}, b""
        for k, v in self.tensors.items():
            raw = v.numpy().astype("<f4").tobytes()
            header[k] = {"dtype": "F32", "shape": list(v.shape), "data_offsets": [len(data), len(data) + len(raw)]}
            data += raw
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        path = HERE / f"{name}.safetensors"
        path.write_bytes(struct.pack("<Q", len(text)) + text + data)
        print(f"{path.name}: {len(self.metadata)} cases, {path.stat().st_size} bytes")


def conv():
    g = Golden(1)
    # n, c, h, w, out, kernel, stride, padding, dilation, groups, bias
    table = [
        (2, 1, 10, 10, 6, (5, 5), (1, 1), (2, 2), (1, 1), 1, True),
        (2, 6, 8, 8, 4, (5, 5), (1, 1), (0, 0), (1, 1), 1, True),
        (1, 3, 15, 15, 4, (7, 7), (2, 2), (3, 3), (1, 1), 1, False),
        (1, 1, 19, 19, 3, (11, 11), (4, 4), (1, 1), (1, 1), 1, True),
        (3, 8, 6, 6, 9, (3, 3), (1, 1), (1, 1), (1, 1), 1, True),
        (2, 16, 5, 5, 8, (1, 1), (1, 1), (0, 0), (1, 1), 1, True),
        (2, 5, 7, 7, 6, (1, 1), (2, 2), (0, 0), (1, 1), 1, False),
        (1, 2, 8, 8, 3, (3, 5), (3, 4), (0, 1), (1, 1), 1, True),
        (2, 3, 9, 6, 4, (1, 3), (1, 2), (0, 1), (1, 1), 1, True),
        (1, 3, 7, 8, 2, (4, 2), (2, 1), (2, 1), (1, 1), 1, True),
        (1, 3, 9, 9, 4, (3, 3), (1, 1), (2, 2), (2, 2), 1, True),
        (2, 2, 11, 9, 3, (3, 2), (2, 1), (1, 2), (3, 2), 1, False),
        (2, 4, 6, 6, 6, (3, 3), (1, 1), (1, 1), (1, 1), 2, True),
        (1, 8, 7, 7, 8, (3, 3), (2, 2), (1, 1), (1, 1), 8, True),
        (1, 3, 5, 5, 6, (3, 3), (1, 1), (1, 1), (2, 2), 3, False),
        (1, 2, 3, 3, 2, (1, 1), (1, 1), (2, 2), (1, 1), 1, True),
        (1, 2, 2, 2, 3, (3, 3), (2, 2), (4, 4), (1, 1), 1, True),
    ]
    for i, (n, c, h, w, o, k, s, p, d, groups, bias) in enumerate(table):
        args = {"x": g.normal(n, c, h, w), "w": g.normal(o, c // groups, *k)}
        if bias:
            args["b"] = g.normal(o)
        g.case(
            f"conv{i:02}", "conv2d",
            lambda x, w, b=None: F.conv2d(x, w, b, stride=s, padding=p, dilation=d, groups=groups),
            stride=s, padding=p, dilation=d, groups=groups, **args,
        )
    # n, c, h, w, out, kernel, stride, padding, output padding, dilation, groups, bias
    for i, (n, c, h, w, o, k, s, p, extra, d, groups, bias) in enumerate([
        (2, 3, 5, 4, 4, (2, 2), (2, 2), (0, 0), (0, 0), (1, 1), 1, True),
        (1, 4, 4, 5, 3, (3, 3), (2, 2), (1, 1), (1, 1), (1, 1), 1, True),
        (1, 6, 3, 3, 4, (4, 4), (2, 2), (1, 1), (0, 0), (1, 1), 2, False),
        (1, 4, 4, 3, 4, (3, 2), (3, 2), (2, 0), (2, 1), (1, 1), 4, True),
        (1, 2, 4, 4, 3, (3, 3), (1, 2), (0, 2), (1, 2), (2, 3), 1, True),
    ]):
        args = {"x": g.normal(n, c, h, w), "w": g.normal(c, o // groups, *k)}
        if bias:
            args["b"] = g.normal(o)
        g.case(
            f"transposed{i}", "conv_transpose2d",
            lambda x, w, b=None: F.conv_transpose2d(x, w, b, s, p, extra, groups, d),
            stride=s, padding=p, extra=extra, dilation=d, groups=groups, **args,
        )
    g.save("conv")


def pool():
    g = Golden(2)
    # shape, kernel, stride, padding, ceil
    table = [
        ((2, 3, 8, 8), (2, 2), (2, 2), (0, 0), False),
        ((2, 3, 7, 9), (2, 2), (2, 2), (0, 0), True),
        ((1, 5, 9, 9), (3, 3), (2, 2), (0, 0), False),
        ((1, 5, 8, 8), (3, 3), (2, 2), (0, 0), True),
        ((2, 2, 9, 9), (3, 3), (2, 2), (1, 1), False),
        ((2, 2, 8, 8), (3, 3), (2, 2), (1, 1), True),
        ((1, 8, 6, 6), (3, 3), (1, 1), (1, 1), False),
        ((1, 2, 6, 9), (2, 3), (1, 2), (1, 1), True),
        ((1, 2, 7, 7), (2, 2), (3, 3), (1, 1), True),
        ((1, 2, 5, 5), (4, 4), (4, 4), (2, 2), True),
        ((1, 2, 7, 7), (1, 1), (3, 3), (0, 0), True),
        ((1, 1, 3, 5), (3, 5), (1, 1), (1, 2), False),
    ]
    for i, (shape, k, s, p, ceil) in enumerate(table):
        g.case(
            f"max{i:02}", "max_pool2d", lambda x: F.max_pool2d(x, k, s, p, ceil_mode=ceil),
            x=g.normal(*shape), kernel=k, stride=s, padding=p, ceil=ceil,
        )
        for include in (True, False):
            g.case(
                f"avg{i:02}{'in' if include else 'ex'}", "avg_pool2d",
                lambda x: F.avg_pool2d(x, k, s, p, ceil_mode=ceil, count_include_pad=include),
                x=g.normal(*shape), kernel=k, stride=s, padding=p, ceil=ceil, include=include,
            )
    g.case(
        "maxdilated", "max_pool2d", lambda x: F.max_pool2d(x, (3, 2), (1, 2), (1, 1), dilation=(2, 3)),
        x=g.normal(2, 3, 8, 9), kernel=(3, 2), stride=(1, 2), padding=(1, 1), dilation=(2, 3), ceil=False,
    )
    # Equal elements: the first one gets the derivative.
    g.case(
        "maxties", "max_pool2d", lambda x: F.max_pool2d(x, 3, 2, 1),
        x=torch.randint(0, 3, (2, 3, 7, 7), generator=g.random).double(), kernel=(3, 3), stride=(2, 2), padding=(1, 1), ceil=False,
    )
    # With ceil the only window may be larger than the image.
    g.case("maxhanging", "max_pool2d", lambda x: F.max_pool2d(x, 3, 2, ceil_mode=True), x=g.normal(2, 3, 2, 4), kernel=(3, 3), stride=(2, 2), padding=(0, 0), ceil=True)
    g.case("avghanging", "avg_pool2d", lambda x: F.avg_pool2d(x, 3, 2, ceil_mode=True), x=g.normal(2, 3, 2, 4), kernel=(3, 3), stride=(2, 2), padding=(0, 0), ceil=True, include=True)
    # Uneven padding, which PyTorch adds first, and dilation, as a mean over the elements of windows.
    for i, (shape, k, s, p, extra, d) in enumerate([
        ((1, 2, 7, 8), (3, 3), (2, 2), (0, 1), (1, 1), (1, 1)), ((1, 2, 7, 7), (3, 2), (2, 1), (2, 1), (-2, -1), (1, 1)),
        ((1, 2, 9, 7), (2, 3), (1, 2), (1, 2), (2, 0), (3, 2)),
    ]):
        pads = (p[1], p[1] + extra[1], p[0], p[0] + extra[0])
        g.case(
            f"maxuneven{i}", "max_pool2d", lambda x: F.max_pool2d(F.pad(x, pads, value=float("-inf")), k, s, 0, d),
            x=g.normal(*shape), kernel=k, stride=s, padding=p, extra=extra, dilation=d, ceil=False,
        )

        def mean(x, include):
            def sums(x):
                return F.unfold(F.pad(x, pads).flatten(0, 1).unsqueeze(1), k, d, 0, s).sum(1)

            y = sums(x) / (k[0] * k[1] if include else sums(torch.ones_like(x)))
            return y.reshape(*x.shape[:2], -1, (x.shape[3] + pads[0] + pads[1] - d[1] * (k[1] - 1) - 1) // s[1] + 1)

        for include in (True, False):
            g.case(
                f"avguneven{i}{'in' if include else 'ex'}", "avg_pool2d", lambda x: mean(x, include),
                x=g.normal(*shape), kernel=k, stride=s, padding=p, extra=extra, dilation=d, ceil=False, include=include,
            )
    for i, (shape, out) in enumerate([((2, 3, 13, 13), (6, 6)), ((1, 4, 10, 7), (3, 5)), ((2, 5, 2, 3), (7, 7)), ((1, 3, 6, 8), (3, 2)), ((2, 3, 5, 4), (1, 1))]):
        g.case(f"adaptive{i}", "adaptive_avg_pool2d", lambda x: F.adaptive_avg_pool2d(x, out), x=g.normal(*shape), shape=out)
    for i, (mode, align, antialias, shape, out) in enumerate([
        ("nearest", None, False, (1, 2, 4, 3), (7, 9)), ("nearest", None, False, (1, 2, 7, 9), (3, 4)), ("nearest-exact", None, False, (1, 2, 4, 7), (6, 3)),
        ("bilinear", False, False, (1, 2, 4, 3), (7, 6)), ("bilinear", False, False, (1, 2, 7, 8), (3, 5)), ("bilinear", True, False, (1, 2, 4, 5), (7, 3)),
        ("bicubic", False, False, (1, 2, 4, 3), (7, 6)), ("bicubic", False, False, (1, 2, 7, 8), (3, 5)), ("bicubic", True, False, (1, 2, 4, 5), (7, 3)),
        ("bilinear", False, True, (1, 2, 9, 7), (4, 3)), ("bicubic", False, True, (1, 2, 9, 4), (4, 6)),
    ]):
        g.case(
            f"resize{i:02}", "interpolate", lambda x: F.interpolate(x, out, mode=mode, align_corners=align, antialias=antialias),
            x=g.normal(*shape), mode=mode, align=bool(align), antialias=antialias, shape=out,
        )
    g.save("pool")


def norm():
    g = Golden(3)
    for i, shape in enumerate([(5, 3), (2, 4, 3, 3), (3, 8, 1, 1), (1, 1, 4, 5), (4, 9, 2, 3)]):
        c = shape[1]
        x, mean, var = g.normal(*shape) * 2 + 3, g.normal(c), (g.normal(c).abs() + 0.5).float().double()
        weight, bias = g.normal(c), g.normal(c)
        new_mean, new_var = mean.clone(), var.clone()

        def train(x, weight, bias):
            return F.batch_norm(x, new_mean, new_var, weight, bias, True, 0.1, 1e-5)

        g.case(f"train{i}", "batch_norm_train", train, x=x.clone(), weight=weight.clone(), bias=bias.clone(), eps=1e-5)
        for k, v in {"mean": mean, "var": var, "new_mean": new_mean, "new_var": new_var}.items():
            g.put(f"train{i}/{k}", v)
        g.case(
            f"eval{i}", "batch_norm_eval",
            lambda x, mean, var, weight, bias: F.batch_norm(x, mean, var, weight, bias, False, 0.1, 1e-5),
            fixed=("mean", "var"), x=x.clone(), mean=mean.clone(), var=var.clone(), weight=weight.clone(), bias=bias.clone(), eps=1e-5,
        )
    for i, (shape, axes) in enumerate([((5, 7), (1,)), ((2, 3, 4), (1, 2)), ((2, 3, 2, 9), (3,)), ((1, 2, 3, 4), (1, 2, 3))]):
        row = [shape[a] for a in axes]
        g.case(
            f"layer{i}", "layer_norm", lambda x, weight, bias: F.layer_norm(x, row, weight, bias, 1e-5),
            x=g.normal(*shape) * 2 + 3, weight=g.normal(*row), bias=g.normal(*row), axes=axes, eps=1e-5,
        )
    g.case("layerplain", "layer_norm", lambda x: F.layer_norm(x, [6], eps=1e-3), x=g.normal(4, 6), axes=(1,), eps=1e-3)
    for i, (shape, groups) in enumerate([((5, 6), 2), ((2, 6, 3, 4), 3), ((1, 4, 5, 2), 1), ((2, 6, 5), 2), ((2, 4, 2, 3, 2), 2)]):
        c = shape[1]
        g.case(
            f"group{i}", "group_norm", lambda x, weight, bias: F.group_norm(x, groups, weight, bias, 1e-5),
            x=g.normal(*shape) * 2 + 3, weight=g.normal(c), bias=g.normal(c), groups=groups, eps=1e-5,
        )
    g.case("groupplain", "group_norm", lambda x: F.group_norm(x, 2, eps=1e-3), x=g.normal(2, 4, 3, 2), groups=2, eps=1e-3)
    for i, shape in enumerate([(2, 3, 4, 5), (2, 3, 7)]):
        c = shape[1]
        g.case(
            f"instance{i}", "instance_norm", lambda x, weight, bias: F.instance_norm(x, weight=weight, bias=bias, eps=1e-5),
            x=g.normal(*shape) * 2 + 3, weight=g.normal(c), bias=g.normal(c), eps=1e-5,
        )
    g.save("norm")


def other():
    g = Golden(4)
    for name in ("neg", "exp", "relu", "sigmoid", "tanh"):
        g.case(name, name, lambda x: getattr(torch, name)(x), x=g.normal(3, 17) * 2)
    for name in ("log", "sqrt"):
        g.case(name, name, lambda x: getattr(torch, name)(x), x=g.normal(3, 17).abs() + 0.01)
    shapes = [((2, 3, 4, 5), (2, 3, 4, 5)), ((2, 3, 4, 5), (3, 1, 1)), ((4, 1), (1, 5)), ((), (3, 2)), ((2, 1, 4), (3, 1))]
    for name in ("add", "sub", "mul", "div"):
        for i, (a, b) in enumerate(shapes):
            g.case(f"{name}{i}", name, lambda a, b: getattr(torch, name)(a, b), a=g.normal(*a), b=g.normal(*b).abs() + 0.5)
    for name in ("sum", "mean", "amax"):
        for i, axes in enumerate([(0,), (1, 3), (2, 3), (0, 1, 2, 3), (0, 2, 3)]):
            for keep in (False, True):
                x = torch.randint(0, 9, (2, 3, 4, 5), generator=g.random).double() if name == "amax" else g.normal(2, 3, 4, 5)
                g.case(f"{name}{i}{'keep' if keep else ''}", name, lambda x: getattr(torch, name)(x, axes, keepdim=keep), x=x, axes=axes, keep=keep)
    for axis, shape in [(1, (4, 10)), (0, (4, 10)), (1, (2, 5, 3, 3)), (3, (2, 2, 3, 7))]:
        for name in ("softmax", "log_softmax"):
            g.case(f"{name}{axis}r{len(shape)}", name, lambda x: getattr(torch, name)(x, axis), x=g.normal(*shape) * 5, axis=axis)
    for n, k in [(1, 2), (4, 10), (7, 33)]:
        labels = torch.randint(0, k, (n,), generator=g.random)
        for reduction in ("none", "mean"):
            g.case(
                f"cross_entropy{n}x{k}{reduction}", "cross_entropy",
                lambda x, labels: F.cross_entropy(x, labels.long(), reduction=reduction),
                fixed=("labels",), x=g.normal(n, k) * 4, labels=labels.double(), mean=reduction == "mean",
            )
    for n, i, o in [(1, 5, 3), (4, 33, 10), (9, 16, 17)]:
        g.case(f"linear{n}", "linear", lambda x, w, b: F.linear(x, w, b), x=g.normal(n, i), w=g.normal(o, i), b=g.normal(o))
    g.case("matmul", "matmul", lambda a, b: a @ b, a=g.normal(7, 12), b=g.normal(12, 5))
    g.case("transpose", "transpose", lambda x: x.permute(2, 0, 3, 1), x=g.normal(2, 3, 4, 5), perm=(2, 0, 3, 1))
    g.case("reshape", "reshape", lambda x: x.reshape(2, 60), x=g.normal(2, 3, 4, 5), shape=(2, 60))
    g.case("concat", "concat", lambda a, b, c: torch.cat((a, b, c), 1), a=g.normal(2, 3, 2, 2), b=g.normal(2, 1, 2, 2), c=g.normal(2, 6, 2, 2), axis=1)
    g.case("slice", "slice", lambda x: x[:, 1:4], x=g.normal(2, 6, 3, 3), axis=1, start=1, stop=4)
    g.case("pad", "pad", lambda x: F.pad(x, (1, 2, 0, 3), value=-1.5), x=g.normal(2, 3, 4, 5), before=(0, 0, 0, 1), after=(0, 0, 3, 2), value=-1.5)
    # Both bounds of ReLU6 among the arguments: its derivative there is 0.
    x = g.normal(3, 17) * 4 + 2
    x[0, :4] = torch.tensor([0.0, 6.0, 6.5, -0.5])
    g.case("relu6", "relu6", lambda x: F.relu6(x), x=x)
    g.save("other")


def activation():
    assert torch.__version__.split(".")[0] >= "2", "activation.safetensors needs PyTorch 2"
    g = Golden(6)

    def x(*edges):
        """Normal numbers, the first of which are the edges and numbers beside them."""
        values = g.normal(3, 17) * 2
        near = [e + d for e in edges for d in (0.0, -0.125, 0.125)]
        values.view(-1)[: len(near)] = torch.tensor(near)
        return values

    for name, f, edges in [
        ("silu", F.silu, (0, -1.278)), ("hardsigmoid", F.hardsigmoid, (-3, 3)), ("hardswish", F.hardswish, (-3, 3)),
        ("gelu", F.gelu, (0, -0.75)), ("gelu_tanh", lambda x: F.gelu(x, approximate="tanh"), (0, -0.75)),
        ("erf", torch.erf, (0, 3)), ("abs", torch.abs, (0,)),
    ]:
        g.case(name, name, lambda x: f(x), x=x(*edges))
    for a in (0.01, 0.25, -0.5):
        g.case(f"leaky_relu{a}", "leaky_relu", lambda x: F.leaky_relu(x, a), x=x(0), a=a)
    for a in (1.0, 0.375):
        g.case(f"elu{a}", "elu", lambda x: F.elu(x, a), x=x(0), a=a)
    for a, b in [(1.0, 20.0), (2.5, 3.0), (0.5, 1.0)]:
        g.case(f"softplus{a},{b}", "softplus", lambda x: F.softplus(x, a, b), x=x(0, b / a), a=a, b=b)
    for a in (0.0, 1.0, 2.0, 3.0, -1.0):
        g.case(f"pow{a}", "pow", lambda x: torch.pow(x, a), x=x(1), a=a)
    for a in (0.5, 1.5, -0.75):
        g.case(f"pow{a}", "pow", lambda x: torch.pow(x, a), x=x(1).abs() + 0.25, a=a)
    for a, b in [(-0.5, 0.75), (0.0, 1.0), (1.0, 1.0)]:
        g.case(f"clamp{a},{b}", "clamp", lambda x: torch.clamp(x, a, b), x=x(a, b), a=a, b=b)
    for name in ("minimum", "maximum"):
        for i, (a, b) in enumerate([((3, 5), (3, 5)), ((2, 3, 2, 4), (3, 1, 1)), ((4, 1), (1, 5))]):
            digits = [torch.randint(0, 3, s, generator=g.random).double() for s in (a, b)]
            g.case(f"{name}{i}", name, lambda a, b: getattr(torch, name)(a, b), a=g.normal(*a), b=g.normal(*b))
            g.case(f"{name}{i}ties", name, lambda a, b: getattr(torch, name)(a, b), a=digits[0], b=digits[1])
    for i, (shape, size, alpha, beta, k) in enumerate([
        ((2, 7, 3, 3), 5, 1e-4, 0.75, 1.0), ((1, 12, 4, 5), 5, 0.5, 0.75, 2.0), ((2, 6, 2, 3), 4, 2.0, 0.3, 0.5),
        ((2, 3, 2, 2), 9, 1.0, 1.25, 1.0), ((1, 4, 3, 2), 1, 3.0, 0.5, 1.0),
    ]):
        g.case(
            f"lrn{i}", "local_response_norm", lambda x: F.local_response_norm(x, size, alpha, beta, k),
            x=g.normal(*shape) * 2, size=size, alpha=alpha, beta=beta, k=k,
        )
    # Operators without a derivative, and one that only repeats.
    digits = [torch.randint(0, 3, s, generator=g.random).double() for s in ((3, 4), (4,), (4, 7))]
    g.case("eq", "eq", lambda a, b: torch.eq(a, b).double(), fixed=("a", "b"), a=digits[0], b=digits[1])
    for axis in (0, 1):
        g.case(f"argmax{axis}", "argmax", lambda x: torch.argmax(x, axis).double(), fixed=("x",), x=g.normal(4, 7), axis=axis)
    g.case("broadcast", "broadcast_to", lambda x: torch.broadcast_to(x, (2, 3, 4)), x=g.normal(3, 1), shape=(2, 3, 4))
    g.save("activation")


def arrays():
    g = Golden(7)
    # Batches of matrices, with batch axes that are broadcast, and one matrix for all.
    for i, (a, b) in enumerate([((3, 4, 5), (3, 5, 6)), ((2, 3, 7, 4), (4, 5)), ((4, 6), (3, 6, 2)), ((2, 1, 3, 5), (4, 5, 9))]):
        g.case(f"matmul{i}", "matmul", lambda a, b: a @ b, a=g.normal(*a), b=g.normal(*b))
    g.case("linear", "linear", lambda x, w, b: F.linear(x, w, b), x=g.normal(2, 5, 8), w=g.normal(7, 8), b=g.normal(7))
    def digits(*shape, least=0):
        return torch.randint(least, 3, shape, generator=g.random).double()

    # The derivative at 0 of functions that are constant but for jumps is 0.
    x = torch.arange(-8, 9).double() / 4
    for name in ("floor", "ceil", "round", "sign"):
        g.case(name, name, lambda x: getattr(torch, name)(x), fixed=("x",), x=x)
    for name in ("sin", "cos"):
        g.case(name, name, lambda x: getattr(torch, name)(x), x=g.normal(3, 17) * 4)
    for name in ("lt", "le", "gt", "ge"):
        g.case(name, name, lambda a, b: getattr(torch, name)(a, b).double(), fixed=("a", "b"), a=digits(3, 5), b=digits(5))
    for name in ("logical_and", "logical_or", "logical_xor"):
        g.case(name, name, lambda a, b: getattr(torch, name)(a, b).double(), fixed=("a", "b"), a=digits(9).clamp(max=1), b=digits(9).clamp(max=1))
    g.case("logical_not", "logical_not", lambda x: torch.logical_not(x).double(), fixed=("x",), x=digits(9))
    g.case("power", "power", lambda a, b: torch.pow(a, b), a=g.normal(3, 5).abs() + 0.25, b=g.normal(5) * 2)
    # Powers of 0 and of negative numbers: of the exponents −1, 0, 1 and 2.
    a, b = torch.meshgrid(torch.arange(-2.0, 3.0), torch.arange(-1.0, 3.0), indexing="ij")
    g.case("power_digits", "power", lambda a, b: torch.pow(a, b), fixed=("b",), a=a.double(), b=b.double())
    g.case("power_zero", "power", lambda a, b: torch.pow(a, b), fixed=("a",), a=torch.tensor([0.0, 0.0, 2.0, 1.0]), b=torch.tensor([0.0, 2.0, 0.0, -3.0]))
    for i, (a, b) in enumerate([((3, 5), (3, 5)), ((), (3, 1))]):
        g.case(f"where{i}", "where", lambda c, a, b: torch.where(c != 0, a, b), fixed=("c",), c=digits(3, 5), a=g.normal(*a), b=g.normal(*b))
    for axis, indices in [(0, [2, 0]), (1, [3, 3, 0, 4, 3])]:
        g.case(f"gather{axis}", "gather", lambda x: torch.index_select(x, axis, torch.tensor(indices)), x=g.normal(4, 5, 3), axis=axis, axes=indices)
    for name in ("remainder", "fmod"):
        g.case(name, name, lambda a, b: getattr(torch, name)(a, b), a=g.normal(5, 7) * 4, b=g.normal(7))
    for name, axes in [("amin", (1,)), ("prod", (1,)), ("prod", (0,))]:
        f = (lambda x: torch.amin(x, axes)) if name == "amin" else (lambda x: torch.prod(x, axes[0]))
        g.case(f"{name}{axes[0]}", name, f, x=digits(4, 5, least=-2), axes=axes)
    g.case("argmin", "argmin", lambda x: torch.argmin(x, 1).double(), fixed=("x",), x=g.normal(4, 7), axis=1)
    for largest in (False, True):
        x = g.normal(4, 7, 2)
        g.case(f"topk{largest}", "topk", lambda x: torch.topk(x, 3, 1, largest).values, x=x, axis=1, size=3, include=largest)
        g.case(
            f"topk_indices{largest}", "topk_indices", lambda x: torch.topk(x, 3, 1, largest).indices.double(), fixed=("x",),
            x=x, axis=1, size=3, include=largest,
        )
    g.case(
        "gather_elements", "gather_elements", lambda x, indices: torch.gather(x, 1, indices.long()), fixed=("indices",),
        x=g.normal(3, 4), indices=digits(3, 6), axis=1,
    )
    g.case("cumsum", "cumsum", lambda x: torch.cumsum(x, 1), x=g.normal(3, 5, 2), axis=1)
    for mode in ("reflect", "replicate"):
        g.case(
            f"pad_{mode}", f"pad_{mode}", lambda x: F.pad(x, (2, 1, 1, 3), mode=mode), x=g.normal(2, 3, 4, 5),
            before=(0, 0, 1, 2), after=(0, 0, 3, 1),
        )
    g.case("slice_step", "slice_step", lambda x: x[:, 1:8:3], x=g.normal(2, 9, 3), axis=1, start=1, stop=8, size=3)
    # PyTorch multiplies by the reciprocal of the scale: no quotient here is so near a half that it matters.
    # Zero points below 0 are not among them: the derivative of PyTorch 2.15 takes −3 for −2 there, the function does not.
    for name, z, least, most in [("int8", 0.0, -128, 127), ("uint8", 121.0, 0, 255), ("int4", 3.0, -8, 7)]:
        g.case(
            f"fake_quantize_{name}", "fake_quantize",
            lambda x, scale, zero: torch._fake_quantize_learnable_per_tensor_affine(x.float(), scale.float(), zero.float(), least, most, 1.0).double(),
            fixed=("zero",), x=g.normal(7, 19) * 40 / 127, scale=torch.tensor([0.011]), zero=torch.tensor([z]), start=least, stop=most,
        )
    for axis in (0, 1):
        g.case(
            f"fake_quantize_axis{axis}", "fake_quantize",
            lambda x, scale, zero: torch._fake_quantize_learnable_per_channel_affine(x.float(), scale.float(), zero.float(), axis, -128, 127, 1.0).double(),
            fixed=("zero",), x=g.normal(4, 4, 5), scale=torch.tensor([0.01, 0.02, 0.03, 0.005]), zero=torch.tensor([0.0, 3, -7, 0]),
            start=-128, stop=127, axis=axis,
        )
    g.save("arrays")


class Network:
    """Parameters drawn at first use, by the names that the Go test uses."""

    def __init__(self, g):
        self.g, self.params, self.buffers = g, {}, {}

    def param(self, name, scale, *shape):
        if name not in self.params:
            self.params[name] = (self.g.normal(*shape) * scale).float().double().requires_grad_()
        return self.params[name]

    def conv(self, x, name, out, k, padding=0, groups=1):
        c = x.shape[1] // groups
        w = self.param(name + ".weight", (2 / (c * k * k)) ** 0.5, out, c, k, k)
        return F.conv2d(x, w, self.param(name + ".bias", 0.1, out), padding=padding, groups=groups)

    def linear(self, x, name, out):
        return F.linear(x, self.param(name + ".weight", x.shape[1] ** -0.5, out, x.shape[1]), self.param(name + ".bias", 0.1, out))

    def batch_norm(self, x, name):
        c = x.shape[1]
        mean = self.buffers.setdefault(name + ".running_mean", torch.zeros(c))
        var = self.buffers.setdefault(name + ".running_var", torch.ones(c))
        return F.batch_norm(x, mean, var, self.param(name + ".weight", 1, c), self.param(name + ".bias", 0.2, c), True, 0.1, 1e-5)


def lenet(n, x):
    x = F.avg_pool2d(torch.sigmoid(n.conv(x, "c1", 6, 5, padding=2)), 2)
    x = F.avg_pool2d(torch.sigmoid(n.conv(x, "c2", 16, 5)), 2).flatten(1)
    x = torch.tanh(n.linear(torch.sigmoid(n.linear(x, "l1", 20)), "l2", 12))
    return n.linear(x, "l3", 10)


def residual(n, x):
    x = torch.relu(n.batch_norm(n.conv(x, "stem", 8, 3, padding=1), "bn"))
    x = F.max_pool2d(x, 3, 2, 1)
    y = torch.relu(n.batch_norm(n.conv(x, "a", 8, 3, padding=1), "bn1"))
    y = n.batch_norm(n.conv(y, "b", 8, 3, padding=1, groups=2), "bn2")
    x = torch.relu(y + x)
    x = torch.cat((x, torch.relu(n.conv(x, "c", 5, 1))), 1)
    return n.linear(x.mean((2, 3)), "fc", 10)


def networks():
    """Three steps of SGD (lr 0.05, momentum 0.9) of two small networks."""
    g = Golden(5)
    for name, f, shape in (("LeNet", lenet, (6, 1, 14, 14)), ("residual", residual, (6, 3, 9, 9))):
        n, x = Network(g), g.normal(*shape)
        labels = torch.arange(shape[0]) * 5 % 10
        with torch.no_grad():
            f(n, x)
        n.buffers.clear()
        g.put(f"{name}/x", x)
        for k, v in n.params.items():
            g.put(f"{name}/before/{k}", v)
        sgd = torch.optim.SGD(list(n.params.values()), lr=0.05, momentum=0.9)
        losses = []
        for _ in range(3):
            sgd.zero_grad()
            loss = F.cross_entropy(f(n, x), labels)
            loss.backward()
            sgd.step()
            losses.append(loss.detach())
        g.put(f"{name}/losses", torch.stack(losses))
        for k, v in {**n.params, **n.buffers}.items():
            g.put(f"{name}/after/{k}", v)
        g.metadata[name] = "{}"
    g.save("networks")


if __name__ == "__main__":
    makers = {f.__name__: f for f in (conv, pool, norm, other, activation, arrays, networks)}
    for name in sys.argv[1:] or makers:
        makers[name]()
