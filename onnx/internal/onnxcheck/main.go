// Onnxcheck writes networks as ONNX files and shows them to ONNX's checker and to ONNX
// Runtime: every network of the zoo and every sample of package samples, for several
// opsets, options and batch sizes, with random weights. It prints a table in Markdown;
// the one of the repository is docs/onnx-write.md.
//
//	go run ./onnx/internal/onnxcheck --python venv/bin/python [--out docs/onnx-write.md] [--largest MILLIONS] [NETWORK …]
//
// With --largest, networks with more parameters are left out, and named below the table.
// The Python needs numpy, onnx and onnxruntime. The status is 1 if a file is refused,
// or if an output differs by more than 1e-4 of the outputs' standard deviation.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/internal/subprocess"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/onnx"
	"github.com/strideml/stride/onnx/internal/samples"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"

	_ "github.com/strideml/stride/zoo/efficientnetlite"
	_ "github.com/strideml/stride/zoo/torchvision"
)

//go:embed check.py
var checker string

// most is the greatest difference that is allowed, in standard deviations.
const most = 1e-4

// introduction is the beginning of the file.
const introduction = `# Written ONNX files in ONNX Runtime

Each network of the zoo and each sample of onnx/internal/samples is written as ONNX in six ways. onnx %s checks
each file (onnx.checker with shape inference), and ONNX Runtime %s computes it for batches of 1 and 3. The numbers
are the greatest differences between its outputs and Stride's, divided by the standard deviation of Stride's
output. The limit is 1e-4. Without a number, a way does not apply.

Weights are random, with statistics of batch normalization from a batch of random images. Variances are at least
0.05 times the mean of their layer. With smaller ones, a nearly constant channel is amplified so much that float32
programs differ: torchvision/shufflenet_v2_x0_5 without this limit is 2.1e-4 (Stride), 1.4e-4 (ONNX Runtime) and
2.2e-4 (PyTorch in float32) away from PyTorch in float64, and the difference grows from layer to layer.

The last way takes 8-bit images and gives probabilities: their logarithms are compared. Made by

    go run ./onnx/internal/onnxcheck --python venv/bin/python --out docs/onnx-write.md

`

// A variant is a way to write a network, a column of the table.
type variant struct {
	name    string
	options onnx.WriteOptions
}

var variants = []variant{
	{"opset 13", onnx.WriteOptions{Opset: 13}},
	{"opset 17", onnx.WriteOptions{}},
	{"opset 21", onnx.WriteOptions{Opset: 21}},
	{"opset 18, BN kept", onnx.WriteOptions{Opset: 18, KeepBatchNorm: true}},
	{"opset 20, external data", onnx.WriteOptions{Opset: 20, ExternalData: true}},
	{"opset 15, 8-bit images to probabilities", onnx.WriteOptions{Opset: 15, IncludePreprocessing: true, IncludeSoftmax: true}},
}

var batches = []int{1, 3}

// A subject is a network to write.
type subject struct {
	name  string
	model func() (*nn.Model, error)
	// preprocessing has no InputSize if the network is not for images.
	preprocessing preprocess.Config
	// parameters is the number of weights of a network of the zoo, and 0 for samples.
	parameters float64
}

// subjects returns the networks with these names, all if there are none.
func subjects(names []string) ([]subject, error) {
	var list []subject
	for _, name := range zoo.Names() {
		spec, err := zoo.Get(name)
		if err != nil {
			return nil, err
		}
		p := spec.Preprocessing
		if len(p.InputSize) == 0 {
			p = preprocess.Plain(spec.Input)
		}
		shapes, err := nn.StateShapes(spec.New(spec.Classes), spec.Input)
		if err != nil {
			return nil, err
		}
		parameters := 0.0
		for _, s := range shapes {
			parameters += float64(s.Size())
		}
		list = append(list, subject{name, func() (*nn.Model, error) {
			m, err := spec.Model(1)
			if err != nil {
				return nil, err
			}
			return m, randomize(m)
		}, p, parameters})
	}
	for _, s := range samples.All() {
		list = append(list, subject{name: "sample: " + s.Name, model: s.Model})
	}
	if len(names) == 0 {
		return list, nil
	}
	var chosen []subject
	for _, name := range names {
		i := slices.IndexFunc(list, func(s subject) bool { return s.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no network %q", name)
		}
		chosen = append(chosen, list[i])
	}
	return chosen, nil
}

func main() {
	python := flag.String("python", "python3", "the Python interpreter")
	out := flag.String("out", "", "write the table to this file too")
	largest := flag.Float64("largest", math.Inf(1), "leave out networks with more `million` parameters")
	flag.Parse()
	if err := run(*python, *out, *largest, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "onnxcheck:", err)
		os.Exit(1)
	}
}

func run(python, out string, largest float64, names []string) (err error) {
	dir, err := os.MkdirTemp("", "onnxcheck")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	w, err := start(python)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	list, err := subjects(names)
	if err != nil {
		return err
	}
	var table strings.Builder
	both := io.MultiWriter(os.Stdout, &table)
	fmt.Fprintf(both, introduction, w.versions.ONNX, w.versions.ONNXRuntime)
	fmt.Fprint(both, "| network | nodes |")
	for _, v := range variants {
		fmt.Fprintf(both, " %s |", v.name)
	}
	fmt.Fprintf(both, "\n|---|---|%s\n", strings.Repeat("---|", len(variants)))
	failed := 0
	var omitted []string
	for _, s := range list {
		if n := s.parameters; n > largest*1e6 {
			omitted = append(omitted, s.name)
			continue
		}
		line, problems := w.check(dir, s)
		fmt.Fprintln(both, line)
		for _, p := range problems {
			fmt.Fprintln(os.Stderr, p)
		}
		failed += len(problems)
	}
	if len(omitted) > 0 {
		fmt.Fprintf(both, "\nNot in this table, since they have more than %v million parameters: %s.\n", largest, strings.Join(omitted, ", "))
	}
	if failed > 0 {
		return fmt.Errorf("%d files differ or are refused", failed)
	}
	if out != "" {
		return os.WriteFile(out, []byte(table.String()), 0o644)
	}
	return nil
}

// A worker is the Python process.
type worker struct {
	*subprocess.Process
	versions struct{ ONNX, ONNXRuntime string }
}

func start(python string) (*worker, error) {
	p, err := subprocess.Python(python, checker, os.Stderr).Start(context.Background())
	if err != nil {
		return nil, err
	}
	w := &worker{Process: p}
	if err := p.Read(&w.versions); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return w, nil
}

type request struct {
	File          string     `json:"file"`
	Cases         []caseFile `json:"cases"`
	Probabilities bool       `json:"probabilities"`
}

type caseFile struct {
	Input  string `json:"input"`
	Output string `json:"output"`
}

type answer struct {
	Difference float64
	Nodes      int
}

// check writes a network in all variants and returns its line of the table, and what is
// wrong.
func (w *worker) check(dir string, s subject) (line string, problems []error) {
	model, err := s.model()
	if err != nil {
		return "| " + s.name + " |", []error{err}
	}
	defer model.Close()
	var cells []string
	nodes := 0
	for _, v := range variants {
		if v.options.IncludePreprocessing && len(s.preprocessing.InputSize) == 0 {
			cells = append(cells, "–")
			continue
		}
		a, err := w.ask(dir, model, s, v)
		cells = append(cells, fmt.Sprintf("%.1e", a.Difference))
		if err != nil {
			cells[len(cells)-1] = "failed"
			problems = append(problems, fmt.Errorf("%s, %s: %w", s.name, v.name, err))
		}
		if v.name == "opset 17" {
			nodes = a.Nodes
		}
	}
	return fmt.Sprintf("| %s | %d | %s |", s.name, nodes, strings.Join(cells, " | ")), problems
}

// cases writes files of inputs and of the outputs that Stride computes.
func cases(dir string, model *nn.Model, s subject, v variant) ([]caseFile, error) {
	var list []caseFile
	for _, n := range batches {
		x := tensor.Randn(tensor.Seed(uint64(n)), append([]int{n}, model.Input()...)...)
		fed := x
		if v.options.IncludePreprocessing {
			fed = images(x)
			size := model.Input().Size()
			for i := range n {
				s.preprocessing.Apply(x.Data()[i*size:][:size])
			}
		}
		y, err := model.Predict(cpu.Default(), x)
		if err != nil {
			return nil, err
		}
		if v.options.IncludeSoftmax {
			logSoftmax(y)
		}
		c := caseFile{filepath.Join(dir, fmt.Sprint("input", n, ".npy")), filepath.Join(dir, fmt.Sprint("output", n, ".npy"))}
		if err := errors.Join(fed.SaveNPY(c.Input), y.SaveNPY(c.Output)); err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

// images makes pixels on the scale 0..1 of x, and returns them as bytes, N×H×W×C.
func images(x *tensor.Tensor) *tensor.Tensor {
	for i, v := range x.Data() {
		x.Data()[i] = float32(min(max(int(128+60*v), 0), 255)) / 255
	}
	bytes := tensor.Must(x.Transpose(0, 2, 3, 1))
	for i, v := range bytes.Data() {
		bytes.Data()[i] = float32(math.Round(float64(v) * 255))
	}
	return bytes
}

// logSoftmax makes logarithms of probabilities of N×K logits.
func logSoftmax(y *tensor.Tensor) {
	classes := y.Shape()[1]
	for row := range slices.Chunk(y.Data(), classes) {
		most, sum := slices.Max(row), 0.0
		for _, v := range row {
			sum += math.Exp(float64(v - most))
		}
		for i, v := range row {
			row[i] = float32(float64(v-most) - math.Log(sum))
		}
	}
}

// randomize draws the scales and shifts of batch normalizations and gives them the
// statistics of random images, so that they do something and the values stay in range.
func randomize(m *nn.Model) error {
	for _, v := range m.Parameters() {
		data, r := v.Value.Data(), rng.New(1, v.Name)
		switch {
		case v.Value.Rank() == 1 && strings.HasSuffix(v.Name, "weight"):
			for i := range data {
				data[i] = 0.1 + 0.2*float32(r.Float64()) // small, so that residual networks do not amplify rounding
			}
		case strings.HasSuffix(v.Name, "bias"):
			for i := range data {
				data[i] = 0.2 * float32(r.NormFloat64())
			}
		}
		v.Changed()
	}
	return setStatistics(m)
}

// leastVariance is the least variance of a channel as a share of the mean of its layer.
// A channel that is nearly constant in the batch would be amplified a hundredfold with
// the rounding of what it is computed from: float32 results are then only as near to
// each other as they are to exact ones.
const leastVariance = 0.05

// setStatistics sets the running statistics to those of one batch. A step in Train mode
// makes (1−m)·old + m·batch of each; from an old value of 0 and from one of 1 follow the
// momentum m and the batch's value.
func setStatistics(m *nn.Model) error {
	buffers := m.Buffers()
	if len(buffers) == 0 {
		return nil
	}
	from := make([][][]float32, 2) // by the old value and the buffer
	for old := range from {
		for _, b := range buffers {
			data := b.Value.Data()
			for i := range data {
				data[i] = float32(old)
			}
			b.Changed()
		}
		t, err := m.Trace(4, nn.Train)
		if err != nil {
			return err
		}
		x := tensor.Randn(tensor.Seed(9), t.Input.Shape()...)
		feeds := engine.Feeds{t.Input: x}
		t.FeedStep(feeds, 0)
		if _, err := engine.Run(cpu.Default(), feeds, t.Output); err != nil {
			return err
		}
		for _, b := range buffers {
			from[old] = append(from[old], b.Value.Clone().Data())
		}
	}
	for k, b := range buffers {
		zero, one := from[0][k], from[1][k]
		data := b.Value.Data()
		for i := range data {
			momentum := 1 - (one[i] - zero[i])
			data[i] = zero[i] / momentum
		}
		if strings.HasSuffix(b.Name, "running_var") {
			least := leastVariance * mean(data)
			for i := range data {
				data[i] = max(data[i], least)
			}
		}
		b.Changed()
	}
	return nil
}

func mean(data []float32) float32 {
	sum := 0.0
	for _, v := range data {
		sum += float64(v)
	}
	return float32(sum / float64(len(data)))
}

// ask writes a file and lets the worker check it.
func (w *worker) ask(dir string, model *nn.Model, s subject, v variant) (answer, error) {
	files, err := cases(dir, model, s, v)
	if err != nil {
		return answer{}, err
	}
	path := filepath.Join(dir, "model.onnx")
	options := v.options
	options.Net, options.Preprocessing = s.name, s.preprocessing
	if err := onnx.Save(path, model, options); err != nil {
		return answer{}, err
	}
	defer os.Remove(path)
	defer os.Remove(path + ".data")
	var a answer
	if err := w.Ask(request{path, files, options.IncludeSoftmax}, &a); err != nil {
		return answer{}, err
	}
	if !(a.Difference <= most) {
		return a, fmt.Errorf("the outputs differ by %.2g standard deviations", a.Difference)
	}
	return a, nil
}
