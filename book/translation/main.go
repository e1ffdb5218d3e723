// Command translation has the listings of the study notes on Dive into Deep Learning in
// PyTorch and in Go, and compares what they compute.
//
// listings.py has the PyTorch blocks. It writes torch.json, their values; this program
// computes the same with the Go blocks and prints whether they agree.
package main

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"os"
	"strings"

	"github.com/strideml/stride/book/internal/chapter"
	"github.com/strideml/stride/d2l"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

var page = &chapter.Chapter{Name: "translation"}

func init() {
	page.Sections = []chapter.Section{
		{Name: "agree", Run: agree},
		{Name: "shapes", Run: shapes},
	}
}

func main() { chapter.Main(page) }

//go:embed *.go listings.py torch.json
var files embed.FS

// A listing computes what a PyTorch block of listings.py has computed.
type listing struct {
	region, what string
	compute      func() ([]*tensor.Tensor, error)
}

var listings = []listing{
	{"tensors", "tensors", tensors},
	{"L1", "cross-correlation", crossCorrelation},
	{"edges", "edges of a picture", findEdges},
	{"learn", "a learned kernel", learnKernel},
	{"L2", "padding", padding},
	{"channels", "channels", channels},
	{"pooling", "pooling", pooling},
	{"L3", "LeNet", func() ([]*tensor.Tensor, error) { return forward(lenet(), picture(1, 1, 28, 28)) }},
	{"L4", "VGG block, function", func() ([]*tensor.Tensor, error) { return forward(vggBlock(2, 8), picture(2, 3, 16, 16)) }},
	{"L5", "VGG block, type", func() ([]*tensor.Tensor, error) { return forward(NewVGGBlock(2, 8), picture(2, 3, 16, 16)) }},
	{"L6", "NiN", func() ([]*tensor.Tensor, error) { return forward(nin(), picture(1, 1, 224, 224)) }},
	{"L7", "Inception block", func() ([]*tensor.Tensor, error) {
		return forward(NewInception(64, [2]int{96, 128}, [2]int{16, 32}, 32), picture(1, 192, 12, 12))
	}},
	{"L8", "batch normalization", batchNormalization},
	{"L9", "LeNet, from scratch", func() ([]*tensor.Tensor, error) { return forwardInTraining(scratch(), "1.moving_mean") }},
	{"L10", "LeNet, library", func() ([]*tensor.Tensor, error) { return forwardInTraining(concise(), "1.running_var") }},
	{"L11", "residual block", residualBlocks},
	{"L12", "ResNet-18", func() ([]*tensor.Tensor, error) { return forward(resnet(), picture(1, 1, 224, 224)) }},
	{"L12-train", "training", trainConcise},
	{"L13", "dense block", denseBlocks},
	{"saving", "saving, loading", saving},
	{"evaluate", "accuracy", evaluation},
}

// agree prints the table: each listing with its places, what Stride computes, and whether
// that is what PyTorch has computed.
func agree() error {
	text, err := files.ReadFile("torch.json")
	if err != nil {
		return err
	}
	var torch map[string][]value
	if err := json.Unmarshal(text, &torch); err != nil {
		return err
	}
	fmt.Printf("%-9s  %-6s  %-21s  %-19s  %s\n",
		"listing", "agrees", "file:region", "what", "shape: first values")
	for _, l := range listings {
		got, err := l.compute()
		if err != nil {
			return fmt.Errorf("listing %s: %w", l.region, err)
		}
		file, err := place(l.region)
		if err != nil {
			return err
		}
		same, how := "yes", differs(got, torch[l.region])
		if how != "" {
			same, how = "no", ", but "+how
		}
		fmt.Printf("%-9s  %-6s  %-21s  %-19s  %s\n",
			l.region, same, file+":"+l.region, l.what, short(got[0])+how)
	}
	return nil
}

// place returns the Go file that has a region, which listings.py must have, too.
func place(region string) (string, error) {
	python, err := files.ReadFile("listings.py")
	if err != nil {
		return "", err
	}
	if !strings.Contains(string(python), "# region "+region+"\n") {
		return "", fmt.Errorf("listings.py has no region %s", region)
	}
	names, err := fs.Glob(files, "*.go")
	if err != nil {
		return "", err
	}
	for _, name := range names {
		source, err := files.ReadFile(name)
		if err != nil {
			return "", err
		}
		if strings.Contains(string(source), "//region "+region+"\n") {
			return name, nil
		}
	}
	return "", fmt.Errorf("no Go file has a region %s", region)
}

// A value is a tensor that listings.py has kept: its shape, and its first 20 elements.
type value struct {
	Shape  []int     `json:"shape"`
	Values []float64 `json:"values"`
}

// differs says how tensors differ from PyTorch's by more than rounding, "" if they do
// not.
func differs(got []*tensor.Tensor, want []value) string {
	if len(got) != len(want) {
		return fmt.Sprintf("%d tensors, PyTorch has %d", len(got), len(want))
	}
	for i, t := range got {
		if !t.Shape().Equal(want[i].Shape) {
			return fmt.Sprintf("shape %v, PyTorch's is %v", t.Shape(), tensor.Shape(want[i].Shape))
		}
		var most float64
		for _, v := range want[i].Values {
			most = max(most, math.Abs(v))
		}
		for j, v := range want[i].Values {
			if diff := math.Abs(float64(t.Data()[j]) - v); !(diff <= 1e-4*most) {
				return fmt.Sprintf("element %d is %v, PyTorch's is %v", j, t.Data()[j], v)
			}
		}
	}
	return ""
}

// short writes a tensor's shape and first elements.
func short(t *tensor.Tensor) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v:", t.Shape())
	for _, v := range t.Data()[:min(2, t.Size())] {
		fmt.Fprintf(&b, " %.3g", v)
	}
	return b.String()
}

// fill gives all parameters values by a formula of shape and index, as in listings.py.
func fill(model *nn.Model) {
	for _, p := range model.Parameters() {
		shape, data := p.Value.Shape(), p.Value.Data()
		name := p.Name[strings.LastIndex(p.Name, ".")+1:]
		for i := range data {
			v := float64(i*37%101)/101 - 0.5
			switch {
			case len(shape) > 1 && name == "weight":
				v = 3.4 * v / math.Sqrt(float64(len(data)/shape[0]))
			case name == "weight" || name == "gamma":
				v = 0.2*v + 1
			default:
				v *= 0.2
			}
			data[i] = float32(v)
		}
		p.Changed()
	}
}

// picture returns an input of the given shape whose values follow from the index.
func picture(shape ...int) *tensor.Tensor {
	x := tensor.New(shape...)
	for i := range x.Data() {
		x.Data()[i] = float32(float64(i*53%211) / 211)
	}
	return x
}

// filled returns a model of a network for a batch like x, with the parameters of fill.
func filled(net nn.Layer, x *tensor.Tensor) (*nn.Model, error) {
	model, err := nn.New(net, x.Shape()[1:], nn.Options{})
	if err == nil {
		fill(model)
	}
	return model, err
}

// forward applies a network with the parameters of fill, in prediction mode.
func forward(net nn.Layer, x *tensor.Tensor) ([]*tensor.Tensor, error) {
	model, err := filled(net, x)
	if err != nil {
		return nil, err
	}
	defer model.Close()
	y, err := model.Predict(d2l.TryGPU(0), x)
	return []*tensor.Tensor{y}, err
}

func shapes() error {
	//region L12-shapes
	return d2l.LayerShapes(os.Stdout, resnet(), tensor.Shape{1, 1, 224, 224})
	//endregion
}
