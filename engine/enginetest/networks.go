package enginetest

import (
	"fmt"
	"math"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/tensor"
)

// A store holds the variables of a network by name, so that several graphs
// share them.
type store map[string]*graph.Variable

// A builder builds one training step of a network.
type builder struct {
	*problem
	store  store
	params []*graph.Node
	batch  int
}

// param reads a parameter, drawn at first use with the given deviation.
func (b *builder) param(name string, deviation float32, shape ...int) *graph.Node {
	n := b.buffer(name, 0, shape...)
	v := n.Op().(graph.VariableOp).Variable
	if !v.Trainable {
		v.Trainable = true
		rng.Normal(rng.New(11, "enginetest "+name), v.Value.Data(), 0, deviation)
	}
	b.params = append(b.params, n)
	return n
}

// buffer reads a variable that is filled with value at first.
func (b *builder) buffer(name string, value float32, shape ...int) *graph.Node {
	v := b.store[name]
	if v == nil {
		v = &graph.Variable{Name: name, Value: tensor.Full(value, shape...)}
		b.store[name] = v
	}
	return b.graph.Variable(v)
}

func (b *builder) conv(x *graph.Node, name string, out, kernel int, w graph.Window, groups int) *graph.Node {
	in := x.Shape()[1] / groups
	deviation := float32(math.Sqrt(2 / float64(in*kernel*kernel)))
	return graph.Conv2D(x, b.param(name+".weight", deviation, out, in, kernel, kernel), b.param(name+".bias", 0.1, out), w, groups)
}

func (b *builder) linear(x *graph.Node, name string, out int) *graph.Node {
	in := x.Shape()[1]
	return graph.Linear(x, b.param(name+".weight", float32(1/math.Sqrt(float64(in))), out, in), b.param(name+".bias", 0.1, out))
}

// batchNorm normalises x and updates the running statistics, the variance
// unbiased as in PyTorch.
func (b *builder) batchNorm(x *graph.Node, name string) *graph.Node {
	c := x.Shape()[1]
	stats := graph.BatchStats(x)
	gamma, beta := b.param(name+".weight", 1, c), b.param(name+".bias", 0.2, c)
	m := float32(x.Shape().Size() / c)
	mean := graph.Reshape(graph.Slice(stats, 0, 0, 1), c)
	variance := graph.Mul(graph.Reshape(graph.Slice(stats, 0, 1, 2), c), b.graph.Scalar(m/(m-1)))
	for _, s := range []struct {
		name    string
		initial float32
		value   *graph.Node
	}{{"running_mean", 0, mean}, {"running_var", 1, variance}} {
		running := b.buffer(name+"."+s.name, s.initial, c)
		b.graph.Assign(running, graph.Add(graph.Mul(running, b.graph.Scalar(0.9)), graph.Mul(s.value, b.graph.Scalar(0.1))))
	}
	return graph.BatchNorm(x, stats, gamma, beta, 1e-5)
}

// batchNormInference uses the running statistics.
func (b *builder) batchNormInference(x *graph.Node, name string) *graph.Node {
	c := x.Shape()[1]
	mean := graph.Reshape(b.buffer(name+".running_mean", 0, c), 1, c)
	variance := graph.Reshape(b.buffer(name+".running_var", 1, c), 1, c)
	return graph.BatchNormInference(x, graph.Concat(0, mean, variance),
		b.param(name+".weight", 1, c), b.param(name+".bias", 0.2, c), 1e-5)
}

// step is the number of the training step, counted by the graph itself.
func (b *builder) step() *graph.Node {
	n := b.buffer("step", 0, 2)
	one := b.graph.Constant(tensor.Must(tensor.FromSlice([]float32{0, 1}, 2)))
	b.graph.Assign(n, graph.Add(n, one))
	return n
}

// train adds the loss, the derivatives and an update by SGD with momentum.
func (b *builder) train(logits *graph.Node) {
	g := b.graph
	values := tensor.New(b.batch)
	for i := range values.Data() {
		values.Data()[i] = float32((i * 5) % logits.Shape()[1])
	}
	labels := b.given("labels", values)
	loss := graph.Mean(graph.CrossEntropy(logits, labels))
	correct := graph.Sum(graph.Equal(graph.ArgMax(logits, 1), labels))
	b.outputs = []*graph.Node{loss, correct, logits}
	for i, d := range graph.Gradients(loss, b.params...) {
		p := b.params[i]
		name := p.Op().(graph.VariableOp).Variable.Name
		velocity := b.buffer(name+".velocity", 0, p.Shape()...)
		next := graph.Add(graph.Mul(velocity, g.Scalar(0.9)), d)
		g.Assign(velocity, next)
		g.Assign(p, graph.Sub(p, graph.Mul(next, g.Scalar(0.05))))
	}
}

// A network adds its logits for an input to a graph.
type network struct {
	name    string
	input   []int // C×H×W
	forward func(b *builder, x *graph.Node) *graph.Node
}

func testNetworks() []network {
	two := [2]int{2, 2}
	return []network{
		{"LeNet", []int{1, 14, 14}, func(b *builder, x *graph.Node) *graph.Node {
			x = graph.Sigmoid(b.conv(x, "c1", 6, 5, square(1, 2, 1), 1))
			x = graph.AvgPool2D(x, two, square(2, 0, 0), false, true)
			x = graph.Sigmoid(b.conv(x, "c2", 16, 5, square(1, 0, 1), 1))
			x = graph.Flatten(graph.AvgPool2D(x, two, graph.Window{}, false, true))
			x = graph.Sigmoid(b.linear(x, "l1", 20))
			x = graph.Tanh(b.linear(x, "l2", 12))
			return b.linear(x, "l3", 10)
		}},
		{"residual", []int{3, 9, 9}, func(b *builder, x *graph.Node) *graph.Node {
			x = graph.ReLU(b.batchNorm(b.conv(x, "stem", 8, 3, square(1, 1, 1), 1), "bn"))
			x = graph.MaxPool2D(x, [2]int{3, 3}, square(2, 1, 1), false)
			y := graph.ReLU(b.batchNorm(b.conv(x, "a", 8, 3, square(1, 1, 1), 1), "bn1"))
			y = b.batchNorm(b.conv(y, "b", 8, 3, square(1, 1, 1), 2), "bn2")
			x = graph.ReLU(graph.Add(y, x))
			y = b.conv(x, "c", 5, 1, square(1, 0, 1), 1)
			x = graph.Concat(1, x, graph.ReLU(y))
			return b.linear(graph.Mean(x, 2, 3), "fc", 10)
		}},
		{"inception", []int{3, 8, 8}, func(b *builder, x *graph.Node) *graph.Node {
			path1 := graph.ReLU(b.conv(x, "p1", 4, 1, square(1, 0, 1), 1))
			path2 := graph.ReLU(b.conv(graph.ReLU(b.conv(x, "p2a", 6, 1, square(1, 0, 1), 1)), "p2b", 9, 3, square(1, 1, 1), 1))
			path3 := graph.ReLU(b.conv(graph.MaxPool2D(x, [2]int{3, 3}, square(1, 1, 1), false), "p3", 3, 1, square(1, 0, 1), 1))
			x = graph.Concat(1, path1, path2, path3)
			x = graph.MaxPool2D(x, two, graph.Window{}, true)
			return graph.Flatten(graph.MeanKeep(b.conv(x, "head", 10, 1, square(1, 0, 1), 1), 2, 3))
		}},
		{"dropout", []int{2, 7, 7}, func(b *builder, x *graph.Node) *graph.Node {
			step := b.step()
			x = graph.ReLU(b.conv(x, "c1", 7, 3, square(1, 1, 1), 1))
			x = graph.Dropout(x, step, 0.3, 1)
			x = graph.ReLU(b.linear(graph.Flatten(x), "l1", 30))
			return b.linear(graph.Dropout(x, step, 0.5, 2), "l2", 10)
		}},
		{"inference statistics", []int{3, 6, 6}, func(b *builder, x *graph.Node) *graph.Node {
			x = graph.ReLU(b.batchNormInference(b.conv(x, "c1", 9, 3, square(1, 1, 1), 1), "bn1"))
			y := b.batchNormInference(b.conv(x, "c2", 9, 3, square(1, 1, 1), 9), "bn2")
			return b.linear(graph.Flatten(graph.ReLU(graph.Add(x, y))), "fc", 10)
		}},
		{"shared weights", []int{2, 6, 6}, func(b *builder, x *graph.Node) *graph.Node {
			w, bias := b.param("w", 0.3, 2, 2, 3, 3), b.param("b", 0.1, 2)
			for range 3 {
				x = graph.Tanh(graph.Conv2D(x, w, bias, square(1, 1, 1), 1))
			}
			return graph.LogSoftmax(b.linear(graph.Flatten(x), "fc", 10), 1)
		}},
		{"multilayer perceptron", []int{1, 5, 5}, func(b *builder, x *graph.Node) *graph.Node {
			x = graph.ReLU(b.batchNorm(b.linear(graph.Flatten(x), "l1", 17), "bn"))
			return b.linear(x, "l2", 10)
		}},
	}
}

// build makes the training step of a network for a batch size.
func (n network) build(s store, batch int) *problem {
	b := &builder{problem: &problem{graph: graph.New()}, store: s, batch: batch}
	r := rng.New(12, "enginetest "+n.name, uint64(batch))
	x := b.input(r, append([]int{batch}, n.input...)...)
	b.train(n.forward(b, x))
	return b.problem
}

// Networks is the part of [Run] that trains small networks: three steps of each, with
// graphs of several batch sizes in turn, which share the variables.
func Networks(t *testing.T, device engine.Device) {
	for _, n := range testNetworks() {
		t.Run(n.name, func(t *testing.T) {
			shared := store{}
			var problems []*problem
			var programs []engine.Program
			for _, batch := range []int{2, 5} {
				p := n.build(shared, batch)
				program, err := device.Compile(p.graph, p.outputs...)
				if err != nil {
					t.Fatal(err)
				}
				defer program.Close()
				problems, programs = append(problems, p), append(programs, program)
			}
			for step, k := range []int{0, 1, 0} {
				problems[k].step(t, programs[k], measured)
				if t.Failed() {
					t.Fatalf("in step %d", step)
				}
			}
		})
	}
}

// Allocs tests that running a program allocates nothing once it has run.
func Allocs(t *testing.T, device engine.Device) {
	for _, n := range testNetworks() {
		t.Run(n.name, func(t *testing.T) {
			p := n.build(store{}, 5)
			program, err := device.Compile(p.graph, p.outputs...)
			if err != nil {
				t.Fatal(err)
			}
			defer program.Close()
			outputs := p.results()
			run := func() {
				if err := program.Run(p.feeds, outputs); err != nil {
					t.Fatal(err)
				}
			}
			run()
			run()
			if allocs := testing.AllocsPerRun(20, run); allocs > 0 {
				t.Errorf("%v allocations in each run", allocs)
			}
		})
	}
}

// results makes tensors for the outputs.
func (p *problem) results() []*tensor.Tensor {
	out := make([]*tensor.Tensor, len(p.outputs))
	for i, n := range p.outputs {
		out[i] = tensor.New(n.Shape()...)
	}
	return out
}

// Determinism tests that training steps have the same bits for any number of
// threads. newDevice must return devices that really use that many.
func Determinism(t *testing.T, newDevice func(threads int) engine.Device) {
	nets := append(testNetworks(), network{"larger", []int{3, 24, 24}, func(b *builder, x *graph.Node) *graph.Node {
		x = graph.ReLU(b.batchNorm(b.conv(x, "c1", 32, 3, square(1, 1, 1), 1), "bn"))
		x = graph.MaxPool2D(x, [2]int{2, 2}, graph.Window{}, false)
		x = graph.ReLU(b.conv(x, "c2", 33, 3, square(1, 1, 1), 1))
		x = graph.AvgPool2D(x, [2]int{3, 3}, square(2, 1, 0), false, false)
		return b.linear(graph.ReLU(b.linear(graph.Flatten(x), "l1", 100)), "l2", 10)
	}})
	for _, n := range nets {
		t.Run(n.name, func(t *testing.T) {
			first := map[string]*tensor.Tensor{}
			for _, threads := range []int{1, 2, 3, 4} {
				for name, x := range train(t, newDevice(threads), n) {
					if threads == 1 {
						first[name] = x
					} else if !sameBits(x, first[name]) {
						t.Errorf("with %d threads %s differs from that with one", threads, name)
					}
				}
			}
		})
	}
}

// train runs three steps from the start and returns all outputs and
// variables.
func train(t *testing.T, device engine.Device, n network) map[string]*tensor.Tensor {
	t.Helper()
	s := store{}
	p := n.build(s, 37)
	program, err := device.Compile(p.graph, p.outputs...)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	results := map[string]*tensor.Tensor{}
	for step := range 3 {
		outputs := p.results()
		if err := program.Run(p.feeds, outputs); err != nil {
			t.Fatal(err)
		}
		for i, x := range outputs {
			results[fmt.Sprintf("output %d of step %d", i, step)] = x
		}
	}
	for name, v := range s {
		results[name] = v.Value
	}
	return results
}

func square(stride, pad, dilation int) graph.Window {
	return graph.Window{Stride: [2]int{stride, stride}, Pad: [2]int{pad, pad}, Dilation: [2]int{dilation, dilation}}
}
