package cpu

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu/internal/kernel"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// Options configures a Device.
type Options struct {
	// Threads is how many threads compute; 0 means GOMAXPROCS. It never
	// changes results.
	Threads int

	// Strict keeps to direct sums: no Winograd convolutions, whose rounding
	// error is about twice that of direct ones.
	Strict bool

	// Tuning, if it is not nil, chooses algorithms by measuring them when a
	// program is compiled. Without it they follow from shapes, so that results
	// are the same on all machines of one instruction set.
	Tuning *Tuning
}

// Device is the CPU as an engine. It is safe for concurrent use.
type Device struct {
	team   *team
	strict bool
	tuning *Tuning
}

var _ engine.Device = (*Device)(nil)

// New returns a Device with workers of its own.
func New(o Options) *Device {
	n := o.Threads
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	d := &Device{team: newTeam(n), strict: o.Strict, tuning: o.Tuning}
	// The workers refer to the team, not to the Device, so that a Device
	// nobody uses any more takes its workers with it.
	runtime.AddCleanup(d, func(t *team) { t.close() }, d.team)
	return d
}

// Name returns "cpu".
func (d *Device) Name() string { return "cpu" }

// Description names the instruction set and the number of threads.
func (d *Device) Description() string {
	s := fmt.Sprintf("%s kernels, %d threads", kernel.ISA(), d.Threads())
	if d.Threads() == 1 {
		s = s[:len(s)-1]
	}
	return s
}

// Threads returns the number of threads that compute.
func (d *Device) Threads() int { return d.team.size }

// Close ends the Device's workers. Its programs still run, on one thread.
func (d *Device) Close() error {
	d.team.close()
	return nil
}

// Compile implements engine.Device.
func (d *Device) Compile(g *graph.Graph, outputs ...*graph.Node) (engine.Program, error) {
	for _, n := range outputs {
		if n == nil || n.Graph() != g {
			return nil, fmt.Errorf("cpu: output %v does not belong to the graph", n)
		}
	}
	small, smallOutputs, parts := subBatch(g, outputs)
	p, err := d.compile(small, smallOutputs, nil)
	if err != nil {
		return nil, err
	}
	p.inputs, p.outputs, p.parts = g.Inputs(), outputs, parts
	p.fed = make([]*tensor.Tensor, len(p.inputs))
	if evenly(parts, d.team.size) {
		for range d.team.size - 1 {
			other, err := d.compile(small, smallOutputs, p)
			if err != nil {
				return nil, errors.Join(err, p.own.free())
			}
			p.programs = append(p.programs, other)
		}
		p.crew = newCrew(p.programs)
	}
	if p.number, err = d.team.reserve(p.sharedFloats()); err != nil {
		return nil, errors.Join(err, p.own.free())
	}
	return p, nil
}

// compile makes a program. If there is a first one it is another of the same kind,
// for a worker alone, and has the packed weights of the first.
func (d *Device) compile(g *graph.Graph, outputs []*graph.Node, first *program) (*program, error) {
	c := newCompiler(d, g, outputs)
	if err := c.lower(); err != nil {
		return nil, fmt.Errorf("cpu: %w", err)
	}
	return c.finish(first)
}
