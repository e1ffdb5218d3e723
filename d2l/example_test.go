package d2l_test

import (
	"fmt"
	"log"
	"os"

	"github.com/strideml/stride/d2l"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

// count returns a tensor of the given shape that counts up from first.
func count(first float32, shape ...int) *tensor.Tensor {
	size := tensor.Shape(shape).Size()
	return tensor.Must(tensor.Arange(first, first+float32(size), 1).Reshape(shape...))
}

func ExampleCorr2D() {
	y, err := d2l.Corr2D(count(0, 3, 3), count(0, 2, 2))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(y)
	// Output:
	// [[19. 25.]
	//  [37. 43.]]
}

func ExampleCorr2DMultiIn() {
	x := tensor.Must(tensor.Stack(0, count(0, 3, 3), count(1, 3, 3)))
	k := tensor.Must(tensor.Stack(0, count(0, 2, 2), count(1, 2, 2)))
	y, err := d2l.Corr2DMultiIn(x, k)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(y)
	// Output:
	// [[ 56.  72.]
	//  [104. 120.]]
}

func ExampleCorr2DMultiInOut() {
	x := tensor.Must(tensor.Stack(0, count(0, 3, 3), count(1, 3, 3)))
	k := tensor.Must(tensor.Stack(0, count(0, 2, 2), count(1, 2, 2)))
	k = tensor.Must(tensor.Stack(0, k, k.AddScalar(1), k.AddScalar(2)))
	y, err := d2l.Corr2DMultiInOut(x, k)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(y)
	// Output:
	// [[[ 56.  72.]
	//   [104. 120.]]
	//
	//  [[ 76. 100.]
	//   [148. 172.]]
	//
	//  [[ 96. 128.]
	//   [192. 224.]]]
}

func ExamplePool2D() {
	for _, mode := range []d2l.PoolMode{d2l.Max, d2l.Avg} {
		y, err := d2l.Pool2D(count(0, 3, 3), [2]int{2, 2}, mode)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(y)
	}
	// Output:
	// [[4. 5.]
	//  [7. 8.]]
	// [[2. 3.]
	//  [5. 6.]]
}

// Padding and stride of the book: an image of 8×8 and three convolutions, and
// 0…15 with max pooling.
func ExampleCompConv2D() {
	x := tensor.New(8, 8)
	for _, layer := range []nn.Layer{
		nn.Conv2D(1, 3).Pad(1),
		nn.Conv2D(1, 3).Pad(1).Stride(2),
		nn.Conv2D(1, 3).Kernel(3, 5).PadHW(0, 1).StrideHW(3, 4),
	} {
		y, err := d2l.CompConv2D(layer, x)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(y.Shape())
	}
	y, err := d2l.CompConv2D(nn.MaxPool2D(3).Pad(1).Stride(2), count(0, 4, 4))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(y)
	// Output:
	// 8×8
	// 4×4
	// 2×2
	// [[ 5.  7.]
	//  [13. 15.]]
}

// The book's table of ResNet-18, for an image of 224×224.
func ExampleLayerShapes_resNet() {
	if err := d2l.LayerShapes(os.Stdout, zoo.ResNet(10, zoo.ResNetConfig{}), tensor.Shape{1, 1, 224, 224}); err != nil {
		log.Fatal(err)
	}
	// Output:
	// Sequential output shape: 	 1×64×56×56
	// Sequential output shape: 	 1×64×56×56
	// Sequential output shape: 	 1×128×28×28
	// Sequential output shape: 	 1×256×14×14
	// Sequential output shape: 	 1×512×7×7
	// AdaptiveAvgPool2d output shape: 	 1×512×1×1
	// Flatten output shape: 	 1×512
	// Linear output shape: 	 1×10
}

func ExampleLayerShapes() {
	if err := d2l.LayerShapes(os.Stdout, zoo.LeNet(10), tensor.Shape{1, 1, 28, 28}); err != nil {
		log.Fatal(err)
	}
	// Output:
	// Conv2d output shape: 	 1×6×28×28
	// Sigmoid output shape: 	 1×6×28×28
	// AvgPool2d output shape: 	 1×6×14×14
	// Conv2d output shape: 	 1×16×10×10
	// Sigmoid output shape: 	 1×16×10×10
	// AvgPool2d output shape: 	 1×16×5×5
	// Flatten output shape: 	 1×400
	// Linear output shape: 	 1×120
	// Sigmoid output shape: 	 1×120
	// Linear output shape: 	 1×84
	// Sigmoid output shape: 	 1×84
	// Linear output shape: 	 1×10
}

// Two 3×3 convolutions see as much as one of 5×5; a pooling between them
// makes it more.
func ExampleReceptiveField() {
	conv, pool := d2l.Window{Kernel: 3}, d2l.Window{Kernel: 2, Stride: 2}
	fmt.Println(d2l.ReceptiveField(conv, conv))
	fmt.Println(d2l.ReceptiveField(conv, pool, conv))
	fmt.Println(d2l.ReceptiveField(d2l.Window{Kernel: 3, Dilation: 2}))
	// Output:
	// 5 1
	// 8 2
	// 5 1
}

func ExampleTryGPU() {
	fmt.Println(d2l.TryGPU(0).Name(), len(d2l.TryAllGPUs()))
	// Output: cpu 1
}

func ExampleGetFashionMNISTLabels() {
	names, err := d2l.GetFashionMNISTLabels(count(7, 3))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(names)
	// Output: [sneaker bag ankle boot]
}
