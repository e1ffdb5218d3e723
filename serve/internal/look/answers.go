package look

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"image"
	"image/png"
	"math"
	"slices"
	"strconv"

	"github.com/strideml/stride/explain"
	"github.com/strideml/stride/explain/render"
	"github.com/strideml/stride/serve/internal/inference"
	"github.com/strideml/stride/serve/internal/repository"
	"github.com/strideml/stride/tensor"
)

// A Picture is what a request brings: the network's input, and the size of the picture that it was made of.
type Picture struct {
	Input []float32
	Size  image.Point
}

// tensor returns the input as C×H×W.
func (p Picture) tensor(v *repository.Version) (*tensor.Tensor, error) {
	return tensor.FromSlice(p.Input, v.Input...)
}

func of(v *repository.Version) Of { return Of{v.Name, strconv.Itoa(v.Number)} }

// window returns the part of a picture that the network is given.
func window(v *repository.Version, size image.Point) (Box, error) {
	p, err := v.Model.Preprocessing.Placement(size)
	if err != nil {
		return Box{}, err
	}
	x, y := float64(size.X), float64(size.Y)
	return Box{p.Left / x, p.Top / y, p.ScaleX * float64(v.Input[2]) / x, p.ScaleY * float64(v.Input[1]) / y}, nil
}

// Network describes the network of a version. With timed it measures the layers, which takes a moment
// at the first time.
func (l *Looker) Network(ctx context.Context, v *repository.Version, timed bool) (*Network, error) {
	in, err := l.of(v)
	if err != nil {
		return nil, err
	}
	n := &Network{Of: of(v), Input: v.Input, Classes: v.Model.Classes, TrainingData: l.options.Training != nil && v.Model.Run != nil}
	for _, node := range in.nodes {
		n.Parameters += node.Parameters
		n.MultiplyAdds += node.MultiplyAdds
		n.Nodes = append(n.Nodes, Node{Node: node})
	}
	if !timed {
		return n, nil
	}
	ctx, leave, err := l.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	seconds, err := in.Times(ctx)
	if err != nil {
		return nil, failure(ctx, err)
	}
	for i, s := range seconds {
		ms := s * 1000
		n.Nodes[i].Milliseconds = &ms
		n.Milliseconds += ms
	}
	return n, nil
}

// failure returns the reason why a computation failed with err: that of its context, if that has ended. It is nil
// if err is.
func failure(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause
	}
	return err
}

// ExplainRequest says what is to be explained.
type ExplainRequest struct {
	Method explain.Method // "" for Grad-CAM
	Layer  string         // "" for the last one with maps
	Class  int            // explain.Predicted for the most probable one
}

// attribution explains a score.
func (l *Looker) attribution(ctx context.Context, v *repository.Version, p Picture, r ExplainRequest) (*explain.Attribution, error) {
	in, err := l.of(v)
	if err != nil {
		return nil, err
	}
	r.Method = cmp.Or(r.Method, explain.MethodGradCAM)
	if !slices.Contains(explain.Methods(), r.Method) {
		return nil, refuse("there is no method %.40q: want one of %v", r.Method, explain.Methods())
	}
	if r.Layer != "" {
		if !r.Method.TakesLayer() {
			return nil, refuse("method %s works on the input, not on layer %.200q", r.Method, r.Layer)
		}
		if _, err := in.maps(r.Layer); err != nil {
			return nil, err
		}
	}
	if r.Class != explain.Predicted && (r.Class < 0 || r.Class >= v.Classes) {
		return nil, refuse("class is %d: want an index from 0 to %d", r.Class, v.Classes-1)
	}
	x, err := p.tensor(v)
	if err != nil {
		return nil, err
	}
	ctx, leave, err := l.enter(ctx)
	if err != nil {
		return nil, err
	}
	a, err := in.Explain(ctx, x, explain.Request{Method: r.Method, Layer: r.Layer, Class: r.Class})
	err = failure(ctx, err)
	leave()
	if errors.Is(err, explain.ErrNoReLU) {
		err = inference.Bad(err)
	}
	return a, err
}

// Draw is Explain as a PNG file: the map over the picture as the network is given it.
func (l *Looker) Draw(ctx context.Context, v *repository.Version, p Picture, r ExplainRequest) ([]byte, error) {
	a, err := l.attribution(ctx, v, p, r)
	if err != nil {
		return nil, err
	}
	x, err := p.tensor(v)
	if err != nil {
		return nil, err
	}
	picture := shown(v, x)
	o := render.Options{Signed: a.Signed()}
	if fine(a.Method) {
		o.Percentile = 100 * (1 - outlierShare)
	}
	drawn, err := render.Overlay(picture, a.Heat(), picture.Bounds(), o)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = png.Encode(&b, drawn)
	return b.Bytes(), err
}

// fine reports whether a method has a value for each pixel by itself.
func fine(m explain.Method) bool {
	return m != explain.MethodGradCAM && m != explain.MethodGradCAMPlusPlus && m != explain.MethodOcclusion
}

// Explain says which parts of a picture count for the score of a class.
func (l *Looker) Explain(ctx context.Context, v *repository.Version, p Picture, r ExplainRequest) (*Map, error) {
	box, err := window(v, p.Size)
	if err != nil {
		return nil, inference.Bad(err)
	}
	a, err := l.attribution(ctx, v, p, r)
	if err != nil {
		return nil, err
	}
	m := &Map{
		Of: of(v), Method: a.Method, Layer: a.Layer, Class: a.ClassName, Index: a.Class, Score: a.Score, Probability: a.Probability,
		Signed: a.Signed(), Fine: fine(a.Method), Box: box,
	}
	heat := a.Heat()
	outliers := 0.0
	if m.Fine {
		outliers = outlierShare
	}
	m.High = limit(heat.Data(), outliers)
	if m.Signed {
		m.Low, m.High = signedRange(m.High)
	}
	m.PNG, err = pictureURL(grey(heat.Data(), heat.Shape()[1], m.Low, m.High))
	return m, err
}

// Features returns count of the maps of a layer for a picture, those after the from strongest.
func (l *Looker) Features(ctx context.Context, v *repository.Version, p Picture, layer string, from, count int) (*Features, error) {
	in, err := l.of(v)
	if err != nil {
		return nil, err
	}
	n, err := in.maps(layer)
	if err != nil {
		return nil, err
	}
	if from < 0 || from >= n[0] || count < 1 {
		return nil, refuse("from is %d and count %d: the layer has %d channels", from, count, n[0])
	}
	x, err := p.tensor(v)
	if err != nil {
		return nil, err
	}
	ctx, leave, err := l.enter(ctx)
	if err != nil {
		return nil, err
	}
	maps, err := in.Features(ctx, x, layer)
	err = failure(ctx, err)
	leave()
	if err != nil {
		return nil, err
	}
	width, height := n[2], n[1]
	channels := make([]Channel, n[0])
	for i := range channels {
		channels[i] = describe(i, plane(maps, i), width)
	}
	slices.SortStableFunc(channels, func(a, b Channel) int { return cmp.Compare(b.High, a.High) })
	f := &Features{Of: of(v), Layer: layer, Shape: n}
	f.Channels = channels[from:min(from+count, len(channels))]
	f.Sheet, err = newSheet(len(f.Channels), width, height, func(i int) image.Image {
		c := f.Channels[i]
		return grey(plane(maps, c.Channel), width, c.Low, c.High)
	})
	f.Channels = f.Channels[:f.Sheet.Count]
	return f, err
}

// plane returns map i of C×H×W maps.
func plane(maps *tensor.Tensor, i int) []float32 {
	size := maps.Shape()[1] * maps.Shape()[2]
	return maps.Data()[i*size:][:size]
}

// describe describes a map. JSON has no infinities and no NaN: they become 0.
func describe(channel int, values []float32, width int) Channel {
	c := Channel{Channel: channel}
	at, sum := 0, 0.0
	for i, v := range values {
		if v > values[at] {
			at = i
		}
		sum += float64(v)
	}
	c.Low, c.High = bounds(values)
	c.Mean, c.Y, c.X = sum/float64(len(values)), at/width, at%width
	for _, v := range []*float64{&c.Low, &c.High, &c.Mean} {
		if math.IsNaN(*v) || math.IsInf(*v, 0) {
			*v = 0
		}
	}
	return c
}

// Filters returns count of the filters of a convolution, from the one with the number from.
func (l *Looker) Filters(v *repository.Version, layer string, from, count int) (*Filters, error) {
	in, err := l.of(v)
	if err != nil {
		return nil, err
	}
	n, err := in.node(layer)
	if err != nil {
		return nil, err
	}
	if !n.Filters {
		return nil, refuse("layer %q is no convolution", layer)
	}
	w, err := in.Filters(layer)
	if err != nil {
		return nil, err
	}
	s := w.Shape()
	width, height := s[3], s[2]
	f := &Filters{Of: of(v), Layer: layer, Shape: s, Total: s[0] * s[1]}
	switch {
	case width == 1 && height == 1:
		f.Matrix, f.Total, width, height = true, 1, s[1], s[0]
	case s[1] == 3 && len(n.Inputs) == 1 && in.nodes[n.Inputs[0]].Kind == inputKind:
		f.Colour, f.Total = true, s[0]
	}
	if from < 0 || from >= f.Total || count < 1 {
		return nil, refuse("from is %d and count %d: the layer has %d tiles", from, count, f.Total)
	}
	size := w.Size() / f.Total
	low, high := signedRange(limit(w.Data(), outlierShare))
	f.Sheet, err = newSheet(min(count, f.Total-from), width, height, func(i int) image.Image {
		values := w.Data()[(from+i)*size:][:size]
		if f.Colour { // each with its own range: some filters of a first layer are faint
			low, high := signedRange(limit(values, 0))
			return colour(values, 3, width, low, high)
		}
		return grey(values, width, low, high)
	})
	return f, err
}

// ReceptiveField says which part of a picture a unit sees.
func (l *Looker) ReceptiveField(ctx context.Context, v *repository.Version, p Picture, layer string, channel, y, x int) (*Field, error) {
	in, err := l.of(v)
	if err != nil {
		return nil, err
	}
	n, err := in.maps(layer)
	if err != nil {
		return nil, err
	}
	if channel < 0 || channel >= n[0] || y < 0 || y >= n[1] || x < 0 || x >= n[2] {
		return nil, refuse("there is no unit %d, %d in channel %d: the layer has %v", y, x, channel, n)
	}
	input, err := p.tensor(v)
	if err != nil {
		return nil, err
	}
	given, err := window(v, p.Size)
	if err != nil {
		return nil, inference.Bad(err)
	}
	field, err := in.ReceptiveField(layer, y, x)
	if err != nil {
		return nil, err
	}
	ctx, leave, err := l.enter(ctx)
	if err != nil {
		return nil, err
	}
	gradient, activation, err := in.EffectiveField(ctx, input, layer, channel, y, x)
	err = failure(ctx, err)
	leave()
	if err != nil {
		return nil, err
	}
	size := v.Input[1] * v.Input[2]
	strength := make([]float32, size)
	for i, g := range gradient.Data() {
		strength[i%size] = max(strength[i%size], g, -g)
	}
	f := &Field{
		Of: of(v), Layer: layer, Channel: channel, Y: y, X: x, Input: given, Box: within(given, v.Input, field.Box),
		Width: field.Unclipped.Dx(), Height: field.Unclipped.Dy(), Global: field.Global, Activation: float64(activation),
	}
	f.PNG, err = pictureURL(grey(strength, v.Input[2], 0, limit(strength, outlierShare/10)))
	return f, err
}

// within returns the part of a picture that pixels of the input show, which shows the part given.
func within(given Box, input tensor.Shape, r image.Rectangle) Box {
	w, h := given[2]/float64(input[2]), given[3]/float64(input[1])
	return Box{given[0] + float64(r.Min.X)*w, given[1] + float64(r.Min.Y)*h, float64(r.Dx()) * w, float64(r.Dy()) * h}
}
