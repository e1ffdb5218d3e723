package lower

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

var update = flag.Bool("update", false, "write the golden files of testdata")

// A step is a training step of a small network: a convolution, batch normalization, max
// pooling, dropout, a linear layer and a loss; SGD updates the weights.
type step struct {
	graph               *graph.Graph
	x, labels, dropped  *graph.Node
	loss                *graph.Node
	weight, gamma, beta *graph.Node
	linear              *graph.Node
}

func newStep() *step {
	s := &step{graph: graph.New()}
	g := s.graph
	variable := func(name string, shape ...int) *graph.Node {
		return g.Variable(&graph.Variable{Name: name, Value: tensor.New(shape...), Trainable: true})
	}
	s.x, s.labels = g.Input("images", 4, 1, 8, 8), g.Input("labels", 4)
	s.dropped = variable("step", 2)
	s.weight, s.gamma, s.beta = variable("conv", 2, 1, 3, 3), variable("gamma", 2), variable("beta", 2)
	s.linear = variable("linear", 3, 18)

	y := graph.Conv2D(s.x, s.weight, nil, graph.Window{}, 1)
	y = graph.ReLU(graph.BatchNorm(y, graph.BatchStats(y), s.gamma, s.beta, 1e-5))
	y = graph.MaxPool2D(y, [2]int{2, 2}, graph.Window{}, false)
	y = graph.Dropout(graph.Flatten(y), s.dropped, 0.5, 7)
	s.loss = graph.Mean(graph.CrossEntropy(graph.Linear(y, s.linear, nil), s.labels))
	weights := []*graph.Node{s.weight, s.gamma, s.beta, s.linear}
	for i, d := range graph.Gradients(s.loss, weights...) {
		g.Assign(weights[i], graph.Sub(weights[i], graph.Mul(d, g.Scalar(0.1))))
	}
	return s
}

func (s *step) lower(t *testing.T, o Options) *Module {
	t.Helper()
	m, err := Lower(s.graph, []*graph.Node{s.loss}, o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The text of a training step in each kind of math, and on two devices. go test -update
// writes it.
func TestText(t *testing.T) {
	for name, o := range map[string]Options{
		"step":      {},
		"step.bf16": {Math: BF16, Partitions: 2},
	} {
		m := newStep().lower(t, o)
		if again := newStep().lower(t, o); m.Text != again.Text {
			t.Errorf("%s: two texts of equal graphs differ", name)
		}
		path := filepath.Join("testdata", name+".mlir")
		if *update {
			if err := os.WriteFile(path, []byte(m.Text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got, wanted := strings.Split(m.Text, "\n"), strings.Split(string(want), "\n")
		for i := range max(len(got), len(wanted)) {
			if i >= len(got) || i >= len(wanted) || got[i] != wanted[i] {
				t.Errorf("%s differs from line %d on: go test -update shows how", path, i+1)
				break
			}
		}
	}
}

// Arguments and results are in the promised order, and know of each other.
func TestModule(t *testing.T) {
	s := newStep()
	m := s.lower(t, Options{Partitions: 2})
	wanted := []*graph.Node{s.x, s.labels, s.dropped, s.weight, s.gamma, s.beta, s.linear}
	var got []*graph.Node
	for i, a := range m.Arguments {
		got = append(got, a.Node)
		if split := a.Node == s.x || a.Node == s.labels; a.Split != split {
			t.Errorf("argument %v: split %v", a.Node, a.Split)
		}
		if a.Result >= 0 && m.Results[a.Result].Argument != i {
			t.Errorf("argument %d gives its memory to result %d, which has that of %d", i, a.Result, m.Results[a.Result].Argument)
		}
	}
	if !slices.Equal(got, wanted) {
		t.Errorf("arguments %v, want %v", got, wanted)
	}
	if len(m.Results) != 5 || m.Results[0].Node != s.loss || m.Results[0].Argument != -1 {
		t.Errorf("results %v", m.Results)
	}
	for i, v := range []*graph.Node{s.weight, s.gamma, s.beta, s.linear} {
		if r := m.Results[1+i]; r.Variable != v || r.Argument != 3+i || m.Arguments[3+i].Result != 1+i {
			t.Errorf("result %d: %v", 1+i, r)
		}
	}
	if !strings.Contains(m.Text, `%arg0: tensor<4x1x8x8xf32> {mhlo.sharding = "{devices=[2,1,1,1]<=[2]}"}`) {
		t.Error("the images are not split over two devices")
	}
	if !strings.Contains(m.Text, `%arg3: tensor<2x1x3x3xf32> {mhlo.sharding = "{replicated}", tf.aliasing_output = 1 : i32}`) {
		t.Error("the weight is not updated in place on each device")
	}
}

// Constants are part of the text, but for large ones that are not uniform.
func TestLargeConstants(t *testing.T) {
	g := graph.New()
	ramp := func(n int) *graph.Node {
		c := tensor.New(n)
		for i := range c.Data() {
			c.Data()[i] = float32(i)
		}
		return g.Constant(c)
	}
	small, large, uniform := ramp(LargeConstant-1), ramp(LargeConstant), g.Constant(tensor.Full(3, 1<<20))
	x := g.Input("unused", 5)
	m, err := Lower(g, []*graph.Node{small, large, uniform}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Arguments) != 1 || m.Arguments[0].Node != large || m.Arguments[0].Result != -1 {
		t.Errorf("arguments %v, want the large constant and not %v", m.Arguments, x)
	}
	if n := len(m.Text); n > 10*LargeConstant {
		t.Errorf("%d bytes of text", n)
	}
}

// Mixed precision keeps what lies between products as bfloat16, and no scores, statistics
// and weights.
func TestActivations(t *testing.T) {
	s := newStep()
	half := activations((&Module{Results: newStepResults(s)}).needed(s.graph))
	kinds := map[string]bool{}
	for n := range half {
		if half[n] {
			kinds[n.Op().Kind()] = true
		}
	}
	for _, kind := range []string{"Conv2D", "BatchNorm", "ReLU", "MaxPool2D", "Dropout", "MatMul", "ReLUGrad", "MaxPool2DGrad", "BatchNormInputGrad"} {
		if !kinds[kind] {
			t.Errorf("%s is kept in float32", kind)
		}
	}
	for n := range half {
		switch n.Op().(type) {
		case graph.VariableOp, graph.BatchStatsOp, graph.BatchNormParamGradOp, graph.Conv2DWeightGradOp, graph.CrossEntropyGradOp:
			t.Errorf("%v may be kept in bfloat16", n)
		}
		if half[n] && (n.Shape().Equal(tensor.Shape{4, 3}) || n.Shape().Equal(s.linear.Shape())) {
			t.Errorf("%v, scores or the derivative of a weight, is kept in bfloat16", n)
		}
	}
}

func newStepResults(s *step) []Result {
	results := []Result{{Node: s.loss}}
	for _, a := range s.graph.Assignments() {
		results = append(results, Result{Node: a.Value})
	}
	return results
}

func TestErrors(t *testing.T) {
	g := graph.New()
	for _, outputs := range [][]*graph.Node{{nil}, {graph.New().Scalar(1)}} {
		if _, err := Lower(g, outputs, Options{}); err == nil {
			t.Errorf("no error for output %v", outputs[0])
		}
	}
}
