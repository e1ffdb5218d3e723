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
