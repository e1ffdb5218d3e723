package torchvision

import (
	"fmt"
	"slices"
	"strings"

	"github.com/strideml/stride/nn"
)

// slim returns a network with fewer channels, of ResNets also with fewer blocks, and
// with 10 classes, as make_golden.py makes it; nil where that has none.
func slim(name string) nn.Layer {
	i := slices.IndexFunc(slimNets, func(s slimNet) bool { return strings.HasPrefix(name, s.prefix) })
	if i < 0 {
		return nil
	}
	return slimNets[i].make(strings.TrimPrefix(name, slimNets[i].prefix))
}

// A slimNet makes the networks of a prefix, given the rest of the name.
type slimNet struct {
	prefix string
	make   func(variant string) nn.Layer
}

var slimNets = []slimNet{
	{"mobilenet_v3_small", func(string) nn.Layer { return newMobileNetV3(mobileNetV3Small, 1024, 0.5, 10) }},
	{"mobilenet_v3_large", func(string) nn.Layer { return newMobileNetV3(mobileNetV3Large, 1280, 0.5, 10) }},
	{"shufflenet_v2_x", func(variant string) nn.Layer {
		channels := shuffleNetChannels[number(variant)]
		for i := range 3 {
			channels[1+i] = channels[1+i] / 8 * 2
		}
		channels[4] = 128
		return newShuffleNetV2(channels, 10)
	}},
	{"mnasnet", func(variant string) nn.Layer { return MNASNet(number(variant)/2, 10) }},
	{"efficientnet_b", func(variant string) nn.Layer {
		v := efficientNets[int(number(variant))]
		return newEfficientNet(v.width/4, v.depth, v.dropout, 10)
	}},
	{"regnet_", func(variant string) nn.Layer {
		v := regNets[variant]
		for i := range v.widths {
			v.widths[i] /= 4
		}
		v.groupWidth /= 4
		return newRegNet(v, 10)
	}},
	{"convnext_tiny", func(string) nn.Layer { return newConvNeXt(12, [4]int{3, 3, 9, 3}, 0.1, 10) }},
	{"convnext_small", func(string) nn.Layer { return newConvNeXt(12, [4]int{3, 3, 27, 3}, 0.4, 10) }},
	{"convnext_base", func(string) nn.Layer { return newConvNeXt(16, [4]int{3, 3, 27, 3}, 0.5, 10) }},
	{"resnext50_32x4d", func(string) nn.Layer {
		return newResNet([4]int{1, 2, 1, 1}, &bottleneck{groups: 8, groupWidth: 4}, 10)
	}},
	{"wide_resnet50_2", func(string) nn.Layer {
		return newResNet([4]int{1, 2, 1, 1}, &bottleneck{groups: 1, groupWidth: 16}, 10)
	}},
	{"densenet161", func(string) nn.Layer { return newDenseNet(24, 12, [4]int{6, 12, 36, 24}, 10) }},
	{"densenet169", func(string) nn.Layer { return newDenseNet(16, 8, [4]int{6, 12, 32, 32}, 10) }},
	{"densenet201", func(string) nn.Layer { return newDenseNet(16, 8, [4]int{6, 12, 48, 32}, 10) }},
	{"inception_v3", func(string) nn.Layer { return newInceptionV3(8, 10) }},
}

// number reads "0_75" as 0.75, and panics for anything else.
func number(text string) (v float64) {
	if _, err := fmt.Sscan(strings.ReplaceAll(text, "_", "."), &v); err != nil {
		panic(err)
	}
	return v
}
