package nn_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// affine multiplies by a parameter, adds another and counts its runs.
type affine struct {
	Gamma, Beta *nn.Param
	Runs        *nn.Param
}

func (a *affine) Forward(x *graph.Node) *graph.Node {
	a.Runs.Update(x, func(old *graph.Node) *graph.Node { return graph.Add(old, x.Graph().Scalar(1)) })
	return graph.Add(graph.Mul(x, a.Gamma.Value(x)), a.Beta.Value(x))
}

func newAffine() *affine {
	return &affine{Gamma: nn.Parameter(3).Init(nn.Constant(2)), Beta: nn.Parameter(1, 3), Runs: nn.Buffer(1)}
}

func TestParameter(t *testing.T) {
	a := newAffine()
	m := model(t, nn.Sequential(a, a, nn.Linear(2)), 3) // used twice: shared, and counted twice
	want := []string{"0.gamma", "0.beta", "0.runs", "2.weight", "2.bias"}
	if got := names(m); !slices.Equal(got, want) {
		t.Errorf("names %v, want %v", got, want)
	}
	if n := len(m.Parameters()); n != 4 {
		t.Errorf("%d parameters", n)
	}
	x := tensor.Full(1, 1, 3)
	for _, test := range []struct {
		mode nn.Mode
		runs float32
	}{{nn.Train, 2}, {nn.Eval, 2}, {nn.Train, 4}} {
		trace, err := m.Trace(1, test.mode)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := engine.Run(reference.New(), engine.Feeds{trace.Input: x}, trace.Output); err != nil {
			t.Fatal(err)
		}
		if got := a.runs(m); got != test.runs {
			t.Errorf("after a run in %v mode the count is %v, want %v", test.mode, got, test.runs)
		}
	}
	if _, err := nn.New(&affine{Gamma: nn.Parameter(0), Beta: nn.Parameter(3), Runs: nn.Buffer()}, tensor.Shape{3}, nn.Options{}); err == nil ||
		!strings.Contains(err.Error(), "sizes must be at least 1, got [0]") {
		t.Errorf("error %v", err)
	}
	for _, i := range []nn.Initializer{nn.HeUniform(), nn.XavierNormal()} {
		a := newAffine()
		a.Gamma.Init(i)
		if v := model(t, a, 3).Parameters()[0].Value.Data(); v[0] == v[1] {
			t.Errorf("%v drew %v", i, v)
		}
	}
}

func (a *affine) runs(m *nn.Model) float32 { return m.Buffers()[0].Value.Data()[0] }

func TestSequentialNames(t *testing.T) {
	net := nn.Sequential(nn.Conv2D(2, 1)).Add("norm", nn.BatchNorm()).Append(nn.ReLU(), nn.Conv2D(3, 1).NoBias())
	m := model(t, net, 3, 2, 2)
	want := []string{"0.weight", "0.bias", "norm.weight", "norm.bias", "norm.running_mean", "norm.running_var", "3.weight"}
	if got := names(m); !slices.Equal(got, want) {
		t.Errorf("names %v, want %v", got, want)
	}
	for _, name := range []string{"", "a.b", "a b", "0"} {
		_, err := nn.New(nn.Sequential(nn.ReLU()).Add(name, nn.Linear(2)), tensor.Shape{3}, nn.Options{})
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q of the Sequential", name)) {
			t.Errorf("name %q: error %v", name, err)
		}
	}
}

func TestPoolLayers(t *testing.T) {
	for _, test := range []struct {
		net  nn.Layer
		want tensor.Shape
	}{
		{nn.AdaptiveAvgPool2D(3, 5), tensor.Shape{1, 2, 3, 5}},
		{nn.AdaptiveAvgPool2D(1, 1), tensor.Shape{1, 2, 1, 1}},
		{nn.MaxPool2D(3).Stride(1).Dilation(2), tensor.Shape{1, 2, 6, 6}},
	} {
		trace, err := model(t, test.net, 2, 10, 10).Trace(1, nn.Eval)
		if err != nil {
			t.Fatal(err)
		}
		if got := trace.Output.Shape(); !got.Equal(test.want) {
			t.Errorf("%v, want %v", got, test.want)
		}
	}
	if _, err := nn.New(nn.AdaptiveAvgPool2D(0, 2), tensor.Shape{2, 10, 10}, nn.Options{}); err == nil ||
		!strings.Contains(err.Error(), "AdaptiveAvgPool2D to 0×2") || !strings.Contains(err.Error(), "at least 1×1") {
		t.Errorf("error %v", err)
	}
	infos, err := model(t, nn.Sequential(nn.Conv2D(2, 3), nn.AdaptiveAvgPool2D(3, 3)), 2, 10, 10).Summary(1)
	if err != nil {
		t.Fatal(err)
	}
	if got := infos[1].ReceptiveField; got != 6 { // regions of 4 of the 8 rows, of 3 each
		t.Errorf("receptive field %d, want 6", got)
	}
}

// renamed knows its weights by older names too.
type renamed struct{ *nn.SequentialLayer }

func (renamed) StateName(name string) string {
	if strings.HasPrefix(name, "extra.") {
		return ""
	}
	return strings.Replace(name, "old", "0", 1)
}

// What does not fit is said, and only a difference in the number of classes has
// a hint.
func TestLoadStateOfOthers(t *testing.T) {
	net := func(classes int) *nn.SequentialLayer {
		return nn.Sequential(nn.Linear(4), nn.BatchNorm(), nn.Linear(classes))
	}
	state := append(model(t, net(3), 5).State(), tensor.Named{Name: "1.num_batches_tracked", Tensor: tensor.Scalar(7)})
	hint := "(only 2 differs: the weights are for 3 classes, the network has 10; a network made with 3 classes can load them)"
	for _, test := range []struct {
		name string
		net  nn.Layer
		want string
		hint bool
	}{
		{"classes", net(10), "wrong shape: 2.bias is 3, want 10, 2.weight is 3×4, want 10×4 " + hint, true},
		{"another layer", nn.Sequential(nn.Linear(6), nn.BatchNorm(), nn.Linear(3)), "wrong shape: 0.bias is 4, want 6, ", false},
		{"missing", nn.Sequential(nn.Linear(4), nn.BatchNorm(), nn.Linear(10), nn.Linear(2)), "missing: 3.bias, 3.weight; wrong shape: 2.bias", false},
		{"unexpected", nn.Sequential(nn.Linear(4)), "unexpected: 1.bias, 1.num_batches_tracked, ", false},
	} {
		err := model(t, test.net, 5).LoadState(state)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "classes can") != test.hint {
			t.Errorf("%s: error %v", test.name, err)
		}
	}
}

func TestStateNamer(t *testing.T) {
	old := model(t, nn.Sequential().Add("old", nn.Linear(2)).Add("extra", nn.Linear(3)), 5)
	today := model(t, renamed{nn.Sequential(nn.Linear(2))}, 5)
	if err := today.LoadState(old.State()); err != nil {
		t.Fatal(err)
	}
	if !today.State()[0].Tensor.Equal(old.State()[0].Tensor) {
		t.Error("the weight was not loaded")
	}
	twice := append(old.State(), tensor.Named{Name: "0.bias", Tensor: tensor.New(2)})
	if err := today.LoadState(twice); err == nil || !strings.Contains(err.Error(), "given twice: 0.bias") {
		t.Errorf("error %v", err)
	}
}

func TestParam(t *testing.T) {
	m := model(t, nn.Sequential(nn.Linear(3), nn.BatchNorm(), newAffine()), 5)
	for name, shape := range map[string]tensor.Shape{
		"0.weight": {3, 5}, "1.running_var": {3}, "2.gamma": {3}, "2.runs": {1},
	} {
		v, err := m.Param(name)
		if err != nil {
			t.Fatal(err)
		}
		if v.Name != name || !v.Value.HasShape(shape) {
			t.Errorf("%s is %s of shape %v", name, v.Name, v.Value.Shape())
		}
	}
	v, err := m.Param("0.bias")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(m.Parameters(), v) {
		t.Error("Param returns another variable than Parameters")
	}
	for name, want := range map[string]string{
		"2.gama":  `nn: there is no parameter or buffer "2.gama": did you mean "2.gamma"?`,
		"weights": `"weights": there are 0.bias, 0.weight, 1.bias, 1.running_mean, 1.running_var, 1.weight and 3 more`,
		"":        `there are 0.bias, `,
	} {
		if _, err := m.Param(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %s", name, err, want)
		}
	}
	if _, err := model(t, nn.ReLU(), 2).Param("weight"); err == nil || !strings.Contains(err.Error(), "the network has none") {
		t.Errorf("error %v", err)
	}
}

func ExampleParameter() {
	// type affine struct{ Gamma, Beta, Runs *nn.Param }, whose Forward is
	// graph.Add(graph.Mul(x, a.Gamma.Value(x)), a.Beta.Value(x)).
	m, err := nn.New(newAffine(), tensor.Shape{3}, nn.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range m.Parameters() {
		fmt.Println(p.Name, p.Value.Data())
	}
	// Output:
	// gamma [2 2 2]
	// beta [0 0 0]
}
