package train

import (
	"fmt"
	"math"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
)

// Memory is what a training step holds in memory, in bytes. The program itself
// and the dataset are not counted.
type Memory struct {
	// Parameters are the model's weights and running statistics.
	Parameters int64 `json:"parameters"`
	// Optimizer is the state of the optimizer, such as momentum.
	Optimizer int64 `json:"optimizer"`
	// Program is what the compiled step plans: activations, gradients, packed
	// weights and scratch memory.
	Program int64 `json:"program"`
	// Sums are gradients that several ranks, or several shards of a batch, add up.
	Sums int64 `json:"sums,omitempty"`
	// Batch is one batch of images and labels. A data.Loader prepares others
	// ahead.
	Batch int64 `json:"batch"`
	// Recomputed is how many values of the forward pass are computed again in
	// the backward pass, to save memory.
	Recomputed int `json:"recomputed,omitempty"`
}

// Total is the sum.
func (m Memory) Total() int64 { return m.Parameters + m.Optimizer + m.Program + m.Sums + m.Batch }

// Memory predicts the memory of a step for batches of the given size, within
// the budget if there is one. It compiles the step but does not run it; on
// systems that give memory out when it is written first, as Linux does, that
// takes little.
func (s *Stepper) Memory(batch int) (Memory, error) {
	p, err := s.compile(stepKind{batch: batch})
	if err != nil {
		return Memory{}, err
	}
	m := s.memory(batch)
	m.Recomputed = p.recomputed
	var ok bool
	if m.Program, ok = memoryOf(p.program); !ok {
		return m, fmt.Errorf("device %s does not plan its memory", s.device.Name())
	}
	return m, nil
}

// InferenceMemory predicts the memory of inference for batches of the given
// size, in the manner of Stepper.Memory. A nil device means cpu.Default().
func InferenceMemory(model *nn.Model, device engine.Device, batch int) (Memory, error) {
	m := (&Stepper{model: model}).memory(batch)
	trace, err := model.Trace(batch, nn.Eval)
	if err != nil {
		return m, err
	}
	device = cpu.OrDefault(device)
	p, err := device.Compile(trace.Graph, trace.Output)
	if err != nil {
		return m, fmt.Errorf("compile the network for batches of %d: %w", batch, err)
	}
	defer p.Close()
	var ok bool
	if m.Program, ok = memoryOf(p); !ok {
		return m, fmt.Errorf("device %s does not plan its memory", device.Name())
	}
	return m, nil
}

// memory counts all but the program.
func (s *Stepper) memory(batch int) Memory {
	m := Memory{Batch: 4 * int64(batch) * int64(s.model.Input().Size()+1)}
	if s.objective.targeted || s.objective.soft { // beside the labels
		m.Batch += 4 * int64(batch) * int64(s.objective.target.Size())
	}
	for _, list := range [][]*graph.Variable{s.model.Parameters(), s.model.Buffers()} {
		for _, v := range list {
			m.Parameters += 4 * int64(v.Value.Size())
		}
	}
	for _, v := range s.state.Variables() {
		m.Optimizer += 4 * int64(v.Value.Size())
	}
	if s.ranked != nil {
		m.Sums = s.ranked.memory()
	}
	return m
}

// RunMemory predicts what Fit holds beside a step, in bytes: batches that are
// prepared ahead, for training and for the test, weights that the test keeps
// packed, and those kept to explain what goes wrong. All else that a test needs
// is memory of the step that is free by then. A nil device means cpu.Default().
func RunMemory(model *nn.Model, device engine.Device, batch int) (int64, error) {
	trace, err := model.Trace(batch, nn.Eval)
	if err != nil {
		return 0, err
	}
	device = cpu.OrDefault(device)
	p, err := device.Compile(trace.Graph, trace.Output)
	if err != nil {
		return 0, fmt.Errorf("compile the network for batches of %d: %w", batch, err)
	}
	defer p.Close()
	packed := int64(0)
	if q, ok := p.(engine.MemoryPlanner); ok {
		packed = q.KeptBytes()
	}
	one := (&Stepper{model: model}).memory(batch).Batch
	ahead := int64(data.LoaderConfig{BatchSize: batch}.Slots())
	return 2*ahead*one - one + packed + newWatch(model).bytes(), nil
}

// bytes is what the copies of the weights take.
func (w *watch) bytes() (total int64) {
	for _, p := range w.params {
		total += 4 * int64(p.Value.Size())
	}
	if w.few {
		total *= 2
	}
	return total
}

// megabytes writes a number of bytes for people, rounded up so that it is
// enough. Below a megabyte it is exact to a byte or to a tenth of a kilobyte.
func megabytes(bytes int64) string {
	tenths := func(unit float64) float64 { return math.Ceil(float64(bytes)/(unit/10)) / 10 }
	switch {
	case bytes < 1e3:
		return fmt.Sprintf("%d B", bytes)
	case bytes < 1e6 && tenths(1e3) < 1e3:
		return fmt.Sprintf("%v KB", tenths(1e3))
	}
	return fmt.Sprintf("%.1f MB", tenths(1e6))
}
