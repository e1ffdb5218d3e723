package onnx

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/internal/atomicfile"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/onnx/internal/exporter"
	"github.com/strideml/stride/onnx/internal/proto"
)

// WriteOptions are the choices of [Write] and [Save]. The zero value writes what
// torch.onnx.export(model.eval(), …) does: opset 17, any batch size, batch
// normalizations folded into convolutions, and the network alone.
type WriteOptions struct {
	// Opset is the version of ONNX's operators, 13 to 21; 0 means 17. The older it is,
	// the more programs read the file.
	Opset int
	// Batch is the number of images for which the file is made. 0 leaves it to who runs
	// the file: the first axis of input and output is "N".
	Batch int
	// KeepBatchNorm writes each batch normalization as a node of its own, so that the
	// weights are those of the model: for files from which training goes on. Without it
	// those behind a convolution or a linear layer become part of its weights, which
	// computes the same in less time.
	KeepBatchNorm bool
	// IncludeSoftmax makes the output probabilities instead of logits: the softmax
	// along the last axis.
	IncludeSoftmax bool
	// IncludePreprocessing makes the input a batch of 8-bit images in the order of
	// picture libraries, uint8 N×H×W×C, which the file scales and normalises as
	// Preprocessing says. The images must have the network's size: resizing and cutting
	// stay with who runs the file.
	IncludePreprocessing bool
	// Preprocessing says how a picture becomes the input. It is written to the file's
	// metadata, unless it has no InputSize.
	Preprocessing preprocess.Config
	// Classes are the names of the classes, for the metadata.
	Classes []string
	// Net is the name of the network, such as "resnet18", for the metadata. It is the
	// name of the file's graph, too.
	Net string
	// Input and Output are the names of the file's input and output; "" means "images"
	// and "output".
	Input, Output string
	// ExternalData makes Save put the weights into a file of their own beside the
	// model's, even if one file can hold all.
	ExternalData bool
}

// Producer is what files name as the program that wrote them.
const Producer = "stride"

// Write writes the network as an ONNX file to w: what it computes in Eval mode, for
// inputs of the model's size. Parameters and buffers have their names in the state dict,
// nodes the paths of their layers.
//
// The file's metadata_props are, as far as they are known:
//
//	stride.net            the name of the network
//	stride.input          the shape C×H×W of an input, as a JSON list
//	stride.preprocessing  a preprocess.Config, as JSON
//	stride.classes        the names of the classes, as a JSON list
//	names                 the same as ultralytics writes it: {0: 'cat', 1: 'dog'}
//
// It is an error if the network uses an operator of training, if something else than
// shapes depends on the batch size (set Batch then), or if the file would have 2 GiB or
// more: Save can write that.
func Write(w io.Writer, model *nn.Model, options WriteOptions) error {
	m, err := build(model, options)
	if err != nil {
		return fmt.Errorf("write ONNX: %w", err)
	}
	if err := proto.Encode(w, m); err != nil {
		return fmt.Errorf("write ONNX: %w", err)
	}
	return nil
}

// Save is Write to a file at path. The file appears whole or not at all: on an error,
// which names the file, an older one is as it was.
//
// If the file would have 2 GiB or more, or with ExternalData, the weights go to a second
// file, whose name is path with ".data" at the end. Both must stay together: the model
// refers to the other file by its name without a folder. The second file is in place
// just before the first one is: a crash between the two can leave new weights beside an
// older model.
func Save(path string, model *nn.Model, options WriteOptions) error {
	m, err := build(model, options)
	if err != nil {
		return fmt.Errorf("save %s: %w", path, err)
	}
	return saveModel(path, m, options.ExternalData)
}

// saveModel writes a file, with its large tensors in a second one if external says so or
// if one file cannot hold all.
func saveModel(path string, m *proto.Model, external bool) error {
	if !external && proto.Size(m) <= proto.MaxSize {
		return save(path, m)
	}
	dataPath := path + ".data"
	data := proto.MoveData(m, filepath.Base(dataPath))
	_, before := os.Lstat(dataPath)
	err := atomicfile.WriteFile(path, func(w io.Writer) error {
		if err := proto.Encode(w, m); err != nil {
			return err
		}
		return atomicfile.WriteFile(dataPath, data.Write)
	})
	if err != nil && errors.Is(before, os.ErrNotExist) {
		err = errors.Join(err, removeIfThere(dataPath))
	}
	return err
}

func save(path string, m *proto.Model) error {
	return atomicfile.WriteFile(path, func(w io.Writer) error { return proto.Encode(w, m) })
}

// removeIfThere removes what a failed Save has written of a second file.
func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// build makes the messages of a file.
func build(model *nn.Model, options WriteOptions) (*proto.Model, error) {
	opts, err := options.exporter(model)
	if err != nil {
		return nil, err
	}
	a, b := 2, 3 // two batch sizes show what depends on them
	if options.Batch != 0 {
		a, b = options.Batch, options.Batch
	}
	first, err := trace(model, a)
	if err != nil {
		return nil, err
	}
	second := first
	if b != a {
		if second, err = trace(model, b); err != nil {
			return nil, err
		}
	}
	m, err := exporter.Export(first, second, opts)
	if err != nil {
		return nil, err
	}
	m.ProducerName = Producer
	m.Graph.Name = strings.ToValidUTF8(options.Net, "\uFFFD")
	if m.Graph.Name == "" {
		m.Graph.Name = "network"
	}
	m.Metadata, err = options.metadata(model)
	return m, err
}

func trace(model *nn.Model, batch int) (exporter.Traced, error) {
	t, err := model.Trace(batch, nn.Eval)
	if err != nil {
		return exporter.Traced{}, err
	}
	return exporter.Traced{Input: t.Input, Output: t.Output}, nil
}

// exporter checks the options and returns what package exporter wants to know.
func (o WriteOptions) exporter(model *nn.Model) (exporter.Options, error) {
	opts := exporter.Options{
		Opset: o.Opset, KeepBatchNorm: o.KeepBatchNorm, Softmax: o.IncludeSoftmax, Input: o.Input, Output: o.Output,
	}
	if opts.Opset == 0 {
		opts.Opset = 17
	}
	if opts.Input == "" {
		opts.Input = "images"
	}
	if opts.Output == "" {
		opts.Output = "output"
	}
	switch {
	case opts.Input == opts.Output:
		return opts, fmt.Errorf("input and output are both named %q", opts.Input)
	case o.Batch < 0:
		return opts, fmt.Errorf("batch size %d: want at least 1, or 0 for any", o.Batch)
	}
	if len(o.Preprocessing.InputSize) == 0 {
		if o.IncludePreprocessing {
			return opts, errors.New("preprocessing is to be part of the file, but none is given")
		}
		return opts, nil
	}
	if err := o.Preprocessing.Check(); err != nil {
		return opts, fmt.Errorf("preprocessing: %w", err)
	}
	if !o.Preprocessing.InputSize.Equal(model.Input()) {
		return opts, fmt.Errorf("preprocessing makes inputs of %v, the network takes %v", o.Preprocessing.InputSize, model.Input())
	}
	if o.IncludePreprocessing {
		opts.Preprocess = affine(o.Preprocessing)
	}
	return opts, nil
}

// affine returns what the values of bytes become: (v/255 − mean)/std, or the same of
// 255−v.
func affine(c preprocess.Config) *exporter.Affine {
	c = c.WithDefaults()
	a := &exporter.Affine{}
	for i, std := range c.Std {
		scale, shift := 1/(255*float64(std)), -float64(c.Mean[i])/float64(std)
		if c.Invert {
			scale, shift = -scale, shift+1/float64(std)
		}
		a.Scale, a.Shift = append(a.Scale, float32(scale)), append(a.Shift, float32(shift))
	}
	return a
}

// metadata returns the metadata_props.
func (o WriteOptions) metadata(model *nn.Model) ([]proto.Property, error) {
	var list []proto.Property
	add := func(key string, value any) error {
		b, err := json.Marshal(value)
		list = append(list, proto.Property{Key: key, Value: string(b)})
		return err
	}
	if o.Net != "" {
		list = append(list, proto.Property{Key: "stride.net", Value: strings.ToValidUTF8(o.Net, "\uFFFD")})
	}
	err := add("stride.input", model.Input())
	if len(o.Preprocessing.InputSize) > 0 {
		err = errors.Join(err, add("stride.preprocessing", o.Preprocessing.WithDefaults()))
	}
	if len(o.Classes) > 0 {
		err = errors.Join(err, add("stride.classes", o.Classes))
		list = append(list, proto.Property{Key: "names", Value: pythonDict(o.Classes)})
	}
	return list, err
}

// pythonDict is the literal of a Python dict from indices to names.
func pythonDict(names []string) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, name := range names {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Itoa(i) + ": " + pythonString(name))
	}
	b.WriteByte('}')
	return b.String()
}

// pythonString is the literal of a Python string.
func pythonString(s string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for _, r := range s {
		switch {
		case r == '\'' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case strconv.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteByte('\'')
	return b.String()
}
