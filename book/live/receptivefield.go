package live

import (
	"errors"
	"fmt"
	"image"
	"slices"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/receptive"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// ReceptiveFieldArgs are the arguments of ReceptiveField.
type ReceptiveFieldArgs struct {
	NetworkArgs
	Layer   string `json:"layer"`
	Y       int    `json:"y"`
	X       int    `json:"x"`
	Channel int    `json:"channel"`
	Image   Array  `json:"image"`
	Seed    uint64 `json:"seed"`
}

// ReceptiveFieldResult is the result of ReceptiveField.
type ReceptiveFieldResult struct {
	Layer      string      `json:"layer"`
	Y          int         `json:"y"`
	X          int         `json:"x"`
	Channel    int         `json:"channel"`
	Box        Box         `json:"box"`
	Unclipped  Box         `json:"unclipped"`
	Global     bool        `json:"global"`
	Gradient   Array       `json:"gradient"`
	Heat       Array       `json:"heat"`
	Activation float32     `json:"activation"`
	Layers     []MapsLayer `json:"layers"`
}

// A Box is a rectangle of pixels, without its last row and column: bottom and right.
type Box struct {
	Top    int `json:"top"`
	Left   int `json:"left"`
	Bottom int `json:"bottom"`
	Right  int `json:"right"`
}

// A MapsLayer is a layer whose output is a stack of maps.
type MapsLayer struct {
	Name   string `json:"name"`
	Kind   string `json:"kind"`
	Output []int  `json:"output"`
}

// maxFieldParameters bounds the networks that ReceptiveField computes.
const maxFieldParameters = 3_000_000

// ReceptiveField tells which pixels a unit of a layer depends on, and how much: the
// derivative of the unit with respect to each of them, in a network with random weights.
func (s *Session) ReceptiveField(args ReceptiveFieldArgs) (r ReceptiveFieldResult, err error) {
	net, input, err := args.network()
	if err != nil {
		return r, err
	}
	if r.Layers, err = mapsLayers(net, input); err != nil {
		return r, args.explained(err)
	}
	if len(r.Layers) == 0 {
		return r, errors.New("no layer of the network has maps C×H×W")
	}
	layer := r.Layers[len(r.Layers)-1]
	if args.Layer != "" {
		i := slices.IndexFunc(r.Layers, func(l MapsLayer) bool { return l.Name == args.Layer })
		if i < 0 {
			return r, fmt.Errorf("there is no layer %q with maps C×H×W", args.Layer)
		}
		layer = r.Layers[i]
	}
	r.Layer, r.Y, r.X, r.Channel = layer.Name, args.Y, args.X, args.Channel
	if r.Y < 0 {
		r.Y = layer.Output[1] / 2
	}
	if r.X < 0 {
		r.X = layer.Output[2] / 2
	}
	model, err := fieldModel(net, input, layer.Name, args.Seed)
	if err != nil {
		return r, err
	}
	x, err := args.picture(input)
	if err != nil {
		return r, err
	}
	err = s.look(model, x, &r)
	return r, err
}

// look computes the field and the gradient of the unit that r names.
func (s *Session) look(model *nn.Model, x *tensor.Tensor, r *ReceptiveFieldResult) (err error) {
	defer graph.Catch(&err)
	t, err := model.Trace(1, nn.Eval)
	if err != nil {
		return err
	}
	n, err := t.OutputOf(r.Layer)
	if err != nil {
		return err
	}
	shape := n.Shape()
	for i, unit := range []struct {
		name  string
		index int
	}{{"channel", r.Channel}, {"y", r.Y}, {"x", r.X}} {
		if err := within(unit.name, unit.index, 0, shape[1+i]-1); err != nil {
			return err
		}
	}
	field, ok := receptive.Of(n, t.Input, r.Y, r.X)
	if !ok {
		return fmt.Errorf("layer %q does not depend on the input", r.Layer)
	}
	r.Box, r.Unclipped, r.Global = box(field.Box), box(field.Unclipped), field.Global
	unit := n
	for axis, index := range []int{0, r.Channel, r.Y, r.X} {
		unit = graph.Slice(unit, axis, index, index+1)
	}
	batch, err := x.Reshape(t.Input.Shape()...)
	if err != nil {
		return err
	}
	gradient := graph.Gradients(unit, t.Input)[0]
	out, err := engine.Run(s.exact, engine.Feeds{t.Input: batch}, unit, gradient, graph.Max(graph.Abs(gradient), 0, 1))
	if err != nil {
		return err
	}
	r.Activation = out[0].Data()[0]
	r.Gradient = arrayOf(out[1], model.Input()...)
	r.Heat = arrayOf(normalized(out[2]))
	return nil
}

// mapsLayers lists the layers and the blocks of the outermost level whose outputs are maps.
func mapsLayers(net nn.Layer, input tensor.Shape) (list []MapsLayer, err error) {
	t, err := nn.Outline(net, input, 1)
	if err != nil {
		return nil, err
	}
	for _, l := range t.Layers() {
		if s := l.Node.Shape(); len(s) == 4 && l.Path != "" {
			list = append(list, MapsLayer{l.Path, l.Kind, s[1:]})
		}
	}
	return list, nil
}

// fieldModel makes a model of the part of a network up to a layer.
func fieldModel(net nn.Layer, input tensor.Shape, layer string, seed uint64) (*nn.Model, error) {
	if whole, ok := net.(*nn.SequentialLayer); ok && topIndex(layer) >= 0 {
		net = nn.Sequential(whole.Layers()[:topIndex(layer)+1]...)
	}
	t, err := nn.Outline(net, input, 1)
	if err != nil {
		return nil, err
	}
	parameters := 0
	for _, row := range t.Rows() {
		parameters += row.Parameters
	}
	if parameters > maxFieldParameters {
		return nil, fmt.Errorf("the network has %d parameters up to this layer: a gradient is computed for at most %d", parameters, maxFieldParameters)
	}
	return nn.New(net, input, nn.Options{Seed: seed, Init: nn.HeUniform()})
}

// picture returns the image of the arguments, or noise.
func (a ReceptiveFieldArgs) picture(input tensor.Shape) (*tensor.Tensor, error) {
	if !a.Image.given() {
		x := tensor.New(input...)
		r := rng.New(a.Seed, "book/live/receptiveField")
		for i := range x.Data() {
			x.Data()[i] = r.Float32()
		}
		return x, nil
	}
	x, err := a.Image.tensor("image", 2, 3)
	if err == nil && !x.HasShape(input) {
		err = fmt.Errorf("image has the shape %v: the network takes %v", x.Shape(), input)
	}
	return x, err
}

func box(r image.Rectangle) Box { return Box{r.Min.Y, r.Min.X, r.Max.Y, r.Max.X} }

// normalized divides a tensor of numbers of at least 0 by the greatest, unless all are 0.
func normalized(t *tensor.Tensor) *tensor.Tensor {
	most := slices.Max(t.Data())
	if most > 0 {
		for i := range t.Data() {
			t.Data()[i] /= most
		}
	}
	return t
}
