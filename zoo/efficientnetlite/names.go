package efficientnetlite

import (
	"fmt"
	"strings"

	"github.com/strideml/stride/nn"
)

// packageNames maps the layers' names in the PyTorch package
// efficientnet-lite-pytorch, which numbers all blocks in a row, to timm's.
func packageNames(stages *nn.SequentialLayer) map[string]string {
	names := map[string]string{
		"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier",
	}
	number := 0
	for i, s := range stages.Layers() {
		for j, b := range s.(*nn.SequentialLayer).Layers() {
			layers := [][2]string{
				{"_expand_conv", "conv_pw"}, {"_bn0", "bn1"},
				{"_depthwise_conv", "conv_dw"}, {"_bn1", "bn2"},
				{"_project_conv", "conv_pwl"}, {"_bn2", "bn3"},
			}
			if _, ok := b.(*separable); ok {
				layers = [][2]string{
					{"_depthwise_conv", "conv_dw"}, {"_bn1", "bn1"},
					{"_project_conv", "conv_pw"}, {"_bn2", "bn2"},
				}
			}
			for _, l := range layers {
				names[fmt.Sprintf("_blocks.%d.%s", number, l[0])] = fmt.Sprintf("blocks.%d.%d.%s", i, j, l[1])
			}
			number++
		}
	}
	return names
}

// StateName turns the names of efficientnet-lite-pytorch into the network's.
func (n *network) StateName(name string) string {
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		if own, ok := n.names[name[:i]]; ok {
			return own + name[i:]
		}
	}
	return name
}
