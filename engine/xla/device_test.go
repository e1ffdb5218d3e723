package xla

import (
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/pjrt"
	"github.com/strideml/stride/pjrt/compilecache"
	"github.com/strideml/stride/tensor"
)

const (
	batch    = 8
	features = 40
	classes  = 30
)

// A model is a network of one layer, with momentum.
type model struct{ weight, velocity *graph.Variable }

func newModel() model {
	return model{
		&graph.Variable{Name: "weight", Value: normal(1, classes, features), Trainable: true},
		&graph.Variable{Name: "velocity", Value: tensor.New(classes, features)},
	}
}

// A job is a program with what it is run with.
type job struct {
	program engine.Program
	images  *tensor.Tensor
	feeds   engine.Feeds
	out     *tensor.Tensor
	outputs []*tensor.Tensor
}

func newJob(t testing.TB, device engine.Device, out *graph.Node) *job {
	t.Helper()
	j := &job{feeds: engine.Feeds{}, out: tensor.New(out.Shape()...)}
	j.outputs = []*tensor.Tensor{j.out}
	for i, n := range out.Graph().Inputs() {
		j.feeds[n] = normal(uint64(2+i), n.Shape()...)
		if i == 0 {
			j.images = j.feeds[n]
		}
	}
	var err error
	if j.program, err = device.Compile(out.Graph(), out); err != nil {
		t.Fatal(err)
	}
	return j
}

func (j *job) run(t testing.TB) {
	t.Helper()
	if err := j.program.Run(j.feeds, j.outputs); err != nil {
		t.Fatal(err)
	}
}

// training compiles the training step, which returns the loss.
func (m model) training(t testing.TB, device engine.Device) *job {
	g := graph.New()
	w, v := g.Variable(m.weight), g.Variable(m.velocity)
	d := graph.Sub(graph.Linear(g.Input("images", batch, features), w, nil), g.Input("targets", batch, classes))
	loss := graph.Mean(graph.Mul(d, d))
	next := graph.Add(graph.Mul(v, g.Scalar(0.9)), graph.Gradients(loss, w)[0])
	g.Assign(v, next)
	g.Assign(w, graph.Sub(w, graph.Mul(next, g.Scalar(0.1))))
	return newJob(t, device, loss)
}

// inference compiles the network, which returns the scores.
func (m model) inference(t testing.TB, device engine.Device) *job {
	g := graph.New()
	return newJob(t, device, graph.Linear(g.Input("images", batch, features), g.Variable(m.weight), nil))
}

func normal(seed uint64, shape ...int) *tensor.Tensor {
	x := tensor.New(shape...)
	rng.Normal(rng.New(seed, "xla test"), x.Data(), 0, 1)
	return x
}

// near compares with what the cpu engine has.
func near(t *testing.T, what string, got, want *tensor.Tensor) {
	t.Helper()
	if !got.AllClose(want, 1e-4, 1e-5) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// same compares the variables of two models.
func (m model) same(t *testing.T, want model) {
	t.Helper()
	near(t, "weight", m.weight.Value, want.weight.Value)
	near(t, "velocity", m.velocity.Value, want.velocity.Value)
}

// Training moves the batch to the device and the loss back, and evaluating beside it moves
// nothing else, either.
func TestStepMovesBatchAndLoss(t *testing.T) {
	d := newTestDevice(t, Options{})
	m, want := newModel(), newModel()
	train, eval := m.training(t, d), m.inference(t, d)
	wantTrain, wantEval := want.training(t, cpu.Default()), want.inference(t, cpu.Default())
	train.run(t)
	eval.run(t)
	before := d.Traffic()
	const steps = 5
	for range steps {
		train.run(t)
		eval.run(t)
	}
	got := d.Traffic()
	got.ToDevices -= before.ToDevices
	got.FromDevices -= before.FromDevices
	if want := (Traffic{steps * 4 * batch * (features + classes + features), steps * 4 * (1 + batch*classes)}); got != want {
		t.Errorf("%d steps moved %+v, want %+v", steps, got, want)
	}
	for range steps + 1 {
		wantTrain.run(t)
	}
	wantEval.run(t)
	near(t, "loss", train.out, wantTrain.out)
	near(t, "scores", eval.out, wantEval.out)
	m.same(t, want)
}

// Engines take turns with one model.
func TestEnginesTakeTurns(t *testing.T) {
	m, want := newModel(), newModel()
	jobs := []*job{m.training(t, newTestDevice(t, Options{})), m.training(t, cpu.Default()), m.training(t, newTestDevice(t, Options{}))}
	wanted := want.training(t, cpu.Default())
	for i := range 9 {
		jobs[i%3].run(t)
		wanted.run(t)
		near(t, "loss", jobs[i%3].out, wanted.out)
		if i == 4 { // somebody changes a weight
			for _, v := range []*graph.Variable{m.weight, want.weight} {
				v.Value.Set(3, 1, 1)
				v.Changed()
			}
		}
	}
	m.same(t, want)
}

// Runs are started ahead: inputs may be used again at once, and outputs are those of
// each run.
func TestStart(t *testing.T) {
	m, want := newModel(), newModel()
	train, wanted := m.training(t, newTestDevice(t, Options{})), want.training(t, cpu.Default())
	const runs = 20
	var waits [runs]func() error
	var losses [runs]*tensor.Tensor
	for i := range runs {
		rng.Normal(rng.New(uint64(i), "batch"), train.images.Data(), 0, 1)
		losses[i] = tensor.New()
		var err error
		if waits[i], err = train.program.(engine.Starter).Start(train.feeds, losses[i:i+1]); err != nil {
			t.Fatal(err)
		}
		clear(train.images.Data())
	}
	after := m.weight.Value.Clone() // waits for the last run
	for i := range runs {
		if err := waits[i](); err != nil {
			t.Fatal(err)
		}
		rng.Normal(rng.New(uint64(i), "batch"), wanted.images.Data(), 0, 1)
		wanted.run(t)
		near(t, "loss", losses[i], wanted.out)
	}
	near(t, "weight", after, want.weight.Value)
}

// Inputs may be changed when Start has returned, however large they are and however long the devices are
// busy with runs before.
func TestInputsAreFree(t *testing.T) {
	for _, devices := range []int{1, 2} {
		d := newTestDevice(t, Options{Count: devices})
		g := graph.New()
		const n = 1 << 22
		x := g.Input("x", 2, n/2)
		p, err := d.Compile(g, graph.Sum(x))
		if err != nil {
			t.Fatal(err)
		}
		in := tensor.New(2, n/2)
		fill := func(v float32) {
			for i := range in.Data() {
				in.Data()[i] = v
			}
		}
		const runs = 8
		var waits [runs]func() error
		var sums [runs]*tensor.Tensor
		for i := range runs {
			fill(float32(i + 1))
			sums[i] = tensor.New()
			if waits[i], err = p.(engine.Starter).Start(engine.Feeds{x: in}, sums[i:i+1]); err != nil {
				t.Fatal(err)
			}
		}
		fill(-1)
		for i := range runs {
			if err := waits[i](); err != nil {
				t.Fatal(err)
			}
			if got, want := sums[i].At(), float32(n*(i+1)); got != want {
				t.Errorf("%d devices, run %d: the sum is %v, want %v", devices, i, got, want)
			}
		}
	}
}

// Programs compile and run at the same time.
func TestConcurrency(t *testing.T) {
	d := newTestDevice(t, Options{})
	want := newModel()
	wanted := want.training(t, cpu.Default())
	for range 5 {
		wanted.run(t)
	}
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			m := newModel()
			train := m.training(t, d)
			for range 5 {
				train.run(t)
				runtime.GC()
			}
			m.same(t, want)
			train.program.Close()
		})
	}
	wait.Wait()
}

// A step allocates little: some objects for each argument and result.
func TestFewAllocations(t *testing.T) {
	train := newModel().training(t, newTestDevice(t, Options{}))
	train.run(t)
	if n := testing.AllocsPerRun(20, func() { train.run(t) }); n > 150 {
		t.Errorf("%v allocations a step", n)
	}
}

func TestNewErrors(t *testing.T) {
	for _, name := range []string{"STRIDE_PJRT", "PJRT_NAMES_AND_LIBRARY_PATHS", "TPU_LIBRARY_PATH", "VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PATH", "HOME"} {
		t.Setenv(name, "")
	}
	for want, o := range map[string]Options{
		"no PJRT plugin": {},
		"no such file":   {Plugin: "missing.so"},
	} {
		if _, err := New(o); err == nil || !strings.HasPrefix(err.Error(), "xla: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestDevices(t *testing.T) {
	newTestDevice(t, Options{}) // or skip
	for want, o := range map[string]Options{
		"100 devices are wanted":   {Count: 100},
		"there is no device 77":    {Devices: []int{0, 77}},
		"device 0 is wanted twice": {Devices: []int{0, 0}},
		"an empty list of devices": {Devices: []int{}},
		"-5 devices are wanted":    {Count: -5},
	} {
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	d := newTestDevice(t, Options{Count: 2})
	if s := d.Description(); !strings.HasPrefix(s, "2 × cpu, cpu plugin, PJRT 0.") {
		t.Errorf("%q", s)
	}
	other := newTestDevice(t, Options{Devices: []int{1}, Client: pjrt.Values{"cpu_device_count": 4}})
	if other.Client() != d.Client() {
		t.Error("two Devices of a plugin do not share a client")
	}
	if third := newTestDevice(t, Options{Client: pjrt.Values{"cpu_device_count": 3}}); third.Client() == d.Client() {
		t.Error("Devices with other options share a client")
	}
	// One of them is closed, and the other computes on its own device.
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	m, want := newModel(), newModel()
	m.training(t, other).run(t)
	want.training(t, cpu.Default()).run(t)
	m.same(t, want)
	before := clients()
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if n := clients(); n != before-1 {
		t.Errorf("%d clients are in use after the last Device of one was closed, %d before", n, before)
	}
}

// clients returns how many clients are in use.
func clients() int {
	connections.Lock()
	defer connections.Unlock()
	return len(connections.all)
}

// A folder that cannot be used is told, and programs run.
func TestCacheUnusable(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	var lines []string
	o := Options{Cache: &compilecache.Cache{Dir: dir, Limit: 1 << 30}, Log: func(line string) { lines = append(lines, line) }}
	newModel().training(t, newTestDevice(t, o)).run(t)
	if len(lines) != 1 || !strings.Contains(lines[0], "xla: the compiled program is not kept for the next time: the folder") {
		t.Errorf("said %q", lines)
	}
}

// Options that the plugin does not know are left out, unless the caller asked for them.
func TestUnknownFlags(t *testing.T) {
	var lines []string
	d := newTestDevice(t, Options{Log: func(line string) { lines = append(lines, line) }})
	c := d.backend.(*client)
	for _, name := range []string{"xla_no_such_option", "xla_none_either"} {
		c.options.Flags[name], c.ours[name] = true, true
	}
	newModel().training(t, d).run(t)
	newModel().inference(t, d).run(t)
	if len(lines) != 2 || !strings.Contains(lines[0], "does not know the option xla_no") {
		t.Errorf("said %q", lines)
	}
	d = newTestDevice(t, Options{Flags: pjrt.Values{"xla_no_such_option": true}})
	g := graph.New()
	if _, err := d.Compile(g, g.Scalar(1)); err == nil || !strings.Contains(err.Error(), "'xla_no_such_option'") {
		t.Errorf("error %v", err)
	}
}
