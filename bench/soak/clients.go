package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/tensor"
)

// A model is what clients ask, and what they expect.
type model struct {
	name   string
	shape  tensor.Shape  // of a sample
	inputs [][]float32   // samples
	want   [][][]float32 // by version and sample: the logits
	scale  []float64     // by version: the greatest magnitude of a logit
}

// newModel makes samples and lets engine/reference compute their logits by each version.
func newModel(name string, samples int, versions ...*modelfolder.Model) (*model, error) {
	m := &model{name: name, shape: versions[0].Net.Input()}
	random := rand.New(rand.NewPCG(1, 2))
	for range samples {
		input := make([]float32, m.shape.Size())
		for i := range input {
			input[i] = random.Float32()
		}
		m.inputs = append(m.inputs, input)
	}
	for _, version := range versions {
		var want [][]float32
		scale := 0.0
		for _, input := range m.inputs {
			x, err := tensor.FromSlice(input, append(tensor.Shape{1}, m.shape...)...)
			if err != nil {
				return nil, err
			}
			y, err := version.Net.Predict(reference.New(), x)
			if err != nil {
				return nil, err
			}
			want = append(want, y.Data())
			for _, v := range y.Data() {
				scale = max(scale, math.Abs(float64(v)))
			}
		}
		m.want, m.scale = append(m.want, want), append(m.scale, scale)
	}
	return m, nil
}

// tolerance is by how much an answer may differ, as a part of the greatest logit.
const tolerance = 1e-4

// check compares an answer with what a version says of the samples that were sent. Some version
// must agree with all of them.
func (m *model) check(samples []int, got []float32) error {
	nearest := math.Inf(1)
	for v, want := range m.want {
		if len(got) != len(samples)*len(want[0]) {
			return fmt.Errorf("%d values for %d samples", len(got), len(samples))
		}
		far := 0.0
		for i, sample := range samples {
			for j, w := range want[sample] {
				far = max(far, math.Abs(float64(got[i*len(want[0])+j]-w)))
			}
		}
		nearest = min(nearest, far/m.scale[v])
	}
	if !(nearest <= tolerance) {
		return fmt.Errorf("differs by %.2g of the greatest logit", nearest)
	}
	return nil
}

// ask sends right requests until the context ends.
func (s *soak) ask(ctx context.Context, m *model, random *rand.Rand) {
	for ctx.Err() == nil {
		samples := make([]int, 1+random.IntN(5))
		for i := range samples {
			samples[i] = random.IntN(len(m.inputs))
		}
		asJSON := random.IntN(8) == 0 && m.shape.Size() < 10_000
		status, got, err := s.infer(ctx, m, samples, asJSON)
		switch {
		case ctx.Err() != nil:
			s.counts.add("requests whose client left")
		case err != nil:
			s.counts.wrong("%s: %v", m.name, err)
			pause(ctx, 100*time.Millisecond)
		case status == http.StatusTooManyRequests:
			s.counts.add("refused in overload (429)")
			pause(ctx, 50*time.Millisecond)
		case status != http.StatusOK:
			s.counts.wrong("%s: status %d for a right request", m.name, status)
		default:
			if err := m.check(samples, got); err != nil {
				s.counts.wrong("%s: a wrong answer: %v", m.name, err)
			} else {
				s.counts.add("right answers of " + m.name)
			}
		}
	}
}

// tensorJSON is an input or output in a message.
type tensorJSON struct {
	Name       string         `json:"name"`
	Shape      []int          `json:"shape"`
	DataType   string         `json:"datatype"`
	Parameters map[string]any `json:"parameters,omitempty"`
	Data       []float32      `json:"data,omitempty"`
}

// infer sends samples and returns the status and the values of the answer.
func (s *soak) infer(ctx context.Context, m *model, samples []int, asJSON bool) (status int, values []float32, err error) {
	input := tensorJSON{Name: "images", Shape: append([]int{len(samples)}, m.shape...), DataType: "FP32"}
	var data []float32
	for _, sample := range samples {
		data = append(data, m.inputs[sample]...)
	}
	message := map[string]any{}
	var tensors []byte
	if asJSON {
		input.Data = data
	} else {
		if tensors, err = binary.Append(nil, binary.LittleEndian, data); err != nil {
			return 0, nil, err
		}
		input.Parameters = map[string]any{"binary_data_size": len(tensors)}
		message["parameters"] = map[string]any{"binary_data_output": true}
	}
	message["inputs"] = []tensorJSON{input}
	header, err := json.Marshal(message)
	if err != nil {
		return 0, nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.server.URL+"/v2/models/"+m.name+"/infer", bytes.NewReader(append(header, tensors...)))
	if err != nil {
		return 0, nil, err
	}
	if !asJSON {
		request.Header.Set("Inference-Header-Content-Length", strconv.Itoa(len(header)))
	}
	response, err := s.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return response.StatusCode, nil, err
	}
	values, err = outputs(response.Header.Get("Inference-Header-Content-Length"), body)
	return response.StatusCode, values, err
}

// outputs reads the only output of an answer.
func outputs(headerLength string, body []byte) ([]float32, error) {
	header, rest := body, []byte(nil)
	if headerLength != "" {
		n, err := strconv.Atoi(headerLength)
		if err != nil || n > len(body) {
			return nil, fmt.Errorf("an answer of %d bytes, of which %q are JSON", len(body), headerLength)
		}
		header, rest = body[:n], body[n:]
	}
	var answer struct{ Outputs []tensorJSON }
	if err := json.Unmarshal(header, &answer); err != nil {
		return nil, err
	}
	if len(answer.Outputs) != 1 {
		return nil, fmt.Errorf("%d outputs", len(answer.Outputs))
	}
	if headerLength == "" {
		return answer.Outputs[0].Data, nil
	}
	values := make([]float32, len(rest)/4)
	_, err := binary.Decode(rest, binary.LittleEndian, values)
	return values, err
}

// replace replaces the folder of LeNet by the other one every few seconds, and asks the server
// to load it, until the context ends.
func (s *soak) replace(ctx context.Context) {
	served, other, aside := filepath.Join(s.models, "lenet"), filepath.Join(s.models, ".other"), filepath.Join(s.models, ".aside")
	for pause(ctx, 2*time.Second) {
		if err := errors.Join(os.Rename(served, aside), os.Rename(other, served), os.Rename(aside, other)); err != nil {
			s.counts.wrong("replace the folder: %v", err)
			return
		}
		response, err := s.client.Post(s.server.URL+"/v2/repository/models/lenet/load", "application/json", nil)
		if err != nil {
			s.counts.wrong("load: %v", err)
			continue
		}
		text, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			s.counts.wrong("load: status %d: %s", response.StatusCode, text)
			continue
		}
		s.counts.add("folder replaced")
	}
}
