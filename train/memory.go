package train

import (
	"fmt"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/train/internal/step"
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
	// Batch is one batch of images and labels. A data.Loader prepares others
	// ahead.
	Batch int64 `json:"batch"`
	// Recomputed is how many values of the forward pass are computed again in
	// the backward pass, to save memory.
	Recomputed int `json:"recomputed,omitempty"`
}

// Total is the sum.
func (m Memory) Total() int64 { return m.Parameters + m.Optimizer + m.Program + m.Batch }

// memoryOf counts all but the program.
func memoryOf(t *step.Training, batch int) Memory {
	m := t.Memory(batch)
	return Memory{Parameters: m.Parameters, Optimizer: m.Optimizer, Batch: m.Batch}
}

// InferenceMemory predicts the memory of inference for batches of the given
// size, in the manner of Stepper.Memory. A nil device means cpu.Default().
func InferenceMemory(model *nn.Model, device engine.Device, batch int) (Memory, error) {
	m := memoryOf(&step.Training{Model: model}, batch)
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
	if m.Program, ok = step.Planned(p); !ok {
		return m, fmt.Errorf("device %s does not plan its memory", device.Name())
	}
	return m, nil
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
	one := (&step.Training{Model: model}).Memory(batch).Batch
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
