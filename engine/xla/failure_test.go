package xla

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/pjrt"
	"github.com/strideml/stride/tensor"
)

var errFull = &pjrt.Error{Op: "PJRT_LoadedExecutable_Execute", Code: pjrt.ResourceExhausted, Message: "out of memory while trying to allocate 8 bytes"}

// A counter is a variable to which each run of a program adds its input, on a fake
// device.
type counter struct {
	f       *fake
	device  *Device
	v       *graph.Variable
	program engine.Program
	feeds   engine.Feeds
	out     []*tensor.Tensor
}

func newCounter(t *testing.T) *counter {
	f := &fake{}
	c := &counter{f: f, device: newDevice(f), v: &graph.Variable{Name: "total", Value: tensor.Full(1, 2)}}
	c.feeds, c.out = engine.Feeds{}, []*tensor.Tensor{tensor.New(2)}
	c.program = c.compile(t)
	return c
}

// compile compiles the graph once more, for the same variable.
func (c *counter) compile(t *testing.T) engine.Program {
	g := graph.New()
	g.SetPath("features.3")
	x, v := g.Input("x", 2), g.Variable(c.v)
	sum := graph.Add(v, x)
	g.Assign(v, sum)
	c.feeds = engine.Feeds{x: tensor.Full(1, 2)}
	c.f.compute = func(in [][]float32) [][]float32 {
		s := []float32{in[0][0] + in[1][0], in[0][1] + in[1][1]}
		return [][]float32{s, s}
	}
	p, err := c.device.Compile(g, sum)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (c *counter) run() error { return c.program.Run(c.feeds, c.out) }

// is checks what the variable is, as the program and others see it.
func (c *counter) is(t *testing.T, want float32) {
	t.Helper()
	if err := c.v.Value.Fetch(); err != nil || c.v.Value.At(1) != want {
		t.Errorf("the variable is %v, want %v (error %v)", c.v.Value, want, err)
	}
}

func (c *counter) steps(t *testing.T, n int) {
	t.Helper()
	for range n {
		if err := c.run(); err != nil {
			t.Fatal(err)
		}
	}
}

// Errors before an execution has begun change nothing.
func TestErrorAtStart(t *testing.T) {
	for _, eats := range []bool{false, true} {
		c := newCounter(t)
		c.f.start, c.f.eats = errFull, eats
		err := c.run()
		if !errors.Is(err, errFull) {
			t.Fatalf("error %v", err)
		}
		for _, part := range []string{
			"xla: the memory of the device does not suffice: a smaller batch takes less, and so does mixed precision (bf16); the largest values are %",
			"Add 2 (features.3) 0.0 kB", "resource exhausted: out of memory while trying to allocate 8 bytes",
		} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("error %q has no %q", err, part)
			}
		}
		c.is(t, 1)
		c.steps(t, 2)
		c.is(t, 3)
	}
}

// The first run of a program may fail while it runs: nothing is lost.
func TestErrorInFirstRun(t *testing.T) {
	c := newCounter(t)
	c.f.end = errFull
	if err := c.run(); !errors.Is(err, errFull) {
		t.Fatalf("error %v", err)
	}
	c.is(t, 1)
	c.steps(t, 3) // now the values are on the device only
	c.program = c.compile(t)
	c.f.end = errFull
	if err := c.run(); !errors.Is(err, errFull) {
		t.Fatalf("error %v", err)
	}
	c.is(t, 4)
	c.steps(t, 1)
	c.is(t, 5)
	// Nor later, if somebody has read them.
	c.f.end = errFull
	if err := c.run(); !errors.Is(err, errFull) {
		t.Fatalf("error %v", err)
	}
	c.is(t, 5)
	c.steps(t, 1)
	c.is(t, 6)
}

// Later the old value is lost, and everybody is told so until there is a new one.
func TestErrorLosesValue(t *testing.T) {
	c := newCounter(t)
	c.steps(t, 2)
	broken := errors.New("the device fell off the bus")
	c.f.end = broken
	if err := c.run(); !errors.Is(err, broken) {
		t.Fatalf("error %v", err)
	}
	const want = `the value of variable "total" was lost when a run failed: set it again, from a checkpoint for example: xla: the device fell off the bus`
	if err := c.v.Value.Fetch(); !errors.Is(err, broken) || !strings.Contains(err.Error(), want) {
		t.Errorf("Fetch: error %v", err)
	}
	if err := c.run(); !errors.Is(err, broken) || !strings.Contains(err.Error(), want) {
		t.Errorf("Run: error %v", err)
	}
	if err := c.v.Value.CopyFrom(tensor.Full(7, 2)); err != nil {
		t.Fatal(err)
	}
	c.v.Changed()
	c.steps(t, 1)
	c.is(t, 8)
	if err := c.device.Close(); err != nil {
		t.Error(err)
	}
}

// Runs that were started after the one that failed fail with its error, and the value
// is what it was before that one.
func TestErrorOfRunsUnderWay(t *testing.T) {
	for _, known := range []bool{true, false} {
		c := newCounter(t)
		c.steps(t, 2)
		if known {
			c.is(t, 3)
		}
		broken := errors.New("the device fell off the bus")
		c.f.end = broken
		var waits []func() error
		for range 3 {
			wait, err := c.program.(engine.Starter).Start(c.feeds, c.out)
			if err != nil {
				t.Fatal(err)
			}
			waits = append(waits, wait)
		}
		if err := c.v.Value.Fetch(); !errors.Is(err, broken) {
			t.Errorf("a value to come: error %v", err)
		}
		for _, wait := range waits {
			if err := wait(); !errors.Is(err, broken) {
				t.Errorf("error %v", err)
			}
		}
		if known {
			c.is(t, 3)
			c.steps(t, 1)
			c.is(t, 4)
		} else if err := c.v.Value.Fetch(); !errors.Is(err, broken) {
			t.Errorf("a value that is lost: error %v", err)
		}
	}
}

// Memory of models that nobody uses is freed before a lack of memory is an error.
func TestMemoryOfDroppedModels(t *testing.T) {
	c := newCounter(t)
	c.steps(t, 2)
	if c.f.live != 1 {
		t.Errorf("%d arrays", c.f.live)
	}
	func() {
		other := &counter{f: c.f, device: c.device, v: &graph.Variable{Name: "other", Value: tensor.New(2)}, out: c.out}
		other.program = other.compile(t)
		other.steps(t, 2)
		other.is(t, 2)
		other.program.Close()
	}()
	if c.f.live != 2 {
		t.Errorf("%d arrays", c.f.live)
	}
	c.program = c.compile(t)
	c.f.full = 1
	c.steps(t, 1)
	for range 100 {
		c.f.mu.Lock()
		live := c.f.live
		c.f.mu.Unlock()
		if live == 1 {
			return
		}
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%d arrays after a model was dropped", c.f.live)
}

// Close brings the values to the host.
func TestCloseFetches(t *testing.T) {
	c := newCounter(t)
	c.steps(t, 3)
	if err := c.device.Close(); err != nil {
		t.Fatal(err)
	}
	c.is(t, 4)
	if c.f.live != 0 {
		t.Errorf("%d arrays after Close", c.f.live)
	}
	if err := c.run(); err == nil || err.Error() != "xla: the device is closed" {
		t.Errorf("error %v", err)
	}
	if err := c.device.Close(); err != nil {
		t.Error(err)
	}
	c = newCounter(t)
	c.program.Close()
	if err := c.run(); err == nil || err.Error() != "xla: the program is closed" {
		t.Errorf("error %v", err)
	}
}

// A step moves its inputs and outputs.
func TestTraffic(t *testing.T) {
	c := newCounter(t)
	if c.device.Traffic() != (Traffic{}) {
		t.Errorf("%+v", c.device.Traffic())
	}
	c.steps(t, 1)
	if c.device.Traffic() != (Traffic{16, 8}) { // the variable, too
		t.Errorf("%+v", c.device.Traffic())
	}
	c.steps(t, 4)
	if c.device.Traffic() != (Traffic{48, 40}) {
		t.Errorf("%+v", c.device.Traffic())
	}
	c.is(t, 6)
	c.is(t, 6)
	if c.device.Traffic() != (Traffic{48, 48}) {
		t.Errorf("%+v", c.device.Traffic())
	}
	c.v.Value.Set(10, 1)
	c.v.Changed()
	c.steps(t, 1)
	c.is(t, 11)
	if c.device.Traffic() != (Traffic{64, 64}) {
		t.Errorf("%+v", c.device.Traffic())
	}
	// Another tensor becomes the value; the old one keeps what it was.
	old := c.v.Value
	c.steps(t, 1)
	c.v.Value = tensor.Full(20, 2)
	c.v.Changed()
	c.steps(t, 1)
	c.is(t, 21)
	if old.At(1) != 12 {
		t.Errorf("the tensor that was the value is %v", old)
	}
}

// Constants with the same contents are one.
func TestConstants(t *testing.T) {
	f := &fake{compute: func(in [][]float32) [][]float32 { return [][]float32{in[0]} }}
	d := newDevice(f)
	var programs []engine.Program
	for i, first := range []float32{1, 1, 2} {
		x := tensor.Arange(0, 2000, 1)
		x.Data()[0] = first
		g := graph.New()
		p, err := d.Compile(g, g.Constant(x))
		if err != nil {
			t.Fatal(err)
		}
		programs = append(programs, p)
		out := tensor.New(2000)
		if err := p.Run(nil, []*tensor.Tensor{out}); err != nil || !out.Equal(x) {
			t.Errorf("program %d: error %v", i, err)
		}
	}
	if f.puts != 2 {
		t.Errorf("%d constants were copied to the device, want 2", f.puts)
	}
	for _, p := range programs {
		p.Close()
		p.Close()
	}
	if f.live != 0 {
		t.Errorf("%d arrays are left", f.live)
	}
}

// Slow compilation is told.
func TestLog(t *testing.T) {
	defer func(a, b time.Duration) { firstLine, nextLine = a, b }(firstLine, nextLine)
	firstLine, nextLine = 5*time.Millisecond, time.Hour
	lines := make(chan string, 10)
	d := newDevice(&fake{})
	d.log = func(line string) { lines <- line }
	stop := d.tell(12)
	if line := <-lines; line != "xla: compiling a graph of 12 nodes … 0s" {
		t.Errorf("%q", line)
	}
	stop(nil)
	if line := <-lines; line != "xla: compiled in 0s" {
		t.Errorf("%q", line)
	}
	firstLine = time.Hour
	d.tell(12)(nil)
	if len(lines) > 0 {
		t.Errorf("%q", <-lines)
	}
}
