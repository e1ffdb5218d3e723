package matrix_test

import (
	"fmt"

	"github.com/strideml/stride/engine/cpu/internal/kernel/matrix"
)

// A 2×2 convolution of a 3×3 picture of one channel into two channels.
func ExampleTile() {
	picture := []float32{
		0, 1, 2,
		3, 4, 5,
		6, 7, 8,
	}
	weights := []float32{ // 2×1×2×2, as in PyTorch
		0, 1, 2, 3,
		1, 0, 0, 0,
	}
	panel := make([]float32, 2*2*matrix.TileCols)
	// With one input channel, the weights are in the order of the window.
	matrix.PackTransposed(panel, weights, 2*2, 2, 2*2, matrix.TileCols, 0, 1)

	pixels := []int32{0, 1, 3, 4}       // where each output pixel's window starts
	kernelRows := []int32{0, 3}         // where the window's rows start
	destinations := []int32{0, 2, 4, 6} // NHWC: two channels for each pixel
	output := make([]float32, 4*2)
	matrix.Tile(&matrix.TileArgs{
		A: &picture[0], AOff: &pixels[0],
		SegOff: &kernelRows[0], Segs: 2, Run: 2,
		B: &panel[0],
		C: &output[0], COff: &destinations[0],
		Rows: 4, Cols: 2,
	})
	fmt.Println(output)
	// Output: [19 0 25 1 37 3 43 4]
}

// The product xᵀ·y of a 3×2 and a 3×1 matrix, with the slack that Outer asks for.
func ExampleOuter() {
	x := append([]float32{1, 2, 3, 4, 5, 6}, make([]float32, 16)...)
	y := append([]float32{1, 10, 100}, make([]float32, 16)...)
	product := make([]float32, 2)
	matrix.Outer(&matrix.OuterArgs{
		A: &x[0], AOff: &[]int32{0, 2, 4}[0],
		B: &y[0], BOff: &[]int32{0, 1, 2}[0], B1: 8, K: 3,
		C: &product[0], LdC: 1, Rows: 2, Cols: 1,
	})
	fmt.Println(product)
	// Output: [531 642]
}

// From the order of PyTorch's images, channels × pixels, to pixels × channels.
func ExampleTranspose2D() {
	nchw := []float32{1, 2, 3, 10, 20, 30} // 2 channels of 3 pixels
	nhwc := make([]float32, 6)
	matrix.Transpose2D(nhwc, nchw, 2, 3, 2, 3)
	fmt.Println(nhwc)
	// Output: [1 10 2 20 3 30]
}
