package serve_test

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strideml/stride/onnx"
	"github.com/strideml/stride/serve"
	"github.com/strideml/stride/serve/internal/servetest"
)

// The input and the output of an ONNX file are called as in the file, and the output is what the
// file computes: probabilities if it has a softmax. /v1/predict gives the same probabilities.
func TestONNXNames(t *testing.T) {
	dir := t.TempDir()
	model := servetest.LeNet(t, 1)
	for name, softmax := range map[string]bool{"logits": false, "softmax": true} {
		o := onnx.WriteOptions{Input: "pixel_values", Output: "scores:0", IncludeSoftmax: softmax, Preprocessing: model.Preprocessing, Classes: model.Classes}
		if err := onnx.Save(filepath.Join(dir, name+".onnx"), model.Net, o); err != nil {
			t.Fatal(err)
		}
	}
	models, url := server(t, serve.Options{}, serve.HandlerOptions{})
	if err := models.OpenFolder(dir); err != nil {
		t.Fatal(err)
	}
	x := sample(2)
	logits := scoresOf(t, model, x)
	probabilities := make([]float32, len(logits))
	for i := range probabilities {
		sum := 0.0
		for _, l := range logits[i/10*10:][:10] {
			sum += math.Exp(float64(l))
		}
		probabilities[i] = float32(math.Exp(float64(logits[i])) / sum)
	}
	message := fmt.Sprintf(`{"inputs":[{"name":"pixel_values","shape":[2,1,28,28],"datatype":"FP32","parameters":{"binary_data_size":%d}}],"outputs":[{"name":"scores:0"}]}`, 4*len(x))
	for name, want := range map[string][]float32{"logits": logits, "softmax": probabilities} {
		_, _, text := do(t, "GET", url+"/v2/models/"+name, "", nil)
		if !strings.Contains(text, `"inputs":[{"name":"pixel_values",`) || !strings.Contains(text, `"outputs":[{"name":"scores:0",`) {
			t.Errorf("%s: %s", name, text)
		}
		status, a, text := infer(t, url+"/v2/models/"+name+"/infer", message, raw(x))
		if status != 200 || a.Outputs[0].Name != "scores:0" || !near(a.floats(t), want) {
			t.Errorf("%s: %d %s, want %v", name, status, text, want)
		}
		if status, _, text := infer(t, url+"/v2/models/"+name+"/infer", strings.Replace(message, "pixel_values", "images", 1), raw(x)); status != 400 || !strings.Contains(text, `only \"pixel_values\"`) {
			t.Errorf("%s: %d %s", name, status, text)
		}
	}
	var first, second serve.PredictResponse
	for name, into := range map[string]*serve.PredictResponse{"logits": &first, "softmax": &second} {
		_, _, text := do(t, "POST", url+"/v1/predict?model="+name, "image/png", picture(t, 28, 28))
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	for i, c := range first.Predictions[0].Classes {
		if d := second.Predictions[0].Classes[i]; c.Class != d.Class || abs(c.Probability-d.Probability) > 1e-6 {
			t.Errorf("%+v, %+v", c, d)
		}
	}
}
