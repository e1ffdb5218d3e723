package main

import (
	"slices"
	"strconv"
	"testing"

	"github.com/strideml/stride/tensor"
)

// TestCheck has answers of one version, of the other, and of both: an answer that is part of
// one and part of the other is wrong.
func TestCheck(t *testing.T) {
	m := &model{
		shape:  tensor.Shape{1},
		inputs: [][]float32{{1}, {2}},
		want:   [][][]float32{{{1, 2}, {3, 4}}, {{5, 6}, {7, 8}}},
		scale:  []float64{4, 8},
	}
	for _, c := range []struct {
		name  string
		got   []float32
		right bool
	}{
		{"first version", []float32{3, 4, 1, 2}, true},
		{"second version", []float32{7, 8, 5, 6}, true},
		{"within rounding", []float32{7.0001, 8, 5, 6}, true},
		{"mixed", []float32{3, 4, 5, 6}, false},
		{"in another order", []float32{1, 2, 3, 4}, false},
		{"too short", []float32{3, 4}, false},
	} {
		if err := m.check([]int{1, 0}, c.got); (err == nil) != c.right {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestOutputs(t *testing.T) {
	const header = `{"outputs":[{"name":"output","shape":[1,2],"datatype":"FP32","data":[1,2]}]}`
	got, err := outputs("", []byte(header))
	if err != nil || !slices.Equal(got, []float32{1, 2}) {
		t.Errorf("%v, %v", got, err)
	}
	got, err = outputs(strconv.Itoa(len(header)), append([]byte(header), 0, 0, 128, 63))
	if err != nil || !slices.Equal(got, []float32{1}) {
		t.Errorf("%v, %v", got, err)
	}
	if _, err = outputs("1000", []byte(header)); err == nil {
		t.Error("no error for a header longer than the answer")
	}
}
