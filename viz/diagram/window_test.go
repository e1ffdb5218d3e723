package diagram

import (
	"bytes"
	"io"
	"slices"
	"testing"

	"github.com/strideml/stride/tensor"
)

// numbersOf returns the texts of a figure.
func numbersOf(t *testing.T, f interface{ WriteSVG(io.Writer) error }) []string {
	t.Helper()
	var b bytes.Buffer
	if err := f.WriteSVG(&b); err != nil {
		t.Fatal(err)
	}
	var list []string
	texts, _ := textsOf(t, b.Bytes())
	for _, text := range texts {
		list = append(list, text.text)
	}
	return list
}

// Figures show the values of Dive into Deep Learning.
func TestValues(t *testing.T) {
	count := func(first float32, n int) *tensor.Tensor {
		return tensor.Must(tensor.Arange(first, first+float32(n*n), 1).Reshape(n, n))
	}
	x, k := count(0, 3), count(0, 2)
	for name, test := range map[string]struct {
		figure interface{ WriteSVG(io.Writer) error }
		last   []string // texts
	}{
		"correlation":  {CrossCorrelation{Title: "t", Input: x, Kernel: k}, []string{"19", "25", "37", "43"}},
		"stride 3×2":   {CrossCorrelation{Title: "t", Input: x, Kernel: k, Window: Window{Pad: [2]int{1, 1}, Stride: [2]int{3, 2}}}, []string{"0", "8", "6", "8"}},
		"dilation":     {CrossCorrelation{Title: "t", Input: count(0, 4), Kernel: tensor.Full(1, 2, 2), Window: Window{Dilation: [2]int{2, 2}}}, []string{"20", "24", "36", "40"}},
		"a sum":        {CrossCorrelation{Title: "t", Input: x, Kernel: k.MulScalar(-1), Sum: true}, []string{"0·0 + 1·(−1) + 3·(−2) + 4·(−3) = −19"}},
		"the second":   {CrossCorrelation{Title: "t", Input: x, Kernel: k, At: [][2]int{{0, 1}}, Partial: true}, []string{"2", "3", "=", "19", "25"}},
		"maximum":      {Pooling{Title: "t", Input: x, Kernel: [2]int{2, 2}}, []string{"4", "5", "7", "8"}},
		"average":      {Pooling{Title: "t", Input: x, Kernel: [2]int{2, 2}, Average: true}, []string{"2", "3", "5", "6"}},
		"with padding": {Pooling{Title: "t", Input: count(0, 4), Kernel: [2]int{3, 3}, Window: Window{Pad: [2]int{1, 1}, Stride: [2]int{2, 2}}}, []string{"5", "7", "13", "15"}},
		"negative":     {Pooling{Title: "t", Input: tensor.Full(-1, 1, 1), Kernel: [2]int{3, 3}, Window: Window{Pad: [2]int{1, 1}}}, []string{"−1"}},
		"channels":     {Channels{Title: "t", Input: tensor.Must(tensor.Stack(0, x, count(1, 3))), Kernel: tensor.Must(tensor.Stack(0, k, count(1, 2)))}, []string{"56", "72", "104", "120"}},
	} {
		got := numbersOf(t, test.figure)
		if len(got) < len(test.last) || !slices.Equal(got[len(got)-len(test.last):], test.last) {
			t.Errorf("%s: the texts are %q, want %q at the end", name, got, test.last)
		}
	}
}

// The padding of maximum pooling is never the greatest value; that of the average is 0.
func TestPaddingOfPooling(t *testing.T) {
	f := Pooling{Title: "t", Input: tensor.Full(7, 1, 1), Kernel: [2]int{3, 3}, Window: Window{Pad: [2]int{1, 1}}}
	if got := numbersOf(t, f); !slices.Contains(got, "−∞") || slices.Contains(got, "0") {
		t.Errorf("%q", got)
	}
	f.Average = true
	if got := numbersOf(t, f); slices.Contains(got, "−∞") || !slices.Contains(got, "0") {
		t.Errorf("%q", got)
	}
}

// A dilation that differs between the axes cannot be drawn.
func TestUnequalDilation(t *testing.T) {
	f := CrossCorrelation{Title: "t", Input: tensor.New(5, 5), Kernel: tensor.New(2, 2), Window: Window{Dilation: [2]int{1, 2}}}
	if err := f.WriteSVG(io.Discard); err == nil {
		t.Error("it is no error")
	}
}
