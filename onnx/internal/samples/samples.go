// Package samples has small networks that together use every operator in every form
// that package exporter knows. Tests write them and read them back, and onnxcheck shows
// them to ONNX Runtime.
package samples

import (
	"slices"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// A Sample is a network with the shape C×H×W of its input.
type Sample struct {
	Name  string
	Input tensor.Shape
	Net   func() nn.Layer
}

// Model makes the sample's model. Its batch normalizations have statistics that are not
// 0 and 1.
func (s Sample) Model() (*nn.Model, error) {
	m, err := nn.New(s.Net(), s.Input, nn.Options{Seed: 1})
	if err != nil {
		return nil, err
	}
	for _, b := range m.Buffers() {
		for i := range b.Value.Data() {
			b.Value.Data()[i] = 0.5 + 0.1*float32(i%7)
		}
		b.Changed()
	}
	for _, p := range m.Parameters() {
		if p.Value.Rank() == 1 {
			for i := range p.Value.Data() {
				p.Value.Data()[i] += 0.05 * float32(i%5)
			}
			p.Changed()
		}
	}
	return m, nil
}

// All returns all samples.
func All() []Sample {
	return slices.Concat(convolutions(), products(), normalizations(), poolings(), elementwise(), shapes(), others())
}

// image is the input of most samples.
var image = tensor.Shape{4, 7, 6}

// function is a sample that is a function.
func function(name string, f func(x *graph.Node) *graph.Node) Sample {
	return Sample{name, image, func() nn.Layer { return nn.Func(name, f) }}
}

// network is a sample of layers.
func network(name string, make func() nn.Layer) Sample { return Sample{name, image, make} }

// joined is the concatenation of functions of x, so that one sample has many of them.
func joined(fs ...func(x *graph.Node) *graph.Node) func(x *graph.Node) *graph.Node {
	return func(x *graph.Node) *graph.Node {
		var parts []*graph.Node
		for _, f := range fs {
			parts = append(parts, graph.Flatten(f(x)))
		}
		return graph.Concat(1, parts...)
	}
}

// A block is a custom layer with parameters.
type block struct {
	Inner []nn.Layer
	A, B  *nn.Param
	f     func(b *block, x *graph.Node) *graph.Node
}

// Forward implements nn.Layer.
func (b *block) Forward(x *graph.Node) *graph.Node { return b.f(b, x) }

// parameter is a parameter with random values.
func parameter(shape ...int) *nn.Param { return nn.Parameter(shape...).Init(nn.Normal(0, 1)) }
