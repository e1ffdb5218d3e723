// Command googlenet is the chapter on GoogLeNet: Inception blocks, whose four paths
// are concatenated, and where parameters and multiply-adds go.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/strideml/stride/book/internal/chapter"
	"github.com/strideml/stride/d2l"
	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

var page = &chapter.Chapter{Name: "googlenet"}

func init() {
	page.Sections = []chapter.Section{
		{Name: "block", Run: blockShape},
		{Name: "names", Run: names},
		{Name: "shapes", Run: shapes},
		{Name: "stages", Run: stages},
		{Name: "paths", Run: paths},
		{Name: "train", Run: trainSection, Long: true},
		{Name: "naive", Run: naive},
		{Name: "head", Run: head},
		{Name: "smallest", Run: smallest},
		{Name: "normalized", Run: normalized, Long: true},
	}
	page.Figures = []chapter.Figure{
		{File: "block.svg", Draw: drawBlock},
		{File: "network.svg", Draw: drawNetwork},
		{File: "costs.svg", Draw: drawCosts},
	}
}

func main() { chapter.Main(page) }

//region inception

// An Inception block looks at its input in four ways and joins the results. The tags
// name the parameters as PyTorch does for layers p1_1, p2_1 and so on.
type Inception struct {
	One         *nn.Conv2DLayer `nn:"p1_1"` // 1×1
	ReduceThree *nn.Conv2DLayer `nn:"p2_1"` // 1×1, before Three
	Three       *nn.Conv2DLayer `nn:"p2_2"` // 3×3
	ReduceFive  *nn.Conv2DLayer `nn:"p3_1"` // 1×1, before Five
	Five        *nn.Conv2DLayer `nn:"p3_2"` // 5×5
	Pool        *nn.Pool2DLayer `nn:"p4_1"` // 3×3, keeps the size
	AfterPool   *nn.Conv2DLayer `nn:"p4_2"` // 1×1
}

// NewInception returns a block with c1, c2[1], c3[1] and c4 output channels on its four
// paths; c2[0] and c3[0] are the channels before the larger kernels.
func NewInception(c1 int, c2, c3 [2]int, c4 int) *Inception {
	return &Inception{
		One:         nn.Conv2D(c1, 1),
		ReduceThree: nn.Conv2D(c2[0], 1), Three: nn.Conv2D(c2[1], 3).Pad(1),
		ReduceFive: nn.Conv2D(c3[0], 1), Five: nn.Conv2D(c3[1], 5).Pad(2),
		Pool: nn.MaxPool2D(3).Stride(1).Pad(1), AfterPool: nn.Conv2D(c4, 1),
	}
}

// Forward applies the four paths to x and joins their channels.
func (b *Inception) Forward(x *graph.Node) *graph.Node {
	p1 := graph.ReLU(b.One.Forward(x))
	p2 := graph.ReLU(b.Three.Forward(graph.ReLU(b.ReduceThree.Forward(x))))
	p3 := graph.ReLU(b.Five.Forward(graph.ReLU(b.ReduceFive.Forward(x))))
	p4 := graph.ReLU(b.AfterPool.Forward(b.Pool.Forward(x)))
	return graph.Concat(1, p1, p2, p3, p4) // axis 0 is the batch
}

//endregion

func blockShape() error {
	//region block
	block := NewInception(64, [2]int{96, 128}, [2]int{16, 32}, 32)
	y, err := d2l.Apply(block, tensor.New(1, 192, 12, 12))
	if err != nil {
		return err
	}
	fmt.Println(y.Shape())
	//endregion
	return nil
}

func names() error {
	//region names
	block := NewInception(64, [2]int{96, 128}, [2]int{16, 32}, 32)
	trace, err := nn.Outline(block, tensor.Shape{192, 12, 12}, 1)
	if err != nil {
		return err
	}
	for _, l := range trace.Rows() {
		if l.Parameters > 0 {
			fmt.Printf("%s %6d parameters, %8d multiply-adds, output %v\n", l.Path, l.Parameters, l.MultiplyAdds, l.Output)
		}
	}
	//endregion
	return nil
}

//region net

// googlenet returns GoogLeNet with its channels divided by r.
func googlenet(r int) nn.Layer {
	inception := func(c1, c2a, c2b, c3a, c3b, c4 int) nn.Layer {
		return NewInception(c1/r, [2]int{c2a / r, c2b / r}, [2]int{c3a / r, c3b / r}, c4/r)
	}
	half := func() nn.Layer { return nn.MaxPool2D(3).Stride(2).Pad(1) } // halves height and width
	return nn.Sequential(
		nn.Sequential(
			nn.Conv2D(64/r, 7).Stride(2).Pad(3), nn.ReLU(), half()),
		nn.Sequential(
			nn.Conv2D(64/r, 1), nn.ReLU(),
			nn.Conv2D(192/r, 3).Pad(1), nn.ReLU(), half()),
		nn.Sequential(
			inception(64, 96, 128, 16, 32, 32),
			inception(128, 128, 192, 32, 96, 64), half()),
		nn.Sequential(
			inception(192, 96, 208, 16, 48, 64),
			inception(160, 112, 224, 24, 64, 64),
			inception(128, 128, 256, 24, 64, 64),
			inception(112, 144, 288, 32, 64, 64),
			inception(256, 160, 320, 32, 128, 128), half()),
		nn.Sequential(
			inception(256, 160, 320, 32, 128, 128),
			inception(384, 192, 384, 48, 128, 128),
			nn.GlobalAvgPool2D(), nn.Flatten()),
		nn.Linear(10),
	)
}

//endregion

func shapes() error {
	//region shapes
	err := d2l.LayerShapes(os.Stdout, googlenet(1), tensor.Shape{1, 1, 96, 96})
	//endregion
	return err
}

//region group

// A cost is what a part of a network has and does.
type cost struct {
	parameters   int
	multiplyAdds int64
}

// costs returns the costs of the parts of a network. part names the part of a layer by
// its path; parts are listed in the order in which they come first.
func costs(net nn.Layer, input tensor.Shape, part func(path string) string) (names []string, of map[string]cost, err error) {
	trace, err := nn.Outline(net, input, 1)
	if err != nil {
		return nil, nil, err
	}
	of = map[string]cost{}
	for _, l := range trace.Rows() {
		if l.Parameters == 0 {
			continue
		}
		name := part(l.Path)
		c, known := of[name]
		if !known {
			names = append(names, name)
		}
		of[name] = cost{c.parameters + l.Parameters, c.multiplyAdds + l.MultiplyAdds}
	}
	return names, of, nil
}

//endregion

func stages() error {
	//region stages
	names, of, err := costs(googlenet(1), tensor.Shape{1, 96, 96}, func(path string) string {
		first, _, _ := strings.Cut(path, ".") // "3" of "3.0.p2_1"
		return first
	})
	if err != nil {
		return err
	}
	var sum cost
	for _, name := range names {
		c := of[name]
		fmt.Printf("stage %s  %8d parameters %10d multiply-adds\n", name, c.parameters, c.multiplyAdds)
		sum = cost{sum.parameters + c.parameters, sum.multiplyAdds + c.multiplyAdds}
	}
	fmt.Printf("together %8d parameters %10d multiply-adds\n", sum.parameters, sum.multiplyAdds)
	//endregion
	return nil
}

func paths() error {
	//region paths
	names, of, err := costs(googlenet(1), tensor.Shape{1, 96, 96}, func(path string) string {
		last := path[strings.LastIndex(path, ".")+1:] // "p2_1" of "3.0.p2_1"
		if !strings.HasPrefix(last, "p") {
			return "no Inception"
		}
		return last
	})
	if err != nil {
		return err
	}
	for _, name := range names {
		fmt.Printf("%-12s %8d parameters %10d multiply-adds\n", name, of[name].parameters, of[name].multiplyAdds)
	}
	//endregion
	return nil
}

func trainSection() error {
	//region settings
	ratio, side, images, test := 4, 32, 6000, 1000
	config := train.Config{Epochs: 6, BatchSize: 16, LearningRate: 0.1}
	//endregion
	if page.Full {
		ratio, side, images, test = 1, 96, 0, 0
		config = train.Config{Epochs: 10, BatchSize: 128, LearningRate: 0.1}
	}
	//region train
	ctx := context.Background()
	set, err := fashionmnist.Load(ctx, fashionmnist.Options{})
	if err != nil {
		return err
	}
	trainSet, err := set.Train.Resize(side, side)
	if err != nil {
		return err
	}
	testSet, err := set.Test.Resize(side, side)
	if err != nil {
		return err
	}
	model, err := nn.New(googlenet(ratio), tensor.Shape{1, side, side}, nn.Options{Init: nn.XavierUniform()})
	if err != nil {
		return err
	}
	config.Callbacks.OnEpoch = func(e train.EpochInfo) {
		fmt.Printf("epoch %d, loss %.2f, training accuracy %.2f\n", e.Epoch, e.TrainLoss, e.TrainAccuracy)
	}
	history, err := train.Fit(ctx, model, data.Limit(trainSet, images), data.Limit(testSet, test), config)
	if err != nil {
		return err
	}
	fmt.Printf("test accuracy %.2f, %.0f images/s\n", history.Last().TestAccuracy, history.ImagesPerSecond)
	//endregion
	return nil
}
