package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/strideml/stride/bench/internal/pyworker"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/subprocess"
	"github.com/strideml/stride/modelfile"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// worker is PyTorch's side, from the root of the repository.
const worker = "bench/xla/parity/pytorch_worker.py"

// A request is what pytorch_worker.py is asked; it has what the members mean.
type request struct {
	Net         string       `json:"net"`
	Classes     int          `json:"classes"`
	Input       tensor.Shape `json:"input"`
	Batch       int          `json:"batch"`
	Steps       int          `json:"steps"`
	Rate        float32      `json:"rate"`
	Momentum    float32      `json:"momentum"`
	WeightDecay float32      `json:"weight_decay"`
	Weights     string       `json:"weights"`
	Images      string       `json:"images"`
	Labels      string       `json:"labels"`
	Masks       string       `json:"masks"`
	MaskSizes   []int        `json:"mask_sizes"`
	Result      string       `json:"result"`
	Names       []string     `json:"names"`
	Threads     int          `json:"threads"`
}

// startPyTorch starts a process that trains in PyTorch; it is nil without a program of Python.
func startPyTorch(ctx context.Context, python string, log io.Writer) (*subprocess.Process, error) {
	if python == "" {
		return nil, nil
	}
	repository, err := pyworker.Repository()
	if err != nil {
		return nil, err
	}
	c := pyworker.Command(repository, python, worker)
	c.Stderr = log
	return c.Start(ctx)
}

// trainInPyTorch does what train does, in the process p.
func (s subject) trainInPyTorch(p *subprocess.Process) (t training, err error) {
	folder, err := os.MkdirTemp("", "stride-parity-")
	if err != nil {
		return t, err
	}
	defer os.RemoveAll(folder)
	r, state, err := s.request(folder)
	if err != nil {
		return t, err
	}
	var answer struct{ Losses []float64 }
	if err := p.Ask(r, &answer); err != nil {
		return t, err
	}
	size := 0
	for _, e := range state {
		size += e.Tensor.Size()
	}
	values, err := subprocess.ReadFloats(r.Result, size)
	if err != nil {
		return t, err
	}
	t.losses = answer.Losses
	for _, e := range state {
		x, err := tensor.FromSlice(values[:e.Tensor.Size()], e.Tensor.Shape()...)
		if err != nil {
			return t, err
		}
		t.state = append(t.state, tensor.Named{Name: e.Name, Tensor: x})
		values = values[e.Tensor.Size():]
	}
	return t, nil
}

// request writes the files that PyTorch needs. state is that of the model before training.
func (s subject) request(folder string) (r request, state []tensor.Named, err error) {
	model, err := s.model()
	if err != nil {
		return r, nil, err
	}
	b, err := s.images()
	if err != nil {
		return r, nil, err
	}
	masks, sizes, err := s.masks(model)
	if err != nil {
		return r, nil, err
	}
	r = request{
		Net: s.spec.Name, Classes: classes, Input: s.input, Batch: s.batch, Steps: steps, Rate: s.rate(), Momentum: momentum, WeightDecay: weightDecay,
		Weights: filepath.Join(folder, "weights.safetensors"), Images: filepath.Join(folder, "images"), Labels: filepath.Join(folder, "labels"),
		Masks: filepath.Join(folder, "masks"), MaskSizes: sizes, Result: filepath.Join(folder, "result"), Threads: runtime.GOMAXPROCS(0),
	}
	state = model.State()
	for _, e := range state {
		r.Names = append(r.Names, e.Name)
	}
	if err := modelfile.Save(model, r.Weights); err != nil {
		return r, nil, err
	}
	for path, values := range map[string][]float32{r.Images: b.Images.Data(), r.Labels: b.Labels.Data(), r.Masks: masks} {
		if err := subprocess.WriteFloats(path, values); err != nil {
			return r, nil, err
		}
	}
	return r, state, nil
}

// masks returns what each dropout multiplies its input by, in the order in which the network has
// them, for all steps one after the other. sizes are those of the masks of a step.
func (s subject) masks(model *nn.Model) (masks []float32, sizes []int, err error) {
	trace, err := model.Trace(s.batch, nn.Train)
	if err != nil {
		return nil, nil, err
	}
	var dropouts []*graph.Node
	sizes = []int{} // not null
	for _, n := range trace.Graph.Nodes() {
		if _, ok := n.Op().(graph.DropoutOp); ok {
			dropouts = append(dropouts, n)
			sizes = append(sizes, n.Shape().Size())
		}
	}
	for step := range uint64(steps) {
		for _, n := range dropouts {
			op := n.Op().(graph.DropoutOp)
			for i := range n.Shape().Size() {
				var kept float32
				if graph.DropoutBits(op.Key, step, uint32(i))>>8 >= uint32(op.P*(1<<24)) {
					kept = 1 / (1 - op.P)
				}
				masks = append(masks, kept)
			}
		}
	}
	return masks, sizes, nil
}
