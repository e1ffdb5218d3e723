package repository

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"sync/atomic"
	"time"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/modelfile"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/onnx"
	"github.com/strideml/stride/serve/internal/batch"
	"github.com/strideml/stride/serve/internal/compiled"
	"github.com/strideml/stride/serve/internal/protocol"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

// The names of a model's input and output where its file does not name them: those of the
// ONNX files that Stride writes.
const (
	defaultInput  = "images"
	defaultOutput = "output"
)

// onnxNames is what networks from ONNX files know of them.
type onnxNames interface {
	InputName() string
	OutputName() string
	SoftmaxDropped() bool
	FurtherOutputs() []onnx.FurtherOutput
	FurtherNodes(g *graph.Graph) []*graph.Node
}

// An Output is a result of a model.
type Output struct {
	// Name is what clients call it.
	Name string
	// Shape is that for a sample, and Type the one that clients get.
	Shape tensor.Shape
	Type  protocol.DataType
	// From is where its values begin among those of a sample.
	From int
}

// A Version is a model that is served.
type Version struct {
	Name   string
	Number int
	Model  *modelfolder.Model
	// Queue computes requests.
	Queue *batch.Queue
	// Input is the shape of a sample, and InputName what clients call it: as the model's ONNX file
	// does, or by a default name.
	Input     tensor.Shape
	InputName string
	// Outputs are the results for a sample, which has ResultSize values. The first one has a score for each of so many Classes;
	// Softmax says that the file's is the softmax of what the network gives.
	Outputs    []Output
	ResultSize int
	Classes    int
	Softmax    bool

	repository *Repository
	path       string
	files      fingerprint
	network    *compiled.Network
	refs       atomic.Int64 // of the repository and of requests

	attaching sync.Mutex
	attached  io.Closer
}

// read loads the version of a model at a path. It takes no mixture of files: if they change
// while they are read, it reads them again.
func (r *Repository) read(name string, number int, path string) (*Version, error) {
	for wait := 20 * time.Millisecond; ; wait *= 2 {
		before, err := currentFiles(path)
		if err != nil {
			return nil, err
		}
		model, loadErr := r.options.Load(path)
		after, err := currentFiles(path)
		switch {
		case err != nil:
			return nil, err
		case before != after && wait > 2*time.Second:
			return nil, fmt.Errorf("%s changes all the time: it cannot be loaded", path)
		case before != after:
			time.Sleep(wait)
			continue
		case loadErr != nil:
			return nil, loadErr
		}
		for _, line := range model.Assumed {
			r.options.Log.Warn("assumed", "model", name, "what", line)
		}
		v, err := r.compile(name, number, model, path)
		if err != nil {
			return nil, err
		}
		v.files = after
		return v, nil
	}
}

// currentFiles is fingerprintOf of a path where there need not be a file: a network with
// pretrained weights has none.
func currentFiles(path string) (fingerprint, error) {
	f, err := fingerprintOf(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return f, err
}

// unchanged reports whether the files of a version are those that it was loaded from.
func (v *Version) unchanged() bool {
	f, err := currentFiles(v.path)
	return err == nil && f == v.files
}

// LoadRecognized is modelfolder.Load, but weights that do not name their network are those
// of the network that they fit exactly.
func LoadRecognized(path string) (*modelfolder.Model, error) {
	model, err := modelfolder.Load(path, modelfolder.Options{AllOutputs: true})
	if !errors.Is(err, modelfolder.ErrNoNet) {
		return model, err
	}
	w, readErr := modelfile.Read(path)
	if readErr != nil {
		return nil, err
	}
	match, ok := zoo.Recognize(w.Entries)
	if !ok || !match.Complete() || match.Differs != "" {
		return nil, err
	}
	return modelfolder.Load(path, modelfolder.Options{Net: match.Net})
}

// compile makes a version of a model.
func (r *Repository) compile(name string, number int, model *modelfolder.Model, path string) (*Version, error) {
	r.mu.RLock()
	closed := r.closed
	r.mu.RUnlock()
	if closed {
		return nil, errors.New("the repository is closed")
	}
	own := *model
	fail := func(err error) (*Version, error) { return nil, fmt.Errorf("%s: %w", own.Path, err) }
	if err := own.Preprocessing.Check(); err != nil {
		return fail(fmt.Errorf("preprocessing: %w", err))
	}
	own.Preprocessing = own.Preprocessing.WithDefaults()
	input := own.Net.Input()
	if size := own.Preprocessing.InputSize; !size.Equal(input) {
		return fail(fmt.Errorf("preprocessing makes inputs of %v, the network takes %v", size, input))
	}
	o := r.options
	size := o.Batch.MaxBatch
	if size <= 0 {
		size = batch.DefaultMaxBatch
	}
	classes := len(own.Classes)
	v := &Version{
		Name: name, Number: number, Model: &own, Input: input, InputName: defaultInput, Classes: classes, ResultSize: classes,
		Outputs:    []Output{{Name: defaultOutput, Shape: tensor.Shape{classes}, Type: protocol.FP32}},
		repository: r, path: path,
	}
	compile := compiled.Options{Batch: size, Invariant: o.Invariant}
	if file, ok := own.Net.Net().(onnxNames); ok {
		v.InputName, v.Outputs[0].Name, v.Softmax = file.InputName(), file.OutputName(), file.SoftmaxDropped()
		if len(file.FurtherOutputs()) > 0 {
			compile.Outputs = file.FurtherNodes
		}
	}
	var err error
	if v.network, err = compiled.New(own.Net, r.devices, compile); err != nil && compile.Outputs != nil {
		o.Log.Warn("only the first output can be served", "model", name, "error", err)
		compile.Outputs = nil
		v.network, err = compiled.New(own.Net, r.devices, compile)
	}
	if err != nil {
		return fail(err)
	}
	if compile.Outputs != nil {
		v.addOutputs(own.Net.Net().(onnxNames).FurtherOutputs())
	}
	v.Queue = batch.New(v.network, input.Size(), v.ResultSize, o.Batch)
	v.refs.Store(1)
	r.open.Add(1)
	return v, nil
}

// addOutputs adds the further outputs of a file.
func (v *Version) addOutputs(all []onnx.FurtherOutput) {
	for _, o := range all {
		kind := map[string]protocol.DataType{"float": protocol.FP32, "int64": protocol.Int64, "int32": protocol.Int32, "bool": protocol.Bool}[o.Type]
		v.Outputs = append(v.Outputs, Output{o.Name, o.Shape, kind, v.ResultSize})
		v.ResultSize += o.Shape.Size()
	}
}

// MemoryBytes is the memory of the version: its weights, packed weights, and values between
// layers, which share memory with those of other models.
func (v *Version) MemoryBytes() int64 {
	bytes := v.network.MemoryBytes()
	for _, e := range v.Model.Net.State() {
		bytes += 4 * int64(e.Tensor.Size())
	}
	return bytes
}

// Attached returns what create has created for the version at the first call that did not fail. It is closed with the
// version.
func (v *Version) Attached(create func() (io.Closer, error)) (io.Closer, error) {
	v.attaching.Lock()
	defer v.attaching.Unlock()
	if v.attached == nil {
		c, err := create()
		if err != nil {
			return nil, err
		}
		v.attached = c
	}
	return v.attached, nil
}

// Release ends the use of a version that was acquired. The last release of one that is not
// served any more closes it.
func (v *Version) Release() {
	if v.refs.Add(-1) > 0 {
		return
	}
	v.Queue.Close()
	err := v.network.Close()
	if v.attached != nil {
		err = errors.Join(err, v.attached.Close())
	}
	if err != nil {
		v.repository.options.Log.Error("memory of a model is not released", "model", v.Name, "error", err)
	}
	v.repository.open.Done()
}
