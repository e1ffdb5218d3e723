package zoo_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

func TestGet(t *testing.T) {
	for _, name := range zoo.Names() {
		s, err := zoo.Get(strings.ToUpper(name))
		if err != nil {
			t.Fatal(err)
		}
		if s.Name != name || s.Title == "" || s.Doc == "" || s.Classes != 10 || s.Init == nil || s.Batch < 1 || s.LearningRate <= 0 || s.Epochs < 1 ||
			s.Sample.Batch < 1 || s.Sample.LearningRate <= 0 || s.Sample.Epochs < 1 {
			t.Errorf("%s is incomplete: %+v", name, s)
		}
	}
	if !slices.Contains(zoo.Names(), "lenet") {
		t.Errorf("names %v", zoo.Names())
	}
	for _, test := range []struct{ name, want string }{
		{"lennet", `unknown network "lennet": did you mean "lenet"?`},
		{"LeNet-5", `did you mean "lenet"?`},
		{"lenetbn", `did you mean "lenet-bn"?`},
		{"transformer", `unknown network "transformer" (known: ` + strings.Join(zoo.Names(), ", ") + ")"},
		{"", `unknown network "" (known: `},
	} {
		if _, err := zoo.Get(test.name); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: error %v, want %s", test.name, err, test.want)
		}
	}
}

func TestLeNetState(t *testing.T) {
	s, err := zoo.Get("lenet")
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.Model(0)
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		name  string
		bound float64 // Xavier's for weights, PyTorch's for biases
		shape tensor.Shape
	}{
		{"0.weight", math.Sqrt(6.0 / (25 + 150)), tensor.Shape{6, 1, 5, 5}}, {"0.bias", 1.0 / 5, tensor.Shape{6}},
		{"3.weight", math.Sqrt(6.0 / (150 + 400)), tensor.Shape{16, 6, 5, 5}}, {"3.bias", 1 / math.Sqrt(150), tensor.Shape{16}},
		{"7.weight", math.Sqrt(6.0 / (400 + 120)), tensor.Shape{120, 400}}, {"7.bias", 1.0 / 20, tensor.Shape{120}},
		{"9.weight", math.Sqrt(6.0 / (120 + 84)), tensor.Shape{84, 120}}, {"9.bias", 1 / math.Sqrt(120), tensor.Shape{84}},
		{"11.weight", math.Sqrt(6.0 / (84 + 10)), tensor.Shape{10, 84}}, {"11.bias", 1 / math.Sqrt(84), tensor.Shape{10}},
	}
	state := m.State()
	if len(state) != len(want) {
		t.Fatalf("%d entries, want %d", len(state), len(want))
	}
	for i, w := range want {
		e := state[i]
		if e.Name != w.name || !e.Tensor.Shape().Equal(w.shape) {
			t.Errorf("entry %d is %s %v, want %s %v", i, e.Name, e.Tensor.Shape(), w.name, w.shape)
		}
		most := 0.0
		for _, v := range e.Tensor.Data() {
			most = max(most, math.Abs(float64(v)))
		}
		if most > w.bound*(1+1e-6) || most < 0.6*w.bound {
			t.Errorf("%s reaches %v, its bound is %v", w.name, most, w.bound)
		}
	}
}
