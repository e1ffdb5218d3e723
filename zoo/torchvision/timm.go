package torchvision

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

// timmModels are the models of timm that compute the same as networks of
// torchvision. timm 1.0.31 has no AlexNet, GoogLeNet or SqueezeNet.
var timmModels = map[string]zoo.Timm{
	"resnet18":    {Architecture: "resnet18", Features: 512, FirstConv: "conv1", Classifier: "fc"},
	"resnet34":    {Architecture: "resnet34", Features: 512, FirstConv: "conv1", Classifier: "fc"},
	"resnet50":    {Architecture: "resnet50", Features: 2048, FirstConv: "conv1", Classifier: "fc"},
	"densenet121": {Architecture: "densenet121", Features: 1024, FirstConv: "features.conv0", Classifier: "classifier"},
	"mobilenet_v2": {Architecture: "mobilenetv2_100", Features: 1280, FirstConv: "conv_stem", Classifier: "classifier",
		Tensor: timmMobileNet},
	"vgg11":    timmVGG("vgg11"),
	"vgg11_bn": timmVGG("vgg11_bn"),
	"vgg16":    timmVGG("vgg16"),
	"vgg16_bn": timmVGG("vgg16_bn"),
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
