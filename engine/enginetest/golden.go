package enginetest

import (
	"bytes"
	"embed"
	"encoding/json"
	"math"
	"sort"
	"strings"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/enginetest/internal/cases"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
)

// The files are made by testdata/make_golden.py, which explains what is in
// them.
//
//go:embed testdata/*.safetensors
var goldenFiles embed.FS

// goldenGroups are the files of operators.
var goldenGroups = []string{"conv", "pool", "norm", "other", "activation", "arrays"}

// Golden tests that a device agrees with PyTorch: every operator, forward and
// backward, and training steps of two small networks.
func Golden(t *testing.T, device engine.Device) {
	for _, group := range goldenGroups {
		file := goldenFile(t, group)
		names := make([]string, 0, len(file.Metadata))
		for name := range file.Metadata {
			names = append(names, name)
		}
		sort.Strings(names)
		for _, name := range names {
			t.Run(group+"/"+name, func(t *testing.T) {
				var c cases.Golden
				if err := json.Unmarshal([]byte(file.Metadata[name]), &c); err != nil {
					t.Fatal(err)
				}
				checkGolden(t, device, file, name, c)
			})
		}
	}
	for _, n := range testNetworks() {
		if n.name == "LeNet" || n.name == "residual" {
			t.Run("networks/"+n.name, func(t *testing.T) { goldenNetwork(t, device, n) })
		}
	}
}

func goldenFile(t *testing.T, group string) *safetensors.File {
	t.Helper()
	data, err := goldenFiles.ReadFile("testdata/" + group + ".safetensors")
	if err != nil {
		t.Fatal(err)
	}
	file, err := safetensors.Read(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// goldenTensor is a tensor that must be in the file.
func goldenTensor(t *testing.T, file *safetensors.File, name string) *tensor.Tensor {
	t.Helper()
	x, ok := file.Get(name)
	if !ok {
		t.Fatalf("no tensor %s in the golden file", name)
	}
	return x
}

// goldenProblem is a case of a golden file, and PyTorch's values of its outputs.
func goldenProblem(t *testing.T, file *safetensors.File, name string, c cases.Golden) (p *problem, want []*tensor.Tensor) {
	t.Helper()
	p = &problem{graph: graph.New()}
	args := map[string]*graph.Node{}
	var wrt []*graph.Node
	for _, a := range c.Args {
		args[a] = p.given(a, goldenTensor(t, file, name+"/"+a))
		if d, ok := file.Get(name + "/d" + a); ok {
			wrt, want = append(wrt, args[a]), append(want, d)
		}
	}
	y := cases.BuildGolden(c, args)
	if y == nil {
		t.Fatalf("unknown operator %q in the golden file", c.Op)
	}
	dy := p.given("dy", goldenTensor(t, file, name+"/dy"))
	p.outputs = append([]*graph.Node{y}, graph.Gradients(graph.Sum(graph.Mul(y, dy)), wrt...)...)
	want = append([]*tensor.Tensor{goldenTensor(t, file, name+"/y")}, want...)
	if c.Op == "batch_norm_train" {
		mean, variance := running(p.graph, p.given, args["x"], func(n string) *tensor.Tensor { return goldenTensor(t, file, name+"/"+n) })
		p.outputs = append(p.outputs, mean, variance)
		want = append(want, goldenTensor(t, file, name+"/new_mean"), goldenTensor(t, file, name+"/new_var"))
	}
	return p, want
}

func checkGolden(t *testing.T, device engine.Device, file *safetensors.File, name string, c cases.Golden) {
	p, want := goldenProblem(t, file, name, c)
	got, err := engine.Run(device, p.feeds, p.outputs...)
	if err != nil {
		t.Fatal(err)
	}
	slack := p.expect(t, p.outputs, measured).slack
	for i, n := range p.outputs {
		if !n.Shape().Equal(want[i].Shape()) {
			t.Errorf("%v: PyTorch's shape is %v", n, want[i].Shape())
			continue
		}
		compare(t, n.String(), n.Shape(), got[i].Data(), widen(want[i].Data()), slack[i])
	}
}

// running adds the update of the running statistics with momentum 0.1.
func running(g *graph.Graph, feed func(string, *tensor.Tensor) *graph.Node, x *graph.Node, get func(string) *tensor.Tensor) (mean, variance *graph.Node) {
	stats := graph.BatchStats(x)
	channels := x.Shape()[1]
	m := float32(x.Shape().Size() / channels)
	mix := func(old, value *graph.Node) *graph.Node {
		return graph.Add(graph.Mul(old, g.Scalar(0.9)), graph.Mul(graph.Reshape(value, channels), g.Scalar(0.1)))
	}
	unbiased := graph.Mul(graph.Slice(stats, 0, 1, 2), g.Scalar(m/(m-1)))
	return mix(feed("mean", get("mean")), graph.Slice(stats, 0, 0, 1)), mix(feed("var", get("var")), unbiased)
}

// goldenNetwork trains a network for three steps and compares the losses, the
// parameters and the running statistics at the end. Errors of float32 grow
// from step to step, so the tolerance is 2e-5 of the largest element.
func goldenNetwork(t *testing.T, device engine.Device, n network) {
	file := goldenFile(t, "networks")
	s := store{}
	p := n.build(s, 6)
	copy(p.feeds[p.graph.Inputs()[0]].Data(), goldenTensor(t, file, n.name+"/x").Data())
	for _, e := range file.Entries {
		if name, ok := strings.CutPrefix(e.Name, n.name+"/before/"); ok {
			if s[name] == nil {
				t.Fatalf("the network has no parameter %s", name)
			}
			if err := s[name].Value.CopyFrom(e.Tensor); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			s[name].Changed()
		}
	}
	program, err := device.Compile(p.graph, p.outputs...)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	losses := tensor.New(3)
	for step := range 3 {
		outputs := p.results()
		if err := program.Run(p.feeds, outputs); err != nil {
			t.Fatal(err)
		}
		losses.Set(outputs[0].Data()[0], step)
	}

	closeTo := func(what string, got, want *tensor.Tensor) {
		t.Helper()
		top := 0.0
		for _, v := range want.Data() {
			top = max(top, math.Abs(float64(v)))
		}
		slack := make([]float64, want.Size())
		for i := range slack {
			slack[i] = 2e-5 * top
		}
		compare(t, what, want.Shape(), got.Data(), widen(want.Data()), slack)
	}
	closeTo("losses", losses, goldenTensor(t, file, n.name+"/losses"))
	for _, e := range file.Entries {
		if name, ok := strings.CutPrefix(e.Name, n.name+"/after/"); ok {
			closeTo(name, s[name].Value, e.Tensor)
		}
	}
}
