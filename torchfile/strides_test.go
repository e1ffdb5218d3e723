package torchfile_test

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"github.com/strideml/stride/torchfile"
)

// Elements are in the order of the axes whatever the strides: views with steps, transposed,
// repeated along any axis, with axes of one element in between.
func TestStrides(t *testing.T) {
	const held = 24
	var data []byte
	for i := range held {
		bits := math.Float32bits(float32(i))
		data = append(data, byte(bits), byte(bits>>8), byte(bits>>16), byte(bits>>24))
	}
	for _, c := range []struct {
		size, stride []int
		offset       int
	}{
		{[]int{24}, []int{1}, 0},
		{[]int{8}, []int{3}, 2},
		{[]int{5}, []int{0}, 7},
		{[]int{1000}, []int{0}, 23},
		{[]int{4, 6}, []int{1, 4}, 0},
		{[]int{3, 4}, []int{0, 2}, 1},
		{[]int{3, 4}, []int{2, 0}, 1},
		{[]int{3, 4, 1}, []int{4, 1, 99}, 5},
		{[]int{3, 4, 1}, []int{4, 0, 1}, 5},
		{[]int{2, 1, 3, 1}, []int{0, 5, 0, 0}, 3},
		{[]int{2, 3, 2}, []int{12, 0, 1}, 0},
		{[]int{2, 3, 2}, []int{12, 4, 3}, 0},
		{[]int{1, 1}, []int{7, 0}, 11},
		{[]int{0, 3}, []int{0, 0}, 0},
	} {
		var want []float32
		for i := range product(c.size) {
			element := c.offset
			for axis := len(c.size) - 1; axis >= 0; axis-- {
				element += i % c.size[axis] * c.stride[axis]
				i /= c.size[axis]
			}
			want = append(want, float32(element))
		}
		file := archive("a/data.pkl", proto+dict(text("w"), aTensor("0", held, c.offset, c.size, c.stride))+".", "a/data/0", string(data))
		f, err := torchfile.NewFile(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			t.Fatal(err)
		}
		state, err := f.State()
		if err != nil || len(state) != 1 {
			t.Errorf("%v with strides %v: %v", c.size, c.stride, err)
			continue
		}
		if got := state[0].Tensor.Data(); !slices.Equal(got, want) {
			t.Errorf("%v with strides %v from %d: got %v, want %v", c.size, c.stride, c.offset, got, want)
		}
	}
}

func product(values []int) int {
	n := 1
	for _, v := range values {
		n *= v
	}
	return n
}
