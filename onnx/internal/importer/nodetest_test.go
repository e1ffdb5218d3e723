package importer_test

import (
	"bufio"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/onnx/internal/importer"
	"github.com/strideml/stride/onnx/internal/operators"
	"github.com/strideml/stride/onnx/internal/proto"
	"github.com/strideml/stride/onnx/internal/tensordata"
	"github.com/strideml/stride/tensor"
)

// nodeTests is where Debian's package libonnx-testdata has the tests of ONNX 1.12.
const nodeTests = "/usr/share/libonnx-testdata/data"

// TestNodes runs ONNX's own tests of the operators that are supported, where they are
// installed. Floating-point arguments are fed, those of integers and bools are constants, and
// so are floating-point ones which must be known when a model is read. The tests in
// testdata/exceptions.txt, each with a reason, must fail: one that passes must leave the list.
func TestNodes(t *testing.T) {
	if _, err := os.Stat(nodeTests); err != nil {
		t.Skip("Debian's libonnx-testdata is not installed")
	}
	exceptions := readExceptions(t)
	passed, excepted, others := 0, 0, map[string]int{}
	for _, kind := range []string{"node", "pytorch-converted", "pytorch-operator", "simple"} {
		folders, err := filepath.Glob(filepath.Join(nodeTests, kind, "test_*"))
		if err != nil || len(folders) == 0 {
			t.Fatalf("%d tests of kind %s, %v", len(folders), kind, err)
		}
		for _, folder := range folders {
			name := kind + "/" + filepath.Base(folder)
			missing, err := runNodeTest(folder)
			_, listed := exceptions[name]
			switch {
			case missing != "":
				others[missing]++
				if listed {
					t.Errorf("%s is in the list, but %s is not supported", name, missing)
				}
			case err == nil && listed:
				t.Errorf("%s passes: take it from the list", name)
			case err == nil:
				passed++
			case listed:
				excepted++
			default:
				t.Errorf("%s: %v", name, err)
			}
			delete(exceptions, name)
		}
	}
	for name := range exceptions {
		t.Errorf("%s is in the list, but there is no such test", name)
	}
	t.Logf("%d tests pass, %d are exceptions, %d are of operators that are not supported: %v", passed, excepted, sum(others), others)
}

func sum(counts map[string]int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}

// readExceptions reads the list of tests that need not pass.
func readExceptions(t *testing.T) map[string]string {
	f, err := os.Open("testdata/exceptions.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	list := map[string]string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		name, reason, ok := strings.Cut(line, ": ")
		if !ok || list[name] != "" {
			t.Fatalf("%q: want a test and a reason, once", line)
		}
		list[name] = reason
	}
	return list
}

// runNodeTest runs one test. missing is an operator that is not supported at all.
func runNodeTest(folder string) (missing string, err error) {
	data, err := os.ReadFile(filepath.Join(folder, "model.onnx"))
	if err != nil {
		return "", err
	}
	model, err := proto.Decode(data)
	if err != nil {
		return "", err
	}
	for _, n := range model.Graph.Nodes {
		if n.OpType != "Constant" && (operators.Lookup(n.OpType) == nil && !importer.Expands(n.OpType) || !operators.Domain(n.Domain)) {
			return n.Domain + n.OpType, nil
		}
	}
	sets, err := filepath.Glob(filepath.Join(folder, "test_data_set_*"))
	if err != nil || len(sets) == 0 {
		return "", fmt.Errorf("%d data sets, %v", len(sets), err)
	}
	for _, set := range sets {
		var err error
		for _, fed := range []int{all, 1, 0} { // as many as can be
			var known *mustBeKnown
			if err = runDataSet(data, set, fed); !errors.As(err, &known) {
				break
			}
		}
		if err != nil {
			return "", err
		}
	}
	return "", nil
}

// mustBeKnown says that an argument that was fed must be a constant.
type mustBeKnown struct{ operators.Problem }

// all inputs are fed.
const all = 1 << 20

// runDataSet computes one pair of inputs and outputs. The first inputs are fed, the others are
// constants.
func runDataSet(data []byte, set string, fed int) error {
	model, err := proto.Decode(data)
	if err != nil {
		return err
	}
	reader, err := tensordata.NewReader("")
	if err != nil {
		return err
	}
	p, issues, err := importer.New(model, reader)
	if err != nil {
		return err
	}
	g, feeds := graph.New(), engine.Feeds{}
	inputs := map[string]*operators.Value{}
	real := slices.DeleteFunc(slices.Clone(model.Graph.Inputs), func(in *proto.ValueInfo) bool {
		return slices.ContainsFunc(model.Graph.Initializers, func(t *proto.Tensor) bool { return t.Name == in.Name })
	})
	for i, in := range real {
		file := filepath.Join(set, fmt.Sprintf("input_%d.pb", i))
		v, x, err := input(g, reader, file, i >= fed)
		if err != nil {
			return err
		}
		inputs[in.Name] = v
		if x != nil {
			feeds[v.Built()] = x
		}
	}
	outputs, found, err := p.Build(g, inputs, 1, testHost{})
	if err != nil {
		return err
	}
	if issues = append(issues, found...); len(issues) > 0 {
		if strings.Contains(issues[0].Reason, "must be known") {
			return &mustBeKnown{issues[0].Problem}
		}
		return &issues[0].Problem
	}
	for i, v := range outputs {
		if err := compare(g, reader, v, feeds, filepath.Join(set, fmt.Sprintf("output_%d.pb", i))); err != nil {
			return fmt.Errorf("output %d: %w", i, err)
		}
	}
	return nil
}

// input reads an input; x is what to feed.
func input(g *graph.Graph, r *tensordata.Reader, file string, known bool) (v *operators.Value, x *tensor.Tensor, err error) {
	t, err := readTensor(file)
	if err != nil {
		return nil, nil, err
	}
	n, err := tensordata.Count(t)
	if err != nil {
		return nil, nil, err
	}
	if known || n == 0 || !tensordata.IsFloat(t.Type) {
		k, err := operators.Literal(r, t)
		if err != nil {
			return nil, nil, err
		}
		return operators.KnownValue(k), nil, nil
	}
	floats, err := r.Floats(t)
	if err != nil {
		return nil, nil, err
	}
	x, err = tensor.FromSlice(floats, tensordata.Shape(t)...)
	if err != nil {
		return nil, nil, err
	}
	return operators.NodeValue(g.Input(filepath.Base(file), x.Shape()...), t.Type), x, nil
}

func readTensor(file string) (*proto.Tensor, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return proto.DecodeTensor(data)
}

// compare computes a value and compares it with the file, at the tolerance of ONNX's tests.
func compare(g *graph.Graph, r *tensordata.Reader, v *operators.Value, feeds engine.Feeds, file string) error {
	const rtol, atol = 1e-3, 1e-7
	t, err := readTensor(file)
	if err != nil {
		return err
	}
	if v == nil {
		return errors.New("there is none")
	}
	want, err := operators.Literal(r, t)
	if err != nil {
		return err
	}
	if !slices.Equal([]int(v.Shape), want.Shape) {
		return fmt.Errorf("shape %v, want %v", v.Shape, want.Shape)
	}
	if want.Size() == 0 {
		return nil
	}
	got := make([]float64, want.Size())
	if v.Known != nil {
		for i := range got {
			got[i] = v.Known.Float(i)
		}
	} else {
		results, err := engine.Run(cpu.Default(), own(g, feeds), v.Node(g))
		if err != nil {
			return err
		}
		for i, f := range results[0].Data() {
			got[i] = float64(f)
		}
	}
	for i := range got {
		w := want.Float(i)
		if d := math.Abs(got[i] - w); !(d <= atol+rtol*math.Abs(w)) && got[i] != w && !(math.IsNaN(w) && math.IsNaN(got[i])) {
			return fmt.Errorf("element %d is %v, want %v", i, got[i], w)
		}
	}
	return nil
}

// own keeps the feeds of the inputs that a graph has.
func own(g *graph.Graph, feeds engine.Feeds) engine.Feeds {
	kept := engine.Feeds{}
	for _, n := range g.Inputs() {
		kept[n] = feeds[n]
	}
	return kept
}

// A testHost is a network without weights in inference.
type testHost struct{}

func (testHost) TrainsStatistics(*graph.Node) bool { return false }

func (testHost) UpdateBuffer(*operators.Value, *graph.Node, func(old *graph.Node) *graph.Node) {}

func (testHost) Dropout(_ string, x *graph.Node, _ float32) *graph.Node { return x }

func (testHost) Weight(w *importer.Weight, g *graph.Graph) *graph.Node { return g.Constant(w.Value) }

func (testHost) Section(_ *graph.Graph, _, _ string, build func() *graph.Node) { build() }
