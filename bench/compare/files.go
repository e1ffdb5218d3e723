package main

import (
	"math"
	"path/filepath"
	"strings"

	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/internal/subprocess"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

// caseFiles are the files that the workers of a case share.
type caseFiles struct{ folder, weights, images, labels, model string }

// makeFiles writes weights, random images and labels into a folder. The weights are
// random, too, unless the program has pretrained ones: with random weights
// EfficientNet-Lite0 is so close to the kinks of ReLU6 that PyTorch's own layouts do
// not agree on its losses.
func makeFiles(folder string, c measuredCase) (caseFiles, error) {
	f := caseFiles{folder: folder}
	for name, path := range map[string]*string{
		"weights.safetensors": &f.weights, "images.f32": &f.images, "labels.f32": &f.labels, "model.onnx": &f.model,
	} {
		*path = filepath.Join(folder, name)
	}
	model, err := c.spec.Model(1)
	if err != nil {
		return f, err
	}
	state := model.State()
	wakeNorms(state)
	if p, ok := zoo.PretrainedFor(c.spec.Name); ok {
		if state, err = p.State(); err != nil {
			return f, err
		}
	}
	if err := (&safetensors.File{Entries: state}).Save(f.weights); err != nil {
		return f, err
	}
	images, labels := make([]float32, c.batch*model.Input().Size()), make([]float32, c.batch)
	r := rng.New(1, "compare")
	for i := range images {
		images[i] = r.Float32()
	}
	for i := range labels {
		labels[i] = float32(r.IntN(c.spec.Classes))
	}
	if err := subprocess.WriteFloats(f.images, images); err != nil {
		return f, err
	}
	return f, subprocess.WriteFloats(f.labels, labels)
}

// wakeNorms moves batch normalizations away from the identity that they are at
// first, and what scales ConvNeXt's blocks away from 10⁻⁶, so that a mistake shows.
func wakeNorms(state []safetensors.Entry) {
	norms := map[string]bool{}
	for _, e := range state {
		if layer, ok := strings.CutSuffix(e.Name, "running_mean"); ok {
			norms[layer] = true
		}
	}
	for _, e := range state {
		dot := strings.LastIndexByte(e.Name, '.') + 1
		if !norms[e.Name[:dot]] && e.Name[dot:] != "layer_scale" {
			continue
		}
		r := rng.New(1, "compare/"+e.Name)
		x := e.Tensor.Data()
		for i := range x {
			x[i] += (r.Float32() - .5) / 4
		}
	}
}

// readTensor reads a tensor of that shape from a file of little-endian float32
// numbers and nothing else.
func readTensor(path string, shape ...int) (*tensor.Tensor, error) {
	x, err := subprocess.ReadFloats(path, tensor.Shape(shape).Size())
	if err != nil {
		return nil, err
	}
	return tensor.FromSlice(x, shape...)
}

// outputsDiffer returns the greatest difference between the outputs of a
// network, relative to the standard deviation of those that are wanted; NaN if
// any is not a number.
func outputsDiffer(got, want []float32) float64 {
	mean, square, worst := 0.0, 0.0, 0.0
	for _, v := range want {
		mean += float64(v) / float64(len(want))
	}
	for i, v := range want {
		square += (float64(v) - mean) * (float64(v) - mean)
		off := math.Abs(float64(got[i]) - float64(v))
		worst = max(worst, off) // NaN if either is
	}
	return worst / math.Sqrt(square/float64(len(want)))
}

// lossesDiffer returns the greatest difference between the losses of the same
// steps, relative to how far those that are wanted moved: it sees a wrong
// gradient as well as a wrong loss.
func lossesDiffer(got, want []float64) float64 {
	worst, moved := 0.0, 0.0
	for i, v := range want {
		worst = max(worst, math.Abs(got[i]-v))
		moved = max(moved, math.Abs(v-want[0]))
	}
	return worst / moved
}
