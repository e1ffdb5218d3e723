package efficientnetlite

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
)

// goldenFile is what testdata/make_golden.py writes for a network.
type goldenFile struct {
	Parameters int
	Runs       []struct {
		Size   int
		Logits []float64
	}
	State    []stateEntry
	Training struct {
		Size          int
		EvalLoss      float64      `json:"eval_loss"`
		EvalGradients [][2]float64 `json:"eval_gradients"` // norm and projection
		Gradients     [][2]float64
		Losses        []float64
		Changes       [][2]float64
	}
}

// stateEntry is a name and a shape, in JSON a list of the two.
type stateEntry struct {
	name  string
	shape tensor.Shape
}

func (s *stateEntry) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, &[]any{&s.name, &s.shape})
}

func readGolden(t *testing.T, number int) (g goldenFile) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("testdata/lite%d.json", number))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

func keyOf(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	return h.Sum64()
}

// uniformAt returns number i, from −1 to 1, of the stream of a key: splitmix64
// of a counter. make_golden.py has the same.
func uniformAt(key uint64, i int) float64 {
	z := key + uint64(i+1)*0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	z ^= z >> 31
	return float64(z>>40)/(1<<23) - 1
}

// fill sets the tensor of a name as make_golden.py does.
func fill(name string, x *tensor.Tensor) {
	offset, scale := 0.0, 0.1
	shape := x.Shape()
	switch {
	case name == "image":
		scale = 1
	case len(shape) >= 2:
		scale = math.Sqrt(6 / float64(shape[1:].Size()))
	case strings.HasSuffix(name, "running_var"):
		offset, scale = 1, 0.5
	case strings.HasSuffix(name, ".weight"):
		offset, scale = 1, 0.2
	}
	key := keyOf(name)
	for i := range x.Data() {
		x.Data()[i] = float32(offset + float64(scale*uniformAt(key, i)))
	}
}

// projection returns the norm of x and its product with the stream of a name.
func projection(name string, x *tensor.Tensor) (norm, product float64) {
	key := keyOf("grad/" + name)
	for i, v := range x.Data() {
		norm += float64(v) * float64(v)
		product += float64(v) * uniformAt(key, i)
	}
	return math.Sqrt(norm), product
}

// device is the engine under test, strict the one without Winograd
// convolutions. Results do not depend on the number of threads.
var (
	device = cpu.New(cpu.Options{Threads: 2})
	strict = cpu.New(cpu.Options{Threads: 2, Strict: true})
)

func newModel(t *testing.T, number, classes, size int) *nn.Model {
	t.Helper()
	net := New(number, classes).(*network)
	net.drop = nn.Dropout(0) // as in the golden files
	m, err := nn.New(net, tensor.Shape{3, size, size}, nn.Options{Init: nn.Constant(0)})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// formulaModel has the weights of make_golden.py.
func formulaModel(t *testing.T, number, size int) *nn.Model {
	t.Helper()
	m := newModel(t, number, 10, size)
	for _, v := range slices.Concat(m.Parameters(), m.Buffers()) {
		fill(v.Name, v.Value)
		v.Changed()
	}
	return m
}

func images(count, size int) *tensor.Tensor {
	x := tensor.New(count, 3, size, size)
	fill("image", x)
	return x
}

// Names, shapes and their order are those of timm's state dicts.
func TestState(t *testing.T) {
	for number := range variants {
		g := readGolden(t, number)
		m := newModel(t, number, 1000, 32)
		state := m.State()
		if len(state) != len(g.State) {
			t.Fatalf("Lite%d: %d entries, timm has %d", number, len(state), len(g.State))
		}
		for i, got := range state {
			want := g.State[i]
			if got.Name != want.name || !got.Tensor.Shape().Equal(want.shape) {
				t.Fatalf("Lite%d: entry %d is %s %v, timm has %s %v", number, i, got.Name, got.Tensor.Shape(), want.name, want.shape)
			}
		}
		parameters := 0
		for _, v := range m.Parameters() {
			parameters += v.Value.Size()
		}
		if parameters != g.Parameters {
			t.Errorf("Lite%d: %d parameters, timm has %d", number, parameters, g.Parameters)
		}
	}
}

// The logits of an image are timm's.
func TestLogits(t *testing.T) {
	for number := range variants {
		for _, r := range readGolden(t, number).Runs {
			logits, err := formulaModel(t, number, r.Size).Predict(device, images(1, r.Size))
			if err != nil {
				t.Fatal(err)
			}
			largest, worst := 0.0, 0.0
			for i, v := range logits.Data() {
				largest = max(largest, math.Abs(r.Logits[i]))
				worst = max(worst, math.Abs(float64(v)-r.Logits[i]))
			}
			t.Logf("Lite%d at %d: largest difference %.1e of the largest logit", number, r.Size, worst/largest)
			if !(worst <= 2e-5*largest) {
				t.Errorf("Lite%d at %d: logits %v, timm has %v", number, r.Size, logits.Data(), r.Logits)
			}
		}
	}
}

// compare compares norms and projections with the golden ones. The tolerance is
// for a norm of 1, and small norms are held to a tenth of the median's: many
// gradients are exactly 0, as those of a bias before a batch normalization.
func compare(t *testing.T, what string, names []string, values []*tensor.Tensor, want [][2]float64, tolerance float64) {
	t.Helper()
	norms := make([]float64, len(want))
	for i, w := range want {
		norms[i] = w[0]
	}
	slices.Sort(norms)
	least := norms[len(norms)/2] / 10
	worst := 0.0
	for i, name := range names {
		norm, product := projection(name, values[i])
		d := max(math.Abs(norm-want[i][0]), math.Abs(product-want[i][1])) / max(want[i][0], least)
		if worst = max(worst, d); !(d <= tolerance) {
			t.Errorf("%s of %s has norm %v and projection %v, want %v", what, name, norm, product, want[i])
		}
	}
	t.Logf("%s: largest difference %.1e of a norm", what, worst)
}

// lossOf traces the network and its loss for the golden files' classes.
func lossOf(t *testing.T, m *nn.Model, mode nn.Mode) (*nn.Trace, *graph.Node, []*graph.Node) {
	t.Helper()
	trace, err := m.Trace(2, mode)
	if err != nil {
		t.Fatal(err)
	}
	target, err := tensor.FromSlice([]float32{7, 2}, 2)
	if err != nil {
		t.Fatal(err)
	}
	loss := graph.Mean(graph.CrossEntropy(trace.Output, trace.Graph.Constant(target)))
	var wrt []*graph.Node
	for _, p := range m.Parameters() {
		wrt = append(wrt, trace.Graph.Variable(p))
	}
	return trace, loss, wrt
}

// shift adds 3 to the biases of batch normalizations; make_golden.py says why.
func shift(m *nn.Model) {
	for _, v := range m.Parameters() {
		if strings.Contains(v.Name, "bn") && strings.HasSuffix(v.Name, ".bias") {
			for i := range v.Value.Data() {
				v.Value.Data()[i] += 3
			}
			v.Changed()
		}
	}
}

// The loss and the gradients of Lite0 are timm's, in both modes.
func TestGradients(t *testing.T) {
	g := readGolden(t, 0).Training
	for _, mode := range []nn.Mode{nn.Eval, nn.Train} {
		for _, d := range []engine.Device{strict, device} {
			m := formulaModel(t, 0, g.Size)
			wantLoss, want := g.EvalLoss, g.EvalGradients
			if mode == nn.Train {
				wantLoss, want = g.Losses[0], g.Gradients
				shift(m)
			}
			trace, loss, wrt := lossOf(t, m, mode)
			got, err := engine.Run(d, engine.Feeds{trace.Input: images(2, g.Size)}, append([]*graph.Node{loss}, graph.Gradients(loss, wrt...)...)...)
			if err != nil {
				t.Fatal(err)
			}
			if l := float64(got[0].Data()[0]); !(math.Abs(l-wantLoss) <= 1e-5*wantLoss) {
				t.Errorf("loss %v, want %v", l, wantLoss)
			}
			var names []string
			for _, p := range m.Parameters() {
				names = append(names, p.Name)
			}
			compare(t, fmt.Sprintf("gradient in mode %v", mode), names, got[1:], want, 1e-4)
		}
	}
}

// Two steps of SGD with momentum change the loss, the weights and the running
// statistics as timm's.
func TestTraining(t *testing.T) {
	g := readGolden(t, 0).Training
	m := formulaModel(t, 0, g.Size)
	shift(m)
	trace, loss, wrt := lossOf(t, m, nn.Train)
	rate := trace.Graph.Constant(tensor.Scalar(0.01))
	optim.SGD{Momentum: 0.9}.Update(trace.Graph, rate, wrt, graph.Gradients(loss, wrt...), new(optim.State))
	p, err := device.Compile(trace.Graph, loss)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var names []string
	var changes []*tensor.Tensor
	for _, e := range m.State() {
		names, changes = append(names, e.Name), append(changes, e.Tensor.Clone())
	}
	for i, want := range g.Losses {
		out := tensor.Scalar(0)
		if err := p.Run(engine.Feeds{trace.Input: images(2, g.Size)}, []*tensor.Tensor{out}); err != nil {
			t.Fatal(err)
		}
		if got := float64(out.At()); !(math.Abs(got-want) <= 1e-4*want) {
			t.Errorf("step %d: loss %v, timm has %v", i, got, want)
		}
	}
	for i, e := range m.State() {
		for j, v := range e.Tensor.Data() {
			changes[i].Data()[j] = v - changes[i].Data()[j]
		}
	}
	// Some changes are only a thousand times the rounding of the numbers near 3
	// that change.
	compare(t, "change", names, changes, g.Changes, 3e-3)
}
