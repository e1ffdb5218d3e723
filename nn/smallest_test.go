package nn_test

import (
	"strings"
	"testing"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

func TestSmallestInput(t *testing.T) {
	lenet := nn.Sequential(
		nn.Conv2D(6, 5), nn.BatchNorm(), nn.AvgPool2D(2), nn.Conv2D(16, 5), nn.AvgPool2D(2), nn.Flatten(), nn.Linear(10))
	shared := nn.Linear(4)
	const hint = "; the smallest input that works is "
	for _, test := range []struct {
		name  string
		net   nn.Layer
		input tensor.Shape
		want  string // after hint; "" for no hint
	}{
		{"lenet", lenet, tensor.Shape{3, 15, 15}, "3×16×16"},
		{"one side", lenet, tensor.Shape{1, 100, 12}, "1×16×16"},
		{"kernel", nn.Conv2D(1, 7).Dilation(3), tensor.Shape{1, 18, 18}, "1×19×19"},
		{"beyond the search", nn.Conv2D(1, 600), tensor.Shape{1, 28, 28}, ""},
		{"another mistake", nn.Sequential(nn.Conv2D(4, 3), nn.Linear(2)), tensor.Shape{1, 8, 8}, ""},
		{"channels", nn.Conv2D(4, 3).Groups(2), tensor.Shape{3, 2, 2}, ""},
		{"no image", nn.Conv2D(4, 3), tensor.Shape{5}, ""},
		{"shared layer", nn.Sequential(nn.Conv2D(1, 3), nn.Flatten(), shared, nn.Linear(5), shared), tensor.Shape{1, 2, 2}, ""},
		{"only some sizes", nn.Func("Rows", func(x *graph.Node) *graph.Node {
			return graph.Reshape(x, 1, -1, 64)
		}), tensor.Shape{1, 4, 4}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := nn.New(test.net, test.input, nn.Options{})
			if err == nil {
				t.Fatal("no error")
			}
			before, after, _ := strings.Cut(err.Error(), hint)
			if after != test.want || before == "" {
				t.Errorf("error %q, want the hint %q", err, test.want)
			}
			if test.want == "" {
				return
			}
			side := 0
			for _, d := range after[len("1×"):] {
				if d < '0' || d > '9' {
					break
				}
				side = side*10 + int(d-'0')
			}
			if _, err := nn.New(test.net, tensor.Shape{test.input[0], side, side}, nn.Options{}); err != nil {
				t.Errorf("the hint does not work: %v", err)
			}
		})
	}
}

// StateShapes are those of the model, also of one that no memory would hold.
func TestStateShapes(t *testing.T) {
	net := nn.Sequential(nn.Conv2D(6, 5), nn.BatchNorm(), nn.Flatten(), nn.Linear(10))
	shapes, err := nn.StateShapes(net, tensor.Shape{3, 16, 16})
	if err != nil {
		t.Fatal(err)
	}
	model, err := nn.New(net, tensor.Shape{3, 16, 16}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(shapes) != len(model.State()) {
		t.Errorf("%d shapes of %d variables", len(shapes), len(model.State()))
	}
	for _, e := range model.State() {
		if !shapes[e.Name].Equal(e.Tensor.Shape()) {
			t.Errorf("%s is %v, want %v", e.Name, shapes[e.Name], e.Tensor.Shape())
		}
	}
	shapes, err = nn.StateShapes(nn.Sequential(nn.Flatten(), nn.Linear(1<<20)), tensor.Shape{1, 1 << 10, 1 << 10})
	if err != nil || !shapes["1.weight"].Equal(tensor.Shape{1 << 20, 1 << 20}) {
		t.Errorf("%v, %v", shapes, err)
	}
	for _, test := range []struct {
		net   nn.Layer
		input tensor.Shape
		want  string
	}{
		{nil, tensor.Shape{1}, "no network"},
		{net, tensor.Shape{}, "input shape"},
		{net, tensor.Shape{1, 4, 4}, "the smallest input that works is 1×5×5"},
	} {
		if _, err := nn.StateShapes(test.net, test.input); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want %q", err, test.want)
		}
	}
}

// The inputs of a residual block's rows: both paths begin at its input, the shortcut with a convolution.
func TestRowInputs(t *testing.T) {
	trace, err := nn.Outline(nn.Sequential(nn.Conv2D(2, 3), newResidual(2, 1)), tensor.Shape{1, 8, 8}, 1)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[int]string{-1: "input"}
	var got []string
	for i, r := range trace.Rows() {
		kinds[i] = r.Kind
		for _, from := range r.Inputs {
			got = append(got, kinds[from]+" → "+r.Kind)
		}
	}
	want := "input → Conv2D, Conv2D → Conv2D, Conv2D → BatchNorm, BatchNorm → ReLU, ReLU → Conv2D, Conv2D → BatchNorm, Conv2D → Conv2D, BatchNorm → Add, Conv2D → Add, Add → ReLU"
	if list := strings.Join(got, ", "); list != want {
		t.Errorf("got  %s\nwant %s", list, want)
	}
}
