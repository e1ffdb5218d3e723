#!/usr/bin/env python3
"""Makes golden.json with pytorch-grad-cam and captum.

    python3 explain/testdata/make_golden.py

Two networks: torchvision's resnet18 with ten classes, whose weights and input of 64×64 pixels are given by
a formula of their names, which the Go test repeats; and timm's tf_efficientnet_lite0 with the weights of
weights/efficientnetlite0, for the picture flower.png of that package, the middle 224×224 pixels after Pillow has
resized it. All is computed in float64.

The maps of Grad-CAM and Grad-CAM++ are those of pytorch-grad-cam before it scales them. Of all other methods,
whose values are as many as those of the input, there are the norm, the product with a vector of numbers from −1
to 1 (see uniform), and every 997th value. gradient, integrated-gradients, occlusion, guided-gradcam and smoothgrad
are captum's; smoothgrad has, in place of random numbers, those of uniform. guided-backprop of
resnet18 is that of pytorch-grad-cam, which takes ReLUs of which a module has several uses, and captum's is compared with
it. captum leaves ReLU6 as it is: for its guided backpropagation, a ReLU6 of EfficientNet-Lite0 becomes a ReLU
and a minimum with 6.

Made with grad-cam 1.5.7, captum 0.9.0, timm 1.0.31, torchvision 0.29, PyTorch 2.15 and Pillow 13.0.0.
"""

import json
import pathlib
import warnings

import captum.attr
import numpy as np
import timm
import torch
import torchvision
from PIL import Image
from pytorch_grad_cam import GradCAM, GradCAMPlusPlus, GuidedBackpropReLUModel
from safetensors.torch import load_file

HERE = pathlib.Path(__file__).parent
LITE0 = HERE.parent.parent / "weights" / "efficientnetlite0"
EVERY = 997
warnings.filterwarnings("ignore")


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
    if len(shape) >= 2:
        v = v * np.sqrt(6 / np.prod(shape[1:]))
    elif name.endswith("running_var"):
        v = 1 + 0.5 * v
    elif name.endswith(".weight"):
        v = 1 + 0.2 * v
    else:
        v = 0.1 * v
    return torch.from_numpy(v.astype(np.float32).reshape(shape))


def resnet18():
    model = torchvision.models.resnet18(num_classes=10)
    state = {k: value(k, v.shape) for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
    model.load_state_dict(state, strict=False)
    x = uniform("image", 3 * 64 * 64).astype(np.float32).reshape(1, 3, 64, 64)
    return model.double().eval(), torch.from_numpy(x).double()


def lite0():
    model = timm.create_model("tf_efficientnet_lite0")
    state = load_file(LITE0 / "efficientnet-lite0.safetensors")
    missing = model.load_state_dict({k: v.float() for k, v in state.items()}, strict=False)
    assert all(k.endswith("num_batches_tracked") for k in missing.missing_keys) and not missing.unexpected_keys
    picture = Image.open(LITE0 / "testdata" / "flower.png")
    w, h = picture.size
    picture = picture.resize((256, 256 * h // w), Image.BICUBIC)
    w, h = picture.size
    left, top = round((w - 224) / 2), round((h - 224) / 2)
    pixels = np.asarray(picture.crop((left, top, left + 224, top + 224)), np.float32)
    return model.double().eval(), torch.from_numpy((pixels - 127) / 128).double().permute(2, 0, 1)[None]


class AtMost6(torch.nn.Module):
    def forward(self, x):
        return torch.clamp(x, max=6)


def rectifiers(module, split):
    """Makes ReLUs of their own, not in place; a ReLU6 becomes two modules if split."""
    for name, child in module.named_children():
        if isinstance(child, torch.nn.ReLU6):
            setattr(module, name, torch.nn.Sequential(torch.nn.ReLU(), AtMost6()) if split else torch.nn.ReLU6())
        elif isinstance(child, torch.nn.ReLU):
            setattr(module, name, torch.nn.ReLU())
        else:
            rectifiers(child, split)


def short(v):
    return float(f"{float(v):.7g}")


def summary(name, a):
    """What is kept of C×H×W values."""
    v = a.detach().numpy().astype(np.float64).flatten()
    return {"norm": short(np.linalg.norm(v)), "product": short(v @ uniform("explain/" + name, v.size)), "values": [short(x) for x in v[::EVERY]]}


def cam(method, model, layer, x, target):
    with method(model=model, target_layers=[layer]) as m:
        m(input_tensor=x, targets=[lambda y: y[target]])
        a = m.activations_and_grads
        grid = m.get_cam_image(x, layer, [target], a.activations[0].numpy(), a.gradients[0].numpy())[0]
    return [[short(v) for v in row] for row in np.maximum(grid, 0)]


def smooth(model, x, target, sigma, samples):
    """captum's SmoothGrad with known noise."""
    normal = torch.normal
    noise = torch.from_numpy(uniform("noise", samples * x.numel()).reshape(samples, *x.shape[1:]))
    torch.normal = lambda mean, std: std * noise
    try:
        tunnel = captum.attr.NoiseTunnel(captum.attr.Saliency(model))
        return tunnel.attribute(x, nt_samples=samples, stdevs=float(sigma), target=target, abs=False)[0]
    finally:
        torch.normal = normal


def make(name, model, x, layer, window, stride, steps, samples):
    rectifiers(model, False)
    with torch.no_grad():
        scores = model(x)[0]
    target = int(scores.argmax())
    out = {"class": target, "score": short(scores[target]), "window": window, "stride": stride, "steps": steps, "samples": samples}
    for method in (GradCAM, GradCAMPlusPlus):
        out["gradcam" if method is GradCAM else "gradcam++"] = cam(method, model, layer(model), x, target)
    out["gradient"] = summary("gradient", captum.attr.Saliency(model).attribute(x.clone(), target=target, abs=False)[0])
    base = torch.full_like(x, -0.25)
    a, delta = captum.attr.IntegratedGradients(model).attribute(x, base, target=target, n_steps=steps, return_convergence_delta=True)
    out["integrated-gradients"] = summary("integrated-gradients", a[0])
    out["delta"] = short(delta[0])
    a = captum.attr.Occlusion(model).attribute(x, (3, window, window), strides=(3, stride, stride), baselines=0.5, target=target)
    out["occlusion"] = summary("occlusion", a[0])
    out["smoothgrad"] = summary("smoothgrad", smooth(model, x, target, 0.1 * (x.max() - x.min()), samples))
    if name == "resnet18":
        guided = GuidedBackpropReLUModel(model)(x.clone(), target).transpose(2, 0, 1)
        rectifiers(model, False)
        separate(model)
    else:
        rectifiers(model, True)
    other = captum.attr.GuidedBackprop(model).attribute(x.clone(), target=target)[0]
    if name == "resnet18":
        assert np.allclose(guided, other.numpy(), rtol=1e-9, atol=1e-12), "captum and pytorch-grad-cam differ"
    out["guided-backprop"] = summary("guided-backprop", other)
    a = captum.attr.GuidedGradCam(model, layer(model)).attribute(x.clone(), target=target, interpolate_mode="bilinear")[0]
    out["guided-gradcam"] = summary("guided-gradcam", a)
    return out


def separate(model):
    """Gives the second ReLU of each block of a ResNet a module of its own, as captum needs."""
    for block in model.modules():
        if isinstance(block, torchvision.models.resnet.BasicBlock):
            block.relu2 = torch.nn.ReLU()
            block.forward = forward.__get__(block)


def forward(block, x):
    y = block.bn2(block.conv2(block.relu(block.bn1(block.conv1(x)))))
    return block.relu2(y + (x if block.downsample is None else block.downsample(x)))


def main():
    torch.set_num_threads(2)
    golden = {"resnet18": make("resnet18", *resnet18(), lambda m: m.layer4, 20, 11, 7, 5)}
    golden["lite0"] = make("lite0", *lite0(), lambda m: m.bn2, 90, 67, 6, 3)
    text = ",\n".join(f'"{k}":{json.dumps(v, separators=(",", ":"))}' for k, v in golden.items())
    (HERE / "golden.json").write_text("{" + text + "}\n")
    for k, v in golden.items():
        print(k, v["class"], v["score"], v["delta"])


if __name__ == "__main__":
    main()
