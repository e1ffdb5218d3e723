package constant

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/strideml/stride/onnx/internal/proto"
)

func matrix(v ...int64) *Tensor {
	return &Tensor{Type: proto.Int64, Shape: []int{2, len(v) / 2}, Ints: v}
}

func floats(v ...float64) *Tensor {
	return &Tensor{Type: proto.Float, Shape: []int{len(v)}, Floats: v}
}

func bools(v ...int64) *Tensor { return &Tensor{Type: proto.Bool, Shape: []int{len(v)}, Ints: v} }

func TestResults(t *testing.T) {
	must := func(r *Tensor, err error) *Tensor {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	m := matrix(1, 2, 3, 4, 5, 6)
	for name, c := range map[string]struct {
		got   *Tensor
		shape []int
		ints  []int64
	}{
		"transpose":      {must(Transpose(m, []int{1, 0})), []int{3, 2}, []int64{1, 4, 2, 5, 3, 6}},
		"expand":         {must(Expand(Ints(7, 8), []int{2, 2})), []int{2, 2}, []int64{7, 8, 7, 8}},
		"slice back":     {must(Slice(m, 1, Range{2, 2, -2})), []int{2, 2}, []int64{3, 1, 6, 4}},
		"gather":         {must(Gather(m, 1, Ints(-1, 0))), []int{2, 2}, []int64{3, 1, 6, 4}},
		"gather scalar":  {must(Gather(m, 0, Scalar(1))), []int{3}, []int64{4, 5, 6}},
		"concat":         {must(Concat(1, m, matrix(7, 8))), []int{2, 4}, []int64{1, 2, 3, 7, 4, 5, 6, 8}},
		"tile":           {must(Tile(matrix(1, 2), []int{1, 2})), []int{2, 2}, []int64{1, 1, 2, 2}},
		"add, broadcast": {must(Binary("Add", m, Ints(10))), []int{2, 3}, []int64{11, 12, 13, 14, 15, 16}},
		"div":            {must(Binary("Div", Ints(7, -7), Ints(2))), []int{2}, []int64{3, -3}},
		"mod":            {must(Binary("Mod", Ints(-7, 7), Ints(3, -3))), []int{2}, []int64{2, -2}},
		"fmod":           {must(Binary("FMod", Ints(-7, 7), Ints(3, -3))), []int{2}, []int64{-1, 1}},
		"pow":            {must(Binary("Pow", Ints(3, -2), Ints(4, 3))), []int{2}, []int64{81, -8}},
		"less":           {must(Binary("Less", floats(1, math.NaN()), floats(2, 2))), []int{2}, []int64{1, 0}},
		"xor":            {must(Binary("Xor", bools(0, 1), bools(1, 1))), []int{2}, []int64{1, 0}},
		"not":            {must(Not(bools(0, 1))), []int{2}, []int64{1, 0}},
		"where":          {must(Where(bools(1, 0), Ints(1, 2), Ints(3))), []int{2}, []int64{1, 3}},
		"abs":            {must(Unary("Abs", Ints(-3, 3))), []int{2}, []int64{3, 3}},
		"sign":           {must(Unary("Sign", Ints(-3, 0))), []int{2}, []int64{-1, 0}},
		"cast cuts off":  {must(Cast(floats(-1.9, 2.9), proto.Int64)), []int{2}, []int64{-1, 2}},
		"cast wraps":     {must(Cast(Ints(300, -1), proto.Uint8)), []int{2}, []int64{44, 255}},
		"cast to bool":   {must(Cast(floats(0, math.NaN()), proto.Bool)), []int{2}, []int64{0, 1}},
		"sum":            {must(Reduce("ReduceSum", m, []int{0}, false)), []int{3}, []int64{5, 7, 9}},
		"product, kept":  {must(Reduce("ReduceProd", m, []int{1}, true)), []int{2, 1}, []int64{6, 120}},
		"cumsum":         {must(CumSum(m, 1, false, false)), []int{2, 3}, []int64{1, 3, 6, 4, 9, 15}},
		"cumsum back":    {must(CumSum(m, 0, true, true)), []int{2, 3}, []int64{4, 5, 6, 0, 0, 0}},
		"nonzero":        {NonZero(matrix(0, 2, 3, 0)), []int{2, 2}, []int64{0, 1, 1, 0}},
		"range":          {must(Arange(Scalar(5), Scalar(0), Scalar(-2))), []int{3}, []int64{5, 3, 1}},
		"full":           {must(Full(Scalar(4), []int{2, 0})), []int{2, 0}, []int64{}},
	} {
		if !slices.Equal(c.got.Shape, c.shape) || !slices.Equal(c.got.Ints, c.ints) {
			t.Errorf("%s: %v %v, want %v %v", name, c.got.Shape, c.got.Ints, c.shape, c.ints)
		}
	}
	third := must(Binary("Div", floats(1), floats(3)))
	if want := float64(float32(1) / 3); third.Floats[0] != want {
		t.Errorf("1/3 is %v, want the float32 %v", third.Floats[0], want)
	}
}

func TestSliceRange(t *testing.T) {
	for _, c := range []struct {
		start, end, step int64
		n                int
		want             Range
	}{
		{0, math.MaxInt64, 1, 5, Range{0, 5, 1}},
		{-3, -1, 1, 5, Range{2, 2, 1}},
		{4, 1, 1, 5, Range{4, 0, 1}},
		{0, 5, 2, 5, Range{0, 3, 2}},
		{-1, math.MinInt64, -1, 5, Range{4, 5, -1}},
		{100, 0, -2, 5, Range{4, 2, -2}},
		{0, 5, math.MaxInt64, 5, Range{0, 1, 5}},
		{4, -100, math.MinInt64, 5, Range{4, 1, -5}},
		{0, 3, 1, 0, Range{0, 0, 1}},
	} {
		got, err := SliceRange(c.start, c.end, c.step, c.n)
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
			t.Errorf("%d:%d:%d of %d: %v, %v", c.start, c.end, c.step, c.n, diff, err)
		}
	}
}

func TestErrors(t *testing.T) {
	for name, err := range map[string]error{
		"division":  second(Binary("Div", Ints(1), Ints(0))),
		"shapes":    second(Binary("Add", Ints(1, 2), Ints(1, 2, 3))),
		"types":     second(Binary("Add", Ints(1), floats(1))),
		"index":     second(Gather(Ints(1, 2), 0, Ints(2))),
		"reshape":   second(Reshape(Ints(1, 2), []int{3})),
		"too large": second(Full(Scalar(1), []int{1 << 40, 1 << 40})),
		"cast":      second(Cast(floats(1e30), proto.Int64)),
		"range":     second(Arange(Scalar(0), Scalar(1), Scalar(0))),
		"tile":      second(Tile(Ints(1), []int{-1})),
		"axes":      secondOf(Axes([]int64{0, -2}, 2)),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := second(Arange(Scalar(0), Scalar(1<<40), Scalar(1))); !errors.Is(err, ErrTooLarge) {
		t.Errorf("error %v", err)
	}
}

func second(_ *Tensor, err error) error { return err }

func secondOf(_ []int, err error) error { return err }
