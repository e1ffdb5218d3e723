package serve

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/strideml/stride/metrics"
	"github.com/strideml/stride/serve/internal/protocol"
	"github.com/strideml/stride/serve/internal/repository"
)

// The names of a model's input and output, as those of the ONNX files that Stride writes.
const (
	inputName  = "images"
	outputName = "output"
)

// infer answers a request of the Open Inference Protocol.
func (h *handler) infer(c *call) error {
	v, err := h.models.repository.Acquire(c.r.PathValue("model"), c.r.PathValue("version"))
	if err != nil {
		return err
	}
	defer v.Release()
	c.model = v.Name
	buffer := h.buffers.get()
	defer h.buffers.put(buffer)
	length := c.r.Header.Get(protocol.HeaderLength)
	// The body begins where the numbers that follow its JSON are aligned.
	padding := 0
	if n, err := strconv.Atoi(length); err == nil {
		padding = (4 - n&3) & 3
	}
	body, err := h.readBody(c, append(*buffer, make([]byte, padding)...))
	if err != nil {
		return err
	}
	*buffer = body // which may have grown
	r, err := protocol.ParseInferRequest(body[padding:], length)
	if err != nil {
		return bad(err)
	}
	outputs, err := requestedOutputs(r)
	if err != nil {
		return bad(err)
	}
	in, err := h.input(c, v, r)
	if err != nil {
		return err
	}
	scores := make([]float32, c.samples*v.Classes)
	if err := h.compute(c, v, r, in, scores); err != nil {
		return err
	}
	answer := protocol.InferResponse{ModelName: v.Name, ModelVersion: strconv.Itoa(v.Number), ID: r.ID}
	for _, o := range outputs {
		answer.Outputs = append(answer.Outputs, protocol.Output{Tensor: output(v, scores, c.samples, o.Classes), Binary: o.Binary})
	}
	return h.answerInfer(c, &answer)
}

// compute waits for the scores of a request's samples.
func (h *handler) compute(c *call, v *repository.Version, r *protocol.InferRequest, in, scores []float32) (err error) {
	timeout := h.options.Timeout
	if r != nil && r.Timeout > 0 {
		timeout = min(timeout, r.Timeout)
	}
	ctx, cancel := context.WithTimeout(c.r.Context(), timeout)
	defer cancel()
	c.timing, err = v.Queue.Do(ctx, c.samples, in, scores)
	return err
}

// answerInfer writes the answer.
func (h *handler) answerInfer(c *call, answer *protocol.InferResponse) error {
	buffer := h.buffers.get()
	defer h.buffers.put(buffer)
	message, header, err := answer.Append(*buffer)
	if err != nil {
		return bad(err)
	}
	*buffer = message
	if header > 0 {
		c.Header().Set("Content-Type", "application/octet-stream")
		c.Header().Set(protocol.HeaderLength, strconv.Itoa(header))
	} else {
		c.Header().Set("Content-Type", "application/json")
	}
	c.Header().Set("Content-Length", strconv.Itoa(len(message)))
	if _, err := c.Write(message); err != nil {
		return errGone
	}
	return nil
}

// requestedOutputs returns the outputs that a request asks for, all if it names none.
func requestedOutputs(r *protocol.InferRequest) ([]protocol.RequestedOutput, error) {
	if len(r.Outputs) == 0 {
		return []protocol.RequestedOutput{{Name: outputName, Binary: r.BinaryOutputs}}, nil
	}
	for i, o := range r.Outputs {
		switch {
		case o.Name != outputName:
			return nil, fmt.Errorf("the model has no output %q, only %q", o.Name, outputName)
		case i > 0:
			return nil, fmt.Errorf("the output %q is asked for twice", o.Name)
		}
	}
	return r.Outputs, nil
}

// input returns the values of a request's samples, whose number is then in c.samples. They
// may be a part of the request's body.
func (h *handler) input(c *call, v *repository.Version, r *protocol.InferRequest) (values []float32, err error) {
	if len(r.Inputs) != 1 {
		return nil, refuse(http.StatusBadRequest, "the request has %d inputs, the model has one, %q", len(r.Inputs), inputName)
	}
	x := &r.Inputs[0]
	if r.Raw {
		if err := rawInput(x, v); err != nil {
			return nil, bad(err)
		}
	}
	if x.Name != inputName {
		return nil, refuse(http.StatusBadRequest, "the model has no input %q, only %q", x.Name, inputName)
	}
	if x.DataType == protocol.Bytes {
		return h.inputPictures(c, v, x)
	}
	want := append(protocol.Shape{0}, inputShape(v)...)
	if len(x.Shape) > 0 {
		want[0] = x.Shape[0]
	}
	if !slices.Equal(x.Shape, want) || want[0] < 1 {
		return nil, refuse(http.StatusBadRequest, "the input %q has the shape %v: want N×%v, N at least 1", x.Name, []int64(x.Shape), v.Input)
	}
	if c.samples, err = h.countSamples(want[0]); err != nil {
		return nil, err
	}
	if values, ok := x.Float32View(); ok {
		return values, nil
	}
	values = make([]float32, c.samples*v.Input.Size())
	if err := x.Float32s(values); err != nil {
		return nil, bad(err)
	}
	return values, nil
}

// rawInput gives the only input of a raw message its name, type and shape.
func rawInput(x *protocol.Tensor, v *repository.Version) error {
	sample := 4 * v.Input.Size()
	if len(x.Data) == 0 || len(x.Data)%sample != 0 {
		return fmt.Errorf("the request has %d bytes of data: want a multiple of %d, for samples of %v in FP32", len(x.Data), sample, v.Input)
	}
	x.Name, x.DataType = inputName, protocol.FP32
	x.Shape = append(protocol.Shape{int64(len(x.Data) / sample)}, inputShape(v)...)
	return nil
}

// inputShape is the shape of a sample.
func inputShape(v *repository.Version) (s protocol.Shape) {
	for _, size := range v.Input {
		s = append(s, int64(size))
	}
	return s
}

// countSamples checks the number of samples of a request.
func (h *handler) countSamples(n int64) (int, error) {
	if n > int64(h.options.MaxImages) {
		return 0, refuse(http.StatusRequestEntityTooLarge, "the request has %d samples: want at most %d", n, h.options.MaxImages)
	}
	return int(n), nil
}

// output makes the output of n samples: their scores, or the classes of the highest ones.
func output(v *repository.Version, scores []float32, n, classes int) protocol.Tensor {
	if classes == 0 {
		return protocol.Tensor{
			Name: outputName, DataType: protocol.FP32, Shape: protocol.Shape{int64(n), int64(v.Classes)},
			Data: protocol.AppendFloat32s(make([]byte, 0, 4*len(scores)), scores),
		}
	}
	classes = min(classes, v.Classes)
	t := protocol.Tensor{Name: outputName, DataType: protocol.Bytes, Shape: protocol.Shape{int64(n), int64(classes)}}
	for i := range n {
		own := scores[i*v.Classes:][:v.Classes]
		for _, k := range metrics.Top(own, classes) {
			t.Data = protocol.AppendString(t.Data, fmt.Sprintf("%f:%d:%s", own[k], k, v.Model.Classes[k]))
		}
	}
	return t
}
