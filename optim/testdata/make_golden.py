#!/usr/bin/env python3
"""Makes the golden files of package optim: ten steps of each optimizer, with clipping
and moving averages, on the loss ½·(a·x−1)² + the sum of y⁴/4 (optimizers.json), and
the rates of schedulers (schedules.json).

Needs PyTorch and timm (made with torch 2.15.0 and timm 1.0.31)."""
import json
import os

import torch
from timm.optim import Lamb, RMSpropTF
from timm.scheduler import CosineLRScheduler
from timm.utils import ModelEmaV2, ModelEmaV3

HERE = os.path.dirname(os.path.abspath(__file__))
RATES = [0.1, 0.1, 0.05, 0.2, 0.01, 0.1, 0.03, 0.1, 0.07, 0.02]


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.x = torch.nn.Parameter(torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64))
        self.y = torch.nn.Parameter(torch.tensor([[0.25, -1.5]], dtype=torch.float64))

    def forward(self):
        a = torch.tensor([2.0, 1.0, -3.0], dtype=torch.float64)
        return 0.5 * ((a * self.x).sum() - 1) ** 2 + (self.y ** 4).sum() / 4


CASES = []


def case(name, make, go, scale=1.0, clip_norm=None, clip_value=None, groups=None, ema=None):
    """go holds the fields of the optimizer in Go; scale multiplies RATES."""
    net = Net()
    params = groups(net) if groups else [net.x, net.y]
    optimizer = make(params)
    averages = []
    if ema:
        averages.append(ModelEmaV3(net, **ema) if "use_warmup" in ema else ModelEmaV2(net, **ema))
    multiples = [group.get("multiple", 1.0) for group in optimizer.param_groups]
    steps = []
    for i, rate in enumerate(RATES):
        rate *= scale
        for group, multiple in zip(optimizer.param_groups, multiples):
            group["lr"] = rate * multiple
        optimizer.zero_grad()
        loss = net()
        loss.backward()
        if clip_norm:
            torch.nn.utils.clip_grad_norm_([net.x, net.y], clip_norm)
        if clip_value:
            torch.nn.utils.clip_grad_value_([net.x, net.y], clip_value)
        optimizer.step()
        values = net.x.tolist() + net.y.flatten().tolist()
        for average in averages:
            if "use_warmup" in ema:
                average.update(net, step=i + 1)
            else:
                average.update(net)
            values += average.module.x.tolist() + average.module.y.flatten().tolist()
        steps.append(dict(rate=rate, loss=loss.item(), values=values))
    out = dict(name=name, optimizer=go, steps=steps)
    if clip_norm:
        out["clip_norm"] = clip_norm
    if clip_value:
        out["clip_value"] = clip_value
    CASES.append(out)


def simple(name, kind, cls, options, names, scale=1.0, fixed={}, **more):
    """One case: options are PyTorch's; names maps them to the fields in Go."""
    go = {"kind": kind}
    for option, value in options.items():
        if option in names:
            go[names[option]] = list(value) if isinstance(value, tuple) else value
    case(name, lambda p: cls(p, lr=1.0, **options, **fixed), go, scale=scale, **more)


SGD = dict(momentum="Momentum", nesterov="Nesterov", weight_decay="WeightDecay")
for options in [dict(), dict(weight_decay=0.1), dict(momentum=0.9), dict(momentum=0.5, weight_decay=0.01),
                dict(momentum=0.9, nesterov=True), dict(momentum=0.8, nesterov=True, weight_decay=0.05)]:
    simple("sgd", "SGD", torch.optim.SGD, options, SGD)

ADAM = dict(betas="Betas", eps="Eps", weight_decay="WeightDecay")
for kind, cls in [("Adam", torch.optim.Adam), ("AdamW", torch.optim.AdamW)]:
    for options in [dict(), dict(weight_decay=0.1), dict(betas=(0.8, 0.95)), dict(eps=0.01),
                    dict(betas=(0.0, 0.9), eps=1e-3, weight_decay=0.01)]:
        options.setdefault("weight_decay", 0.0)
        simple(kind.lower(), kind, cls, options, ADAM)

RMS = dict(alpha="Alpha", eps="Eps", momentum="Momentum", centered="Centered", weight_decay="WeightDecay")
for options in [dict(), dict(alpha=0.9), dict(eps=0.01), dict(momentum=0.9), dict(centered=True), dict(weight_decay=0.1),
                dict(alpha=0.9, eps=1e-3, momentum=0.8, centered=True, weight_decay=0.01)]:
    simple("rmsprop", "RMSprop", torch.optim.RMSprop, options, RMS, scale=0.1)
for options in [dict(), dict(alpha=0.99), dict(eps=0.01), dict(momentum=0.9), dict(centered=True), dict(weight_decay=0.1),
                dict(alpha=0.95, eps=1e-3, momentum=0.8, centered=True, weight_decay=0.01)]:
    simple("rmsprop tf", "RMSpropTF", RMSpropTF, options, RMS, scale=0.1)

LAMB = dict(betas="Betas", eps="Eps", weight_decay="WeightDecay", always_adapt="AlwaysAdapt", trust_clip="TrustClip")
for options in [dict(), dict(weight_decay=0.1), dict(betas=(0.8, 0.95), weight_decay=0.01), dict(eps=0.01), dict(always_adapt=True),
                dict(weight_decay=0.02, trust_clip=True)]:
    options.setdefault("weight_decay", 0.0)
    simple("lamb", "LAMB", Lamb, options, LAMB, scale=0.3, fixed=dict(max_grad_norm=None))



class Lars(torch.optim.Optimizer):
    """Algorithm 1 of You, Gitman and Ginsburg 2017, arXiv 1708.03888."""

    def __init__(self, params, lr, momentum=0.9, trust=0.001, weight_decay=0.0, eps=1e-8, adapt_all=False):
        super().__init__(params, dict(lr=lr, momentum=momentum, trust=trust, weight_decay=weight_decay, eps=eps, adapt_all=adapt_all))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                g, local = p.grad, 1.0
                if group["adapt_all"] or p.ndim > 1:
                    w, n = p.norm().item(), g.norm().item()
                    if w > 0 and n > 0:
                        local = group["trust"] * w / (n + group["weight_decay"] * w + group["eps"])
                    g = g + group["weight_decay"] * p
                v = self.state[p].setdefault("v", torch.zeros_like(p))
                v.mul_(group["momentum"]).add_(g, alpha=group["lr"] * local)
                p.sub_(v)


LARS = dict(momentum="Momentum", trust="Trust", weight_decay="WeightDecay", eps="Eps", adapt_all="AdaptAll")
for options in [dict(), dict(trust=0.1), dict(trust=0.05, weight_decay=0.1), dict(momentum=0.5, trust=0.2, weight_decay=0.01, adapt_all=True),
                dict(trust=0.02, eps=0.5, adapt_all=True)]:
    simple("lars", "LARS", Lars, options, LARS, scale=0.3)

for clip in [dict(clip_norm=0.5), dict(clip_norm=100.0), dict(clip_value=0.25)]:
    simple("clip", "SGD", torch.optim.SGD, dict(momentum=0.9), SGD, **clip)
simple("clip adamw", "AdamW", torch.optim.AdamW, dict(weight_decay=0.1), ADAM, clip_norm=1.0)
case("groups", lambda p: torch.optim.AdamW(p, lr=1.0, weight_decay=0.1), dict(kind="Groups"),
     groups=lambda net: [dict(params=[net.x], multiple=0.25, weight_decay=0.0), dict(params=[net.y])])
simple("ema", "SGD", torch.optim.SGD, dict(momentum=0.9), SGD, ema=dict(decay=0.9))
CASES[-1]["ema"] = dict(Decay=0.9)
simple("ema with warm-up", "SGD", torch.optim.SGD, dict(), SGD, ema=dict(decay=0.7, use_warmup=True))
CASES[-1]["ema"] = dict(Decay=0.7, Warmup=True)


def rates(make, steps, metrics=None):
    """The rates of torch's scheduler in each step."""
    p = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([p], lr=0.3)
    scheduler = make(optimizer)
    out = []
    for i in range(steps):
        out.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step(*([metrics[i]] if metrics else []))
    return out


def timm_rates(make, steps):
    p = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([p], lr=0.3)
    scheduler = make(optimizer)
    out = []
    for i in range(steps):
        scheduler.step(i)
        out.append(optimizer.param_groups[0]["lr"])
    return out


S = torch.optim.lr_scheduler
SCHEDULES = [
    dict(kind="Step", settings=dict(Every=3, Factor=0.5), steps=12, rates=rates(lambda o: S.StepLR(o, 3, gamma=0.5), 12)),
    dict(kind="MultiStep", settings=dict(After=[2, 5, 9]), steps=12, rates=rates(lambda o: S.MultiStepLR(o, [2, 5, 9]), 12)),
    dict(kind="Cosine", settings=dict(), steps=12, rates=rates(lambda o: S.CosineAnnealingLR(o, 12), 12)),
    dict(kind="Cosine", settings=dict(Min=0.1), steps=15, rates=rates(lambda o: S.CosineAnnealingLR(o, 15, eta_min=0.03), 15)),
    dict(kind="Polynomial", settings=dict(), steps=12, rates=rates(lambda o: S.PolynomialLR(o, 12), 12)),
    dict(kind="Polynomial", settings=dict(Power=0.9), steps=12, rates=rates(lambda o: S.PolynomialLR(o, 12, power=0.9), 12)),
    dict(kind="Exponential", settings=dict(Factor=0.9), steps=12, rates=rates(lambda o: S.ExponentialLR(o, 0.9), 12)),
    dict(kind="OneCycle", settings=dict(), steps=20, rates=rates(lambda o: S.OneCycleLR(o, 0.3, total_steps=20), 20)),
    dict(kind="OneCycle", settings=dict(Rise=0.15, Div=10, FinalDiv=100), steps=15,
         rates=rates(lambda o: S.OneCycleLR(o, 0.3, total_steps=15, pct_start=0.15, div_factor=10, final_div_factor=100), 10)),
    dict(kind="OneCycle", settings=dict(Rise=0.4, Linear=True), steps=25,
         rates=rates(lambda o: S.OneCycleLR(o, 0.3, total_steps=25, pct_start=0.4, anneal_strategy="linear"), 25)),
    dict(kind="Cosine", warmup=dict(Epochs=4), settings=dict(), steps=16, rates=rates(lambda o: S.SequentialLR(
        o, [S.LinearLR(o, 0.01, total_iters=4), S.CosineAnnealingLR(o, 12)], milestones=[4]), 16)),
    dict(kind="Step", warmup=dict(Epochs=5, From=0.2), settings=dict(Every=3), steps=14, rates=rates(lambda o: S.SequentialLR(
        o, [S.LinearLR(o, 0.2, total_iters=5), S.StepLR(o, 3)], milestones=[5]), 14)),
    dict(kind="Constant", warmup=dict(Epochs=3, From=0.5), settings=dict(), steps=10,
         rates=rates(lambda o: S.LinearLR(o, 0.5, total_iters=3), 10)),
    dict(kind="Cosine", warmup=dict(Epochs=3, From=0.1), settings=dict(Min=0.01), steps=15, rates=timm_rates(
        lambda o: CosineLRScheduler(o, t_initial=12, lr_min=0.003, warmup_t=3, warmup_lr_init=0.03, warmup_prefix=True), 15)),
]
LOSSES = [1.0, 0.9, 0.95, 0.91, 0.92, 0.93, 0.8, 0.79999, 0.7999, 0.81, 0.82, 0.83, 0.7, 0.71, 0.72, 0.73, 0.74, 0.75, 0.76]
PLATEAUS = [
    dict(settings=dict(Patience=2, Factor=0.5), values=LOSSES, higher=False,
         rates=rates(lambda o: S.ReduceLROnPlateau(o, patience=2, factor=0.5), len(LOSSES), LOSSES)),
    dict(settings=dict(Patience=1, Cooldown=2), values=LOSSES, higher=False,
         rates=rates(lambda o: S.ReduceLROnPlateau(o, patience=1, cooldown=2), len(LOSSES), LOSSES)),
    dict(settings=dict(Patience=0, Factor=0.3, Min=0.05, Threshold=0.01), values=LOSSES, higher=True,
         rates=rates(lambda o: S.ReduceLROnPlateau(o, mode="max", patience=0, factor=0.3, min_lr=0.015, threshold=0.01),
                     len(LOSSES), LOSSES)),
]

for name, what in [("optimizers", CASES), ("schedules", dict(base=0.3, schedules=SCHEDULES, plateaus=PLATEAUS))]:
    with open(os.path.join(HERE, name + ".json"), "w") as f:
        json.dump(what, f, separators=(",", ":"))
        f.write("\n")
