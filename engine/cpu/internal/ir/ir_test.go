package ir

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/tensor"
)

func TestMemoryOfValues(t *testing.T) {
	root := &Value{Shape: tensor.Shape{2, 7, 3, 4}, Layout: NHWC}
	part := &Value{Shape: tensor.Shape{2, 3, 3, 4}, Layout: NHWC, Base: root, Offset: 2, Pitch: 7}
	inner := &Value{Shape: tensor.Shape{2, 1, 3, 4}, Layout: NHWC, Base: part, Offset: 1, Pitch: 7}
	row := &Value{Shape: tensor.Shape{2, 7, 3, 4}, Layout: Plain}
	matrix := &Value{Shape: tensor.Shape{5, 6}, Layout: Plain}
	for _, c := range []struct {
		v                *Value
		offset, row, end int // row: the distance from row to row, of pixels in NHWC
		dense            bool
		strides          []int
	}{
		{root, 0, 7, 168, true, []int{84, 1, 28, 7}},
		{part, 2, 7, 23*7 + 3, false, []int{84, 1, 28, 7}},
		{inner, 3, 7, 23*7 + 1, false, []int{84, 1, 28, 7}},
		{row, 0, 7, 168, true, []int{84, 12, 4, 1}},
		{matrix, 0, 6, 30, true, []int{6, 1}},
	} {
		_, offset := c.v.Root()
		if offset != c.offset || c.v.RowPitch() != c.row || c.v.Extent() != c.end || c.v.Dense() != c.dense || !slices.Equal(c.v.Strides(), c.strides) {
			t.Errorf("%v: offset %d, rows %d apart, %d floats, dense %v, strides %v", c.v, offset, c.v.RowPitch(), c.v.Extent(), c.v.Dense(), c.v.Strides())
		}
	}
	if r, _ := inner.Root(); r != root {
		t.Errorf("%v is a part of %v", inner, r)
	}
}

func TestHas(t *testing.T) {
	base := &Value{Shape: tensor.Shape{2, 9, 1, 1}, Layout: NHWC}
	for _, c := range []struct {
		v           Value
		plain, nhwc bool
	}{
		{Value{Shape: tensor.Shape{2, 3, 4, 5}, Layout: Plain}, true, false},
		{Value{Shape: tensor.Shape{2, 3, 4, 5}, Layout: NHWC}, false, true},
		{Value{Shape: tensor.Shape{2, 3, 4, 5}}, false, false},
		{Value{Shape: tensor.Shape{2, 3, 1, 1}, Layout: NHWC}, true, true},
		{Value{Shape: tensor.Shape{2, 1, 4, 5}, Layout: Plain}, true, true},
		{Value{Shape: tensor.Shape{2, 1, 4, 5}}, false, false},
		{Value{Shape: tensor.Shape{2, 3, 1, 1}, Layout: NHWC, Base: base, Pitch: 9}, false, true},
	} {
		if c.v.Has(Plain) != c.plain || c.v.Has(NHWC) != c.nhwc {
			t.Errorf("%v: plain %v, NHWC %v", &c.v, c.v.Has(Plain), c.v.Has(NHWC))
		}
	}
}

func TestReady(t *testing.T) {
	f := newForm()
	f.Number()
	part := f.add(View{Start: 1}, NHWC, f.a.Shape, f.joined)
	for _, c := range []struct {
		v    *Value
		want int
	}{{f.x, -1}, {f.image, 0}, {f.a, 1}, {f.joined, 2}, {part, 2}, {f.y, 4}} {
		if got := Ready(c.v); got != c.want {
			t.Errorf("%v is complete after operation %d, want %d", c.v, got, c.want)
		}
	}
}

func TestUses(t *testing.T) {
	f := newForm()
	f.y.Def.Epilogue.Mask = f.a
	u := f.Uses()
	if got := u.Of(f.a); !slices.Equal(got, []*Op{f.joined.Def, f.y.Def}) {
		t.Errorf("%d operations read a, want a concatenation and an epilogue", len(got))
	}
	if u.Only(f.a, f.joined.Def) || u.Sole(f.a) != nil {
		t.Error("a has one reader")
	}
	if !u.Only(f.b, f.joined.Def) || u.Sole(f.b) != f.joined.Def || u.Only(f.b, f.y.Def) {
		t.Error("b has another reader than the concatenation")
	}
	for v, pinned := range map[*Value]bool{f.out: true, f.new: true, f.y: false, f.w: false} {
		if u.Pinned(v) != pinned {
			t.Errorf("%v is pinned: %v", v, !pinned)
		}
	}
	if u.Sole(f.out) != nil || u.Sole(f.new) != nil {
		t.Error("what must exist at the end has a sole reader")
	}
	if !f.y.Def.ReadsLate(f.a) || f.y.Def.ReadsLate(f.joined) {
		t.Error("an epilogue reads its mask and nothing else")
	}
}

func TestWrite(t *testing.T) {
	f := newForm()
	f.inPlace()
	f.y.Def.Epilogue.Clip, f.y.Def.Epilogue.Mask = gemm.ClipReLU6, f.joined
	s := f.NewOp(RowSums{Of: SumMoments}, f.node, tensor.Shape{14}, f.y)
	f.y.Def.Epilogue.Sums, f.y.Def.Outs = []*Op{s}, append(f.y.Def.Outs, s.Out())
	var b strings.Builder
	if err := Write(&b, f.Func); err != nil {
		t.Fatal(err)
	}
	const want = `v0 2×4×2×3 = input x
v1 2×7×2×3 = variable w
v2 2×4×2×3 NHWC = Copy(v0)
v3 2×3×2×3 NHWC in v5+0/7 = MaxPool2D(v2)
v4 2×4×2×3 NHWC in v5+3/7 = MaxPool2D(v2)
v9 2×3×2×3 NHWC in v5+0/7 = (v3)
v5 2×7×2×3 NHWC = Join(v9, v4)
v6 2×7×2×3 NHWC, v10 14 = MaxPool2D(v5), then ReLU6, then masked by v5, then sums of moments → v10
v7 2×7×2×3 = Copy(v6)
v8 2×7×2×3 = (v1, v7)
output 0 = v7
w ← v8 (in place)
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
	failed := errors.New("disk is full")
	if err := Write(failingWriter{failed}, f.Func); !errors.Is(err, failed) {
		t.Errorf("error %v, want %v", err, failed)
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }
