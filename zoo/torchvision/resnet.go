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
func ResNet18(classes int) nn.Layer { return newResNet([4]int{2, 2, 2, 2}, nil, classes) }

// ResNet34 returns torchvision's resnet34: 21,797,672 parameters with 1000
// classes.
func ResNet34(classes int) nn.Layer { return newResNet([4]int{3, 4, 6, 3}, nil, classes) }

// ResNet50 returns torchvision's resnet50, which has the stride of a
// bottleneck block in its 3×3 convolution: 25,557,032 parameters with 1000
// classes.
func ResNet50(classes int) nn.Layer {
	return newResNet([4]int{3, 4, 6, 3}, &bottleneck{groups: 1, groupWidth: 64}, classes)
}

// ResNeXt50 returns torchvision's resnext50_32x4d, a ResNet-50 whose 3×3
// convolutions have twice the channels in 32 groups (Xie et al. 2017): 25,028,904
// parameters with 1000 classes.
func ResNeXt50(classes int) nn.Layer {
	return newResNet([4]int{3, 4, 6, 3}, &bottleneck{groups: 32, groupWidth: 4}, classes)
}

// WideResNet50 returns torchvision's wide_resnet50_2, a ResNet-50 whose 3×3
// convolutions have twice the channels (Zagoruyko & Komodakis 2016): 68,883,240
// parameters with 1000 classes.
func WideResNet50(classes int) nn.Layer {
	return newResNet([4]int{3, 4, 6, 3}, &bottleneck{groups: 1, groupWidth: 128}, classes)
}

// A bottleneck says what the 3×3 convolutions of bottleneck blocks are: their groups,
// and the channels of a group in the first stage. Each stage has twice as many as the
// one before.
type bottleneck struct{ groups, groupWidth int }

// newResNet has blocks of two 3×3 convolutions if narrow is nil.
func newResNet(blocks [4]int, narrow *bottleneck, classes int) nn.Layer {
	var layers [4]nn.Layer
	in := 64
	for i := range layers {
		stage := nn.Sequential()
		for j := range blocks[i] {
			stride := 1
			if i > 0 && j == 0 {
				stride = 2
			}
			if narrow == nil {
				stage.Append(newResidual(in, 64<<i, stride))
				in = 64 << i
			} else {
				stage.Append(newBottleneck(in, 256<<i, narrow.groups*narrow.groupWidth<<i, narrow.groups, stride))
				in = 256 << i
			}
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

func newResidual(in, out, stride int) *residual {
	return &residual{
		Conv1: nn.Conv2D(out, 3).Stride(stride).Pad(1).NoBias(), BN1: nn.BatchNorm(),
		Conv2: nn.Conv2D(out, 3).Pad(1).NoBias(), BN2: nn.BatchNorm(),
		Downsample: downsample(in, out, stride),
	}
}

// newBottleneck has a 3×3 convolution of wide channels in some groups.
func newBottleneck(in, out, wide, groups, stride int) *residual {
	return &residual{
		Conv1: nn.Conv2D(wide, 1).NoBias(), BN1: nn.BatchNorm(),
		Conv2: nn.Conv2D(wide, 3).Stride(stride).Pad(1).Groups(groups).NoBias(), BN2: nn.BatchNorm(),
		Conv3: nn.Conv2D(out, 1).NoBias(), BN3: nn.BatchNorm(),
		Downsample: downsample(in, out, stride),
	}
}

// downsample brings a block's input to the shape of its result; nil if it has it.
func downsample(in, out, stride int) nn.Layer {
	if in == out && stride == 1 {
		return nil
	}
	return nn.Sequential(nn.Conv2D(out, 1).Stride(stride).NoBias(), nn.BatchNorm())
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
