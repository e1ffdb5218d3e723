package live

import (
	"bytes"
	_ "embed" // for the pretrained network
	"errors"
	"fmt"
	"math"

	"github.com/strideml/stride/data/fashionmnist/sample"
	"github.com/strideml/stride/data/raster"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/metrics"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
)

// pretrainedWeights are those of PretrainedNetwork, as 16-bit numbers;
// internal/pretrain trains them.
//
//go:embed lenet.safetensors
var pretrainedWeights []byte

// PretrainedNetwork returns the network whose weights come with the program: LeNet
// with batch normalization and ReLU.
func PretrainedNetwork() nn.Layer {
	return TrainLeNetArgs{
		Activation: "relu", Pooling: "max", Kernels: [2]int{5, 5}, Channels: [2]int{8, 24}, Hidden: [2]int{96, 64}, BatchNorm: true,
	}.network()
}

// A network computes what PredictDrawing shows.
type network struct {
	name    string
	model   *nn.Model
	program engine.Program
	input   *graph.Node
	layers  []PredictedLayer // without outputs
	shapes  []tensor.Shape   // of the outputs, the probabilities last
}

// PredictDrawingArgs are the arguments of PredictDrawing.
type PredictDrawingArgs struct {
	Image   Array  `json:"image"`
	Network string `json:"network"`
	Fit     bool   `json:"fit"`
}

// PredictDrawingResult is the result of PredictDrawing.
type PredictDrawingResult struct {
	Network       string           `json:"network"`
	Image         Array            `json:"image"`
	Probabilities []float32        `json:"probabilities"`
	Prediction    int              `json:"prediction"`
	Layers        []PredictedLayer `json:"layers"`
	Kernels       Array            `json:"kernels"`
}

// A PredictedLayer is a layer with what it has made of a drawing.
type PredictedLayer struct {
	Name   string `json:"name"`
	Kind   string `json:"kind"`
	Output Array  `json:"output"`
}

// keep makes a model the one of a name that PredictDrawing takes.
func (s *Session) keep(model *nn.Model, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.networks[name]; old != nil && old.program != nil {
		_ = old.program.Close() // no call computes with it: the lock is held then
	}
	s.networks[name] = &network{name: name, model: model}
}

// network returns the network of a name. The caller holds the lock.
func (s *Session) network(name string) (*network, error) {
	if name == "auto" {
		name = "pretrained"
		if s.networks["trained"] != nil {
			name = "trained"
		}
	}
	n := s.networks[name]
	switch {
	case n != nil:
	case name == "trained":
		return nil, errors.New("no network was trained yet")
	case name != "pretrained":
		return nil, fmt.Errorf("there is no network %q: want auto, trained or pretrained", name)
	default:
		model, err := pretrained()
		if err != nil {
			return nil, err
		}
		n = &network{name: name, model: model}
		s.networks[name] = n
	}
	if n.program == nil {
		return n, n.compile(s.fast)
	}
	return n, nil
}

// pretrained makes the network whose weights are part of the program.
func pretrained() (*nn.Model, error) {
	file, err := safetensors.Read(bytes.NewReader(pretrainedWeights))
	if err != nil {
		return nil, fmt.Errorf("the pretrained network: %w", err)
	}
	model, err := nn.New(PretrainedNetwork(), tensor.Shape{1, sample.Side, sample.Side}, nn.Options{})
	if err != nil {
		return nil, err
	}
	if err := model.LoadState(file.Entries); err != nil {
		return nil, fmt.Errorf("the pretrained network: %w", err)
	}
	return model, nil
}

// compile makes the program that computes all layers and the probabilities.
func (n *network) compile(d engine.Device) (err error) {
	defer graph.Catch(&err)
	t, err := n.model.Trace(1, nn.Eval)
	if err != nil {
		return err
	}
	var outputs []*graph.Node
	for _, l := range t.Layers() {
		if l.Path == "" || l.Kind == "Flatten" {
			continue
		}
		outputs = append(outputs, l.Node)
		n.layers = append(n.layers, PredictedLayer{Name: l.Path, Kind: l.Kind})
		n.shapes = append(n.shapes, l.Node.Shape())
	}
	outputs = append(outputs, graph.Softmax(t.Output, 1))
	n.shapes = append(n.shapes, t.Output.Shape())
	n.input = t.Input
	n.program, err = d.Compile(t.Graph, outputs...)
	return err
}

// PredictDrawing returns the classes of a drawing and what each layer makes of it.
func (s *Session) PredictDrawing(args PredictDrawingArgs) (r PredictDrawingResult, err error) {
	x, err := args.Image.tensor("image", 2, 3)
	if err != nil {
		return r, err
	}
	if !x.HasShape(tensor.Shape{1, sample.Side, sample.Side}) {
		return r, fmt.Errorf("image has the shape %v: want %d×%d", args.Image.Shape, sample.Side, sample.Side)
	}
	for _, v := range x.Data() {
		if !(v >= 0 && v <= 1) {
			return r, fmt.Errorf("image has the value %v: want 0 (black) to 1 (white)", v)
		}
	}
	if args.Fit {
		x = fitted(x)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := s.network(args.Network)
	if err != nil {
		return r, err
	}
	results := make([]*tensor.Tensor, len(n.shapes))
	for i, shape := range n.shapes {
		results[i] = tensor.New(shape...)
	}
	batch, err := x.Reshape(1, 1, sample.Side, sample.Side)
	if err != nil {
		return r, err
	}
	if err := n.program.Run(engine.Feeds{n.input: batch}, results); err != nil {
		return r, err
	}
	r.Network, r.Image = n.name, arrayOf(x.Clone(), sample.Side, sample.Side)
	for i, l := range n.layers {
		l.Output = arrayOf(results[i], n.shapes[i][1:]...)
		r.Layers = append(r.Layers, l)
	}
	r.Probabilities = results[len(n.layers)].Data()
	r.Prediction = metrics.ArgMax(r.Probabilities)
	kernels, err := n.model.Param("0.weight")
	if err != nil {
		return r, err
	}
	r.Kernels = arrayOf(kernels.Value.Clone())
	return r, nil
}

// fitted moves and scales what is drawn so that its longer side fills the picture, as
// in the pictures of Fashion-MNIST. An empty picture stays as it is.
func fitted(x *tensor.Tensor) *tensor.Tensor {
	const side, drawn = sample.Side, 0.1 // what is darker counts as background
	top, left, bottom, right := side, side, 0, 0
	from := raster.New(1, side, side)
	for i, v := range x.Data() {
		from.Pix[i] = uint8(math.Round(float64(v) * 255))
		if v >= drawn {
			top, left, bottom, right = min(top, i/side), min(left, i%side), max(bottom, i/side+1), max(right, i%side+1)
		}
	}
	if bottom == 0 {
		return x
	}
	h, w := bottom-top, right-left
	scale := float64(side) / float64(max(h, w))
	height, width := max(1, int(float64(h)*scale+0.5)), max(1, int(float64(w)*scale+0.5))
	to := raster.New(1, height, width)
	new(raster.Resizer).ResizeRect(to, from, height, width, raster.Bilinear, raster.Rect{X0: float32(left), Y0: float32(top), X1: float32(right), Y1: float32(bottom)})
	out := tensor.New(1, side, side)
	y0, x0 := (side-height)/2, (side-width)/2
	for i, v := range to.Pix {
		out.Data()[(y0+i/width)*side+x0+i%width] = float32(v) / 255
	}
	return out
}
