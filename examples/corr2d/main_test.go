package main

import (
	"os"
)

// The numbers are those of the book.
func Example() {
	if err := run(os.Stdout); err != nil {
		panic(err)
	}
	// Output:
	// Cross-correlation of 0…8 with 0…3:
	// [[[19. 25.]
	//   [37. 43.]]]
	//
	// Two input channels, three output channels:
	// [[[ 56.  72.]
	//   [104. 120.]]
	//
	//  [[ 76. 100.]
	//   [148. 172.]]
	//
	//  [[ 96. 128.]
	//   [192. 224.]]]
	//
	// Vertical edges of a black bar on white:
	// [[[ 0.  1.  0.  0.  0. -1.  0.]
	//   [ 0.  1.  0.  0.  0. -1.  0.]
	//   [ 0.  1.  0.  0.  0. -1.  0.]
	//   [ 0.  1.  0.  0.  0. -1.  0.]
	//   [ 0.  1.  0.  0.  0. -1.  0.]
	//   [ 0.  1.  0.  0.  0. -1.  0.]]]
	//
	// Sum of squares of what it finds when the bar lies down: 0
	//
	// Learning the kernel:
	// step  1, loss 15.174
	// step  2, loss 6.435
	// step  3, loss 2.777
	// step  4, loss 1.228
	// step  5, loss 0.561
	// step  6, loss 0.267
	// step  7, loss 0.133
	// step  8, loss 0.070
	// step  9, loss 0.038
	// step 10, loss 0.022
	// kernel 1.0010, -0.9739
}
