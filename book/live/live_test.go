package live

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// session returns one whose files are those of the repository.
func session(t testing.TB) *Session {
	t.Helper()
	return New(Host{Fetch: func(_ context.Context, name string) ([]byte, error) {
		return os.ReadFile(filepath.Join("..", "..", "data", "fashionmnist", "sample", name))
	}})
}

func TestCrossCorrelate(t *testing.T) {
	// Two input channels, as in Dive into Deep Learning: 56 = 19 + 37.
	x := Array{[]int{2, 3, 3}, []float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 9}}
	k := Array{[]int{2, 2, 2}, []float32{0, 1, 2, 3, 1, 2, 3, 4}}
	one := Pair{1, 1}
	r, err := session(t).CrossCorrelate(CrossCorrelateArgs{X: x, Kernel: k, Stride: one, Dilation: one})
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, got, want []float32) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("%s %v, want %v", what, got, want)
		}
	}
	check("output", r.Output.Data, []float32{56, 72, 104, 120})
	check("partial sums", r.Partial.Data, []float32{19, 25, 37, 43, 37, 47, 67, 77})
	check("sums of the window", r.Window.Sums, []float32{19, 37})
	check("window", r.Window.Values.Data, []float32{0, 1, 3, 4, 1, 2, 4, 5})
	check("products", r.Window.Products.Data, []float32{0, 1, 6, 12, 1, 4, 12, 20})
	if r.Window.Sum != 56 || !slices.Equal(r.Partial.Shape, []int{1, 2, 2, 2}) {
		t.Errorf("sum %v, partial sums of shape %v", r.Window.Sum, r.Partial.Shape)
	}
}

func TestCrossCorrelateMoves(t *testing.T) {
	x := Array{Shape: []int{8, 8}, Data: make([]float32, 64)}
	for i := range x.Data {
		x.Data[i] = float32(i)
	}
	k := Array{[]int{3, 5}, []float32{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}}
	r, err := session(t).CrossCorrelate(CrossCorrelateArgs{X: x, Kernel: k, Padding: Pair{0, 1}, Stride: Pair{3, 4}, Dilation: Pair{1, 1}, At: [2]int{1, 0}})
	if err != nil {
		t.Fatal(err)
	}
	if want := (Side{8, 5, 4, 1, 1, 2}); r.Sides[1] != want || !slices.Equal(r.Output.Shape, []int{1, 2, 2}) {
		t.Errorf("output %v, %+v, want %+v", r.Output.Shape, r.Sides[1], want)
	}
	if !slices.Equal(r.Window.Rows, []int{3, 4, 5}) || !slices.Equal(r.Window.Columns, []int{-1, 0, 1, 2, 3}) || r.Window.Top != 3 || r.Window.Left != -1 {
		t.Errorf("taps %v, %v at %d, %d", r.Window.Rows, r.Window.Columns, r.Window.Top, r.Window.Left)
	}
	if want := float32(3*(0+1+2+3) + 8*(3+4+5)*4); r.Window.Sum != want || r.Output.Data[2] != want || r.Window.Values.Data[0] != 0 {
		t.Errorf("sum %v, output %v, want %v", r.Window.Sum, r.Output.Data, want)
	}
}

func TestCrossCorrelateErrors(t *testing.T) {
	x, k := Array{[]int{3, 3}, make([]float32, 9)}, Array{[]int{2, 2}, make([]float32, 4)}
	one := Pair{1, 1}
	for want, args := range map[string]CrossCorrelateArgs{
		"x is missing":                  {Kernel: k, Stride: one, Dilation: one},
		"smaller than the kernel":       {X: x, Kernel: Array{[]int{5, 5}, make([]float32, 25)}, Stride: one, Dilation: one},
		"at is 2: want 0 to 1":          {X: x, Kernel: k, Stride: one, Dilation: one, At: [2]int{2, 0}},
		"channel is 1: want 0 to 0":     {X: x, Kernel: k, Stride: one, Dilation: one, Channel: 1},
		"must be at least 1":            {X: x, Kernel: k, Stride: Pair{0, 1}, Dilation: one},
		"2 input channels, the picture": {X: x, Kernel: Array{[]int{2, 2, 2}, make([]float32, 8)}, Stride: one, Dilation: one},
		"the slice has 3":               {X: Array{[]int{2, 2}, make([]float32, 3)}, Kernel: k, Stride: one, Dilation: one},
	} {
		if _, err := session(t).CrossCorrelate(args); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestLookup(t *testing.T) {
	if f, err := Lookup("info"); err != nil || f.Name != "info" {
		t.Error(f.Name, err)
	}
	if _, err := Lookup("crosscorrelate"); err == nil || !strings.Contains(err.Error(), `did you mean "crossCorrelate"`) {
		t.Error(err)
	}
}
