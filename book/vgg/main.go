// Command vgg is the chapter on VGG: networks of blocks, as functions and as types,
// and why their kernels are small.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"

	"github.com/strideml/stride/book/internal/chapter"
	"github.com/strideml/stride/d2l"
	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

var page = &chapter.Chapter{Name: "vgg"}

func init() {
	page.Sections = []chapter.Section{
		{Name: "block", Run: blockShape},
		{Name: "equal", Run: equal},
		{Name: "shapes", Run: shapes},
		{Name: "costs", Run: costs},
		{Name: "kernels", Run: kernels},
		{Name: "quarter", Run: quarter},
		{Name: "train", Run: trainSection, Long: true},
		{Name: "depths", Run: depths},
		{Name: "one-layer", Run: oneLayer},
		{Name: "values", Run: values},
		{Name: "average", Run: average},
		{Name: "normalized", Run: normalized, Long: true},
	}
}

func main() { chapter.Main(page) }

//region block

// vggBlock returns 3×3 convolutions that keep the size of the image, each followed by
// a ReLU, and maximum pooling that halves height and width.
func vggBlock(convolutions, channels int) *nn.SequentialLayer {
	block := nn.Sequential()
	for range convolutions {
		block.Append(nn.Conv2D(channels, 3).Pad(1), nn.ReLU())
	}
	return block.Append(nn.MaxPool2D(2))
}

//endregion

func blockShape() error {
	//region block-shape
	y, err := d2l.Apply(vggBlock(2, 64), tensor.New(1, 3, 32, 32))
	if err != nil {
		return err
	}
	fmt.Println(y.Shape())
	//endregion
	return nil
}

//region type

// A VGGBlock is the same block as a type.
type VGGBlock struct {
	Convs []*nn.Conv2DLayer
	Pool  *nn.Pool2DLayer
}

// NewVGGBlock returns a block of convolutions with the given number of channels.
func NewVGGBlock(convolutions, channels int) *VGGBlock {
	b := &VGGBlock{Pool: nn.MaxPool2D(2)}
	for range convolutions {
		b.Convs = append(b.Convs, nn.Conv2D(channels, 3).Pad(1))
	}
	return b
}

// Forward adds the block to the graph of x.
func (b *VGGBlock) Forward(x *graph.Node) *graph.Node {
	for _, conv := range b.Convs {
		x = graph.ReLU(conv.Forward(x))
	}
	return b.Pool.Forward(x)
}

//endregion

//region children

// Children names the layers as in the Sequential, where the ReLUs are counted, too.
func (b *VGGBlock) Children() []nn.Child {
	var list []nn.Child
	for i, conv := range b.Convs {
		list = append(list, nn.Child{Name: strconv.Itoa(2 * i), Layer: conv})
	}
	return append(list, nn.Child{Name: strconv.Itoa(2 * len(b.Convs)), Layer: b.Pool})
}

//endregion

func equal() error {
	//region equal
	x := tensor.Rand(tensor.Seed(0), 2, 3, 32, 32)
	var results []*tensor.Tensor
	for _, block := range []nn.Layer{vggBlock(2, 64), NewVGGBlock(2, 64)} {
		model, err := nn.New(block, tensor.Shape{3, 32, 32}, nn.Options{Seed: 1})
		if err != nil {
			return err
		}
		for _, p := range model.Parameters() {
			fmt.Print(p.Name, " ", p.Value.Shape(), "  ")
		}
		fmt.Println()
		y, err := model.Predict(nil, x)
		if err != nil {
			return err
		}
		results = append(results, y)
	}
	fmt.Println("the same values:", results[0].Equal(results[1]))
	//endregion
	return nil
}

//region net

// vgg11 are the numbers of convolutions of the blocks of VGG-11.
var vgg11 = []int{1, 1, 2, 2, 2}

// vgg returns a network of blocks. The channels, 64, 128, 256 and then 512, are divided
// by ratio; hidden is the number of hidden units of the linear layers.
func vgg(convolutions []int, ratio, hidden int) nn.Layer {
	net := nn.Sequential()
	for i, n := range convolutions {
		net.Append(vggBlock(n, min(64<<i, 512)/ratio))
	}
	return net.Append(nn.Flatten(),
		nn.Linear(hidden), nn.ReLU(), nn.Dropout(0.5),
		nn.Linear(hidden), nn.ReLU(), nn.Dropout(0.5),
		nn.Linear(10))
}

//endregion

func shapes() error {
	//region shapes
	err := d2l.LayerShapes(os.Stdout, vgg(vgg11, 1, 4096), tensor.Shape{1, 1, 224, 224})
	//endregion
	return err
}

func costs() error {
	//region costs
	trace, err := nn.Outline(vgg(vgg11, 1, 4096), tensor.Shape{1, 224, 224}, 1)
	if err != nil {
		return err
	}
	parameters, multiplyAdds := 0, int64(0)
	for _, l := range trace.Rows() {
		parameters += l.Parameters
		multiplyAdds += l.MultiplyAdds
		if l.Parameters > 0 {
			fmt.Printf("%-3s %-6s %9d parameters %10d multiply-adds\n", l.Path, l.Kind, l.Parameters, l.MultiplyAdds)
		}
	}
	fmt.Printf("together   %9d parameters %10d multiply-adds\n", parameters, multiplyAdds)
	//endregion
	return nil
}

func kernels() error {
	//region kernels
	three, five, seven := d2l.Window{Kernel: 3}, d2l.Window{Kernel: 5}, d2l.Window{Kernel: 7}
	const c = 64 // channels in and out
	for _, layers := range [][]d2l.Window{{five}, {three, three}, {seven}, {three, three, three}} {
		field, _ := d2l.ReceptiveField(layers...)
		weights := 0
		for _, l := range layers {
			weights += c * c * l.Kernel * l.Kernel
		}
		fmt.Printf("%d convolutions of %d×%d: receptive field %d×%d, %d weights\n",
			len(layers), layers[0].Kernel, layers[0].Kernel, field, field, weights)
	}
	//endregion
	return nil
}

func quarter() error {
	//region quarter
	for _, ratio := range []int{1, 4} {
		trace, err := nn.Outline(vgg(vgg11, ratio, 4096), tensor.Shape{1, 224, 224}, 1)
		if err != nil {
			return err
		}
		parameters, multiplyAdds := 0, int64(0)
		for _, l := range trace.Rows() {
			parameters += l.Parameters
			multiplyAdds += l.MultiplyAdds
		}
		fmt.Printf("channels ÷ %d: %9d parameters, %10d multiply-adds\n", ratio, parameters, multiplyAdds)
	}
	//endregion
	return nil
}

func trainSection() error {
	//region settings
	ratio, hidden, side, images, test := 8, 128, 32, 6000, 1000
	config := train.Config{Epochs: 6, BatchSize: 16, LearningRate: 0.1}
	//endregion
	if page.Full {
		ratio, hidden, side, images, test = 4, 4096, 224, 0, 0
		config = train.Config{Epochs: 10, BatchSize: 128, LearningRate: 0.05}
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
	model, err := nn.New(vgg(vgg11, ratio, hidden), tensor.Shape{1, side, side}, nn.Options{Init: nn.XavierUniform()})
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
