package serve_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/strideml/stride/serve"
)

// An ONNX file with several outputs is served with all of them, with the values that ONNX Runtime gives
// (testdata/make_outputs.py). The one that is no result for each sample is left out.
func TestOutputs(t *testing.T) {
	models, err := serve.NewModels(serve.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer models.Close()
	if err := models.Open("m", "testdata/outputs.onnx"); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(serve.Handler(models, serve.HandlerOptions{}))
	defer s.Close()
	text, err := os.ReadFile("testdata/outputs.json")
	if err != nil {
		t.Fatal(err)
	}
	var want map[string][]any
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}

	_, _, metadata := do(t, "GET", s.URL+"/v2/models/m", "", nil)
	if w := `"inputs":[{"name":"pictures","datatype":"FP32","shape":[-1,1,5,5]}],"outputs":[{"name":"probabilities","datatype":"FP32","shape":[-1,3]},{"name":"label","datatype":"INT64","shape":[-1]},` +
		`{"name":"maps","datatype":"FP32","shape":[-1,4,5,5]},{"name":"sure","datatype":"BOOL","shape":[-1,3]},{"name":"logits","datatype":"FP32","shape":[-1,3]}]`; !strings.Contains(metadata, w) {
		t.Errorf("%s, want %s", metadata, w)
	}

	// The three pictures, and again, so that more than one unit of a batch is computed.
	var pictures []float64
	for range 4 {
		for _, v := range want["pictures"] {
			pictures = append(pictures, v.(float64))
		}
	}
	ask := func(n int, more string) (int, *answer, string) {
		return infer(t, s.URL+"/v2/models/m/infer", fmt.Sprintf(`{"inputs":[{"name":"pictures","shape":[%d,1,5,5],"datatype":"FP32","data":%s}]%s}`, n, jsonNumbers(pictures[:n*25]), more), nil)
	}
	check := func(a *answer, text string, names ...string) {
		t.Helper()
		if len(a.Outputs) != len(names) {
			t.Fatalf("%d outputs, want %v: %.500s", len(a.Outputs), names, text)
		}
		for i, name := range names {
			o := a.Outputs[i]
			for j, got := range o.Data {
				w := want[name][j%len(want[name])]
				if x, ok := got.(float64); o.Name != name || ok && math.Abs(x-w.(float64)) > 1e-5 || !ok && got != w {
					t.Fatalf("output %s, value %d: %v, want %s, %v", o.Name, j, got, name, w)
				}
			}
			if len(o.Data)%len(want[name]) != 0 && len(o.Data)*3 != len(want[name]) || len(o.Data) == 0 {
				t.Errorf("output %s has %d values", name, len(o.Data))
			}
		}
	}
	for _, n := range []int{1, 3, 12} {
		_, a, text := ask(n, "")
		check(a, text, "probabilities", "label", "maps", "sure", "logits")
	}
	_, a, text2 := ask(3, `,"outputs":[{"name":"logits"},{"name":"label"}]`)
	check(a, text2, "logits", "label")

	status, a, text3 := ask(1, `,"outputs":[{"name":"probabilities","parameters":{"classification":1}}]`)
	top, _ := a.Outputs[0].Data[0].(string)
	if label := strconv.Itoa(int(want["label"][0].(float64))); status != 200 || !strings.Contains(top, ":"+label+":") {
		t.Errorf("status %d, %s, want class %s", status, text3, label)
	}
	_, a, _ = ask(1, `,"outputs":[{"name":"label","parameters":{"binary_data":true}}]`)
	if label := want["label"][0].(float64); a.binary != string([]byte{byte(label), 0, 0, 0, 0, 0, 0, 0}) {
		t.Errorf("%q, want %v", a.binary, label)
	}
	for more, w := range map[string]string{
		`,"outputs":[{"name":"mean"}]`:                                     `no output \"mean\", only \"probabilities\", \"label\"`,
		`,"outputs":[{"name":"logits"},{"name":"logits"}]`:                 "twice",
		`,"outputs":[{"name":"logits","parameters":{"classification":1}}]`: `only \"probabilities\" has a score`,
	} {
		if status, _, text := ask(1, more); status != 400 || !strings.Contains(text, w) {
			t.Errorf("%s: status %d, %s", more, status, text)
		}
	}

	status, _, predicted := do(t, "POST", s.URL+"/v1/predict?top=3", "image/png", picture(t, 5, 5))
	var p serve.PredictResponse
	if err := json.Unmarshal([]byte(predicted), &p); status != 200 || err != nil || len(p.Predictions[0].Classes) != 3 {
		t.Fatalf("status %d, %s", status, predicted)
	}
	sum := 0.0
	for _, c := range p.Predictions[0].Classes {
		sum += c.Probability
	}
	if math.Abs(sum-1) > 1e-6 || !slices.IsSortedFunc(p.Predictions[0].Classes, func(a, b serve.ClassProbability) int { return int(math.Copysign(1, b.Probability-a.Probability)) }) {
		t.Errorf("%s", predicted)
	}
}
