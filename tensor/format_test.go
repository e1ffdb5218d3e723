package tensor

import (
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestStringLikeNumPy compares with what NumPy printed, see make_npy.py.
func TestStringLikeNumPy(t *testing.T) {
	text, err := os.ReadFile("testdata/print.txt")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for block := range strings.SplitSeq(strings.TrimPrefix(string(text), "# "), "\n##\n# ") {
		n++
		head, want, _ := strings.Cut(strings.TrimSuffix(block, "\n##\n"), "\n")
		name, values, _ := strings.Cut(head, ":")
		t.Run(name, func(t *testing.T) {
			kind, dims, _ := strings.Cut(name, " ")
			var shape []int
			for d := range strings.SplitSeq(dims, "x") {
				v, err := strconv.Atoi(d)
				if err != nil {
					t.Fatal(err)
				}
				shape = append(shape, v)
			}
			x := New(shape...)
			fields := strings.Fields(values)
			for i := range x.data {
				switch {
				case len(fields) > 0:
					v, err := strconv.ParseFloat(fields[i], 32)
					if err != nil {
						t.Fatal(err)
					}
					x.data[i] = float32(v)
				case kind == "sevenths":
					x.data[i] = float32(float64(i)/7 - 2)
				default:
					x.data[i] = float32(i - 2)
				}
			}
			if got := x.String(); got != want {
				t.Errorf("got\n%s\nNumPy prints\n%s", got, want)
			}
		})
	}
	if n < 30 {
		t.Errorf("print.txt has only %d cases", n)
	}
}

func TestStringSpecialShapes(t *testing.T) {
	huge := make([]int, 16)
	for i := range huge {
		huge[i] = 2
	}
	tests := []struct {
		t    *Tensor
		want string
	}{
		{Scalar(3), "3.0"},
		{Scalar(-0.1), "-0.1"},
		{Scalar(1e-7), "1e-07"},
		{Scalar(1e20), "1e+20"},
		{Scalar(float32(math.NaN())), "nan"},
		{Scalar(float32(math.Inf(1))), "inf"},
		{Scalar(float32(math.Inf(-1))), "-inf"},
		{New(0), "[]"},
		{New(2, 0, 3), "[] (2×0×3)"},
		{New(huge...), "[...] (" + Shape(huge).String() + ")"},
	}
	for _, test := range tests {
		if got := test.t.String(); got != test.want {
			t.Errorf("shape %v: got %q, want %q", test.t.Shape(), got, test.want)
		}
	}
}

// A tensor of high rank must not print a wall of numbers.
func TestStringBounded(t *testing.T) {
	if n := len(New(8, 8, 8, 8, 8, 8, 8).String()); n > 200_000 {
		t.Errorf("a tensor of rank 7 prints as %d bytes", n)
	}
}
