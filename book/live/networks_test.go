package live

import (
	"slices"
	"strings"
	"testing"
)

// The numbers are those of Dive into Deep Learning's networks in PyTorch.
func TestDescribeNetworks(t *testing.T) {
	s := session(t)
	for name, want := range map[string]struct {
		parameters   int
		multiplyAdds int64
	}{
		"lenet": {61_706, 416_520}, "vgg": {43_093_322, 0}, "nin": {1_992_166, 0}, "googlenet": {5_977_530, 0},
		"resnet18": {11_178_378, 0}, "densenet": {758_226, 0}, "alexnet": {46_764_746, 0},
	} {
		r, err := s.Describe(DescribeArgs{NetworkArgs: NetworkArgs{Network: name}, Batch: 1})
		if err != nil {
			t.Error(err)
			continue
		}
		if r.Parameters != want.parameters || want.multiplyAdds != 0 && r.MultiplyAdds != want.multiplyAdds || !slices.Equal(r.Output, []int{10}) {
			t.Errorf("%s has %d parameters, %d multiply-adds, output %v", name, r.Parameters, r.MultiplyAdds, r.Output)
		}
	}
}

// lenet is LeNet as a list of layers.
func lenet() NetworkArgs {
	return NetworkArgs{Input: []int{1, 28, 28}, Layers: []LayerSpec{
		{Kind: "conv", Channels: 6, Kernel: Pair{5, 5}, Padding: Pair{2, 2}}, {Kind: "sigmoid"}, {Kind: "avgPool"},
		{Kind: "conv", Channels: 16, Kernel: Pair{5, 5}}, {Kind: "sigmoid"}, {Kind: "avgPool"},
		{Kind: "flatten"}, {Kind: "linear", Units: 120}, {Kind: "linear", Units: 84}, {Kind: "linear", Units: 10},
	}}
}

func TestDescribeLayers(t *testing.T) {
	s := session(t)
	r, err := s.Describe(DescribeArgs{NetworkArgs: lenet(), Batch: 2})
	if err != nil {
		t.Fatal(err)
	}
	conv := r.Layers[3]
	if r.Parameters != 61_706 || conv.Index != 3 || conv.Block != "conv" || conv.ReceptiveField != 16-2 || conv.Bytes != 2*16*10*10*4 || !slices.Equal(conv.Output, []int{16, 10, 10}) {
		t.Errorf("%d parameters, second convolution %+v", r.Parameters, conv)
	}
	// The blocks of the book: 3×96×96 to what each makes of it.
	blocks := []struct {
		spec LayerSpec
		want []int
	}{
		{LayerSpec{Kind: "vggBlock", Convolutions: 2, Channels: 16}, []int{16, 48, 48}},
		{LayerSpec{Kind: "ninBlock", Channels: 16, Kernel: Pair{11, 11}, Stride: Pair{4, 4}}, []int{16, 22, 22}},
		{LayerSpec{Kind: "inception", C1: 8, C2: [2]int{4, 8}, C3: [2]int{2, 4}, C4: 4}, []int{24, 96, 96}},
		{LayerSpec{Kind: "residual", Channels: 6, Use1x1: true, Stride: Pair{2, 2}}, []int{6, 48, 48}},
		{LayerSpec{Kind: "residual", Channels: 3}, []int{3, 96, 96}},
		{LayerSpec{Kind: "denseBlock", Convolutions: 2, Growth: 10}, []int{23, 96, 96}},
		{LayerSpec{Kind: "transition", Channels: 10}, []int{10, 48, 48}},
		{LayerSpec{Kind: "globalAvgPool"}, []int{3, 1, 1}},
	}
	for _, b := range blocks {
		r, err := s.Describe(DescribeArgs{NetworkArgs: NetworkArgs{Input: []int{3, 96, 96}, Layers: []LayerSpec{b.spec}}, Batch: 1})
		if err != nil || !slices.Equal(r.Output, b.want) {
			t.Errorf("%s: output %v, want %v, error %v", b.spec.Kind, r.Output, b.want, err)
		}
	}
}

func TestDescribeErrors(t *testing.T) {
	s := session(t)
	for want, args := range map[string]NetworkArgs{
		`there is no layer "cov": did you mean "conv"?`: {Input: []int{1, 8, 8}, Layers: []LayerSpec{{Kind: "cov"}}},
		"layer 1: conv needs channels":                  {Input: []int{1, 8, 8}, Layers: []LayerSpec{{Kind: "conv", Kernel: Pair{3, 3}}}},
		"layer 1: conv has no units":                    {Input: []int{1, 8, 8}, Layers: []LayerSpec{{Kind: "conv", Channels: 1, Kernel: Pair{3, 3}, Units: 3}}},
		"layer 2, conv: Conv2D 9×9":                     {Input: []int{1, 8, 8}, Layers: []LayerSpec{{Kind: "relu"}, {Kind: "conv", Channels: 1, Kernel: Pair{9, 9}}}},
		"cannot be added: Use1x1":                       {Input: []int{1, 8, 8}, Layers: []LayerSpec{{Kind: "residual", Channels: 2}}},
		"input is missing":                              {Layers: []LayerSpec{{Kind: "relu"}}},
		"there are no layers":                           {Input: []int{1, 8, 8}},
		"did you mean \"resnet18\"":                     {Network: "resnet-18"},
		"must be one number":                            {Input: []int{1, 8, 8}, Layers: []LayerSpec{{Kind: "residual", Channels: 1, Stride: Pair{1, 2}}}},
	} {
		_, err := s.Describe(DescribeArgs{NetworkArgs: args, Batch: 1})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestReceptiveField(t *testing.T) {
	s := session(t)
	conv := LayerSpec{Kind: "conv", Channels: 2, Kernel: Pair{3, 3}, Padding: Pair{1, 1}}
	args := ReceptiveFieldArgs{NetworkArgs: NetworkArgs{Input: []int{1, 16, 16}, Layers: []LayerSpec{conv, {Kind: "maxPool"}, conv}}, Y: 4, X: 0}
	r, err := s.ReceptiveField(args)
	if err != nil {
		t.Fatal(err)
	}
	// Rows 3 to 5 of the pooled maps, 6 to 11 of the first ones, 5 to 12 of the picture.
	if want := (Box{5, 0, 13, 5}); r.Box != want || r.Layer != "2" || r.Global {
		t.Errorf("layer %s sees %+v, want %+v", r.Layer, r.Box, want)
	}
	if want := (Box{5, -3, 13, 5}); r.Unclipped != want {
		t.Errorf("without borders %+v, want %+v", r.Unclipped, want)
	}
	most := float32(0)
	for i, v := range r.Heat.Data {
		y, x := i/16, i%16
		if inside := y >= r.Box.Top && y < r.Box.Bottom && x < r.Box.Right; !inside && v != 0 {
			t.Fatalf("heat %v at %d, %d outside of the field", v, y, x)
		}
		most = max(most, v)
	}
	if most != 1 || len(r.Layers) != 3 || r.Layers[1].Kind != "MaxPool2D" {
		t.Errorf("greatest heat %v, layers %v", most, r.Layers)
	}
	args.Layer, args.Y, args.X = "0", -1, -1
	if r, err = s.ReceptiveField(args); err != nil || r.Box != (Box{7, 7, 10, 10}) || r.Y != 8 {
		t.Errorf("the middle unit of the first layer sees %+v, error %v", r.Box, err)
	}
	args.Layer = "9"
	if _, err := s.ReceptiveField(args); err == nil {
		t.Error("a layer that does not exist: no error")
	}
	if r, err = s.ReceptiveField(ReceptiveFieldArgs{NetworkArgs: NetworkArgs{Network: "lenet"}, Layer: "3", Y: -1, X: -1}); err != nil || r.Box.Bottom-r.Box.Top != 14 {
		t.Errorf("the second convolution of LeNet sees %+v, error %v", r.Box, err)
	}
	if _, err = s.ReceptiveField(ReceptiveFieldArgs{NetworkArgs: NetworkArgs{Network: "resnet18"}, Y: -1, X: -1}); err == nil || !strings.Contains(err.Error(), "parameters") {
		t.Errorf("a large network: error %v", err)
	}
}

func TestGrowth(t *testing.T) {
	args := defaultGrowth
	args.Growths = []int{8, 32}
	r, err := session(t).Growth(t.Context(), args, nil)
	if err != nil {
		t.Fatal(err)
	}
	row := r.Rows[1]
	if row.Parameters != 758_226 || !slices.Equal(row.Channels, []int{64, 192, 96, 224, 112, 240, 120, 248}) || row.Places[2] != "transition 1" {
		t.Errorf("growth rate 32: %+v", row)
	}
	if r.Rows[0].TrainingBytes >= row.TrainingBytes || row.TrainingBytes < 4*int64(row.Parameters) || r.Rows[0].ActivationBytes >= row.ActivationBytes {
		t.Errorf("memory %+v, %+v", r.Rows[0], row)
	}
}
