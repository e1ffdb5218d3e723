package torchvision

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

// A prefix is what names begin with in torchvision and in timm.
type prefix struct{ own, timm string }

// replacePrefix replaces the first prefix that the name has.
func replacePrefix(name string, prefixes []prefix) (renamed string, ok bool) {
	for _, p := range prefixes {
		if rest, ok := strings.CutPrefix(name, p.own); ok {
			return p.timm + rest, true
		}
	}
	return name, false
}

// index reads what a regular expression has found to be a number.
func index(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil {
		panic(err)
	}
	return n
}

// timmEfficientNet is a model of timm's family of EfficientNet.
func timmEfficientNet(architecture string, features int, names func(string, tensor.Shape) (string, tensor.Shape)) zoo.Timm {
	return zoo.Timm{Architecture: architecture, Features: features, FirstConv: "conv_stem", Classifier: "classifier", Tensor: names}
}

var (
	efficientNetEnds = []prefix{
		{"features.0.0.", "conv_stem."}, {"features.0.1.", "bn1."},
		{"features.8.0.", "conv_head."}, {"features.8.1.", "bn2."},
		{"classifier.1.", "classifier."},
	}
	efficientNetBlock = regexp.MustCompile(`^features\.([1-7])\.(\d{1,3})\.block\.(.+)$`)
	efficientNetInner = []prefix{
		{"0.0.", "conv_pw."}, {"0.1.", "bn1."}, {"1.0.", "conv_dw."}, {"1.1.", "bn2."},
		{"2.fc1.", "se.conv_reduce."}, {"2.fc2.", "se.conv_expand."}, {"3.0.", "conv_pwl."}, {"3.1.", "bn3."},
	}
	efficientNetFirst = []prefix{ // blocks that do not widen
		{"0.0.", "conv_dw."}, {"0.1.", "bn1."},
		{"1.fc1.", "se.conv_reduce."}, {"1.fc2.", "se.conv_expand."}, {"2.0.", "conv_pw."}, {"2.1.", "bn2."},
	}
)

// efficientNetTensor renames: timm counts stages from 0 and names what is in a block.
func efficientNetTensor(name string, shape tensor.Shape) (string, tensor.Shape) {
	if renamed, ok := replacePrefix(name, efficientNetEnds); ok {
		return renamed, shape
	}
	parts := efficientNetBlock.FindStringSubmatch(name)
	if parts == nil {
		return name, shape
	}
	stage, inner := index(parts[1])-1, efficientNetInner
	if stage == 0 {
		inner = efficientNetFirst
	}
	layer, ok := replacePrefix(parts[3], inner)
	if !ok {
		return name, shape
	}
	return fmt.Sprintf("blocks.%d.%s.%s", stage, parts[2], layer), shape
}

var (
	mnasNetEnds = []prefix{
		{"layers.0.", "conv_stem."}, {"layers.1.", "bn1."},
		{"layers.3.", "blocks.0.0.conv_dw."}, {"layers.4.", "blocks.0.0.bn1."},
		{"layers.6.", "blocks.0.0.conv_pw."}, {"layers.7.", "blocks.0.0.bn2."},
		{"layers.14.", "conv_head."}, {"layers.15.", "bn2."},
		{"classifier.1.", "classifier."},
	}
	mnasNetBlock = regexp.MustCompile(`^layers\.(8|9|1[0-3])\.(\d{1,3})\.layers\.(.+)$`)
	mnasNetInner = []prefix{
		{"0.", "conv_pw."}, {"1.", "bn1."}, {"3.", "conv_dw."}, {"4.", "bn2."}, {"6.", "conv_pwl."}, {"7.", "bn3."},
	}
)

// mnasNetTensor renames: the stages are layers 8 to 13 of torchvision.
func mnasNetTensor(name string, shape tensor.Shape) (string, tensor.Shape) {
	if renamed, ok := replacePrefix(name, mnasNetEnds); ok {
		return renamed, shape
	}
	parts := mnasNetBlock.FindStringSubmatch(name)
	if parts == nil {
		return name, shape
	}
	layer, ok := replacePrefix(parts[3], mnasNetInner)
	if !ok {
		return name, shape
	}
	return fmt.Sprintf("blocks.%d.%s.%s", index(parts[1])-7, parts[2], layer), shape
}

func timmRegNet(architecture, variant string) zoo.Timm {
	return zoo.Timm{
		Architecture: architecture, Features: regNets[variant].widths[3],
		FirstConv: "stem.conv", Classifier: "head.fc", Tensor: regNetTensor,
	}
}

var (
	regNetEnds  = []prefix{{"stem.0.", "stem.conv."}, {"stem.1.", "stem.bn."}, {"fc.", "head.fc."}}
	regNetBlock = regexp.MustCompile(`^trunk_output\.block[1-4]\.block([1-4])-(\d{1,3})\.(.+)$`)
	regNetInner = []prefix{
		{"proj.0.", "downsample.conv."}, {"proj.1.", "downsample.bn."},
		{"f.a.0.", "conv1.conv."}, {"f.a.1.", "conv1.bn."},
		{"f.b.0.", "conv2.conv."}, {"f.b.1.", "conv2.bn."},
		{"f.se.", "se."},
		{"f.c.0.", "conv3.conv."}, {"f.c.1.", "conv3.bn."},
	}
)

// regNetTensor renames: timm counts blocks from 1.
func regNetTensor(name string, shape tensor.Shape) (string, tensor.Shape) {
	if renamed, ok := replacePrefix(name, regNetEnds); ok {
		return renamed, shape
	}
	parts := regNetBlock.FindStringSubmatch(name)
	if parts == nil {
		return name, shape
	}
	layer, ok := replacePrefix(parts[3], regNetInner)
	if !ok {
		return name, shape
	}
	return fmt.Sprintf("s%s.b%d.%s", parts[1], index(parts[2])+1, layer), shape
}

func timmConvNeXt(architecture string, features int) zoo.Timm {
	return zoo.Timm{Architecture: architecture, Features: features, FirstConv: "stem.0", Classifier: "head.fc", Tensor: convNeXtTensor}
}

var (
	convNeXtEnds = []prefix{
		{"features.0.", "stem."}, {"classifier.0.", "head.norm."}, {"classifier.2.", "head.fc."},
		{"features.2.", "stages.1.downsample."}, {"features.4.", "stages.2.downsample."}, {"features.6.", "stages.3.downsample."},
	}
	convNeXtBlock = regexp.MustCompile(`^features\.([1357])\.(\d{1,3})\.(.+)$`)
	convNeXtInner = []prefix{
		{"layer_scale", "gamma"}, {"block.0.", "conv_dw."}, {"block.2.", "norm."}, {"block.3.", "mlp.fc1."}, {"block.5.", "mlp.fc2."},
	}
)

// convNeXtTensor renames: stages and what is between them alternate in torchvision.
// The scale of a block has axes for the pixels there.
func convNeXtTensor(name string, shape tensor.Shape) (string, tensor.Shape) {
	if renamed, ok := replacePrefix(name, convNeXtEnds); ok {
		return renamed, shape
	}
	parts := convNeXtBlock.FindStringSubmatch(name)
	if parts == nil {
		return name, shape
	}
	layer, ok := replacePrefix(parts[3], convNeXtInner)
	if !ok {
		return name, shape
	}
	if layer == "gamma" {
		shape = shape[:1]
	}
	return fmt.Sprintf("stages.%d.blocks.%s.%s", index(parts[1])/2, parts[2], layer), shape
}
