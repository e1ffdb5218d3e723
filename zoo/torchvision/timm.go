package torchvision

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

// timmModels are the models of timm that compute the same as networks of
// torchvision. timm 1.0.31 has no AlexNet, GoogLeNet, SqueezeNet or ShuffleNetV2, and
// no MNASNet of width 1.3; its MobileNetV3 and its regnety_008, regnetx_004 are others.
var timmModels = map[string]zoo.Timm{
	"resnet18":        sameNames("resnet18", 512, "conv1", "fc"),
	"resnet34":        sameNames("resnet34", 512, "conv1", "fc"),
	"resnet50":        sameNames("resnet50", 2048, "conv1", "fc"),
	"resnext50_32x4d": sameNames("resnext50_32x4d", 2048, "conv1", "fc"),
	"wide_resnet50_2": sameNames("wide_resnet50_2", 2048, "conv1", "fc"),
	"densenet121":     sameNames("densenet121", 1024, "features.conv0", "classifier"),
	"densenet161":     sameNames("densenet161", 2208, "features.conv0", "classifier"),
	"densenet169":     sameNames("densenet169", 1664, "features.conv0", "classifier"),
	"densenet201":     sameNames("densenet201", 1920, "features.conv0", "classifier"),
	"inception_v3":    sameNames("inception_v3", 2048, "Conv2d_1a_3x3.conv", "fc"),
	"mobilenet_v2": {Architecture: "mobilenetv2_100", Features: 1280, FirstConv: "conv_stem", Classifier: "classifier",
		Tensor: timmMobileNet},
	"efficientnet_b0": timmEfficientNet("efficientnet_b0", 1280, efficientNetTensor),
	"efficientnet_b1": timmEfficientNet("efficientnet_b1", 1280, efficientNetTensor),
	"efficientnet_b2": timmEfficientNet("efficientnet_b2", 1408, efficientNetTensor),
	"efficientnet_b3": timmEfficientNet("efficientnet_b3", 1536, efficientNetTensor),
	"efficientnet_b4": timmEfficientNet("efficientnet_b4", 1792, efficientNetTensor),
	"mnasnet0_5":      timmEfficientNet("mnasnet_050", 1280, mnasNetTensor),
	"mnasnet0_75":     timmEfficientNet("mnasnet_075", 1280, mnasNetTensor),
	"mnasnet1_0":      timmEfficientNet("mnasnet_100", 1280, mnasNetTensor),
	"regnet_y_400mf":  timmRegNet("regnety_004", "y_400mf"),
	"regnet_y_800mf":  timmRegNet("regnety_008_tv", "y_800mf"),
	"regnet_y_1_6gf":  timmRegNet("regnety_016", "y_1_6gf"),
	"regnet_y_3_2gf":  timmRegNet("regnety_032", "y_3_2gf"),
	"regnet_x_400mf":  timmRegNet("regnetx_004_tv", "x_400mf"),
	"regnet_x_800mf":  timmRegNet("regnetx_008", "x_800mf"),
	"regnet_x_1_6gf":  timmRegNet("regnetx_016", "x_1_6gf"),
	"regnet_x_3_2gf":  timmRegNet("regnetx_032", "x_3_2gf"),
	"convnext_tiny":   timmConvNeXt("convnext_tiny", 768),
	"convnext_small":  timmConvNeXt("convnext_small", 768),
	"convnext_base":   timmConvNeXt("convnext_base", 1024),
	"vgg11":           timmVGG("vgg11"),
	"vgg11_bn":        timmVGG("vgg11_bn"),
	"vgg16":           timmVGG("vgg16"),
	"vgg16_bn":        timmVGG("vgg16_bn"),
}

// sameNames is a model whose tensors have torchvision's names.
func sameNames(architecture string, features int, firstConv, classifier string) zoo.Timm {
	return zoo.Timm{Architecture: architecture, Features: features, FirstConv: firstConv, Classifier: classifier}
}

// timmVGG is one of timm's VGG networks. Their first two linear layers are
// convolutions, the first of 7×7 pixels, over the last feature map, whose output
// is averaged at the end. torchvision averages the feature map to 7×7 first, and so
// does timm where it is smaller: it is larger from 256 pixels on.
func timmVGG(name string) zoo.Timm {
	return zoo.Timm{Architecture: name, Features: 512, FirstConv: "features.0", Classifier: "head.fc", MaxSide: 255, Tensor: timmVGGTensor}
}

func timmVGGTensor(name string, shape tensor.Shape) (string, tensor.Shape) {
	for _, l := range []struct {
		own, timm string
		side      int // of the convolution; 0 for a linear layer
	}{{"classifier.0.", "pre_logits.fc1.", 7}, {"classifier.3.", "pre_logits.fc2.", 1}, {"classifier.6.", "head.fc.", 0}} {
		rest, ok := strings.CutPrefix(name, l.own)
		if !ok {
			continue
		}
		if rest == "weight" && l.side > 0 {
			shape = tensor.Shape{shape[0], shape[1] / (l.side * l.side), l.side, l.side}
		}
		return l.timm + rest, shape
	}
	return name, shape
}

// mobileNetBlocks is the number of blocks in each stage of MobileNetV2.
var mobileNetBlocks = [7]int{1, 2, 3, 4, 3, 3, 1}

var mobileNetName = regexp.MustCompile(`^features\.(\d+)\.conv\.([\d.]+)\.(\w+)$`)

// timmMobileNet renames: torchvision numbers the blocks and what is in them, timm
// numbers stages and blocks and names what is in them.
func timmMobileNet(name string, shape tensor.Shape) (string, tensor.Shape) {
	for own, timm := range map[string]string{
		"features.0.0.": "conv_stem.", "features.0.1.": "bn1.",
		"features.18.0.": "conv_head.", "features.18.1.": "bn2.",
		"classifier.1.": "classifier.",
	} {
		if rest, ok := strings.CutPrefix(name, own); ok {
			return timm + rest, shape
		}
	}
	parts := mobileNetName.FindStringSubmatch(name)
	if parts == nil {
		return name, shape
	}
	layers := map[string]string{ // of a block that widens, filters and narrows
		"0.0": "conv_pw", "0.1": "bn1", "1.0": "conv_dw", "1.1": "bn2", "2": "conv_pwl", "3": "bn3",
	}
	if parts[1] == "1" { // the first block does not widen
		layers = map[string]string{"0.0": "conv_dw", "0.1": "bn1", "1": "conv_pw", "2": "bn2"}
	}
	block, stage := 0, 0
	if _, err := fmt.Sscan(parts[1], &block); err != nil {
		return name, shape
	}
	for block--; stage < len(mobileNetBlocks) && block >= mobileNetBlocks[stage]; stage++ {
		block -= mobileNetBlocks[stage]
	}
	layer, ok := layers[parts[2]]
	if !ok || stage == len(mobileNetBlocks) {
		return name, shape
	}
	return fmt.Sprintf("blocks.%d.%d.%s.%s", stage, block, layer, parts[3]), shape
}
