// Command fullyconnected is the chapter that leads from fully connected layers to
// convolutions: how many parameters each needs, what translation invariance and
// locality save, and what a convolution means for probabilities.
package main

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/strideml/stride/book/internal/chapter"
	"github.com/strideml/stride/d2l"
	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

var page = &chapter.Chapter{
	Name: "fullyconnected",
	Sections: []chapter.Section{
		{Name: "parameters", Run: parameters},
		{Name: "any-order", Run: anyOrder},
		{Name: "shuffled", Run: shuffled, Long: true},
		{Name: "steps", Run: steps},
		{Name: "matrix", Run: matrix},
		{Name: "shift", Run: shiftPicture},
		{Name: "commute", Run: commute},
		{Name: "flip", Run: flipped},
		{Name: "dice", Run: dice},
		{Name: "expectation", Run: expectation},
		{Name: "pixelwise", Run: pixelwise},
		{Name: "where", Run: whereIsIt},
		{Name: "borders", Run: borders},
		{Name: "variance", Run: variances},
		{Name: "sound", Run: sound},
	},
	Figures: figures,
}

func main() { chapter.Main(page) }

func parameters() error {
	//region parameters
	fmt.Println("picture     fully connected, 1000 units        32 kernels of 5×5")
	for _, side := range []int{28, 224, 1000} {
		fmt.Printf("%4d×%-4[1]d", side)
		linear := nn.Sequential(nn.Flatten(), nn.Linear(1000))
		for _, net := range []nn.Layer{linear, nn.Conv2D(32, 5)} {
			shapes, err := nn.StateShapes(net, tensor.Shape{1, side, side})
			if err != nil {
				return err
			}
			count := 0
			for _, shape := range shapes {
				count += shape.Size()
			}
			fmt.Printf("%12d = %8.3f MB", count, float64(count)*4/1e6) // 4 bytes each
		}
		fmt.Println()
	}
	//endregion
	return nil
}

//region permute

// permute returns the elements of x in another order: element i is x[order[i]].
func permute(x []float32, order []int) []float32 {
	y := make([]float32, len(x))
	for i, from := range order {
		y[i] = x[from]
	}
	return y
}

//endregion

func anyOrder() error {
	//region any-order
	r := tensor.Seed(0)
	pixels, weights := tensor.Rand(r, 784, 1), tensor.Randn(r, 5, 784)
	order := r.Perm(784)
	shuffled := tensor.Must(tensor.FromSlice(permute(pixels.Data(), order), 784, 1))
	same := tensor.New(5, 784)
	for i := range 5 { // the weights of each unit, in the same order
		unit := weights.Data()[i*784 : (i+1)*784]
		copy(same.Data()[i*784:], permute(unit, order))
	}
	fmt.Printf("%.3f\n", weights.MatMul(pixels).Data())
	fmt.Printf("%.3f\n", same.MatMul(shuffled).Data())
	//endregion
	return nil
}

//region shuffle-pixels

// shufflePixels returns the pictures of a set with the pixels of each in the given
// order, which is the same for all.
func shufflePixels(set *data.Images, order []int) (*data.Images, error) {
	var pixels []uint8
	var labels []int
	for i := range set.Len() {
		picture := set.Bytes(i)
		for _, from := range order {
			pixels = append(pixels, picture[from])
		}
		labels = append(labels, set.Label(i))
	}
	return data.NewImages(pixels, labels, set.ImageShape(), set.Classes())
}

//endregion

//region accuracy

// accuracy trains a network and returns its accuracy on the test pictures.
func accuracy(net nn.Layer, pictures, tests *data.Images) (float64, error) {
	model, err := nn.New(net, pictures.ImageShape(), nn.Options{})
	if err != nil {
		return 0, err
	}
	defer model.Close()
	config := train.Config{
		Epochs: 4, BatchSize: 32,
		LearningRate: 0.02, Optimizer: optim.SGD{Momentum: 0.9},
	}
	history, err := train.Fit(context.Background(), model, pictures, tests, config)
	if err != nil {
		return 0, err
	}
	return history.Last().TestAccuracy, nil
}

//endregion

func shuffled() error {
	//region shuffled
	options := fashionmnist.Options{Dir: fashionmnist.SampleDir}
	set, err := fashionmnist.Load(context.Background(), options)
	if err != nil {
		return err
	}
	order := tensor.Seed(1).Perm(28 * 28)
	pictures, err := shufflePixels(set.Train, order)
	if err != nil {
		return err
	}
	tests, err := shufflePixels(set.Test, order)
	if err != nil {
		return err
	}
	linear := nn.Sequential(nn.Flatten(), nn.Linear(64), nn.ReLU(), nn.Linear(10))
	conv := nn.Sequential(
		nn.Conv2D(8, 5), nn.ReLU(), nn.MaxPool2D(2),
		nn.Conv2D(16, 5), nn.ReLU(), nn.MaxPool2D(2), nn.Flatten(), nn.Linear(10))
	for _, net := range []nn.Layer{linear, conv} {
		before, err := accuracy(net, set.Train, set.Test)
		if err != nil {
			return err
		}
		after, err := accuracy(net, pictures, tests)
		if err != nil {
			return err
		}
		fmt.Printf("test accuracy %.3f, with shuffled pixels %.3f\n", before, after)
	}
	//endregion
	return nil
}

func steps() error {
	//region steps
	const n = 1000 // a picture of n×n pixels, a hidden layer of the same size
	const delta = 2
	const window = (2*delta + 1) * (2*delta + 1)
	fmt.Printf("%-31s %13d\n", "fully connected: n²·n²", n*n*n*n)
	fmt.Printf("%-31s %13d\n", "translation invariant: (2n−1)²", (2*n-1)*(2*n-1))
	fmt.Printf("%-31s %13d\n", "and local, Δ = 2: (2Δ+1)²", window)
	fmt.Printf("%-31s %13d\n", "from 3 channels to 64: ·3·64", window*3*64)
	//endregion
	return nil
}

//region weights4

// weights4 returns the weights of order four of a fully connected layer that
// computes the cross-correlation of a picture of H×W pixels with the kernel k:
// element i, j, p, q says how much pixel p, q counts for output i, j.
func weights4(k *tensor.Tensor, height, width int) *tensor.Tensor {
	h, w := k.Shape()[0], k.Shape()[1]
	weights := tensor.New(height-h+1, width-w+1, height, width)
	for i := range height - h + 1 {
		for j := range width - w + 1 {
			for a := range h {
				for b := range w {
					weights.Set(k.At(a, b), i, j, i+a, j+b)
				}
			}
		}
	}
	return weights
}

//endregion

func matrix() error {
	//region matrix
	x := tensor.Must(tensor.Arange(0, 9, 1).Reshape(9, 1)) // 3×3 pixels in a column
	k := tensor.Must(tensor.Arange(1, 5, 1).Reshape(2, 2))
	w := tensor.Must(weights4(k, 3, 3).Reshape(4, 9)) // a row for each output
	fmt.Println(w)
	fmt.Println(tensor.Must(w.MatMul(x).Reshape(2, 2)))
	y, err := d2l.Corr2D(tensor.Must(x.Reshape(3, 3)), k)
	if err != nil {
		return err
	}
	fmt.Println(y)
	//endregion
	return nil
}

func shiftPicture() error {
	//region shift
	r := tensor.Seed(0)
	wide, k := tensor.Randn(r, 6, 7), tensor.Randn(r, 3, 3)
	weights := tensor.Randn(r, 16, 36) // of a fully connected layer with 4×4 outputs
	var convolved, connected [2]*tensor.Tensor
	for right := range 2 { // first the picture, then moved by a pixel to the right
		x := tensor.Must(wide.Slice(1, 1-right, 7-right)) // 6×6
		y, err := d2l.Corr2D(x, k)
		if err != nil {
			return err
		}
		z := tensor.Must(weights.MatMul(tensor.Must(x.Reshape(36, 1))).Reshape(4, 4))
		// Columns 0 to 2 of the first output should be columns 1 to 3 of the second.
		convolved[right] = tensor.Must(y.Slice(1, right, 3+right))
		connected[right] = tensor.Must(z.Slice(1, right, 3+right))
	}
	fmt.Println("convolution: output moves, too:", convolved[0].Equal(convolved[1]))
	fmt.Println("fully connected: output moves, too:", connected[0].Equal(connected[1]))
	//endregion
	return nil
}

//region convolve

// convolve returns the convolution of two sequences, as long as both together less
// one: element t is the sum of f[s]·g[t−s] over all s for which both exist.
func convolve(f, g []float64) []float64 {
	y := make([]float64, len(f)+len(g)-1)
	for s := range f {
		for u := range g {
			y[s+u] += f[s] * g[u] // t = s + u
		}
	}
	return y
}

//endregion

func commute() error {
	//region commute
	f, g := []float64{1, 2, 3}, []float64{10, 0, 1, 5}
	fmt.Println(convolve(f, g))
	fmt.Println(convolve(g, f))
	//endregion
	return nil
}

//region convolve2d

// convolve2D returns the convolution of picture x with kernel k at the positions
// where the kernel lies within the picture: the indices of the two run in opposite
// directions.
func convolve2D(x, k *tensor.Tensor) *tensor.Tensor {
	h, w := k.Shape()[0], k.Shape()[1]
	y := tensor.New(x.Shape()[0]-h+1, x.Shape()[1]-w+1)
	for i := range y.Shape()[0] {
		for j := range y.Shape()[1] {
			var sum float32
			for a := range h {
				for b := range w {
					sum += x.At(i+h-1-a, j+w-1-b) * k.At(a, b)
				}
			}
			y.Set(sum, i, j)
		}
	}
	return y
}

//endregion

func flipped() error {
	//region flip
	x := tensor.Must(tensor.Arange(0, 9, 1).Reshape(3, 3))
	k := tensor.Must(tensor.FromSlice([]float32{0, 1, 2, 3}, 2, 2))
	flipped := tensor.Must(tensor.FromSlice([]float32{3, 2, 1, 0}, 2, 2))
	fmt.Println(convolve2D(x, k))
	for _, k := range []*tensor.Tensor{k, flipped} {
		y, err := d2l.Corr2D(x, k)
		if err != nil {
			return err
		}
		fmt.Println(y)
	}
	//endregion
	return nil
}

//region die

// die returns the probabilities of the values 0 to 6 of a fair die.
func die() []float64 {
	const p = 1.0 / 6
	return []float64{0, p, p, p, p, p, p}
}

//endregion

func dice() error {
	//region dice
	sum := convolve(die(), die())
	const throws = 1_000_000
	var seen [13]int
	r := rand.New(rand.NewPCG(1, 2))
	for range throws {
		seen[1+r.IntN(6)+1+r.IntN(6)]++
	}
	for s := 2; s <= 12; s++ {
		share := float64(seen[s]) / throws
		fmt.Printf("sum %2d: %2.0f/36 = %.4f, seen %.4f\n", s, sum[s]*36, sum[s], share)
	}
	//endregion
	return nil
}

func expectation() error {
	//region expectation
	delay := []float64{0.5, 0.3, 0.2}           // f: the probability of 0, 1 and 2
	signal := []float64{0, 0, 6, 6, 6, 0, 0, 0} // g
	const trials = 1_000_000
	r := rand.New(rand.NewPCG(1, 2))
	mean := make([]float64, len(signal))
	for range trials {
		d, u := 0, r.Float64()
		for u >= delay[d] && d < 2 {
			u -= delay[d]
			d++
		}
		for t := d; t < len(signal); t++ {
			mean[t] += signal[t-d] / trials
		}
	}
	fmt.Printf("convolution %.2f\n", convolve(delay, signal)[:len(signal)])
	fmt.Printf("simulated   %.2f\n", mean)
	//endregion
	return nil
}
