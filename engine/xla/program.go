package xla

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/xla/internal/lower"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A program is what Compile returns.
type program struct {
	device     *Device
	graph      *graph.Graph
	executable executable
	order      uint64 // see ReductionOrder

	inputs, outputs []*graph.Node
	arguments       []argument
	assigned        []assigned
	constants       [][sha256.Size]byte

	fed     []*tensor.Tensor // of a Start
	list    []array          // the arguments of an execution
	closed  bool
	proven  atomic.Bool // it has run without an error
	mu      sync.Mutex  // guards what follows: wait may be called beside Start
	waiting []*run      // those that nobody uses
}

// An argument is where an argument of the executable comes from: one of its fields
// is set.
type argument struct {
	input    int // an index of inputs, −1 for none
	shape    tensor.Shape
	split    bool
	variable *graph.Variable
	record   *record // of the variable, as of the last run
	constant array
}

// An assigned is a variable that runs give a new value.
type assigned struct {
	variable *graph.Variable
	result   int
	record   *record
}

var (
	_ engine.Program          = (*program)(nil)
	_ engine.Starter          = (*program)(nil)
	_ engine.ReductionOrderer = (*program)(nil)
)

// newProgram binds the arguments and results of a compiled module.
func newProgram(d *Device, g *graph.Graph, outputs []*graph.Node, m *lower.Module, e executable) (*program, error) {
	p := &program{device: d, graph: g, executable: e, inputs: g.Inputs(), outputs: outputs}
	p.fed = make([]*tensor.Tensor, len(p.inputs))
	p.list = make([]array, len(m.Arguments))
	for _, a := range m.Arguments {
		bound := argument{input: -1, shape: a.Node.Shape(), split: a.Split}
		switch op := a.Node.Op().(type) {
		case graph.InputOp:
			for i, n := range p.inputs {
				if n == a.Node {
					bound.input = i
				}
			}
		case graph.VariableOp:
			bound.variable = op.Variable
		case graph.ConstantOp:
			c, key, err := d.constants.of(d, op.Value)
			if err != nil {
				p.release()
				return nil, err
			}
			bound.constant = c
			p.constants = append(p.constants, key)
		default:
			p.release()
			return nil, fmt.Errorf("argument %v is neither an input nor a variable nor a constant", a.Node)
		}
		p.arguments = append(p.arguments, bound)
	}
	for i, r := range m.Results[len(outputs):] {
		p.assigned = append(p.assigned, assigned{variable: r.Variable.Op().(graph.VariableOp).Variable, result: len(outputs) + i})
	}
	return p, nil
}

// release gives up what the program has on the device.
func (p *program) release() {
	p.executable.close()
	for _, key := range p.constants {
		p.device.constants.release(key)
	}
	p.constants = nil
}

// Close implements engine.Program. Runs that were started go on.
func (p *program) Close() error {
	p.device.order.Lock()
	defer p.device.order.Unlock()
	if !p.closed {
		p.closed = true
		p.release()
	}
	return nil
}

// ReductionOrder implements engine.ReductionOrderer. It is a hash of what is compiled and
// of the compiler: XLA does not say in which order it adds, but does the same with the same
// input.
func (p *program) ReductionOrder() uint64 { return p.order }

// usable is an error if the program or its device is closed.
func (p *program) usable() error {
	switch {
	case p.closed:
		return errors.New("the program is closed")
	case p.device.closed:
		return errors.New("the device is closed")
	}
	return nil
}

// A plannedProgram is one whose memory the plugin knows.
type plannedProgram struct {
	*program
	bytes int64
}

var _ engine.MemoryPlanner = plannedProgram{}

// MemoryBytes implements engine.MemoryPlanner: temporary memory of an execution. An
// execution gives it back.
func (p plannedProgram) MemoryBytes() int64 { return p.bytes }

// KeptBytes implements engine.MemoryPlanner.
func (p plannedProgram) KeptBytes() int64 { return 0 }

// MemoryUse implements engine.MemoryPlanner. XLA does not say which values are alive
// when most memory is needed.
func (p plannedProgram) MemoryUse() (*engine.MemoryUse, error) {
	if p.closed {
		return nil, errors.New("xla: the program is closed")
	}
	return &engine.MemoryUse{TotalBytes: p.bytes, LiveBytes: p.bytes, At: "a stage that XLA does not name"}, nil
}
