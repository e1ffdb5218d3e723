package torchvision

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

// transformersNames are how Hugging Face's transformers name the tensors of networks
// that both have (version 5.24.0). Its ResNet computes what torchvision's does.
var transformersNames = map[string][]zoo.Naming{
	"resnet18": {{Library: "transformers", Tensor: transformersResNet}},
	"resnet34": {{Library: "transformers", Tensor: transformersResNet}},
	"resnet50": {{Library: "transformers", Tensor: transformersResNet}},
	"mobilenet_v2": {{Library: "transformers", Tensor: transformersMobileNet,
		Differs: "pads as TensorFlow does and normalizes with another epsilon, so that it computes something else"}},
}

var resNetName = regexp.MustCompile(`^layer(\d+)\.(\d+)\.(conv|bn|downsample\.)(\d+)\.(\w+)$`)

// transformersResNet renames: transformers numbers stages from 0, and convolutions and
// normalizations together.
func transformersResNet(name string, shape tensor.Shape) (string, tensor.Shape) {
	const stem = "resnet.embedder.embedder."
	for own, theirs := range map[string]string{"conv1.": stem + "convolution.", "bn1.": stem + "normalization.", "fc.": "classifier.1."} {
		if rest, ok := strings.CutPrefix(name, own); ok {
			return theirs + rest, shape
		}
	}
	parts := resNetName.FindStringSubmatch(name)
	if parts == nil {
		return name, shape
	}
	stage, err1 := strconv.Atoi(parts[1])
	layer, err2 := strconv.Atoi(parts[4])
	if err1 != nil || err2 != nil {
		return name, shape
	}
	within, kind := fmt.Sprintf("layer.%d", layer-1), "convolution"
	switch parts[3] {
	case "bn":
		kind = "normalization"
	case "downsample.":
		if within = "shortcut"; layer == 1 {
			kind = "normalization"
		}
	}
	return fmt.Sprintf("resnet.encoder.stages.%d.layers.%s.%s.%s.%s", stage-1, parts[2], within, kind, parts[5]), shape
}

// transformersMobileNet renames: transformers has the first block in the stem, and
// numbers the others from 0.
func transformersMobileNet(name string, shape tensor.Shape) (string, tensor.Shape) {
	kinds := [2]string{"convolution", "normalization"}
	layer := func(path, index, rest string) (string, tensor.Shape) {
		i := 0
		if index == "1" {
			i = 1
		}
		return "mobilenet_v2." + path + "." + kinds[i] + "." + rest, shape
	}
	parts := strings.Split(name, ".")
	switch {
	case len(parts) == 3 && parts[0] == "classifier":
		return "classifier." + parts[2], shape
	case len(parts) == 4 && parts[1] == "0":
		return layer("conv_stem.first_conv", parts[2], parts[3])
	case len(parts) == 4 && parts[1] == "18":
		return layer("conv_1x1", parts[2], parts[3])
	}
	match := mobileNetName.FindStringSubmatch(name)
	if match == nil {
		return name, shape
	}
	block, err := strconv.Atoi(match[1])
	if err != nil {
		return name, shape
	}
	path, layers := fmt.Sprintf("layer.%d.", block-2), []string{"expand_1x1", "conv_3x3", "reduce_1x1"}
	if block == 1 {
		path, layers = "conv_stem.", layers[1:]
	}
	// A convolution and its normalization in one, but for the last two.
	i, index := 0, "0"
	if first, second, ok := strings.Cut(match[2], "."); ok {
		i, err = strconv.Atoi(first)
		index = second
	} else if i, err = strconv.Atoi(first); i == len(layers) {
		i, index = i-1, "1"
	}
	if err != nil || i >= len(layers) {
		return name, shape
	}
	return layer(path+layers[i], index, match[3])
}
