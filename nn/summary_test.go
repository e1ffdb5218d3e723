package nn_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

func TestSummary(t *testing.T) {
	shared := nn.Linear(4)
	for _, test := range []struct {
		name  string
		net   nn.Layer
		input []int
		want  string
	}{
		{"plain", nn.Sequential(
			nn.Conv2D(6, 5).Pad(2), nn.ReLU(), nn.MaxPool2D(3).Stride(2),
			nn.Conv2D(8, 3).Dilation(2).Groups(2).NoBias(), nn.BatchNorm(), nn.Dropout(0.5),
			nn.GlobalAvgPool2D(), nn.Flatten(), nn.Linear(10), nn.Softmax(),
		), []int{1, 20, 20}, `
0 Conv2D 2×6×20×20 156 60000 5
1 ReLU 2×6×20×20 0 0 5
2 MaxPool2D 2×6×9×9 0 0 7
3 Conv2D 2×8×5×5 216 5400 15
4 BatchNorm 2×8×5×5 16 0 15
5 Dropout 2×8×5×5 0 0 15
6 GlobalAvgPool2D 2×8×1×1 0 0 23
7 Flatten 2×8 0 0 0
8 Linear 2×10 90 80 0
9 Softmax 2×10 0 0 0`},
		{"residual block", nn.Sequential(newResidual(2, 2)), []int{1, 8, 8}, `
0.conv1 Conv2D 2×2×4×4 20 288 3
0.bn1 BatchNorm 2×2×4×4 4 0 3
0 ReLU 2×2×4×4 0 0 3
0.conv2 Conv2D 2×2×4×4 18 288 11
0.bn2 BatchNorm 2×2×4×4 4 0 11
0.shortcut Conv2D 2×2×4×4 4 32 1
0 Add 2×2×4×4 0 0 11
0 ReLU 2×2×4×4 0 0 11`},
		{"shared", nn.Sequential(shared, shared, nn.Func("Double", func(x *graph.Node) *graph.Node {
			return nn.ReLU().Forward(graph.Add(x, x))
		})), []int{4}, `
0 Linear 2×4 20 16 0
0 Linear 2×4 0 16 0
2 Double 2×4 0 0 0`},
		{"rectangular", nn.Conv2D(1, 1).Kernel(1, 7), []int{1, 8, 8}, `
 Conv2D 2×1×8×2 8 112 7`},
	} {
		t.Run(test.name, func(t *testing.T) {
			infos, err := model(t, test.net, test.input...).Summary(2)
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			for _, i := range infos {
				fmt.Fprintf(&b, "\n%s %s %v %d %d %d", i.Path, i.Kind, i.Output, i.Parameters, i.MultiplyAdds, i.ReceptiveField)
			}
			if b.String() != test.want {
				t.Errorf("got%s\nwant%s", b.String(), test.want)
			}
		})
	}
	if _, err := model(t, nn.ReLU(), 1).Summary(0); err == nil {
		t.Error("no error for batch 0")
	}
}

func TestLayerInfoJSON(t *testing.T) {
	infos, err := model(t, nn.Sequential(nn.Linear(2)), 3).Summary(1)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(infos)
	want := `[{"path":"0","kind":"Linear","output":[1,2],"parameters":8,"multiply_adds":6,"receptive_field":0}]`
	if err != nil || string(b) != want {
		t.Errorf("got %s, %v", b, err)
	}
}

// Rows are the rows of Summary with their nodes, which together are all that compute something.
func TestRows(t *testing.T) {
	model, err := nn.New(nn.Sequential(nn.Conv2D(3, 3), nn.ReLU(), nn.Dropout(0.5), nn.Func("Twice", func(x *graph.Node) *graph.Node { return graph.Add(x, graph.Neg(x)) })),
		tensor.Shape{1, 6, 6}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	infos, err := model.Summary(2)
	if err != nil {
		t.Fatal(err)
	}
	trace, err := model.Trace(2, nn.Eval)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[*graph.Node]bool{}
	for i, r := range trace.Rows() {
		if !reflect.DeepEqual(r.LayerInfo, infos[i]) || r.Operator || !r.Node.Shape().Equal(r.Output) {
			t.Errorf("row %d is %+v, summary %+v", i, r, infos[i])
		}
		if (len(r.Nodes) == 0) != (r.Kind == "Dropout") {
			t.Errorf("%s has %d nodes", r.Kind, len(r.Nodes))
		}
		for _, n := range r.Nodes {
			seen[n] = true
		}
	}
	for _, n := range trace.Graph.Nodes() {
		if len(n.Inputs()) > 0 && !seen[n] {
			t.Errorf("%v is in no row", n)
		}
	}
}
