package torchvision

import (
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
)

type shufflenet struct {
	Conv1, Maxpool         nn.Layer
	Stage2, Stage3, Stage4 nn.Layer
	Conv5, Avgpool         nn.Layer
	Flatten, FC            nn.Layer
}

// shuffleNetChannels are the channels of the first convolution, of the three
// stages, and of the last convolution.
var shuffleNetChannels = map[float64][5]int{
	0.5: {24, 48, 96, 192, 1024},
	1:   {24, 116, 232, 464, 1024},
	1.5: {24, 176, 352, 704, 1024},
	2:   {24, 244, 488, 976, 2048},
}

// ShuffleNetV2 returns torchvision's shufflenet_v2_x0_5, x1_0, x1_5 or x2_0, for
// the widths 0.5, 1, 1.5 and 2: 1,366,792, 2,278,604, 3,503,624 and 7,393,996
// parameters with 1000 classes. Another width is an error of nn.New.
func ShuffleNetV2(width float64, classes int) nn.Layer {
	channels, ok := shuffleNetChannels[width]
	if !ok {
		return invalid("ShuffleNetV2", "width must be 0.5, 1, 1.5 or 2, got %v", width)
	}
	return newShuffleNetV2(channels, classes)
}

func newShuffleNetV2(channels [5]int, classes int) nn.Layer {
	stage := func(blocks, in, out int) nn.Layer {
		s := nn.Sequential(newShuffleDown(in, out))
		for range blocks - 1 {
			s.Append(&shuffleBlock{shuffleBranch(out/2, 1)})
		}
		return s
	}
	return &shufflenet{
		Conv1:   convBNAct(channels[0], 3, 2, 1, nn.BatchNorm(), nn.ReLU()),
		Maxpool: nn.MaxPool2D(3).Stride(2).Pad(1),
		Stage2:  stage(4, channels[0], channels[1]),
		Stage3:  stage(8, channels[1], channels[2]),
		Stage4:  stage(4, channels[2], channels[3]),
		Conv5:   convBNAct(channels[4], 1, 1, 1, nn.BatchNorm(), nn.ReLU()),
		Avgpool: nn.GlobalAvgPool2D(), Flatten: nn.Flatten(), FC: nn.Linear(classes),
	}
}

func (n *shufflenet) Forward(x *graph.Node) *graph.Node {
	for _, l := range []nn.Layer{n.Conv1, n.Maxpool, n.Stage2, n.Stage3, n.Stage4, n.Conv5, n.Avgpool, n.Flatten, n.FC} {
		x = nn.Apply(l, x)
	}
	return x
}

// shuffleBlock gives half of the channels to its branch, leaves the others as they
// are, and mixes the two halves.
type shuffleBlock struct{ Branch2 nn.Layer }

func (b *shuffleBlock) Forward(x *graph.Node) *graph.Node {
	channels := x.Shape()[1]
	return shuffled(graph.Slice(x, 1, 0, channels/2), b.Branch2.Forward(graph.Slice(x, 1, channels/2, channels)))
}

// shuffleDown halves the sides of the image. Both of its branches get all channels.
type shuffleDown struct{ Branch1, Branch2 nn.Layer }

func newShuffleDown(in, out int) *shuffleDown {
	return &shuffleDown{
		Branch1: nn.Sequential(
			depthwise(in, 2), nn.BatchNorm(),
			nn.Conv2D(out/2, 1).NoBias(), nn.BatchNorm(), nn.ReLU(),
		),
		Branch2: shuffleBranch(out/2, 2),
	}
}

func (b *shuffleDown) Forward(x *graph.Node) *graph.Node {
	return shuffled(b.Branch1.Forward(x), b.Branch2.Forward(x))
}

// shuffleBranch mixes the channels, filters each by itself and mixes them again.
func shuffleBranch(channels, stride int) nn.Layer {
	return nn.Sequential(
		nn.Conv2D(channels, 1).NoBias(), nn.BatchNorm(), nn.ReLU(),
		depthwise(channels, stride), nn.BatchNorm(),
		nn.Conv2D(channels, 1).NoBias(), nn.BatchNorm(), nn.ReLU(),
	)
}

// depthwise filters each channel with 3×3 values of its own.
func depthwise(channels, stride int) nn.Layer {
	return nn.Conv2D(channels, 3).Stride(stride).Pad(1).Groups(channels).NoBias()
}

// shuffled joins the channels of a and b, of which there are as many, in turns: a's
// first, b's first, a's second, and so on (Zhang et al. 2018, channel shuffle of two
// groups).
func shuffled(a, b *graph.Node) *graph.Node {
	s := a.Shape()
	n, c, h, w := s[0], s[1], s[2], s[3]
	x := graph.Reshape(graph.Concat(1, a, b), n, 2, c, h, w)
	return graph.Reshape(graph.Transpose(x, 0, 2, 1, 3, 4), n, 2*c, h, w)
}
