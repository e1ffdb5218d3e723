package exec

import (
	"errors"
	"fmt"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// AnyBatch is Replicate, but the new program computes batches of any size that is a
// multiple of Samples: each of its runs has as many parts as its tensors ask for.
func (p *Program) AnyBatch(w *Workers, owner any, plan *Plan, compile func() (*Plan, error)) (*Program, error) {
	q, err := p.Replicate(w, owner, plan, compile)
	if err != nil {
		return nil, err
	}
	q.anyBatch = &batchShapes{
		samples: q.Samples(),
		inputs:  shapesOf(q.Inputs), outputs: shapesOf(q.Outputs),
	}
	return q, nil
}

// Samples is how many samples of a batch the program computes at a time.
func (p *Program) Samples() int { return p.Outputs[0].Shape()[0] / p.Parts }

// batchShapes are the shapes of a program's tensors; their first size is that of the run.
type batchShapes struct {
	samples         int // of a part
	inputs, outputs []tensor.Shape
}

func shapesOf(nodes []*graph.Node) []tensor.Shape {
	shapes := make([]tensor.Shape, len(nodes))
	for i, n := range nodes {
		shapes[i] = n.Shape().Clone()
	}
	return shapes
}

// arrange checks the tensors of a run, stores those of the inputs in fed and returns the
// number of parts. It allocates only to report an error.
func (b *batchShapes) arrange(p *Program, feeds engine.Feeds, outputs []*tensor.Tensor) (parts int, err error) {
	if len(outputs) != len(p.Outputs) || outputs[0] == nil {
		return 0, fmt.Errorf("cpu: program has %d outputs, got %d tensors for them", len(p.Outputs), len(outputs))
	}
	// The first size follows from the number of elements, since Shape would allocate.
	batch := 0
	if one := b.outputs[0].Size() / b.outputs[0][0]; one > 0 {
		batch = outputs[0].Size() / one
	}
	if batch < 1 || batch%b.samples != 0 {
		return 0, fmt.Errorf("cpu: a batch of %d: want a multiple of %d", batch, b.samples)
	}
	for i, shape := range b.outputs {
		if shape[0] = batch; outputs[i] == nil || !outputs[i].HasShape(shape) {
			return 0, fmt.Errorf("cpu: output %d (%v): want a tensor of shape %v", i, p.Outputs[i], shape)
		}
	}
	for i, shape := range b.inputs {
		shape[0] = batch
		t := feeds[p.Inputs[i]]
		if t == nil || !t.HasShape(shape) {
			return 0, fmt.Errorf("cpu: input %d (%v): want a tensor of shape %v", i, p.Inputs[i], shape)
		}
		p.fed[i] = t
	}
	if len(feeds) != len(p.Inputs) {
		return 0, errors.New("cpu: a node is fed which is not an input of the program")
	}
	return batch / b.samples, nil
}

// arrange checks the tensors of a run, stores those of the inputs in p.fed and returns
// in how many parts to compute the batch.
func (p *Program) arrange(feeds engine.Feeds, outputs []*tensor.Tensor) (parts int, err error) {
	if p.anyBatch != nil {
		return p.anyBatch.arrange(p, feeds, outputs)
	}
	if err := engine.CheckOutputs(p.Outputs, outputs); err != nil {
		return 0, fmt.Errorf("cpu: %w", err)
	}
	if err := feeds.Arrange(p.Inputs, p.fed); err != nil {
		return 0, fmt.Errorf("cpu: %w", err)
	}
	return p.Parts, nil
}

// alone returns how many of the parts the workers compute alone, each in its replica.
// All workers compute the others together, one after the other.
func (p *Program) alone(parts int) int {
	workers := p.workers.size
	switch {
	case p.replicated == nil:
		return 0
	case Evenly(parts, workers):
		return parts
	}
	return parts - parts%workers
}
