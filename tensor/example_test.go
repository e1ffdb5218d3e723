package tensor_test

import (
	"bytes"
	"fmt"

	"github.com/strideml/stride/tensor"
)

func Example() {
	image := tensor.Must(tensor.Arange(0, 12, 1).Reshape(3, -1))
	fmt.Println(image.Shape())
	fmt.Println(image)
	// Output:
	// 3×4
	// [[ 0.  1.  2.  3.]
	//  [ 4.  5.  6.  7.]
	//  [ 8.  9. 10. 11.]]
}

func ExampleFromSlice() {
	x, err := tensor.FromSlice([]float32{1, 2, 3}, 2, 2)
	fmt.Println(x, err)
	// Output: <nil> tensor: from slice: shape 2×2 has 4 elements, the slice has 3
}

func ExampleTensor_Reshape() {
	x := tensor.New(256, 16, 5, 5)
	flat := tensor.Must(x.Reshape(256, -1))
	fmt.Println(flat.Shape())
	_, err := x.Reshape(100, -1, 7)
	fmt.Println(err)
	// Output:
	// 256×400
	// tensor: reshape 256×16×5×5 to 100×-1×7: 102400 elements do not divide by 700
}

func ExampleTensor_Transpose() {
	batch := tensor.New(16, 3, 28, 28) // N×C×H×W
	fmt.Println(tensor.Must(batch.Transpose(0, 2, 3, 1)).Shape())
	// Output: 16×28×28×3
}

func ExampleTensor_Index() {
	batch := tensor.New(16, 3, 28, 28)
	image := tensor.Must(batch.Index(4))
	image.Set(1, 0, 2, 2) // writes into the batch
	fmt.Println(image.Shape(), batch.At(4, 0, 2, 2))
	// Output: 3×28×28 1
}

func ExampleTensor_Slice() {
	x := tensor.Must(tensor.Arange(0, 12, 1).Reshape(3, 4))
	fmt.Println(tensor.Must(x.Slice(1, 1, 3)))
	// Output:
	// [[ 1.  2.]
	//  [ 5.  6.]
	//  [ 9. 10.]]
}

func ExampleTensor_String() {
	fmt.Println(tensor.New(100, 100))
	// Output:
	// [[0. 0. 0. ... 0. 0. 0.]
	//  [0. 0. 0. ... 0. 0. 0.]
	//  [0. 0. 0. ... 0. 0. 0.]
	//  ...
	//  [0. 0. 0. ... 0. 0. 0.]
	//  [0. 0. 0. ... 0. 0. 0.]
	//  [0. 0. 0. ... 0. 0. 0.]]
}

func ExampleReadNPY() {
	var file bytes.Buffer
	if err := tensor.Full(0.25, 2, 2).WriteNPY(&file); err != nil {
		panic(err)
	}
	x, err := tensor.ReadNPY(&file)
	fmt.Println(x, err)
	// Output:
	// [[0.25 0.25]
	//  [0.25 0.25]] <nil>
}

// The batch normalization of a small batch, as on paper.
func ExampleTensor_Sub() {
	x := tensor.Must(tensor.FromSlice([]float32{1, 10, 3, 30}, 2, 2)) // 2 samples, 2 features
	mean := x.MeanKeep(0)
	centred := x.Sub(mean)
	variance := centred.Mul(centred).MeanKeep(0)
	fmt.Println(mean, variance)
	fmt.Println(centred.Div(variance.Sqrt()))
	// Output:
	// [[ 2. 20.]] [[  1. 100.]]
	// [[-1. -1.]
	//  [ 1.  1.]]
}

func ExampleTensor_Add() {
	rows := tensor.Must(tensor.Arange(0, 3, 1).Reshape(3, 1))
	columns := tensor.Arange(10, 40, 10)
	fmt.Println(rows.Add(columns))
	// Output:
	// [[10. 20. 30.]
	//  [11. 21. 31.]
	//  [12. 22. 32.]]
}

func ExampleTensor_Sum() {
	x := tensor.Must(tensor.Arange(0, 6, 1).Reshape(2, 3))
	fmt.Println(x.Sum(), x.Sum(0), x.SumKeep(1).Shape())
	// Output: 15.0 [3. 5. 7.] 2×1
}

func ExampleTensor_MatMul() {
	a := tensor.Must(tensor.FromSlice([]float32{1, 2, 3, 4}, 2, 2))
	fmt.Println(a.MatMul(a))
	// Output:
	// [[ 7. 10.]
	//  [15. 22.]]
}

func ExampleStack() {
	x := tensor.Must(tensor.Arange(0, 4, 1).Reshape(2, 2))
	fmt.Println(tensor.Must(tensor.Stack(0, x, x.AddScalar(1))))
	// Output:
	// [[[0. 1.]
	//   [2. 3.]]
	//
	//  [[1. 2.]
	//   [3. 4.]]]
}

func ExampleConcat() {
	white, black := tensor.Full(1, 2, 2), tensor.New(2, 3)
	fmt.Println(tensor.Must(tensor.Concat(1, white, black, white)))
	// Output:
	// [[1. 1. 0. 0. 0. 1. 1.]
	//  [1. 1. 0. 0. 0. 1. 1.]]
}

func ExampleRand() {
	r := tensor.Seed(0)
	fmt.Println(tensor.Rand(r, 2, 3))
	fmt.Println(tensor.Rand(r, 2)) // goes on
	// Output:
	// [[0.35738143 0.6345279  0.6651211 ]
	//  [0.04791054 0.45118344 0.46992943]]
	// [0.02606569 0.04563184]
}

func ExampleRandn() {
	x := tensor.Randn(tensor.Seed(0), 1000)
	fmt.Printf("mean %.2f, mean square %.2f\n", x.Mean().At(), x.Mul(x).Mean().At())
	// Output: mean -0.05, mean square 1.04
}

// An engine leaves a weight on its device. The first reader fetches it.
func ExampleTensor_Defer() {
	weight := tensor.New(3)
	onDevice := tensor.NewSource(func(into []float32) error {
		fmt.Println("fetched")
		copy(into, []float32{1, 2, 3})
		return nil
	})
	weight.Defer(onDevice)
	fmt.Println(weight.Shape())
	fmt.Println(weight)
	fmt.Println(weight.Sum())
	// Output:
	// 3
	// fetched
	// [1. 2. 3.]
	// 6.0
}
