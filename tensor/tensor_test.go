package tensor

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func nan() float32             { return float32(math.NaN()) }
func inf(s int) float32        { return float32(math.Inf(s)) }
func vec(v ...float32) *Tensor { return Must(FromSlice(v, len(v))) }

// seq returns 0, 1, 2, … in the given shape.
func seq(shape ...int) *Tensor {
	t := New(shape...)
	for i := range t.data {
		t.data[i] = float32(i)
	}
	return t
}

// checkErr compares an error with the text that it should contain.
func checkErr(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got error %v, want %q", err, want)
	}
}

func checkPanic(t *testing.T, want string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if got := fmt.Sprint(recover()); !strings.Contains(got, want) {
			t.Errorf("got panic %q, want %q", got, want)
		}
	}()
	f()
}

func TestShape(t *testing.T) {
	tests := []struct {
		shape Shape
		size  int
		text  string
	}{
		{nil, 1, "scalar"},
		{Shape{}, 1, "scalar"},
		{Shape{7}, 7, "7"},
		{Shape{16, 3, 28, 28}, 37632, "16×3×28×28"},
		{Shape{2, 0, 3}, 0, "2×0×3"},
	}
	for _, test := range tests {
		if got := test.shape.Size(); got != test.size {
			t.Errorf("%v: size %d, want %d", test.shape, got, test.size)
		}
		if got := test.shape.String(); got != test.text {
			t.Errorf("text %q, want %q", got, test.text)
		}
		c := test.shape.Clone()
		if c == nil || !c.Equal(test.shape) {
			t.Errorf("clone of %v is %v", test.shape, c)
		}
		if len(c) > 0 {
			if c[0]++; c.Equal(test.shape) {
				t.Errorf("clone of %v shares memory", test.shape)
			}
		}
	}
	if (Shape{1, 2}).Equal(Shape{1, 2, 1}) || (Shape{1, 2}).Equal(Shape{2, 1}) {
		t.Error("different shapes are equal")
	}
}

func TestConstruction(t *testing.T) {
	shape := []int{2, 3}
	x := New(shape...)
	shape[0] = 9
	if !x.Shape().Equal(Shape{2, 3}) || x.Size() != 6 || x.Rank() != 2 || x.At(1, 2) != 0 {
		t.Errorf("New(2, 3) is %v of shape %v", x, x.Shape())
	}
	x.Shape()[0] = 9
	if !x.Shape().Equal(Shape{2, 3}) {
		t.Error("the shape can be changed from outside")
	}
	if s := New(); s.Rank() != 0 || s.Size() != 1 {
		t.Errorf("New() has rank %d and %d elements", s.Rank(), s.Size())
	}
	if s := Scalar(5); s.At() != 5 || !s.Shape().Equal(nil) {
		t.Errorf("Scalar(5) is %v", s)
	}
	if f := Full(2, 2, 2); !slices.Equal(f.Data(), []float32{2, 2, 2, 2}) {
		t.Errorf("Full(2, 2, 2) is %v", f)
	}
	if f := Full(float32(math.Copysign(0, -1)), 1); !math.Signbit(float64(f.At(0))) {
		t.Error("Full loses the sign of -0")
	}
	data := []float32{1, 2, 3, 4}
	y := Must(FromSlice(data, 2, 2))
	data[3] = 9
	if y.At(1, 1) != 9 {
		t.Error("FromSlice copies")
	}
	_, err := FromSlice(data, 3, 2)
	checkErr(t, err, "tensor: from slice: shape 3×2 has 6 elements, the slice has 4")
	_, err = FromSlice(data, -2, -2)
	checkErr(t, err, "shape -2×-2: axis 0 has negative length -2")
	_, err = FromSlice(nil, 1<<31, 1<<31, 0, 4)
	checkErr(t, err, "too many elements")
	checkPanic(t, "axis 1 has negative length -1", func() { New(2, -1) })
	checkPanic(t, "too many elements", func() { New(1<<31, 1<<31, 4) })
	checkPanic(t, "has 6 elements", func() { Must(FromSlice(data, 3, 2)) })
}

func TestArange(t *testing.T) {
	tests := []struct {
		start, stop, step float32
		want              []float32
	}{
		{0, 4, 1, []float32{0, 1, 2, 3}},
		{1, 2, 0.5, []float32{1, 1.5}},
		{3, 0, -1, []float32{3, 2, 1}},
		{0, 1, 0.3, []float32{0, 0.3, 0.6, 0.90000004}},
		{0, 0, 1, nil},
		{1, 0, 1, nil},
	}
	for _, test := range tests {
		got := Arange(test.start, test.stop, test.step)
		if !slices.Equal(got.Data(), test.want) || got.Rank() != 1 {
			t.Errorf("Arange(%g, %g, %g) is %v", test.start, test.stop, test.step, got)
		}
	}
	checkPanic(t, "step is zero", func() { Arange(0, 1, 0) })
	checkPanic(t, "must be finite", func() { Arange(0, nan(), 1) })
	checkPanic(t, "must be finite", func() { Arange(0, 1, inf(1)) })
	checkPanic(t, "too many", func() { Arange(0, 1, 1e-30) })
}

func TestAtSet(t *testing.T) {
	x := seq(2, 3, 4)
	if got := x.At(1, 2, 3); got != 23 {
		t.Errorf("At(1, 2, 3) = %g", got)
	}
	x.Set(-1, 1, 0, 2)
	if x.Data()[14] != -1 {
		t.Errorf("Set missed: %v", x)
	}
	checkPanic(t, "at: 2 indices for shape 2×3×4 of rank 3", func() { x.At(0, 0) })
	checkPanic(t, "set: index 3 out of range for axis 1 of shape 2×3×4", func() { x.Set(0, 0, 3, 0) })
	checkPanic(t, "index -1 out of range for axis 2", func() { x.At(0, 0, -1) })
}

func TestReshape(t *testing.T) {
	tests := []struct {
		from, to, want Shape
		err            string
	}{
		{Shape{2, 6}, Shape{3, 4}, Shape{3, 4}, ""},
		{Shape{2, 6}, Shape{3, -1}, Shape{3, 4}, ""},
		{Shape{2, 6}, Shape{-1}, Shape{12}, ""},
		{Shape{2, 6}, Shape{-1, 1, 12}, Shape{1, 1, 12}, ""},
		{Shape{1, 1}, Shape{}, Shape{}, ""},
		{Shape{}, Shape{1, -1}, Shape{1, 1}, ""},
		{Shape{0, 3}, Shape{-1, 3}, Shape{0, 3}, ""},
		{Shape{0, 3}, Shape{5, 0}, Shape{5, 0}, ""},
		{Shape{0, 3}, Shape{-1, 0}, nil, "reshape 0×3 to -1×0: -1 could be any length"},
		{Shape{2, 6}, Shape{-1, 0}, nil, "-1 could be any length"},
		{Shape{2, 6}, Shape{5, -1}, nil, "reshape 2×6 to 5×-1: 12 elements do not divide by 5"},
		{Shape{2, 6}, Shape{5, 2}, nil, "reshape 2×6 to 5×2: 12 elements cannot become 10"},
		{Shape{2, 6}, Shape{-1, -1}, nil, "axes 0 and 1 are both -1"},
		{Shape{2, 6}, Shape{-2, -6}, nil, "axis 0 has negative length -2"},
		{Shape{2, 6}, Shape{-1, -6}, nil, "axis 1 has negative length -6"},
		{Shape{2, 6}, Shape{1 << 40, 1 << 40}, nil, "too many elements"},
	}
	for _, test := range tests {
		x := seq(test.from...)
		got, err := x.Reshape(test.to...)
		if test.err != "" {
			checkErr(t, err, test.err)
			continue
		}
		if err != nil || !got.Shape().Equal(test.want) {
			t.Errorf("reshape %v to %v: %v, %v", test.from, test.to, got, err)
			continue
		}
		if len(got.data) > 0 {
			if got.data[0] = 77; x.data[0] != 77 {
				t.Errorf("reshape %v to %v copies", test.from, test.to)
			}
		}
	}
}

func TestIndex(t *testing.T) {
	x := seq(2, 3, 4)
	tests := []struct {
		index []int
		shape Shape
		first float32
	}{
		{nil, Shape{2, 3, 4}, 0},
		{[]int{1}, Shape{3, 4}, 12},
		{[]int{1, 2}, Shape{4}, 20},
		{[]int{1, 2, 3}, Shape{}, 23},
	}
	for _, test := range tests {
		got, err := x.Index(test.index...)
		if err != nil || !got.Shape().Equal(test.shape) || got.Data()[0] != test.first || got.Size() != test.shape.Size() {
			t.Errorf("index %v: %v, %v", test.index, got, err)
			continue
		}
		if &got.Data()[0] != &x.Data()[int(test.first)] {
			t.Errorf("index %v copies", test.index)
		}
	}
	if got := Must(New(3, 0).Index(2)); !got.Shape().Equal(Shape{0}) {
		t.Errorf("index of an empty tensor has shape %v", got.Shape())
	}
	_, err := x.Index(2)
	checkErr(t, err, "tensor: index: 2 out of range for axis 0 of shape 2×3×4")
	_, err = x.Index(0, -1)
	checkErr(t, err, "-1 out of range for axis 1")
	_, err = x.Index(0, 0, 0, 0)
	checkErr(t, err, "4 indices for shape 2×3×4 of rank 3")
}

func TestSlice(t *testing.T) {
	x := seq(2, 3, 2)
	tests := []struct {
		axis, start, stop int
		shape             Shape
		want              []float32
	}{
		{0, 0, 2, Shape{2, 3, 2}, x.Data()},
		{0, 1, 2, Shape{1, 3, 2}, []float32{6, 7, 8, 9, 10, 11}},
		{1, 1, 3, Shape{2, 2, 2}, []float32{2, 3, 4, 5, 8, 9, 10, 11}},
		{2, 1, 2, Shape{2, 3, 1}, []float32{1, 3, 5, 7, 9, 11}},
		{1, 3, 3, Shape{2, 0, 2}, nil},
	}
	for _, test := range tests {
		got, err := x.Slice(test.axis, test.start, test.stop)
		if err != nil || !got.Shape().Equal(test.shape) || !slices.Equal(got.Data(), test.want) {
			t.Errorf("slice %d [%d, %d): %v, %v", test.axis, test.start, test.stop, got, err)
		}
	}
	Must(x.Slice(0, 0, 2)).Set(99, 0, 0, 0)
	if x.At(0, 0, 0) == 99 {
		t.Error("Slice shares memory")
	}
	if got := Must(New(4, 0, 2).Slice(0, 1, 3)); !got.Shape().Equal(Shape{2, 0, 2}) {
		t.Errorf("slice of an empty tensor has shape %v", got.Shape())
	}
	for _, bad := range [][3]int{{3, 0, 1}, {-1, 0, 1}} {
		_, err := x.Slice(bad[0], bad[1], bad[2])
		checkErr(t, err, "of shape 2×3×2, which has rank 3")
	}
	for _, bad := range [][2]int{{-1, 1}, {2, 1}, {0, 4}, {4, 4}} {
		_, err := x.Slice(1, bad[0], bad[1])
		checkErr(t, err, "of axis 1 of shape 2×3×2, need 0 ≤ start ≤ stop ≤ 3")
	}
}

// TestTransposeProperty compares with indexing element by element.
func TestTransposeProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rank := rapid.IntRange(0, 5).Draw(t, "rank")
		limit := []int{1, 400, 70, 20, 9, 6}[rank]
		shape := rapid.SliceOfN(rapid.IntRange(0, limit), rank, rank).Draw(t, "shape")
		perm := make([]int, rank)
		for i := range perm {
			perm[i] = i
		}
		perm = rapid.Permutation(perm).Draw(t, "perm")
		x := seq(shape...)
		got, err := x.Transpose(perm...)
		if rank == 0 {
			got, err = x.Transpose()
		}
		if err != nil {
			t.Fatal(err)
		}
		from, to := make([]int, rank), make([]int, rank)
		for o, v := range x.data {
			for axis, rest := rank-1, o; axis >= 0; axis-- {
				from[axis] = rest % shape[axis]
				rest /= shape[axis]
			}
			for i, p := range perm {
				to[i] = from[p]
			}
			if got.At(to...) != v {
				t.Fatalf("shape %v, perm %v: element %v is %g, want %g", shape, perm, to, got.At(to...), v)
			}
		}
		back := make([]int, rank)
		for i, p := range perm {
			back[p] = i
		}
		if rank > 0 && !Must(got.Transpose(back...)).Equal(x) {
			t.Fatalf("shape %v, perm %v: the inverse does not lead back", shape, perm)
		}
	})
}

func TestTranspose(t *testing.T) {
	got := Must(seq(2, 3).Transpose())
	if !got.Shape().Equal(Shape{3, 2}) || !slices.Equal(got.Data(), []float32{0, 3, 1, 4, 2, 5}) {
		t.Errorf("transpose of a 2×3 matrix: %v", got)
	}
	x := seq(2, 3, 4)
	same := Must(x.Transpose(0, 1, 2))
	if same.Set(99, 0, 0, 0); x.At(0, 0, 0) == 99 {
		t.Error("the identity shares memory")
	}
	for want, perm := range map[string][]int{
		"2 axes for shape 2×3×4 of rank 3":                   {0, 1},
		"axis 3 in [0 1 3] does not exist in shape 2×3×4":    {0, 1, 3},
		"axis -1 in [0 -1 1] does not exist in shape 2×3×4":  {0, -1, 1},
		"tensor: transpose: axis 1 appears twice in [1 0 1]": {1, 0, 1},
	} {
		_, err := x.Transpose(perm...)
		checkErr(t, err, want)
	}
}

func TestCloneCopyEqual(t *testing.T) {
	x := seq(2, 3)
	c := x.Clone()
	if !c.Equal(x) {
		t.Error("a clone differs")
	}
	c.Set(9, 0, 0)
	if x.At(0, 0) == 9 || c.Equal(x) {
		t.Error("a clone shares memory")
	}
	if err := c.CopyFrom(x); err != nil || !c.Equal(x) {
		t.Errorf("copy: %v, %v", c, err)
	}
	checkErr(t, c.CopyFrom(seq(3, 2)), "tensor: copy: source has shape 3×2, destination 2×3")
	if seq(3, 2).Equal(x) || vec(nan()).Equal(vec(nan())) || !vec(0).Equal(vec(float32(math.Copysign(0, -1)))) {
		t.Error("Equal is wrong about shapes, NaN or -0")
	}
}

func TestAllClose(t *testing.T) {
	tests := []struct {
		a, b       *Tensor
		rtol, atol float64
		want       bool
	}{
		{vec(1, 2), vec(1, 2), 0, 0, true},
		{vec(1, 2), vec(1, 2.1), 0, 0.05, false},
		{vec(1, 2), vec(1, 2.1), 0.05, 0, true},
		{vec(100), vec(110), 0.1, 0, true}, // relative to the second
		{vec(110), vec(100), 0.099, 0, false},
		{vec(inf(1)), vec(inf(1)), 0, 0, true},
		{vec(inf(1)), vec(inf(-1)), 1, 1, false},
		{vec(1), vec(inf(1)), 1, 1, false},
		{vec(nan()), vec(nan()), 1, 1, false},
		{vec(1, 2), seq(2, 1), 9, 9, false},
		{New(0), New(0), 0, 0, true},
	}
	for _, test := range tests {
		if got := test.a.AllClose(test.b, test.rtol, test.atol); got != test.want {
			t.Errorf("%v AllClose(%v, %g, %g) = %t", test.a, test.b, test.rtol, test.atol, got)
		}
	}
}

func BenchmarkTranspose(b *testing.B) {
	for _, bench := range []struct {
		name        string
		shape, perm []int
	}{
		{"matrix 1024", []int{1024, 1024}, []int{1, 0}},
		{"matrix 1000x1001", []int{1000, 1001}, []int{1, 0}},
		{"nchw to nhwc, 64 channels", []int{16, 64, 32, 32}, []int{0, 2, 3, 1}},
		{"nchw to nhwc, 3 channels", []int{16, 3, 128, 128}, []int{0, 2, 3, 1}},
		{"reverse", []int{32, 32, 32, 32}, []int{3, 2, 1, 0}},
		{"swap leading", []int{64, 64, 256}, []int{1, 0, 2}},
	} {
		x := seq(bench.shape...)
		b.Run(bench.name, func(b *testing.B) {
			b.SetBytes(int64(8 * x.Size()))
			for b.Loop() {
				Must(x.Transpose(bench.perm...))
			}
		})
	}
	x := seq(1024, 1024)
	b.Run("clone, to compare", func(b *testing.B) {
		b.SetBytes(int64(8 * x.Size()))
		for b.Loop() {
			x.Clone()
		}
	})
}

// A released tensor has its shape and nothing else.
func TestRelease(t *testing.T) {
	x := Full(2, 2, 3)
	part, err := x.Index(1)
	if err != nil {
		t.Fatal(err)
	}
	if x.Released() {
		t.Error("released at first")
	}
	x.Release()
	if !x.Released() || !x.HasShape(Shape{2, 3}) || x.Size() != 6 || x.String() != "released (2×3)" {
		t.Errorf("released %v, %d elements, %v", x.Released(), x.Size(), x)
	}
	if !part.Equal(Full(2, 3)) {
		t.Errorf("what shared its memory is %v", part)
	}
	if x.CopyFrom(New(2, 3)) == nil || New(2, 3).CopyFrom(x) == nil {
		t.Error("elements that are not there were copied")
	}
	for what, use := range map[string]func(){
		"Data": func() { x.Data() }, "At": func() { x.At(0, 0) }, "Set": func() { x.Set(1, 0, 0) }, "Clone": func() { x.Clone() },
		"Equal": func() { x.Equal(New(2, 3)) }, "Add": func() { New(2, 3).Add(x) }, "Mean": func() { x.Mean() }, "Transpose": func() { x.Transpose() },
		"Reshape": func() { _, _ = x.Reshape(6) }, "Slice": func() { _, _ = x.Slice(0, 0, 1) }, "WriteNPY": func() { _ = x.WriteNPY(io.Discard) },
	} {
		func() {
			defer func() {
				if message, _ := recover().(string); !strings.Contains(message, "2×3 is used after its elements were released") {
					t.Errorf("%s: %q", what, message)
				}
			}()
			use()
		}()
	}
}
