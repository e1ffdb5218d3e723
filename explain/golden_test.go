package explain

import (
	"encoding/json"
	"hash/fnv"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strideml/stride/data/imagefile"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/weights/efficientnetlite0"
	"github.com/strideml/stride/zoo"
)

// A golden network is what testdata/make_golden.py writes for one.
type golden struct {
	Class                          int
	Score, Delta                   float64
	Window, Stride, Steps, Samples int
	GradCAM                        [][]float64 `json:"gradcam"`
	GradCAMPlusPlus                [][]float64 `json:"gradcam++"`
	Gradient                       kept        `json:"gradient"`
	Guided                         kept        `json:"guided-backprop"`
	GuidedCAM                      kept        `json:"guided-gradcam"`
	Integrated                     kept        `json:"integrated-gradients"`
	Occlusion                      kept        `json:"occlusion"`
	Smooth                         kept        `json:"smoothgrad"`
}

// kept is what the file has of many values: their norm, their product with a stream, and every 997th.
type kept struct {
	Norm, Product float64
	Values        []float64
}

// stream gives numbers from −1 to 1, the i-th of the stream of a name, as make_golden.py does.
func stream(name string) func(i int) float64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	key := h.Sum64()
	return func(i int) float64 {
		z := key + uint64(i+1)*0x9E3779B97F4A7C15
		z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
		z = (z ^ z>>27) * 0x94D049BB133111EB
		z ^= z >> 31
		return float64(z>>40)/(1<<23) - 1
	}
}

// fill sets the tensor of a name as make_golden.py does.
func fill(name string, x *tensor.Tensor) {
	offset, scale := 0.0, 0.1
	s := x.Shape()
	switch {
	case name == "image":
		scale = 1
	case len(s) >= 2:
		scale = math.Sqrt(6 / float64(s[1:].Size()))
	case strings.HasSuffix(name, "running_var"):
		offset, scale = 1, 0.5
	case strings.HasSuffix(name, ".weight"):
		offset, scale = 1, 0.2
	}
	at := stream(name)
	for i := range x.Data() {
		x.Data()[i] = float32(offset + scale*at(i))
	}
}

// goldenModels are the networks of the file and their inputs.
func goldenModels(t *testing.T) (models map[string]*Model, inputs map[string]*tensor.Tensor) {
	t.Helper()
	spec, err := zoo.Get("torchvision/resnet18")
	if err != nil {
		t.Fatal(err)
	}
	net, err := nn.New(spec.New(10), tensor.Shape{3, 64, 64}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range net.State() {
		fill(e.Name, e.Tensor)
	}
	image := tensor.New(3, 64, 64)
	fill("image", image)
	lite0, err := modelfolder.Load(efficientnetlite0.Name, modelfolder.Options{})
	if err != nil {
		t.Fatal(err)
	}
	picture, err := imagefile.Open(filepath.Join("..", "weights", "efficientnetlite0", "testdata", "flower.png"), imagefile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	flower, err := lite0.Preprocessing.Tensor(picture)
	if err != nil {
		t.Fatal(err)
	}
	m, err := New(lite0, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return map[string]*Model{"resnet18": modelOf(t, net, Options{}), "lite0": m}, map[string]*tensor.Tensor{"resnet18": image, "lite0": flower}
}

// All methods give the values of pytorch-grad-cam and captum, computed in float64.
func TestGolden(t *testing.T) {
	text, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]golden
	if err := json.Unmarshal(text, &want); err != nil || len(want) != 2 {
		t.Fatalf("%d networks, %v", len(want), err)
	}
	models, inputs := goldenModels(t)
	for name, g := range want {
		m, x := models[name], inputs[name]
		layer := map[string]string{"resnet18": "layer4", "lite0": ""}[name]
		explain := func(method Method, r Request) *Attribution {
			t.Helper()
			r.Method, r.Class = method, Predicted
			if method.TakesLayer() {
				r.Layer = layer
			}
			a, err := m.Explain(t.Context(), x, r)
			if err != nil {
				t.Fatal(err)
			}
			if a.Class != g.Class || math.Abs(a.Score-g.Score) > 1e-4 {
				t.Errorf("%s: class %d with score %v, want %d with %v", name, a.Class, a.Score, g.Class, g.Score)
			}
			return a
		}
		compareMap(t, name+" gradcam", explain(MethodGradCAM, Request{}), g.GradCAM)
		compareMap(t, name+" gradcam++", explain(MethodGradCAMPlusPlus, Request{}), g.GradCAMPlusPlus)
		compare(t, name, explain(MethodGradient, Request{}), g.Gradient)
		compare(t, name, explain(MethodGuidedBackprop, Request{}), g.Guided)
		compare(t, name, explain(MethodGuidedGradCAM, Request{}), g.GuidedCAM)
		a := explain(MethodIntegratedGradients, Request{Integrated: IntegratedOptions{Steps: g.Steps, Fill: []float32{-0.25}}})
		compare(t, name, a, g.Integrated)
		if math.Abs(a.Delta-g.Delta) > 5e-3*math.Abs(g.Delta) {
			t.Errorf("%s: delta %v, want %v", name, a.Delta, g.Delta)
		}
		compare(t, name, explain(MethodOcclusion, Request{Occlusion: OcclusionOptions{Window: g.Window, Stride: g.Stride, Fill: []float32{0.5}}}), g.Occlusion)
		a, err := m.smoothGrad(t.Context(), x, Predicted, SmoothOptions{Samples: g.Samples, Sigma: 0.1}, stream("noise"))
		if err != nil {
			t.Fatal(err)
		}
		compare(t, name, a, g.Smooth)
	}
}

func compareMap(t *testing.T, what string, a *Attribution, want [][]float64) {
	t.Helper()
	if !a.Values.Shape().Equal(tensor.Shape{len(want), len(want[0])}) {
		t.Fatalf("%s: %v, want %d×%d", what, a.Values.Shape(), len(want), len(want[0]))
	}
	most, worst := 0.0, 0.0
	for i, row := range want {
		for j, v := range row {
			most = max(most, math.Abs(v))
			worst = max(worst, math.Abs(v-float64(a.Values.At(i, j))))
		}
	}
	t.Logf("%s: greatest difference %.1e of %v", what, worst, most)
	if !(worst <= 1e-4*most) {
		t.Errorf("%s differs by %v of %v", what, worst, most)
	}
}

// compare allows for values that lie on either side of a kink of a ReLU, or of a maximum, in float32 and in float64, where a
// gradient jumps. SmoothGrad and integrated gradients compute many points, so that they meet some: of the five samples of
// resnet18, one has a ReLU in layer2.0 whose result is 1.3e-6 in float32 and 0 in float64, which changes the gradient of that
// sample by 0.7 per cent. The reference engine, which computes in float64, is within 2e-7.
func compare(t *testing.T, network string, a *Attribution, want kept) {
	t.Helper()
	norm, product, worst := 0.0, 0.0, 0.0
	at := stream("explain/" + string(a.Method))
	for i, v := range a.Values.Data() {
		norm += float64(v) * float64(v)
		product += float64(v) * at(i)
		if i%997 == 0 {
			worst = max(worst, math.Abs(float64(v)-want.Values[i/997]))
		}
	}
	norm = math.Sqrt(norm)
	most := 0.0
	for _, v := range want.Values {
		most = max(most, math.Abs(v))
	}
	t.Logf("%s %s: norm %.1e, product %.1e, values %.1e", network, a.Method, norm/want.Norm-1, (product-want.Product)/want.Norm, worst/most)
	tolerance := 3e-4
	if a.Method == MethodSmoothGrad || a.Method == MethodIntegratedGradients {
		tolerance = 1e-2
	}
	if !(math.Abs(norm/want.Norm-1) <= tolerance && math.Abs(product-want.Product) <= tolerance*want.Norm && worst <= tolerance*most) {
		t.Errorf("%s %s: norm %v, want %v; product %v, want %v; values differ by %v of %v", network, a.Method, norm, want.Norm, product, want.Product, worst, most)
	}
}
