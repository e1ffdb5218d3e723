package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// An InferRequest asks for an inference.
type InferRequest struct {
	// ID is repeated in the response; it may be "".
	ID     string
	Inputs []Tensor
	// Outputs are those asked for; all if there are none.
	Outputs []RequestedOutput
	// BinaryOutputs says that outputs follow the JSON as bytes unless they say otherwise.
	BinaryOutputs bool
	// Timeout is how long the request may wait for its turn; 0 leaves that to the server.
	Timeout time.Duration
	// Raw says that the message is nothing but the data of the only input, which has
	// neither a name nor a type nor a shape.
	Raw bool
}

// A RequestedOutput names an output and says how it is wanted.
type RequestedOutput struct {
	Name string
	// Binary says that it follows the JSON as bytes.
	Binary bool
	// Classes, if above 0, asks for so many classes with the highest scores in place of
	// the scores: a tensor of Bytes with "score:index:name" for each (Triton's
	// classification extension).
	Classes int
}

// Parameters of tensors, outputs and requests that are understood. Others are allowed, and
// have no effect.
type parameters struct {
	BinaryDataSize   *int64 `json:"binary_data_size"`
	BinaryData       *bool  `json:"binary_data"`
	BinaryDataOutput *bool  `json:"binary_data_output"`
	Classification   *int   `json:"classification"`
	Timeout          *int64 `json:"timeout"` // microseconds
}

type requestJSON struct {
	ID         string     `json:"id"`
	Parameters parameters `json:"parameters"`
	Inputs     []struct {
		Name       string          `json:"name"`
		DataType   DataType        `json:"datatype"`
		Shape      Shape           `json:"shape"`
		Parameters parameters      `json:"parameters"`
		Data       json.RawMessage `json:"data"`
	} `json:"inputs"`
	Outputs []struct {
		Name       string     `json:"name"`
		Parameters parameters `json:"parameters"`
	} `json:"outputs"`
}

// maxTimeout bounds the time-out that a request asks for.
const maxTimeout = time.Hour

// maxTensors is how many inputs or outputs a request may name.
const maxTensors = 256

// ParseInferRequest reads a request. headerLength is the value of the HTTP header
// Inference-Header-Content-Length: how many bytes of the message are JSON, "" for all of
// them, "0" for a message that is nothing but the data of the only input. Tensors that
// follow the JSON stay parts of body. Errors say what is wrong with the message.
func ParseInferRequest(body []byte, headerLength string) (*InferRequest, error) {
	header, rest := body, []byte(nil)
	if headerLength != "" {
		n, err := strconv.ParseUint(headerLength, 10, 63)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%s is %q: want a number of bytes", HeaderLength, headerLength)
		case n > uint64(len(body)):
			return nil, fmt.Errorf("%s is %d, but the message has %d bytes", HeaderLength, n, len(body))
		case n == 0:
			return &InferRequest{Inputs: []Tensor{{Data: body}}, Raw: true, BinaryOutputs: true}, nil
		}
		header, rest = body[:n], body[n:]
	}
	var message requestJSON
	if err := unmarshal(header, &message); err != nil {
		return nil, err
	}
	if len(message.Inputs) == 0 {
		return nil, errors.New(`the request has no "inputs"`)
	}
	if len(message.Inputs) > maxTensors || len(message.Outputs) > maxTensors {
		return nil, fmt.Errorf("the request names more than %d tensors", maxTensors)
	}
	r := &InferRequest{ID: message.ID, Inputs: make([]Tensor, len(message.Inputs))}
	for i, in := range message.Inputs {
		t := &r.Inputs[i]
		*t = Tensor{Name: in.Name, DataType: in.DataType, Shape: in.Shape}
		var err error
		if rest, err = t.read(in.Data, in.Parameters.BinaryDataSize, rest); err != nil {
			return nil, err
		}
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("the message has %d bytes after the data of its inputs", len(rest))
	}
	r.BinaryOutputs = isTrue(message.Parameters.BinaryDataOutput)
	if t := message.Parameters.Timeout; t != nil {
		if *t < 0 || *t > int64(maxTimeout/time.Microsecond) {
			return nil, fmt.Errorf("timeout is %d: want microseconds, at most an hour", *t)
		}
		r.Timeout = time.Duration(*t) * time.Microsecond
	}
	for _, out := range message.Outputs {
		o := RequestedOutput{Name: out.Name, Binary: r.BinaryOutputs}
		if p := out.Parameters.BinaryData; p != nil {
			o.Binary = *p
		}
		if p := out.Parameters.Classification; p != nil {
			if o.Classes = *p; o.Classes < 1 {
				return nil, fmt.Errorf("output %q: classification is %d: want at least 1", o.Name, o.Classes)
			}
		}
		r.Outputs = append(r.Outputs, o)
	}
	return r, nil
}

// HeaderLength is the HTTP header that says how many bytes of a message are JSON.
const HeaderLength = "Inference-Header-Content-Length"

func isTrue(b *bool) bool { return b != nil && *b }

// unmarshal reads one JSON object. Errors say where it is damaged.
func unmarshal(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(into); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return fmt.Errorf("the JSON of the message is damaged at byte %d: %w", syntax.Offset, err)
		}
		return fmt.Errorf("the JSON of the message: %w", err)
	}
	if _, err := d.Token(); err == nil || d.InputOffset() < int64(len(bytes.TrimRight(text, " \t\r\n"))) {
		return errors.New("the message has something after its JSON")
	}
	return nil
}

// read takes the data of a tensor from JSON, or from the bytes that follow it, of which it
// returns the rest.
func (t *Tensor) read(data json.RawMessage, size *int64, follow []byte) (rest []byte, err error) {
	switch {
	case t.Name == "":
		return nil, errors.New("an input has no name")
	case t.Shape == nil:
		return nil, fmt.Errorf("tensor %q has no shape", t.Name)
	case size != nil && data != nil:
		return nil, fmt.Errorf("tensor %q has both data and binary_data_size", t.Name)
	case size == nil && data == nil:
		return nil, fmt.Errorf("tensor %q has neither data nor binary_data_size", t.Name)
	case size != nil && (*size < 0 || *size > int64(len(follow))):
		return nil, fmt.Errorf("tensor %q: binary_data_size is %d, but %d bytes are left of the message", t.Name, *size, len(follow))
	case size != nil:
		t.Data, follow = follow[:*size:*size], follow[*size:]
		return follow, t.CheckSize()
	}
	return follow, t.parseData(data)
}
