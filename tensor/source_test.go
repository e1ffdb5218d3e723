package tensor

import (
	"errors"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// deferred returns a tensor of zeros whose elements 0, 1, 2, … are elsewhere, and how
// often they were fetched.
func deferred(shape ...int) (*Tensor, *atomic.Int32) {
	t, calls := New(shape...), new(atomic.Int32)
	t.Defer(NewSource(func(into []float32) error {
		calls.Add(1)
		for i := range into {
			into[i] = float32(i)
		}
		return nil
	}))
	return t, calls
}

// Whatever needs elements fetches them, once.
func TestDefer(t *testing.T) {
	six := []float32{0, 1, 2, 3, 4, 5}
	want := Must(FromSlice(six, 2, 3))
	same := func(x *Tensor) bool { return x.Equal(want) }
	for name, use := range map[string]func(x *Tensor) bool{
		"Data":     func(x *Tensor) bool { return x.Data()[5] == 5 },
		"At":       func(x *Tensor) bool { return x.At(1, 2) == 5 },
		"Set":      func(x *Tensor) bool { x.Set(7, 0, 0); return x.data[0] == 7 && x.data[1] == 1 },
		"Clone":    func(x *Tensor) bool { return same(x.Clone()) },
		"CopyFrom": func(x *Tensor) bool { y := New(2, 3); return y.CopyFrom(x) == nil && same(y) },
		"Equal":    same,
		"equalled": func(x *Tensor) bool { return want.Equal(x) },
		"AllClose": func(x *Tensor) bool { return x.AllClose(want, 0, 0) },
		"closed":   func(x *Tensor) bool { return want.AllClose(x, 0, 0) },
		"String":   func(x *Tensor) bool { return x.String() == want.String() },
		"Reshape":  func(x *Tensor) bool { return Must(x.Reshape(6)).data[5] == 5 },
		"Index":    func(x *Tensor) bool { return Must(x.Index(1)).data[2] == 5 },
		"Slice":    func(x *Tensor) bool { return Must(x.Slice(1, 2, 3)).data[1] == 5 },
		"Add":      func(x *Tensor) bool { return x.Add(New(2, 3)).Equal(want) },
		"added":    func(x *Tensor) bool { return New(2, 3).Add(x).Equal(want) },
		"broadcast": func(x *Tensor) bool {
			return x.Add(New(1)).Equal(want)
		},
		"Map":       func(x *Tensor) bool { return same(x.MulScalar(1)) },
		"MatMul":    func(x *Tensor) bool { return x.MatMul(Full(1, 3, 1)).data[1] == 12 },
		"Sum":       func(x *Tensor) bool { return x.Sum().data[0] == 15 },
		"Mean":      func(x *Tensor) bool { return x.Mean(1).data[1] == 4 },
		"Max":       func(x *Tensor) bool { return x.Max().data[0] == 5 },
		"Transpose": func(x *Tensor) bool { return Must(x.Transpose()).data[1] == 3 },
		"Concat":    func(x *Tensor) bool { return same(Must(Concat(0, x))) },
		"Stack":     func(x *Tensor) bool { return Must(Stack(0, x)).data[5] == 5 },
		"WriteNPY": func(x *Tensor) bool {
			var a, b strings.Builder
			return x.WriteNPY(&a) == nil && want.WriteNPY(&b) == nil && a.String() == b.String()
		},
	} {
		x, calls := deferred(2, 3)
		if x.Released() || !x.HasShape(Shape{2, 3}) || x.Size() != 6 || x.Rank() != 2 || calls.Load() != 0 {
			t.Fatalf("a deferred tensor: %v, %d fetched", x.Shape(), calls)
		}
		if !use(x) || calls.Load() != 1 {
			t.Errorf("%s: %v, fetched %d times", name, x.data, calls.Load())
		}
		x.Data()
		if calls.Load() != 1 {
			t.Errorf("%s: fetched again", name)
		}
	}
	x := Scalar(1)
	x.Defer(NewSource(func(into []float32) error { into[0] = 3; return nil }))
	if x.String() != "3.0" {
		t.Errorf("a scalar: %v", x)
	}
	x, calls := deferred(2, 3)
	if err := x.CopyFrom(Full(8, 2, 3)); err != nil || x.At(0, 1) != 8 || calls.Load() != 0 {
		t.Errorf("what is overwritten is fetched: %v, error %v", x, err)
	}
	x, _ = deferred(2)
	x.Release()
	if !x.Released() || x.Fetch() == nil {
		t.Error("a tensor is deferred after Release")
	}
}

// A source may be used again and again: each Defer means one fetch.
func TestDeferAgain(t *testing.T) {
	x, n := New(1), float32(0)
	s := NewSource(func(into []float32) error { n++; into[0] = n; return nil })
	part := Must(x.Index(0))
	for i := range 3 {
		x.Defer(s)
		if part.At() != float32(i) {
			t.Errorf("memory that is shared: %v, want the old %d", part, i)
		}
		if x.At(0) != float32(i+1) || part.At() != float32(i+1) {
			t.Errorf("round %d: %v", i, x)
		}
	}
	if a := testing.AllocsPerRun(10, func() { x.Defer(s); x.Data() }); a > 0 {
		t.Errorf("%v allocations", a)
	}
}

// An error keeps the elements elsewhere, and the next call tries again.
func TestDeferFails(t *testing.T) {
	broken := errors.New("the device is gone")
	fail := true
	x := New(2, 3)
	x.Defer(NewSource(func(into []float32) error {
		if fail {
			return broken
		}
		into[0] = 4
		return nil
	}))
	const want = "tensor: fetch the elements of a tensor of shape 2×3: the device is gone"
	if err := x.Fetch(); !errors.Is(err, broken) || err.Error() != want {
		t.Errorf("error %v", err)
	}
	if err := New(2, 3).CopyFrom(x); !errors.Is(err, broken) {
		t.Errorf("CopyFrom: error %v", err)
	}
	if s := x.String(); !strings.Contains(s, "device is gone") {
		t.Errorf("String: %s", s)
	}
	for name, use := range map[string]func(){"Data": func() { x.Data() }, "Clone": func() { x.Clone() }, "WriteNPY": func() { _ = x.WriteNPY(io.Discard) }} {
		func() {
			defer func() {
				if err, _ := recover().(error); !errors.Is(err, broken) || err.Error() != want {
					t.Errorf("%s panics with %v", name, err)
				}
			}()
			use()
			t.Errorf("%s does not panic", name)
		}()
	}
	fail = false
	if err := x.Fetch(); err != nil || x.At(0, 0) != 4 {
		t.Errorf("afterwards %v, error %v", x, err)
	}
}

// Many goroutines may read.
func TestDeferConcurrently(t *testing.T) {
	for range 50 {
		x, calls := deferred(64)
		var wait sync.WaitGroup
		for range 8 {
			wait.Go(func() {
				for i, v := range x.Data() {
					if v != float32(i) {
						t.Errorf("element %d is %v", i, v)
					}
				}
			})
		}
		wait.Wait()
		if calls.Load() != 1 {
			t.Fatalf("fetched %d times", calls.Load())
		}
	}
}

func BenchmarkData(b *testing.B) {
	x, sum := New(64), float32(0)
	for b.Loop() {
		for i := range 64 {
			sum += x.Data()[i]
		}
	}
	_ = sum
}
