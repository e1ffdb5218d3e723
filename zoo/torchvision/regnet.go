package torchvision

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
)

type regnet struct {
	Stem, TrunkOutput    nn.Layer
	Avgpool, Flatten, FC nn.Layer
}

// A regnetVariant has four stages with a number of blocks and of channels each. A
// group of the 3×3 convolutions has groupWidth channels. Those of the Y family have
// squeeze-and-excitation.
type regnetVariant struct {
	blocks, widths [4]int
	groupWidth     int
	squeeze        bool
}

// regNets are the networks of the design space that the paper picked for some
// numbers of multiplications, 400 to 3200 million.
var regNets = map[string]regnetVariant{
	"y_400mf": {[4]int{1, 3, 6, 6}, [4]int{48, 104, 208, 440}, 8, true},
	"y_800mf": {[4]int{1, 3, 8, 2}, [4]int{64, 144, 320, 784}, 16, true},
	"y_1_6gf": {[4]int{2, 6, 17, 2}, [4]int{48, 120, 336, 888}, 24, true},
	"y_3_2gf": {[4]int{2, 5, 13, 1}, [4]int{72, 216, 576, 1512}, 24, true},
	"x_400mf": {[4]int{1, 2, 7, 12}, [4]int{32, 64, 160, 400}, 16, false},
	"x_800mf": {[4]int{1, 3, 7, 5}, [4]int{64, 128, 288, 672}, 16, false},
	"x_1_6gf": {[4]int{2, 4, 10, 2}, [4]int{72, 168, 408, 912}, 24, false},
	"x_3_2gf": {[4]int{2, 6, 15, 2}, [4]int{96, 192, 432, 1008}, 48, false},
}

// RegNet returns torchvision's regnet_y_400mf, regnet_y_800mf, regnet_y_1_6gf or
// regnet_y_3_2gf for the variants "y_400mf" and so on, and likewise regnet_x_400mf
// and its relatives, which have no squeeze-and-excitation, for "x_400mf". Those of
// family Y have 4,344,144, 6,432,512, 11,202,430 and 19,436,338 parameters with 1000
// classes, those of family X 5,495,976, 7,259,656, 9,190,136 and 15,296,552. Another
// variant is an error of nn.New.
func RegNet(variant string, classes int) nn.Layer {
	v, ok := regNets[variant]
	if !ok {
		return invalid("RegNet", "the variant must be one of %s, got %q", strings.Join(slices.Sorted(maps.Keys(regNets)), ", "), variant)
	}
	return newRegNet(v, classes)
}

func newRegNet(v regnetVariant, classes int) nn.Layer {
	in := 32
	stem, trunk := convBNAct(in, 3, 2, 1, nn.BatchNorm(), nn.ReLU()), nn.Sequential()
	for i, width := range v.widths {
		stage := nn.Sequential()
		for j := range v.blocks[i] {
			stage.Add(fmt.Sprintf("block%d-%d", i+1, j), newRegBlock(in, width, j == 0, v))
			in = width
		}
		trunk.Add(fmt.Sprintf("block%d", i+1), stage)
	}
	return &regnet{stem, trunk, nn.GlobalAvgPool2D(), nn.Flatten(), nn.Linear(classes)}
}

func (n *regnet) Forward(x *graph.Node) *graph.Node {
	for _, l := range []nn.Layer{n.Stem, n.TrunkOutput, n.Avgpool, n.Flatten, n.FC} {
		x = nn.Apply(l, x)
	}
	return x
}

// regBlock is a residual block whose convolutions all have as many channels as its
// result. The first of a stage halves the sides of the image.
type regBlock struct {
	Proj nn.Layer // nil where the shape stays
	F    nn.Layer
}

func newRegBlock(in, width int, first bool, v regnetVariant) *regBlock {
	b, stride := &regBlock{}, 1
	if first {
		stride = 2
		b.Proj = convBNAct(width, 1, stride, 1, nn.BatchNorm(), nil)
	}
	f := nn.Sequential().
		Add("a", convBNAct(width, 1, 1, 1, nn.BatchNorm(), nn.ReLU())).
		Add("b", convBNAct(width, 3, stride, width/min(width, v.groupWidth), nn.BatchNorm(), nn.ReLU()))
	if v.squeeze {
		// A quarter of the block's input, half a channel rounded to an even number.
		squeezed := int(math.RoundToEven(float64(in) / 4))
		f.Add("se", newSqueezeExcitation(width, squeezed, graph.ReLU, graph.Sigmoid))
	}
	b.F = f.Add("c", convBNAct(width, 1, 1, 1, nn.BatchNorm(), nil))
	return b
}

func (b *regBlock) Forward(x *graph.Node) *graph.Node {
	y := b.F.Forward(x)
	if b.Proj != nil {
		x = b.Proj.Forward(x)
	}
	return graph.ReLU(graph.Add(x, y))
}
