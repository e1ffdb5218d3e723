package cpu

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu/internal/conv"
	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/inspect"
	"github.com/strideml/stride/engine/cpu/internal/lower"
	"github.com/strideml/stride/engine/cpu/internal/passes"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A program is what Compile returns.
type program struct {
	*exec.Program
	plan        func() (*exec.Plan, error) // compiles it again
	independent func() bool                // reports whether samples of a batch are computed independently
}

// What programs offer beyond engine.Program.
var (
	_ engine.MemoryPlanner    = program{}
	_ engine.ReductionOrderer = program{}
	_ engine.Profiler         = program{}
	_ engine.Tracer           = program{}
	_ engine.Replicator       = program{}
	_ engine.Batcher          = program{}
	_ engine.VariableReleaser = program{}
	_ engine.KeptSharer       = program{}
)

// StartProfile implements engine.Profiler.
func (p program) StartProfile() (stop func() *engine.Profile, err error) {
	return inspect.StartProfile(p.Program)
}

// StartTrace implements engine.Tracer.
func (p program) StartTrace() (stop func(w io.Writer) error, err error) {
	return inspect.StartTrace(p.Program)
}

// MemoryUse implements engine.MemoryPlanner.
func (p program) MemoryUse() (*engine.MemoryUse, error) { return inspect.Memory(p.Program) }

// Compile implements engine.Device.
func (d *Device) Compile(g *graph.Graph, outputs ...*graph.Node) (engine.Program, error) {
	d = d.orDefault()
	for _, n := range outputs {
		if n == nil || n.Graph() != g {
			return nil, fmt.Errorf("cpu: output %v does not belong to the graph", n)
		}
	}
	small, smallOutputs, parts := microbatch(g, outputs)
	plan, err := d.plan(small, smallOutputs, d.dump)
	if err != nil {
		return nil, err
	}
	p := program{
		plan: func() (*exec.Plan, error) { return d.plan(small, smallOutputs, nil) },
		independent: func() bool {
			if len(g.Inputs()) == 0 || len(outputs) == 0 || len(outputs[0].Shape()) == 0 {
				return false
			}
			_, _, ok := graph.Rebatched(outputs, 2*outputs[0].Shape()[0])
			return ok
		},
	}
	p.Program, err = exec.New(d.workers, exec.Binding{Inputs: g.Inputs(), Outputs: outputs, Parts: parts, Owner: d}, plan, p.forReplicas(d, parts))
	if err != nil {
		return nil, err
	}
	return p, nil
}

// ShareKept implements engine.KeptSharer, for programs of this package.
func (p program) ShareKept(with engine.Program) (bytes int64, err error) {
	q, ok := with.(program)
	if !ok {
		return 0, fmt.Errorf("cpu: a program cannot share what it keeps with a %T", with)
	}
	return p.Program.ShareKept(q.Program)
}

// forReplicas returns what compiles a replica for each worker of a device, nil if
// there should be none.
func (p program) forReplicas(d *Device, parts int) func() (*exec.Plan, error) {
	if exec.Evenly(parts, d.workers.Size()) {
		return p.plan
	}
	return nil
}

// Replicate implements engine.Replicator, for devices of this package. The new
// program has the algorithms of this one, whatever the options of the device.
func (p program) Replicate(device engine.Device) (engine.Program, error) {
	d, ok := OrDefault(device).(*Device)
	if !ok {
		return nil, fmt.Errorf("cpu: a program cannot be replicated on %T", device)
	}
	plan, err := p.plan()
	if err != nil {
		return nil, err
	}
	q := program{plan: p.plan, independent: p.independent}
	q.Program, err = p.Program.Replicate(d.workers, d, plan, p.forReplicas(d, p.Parts))
	if err != nil {
		return nil, err
	}
	return q, nil
}

// AnyBatch implements engine.Batcher, for devices of this package. The new program has the
// algorithms of this one, whatever the options of the device.
func (p program) AnyBatch(device engine.Device) (engine.Program, int, error) {
	d, ok := OrDefault(device).(*Device)
	if !ok {
		return nil, 0, fmt.Errorf("cpu: a program cannot be replicated on %T", device)
	}
	if !p.independent() {
		return nil, 0, errors.New("cpu: the samples of a batch are not computed independently of each other")
	}
	plan, err := p.plan()
	if err != nil {
		return nil, 0, err
	}
	compile := p.plan
	if d.workers.Size() == 1 {
		compile = nil
	}
	q := program{plan: p.plan, independent: p.independent}
	q.Program, err = p.Program.AnyBatch(d.workers, d, plan, compile)
	if err != nil {
		return nil, 0, err
	}
	return q, q.Samples(), nil
}

// plan compiles a graph.
func (d *Device) plan(g *graph.Graph, outputs []*graph.Node, dump io.Writer) (*exec.Plan, error) {
	o := passes.Options{Conv: conv.Options{Strict: d.strict, BF16: d.math == BF16}, Group: d.reducer != nil, Dump: dump, Check: d.check}
	if d.tuning != nil {
		o.Conv.Tuner = tuner{d}
	}
	f, err := passes.Compile(g, outputs, o)
	if err != nil {
		return nil, fmt.Errorf("cpu: %w", err)
	}
	plan, err := lower.Lower(f, d.reducer)
	if err != nil {
		return nil, fmt.Errorf("cpu: %w", err)
	}
	return plan, nil
}

// A tuner chooses algorithms of convolutions for a device.
type tuner struct{ d *Device }

// Choose implements conv.Tuner.
func (t tuner) Choose(p conv.Problem, names []string) (string, error) {
	return t.d.tuning.choose(p.String(), names, func(name string) (time.Duration, error) {
		took, err := t.d.measure(p, name)
		if err != nil {
			return 0, fmt.Errorf("measure %v by %s: %w", p, name, err)
		}
		return took, nil
	})
}

// measure returns how long a convolution takes by itself, computed by the algorithm of
// the given name.
func (d *Device) measure(p conv.Problem, name string) (time.Duration, error) {
	g := graph.New()
	x, w := g.Input("x", p.X...), g.Input("w", p.W...)
	y := graph.Conv2D(x, w, nil, p.Op.Window, p.Op.Groups)
	result := y
	if p.Kind != conv.Output {
		// The gradient of Σ y·dy has dy as the gradient of y.
		dy := g.Input("dy", y.Shape()...)
		of := map[conv.Kind]*graph.Node{conv.InputGrad: x, conv.WeightGrad: w}[p.Kind]
		result = graph.Gradients(graph.Sum(graph.Mul(y, dy)), of)[0]
	}
	// The same workers, and a choice for this convolution.
	only := &Device{workers: d.workers, math: d.math, tuning: NewTuning(map[string]string{p.String(): name}, nil)}
	program, err := only.Compile(g, result)
	if err != nil {
		return 0, err
	}
	defer program.Close()
	feeds := engine.Feeds{}
	for _, n := range g.Inputs() {
		feeds[n] = tensor.Full(0.5, n.Shape()...)
	}
	outputs := []*tensor.Tensor{tensor.New(result.Shape()...)}
	const runs = 4 // the first warms up
	best := time.Duration(1<<63 - 1)
	for range runs {
		start := time.Now()
		if err := program.Run(feeds, outputs); err != nil {
			return 0, err
		}
		best = min(best, time.Since(start))
	}
	return best, nil
}
