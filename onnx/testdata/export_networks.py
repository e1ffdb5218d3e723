#!/usr/bin/env python3
"""Exports networks of torchvision and timm to ONNX with both exporters of PyTorch.

    python3 onnx/testdata/export_networks.py FOLDER [NAME …]

For each network, or those named, it writes FOLDER/SOURCE_NAME_ts.onnx, by the TorchScript exporter
at opset 17 with a free batch, and FOLDER/SOURCE_NAME_dyn.onnx with its .data file, by the dynamo
exporter as it is by default: opset 20 and the batch of the example, 1. SOURCE is tv (torchvision)
or timm. Files that are there already stay. The weights are random, of torch.manual_seed(0) before
each network; images are 224×224 with 3 channels. Sources that PyTorch marks as experimental print
warnings. The files need about 7 GB.

make_networks.py then writes what ONNX Runtime computes for them. Made with torch 2.15,
torchvision 0.29, timm 1.0.31, onnx 1.23 and onnxscript.
"""

import os
import sys
import warnings

import timm
import torch
import torchvision

SEED = 0

TORCHVISION = """
    resnet18 mobilenet_v3_small mobilenet_v3_large shufflenet_v2_x1_0 mnasnet1_0 efficientnet_b0
    regnet_y_400mf convnext_tiny googlenet inception_v3 densenet121 squeezenet1_0 resnext50_32x4d
    resnet50 mobilenet_v2 regnet_x_400mf densenet169 efficientnet_v2_s vgg11_bn
""".split()
TIMM = """
    tf_efficientnet_lite0 efficientnet_b0 mobilenetv3_large_100 mobilenetv4_conv_small ghostnet_100
    repvgg_a0 hrnet_w18_small dla34 res2net50_26w_4s resnest14d xception41 nf_resnet50
    efficientvit_b0 fastvit_t8 convnextv2_atto edgenext_xx_small mobileone_s0 lcnet_050 tinynet_e
    resnet10t rexnet_100 cspdarknet53 darknet53 vovnet39a dpn68 selecsls42 inception_resnet_v2
    pnasnet5large nasnetalarge mixnet_s hardcorenas_a fbnetc_100 spnasnet_100 gernet_s skresnet18
    seresnet18 ecaresnet26t resnetv2_50
    gcresnext26ts cs3darknet_s resnet26d semnasnet_075 ese_vovnet19b_dw hgnet_tiny regnetz_b16
    levit_conv_128s poolformer_s12 mobilevit_xxs coatnet_nano_rw_224
""".split()


def build(source, name):
    torch.manual_seed(SEED)
    if source == "tv":
        return torchvision.models.get_model(name).eval()
    return timm.create_model(name).eval()


def export(model, path, exporter):
    image = torch.rand(1, 3, 224, 224)
    if exporter == "ts":
        torch.onnx.export(model, image, path, dynamo=False, opset_version=17,
                          input_names=["x"], dynamic_axes={"x": {0: "n"}})
    else:
        torch.onnx.export(model, (image,), path, dynamo=True, verbose=False)


def main(folder, names):
    warnings.simplefilter("ignore")
    networks = [("tv", n) for n in TORCHVISION] + [("timm", n) for n in TIMM]
    if unknown := set(names) - {n for _, n in networks}:
        sys.exit(f"unknown networks: {sorted(unknown)}")
    os.makedirs(folder, exist_ok=True)
    for source, name in networks:
        if names and name not in names:
            continue
        for exporter in ("ts", "dyn"):
            path = os.path.join(folder, f"{source}_{name}_{exporter}.onnx")
            if os.path.exists(path):
                continue
            export(build(source, name), path, exporter)
            print(path, flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2:])
