package inference

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/strideml/stride/metrics"
	"github.com/strideml/stride/serve/internal/budget"
	"github.com/strideml/stride/serve/internal/protocol"
	"github.com/strideml/stride/serve/internal/repository"
	"github.com/strideml/stride/tensor"
)

// Options are limits, and who is told. All must be set but Name, Version and Observe.
type Options struct {
	// MaxPixels is the number of pixels of the largest picture that is decoded.
	MaxPixels int
	// MaxImages is how many samples a request may have.
	MaxImages int
	// Timeout is how long a request may wait for its turn.
	Timeout time.Duration
	// Memory is how many bytes the requests under way may hold together, again how many those of gRPC
	// may, and the inputs that are made of them.
	Memory int64
	// Name and Version are those of the server.
	Name, Version string
	// Draining says that the server is about to stop.
	Draining *atomic.Bool
	Log      *slog.Logger
	// Observe, if it is not nil, is told of each request that was answered. It must not
	// keep the call.
	Observe func(context.Context, *Call)
}

// A Service carries out requests. It is safe for concurrent use.
type Service struct {
	*repository.Repository
	options Options
	decode  chan struct{} // a place for each picture that is decoded at once
	// Bodies and Starts are the memory of requests as they come: Starts is that of the first [FirstBytes] of
	// those that do not find much room in Bodies. Messages is that of gRPC, where nobody knows how long a
	// request is before it has come. Who converts messages reserves it.
	Starts, Bodies, Messages *budget.Budget
	inputs                   *budget.Budget // that of what they become
}

// FirstBytes is how much of a body must have come before the rest is reserved.
const FirstBytes = 64 << 10

// New returns a service for the models of a repository that decodes so many pictures at once.
func New(r *repository.Repository, decoders int, o Options) *Service {
	return &Service{
		Repository: r, options: o, decode: make(chan struct{}, decoders),
		Starts: budget.New(o.Memory / 4), Bodies: budget.New(o.Memory - o.Memory/4), Messages: budget.New(o.Memory), inputs: budget.New(o.Memory),
	}
}

// MemoryUsed returns how many bytes requests have reserved, and how many requests wait for memory.
func (s *Service) MemoryUsed() (bytes int64, waiting int) {
	for _, b := range []*budget.Budget{s.Starts, s.Bodies, s.Messages, s.inputs} {
		used, wait := b.Used()
		bytes, waiting = bytes+used, waiting+wait
	}
	return bytes, waiting
}

// Safely carries out an action; a panic is an error. What panics with http.ErrAbortHandler
// goes on to do so.
func (s *Service) Safely(c *Call, act func() error) (err error) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			panic(p)
		default:
			s.options.Log.Error("panic", "id", c.ID, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("internal error; the server's log has it under %s", c.ID)
		}
	}()
	return act()
}

// AcquireFor is Acquire for an inference, which it notes in the call.
func (s *Service) AcquireFor(c *Call, name, version string) (*repository.Version, error) {
	c.Inference = true
	v, err := s.Acquire(name, version)
	if err == nil {
		c.Model, c.Version = v.Name, v.Number
	}
	return v, err
}

// Infer answers a request of the Open Inference Protocol.
func (s *Service) Infer(ctx context.Context, c *Call, v *repository.Version, r *protocol.InferRequest) (*protocol.InferResponse, error) {
	outputs, err := requestedOutputs(v, r)
	if err != nil {
		return nil, Bad(err)
	}
	in, err := s.input(ctx, c, v, r)
	if err != nil {
		return nil, err
	}
	results := make([]float32, c.Samples*v.ResultSize)
	if err := s.Compute(ctx, c, v, r.Timeout, in, results); err != nil {
		return nil, err
	}
	if v.Softmax {
		softmax(results, v)
	}
	answer := &protocol.InferResponse{ModelName: v.Name, ModelVersion: strconv.Itoa(v.Number), ID: r.ID}
	for _, o := range outputs {
		answer.Outputs = append(answer.Outputs, protocol.Output{Tensor: o.tensor(v, results, c.Samples), Binary: o.binary})
	}
	return answer, nil
}

// softmax makes probabilities of the logits of each sample.
func softmax(results []float32, v *repository.Version) {
	for row := range slices.Chunk(results, v.ResultSize) {
		for i, p := range metrics.Softmax(row[:v.Classes]) {
			row[i] = float32(p)
		}
	}
}

// Compute waits for the results of a request's samples. timeout is what the client asks for;
// 0 leaves it to the server.
func (s *Service) Compute(ctx context.Context, c *Call, v *repository.Version, timeout time.Duration, in, results []float32) (err error) {
	if timeout <= 0 || timeout > s.options.Timeout {
		timeout = s.options.Timeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	c.Queue = time.Now()
	c.Timing, err = v.Queue.Do(ctx, c.Samples, in, results)
	c.Computed = err == nil
	return err
}

// A wantedOutput is an output that a request asks for: its values, or the classes with the highest ones.
type wantedOutput struct {
	*repository.Output
	classes int // 0 for the values
	binary  bool
}

// requestedOutputs returns the outputs that a request asks for, all if it names none.
func requestedOutputs(v *repository.Version, r *protocol.InferRequest) (wanted []wantedOutput, err error) {
	if len(r.Outputs) == 0 {
		for i := range v.Outputs {
			wanted = append(wanted, wantedOutput{&v.Outputs[i], 0, r.BinaryOutputs})
		}
		return wanted, nil
	}
	for _, o := range r.Outputs {
		at := slices.IndexFunc(v.Outputs, func(own repository.Output) bool { return own.Name == o.Name })
		switch {
		case at < 0:
			return nil, fmt.Errorf("the model has no output %q, only %s", o.Name, outputNames(v))
		case at > 0 && o.Classes > 0:
			return nil, fmt.Errorf("classification of the output %q: only %q has a score for each class", o.Name, v.Outputs[0].Name)
		case slices.ContainsFunc(wanted, func(w wantedOutput) bool { return w.Name == o.Name }):
			return nil, fmt.Errorf("the output %q is asked for twice", o.Name)
		}
		wanted = append(wanted, wantedOutput{&v.Outputs[at], o.Classes, o.Binary})
	}
	return wanted, nil
}

// outputNames lists the outputs of a model.
func outputNames(v *repository.Version) string {
	var names []string
	for _, o := range v.Outputs {
		names = append(names, strconv.Quote(o.Name))
	}
	return strings.Join(names, ", ")
}

// input returns the values of a request's samples, whose number is then in c.Samples. They
// may be a part of the request's body.
func (s *Service) input(ctx context.Context, c *Call, v *repository.Version, r *protocol.InferRequest) (values []float32, err error) {
	if len(r.Inputs) != 1 {
		return nil, Refuse(http.StatusBadRequest, "the request has %d inputs, the model has one, %q", len(r.Inputs), v.InputName)
	}
	x := &r.Inputs[0]
	if r.Raw {
		if err := rawInput(x, v); err != nil {
			return nil, Bad(err)
		}
	}
	if x.Name != v.InputName {
		return nil, Refuse(http.StatusBadRequest, "the model has no input %q, only %q", x.Name, v.InputName)
	}
	if x.DataType == protocol.Bytes {
		return s.inputPictures(ctx, c, v, x)
	}
	want := append(protocol.Shape{0}, shapeOf(v.Input)...)
	if len(x.Shape) > 0 {
		want[0] = x.Shape[0]
	}
	if !slices.Equal(x.Shape, want) || want[0] < 1 {
		return nil, Refuse(http.StatusBadRequest, "the input %q has the shape %v: want N×%v, N at least 1", x.Name, []int64(x.Shape), v.Input)
	}
	if c.Samples, err = s.countSamples(want[0]); err != nil {
		return nil, err
	}
	if values, ok := x.Float32View(); ok {
		return values, nil
	}
	if values, err = s.newInput(ctx, c, c.Samples*v.Input.Size()); err != nil {
		return nil, err
	}
	if err := x.Float32s(values); err != nil {
		return nil, Bad(err)
	}
	return values, nil
}

// newInput makes memory for the input of a request, which has it until Finish. It waits until
// there is some. Only those who hold none already may wait, so that they do not wait for each other.
func (s *Service) newInput(ctx context.Context, c *Call, n int) (values []float32, err error) {
	if c.input, err = s.inputs.Acquire(ctx, 4*int64(n), s.options.Timeout); err != nil {
		return nil, err
	}
	return make([]float32, n), nil
}

// rawInput gives the only input of a raw message its name, type and shape.
func rawInput(x *protocol.Tensor, v *repository.Version) error {
	sample := 4 * v.Input.Size()
	if len(x.Data) == 0 || len(x.Data)%sample != 0 {
		return fmt.Errorf("the request has %d bytes of data: want a multiple of %d, for samples of %v in FP32", len(x.Data), sample, v.Input)
	}
	x.Name, x.DataType = v.InputName, protocol.FP32
	x.Shape = append(protocol.Shape{int64(len(x.Data) / sample)}, shapeOf(v.Input)...)
	return nil
}

// shapeOf is a shape as the protocol has it.
func shapeOf(shape tensor.Shape) (s protocol.Shape) {
	for _, size := range shape {
		s = append(s, int64(size))
	}
	return s
}

// countSamples checks the number of samples of a request.
func (s *Service) countSamples(n int64) (int, error) {
	if n > int64(s.options.MaxImages) {
		return 0, Refuse(http.StatusRequestEntityTooLarge, "the request has %d samples: want at most %d", n, s.options.MaxImages)
	}
	return int(n), nil
}

// tensor makes the output of n samples.
func (o *wantedOutput) tensor(v *repository.Version, results []float32, n int) protocol.Tensor {
	if o.classes > 0 {
		return o.topClasses(v, results, n)
	}
	t := protocol.Tensor{Name: o.Name, DataType: o.Type, Shape: append(protocol.Shape{int64(n)}, shapeOf(o.Shape)...)}
	size := o.Shape.Size()
	t.Data = make([]byte, 0, n*size*o.Type.Size())
	if size == v.ResultSize && o.Type == protocol.FP32 {
		t.Data = protocol.AppendFloat32s(t.Data, results)
		return t
	}
	for i := range n {
		t.Data = protocol.AppendNumbers(t.Data, o.Type, results[i*v.ResultSize+o.From:][:size])
	}
	return t
}

// topClasses makes the output of n samples that has the names of the classes with the highest scores.
func (o *wantedOutput) topClasses(v *repository.Version, results []float32, n int) protocol.Tensor {
	classes := min(o.classes, v.Classes)
	t := protocol.Tensor{Name: o.Name, DataType: protocol.Bytes, Shape: protocol.Shape{int64(n), int64(classes)}}
	for i := range n {
		own := results[i*v.ResultSize:][:v.Classes]
		for _, k := range metrics.Top(own, classes) {
			t.Data = protocol.AppendString(t.Data, fmt.Sprintf("%f:%d:%s", own[k], k, v.Model.Classes[k]))
		}
	}
	return t
}
