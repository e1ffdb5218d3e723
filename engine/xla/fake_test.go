package xla

import (
	"errors"
	"slices"
	"sync"

	"github.com/strideml/stride/engine/xla/internal/lower"
)

// A fake is a backend without a plugin. Its programs do what compute does.
type fake struct {
	compute func(arguments [][]float32) (results [][]float32)

	mu    sync.Mutex
	live  int // arrays that are not closed
	puts  int
	runs  int
	full  int   // so many puts fail for lack of memory
	start error // of the next execution, which does not begin
	eats  bool  // it takes the donated arrays nevertheless
	end   error // of the next execution, which has begun
}

type fakeArray struct {
	f      *fake
	data   []float32
	err    error // of the execution that should have made it
	gone   bool  // donated
	closed bool
}

func (f *fake) array(data []float32, err error) *fakeArray {
	f.live++
	return &fakeArray{f: f, data: data, err: err}
}

func (f *fake) put(data []float32, _ []int, _ bool) (array, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.full > 0 {
		f.full--
		return nil, errFull
	}
	f.puts++
	return f.array(slices.Clone(data), nil), nil
}

func (a *fakeArray) get(into []float32) (event, error) {
	a.f.mu.Lock()
	defer a.f.mu.Unlock()
	if a.gone || a.closed {
		return nil, errors.New("a deleted array is read")
	}
	if a.err == nil {
		copy(into, a.data)
	}
	return failed{a.err}, nil
}

func (a *fakeArray) deleted() bool { return a.gone }

func (a *fakeArray) close() {
	a.f.mu.Lock()
	defer a.f.mu.Unlock()
	if !a.closed {
		a.closed = true
		a.f.live--
	}
}

func (f *fake) compile(m *lower.Module) (executable, error) { return &fakeExecutable{f, m}, nil }

func (f *fake) close() {}

type fakeExecutable struct {
	f *fake
	m *lower.Module
}

func (e *fakeExecutable) execute(arguments []array) (results []array, done event, err error) {
	f := e.f
	f.mu.Lock()
	defer f.mu.Unlock()
	var in [][]float32
	err, f.start = f.start, nil
	end := f.end
	f.end = nil
	for i, a := range arguments {
		x := a.(*fakeArray)
		if x.gone || x.closed {
			return nil, nil, errors.New("a deleted array is an argument")
		}
		if err != nil && f.eats || err == nil {
			x.gone = e.m.Arguments[i].Result >= 0
		}
		if x.err != nil {
			end = x.err
		}
		in = append(in, x.data)
	}
	if err != nil {
		return nil, nil, err
	}
	f.runs++
	for _, r := range f.compute(in) {
		results = append(results, f.array(r, end))
	}
	return results, failed{end}, nil
}

func (e *fakeExecutable) temporary() (int64, bool) { return 1 << 20, true }

func (e *fakeExecutable) close() {}
