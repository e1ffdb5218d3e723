package torchvision

import (
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
)

type resnet struct {
	Conv1, BN1, Maxpool            nn.Layer
	Layer1, Layer2, Layer3, Layer4 nn.Layer
	Avgpool, Flatten, FC           nn.Layer
}

// residual is a residual block: two 3×3 convolutions, or, with a bottleneck,
// a 3×3 convolution between two of 1×1.
type residual struct {
	Conv1, BN1 nn.Layer
	Conv2, BN2 nn.Layer
	Conv3, BN3 nn.Layer // nil without a bottleneck
	Downsample nn.Layer // nil where the shape stays
}

// ResNet18 returns torchvision's resnet18: 11,689,512 parameters with 1000
// classes.
func ResNet18(classes int) nn.Layer { return newResNet([4]int{2, 2, 2, 2}, false, classes) }

// ResNet34 returns torchvision's resnet34: 21,797,672 parameters with 1000
// classes.
func ResNet34(classes int) nn.Layer { return newResNet([4]int{3, 4, 6, 3}, false, classes) }

// ResNet50 returns torchvision's resnet50, which has the stride of a
// bottleneck block in its 3×3 convolution: 25,557,032 parameters with 1000
// classes.
func ResNet50(classes int) nn.Layer { return newResNet([4]int{3, 4, 6, 3}, true, classes) }

func newResNet(blocks [4]int, bottleneck bool, classes int) nn.Layer {
	var layers [4]nn.Layer
	in := 64
	for i := range layers {
		stage, width := nn.Sequential(), 64<<i
		for j := range blocks[i] {
			out, stride := width, 1
			if bottleneck {
				out = 4 * width
			}
			if i > 0 && j == 0 {
				stride = 2
			}
			stage.Append(newResidual(in, width, out, stride, bottleneck))
			in = out
		}
		layers[i] = stage
	}
	return &resnet{
		Conv1: nn.Conv2D(64, 7).Stride(2).Pad(3).NoBias(), BN1: nn.BatchNorm(),
		Maxpool: nn.MaxPool2D(3).Stride(2).Pad(1),
		Layer1:  layers[0], Layer2: layers[1], Layer3: layers[2], Layer4: layers[3],
		Avgpool: nn.GlobalAvgPool2D(), Flatten: nn.Flatten(), FC: nn.Linear(classes),
	}
}

func (r *resnet) Forward(x *graph.Node) *graph.Node {
	x = r.Maxpool.Forward(graph.ReLU(r.BN1.Forward(r.Conv1.Forward(x))))
	for _, l := range []nn.Layer{r.Layer1, r.Layer2, r.Layer3, r.Layer4, r.Avgpool, r.Flatten, r.FC} {
		x = l.Forward(x)
	}
	return x
}

func newResidual(in, width, out, stride int, bottleneck bool) *residual {
	r := &residual{BN1: nn.BatchNorm(), BN2: nn.BatchNorm()}
	if bottleneck {
		r.Conv1 = nn.Conv2D(width, 1).NoBias()
		r.Conv2 = nn.Conv2D(width, 3).Stride(stride).Pad(1).NoBias()
		r.Conv3, r.BN3 = nn.Conv2D(out, 1).NoBias(), nn.BatchNorm()
	} else {
		r.Conv1 = nn.Conv2D(width, 3).Stride(stride).Pad(1).NoBias()
		r.Conv2 = nn.Conv2D(out, 3).Pad(1).NoBias()
	}
	if in != out || stride != 1 {
		r.Downsample = nn.Sequential(nn.Conv2D(out, 1).Stride(stride).NoBias(), nn.BatchNorm())
	}
	return r
}

func (r *residual) Forward(x *graph.Node) *graph.Node {
	y := graph.ReLU(r.BN1.Forward(r.Conv1.Forward(x)))
	y = r.BN2.Forward(r.Conv2.Forward(y))
	if r.Conv3 != nil {
		y = r.BN3.Forward(r.Conv3.Forward(graph.ReLU(y)))
	}
	if r.Downsample != nil {
		x = r.Downsample.Forward(x)
	}
	return graph.ReLU(graph.Add(y, x))
}
