// Command coverage writes the table of ONNX's operators into docs/model-files.md:
//
//	go generate ./onnx/internal/coverage
//
// It reads the files of onnx/testdata, and the samples of the writer, and sees which of
// Stride's operators become of each operator, and whether these have gradients. What
// computes them, assembly or Go, is in testdata/kernels.txt, which is written first.
package main

//go:generate go run . kernels testdata/kernels.txt
//go:generate go run . table ../../../docs/model-files.md ../../testdata testdata/kernels.txt

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/atomicfile"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/onnx"
	"github.com/strideml/stride/onnx/internal/operators"
	"github.com/strideml/stride/onnx/internal/samples"
	"github.com/strideml/stride/tensor"
)

func main() {
	log.SetFlags(0)
	var err error
	switch args := os.Args[1:]; {
	case len(args) == 2 && args[0] == "kernels":
		err = writeKernels(args[1])
	case len(args) == 2 && args[0] == countArgument:
		err = count(args[1])
	case len(args) == 4 && args[0] == "table":
		err = writeTable(args[1], args[2], args[3])
	default:
		err = errors.New("want: kernels FILE, or table MARKDOWN TESTDATA KERNELS")
	}
	if err != nil {
		log.Fatal(err)
	}
}

// writeTable writes the table into a Markdown file.
func writeTable(path, testdata, kernels string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if text, err = withTable(text, testdata, kernels); err != nil {
		return err
	}
	return atomicfile.WriteBytes(path, text)
}

// The table is between these lines.
const (
	begin = "<!-- The table is written by go generate ./onnx/internal/coverage -->\n"
	end   = "<!-- end of the table -->\n"
)

// withTable returns the text with a new table.
func withTable(text []byte, testdata, kernels string) ([]byte, error) {
	head, rest, ok := bytes.Cut(text, []byte(begin))
	_, tail, closed := bytes.Cut(rest, []byte(end))
	if !ok || !closed {
		return nil, fmt.Errorf("there are no lines that say where the table is: %s%s", begin, end)
	}
	seen, err := look(testdata)
	if err != nil {
		return nil, err
	}
	computed, err := readKernels(kernels)
	if err != nil {
		return nil, err
	}
	return slices.Concat(head, []byte(begin+table(seen, computed)+end), tail), nil
}

// A use is what was seen of an operator.
type use struct {
	made     map[string]bool // Stride's operators
	gradient bool
}

// look reads all files and samples.
func look(testdata string) (map[string]*use, error) {
	seen := map[string]*use{}
	files, err := filepath.Glob(filepath.Join(testdata, "*.onnx"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("there are no files in %s (%w)", testdata, err)
	}
	for _, file := range files {
		net, err := onnx.Load(file, onnx.Options{})
		if err != nil {
			return nil, err
		}
		if err := lookAt(net, seen); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	for _, s := range samples.All() {
		model, err := s.Model()
		if err != nil {
			return nil, err
		}
		var file bytes.Buffer
		if err := onnx.Write(&file, model, onnx.WriteOptions{Opset: 21, KeepBatchNorm: true}); err != nil {
			return nil, fmt.Errorf("sample %s: %w", s.Name, err)
		}
		net, err := onnx.Read(file.Bytes(), onnx.Options{})
		if err != nil {
			continue // it is for the writer alone, such as one without an input
		}
		if err := lookAt(net, seen); err != nil {
			return nil, fmt.Errorf("sample %s: %w", s.Name, err)
		}
	}
	for _, op := range operators.All() {
		if seen[op.Name] != nil {
			continue
		}
		for _, p := range probes(op) {
			net, err := p.read()
			if err == nil && lookAt(net, seen) == nil && seen[op.Name] != nil {
				break
			}
		}
	}
	return seen, nil
}

// lookAt notes what the operators of a network become.
func lookAt(net *onnx.Network, seen map[string]*use) error {
	model, err := nn.New(net, net.Input(), nn.Options{})
	if err != nil {
		return err
	}
	trace, err := model.Trace(2, nn.Eval)
	if err != nil {
		return err
	}
	for _, l := range trace.Layers() {
		if operators.Lookup(l.Kind) == nil {
			continue
		}
		u := seen[l.Kind]
		if u == nil {
			u = &use{made: map[string]bool{}}
			seen[l.Kind] = u
		}
		u.collect(l.Node, l.Path)
		u.gradient = u.gradient || differentiable(l.Node, trace.Input)
	}
	return nil
}

// collect notes the operators at a path that a node is made of.
func (u *use) collect(n *graph.Node, path string) {
	if n.Path() != path {
		return
	}
	switch kind := n.Op().Kind(); kind {
	case "Input", "Variable", "Constant":
		return
	default:
		u.made[kind] = true
	}
	for _, in := range n.Inputs() {
		u.collect(in, path)
	}
}

// differentiable reports whether some derivative of a node is not 0, for some input.
func differentiable(n, input *graph.Node) bool {
	x := tensor.New(input.Shape()...)
	for i := range x.Data() {
		x.Data()[i] = float32((i*7919)%401-200) / 100
	}
	derivatives, err := gradients(n)
	if err != nil {
		return false
	}
	values, err := engine.Run(reference.New(), engine.Feeds{input: x}, derivatives...)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(values, func(t *tensor.Tensor) bool {
		return slices.ContainsFunc(t.Data(), func(v float32) bool { return v != 0 })
	})
}

// gradients returns the derivatives of the sum of a node's elements, by its arguments.
func gradients(n *graph.Node) (list []*graph.Node, err error) {
	defer graph.Catch(&err)
	axes := make([]int, len(n.Shape()))
	for i := range axes {
		axes[i] = i
	}
	sum := graph.Sum(graph.Mul(n, n), axes...) // the sum of a softmax alone is constant
	return graph.Gradients(sum, n.Inputs()...), nil
}

// table is the Markdown of the table.
func table(seen map[string]*use, computed map[string]string) string {
	var b strings.Builder
	b.WriteString("\n| operator | opsets | attributes | becomes | gradient | fast kernel |\n|---|---|---|---|---|---|\n")
	for _, op := range operators.All() {
		opsets := "all"
		if op.Since > 1 {
			opsets = fmt.Sprintf("from %d", op.Since)
		}
		attributes := "–"
		if names := slices.DeleteFunc(slices.Clone(op.Attributes), func(name string) bool { return name == "consumed_inputs" }); len(names) > 0 {
			attributes = "`" + strings.Join(names, "`, `") + "`"
		}
		becomes, gradient := "–", "–"
		if u := seen[op.Name]; u != nil {
			becomes = cmp.Or(strings.Join(slices.Sorted(maps.Keys(u.made)), ", "), becomes)
			if u.gradient {
				gradient = "yes"
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", op.Name, opsets, attributes, becomes, gradient, computed[op.Name])
	}
	b.WriteString("\n")
	return b.String()
}
