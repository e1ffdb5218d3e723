package onnx_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/onnx"
	"github.com/strideml/stride/tensor"
)

// quantizedFile returns the model of a file of testdata/quantized, the input of one image and ONNX Runtime's result.
func quantizedFile(t *testing.T, name string) (m *nn.Model, x, want *tensor.Tensor) {
	t.Helper()
	_, m = load(t, "quantized/"+name)
	data, err := os.ReadFile("testdata/quantized/" + name + ".bin")
	if err != nil {
		t.Fatal(err)
	}
	numbers := make([]float32, len(data)/4)
	for i := range numbers {
		numbers[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	n := m.Input().Size()
	x = tensor.Must(tensor.FromSlice(numbers[:n], append([]int{1}, m.Input()...)...))
	return m, x, tensor.Must(tensor.FromSlice(numbers[n:], 1, len(numbers)-n))
}

// Networks of ONNX Runtime's quantizer compute what they do there: scores differ by no more than some steps of the values
// between, which sums of integers round in another order.
func TestQuantizedNetworks(t *testing.T) {
	for _, name := range []string{"qdq", "qdq-int8", "qdq-uint8-weights", "qoperator"} {
		t.Run(name, func(t *testing.T) {
			m, x, want := quantizedFile(t, name)
			for _, device := range []engine.Device{reference.New(), cpu.New(cpu.Options{})} {
				checkQuantized(t, device, m, x, want)
			}
		})
	}
}

func checkQuantized(t *testing.T, device engine.Device, m *nn.Model, x, want *tensor.Tensor) {
	t.Helper()
	trace, err := m.Trace(1, nn.Eval)
	if err != nil {
		t.Fatal(err)
	}
	got, err := engine.Run(device, engine.Feeds{trace.Input: x}, trace.Output)
	if err != nil {
		t.Fatal(err)
	}
	const step = 0.006 // of the scores, the last values that are rounded
	for i, v := range want.Data() {
		if d := math.Abs(float64(got[0].Data()[i] - v)); d > step {
			t.Errorf("%s: score %d is %v, want %v", device.Name(), i, got[0].Data()[i], v)
		}
	}
}

// What is written of a quantized network computes the same when it is read, and has its weights as bytes.
func TestQuantizedRoundTrip(t *testing.T) {
	for _, name := range []string{"qdq", "qdq-int8"} {
		m, x, want := quantizedFile(t, name)
		var file bytes.Buffer
		if err := onnx.Write(&file, m, onnx.WriteOptions{}); err != nil {
			t.Fatal(err)
		}
		text := file.String()
		if !strings.Contains(text, "QuantizeLinear") || !strings.Contains(text, "stem.weight_quantized") || strings.Contains(text, "Round") {
			t.Errorf("%s: no integers in the file", name)
		}
		net, err := onnx.Read(file.Bytes(), onnx.Options{})
		if err != nil {
			t.Fatal(err)
		}
		again, err := nn.New(net, net.Input(), nn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		checkQuantized(t, cpu.New(cpu.Options{}), again, x, want)
	}
}
