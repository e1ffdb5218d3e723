package torchvision

import (
	"math"
	"strings"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
)

// A training step changes the loss, the weights and the running statistics as
// torchvision's.
func TestTrainingStep(t *testing.T) {
	for _, name := range networks() {
		g := readGolden(t, name)
		if g.Training == nil {
			continue
		}
		t.Run(name, func(t *testing.T) { testTrainingStep(t, name, g) })
	}
}

func testTrainingStep(t *testing.T, name string, g goldenFile) {
	m := formulaModel(t, name, g, g.Training.Size)
	shift(m)
	const batch = 4
	trace, err := m.TraceFrozen(batch, nn.Frozen{Layers: drops(t, m)})
	if err != nil {
		t.Fatal(err)
	}
	labels, err := tensor.FromSlice([]float32{7, 2, 5, 0}, batch)
	if err != nil {
		t.Fatal(err)
	}
	loss := graph.Mean(graph.CrossEntropy(trace.Output, trace.Graph.Constant(labels)))
	var parameters []*graph.Node
	for _, p := range m.Parameters() {
		parameters = append(parameters, trace.Graph.Variable(p))
	}
	optim.SGD{}.Update(trace.Graph, trace.Graph.Scalar(0.01), parameters, graph.Gradients(loss, parameters...), new(optim.State))
	program, err := device.Compile(trace.Graph, loss)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	images := tensor.New(batch, 3, g.Training.Size, g.Training.Size)
	fill("image", images)
	before := map[string]*tensor.Tensor{}
	for _, e := range m.State() {
		before[e.Name] = e.Tensor.Clone()
	}
	out := tensor.Scalar(0)
	for i, want := range g.Training.Losses {
		if err := program.Run(engine.Feeds{trace.Input: images}, []*tensor.Tensor{out}); err != nil {
			t.Fatal(err)
		}
		d := math.Abs(float64(out.At())-want) / want
		t.Logf("loss %d is off by %.1e", i, d)
		if !(d <= [2]float64{1e-5, 1e-4}[i]) {
			t.Errorf("loss %d is %v, want %v", i, out.At(), want)
		}
		if i == 0 {
			compareChanges(t, m, before, g.Training.Changes)
		}
	}
}

// shift adds 7 to the biases of batch normalizations; make_golden.py says why.
func shift(m *nn.Model) {
	names := map[string]bool{}
	for _, e := range m.State() {
		names[e.Name] = true
	}
	for _, v := range m.Parameters() {
		if path, ok := strings.CutSuffix(v.Name, "bias"); ok && names[path+"running_mean"] {
			for i := range v.Value.Data() {
				v.Value.Data()[i] += 7
			}
			v.Changed()
		}
	}
}

// drops tells which layers drop something at random.
func drops(t *testing.T, m *nn.Model) func(path string) bool {
	t.Helper()
	layers, err := m.Summary(1)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, l := range layers {
		found[l.Path] = l.Kind == "Dropout" || l.Kind == "StochasticDepth"
	}
	return func(path string) bool { return found[path] }
}

// compareChanges compares sums over all tensors of a kind. A tensor changes by at most
// half a unit in the last place more or less than it should.
func compareChanges(t *testing.T, m *nn.Model, before map[string]*tensor.Tensor, want map[string][2]float64) {
	t.Helper()
	type sums struct{ squares, product, values float64 }
	got := map[string]sums{}
	for _, e := range m.State() {
		change, s := before[e.Name], got[kindOf(e)]
		for i, v := range e.Tensor.Data() {
			change.Data()[i] = v - change.Data()[i]
			s.values += float64(v) * float64(v)
		}
		norm, product := projection("grad/"+e.Name, change)
		s.squares += norm * norm
		s.product += product
		got[kindOf(e)] = s
	}
	if len(got) != len(want) {
		t.Errorf("changes of %d kinds of tensors, want %d", len(got), len(want))
	}
	for kind, w := range want {
		s := got[kind]
		norm := math.Sqrt(s.squares)
		d := max(math.Abs(norm-w[0]), math.Abs(s.product-w[1]))
		tolerance := 5e-5*w[0] + 0x1p-24*math.Sqrt(s.values)
		t.Logf("%s: off by %.1e of the norm, %.2f of the tolerance", kind, d/w[0], d/tolerance)
		if !(d <= tolerance) {
			t.Errorf("the change of %s has norm %v and projection %v, want %v", kind, norm, s.product, w)
		}
	}
}

// kindOf is the kind of a tensor in make_golden.py.
func kindOf(e tensor.Named) string {
	for _, suffix := range []string{"running_mean", "running_var", "bias"} {
		if strings.HasSuffix(e.Name, suffix) {
			return suffix
		}
	}
	if len(e.Tensor.Shape()) < 2 || strings.HasSuffix(e.Name, "layer_scale") {
		return "scale"
	}
	return "weight"
}
