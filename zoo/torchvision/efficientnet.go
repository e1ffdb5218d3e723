package torchvision

import (
	"math"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
)

// efficientNets are the factors of channels and of blocks, and the dropout before
// the classifier, of EfficientNet-B0 to B4.
var efficientNets = [...]struct {
	width, depth float64
	dropout      float32
}{{1, 1, 0.2}, {1, 1.1, 0.2}, {1.1, 1.2, 0.3}, {1.2, 1.4, 0.3}, {1.4, 1.8, 0.4}}

// efficientStages are the stages of EfficientNet-B0.
var efficientStages = [...]struct{ expand, kernel, stride, channels, blocks int }{
	{1, 3, 1, 16, 1},
	{6, 3, 2, 24, 2},
	{6, 5, 2, 40, 2},
	{6, 3, 2, 80, 3},
	{6, 5, 1, 112, 3},
	{6, 5, 2, 192, 4},
	{6, 3, 1, 320, 1},
}

// EfficientNet returns torchvision's efficientnet_b0 to efficientnet_b4:
// 5,288,548, 7,794,184, 9,109,994, 12,233,232 and 19,341,616 parameters with 1000
// classes. Another number is an error of nn.New.
//
// In training, stochastic depth leaves out the i-th of n blocks for a sample with
// probability 0.2·i/n, i from 0.
func EfficientNet(number, classes int) nn.Layer {
	if number < 0 || number >= len(efficientNets) {
		return invalid("EfficientNet", "the number must be 0 to %d, got %d", len(efficientNets)-1, number)
	}
	v := efficientNets[number]
	return newEfficientNet(v.width, v.depth, v.dropout, classes)
}

func newEfficientNet(width, depth float64, dropout float32, classes int) nn.Layer {
	count := func(blocks int) int { return int(math.Ceil(float64(blocks) * depth)) }
	total := 0
	for _, s := range efficientStages {
		total += count(s.blocks)
	}
	in := roundChannels(32 * width)
	features := nn.Sequential(convBNAct(in, 3, 2, 1, nn.BatchNorm(), nn.SiLU()))
	number := 0
	for _, s := range efficientStages {
		stage, out := nn.Sequential(), roundChannels(float64(s.channels)*width)
		for range count(s.blocks) {
			b := newEfficientBlock(in, out, s.expand, s.kernel, s.stride)
			b.StochasticDepth = nn.StochasticDepth(float32(0.2 * float64(number) / float64(total)))
			stage.Append(b)
			in, s.stride = out, 1
			number++
		}
		features.Append(stage)
	}
	features.Append(convBNAct(4*in, 1, 1, 1, nn.BatchNorm(), nn.SiLU()))
	return &network{
		Features:   features,
		Avgpool:    nn.GlobalAvgPool2D(),
		Flatten:    nn.Flatten(),
		Classifier: nn.Sequential(nn.Dropout(dropout), nn.Linear(classes)),
	}
}

func newEfficientBlock(in, out, expand, kernel, stride int) *invertedBlock {
	block, wide := nn.Sequential(), in
	if expand != 1 {
		wide = roundChannels(float64(in * expand))
		block.Append(convBNAct(wide, 1, 1, 1, nn.BatchNorm(), nn.SiLU()))
	}
	block.Append(
		convBNAct(wide, kernel, stride, wide, nn.BatchNorm(), nn.SiLU()),
		newSqueezeExcitation(wide, max(1, in/4), graph.SiLU, graph.Sigmoid),
		convBNAct(out, 1, 1, 1, nn.BatchNorm(), nil),
	)
	return &invertedBlock{Block: block, add: stride == 1 && in == out}
}
