package onnx

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/strideml/stride/internal/filemap"
	"github.com/strideml/stride/onnx/internal/importer"
	"github.com/strideml/stride/onnx/internal/proto"
	"github.com/strideml/stride/onnx/internal/tensordata"
	"github.com/strideml/stride/tensor"
)

// Options are the choices of [Load] and [Read]. The zero value is right for most files.
type Options struct {
	// Input is the shape of one input without the batch, C×H×W for images. It fills in the
	// sizes that the file leaves open, and must agree with those that it gives. nil is enough
	// for files that give all sizes.
	Input tensor.Shape
	// Default fills in the sizes that neither the file nor Input gives. It may be nil, and is
	// not used if it has another number of axes than the file's input.
	Default tensor.Shape
	// Output is the name of the output that is the network's result; "" is the first one.
	Output string
	// AllOutputs makes the network compute the further outputs of the file, too: see
	// [Network.FurtherOutputs]. Those that it cannot compute are left out.
	AllOutputs bool
}

// Load reads the network in the ONNX file at path. Weights in other files, which ONNX calls
// external data, must lie in the file's folder or below it, and must be no links.
//
// A network has one input, whose first axis is the batch, and any batch size: where a file
// has written the batch size that it was exported for into its shapes, they are made to fit
// others. Constants and shapes are computed while the file is read.
//
// If sizes are open, the error wraps an [*OpenInputError]. If there are operators, attributes or values of them that are not supported, the error is
// an [*UnsupportedError] with all of them. Other errors say what is wrong in the file.
//
// Reading takes at most 64 MB of memory and four times the size of the file.
func Load(path string, o Options) (*Network, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, err := filemap.Map(f)
	if err != nil {
		return nil, err
	}
	n, err := read(m, filepath.Dir(path), o)
	err = errors.Join(err, m.Close())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return n, nil
}

// Read is [Load] for the bytes of a file. External data is an error: there is no folder that
// it could lie in.
func Read(data []byte, o Options) (*Network, error) {
	n, err := read(&filemap.Mapping{Bytes: data}, "", o)
	if err != nil {
		return nil, fmt.Errorf("read ONNX: %w", err)
	}
	return n, nil
}

// read reads a network; folder is that of external data.
func read(file *filemap.Mapping, folder string, o Options) (n *Network, err error) {
	guarded := filemap.Guard(func() error {
		n, err = decode(file, folder, o)
		return nil
	})
	return n, errors.Join(err, guarded)
}

func decode(file *filemap.Mapping, folder string, o Options) (n *Network, err error) {
	model, err := proto.Decode(file.Bytes)
	if err != nil {
		return nil, err
	}
	first := o.Output
	var further []string
	if g := model.Graph; g != nil && len(g.Outputs) > 0 {
		if first == "" {
			first = g.Outputs[0].Name
		}
		for _, out := range g.Outputs[:min(len(g.Outputs), maxOutputs)] {
			if o.AllOutputs && out.Name != first && !slices.Contains(further, out.Name) {
				further = append(further, out.Name)
			}
		}
	}
	if n, err = assemble(model, file, folder, o, append([]string{first}, further...)); err == nil || len(further) == 0 {
		return n, err
	}
	again := func(outputs []string) (*Network, error) { // assemble takes the tensors out of the model
		model, err := proto.Decode(file.Bytes)
		if err != nil {
			return nil, err
		}
		return assemble(model, file, folder, o, outputs)
	}
	wanted := []string{first} // and those that are possible with it
	for _, name := range further {
		if _, err := again([]string{first, name}); err == nil {
			wanted = append(wanted, name)
		}
	}
	return again(wanted)
}

// maxOutputs is of how many outputs of a file AllOutputs takes notice.
const maxOutputs = 64

// assemble makes the network with the named outputs; "" alone is for a file that has none.
func assemble(model *proto.Model, file *filemap.Mapping, folder string, o Options, outputs []string) (n *Network, err error) {
	if outputs[0] == "" {
		outputs = nil
	}
	r, err := tensordata.NewReader(folder)
	if err != nil {
		return nil, err
	}
	r.Main = file
	defer func() { err = errors.Join(err, r.Close()) }()
	program, issues, err := importer.New(model, r, outputs...)
	if err != nil {
		return nil, err
	}
	n = &Network{program: program, outputName: program.Outputs[0], metadata: map[string]string{}}
	for _, e := range model.Metadata {
		n.metadata[e.Key] = e.Value
	}
	if err := n.findInput(o); err != nil {
		return nil, errors.Join(unsupported(issues), err)
	}
	found, err := n.check()
	if issues = append(issues, found...); len(issues) > 0 {
		return nil, unsupported(issues)
	}
	if err != nil {
		return nil, err
	}
	n.readMetadata()
	return n, nil
}

// findInput finds the input and its shape.
func (n *Network) findInput(o Options) error {
	p := n.program
	if len(p.Inputs) != 1 {
		var names []string
		for _, in := range p.Inputs {
			names = append(names, in.Name)
		}
		return fmt.Errorf("the network has %d inputs (%s), want one", len(names), strings.Join(names, ", "))
	}
	in := p.Inputs[0]
	shape, err := importer.InputShape(in)
	if err != nil {
		return err
	}
	if in.Type != proto.Undefined && !tensordata.IsFloat(in.Type) {
		return fmt.Errorf("input %q has elements of type %v, want floating-point numbers", in.Name, in.Type)
	}
	if !in.HasShape {
		if o.Input == nil {
			return fmt.Errorf("the file does not say the shape of input %q: give one", in.Name)
		}
		shape = make([]int, 1+len(o.Input))
	}
	if len(shape) < 2 || o.Input != nil && len(shape) != 1+len(o.Input) {
		return fmt.Errorf("input %q has %d axes, want the batch and those of %v", in.Name, len(shape), o.Input)
	}
	p.FileBatch = max(shape[0], 1)
	n.input = slices.Clone(shape[1:])
	for i, d := range o.Input {
		switch {
		case d < 1:
			return fmt.Errorf("input shape %v: want sizes of at least 1", o.Input)
		case n.input[i] == 0:
			n.input[i] = d
		case n.input[i] != d:
			return fmt.Errorf("the network takes inputs of %v, not %v", n.input, o.Input)
		}
	}
	if len(o.Default) == len(n.input) {
		for i, d := range o.Default {
			if n.input[i] == 0 {
				n.input[i] = max(d, 0)
			}
		}
	}
	if slices.Contains(n.input, 0) {
		return &OpenInputError{in.Name, n.input, openShape(in)}
	}
	size := 1
	for _, d := range append([]int{p.FileBatch}, n.input...) {
		if size *= d; size > 1<<31 {
			return fmt.Errorf("input %q of shape %v is too large", in.Name, shape)
		}
	}
	return nil
}

// An OpenInputError says that a file leaves sizes of its input open and that the Options
// do not give them.
type OpenInputError struct {
	// Name is that of the input, and Shape what the file says of one, without the batch: 0
	// where a size is open.
	Name  string
	Shape tensor.Shape
	text  string
}

func (e *OpenInputError) Error() string {
	return fmt.Sprintf("the file leaves sizes of input %q open, %s: give a shape", e.Name, e.text)
}

// openShape prints a shape with the names of the sizes that are open.
func openShape(in *proto.ValueInfo) string {
	parts := make([]string, len(in.Dims))
	for i, d := range in.Dims {
		switch {
		case d.Value > 0:
			parts[i] = fmt.Sprint(d.Value)
		case d.Param != "":
			parts[i] = d.Param
		default:
			parts[i] = "?"
		}
	}
	return strings.Join(parts, "×")
}
