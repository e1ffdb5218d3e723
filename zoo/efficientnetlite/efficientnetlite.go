package efficientnetlite

import (
	"fmt"
	"math"

	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

// A variant is what distinguishes the networks.
type variant struct {
	width, depth  float64
	dropout       float32
	size          int
	cropPct       float64
	interpolation preprocess.Interpolation
}

var variants = [...]variant{
	{1.0, 1.0, 0.2, 224, 0.875, preprocess.Bicubic},
	{1.0, 1.1, 0.2, 240, 0.882, preprocess.Bicubic},
	{1.1, 1.2, 0.3, 260, 0.890, preprocess.Bicubic},
	{1.2, 1.4, 0.3, 300, 0.904, preprocess.Bilinear},
	{1.4, 1.8, 0.3, 380, 0.920, preprocess.Bilinear},
}

// A stage is some blocks, of which the first may reduce the image.
type stage struct{ blocks, kernel, stride, expand, channels int }

// stages are those of EfficientNet-B0, which the multipliers are for.
var stages = [...]stage{
	{1, 3, 1, 1, 16},
	{2, 3, 2, 6, 24},
	{2, 5, 2, 6, 40},
	{3, 3, 2, 6, 80},
	{3, 5, 1, 6, 112},
	{4, 5, 2, 6, 192},
	{1, 3, 1, 6, 320},
}

const stemChannels, headChannels = 32, 1280

func init() {
	for i, v := range variants {
		input := tensor.Shape{3, v.size, v.size}
		defaults := zoo.Defaults{Batch: 32, LearningRate: 0.01, Epochs: 10}
		zoo.Register(zoo.Spec{
			Name:     fmt.Sprintf("efficientnet-lite%d", i),
			Title:    fmt.Sprintf("EfficientNet-Lite%d", i),
			Doc:      fmt.Sprintf("Google 2020: EfficientNet (Tan & Le 2019) without squeeze-and-excitation, with ReLU6. Names of timm's tf_efficientnet_lite%d.", i),
			Input:    input,
			Classes:  1000,
			Defaults: defaults,
			Sample:   defaults,
			Init:     nn.HeNormal(),
			New:      func(classes int) nn.Layer { return New(i, classes) },
			Preprocessing: preprocess.Config{
				InputSize: input, CropMode: preprocess.Center, CropPct: v.cropPct, Interpolation: v.interpolation,
				Mean: []float32{127. / 255}, Std: []float32{128. / 255},
			},
			Timm: zoo.Timm{
				Architecture: fmt.Sprintf("tf_efficientnet_lite%d", i), Features: headChannels,
				FirstConv: "conv_stem", Classifier: "classifier",
			},
		})
	}
}

// network has the layers in timm's order and under its names.
type network struct {
	ConvStem   *nn.Conv2DLayer
	BN1        *nn.BatchNormLayer
	Blocks     *nn.SequentialLayer
	ConvHead   *nn.Conv2DLayer
	BN2        *nn.BatchNormLayer
	pool, flat nn.Layer
	drop       nn.Layer
	Classifier *nn.LinearLayer

	names map[string]string // see StateName
}

// New returns EfficientNet-Lite0 to Lite4, for images of any size; with 1000
// classes they have 4,652,008, 5,416,680, 6,092,072, 8,197,096 and 13,006,568
// parameters. Any other number than 0 to 4 is an error of nn.New.
func New(number, classes int) nn.Layer {
	if number < 0 || number >= len(variants) {
		return nn.Func("EfficientNet-Lite", func(x *graph.Node) *graph.Node {
			x.Graph().Fail("EfficientNet-Lite", "the number must be 0 to %d, got %d", len(variants)-1, number)
			return nil
		})
	}
	v := variants[number]
	blocks := nn.Sequential()
	in := stemChannels
	for i, s := range stages {
		if i > 0 && i < len(stages)-1 {
			s.blocks = int(math.Ceil(float64(s.blocks) * v.depth))
		}
		out := roundChannels(float64(s.channels) * v.width)
		stage := nn.Sequential()
		for range s.blocks {
			stage.Append(newBlock(in, out, s))
			in, s.stride = out, 1
		}
		blocks.Append(stage)
	}
	return &network{
		ConvStem: conv(stemChannels, 3).Stride(2).Same(), BN1: batchNorm(),
		Blocks:   blocks,
		ConvHead: conv(headChannels, 1), BN2: batchNorm(),
		pool: nn.GlobalAvgPool2D(), flat: nn.Flatten(), drop: nn.Dropout(v.dropout),
		Classifier: nn.Linear(classes),
		names:      packageNames(blocks),
	}
}

// roundChannels rounds to a multiple of 8 that is at least 0.9 times n, as
// EfficientNet does.
func roundChannels(n float64) int {
	rounded := max(8, int(n+4)/8*8)
	if float64(rounded) < 0.9*n {
		rounded += 8
	}
	return rounded
}

func conv(out, kernel int) *nn.Conv2DLayer { return nn.Conv2D(out, kernel).NoBias() }

func batchNorm() *nn.BatchNormLayer { return nn.BatchNorm().Eps(1e-3) }

// Forward returns the scores of the classes, N×classes, of images N×3×H×W.
func (n *network) Forward(x *graph.Node) *graph.Node {
	x = graph.ReLU6(n.BN1.Forward(n.ConvStem.Forward(x)))
	x = n.Blocks.Forward(x)
	x = graph.ReLU6(n.BN2.Forward(n.ConvHead.Forward(x)))
	return n.Classifier.Forward(n.drop.Forward(n.flat.Forward(n.pool.Forward(x))))
}
