package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/internal/subprocess"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

// How many images the engines' quantizers calibrate with.
const calibrationImages = 32

// netFiles are the files of a network at a resolution, which its cases share and later runs
// find again if the folder is kept.
type netFiles struct {
	folder, weights, model, calibration string
	pretrained                          bool
}

// makeNetFiles writes weights and images to calibrate with into a folder of models. The
// weights are random, unless the program has pretrained ones: with random weights
// EfficientNet-Lite0 is so close to the kinks of ReLU6 that PyTorch's own layouts do
// not agree on its losses.
func makeNetFiles(models string, c measuredCase) (netFiles, error) {
	name := fmt.Sprintf("%s-%s-%d", strings.ReplaceAll(c.Net, "/", "-"), c.Mode, c.Resolution)
	f := netFiles{folder: filepath.Join(models, name)}
	f.weights, f.model = filepath.Join(f.folder, "weights.safetensors"), filepath.Join(f.folder, "model.onnx")
	f.calibration = filepath.Join(f.folder, "calibration.f32")
	p, ok := zoo.PretrainedFor(c.Net)
	f.pretrained = ok
	if exists(f.weights) {
		return f, nil
	}
	if err := os.MkdirAll(f.folder, 0o755); err != nil {
		return f, err
	}
	if err := writeImages(f.calibration, calibrationImages, c, "calibrate"); err != nil {
		return f, err
	}
	var state []tensor.Named
	if f.pretrained {
		var err error
		if state, err = p.State(); err != nil {
			return f, err
		}
	} else {
		model, err := nn.New(c.spec.New(c.spec.Classes), c.input(), nn.Options{Seed: 1, Init: c.spec.Init})
		if err != nil {
			return f, err
		}
		state = model.State()
		wakeNorms(state)
	}
	return f, (&safetensors.File{Entries: state}).Save(f.weights)
}

// caseFiles are those of a case.
type caseFiles struct {
	netFiles
	images, labels string
}

func makeCaseFiles(folder string, net netFiles, c measuredCase) (caseFiles, error) {
	f := caseFiles{netFiles: net, images: filepath.Join(folder, "images.f32"), labels: filepath.Join(folder, "labels.f32")}
	if err := writeImages(f.images, c.Batch, c, "images"); err != nil {
		return f, err
	}
	labels := make([]float32, c.Batch)
	r := rng.New(1, "compare/labels")
	for i := range labels {
		labels[i] = float32(r.IntN(c.spec.Classes))
	}
	return f, subprocess.WriteFloats(f.labels, labels)
}

// writeImages writes random images, the same for the same name.
func writeImages(path string, n int, c measuredCase, name string) error {
	images := make([]float32, n*c.input().Size())
	r := rng.New(1, "compare/"+name)
	for i := range images {
		images[i] = r.Float32()
	}
	return subprocess.WriteFloats(path, images)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
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
