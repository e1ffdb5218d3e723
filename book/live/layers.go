package live

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/suggest"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

// A LayerSpec describes a layer or a block; see the documentation of describe in the
// package comment. A number that is 0 was not given.
type LayerSpec struct {
	Kind         string   `json:"kind"`
	Channels     int      `json:"channels"`
	Kernel       Pair     `json:"kernel"`
	Stride       Pair     `json:"stride"`
	Padding      Pair     `json:"padding"`
	Dilation     Pair     `json:"dilation"`
	Groups       int      `json:"groups"`
	Bias         *bool    `json:"bias"`
	Units        int      `json:"units"`
	P            *float32 `json:"p"`
	Convolutions int      `json:"convolutions"`
	C1           int      `json:"c1"`
	C2           [2]int   `json:"c2"`
	C3           [2]int   `json:"c3"`
	C4           int      `json:"c4"`
	Use1x1       bool     `json:"use1x1"`
	Growth       int      `json:"growth"`
}

// A layerKind is a kind of LayerSpec: the numbers that it needs, those that it may have,
// and how it is built.
type layerKind struct {
	name         string
	needs, takes string // keys of JSON, with spaces between
	build        func(l LayerSpec) nn.Layer
}

// layerKinds are in the order of the documentation.
var layerKinds = []layerKind{
	{"conv", "channels kernel", "stride padding dilation groups bias", func(l LayerSpec) nn.Layer {
		c := nn.Conv2D(l.Channels, 1).Kernel(l.Kernel[0], l.Kernel[1]).StrideHW(l.Stride[0], l.Stride[1]).PadHW(l.Padding[0], l.Padding[1])
		c.Groups(max(l.Groups, 1)).Dilation(max(l.Dilation[0], 1))
		if l.Bias != nil && !*l.Bias {
			c.NoBias()
		}
		return c
	}},
	{"maxPool", "", "kernel stride padding", func(l LayerSpec) nn.Layer { return pool(nn.MaxPool2D(2), l) }},
	{"avgPool", "", "kernel stride padding", func(l LayerSpec) nn.Layer { return pool(nn.AvgPool2D(2), l) }},
	{"globalAvgPool", "", "", func(LayerSpec) nn.Layer { return nn.GlobalAvgPool2D() }},
	{"linear", "units", "", func(l LayerSpec) nn.Layer { return nn.Linear(l.Units) }},
	{"flatten", "", "", func(LayerSpec) nn.Layer { return nn.Flatten() }},
	{"relu", "", "", func(LayerSpec) nn.Layer { return nn.ReLU() }},
	{"sigmoid", "", "", func(LayerSpec) nn.Layer { return nn.Sigmoid() }},
	{"tanh", "", "", func(LayerSpec) nn.Layer { return nn.Tanh() }},
	{"batchNorm", "", "", func(LayerSpec) nn.Layer { return nn.BatchNorm() }},
	{"dropout", "", "p", func(l LayerSpec) nn.Layer {
		if l.P == nil {
			return nn.Dropout(0.5)
		}
		return nn.Dropout(*l.P)
	}},
	{"vggBlock", "convolutions channels", "", func(l LayerSpec) nn.Layer { return zoo.VGGBlock(l.Convolutions, l.Channels) }},
	{"ninBlock", "channels kernel", "stride padding", func(l LayerSpec) nn.Layer {
		return zoo.NiNBlock(l.Channels, l.Kernel[0], l.Stride[0], l.Padding[0])
	}},
	{"inception", "c1 c2 c3 c4", "", func(l LayerSpec) nn.Layer { return zoo.NewInception(l.C1, l.C2, l.C3, l.C4) }},
	{"residual", "channels", "stride use1x1", func(l LayerSpec) nn.Layer {
		block := zoo.NewResidual(l.Channels)
		if l.Use1x1 || l.Stride[0] > 1 {
			block.Use1x1(l.Stride[0])
		}
		return block
	}},
	{"denseBlock", "convolutions growth", "", func(l LayerSpec) nn.Layer { return zoo.NewDenseBlock(l.Convolutions, l.Growth) }},
	{"transition", "channels", "", func(l LayerSpec) nn.Layer { return zoo.Transition(l.Channels) }},
}

// square names the kinds whose pairs must have equal numbers.
var square = []string{"ninBlock", "residual"}

func pool(p *nn.Pool2DLayer, l LayerSpec) nn.Layer {
	kernel := l.Kernel
	if kernel == (Pair{}) {
		kernel = Pair{2, 2}
	}
	return p.Kernel(kernel[0], kernel[1]).StrideHW(l.Stride[0], l.Stride[1]).PadHW(l.Padding[0], l.Padding[1])
}

// maxChannels and the like bound what a page may ask for, so that a slip of the
// finger does not take gigabytes.
const (
	maxNumber = 1 << 16
	maxLayers = 200
)

// layer builds a layer. The error says what is wrong with its numbers.
func (l LayerSpec) layer() (nn.Layer, error) {
	i := slices.IndexFunc(layerKinds, func(k layerKind) bool { return k.name == l.Kind })
	if i < 0 {
		names := layerNames()
		if near := suggest.Nearest(l.Kind, names); near != "" {
			return nil, fmt.Errorf("there is no layer %q: did you mean %q?", l.Kind, near)
		}
		return nil, fmt.Errorf("there is no layer %q: there are %s", l.Kind, strings.Join(names, ", "))
	}
	kind := layerKinds[i]
	needs, takes := strings.Fields(kind.needs), strings.Fields(kind.takes)
	v := reflect.ValueOf(l)
	for i := 1; i < v.NumField(); i++ {
		key := v.Type().Field(i).Tag.Get("json")
		given := !v.Field(i).IsZero()
		switch {
		case given && !slices.Contains(needs, key) && !slices.Contains(takes, key):
			return nil, fmt.Errorf("%s has no %s", l.Kind, key)
		case !given && slices.Contains(needs, key):
			return nil, fmt.Errorf("%s needs %s, at least 1", l.Kind, key)
		}
		for _, n := range numbers(v.Field(i)) {
			if n > maxNumber || n < 0 || n == 0 && given && key != "padding" {
				return nil, fmt.Errorf("%s: %s is %d: want 1 to %d", l.Kind, key, n, maxNumber)
			}
			if slices.Contains(square, l.Kind) && n != numbers(v.Field(i))[0] {
				return nil, fmt.Errorf("%s: %s must be one number", l.Kind, key)
			}
		}
	}
	if l.Kind != "maxPool" && l.Kind != "avgPool" && l.Stride == (Pair{}) {
		l.Stride = Pair{1, 1}
	}
	if l.Dilation[0] != l.Dilation[1] {
		return nil, fmt.Errorf("%s: dilation must be one number", l.Kind)
	}
	return kind.build(l), nil
}

// numbers are the whole numbers of a field.
func numbers(v reflect.Value) []int {
	switch n := v.Interface().(type) {
	case int:
		return []int{n}
	case Pair:
		return n[:]
	case [2]int:
		return n[:]
	}
	return nil
}

// layerNames are the kinds of layers.
func layerNames() (names []string) {
	for _, k := range layerKinds {
		names = append(names, k.name)
	}
	return names
}

// NetworkArgs name a network: one of package zoo, or a list of layers.
type NetworkArgs struct {
	Layers  []LayerSpec `json:"layers"`
	Network string      `json:"network"`
	Input   []int       `json:"input"`
}

// network returns the network that the arguments describe and the shape of its input.
func (a NetworkArgs) network() (net nn.Layer, input tensor.Shape, err error) {
	switch {
	case a.Network != "" && a.Layers != nil:
		return nil, nil, errors.New("network and layers are both given: want one of them")
	case a.Network != "":
		spec, err := zoo.Get(a.Network)
		if err != nil {
			return nil, nil, err
		}
		net, input = spec.New(spec.Classes), spec.Input
	case len(a.Layers) == 0:
		return nil, nil, errors.New("there are no layers")
	case len(a.Layers) > maxLayers:
		return nil, nil, fmt.Errorf("%d layers: want at most %d", len(a.Layers), maxLayers)
	case a.Input == nil:
		return nil, nil, errors.New("input is missing: want [C, H, W]")
	default:
		layers := make([]nn.Layer, len(a.Layers))
		for i, l := range a.Layers {
			if layers[i], err = l.layer(); err != nil {
				return nil, nil, fmt.Errorf("layer %d: %w", i+1, err)
			}
		}
		net = nn.Sequential(layers...)
	}
	if a.Input != nil {
		input = a.Input
	}
	if len(input) != 3 || slices.Min(input) < 1 || slices.Max(input) > 4096 {
		return nil, nil, fmt.Errorf("input is %v: want [C, H, W], each 1 to 4096", []int(input))
	}
	return net, input, nil
}

// explained makes of the error of a network one that counts the layers of a list from 1 and
// calls them by their kinds.
func (a NetworkArgs) explained(err error) error {
	var rule *graph.Error
	if !errors.As(err, &rule) || a.Layers == nil {
		return err
	}
	i := topIndex(rule.Path)
	if i < 0 || i >= len(a.Layers) {
		return err
	}
	return fmt.Errorf("layer %d, %s: %s: %w", i+1, a.Layers[i].Kind, rule.Op, rule.Err)
}

// topIndex is the place in a Sequential of the layer with a path, −1 if there is none.
func topIndex(path string) int {
	first, _, _ := strings.Cut(path, ".")
	if i, err := strconv.Atoi(first); err == nil {
		return i
	}
	return -1
}
