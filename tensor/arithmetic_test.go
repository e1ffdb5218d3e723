package tensor

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestArithmetic(t *testing.T) {
	x, y := vec(6, -8, 0), vec(2, 4, -1)
	tests := []struct {
		name      string
		got, want *Tensor
	}{
		{"add", x.Add(y), vec(8, -4, -1)},
		{"sub", x.Sub(y), vec(4, -12, 1)},
		{"mul", x.Mul(y), vec(12, -32, 0)},
		{"div", x.Div(y), vec(3, -2, 0)},
		{"div by zero", vec(2, -3).Div(New(2)), vec(inf(1), inf(-1))},
		{"add scalar", x.AddScalar(0.5), vec(6.5, -7.5, 0.5)},
		{"mul scalar", x.MulScalar(-2), vec(-12, 16, 0)},
		{"scalar on the left", Scalar(1).Sub(x), vec(-5, 9, 1)},
		{"abs", x.Abs(), vec(6, 8, 0)},
		{"sqrt", vec(9, 2).Sqrt(), vec(3, math.Sqrt2)},
		{"map", x.Map(func(v float32) float32 { return v * v }), vec(36, 64, 0)},
		{"matmul", seq(2, 3).MatMul(seq(3, 2)), Must(FromSlice([]float32{10, 13, 28, 40}, 2, 2))},
		{"matmul without inner elements", New(2, 0).MatMul(New(0, 1)), New(2, 1)},
	}
	for _, test := range tests {
		if !test.got.Equal(test.want) {
			t.Errorf("%s: got %v, want %v", test.name, test.got, test.want)
		}
	}
	if !x.Equal(vec(6, -8, 0)) || !y.Equal(vec(2, 4, -1)) {
		t.Errorf("arguments were changed: %v, %v", x, y)
	}
	if v := vec(-1).Sqrt().At(0); !math.IsNaN(float64(v)) {
		t.Errorf("√−1 is %v", v)
	}
	checkPanic(t, "tensor: matmul: 2×3 and 2×3: want M×K and K×N", func() { seq(2, 3).MatMul(seq(2, 3)) })
	checkPanic(t, "tensor: matmul: 3 and 3×1", func() { seq(3).MatMul(seq(3, 1)) })
}

// The rule of NumPy's documentation, with its examples and their like.
func TestBroadcastShapes(t *testing.T) {
	tests := []struct{ a, b, want Shape }{
		{Shape{256, 256, 3}, Shape{3}, Shape{256, 256, 3}},
		{Shape{8, 1, 6, 1}, Shape{7, 1, 5}, Shape{8, 7, 6, 5}},
		{Shape{5, 4}, Shape{1}, Shape{5, 4}},
		{Shape{15, 3, 5}, Shape{15, 1, 5}, Shape{15, 3, 5}},
		{Shape{4, 1}, Shape{3}, Shape{4, 3}},
		{Shape{}, Shape{2, 3}, Shape{2, 3}},
		{Shape{1, 1}, Shape{}, Shape{1, 1}},
		{Shape{0}, Shape{1}, Shape{0}},
		{Shape{2, 0, 3}, Shape{3}, Shape{2, 0, 3}},
	}
	for _, test := range tests {
		for range 2 {
			if got := New(test.a...).Add(New(test.b...)); !got.HasShape(test.want) {
				t.Errorf("%v with %v: shape %v, want %v", test.a, test.b, got.Shape(), test.want)
			}
			test.a, test.b = test.b, test.a
		}
	}
	checkPanic(t, "tensor: mul: shapes 2×3×4 and 2×4 do not broadcast: counted from the last axis, lengths must be equal or one of them 1, and axis −2 has 3 and 2",
		func() { New(2, 3, 4).Mul(New(2, 4)) })
	checkPanic(t, "axis −1 has 0 and 2", func() { New(0).Add(New(2)) })
}

// Each element of a broadcast result is that of the definition.
func TestBroadcastElements(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := rapid.SliceOfN(rapid.IntRange(1, 4), 0, 4).Draw(t, "shape")
		shrunk := func(name string) *Tensor {
			s := slices.Clone(shape)
			for i := range s {
				if rapid.Bool().Draw(t, name) {
					s[i] = 1
				}
			}
			return Randn(Seed(rapid.Uint64().Draw(t, "seed")), s[rapid.IntRange(0, len(s)).Draw(t, "cut"):]...)
		}
		a, b := shrunk("a"), shrunk("b")
		got := a.Sub(b)
		index := make([]int, got.Rank())
		at := func(x *Tensor) float32 {
			i := slices.Clone(index[len(index)-x.Rank():])
			for axis, d := range x.Shape() {
				i[axis] %= d
			}
			return x.At(i...)
		}
		for range got.Size() {
			if want := at(a) - at(b); got.At(index...) != want {
				t.Fatalf("%v − %v: element %v is %v, want %v", a.Shape(), b.Shape(), index, got.At(index...), want)
			}
			next(index, got.Shape())
		}
	})
}

// next advances an index in row-major order.
func next(index []int, s Shape) {
	for axis := len(s) - 1; axis >= 0; axis-- {
		if index[axis]++; index[axis] < s[axis] {
			return
		}
		index[axis] = 0
	}
}

func TestReduce(t *testing.T) {
	x := seq(2, 3, 4)
	tests := []struct {
		name      string
		got, want *Tensor
	}{
		{"sum", x.Sum(), Scalar(276)},
		{"sum 0", x.Sum(0), Must(FromSlice([]float32{12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34}, 3, 4))},
		{"sum 2", x.Sum(2), Must(FromSlice([]float32{6, 22, 38, 54, 70, 86}, 2, 3))},
		{"sum 2, 0", x.Sum(2, 0), vec(60, 92, 124)},
		{"sum keep", x.SumKeep(0, 2), Must(FromSlice([]float32{60, 92, 124}, 1, 3, 1))},
		{"sum keep all", x.SumKeep(), Full(276, 1, 1, 1)},
		{"mean", x.Mean(), Scalar(11.5)},
		{"mean 1", x.Mean(1), Must(FromSlice([]float32{4, 5, 6, 7, 16, 17, 18, 19}, 2, 4))},
		{"mean keep", x.MeanKeep(1, 2), Must(FromSlice([]float32{5.5, 17.5}, 2, 1, 1))},
		{"max", x.MulScalar(-1).Max(), Scalar(0)},
		{"max 1", x.Max(1), Must(FromSlice([]float32{8, 9, 10, 11, 20, 21, 22, 23}, 2, 4))},
		{"max keep", x.MaxKeep(0, 1), Must(FromSlice([]float32{20, 21, 22, 23}, 1, 1, 4))},
		{"of a scalar", Scalar(3).Mean(), Scalar(3)},
		{"sum of nothing", New(0, 2).Sum(0), New(2)},
		{"no sums", New(0, 2).Sum(1), New(0)},
		{"float64 inside", vec(1<<24, 1, 1).Sum(), Scalar(1<<24 + 2)},
		{"mean beyond float32", vec(math.MaxFloat32, math.MaxFloat32).Mean(), Scalar(math.MaxFloat32)},
	}
	for _, test := range tests {
		if !test.got.Equal(test.want) {
			t.Errorf("%s: got %v of shape %v, want %v of shape %v", test.name, test.got, test.got.Shape(), test.want, test.want.Shape())
		}
	}
	for name, v := range map[string]*Tensor{"max with NaN": vec(1, nan(), 2).Max(), "mean of nothing": New(0).Mean()} {
		if !math.IsNaN(float64(v.At())) {
			t.Errorf("%s is %v", name, v)
		}
	}
	checkPanic(t, "tensor: max of shape 0×2, which has no elements", func() { New(0, 2).Max(1) })
	checkPanic(t, "tensor: sum: axis 3 of shape 2×3×4, which has rank 3", func() { x.Sum(3) })
	checkPanic(t, "tensor: mean: axis -1 of shape", func() { x.Mean(-1) })
	checkPanic(t, "tensor: max: axis 1 is given twice in [1 0 1]", func() { x.Max(1, 0, 1) })
}

// Parts of a tensor that Slice cuts off are joined again.
func TestConcatUndoesSlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := seq(rapid.SliceOfN(rapid.IntRange(0, 4), 1, 4).Draw(t, "shape")...)
		axis := rapid.IntRange(0, x.Rank()-1).Draw(t, "axis")
		length := x.Shape()[axis]
		a := rapid.IntRange(0, length).Draw(t, "a")
		b := rapid.IntRange(a, length).Draw(t, "b")
		var parts []*Tensor
		for _, cut := range [][2]int{{0, a}, {a, b}, {b, length}} {
			parts = append(parts, Must(x.Slice(axis, cut[0], cut[1])))
		}
		if got := Must(Concat(axis, parts...)); !got.Equal(x) {
			t.Fatalf("cut at %d and %d along axis %d of %v: got %v", a, b, axis, x.Shape(), got)
		}
	})
}

func TestStack(t *testing.T) {
	x := seq(3, 2)
	y := x.AddScalar(10)
	for axis, want := range []*Tensor{
		Must(FromSlice([]float32{0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15}, 2, 3, 2)),
		Must(FromSlice([]float32{0, 1, 10, 11, 2, 3, 12, 13, 4, 5, 14, 15}, 3, 2, 2)),
		Must(FromSlice([]float32{0, 10, 1, 11, 2, 12, 3, 13, 4, 14, 5, 15}, 3, 2, 2)),
	} {
		got := Must(Stack(axis, x, y))
		if !got.Equal(want) {
			t.Errorf("axis %d: got %v, want %v", axis, got, want)
		}
		if got.Set(99, 0, 0, 0); x.At(0, 0) != 0 {
			t.Fatal("the result shares memory with its parts")
		}
	}
	if got := Must(Stack(0, Scalar(1), Scalar(2))); !got.Equal(vec(1, 2)) {
		t.Errorf("scalars: got %v", got)
	}
}

func TestJoinErrors(t *testing.T) {
	huge := &Tensor{shape: Shape{0, 1 << 62}}
	for want, f := range map[string]func() (*Tensor, error){
		"tensor: concat: no tensors":                                                         func() (*Tensor, error) { return Concat(0) },
		"tensor: concat: axis 2 of shape 2×3, which has rank 2":                              func() (*Tensor, error) { return Concat(2, New(2, 3)) },
		"concat: tensor 1 is 3×3, the first 2×3: only the lengths of axis 1 may differ":      func() (*Tensor, error) { return Concat(1, New(2, 3), New(3, 3)) },
		"concat: tensor 1 is 2, the first 2×3: only":                                         func() (*Tensor, error) { return Concat(0, New(2, 3), New(2)) },
		"concat: shape 0×-9223372036854775808: axis 1 has negative":                          func() (*Tensor, error) { return Concat(1, huge, huge) },
		"tensor: stack: no tensors":                                                          func() (*Tensor, error) { return Stack(0) },
		"tensor: stack: new axis 3 of tensors of shape 2×3, want 0 to 2":                     func() (*Tensor, error) { return Stack(3, New(2, 3)) },
		"tensor: stack: tensor 2 is 3×2, the first 2×3: all shapes must be equal":            func() (*Tensor, error) { return Stack(0, New(2, 3), New(2, 3), New(3, 2)) },
		"tensor: stack: shape 2×0×4611686018427387904: too many elements":                    func() (*Tensor, error) { return Stack(0, huge, huge) },
		"tensor: stack: new axis -1 of tensors of shape scalar, want 0 to 0":                 func() (*Tensor, error) { return Stack(-1, Scalar(0)) },
		"tensor: concat: axis 0 of shape scalar, which has rank 0":                           func() (*Tensor, error) { return Concat(0, Scalar(0)) },
		fmt.Sprintf("concat: tensor 1 is %v, the first 1: only the lengths", Shape{1, 1, 1}): func() (*Tensor, error) { return Concat(0, New(1), New(1, 1, 1)) },
	} {
		_, err := f()
		checkErr(t, err, want)
	}
}

func TestRandom(t *testing.T) {
	r := Seed(3)
	u, n := Rand(r, 100, 100), Randn(r, 100, 100)
	if low, high := -u.MulScalar(-1).Max().At(), u.Max().At(); low < 0 || low > 0.01 || high >= 1 || high < 0.99 {
		t.Errorf("Rand: from %v to %v", low, high)
	}
	// Five standard deviations of the estimates.
	if m := u.Mean().At(); math.Abs(float64(m)-0.5) > 5*0.00289 {
		t.Errorf("Rand: mean %v", m)
	}
	m, square := n.Mean().At(), n.Mul(n).Mean().At()
	if math.Abs(float64(m)) > 0.05 || math.Abs(float64(square)-1) > 0.0708 {
		t.Errorf("Randn: mean %v, mean square %v", m, square)
	}
	again := Seed(3)
	if !Rand(again, 100, 100).Equal(u) || !Randn(again, 100, 100).Equal(n) {
		t.Error("the same seed gives other numbers")
	}
	if Rand(again, 100, 100).Equal(u) || Rand(Seed(4), 100, 100).Equal(u) {
		t.Error("other draws give the same numbers")
	}
	// Pinned: readers of the book see the same numbers on any machine.
	if got, want := Rand(Seed(0), 3), vec(0.35738143, 0.6345279, 0.6651211); !got.Equal(want) {
		t.Errorf("Rand(Seed(0), 3) is %v, want %v", got.Data(), want.Data())
	}
}
