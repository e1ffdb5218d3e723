package cpu

import (
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// squares compiles e^(x²) of n elements, with a product by a fixed matrix
// before it, which stays packed.
func squares(t *testing.T, d *Device, n int) program {
	t.Helper()
	g := graph.New()
	x := g.Input("x", n, 8)
	w := &graph.Variable{Name: "w", Value: tensor.New(8, 8)}
	for i := range 8 {
		w.Value.Data()[9*i] = 1
	}
	y := graph.MatMul(x, g.Variable(w))
	p, err := d.Compile(g, graph.Exp(graph.MatMul(graph.Mul(y, y), g.Variable(w))))
	if err != nil {
		t.Fatal(err)
	}
	return p.(program)
}

// floatsOf is the size of the memory that a device's programs share, and
// sharedFloats how much of it a program needs.
func floatsOf(d *Device) (n int) {
	d.workers.SharedMemory(func(floats []float32) { n = len(floats) })
	return n
}

func sharedFloats(p program) int { return int(p.MemoryBytes()-p.KeptBytes()) / 4 }

func runSquares(t *testing.T, p program, n int) []float32 {
	t.Helper()
	in, out := tensor.Full(float32(n%7)/4, n, 8), tensor.New(n, 8)
	if err := p.Run(engine.Feeds{p.Inputs[0]: in}, []*tensor.Tensor{out}); err != nil {
		t.Error(err)
	}
	return out.Data()
}

// Programs of a device share their memory, whatever the order in which they
// are made, run and closed.
func TestProgramsShareMemory(t *testing.T) {
	d := New(Options{Threads: 2})
	defer d.Close()
	sizes := []int{300, 5000, 20, 1000}
	var programs []program
	var want [][]float32
	most := 0
	for _, n := range sizes {
		p := squares(t, d, n)
		programs = append(programs, p)
		want = append(want, slices.Clone(runSquares(t, p, n)))
		most = max(most, sharedFloats(p))
		if got := floatsOf(d); got != most {
			t.Errorf("%d floats are shared, the largest program needs %d", got, most)
		}
	}
	for _, i := range []int{3, 1, 0, 2, 1} {
		if !slices.Equal(runSquares(t, programs[i], sizes[i]), want[i]) {
			t.Errorf("program %d computes something else beside others", i)
		}
	}
	if err := programs[1].Close(); err != nil {
		t.Fatal(err)
	}
	if got := floatsOf(d); got != sharedFloats(programs[3]) {
		t.Errorf("%d floats are left when the largest program is closed, want %d", got, sharedFloats(programs[3]))
	}
	for _, i := range []int{2, 3, 0} {
		if !slices.Equal(runSquares(t, programs[i], sizes[i]), want[i]) {
			t.Errorf("program %d computes something else when another is closed", i)
		}
		if err := programs[i].Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got := floatsOf(d); got != 0 {
		t.Errorf("%d floats are left of closed programs", got)
	}
}

func TestProgramsOfADeviceAtOnce(t *testing.T) {
	d := New(Options{Threads: 2})
	defer d.Close()
	var wg sync.WaitGroup
	for k := range 4 {
		wg.Go(func() {
			for i := range 20 {
				n := 1 + (37*k+11*i)%200
				p := squares(t, d, n)
				got := runSquares(t, p, n)
				again := runSquares(t, p, n)
				if !slices.Equal(got, again) || got[0] != got[n*8-1] || got[0] < 1 {
					t.Errorf("%d elements: %v, then %v", n, got[0], again[0])
				}
				if err := p.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

// The memory of programs that are dropped without Close is given back, also when
// they have run on several threads, and the device stays usable.
func TestDroppedProgramsGiveMemoryBack(t *testing.T) {
	d := New(Options{Threads: 2})
	defer d.Close()
	for _, n := range []int{1000, 30, 4000} {
		runSquares(t, squares(t, d, n), n)
	}
	if floatsOf(d) == 0 {
		t.Fatal("programs need no memory")
	}
	for range 200 {
		runtime.GC()
		if floatsOf(d) == 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if n := floatsOf(d); n != 0 {
		t.Fatalf("%d floats of dropped programs are left", n)
	}
	p := squares(t, d, 50)
	defer p.Close()
	if got := runSquares(t, p, 50); got[0] == 0 {
		t.Errorf("a program after them computes %v", got[0])
	}
}
