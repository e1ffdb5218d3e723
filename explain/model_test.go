package explain

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
	_ "github.com/strideml/stride/zoo/torchvision"
)

// network makes a network of package zoo with random weights for ten classes; size 0 is its own.
func network(t testing.TB, name string, size int) *Model {
	t.Helper()
	spec, err := zoo.Get(name)
	if err != nil {
		t.Fatal(err)
	}
	in := spec.Input.Clone()
	if size > 0 {
		in[1], in[2] = size, size
	}
	net, err := nn.New(spec.New(10), in, nn.Options{Seed: 1, Init: spec.Init})
	if err != nil {
		t.Fatal(err)
	}
	return modelOf(t, net, Options{})
}

func modelOf(t testing.TB, net *nn.Model, o Options) *Model {
	t.Helper()
	m, err := NewNetwork(net, nil, preprocess.Config{}, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

// noise is an input of random numbers.
func noise(m *Model, seed uint64) *tensor.Tensor {
	return tensor.Randn(rng.New(seed, "explain/test"), m.Input()...)
}

// tiny is a network whose values are easily computed by hand.
func tiny(t testing.TB, o Options) *Model {
	t.Helper()
	net, err := nn.New(nn.Sequential(
		nn.Conv2D(4, 3).Pad(1), nn.ReLU(), nn.MaxPool2D(2), nn.Conv2D(6, 3), nn.ReLU6(), nn.GlobalAvgPool2D(), nn.Flatten(), nn.Linear(3),
	), tensor.Shape{2, 12, 10}, nn.Options{Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	return modelOf(t, net, o)
}

// The layer that Grad-CAM takes by default is the one before global pooling, or before the first linear layer.
func TestDefaultLayer(t *testing.T) {
	for name, want := range map[string]string{
		"lenet": "5", "resnet18": "4", "torchvision/resnet18": "layer4", "torchvision/vgg11": "avgpool",
		"torchvision/mobilenet_v3_small": "features", "torchvision/shufflenet_v2_x1_0": "conv5", "torchvision/squeezenet1_1": "classifier.2",
	} {
		size := 0
		if strings.HasPrefix(name, "torchvision/") {
			size = 64
		}
		m := network(t, name, size)
		if got, err := m.DefaultLayer(); got != want || err != nil {
			t.Errorf("%s: %q, %v; want %q", name, got, err, want)
		}
	}
	net, err := nn.New(nn.Sequential(nn.Flatten(), nn.Linear(3)), tensor.Shape{1, 4, 4}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if name, err := modelOf(t, net, Options{}).DefaultLayer(); err == nil {
		t.Errorf("a network without maps has the layer %q", name)
	}
}

// Nodes form a graph: each takes the results of earlier ones, names are unique and found, and what a layer
// has is what nn.Model.Summary says.
func TestNodes(t *testing.T) {
	for _, name := range []string{"resnet18", "googlenet", "torchvision/shufflenet_v2_x1_0", "torchvision/mobilenet_v3_small"} {
		m := network(t, name, 64)
		nodes := m.Nodes()
		names := map[string]bool{}
		used := map[int]bool{}
		var parameters int
		var products int64
		for i, n := range nodes {
			if n.ID != i || names[n.Name] || n.Inputs == nil || len(n.Inputs) == 0 && i > 0 {
				t.Errorf("%s: node %d is %+v", name, i, n)
			}
			names[n.Name] = true
			parameters += n.Parameters
			products += n.MultiplyAdds
			for _, in := range n.Inputs {
				if in >= i {
					t.Errorf("%s: %q takes the result of the later node %d", name, n.Name, in)
				}
				used[in] = true
			}
			if n.Maps {
				if _, err := m.ReceptiveField(n.Name, 0, 0); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
			if n.Filters {
				if _, err := m.Filters(n.Name); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
		for i, n := range nodes[:len(nodes)-1] {
			if !used[i] {
				t.Errorf("%s: nothing takes the result of %q", name, n.Name)
			}
		}
		infos, err := m.net.Summary(1)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range infos {
			parameters -= i.Parameters
			products -= i.MultiplyAdds
		}
		if parameters != 0 || products != 0 {
			t.Errorf("%s: %d more parameters and %d more multiply-adds than Summary has", name, parameters, products)
		}
	}
}

// The effective receptive field lies within the theoretical one, and fills it where no ReLU and no maximum hides a
// part of it.
func TestReceptiveField(t *testing.T) {
	smooth, err := nn.New(nn.Sequential(
		nn.Conv2D(3, 5).Stride(2).Pad(1), nn.Tanh(), nn.AvgPool2D(3).Stride(2).Pad(1), nn.Conv2D(3, 3).Dilation(2).Pad(1), nn.Upsample(2),
		nn.ConvTranspose2D(2, 3).Stride(2), nn.Conv2D(2, 2).Same(), nn.AdaptiveAvgPool2D(5, 4), nn.Flatten(), nn.Linear(3),
	), tensor.Shape{1, 33, 28}, nn.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range map[string]*Model{
		"smooth": modelOf(t, smooth, Options{}), "lenet": network(t, "lenet", 0), "tiny": tiny(t, Options{}),
		"shufflenet": network(t, "torchvision/shufflenet_v2_x1_0", 64), "resnet": network(t, "resnet18", 64), "convnext": network(t, "torchvision/convnext_tiny", 64),
	} {
		x := noise(m, 1)
		layers := m.Layers()
		for i := 0; i < len(layers); i += 1 + len(layers)/5 {
			l := layers[i]
			h, w := l.Output[1], l.Output[2]
			for _, at := range [][2]int{{0, 0}, {h / 2, w / 2}, {h - 1, w / 3}} {
				field, err := m.ReceptiveField(l.Name, at[0], at[1])
				if err != nil {
					t.Fatal(err)
				}
				seed := tensor.New(append([]int{1}, l.Output...)...)
				seed.Set(1, 0, 0, at[0], at[1])
				results, err := m.run(t.Context(), key{task: unit, layer: l.Name}, tensor.Must(m.asInput(x)), seed)
				if err != nil {
					t.Fatal(err)
				}
				effect := results[1].Data()
				most := max(slices.Max(effect), -slices.Min(effect))
				box := field.Box
				s := m.Input()
				low, high := [2]int{s[1], s[2]}, [2]int{}
				for j, v := range effect {
					y, x := j/s[2]%s[1], j%s[2]
					if max(v, -v) > most*1e-5 { // all else are rounding errors of Winograd's algorithm
						low = [2]int{min(low[0], y), min(low[1], x)}
						high = [2]int{max(high[0], y+1), max(high[1], x+1)}
					}
				}
				if high[0] == 0 || field.Global {
					continue // a dead unit, or one after global pooling
				}
				inside := low[0] >= box.Min.Y && low[1] >= box.Min.X && high[0] <= box.Max.Y && high[1] <= box.Max.X
				same := low == [2]int{box.Min.Y, box.Min.X} && high == [2]int{box.Max.Y, box.Max.X}
				if !inside || (name == "smooth" || name == "lenet") && !same {
					t.Errorf("%s: unit %v of %q: field %+v, the derivative is not 0 in rows %d to %d and columns %d to %d", name, at, l.Name, field, low[0], high[0], low[1], high[1])
				}
			}
		}
	}
}

// Squeeze-and-excitation looks at whole maps: the field of a unit behind it is that of the windows, and says so.
func TestGlobalField(t *testing.T) {
	m := network(t, "torchvision/mobilenet_v3_small", 128)
	before, err := m.ReceptiveField("features.1.block.0", 8, 8)
	if err != nil || before.Global || before.Box.Dx() != 7 {
		t.Errorf("before the first squeeze-and-excitation %+v, %v", before, err)
	}
	after, err := m.ReceptiveField("features.1", 8, 8)
	if err != nil || !after.Global || after.Box != before.Box || after.Unclipped != before.Box {
		t.Errorf("after it %+v, %v", after, err)
	}
	pooled, err := m.ReceptiveField("avgpool", 0, 0)
	if err != nil || !pooled.Global || pooled.Box.Dx() != 128 {
		t.Errorf("after global pooling %+v, %v", pooled, err)
	}
}

// Exciting finds the pictures that Features shows to excite a channel most.
func TestExciting(t *testing.T) {
	m := tiny(t, Options{Batch: 4})
	pictures := func(n int, end error) iter.Seq2[Picture, error] {
		return func(yield func(Picture, error) bool) {
			for i := range n {
				if !yield(Picture{fmt.Sprint("p", i), noise(m, uint64(i))}, nil) {
					return
				}
			}
			if end != nil {
				yield(Picture{}, end)
			}
		}
	}
	found, err := m.Exciting(t.Context(), "4", 2, 3, pictures(10, nil))
	if err != nil || len(found) != 3 {
		t.Fatal(found, err)
	}
	var all []float64
	for i := range 10 {
		maps, err := m.Features(t.Context(), noise(m, uint64(i)), "4")
		if err != nil {
			t.Fatal(err)
		}
		s := maps.Shape()
		all = append(all, float64(slices.Max(maps.Data()[2*s[1]*s[2]:][:s[1]*s[2]])))
	}
	order := slices.Clone(all)
	slices.Sort(order)
	slices.Reverse(order)
	for i, e := range found {
		maps, err := m.Features(t.Context(), e.Input, "4")
		if err != nil {
			t.Fatal(err)
		}
		field, _ := m.ReceptiveField("4", e.Y, e.X)
		if math.Abs(all[e.Index]-order[i]) > 1e-6 || e.Name != fmt.Sprint("p", e.Index) || math.Abs(float64(maps.At(2, e.Y, e.X)-e.Activation)) > 1e-5 || e.Field != field {
			t.Errorf("number %d is %+v; activations %v", i, e, all)
		}
	}
	broken := errors.New("broken")
	if _, err := m.Exciting(t.Context(), "4", 2, 3, pictures(2, broken)); !errors.Is(err, broken) {
		t.Errorf("the error of a picture becomes %v", err)
	}
	if found, err := m.Exciting(t.Context(), "4", 2, 3, pictures(2, nil)); len(found) != 2 || err != nil {
		t.Errorf("of two pictures %d, %v", len(found), err)
	}
}

// Times are those of layers that compute something.
func TestTimes(t *testing.T) {
	m := tiny(t, Options{})
	seconds, err := m.Times(t.Context())
	if err != nil || len(seconds) != len(m.Nodes()) {
		t.Fatal(seconds, err)
	}
	for i, n := range m.Nodes() {
		if n.MultiplyAdds > 0 && seconds[i] <= 0 || seconds[i] < 0 {
			t.Errorf("%s takes %v s", n.Name, seconds[i])
		}
	}
	again, err := m.Times(t.Context())
	if err != nil || !slices.Equal(seconds, again) {
		t.Errorf("measured again: %v, %v", again, err)
	}
}

// Wrong names are answered with near ones.
func TestUnknownLayers(t *testing.T) {
	m := network(t, "torchvision/resnet18", 64)
	x := noise(m, 1)
	for name, want := range map[string]string{
		"layer5": `did you mean "layer1"`, "Layer4": `did you mean "layer4"`, "downsample": `there are "layer2.0.downsample.0"`, "nonsense": `from "conv1" to`,
	} {
		if _, err := m.Features(t.Context(), x, name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", name, err, want)
		}
	}
	if _, err := m.Features(t.Context(), x, "fc"); err == nil || !strings.Contains(err.Error(), "not maps") {
		t.Error(err)
	}
	if _, err := m.Filters("layer1.0"); err == nil || !strings.Contains(err.Error(), `"layer1.0.conv1"`) {
		t.Error(err)
	}
	if _, err := m.Filters("bn1"); err == nil || !strings.Contains(err.Error(), "not a convolution") {
		t.Error(err)
	}
	if w, err := m.Filters(""); err != nil || !w.Shape().Equal(tensor.Shape{64, 3, 7, 7}) {
		t.Error(w, err)
	}
}

// What is wrong is an error, not a panic.
func TestMisuse(t *testing.T) {
	m := tiny(t, Options{})
	x := noise(m, 1)
	ctx := t.Context()
	nan := x.Clone()
	nan.Data()[0] = float32(math.NaN())
	check := func(what string, err error) {
		t.Helper()
		if err == nil {
			t.Errorf("%s is no error", what)
		}
	}
	for _, method := range Methods() {
		for what, in := range map[string]*tensor.Tensor{"no input": nil, "another shape": tensor.New(1, 12, 10), "two inputs": tensor.New(2, 2, 12, 10), "a NaN": nan} {
			_, err := m.Explain(ctx, in, Request{Method: method})
			check(string(method)+": "+what, err)
		}
		for _, class := range []int{-2, 3} {
			_, err := m.Explain(ctx, x, Request{Method: method, Class: class})
			check(fmt.Sprint(method, ": class ", class), err)
		}
		_, err := m.Explain(ctx, x, Request{Method: method, Layer: "6"})
		check(string(method)+": a layer without maps", err)
		ended, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := m.Explain(ended, x, Request{Method: method}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v after the context has ended", method, err)
		}
	}
	_, err := m.Explain(ctx, x, Request{Method: "magic"})
	check("an unknown method", err)
	_, err = m.ReceptiveField("4", 0, 99)
	check("a unit outside", err)
	_, _, err = m.EffectiveField(ctx, x, "4", 6, 0, 0)
	check("a channel outside", err)
	_, err = m.Exciting(ctx, "4", 0, 0, nil)
	check("no pictures asked for", err)
	for _, o := range []Options{{Batch: -1}, {Programs: -1}, {ProgramBytes: -1}} {
		_, err := NewNetwork(m.net, nil, preprocess.Config{}, o)
		check(fmt.Sprintf("%+v", o), err)
	}
	_, err = NewNetwork(m.net, []string{"one"}, preprocess.Config{}, Options{})
	check("one class", err)
	_, err = NewNetwork(nil, nil, preprocess.Config{}, Options{})
	check("no network", err)
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	_, err = m.GradCAM(ctx, x, "", 0)
	check("a closed model", err)
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}

// A network that ends in a softmax is explained by the scores before it.
func TestSoftmaxAtTheEnd(t *testing.T) {
	build := func(layers ...nn.Layer) *Model {
		net, err := nn.New(nn.Sequential(append([]nn.Layer{nn.Conv2D(4, 3), nn.GlobalAvgPool2D(), nn.Flatten(), nn.Linear(3)}, layers...)...), tensor.Shape{1, 6, 6}, nn.Options{Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		return modelOf(t, net, Options{})
	}
	plain, soft := build(), build(nn.Softmax())
	x := noise(plain, 1)
	a, err := plain.GradCAM(t.Context(), x, "", 1)
	if err != nil {
		t.Fatal(err)
	}
	b, err := soft.GradCAM(t.Context(), x, "", 1)
	if err != nil || !a.Values.Equal(b.Values) || a.Probability != b.Probability {
		t.Error(a, b, err)
	}
	maps := build(nn.Func("Maps", func(x *graph.Node) *graph.Node { return graph.Reshape(x, x.Shape()[0], 3, 1, 1) }))
	c, err := maps.GradCAM(t.Context(), x, "0", 1)
	if err != nil || !a.Values.Equal(c.Values) {
		t.Error(a, c, err)
	}
}

// Many goroutines get the results that one gets, and programs are dropped meanwhile.
func TestConcurrent(t *testing.T) {
	m := tiny(t, Options{Programs: 2})
	x := noise(m, 1)
	want := map[Method]*tensor.Tensor{}
	for _, method := range Methods() {
		a, err := m.Explain(t.Context(), x, Request{Method: method, Class: 1, Integrated: IntegratedOptions{Steps: 5}, Smooth: SmoothOptions{Samples: 5}})
		if err != nil {
			t.Fatal(err)
		}
		want[method] = a.Values
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range Methods() {
				method := Methods()[(i+j)%len(Methods())]
				a, err := m.Explain(t.Context(), x, Request{Method: method, Class: 1, Integrated: IntegratedOptions{Steps: 5}, Smooth: SmoothOptions{Samples: 5}})
				if err != nil {
					t.Error(err)
				} else if !a.Values.Equal(want[method]) {
					t.Errorf("%s gives something else beside others", method)
				}
			}
		})
	}
	wg.Wait()
	if n := len(m.state.kept); n != 2 {
		t.Errorf("%d programs are kept, want 2", n)
	}
}

// Outside of the receptive field the effective one is 0, in spite of rounding; inside it is the derivative.
func TestEffectiveField(t *testing.T) {
	m := network(t, "resnet18", 64)
	x := noise(m, 1)
	field, err := m.ReceptiveField("1.0", 8, 8)
	if err != nil {
		t.Fatal(err)
	}
	maps, err := m.Features(t.Context(), x, "1.0")
	if err != nil {
		t.Fatal(err)
	}
	s := maps.Shape()
	channel := 0
	for maps.At(channel, 8, 8) <= 0 && channel < s[0]-1 {
		channel++
	}
	effect, activation, err := m.EffectiveField(t.Context(), x, "1.0", channel, 8, 8)
	if err != nil || math.Abs(float64(activation-maps.At(channel, 8, 8))) > 1e-5 {
		t.Errorf("the unit is %v, want %v; %v", activation, maps.At(channel, 8, 8), err)
	}
	inside := 0
	for i, v := range effect.Data() {
		in := i%64 >= field.Box.Min.X && i%64 < field.Box.Max.X && i/64 >= field.Box.Min.Y && i/64 < field.Box.Max.Y
		if v != 0 && !in {
			t.Fatalf("%v at %d, outside of %v", v, i, field.Box)
		}
		if v != 0 {
			inside++
		}
	}
	if inside < field.Box.Dx()*field.Box.Dy()/2 {
		t.Errorf("the derivative is not 0 at %d places only", inside)
	}
}

// The default layer is none of a normalization after global pooling, whose channels an ONNX file of PyTorch moves to the end, nor
// one whose channels are the last axis.
func TestDefaultLayerOfChannelsLast(t *testing.T) {
	permute := func(name string, perm ...int) nn.Layer {
		return nn.Func(name, func(x *graph.Node) *graph.Node { return graph.Transpose(x, perm...) })
	}
	net, err := nn.New(nn.Sequential(
		nn.Conv2D(8, 3), nn.ReLU(), permute("Last", 0, 2, 3, 1), nn.LayerNorm(), permute("First", 0, 3, 1, 2), permute("Last", 0, 2, 3, 1), permute("First", 0, 3, 1, 2),
		nn.GlobalAvgPool2D(), permute("Last", 0, 2, 3, 1), nn.LayerNorm(), permute("First", 0, 3, 1, 2), nn.Flatten(), nn.Linear(3),
	), tensor.Shape{1, 9, 9}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m := modelOf(t, net, Options{})
	if name, err := m.DefaultLayer(); name != "6" || err != nil {
		t.Errorf("%q, %v", name, err)
	}
	if m.spatial(m.outline.named["5"]) || m.spatial(m.outline.named["9"]) || !m.spatial(m.outline.named["1"]) {
		t.Error("channels last are taken for columns, or the other way round")
	}
}

// Without borders, all units of a layer have fields of one size, that of Summary, through concatenations, too.
func TestUnclippedField(t *testing.T) {
	for name, layer := range map[string]string{"googlenet": "3.4", "densenet": "9", "resnet18": "4"} {
		m := network(t, name, 0)
		s := m.outline.named[layer].Shape()
		want := 0
		for _, n := range m.Nodes() {
			if m.outline.named[n.Name] == m.outline.named[layer] {
				want = n.ReceptiveField
			}
		}
		for _, at := range [][2]int{{0, 0}, {s[2] / 2, s[3] / 2}, {s[2] - 1, 0}} {
			f, err := m.ReceptiveField(layer, at[0], at[1])
			if err != nil || f.Unclipped.Dx() != want || f.Unclipped.Dy() != want {
				t.Errorf("%s: unit %v of layer %s has a field of %v, want %d; %v", name, at, layer, f.Unclipped, want, err)
			}
		}
	}
}
