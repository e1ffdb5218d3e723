package inspect

import (
	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/lower"
	"github.com/strideml/stride/graph"
)

// A trainPhase is the part of a training step that a node belongs to.
type trainPhase int

const (
	phaseBackward trainPhase = iota
	phaseForward
	phaseUpdate
)

func (p trainPhase) String() string { return [...]string{"backward", "forward", "update"}[p] }

// phasesOf returns the phase of each node, by ID: elementwise work that only
// assignments need is the update; what the outputs need, and all else that was added to
// the graph before the last of them, is forward; the rest is backward.
func phasesOf(p *exec.Program) []trainPhase {
	if len(p.Steps()) == 0 {
		return nil
	}
	g := p.Steps()[0].Node.Graph()
	nodes := g.Nodes()
	phases := make([]trainPhase, len(nodes))
	last := -1
	for _, o := range p.Results() {
		i := o.Node.ID()
		phases[i] = phaseForward
		last = max(last, i)
	}
	for i := len(nodes) - 1; i >= 0; i-- {
		if phases[i] == phaseForward {
			for _, in := range nodes[i].Inputs() {
				phases[in.ID()] = phaseForward
			}
		}
	}
	other := make([]bool, len(nodes)) // whether a node is used by one that is not part of an update
	for _, a := range g.Assignments() {
		if i := a.Value.ID(); phases[i] != phaseForward && lower.IsElementwise(a.Value.Op()) {
			phases[i] = phaseUpdate
		}
	}
	for i := len(nodes) - 1; i >= 0; i-- {
		if phases[i] == phaseUpdate && (other[i] || !lower.IsElementwise(nodes[i].Op())) {
			phases[i] = phaseBackward
		}
		if phases[i] == phaseBackward && i < last {
			phases[i] = phaseForward
		}
		for _, in := range nodes[i].Inputs() {
			j := in.ID()
			switch {
			case phases[i] != phaseUpdate:
				other[j] = true
			case phases[j] == phaseBackward && !other[j] && lower.IsElementwise(in.Op()):
				phases[j] = phaseUpdate
			}
		}
	}
	return phases
}

// kindOf returns the kind of work that a step does, see [engine.Stage].
func kindOf(s *exec.Step, phase trainPhase) string {
	switch s.Name {
	case "pack", "fold":
		return "packing"
	case "layout", "copy", "concat", "slice", "pad", "fill", "transpose", "broadcast":
		return "copies"
	}
	op := s.Node.Op()
	if s.Algorithm != "" {
		op = productOf(s.Node).Op()
	}
	if work := lower.WorkOf(op); work != "" {
		return work
	}
	if phase == phaseUpdate {
		return "update"
	}
	return "elementwise"
}

// productOf returns the convolution or matrix product that a step computes for a node:
// the node itself, or an argument that was fused with it, such as a convolution with
// its batch normalization.
func productOf(n *graph.Node) *graph.Node {
	if n.MultiplyAdds() == 0 {
		for _, in := range n.Inputs() {
			if in.MultiplyAdds() > 0 {
				return in
			}
		}
	}
	return n
}

// flopsOf returns the floating-point operations of the main step of one or two convolutions or of a
// matrix product, counted as for direct sums whatever the algorithm; 0 for other steps.
func flopsOf(s *exec.Step) int64 {
	if s.Algorithm == "" {
		return 0
	}
	products := productOf(s.Node).MultiplyAdds()
	if s.Source != nil {
		products += productOf(s.Source).MultiplyAdds()
	}
	return 2 * products
}

// floatsOf estimates how many floats a step reads and writes: the size of each buffer
// that it reads, and of each that it writes. A copy counts the smaller of its two
// buffers twice, as it touches only a part of the larger one.
func floatsOf(s *exec.Step) (total int64) {
	if len(s.Reads) == 1 && len(s.Writes) == 1 && kindOf(s, phaseForward) == "copies" {
		return 2 * int64(min(s.Reads[0].Size, s.Writes[0].Size))
	}
	seen := map[*exec.Buffer]bool{}
	for _, list := range [][]*exec.Buffer{s.Reads, s.Writes} {
		clear(seen)
		for _, b := range list {
			if !seen[b] {
				seen[b] = true
				total += int64(b.Size)
			}
		}
	}
	return total
}
