package serve_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/serve"
	"github.com/strideml/stride/serve/internal/servetest"
	"github.com/strideml/stride/tensor"
)

const pixels = 28 * 28

// sample returns the values of n samples, each of which is different.
func sample(n int) []float32 {
	x := make([]float32, n*pixels)
	for i := range x {
		x[i] = float32(i%251) / 251
	}
	return x
}

// raw is the little-endian form of numbers.
func raw(v any) []byte {
	b, err := binary.Append(nil, binary.LittleEndian, v)
	if err != nil {
		panic(err)
	}
	return b
}

// scoresOf computes what a model gives for samples, one by one.
func scoresOf(t testing.TB, m *modelfolder.Model, x []float32) (scores []float32) {
	t.Helper()
	trace, err := m.Net.Trace(1, nn.Eval)
	if err != nil {
		t.Fatal(err)
	}
	p, err := cpu.Default().Compile(trace.Graph, trace.Output)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for i := 0; i < len(x); i += pixels {
		in, out := tensor.Must(tensor.FromSlice(x[i:i+pixels], 1, 1, 28, 28)), tensor.New(1, 10)
		if err := p.Run(engine.Feeds{trace.Input: in}, []*tensor.Tensor{out}); err != nil {
			t.Fatal(err)
		}
		scores = append(scores, out.Data()...)
	}
	return scores
}

// answer is an answer to infer.
type answer struct {
	ModelName    string `json:"model_name"`
	ModelVersion string `json:"model_version"`
	ID           string `json:"id"`
	Outputs      []struct {
		Name, Datatype string
		Shape          []int
		Parameters     struct {
			Size int `json:"binary_data_size"`
		}
		Data []any
	}
	binary string
}

// inferFloats asks for FP32 outputs and returns them, from JSON or from bytes.
func (a *answer) floats(t testing.TB) (values []float32) {
	t.Helper()
	if len(a.Outputs) != 1 {
		t.Fatalf("%d outputs", len(a.Outputs))
	}
	if size := a.Outputs[0].Parameters.Size; size > 0 {
		values = make([]float32, size/4)
		if _, err := binary.Decode([]byte(a.binary), binary.LittleEndian, values); err != nil {
			t.Fatal(err)
		}
		return values
	}
	for _, v := range a.Outputs[0].Data {
		values = append(values, float32(v.(float64)))
	}
	return values
}

// infer sends JSON followed by bytes.
func infer(t testing.TB, url, message string, follow []byte, headers ...string) (int, *answer, string) {
	t.Helper()
	if follow != nil {
		headers = append(headers, "Inference-Header-Content-Length", strconv.Itoa(len(message)))
	}
	status, header, text := do(t, "POST", url, "", append([]byte(message), follow...), headers...)
	a := &answer{}
	head := text
	if n, err := strconv.Atoi(header.Get("Inference-Header-Content-Length")); err == nil {
		head, a.binary = text[:n], text[n:]
	}
	if err := json.Unmarshal([]byte(head), a); err != nil {
		t.Errorf("%v in %.200q", err, text)
	}
	return status, a, text
}

func near(got, want []float32) bool {
	return slices.EqualFunc(got, want, func(a, b float32) bool { return math.Abs(float64(a-b)) < 1e-5 })
}

func jsonNumbers[T any](v []T) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// The same samples give the same scores in every form that the protocol has.
func TestInfer(t *testing.T) {
	_, url := server(t, serve.Options{}, serve.HandlerOptions{})
	url += "/v2/models/m/infer"
	x := sample(3)
	want := scoresOf(t, servetest.LeNet(t, 1), x)
	shape := `"name":"images","shape":[3,1,28,28]`
	asJSON := `{"id":"q7","inputs":[{` + shape + `,"datatype":"FP32","data":` + jsonNumbers(x) + `}]%s}`
	follow := func(datatype string, size int) string {
		return fmt.Sprintf(`{"id":"q7","inputs":[{%s,"datatype":%q,"parameters":{"binary_data_size":%d}}],"parameters":{"binary_data_output":true}}`, shape, datatype, size)
	}
	halves, doubles := make([]uint16, len(x)), make([]float64, len(x))
	for i, v := range x {
		doubles[i] = float64(v)
	}
	bytesOf := make([]uint8, len(x))
	ints := make([]float32, len(x))
	for i := range ints {
		bytesOf[i] = uint8(i % 7)
		ints[i] = float32(i % 7)
		halves[i] = []uint16{0, 0x3c00, 0x4000, 0x4200, 0x4400, 0x4500, 0x4600}[i%7]
	}
	wantInts := scoresOf(t, servetest.LeNet(t, 1), ints)
	int64s := make([]int64, len(x))
	for i, v := range bytesOf {
		int64s[i] = int64(v)
	}
	for name, c := range map[string]struct {
		message string
		follow  []byte
		want    []float32
	}{
		"JSON":               {fmt.Sprintf(asJSON, ""), nil, want},
		"JSON, binary out":   {fmt.Sprintf(asJSON, `,"outputs":[{"name":"output","parameters":{"binary_data":true}}]`), nil, want},
		"binary":             {follow("FP32", 4*len(x)), raw(x), want},
		"binary, misaligned": {" " + follow("FP32", 4*len(x)), raw(x), want},
		"FP64":               {follow("FP64", 8*len(x)), raw(doubles), want},
		"UINT8":              {follow("UINT8", len(x)), bytesOf, wantInts},
		"INT64":              {follow("INT64", 8*len(x)), raw(int64s), wantInts},
		"FP16":               {follow("FP16", 2*len(x)), raw(halves), wantInts},
	} {
		status, a, text := infer(t, url, c.message, c.follow)
		if status != 200 || a.ModelName != "m" || a.ModelVersion != "1" || a.ID != "q7" {
			t.Errorf("%s: %d %.300s", name, status, text)
			continue
		}
		if o := a.Outputs[0]; o.Name != "output" || o.Datatype != "FP32" || !slices.Equal(o.Shape, []int{3, 10}) || !near(a.floats(t), c.want) {
			t.Errorf("%s: %+v", name, o)
		}
	}

	// Nothing but the values.
	status, header, text := do(t, "POST", url, "application/octet-stream", raw(x), "Inference-Header-Content-Length", "0")
	n, _ := strconv.Atoi(header.Get("Inference-Header-Content-Length"))
	if got := make([]float32, 30); status != 200 || n == 0 {
		t.Errorf("raw: %d %s", status, text)
	} else if _, err := binary.Decode([]byte(text[n:]), binary.LittleEndian, got); err != nil || !near(got, want) {
		t.Errorf("raw: %v, %v", got, err)
	}

	// Compressed requests.
	for encoding, compress := range map[string]func(io.Writer) io.WriteCloser{
		"gzip":    func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
		"deflate": func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) },
	} {
		var b bytes.Buffer
		w := compress(&b)
		if _, err := w.Write([]byte(fmt.Sprintf(asJSON, ""))); err != nil || w.Close() != nil {
			t.Fatal(err)
		}
		if status, _, text := do(t, "POST", url, "", b.Bytes(), "Content-Encoding", encoding); status != 200 {
			t.Errorf("%s: %d %s", encoding, status, text)
		}
	}
}

// Classes in place of scores, and picture files in place of numbers.
func TestInferClassesAndPictures(t *testing.T) {
	_, url := server(t, serve.Options{}, serve.HandlerOptions{})
	file := picture(t, 28, 28)
	element := append(raw(uint32(len(file))), file...)
	message := fmt.Sprintf(`{"inputs":[{"name":"images","shape":[2,1],"datatype":"BYTES","parameters":{"binary_data_size":%d}}],"outputs":[{"name":"output","parameters":{"classification":2}}]}`, 2*len(element))
	status, a, text := infer(t, url+"/v2/models/m/versions/1/infer", message, slices.Concat(element, element))
	if status != 200 || a.Outputs[0].Datatype != "BYTES" || !slices.Equal(a.Outputs[0].Shape, []int{2, 2}) {
		t.Fatalf("%d %s", status, text)
	}
	_, _, predicted := do(t, "POST", url+"/v1/predict?top=1", "image/png", file)
	var p serve.PredictResponse
	if err := json.Unmarshal([]byte(predicted), &p); err != nil {
		t.Fatal(err)
	}
	best := p.Predictions[0].Classes[0]
	for _, i := range []int{0, 2} {
		if got := a.Outputs[0].Data[i].(string); !strings.HasSuffix(got, fmt.Sprintf(":%d:%s", best.Index, best.Class)) {
			t.Errorf("%s, want class %s", got, best.Class)
		}
	}
}

func TestInferRefuses(t *testing.T) {
	_, url := server(t, serve.Options{}, serve.HandlerOptions{MaxBody: 200_000, MaxImages: 4})
	one := raw(sample(1))
	in := func(name, shape, datatype, more string, size int) string {
		return fmt.Sprintf(`{"inputs":[{"name":%q,"shape":%s,"datatype":%q,"parameters":{"binary_data_size":%d}}]%s}`, name, shape, datatype, size, more)
	}
	nan := sample(1)
	nan[5] = float32(math.NaN())
	for name, c := range map[string]struct {
		path, message string
		follow        []byte
		status        int
		want          string
	}{
		"model":           {"/v2/models/x/infer", in("images", "[1,1,28,28]", "FP32", "", 3136), one, 404, `no model "x"`},
		"version":         {"/v2/models/m/versions/9/infer", in("images", "[1,1,28,28]", "FP32", "", 3136), one, 404, `version "9"`},
		"input":           {"", in("x", "[1,1,28,28]", "FP32", "", 3136), one, 400, `no input "x"`},
		"two inputs":      {"", `{"inputs":[{"name":"images","shape":[1],"datatype":"BOOL","data":[true]},{"name":"y","shape":[1],"datatype":"BOOL","data":[true]}]}`, nil, 400, "2 inputs"},
		"output":          {"", in("images", "[1,1,28,28]", "FP32", `,"outputs":[{"name":"y"}]`, 3136), one, 400, `no output "y"`},
		"output twice":    {"", in("images", "[1,1,28,28]", "FP32", `,"outputs":[{"name":"output"},{"name":"output"}]`, 3136), one, 400, "twice"},
		"shape":           {"", in("images", "[1,28,28]", "FP32", "", 3136), one, 400, "1×28×28"},
		"other size":      {"", in("images", "[1,1,14,56]", "FP32", "", 3136), one, 400, "1×28×28"},
		"no sample":       {"", in("images", "[0,1,28,28]", "FP32", "", 0), []byte{}, 400, "at least 1"},
		"many samples":    {"", in("images", "[5,1,28,28]", "UINT8", "", 5*pixels), make([]byte, 5*pixels), 413, "at most 4"},
		"long":            {"", in("images", "[70,1,28,28]", "FP32", "", 70*3136), make([]byte, 70*3136), 413, "200000 bytes"},
		"short":           {"", in("images", "[2,1,28,28]", "FP32", "", 3136), one, 400, "needs 6272"},
		"NaN as JSON":     {"", in("images", "[1,1,28,28]", "FP32", "", 3136), raw(nan), 400, "NaN"},
		"picture's shape": {"", in("images", "[1,1,1]", "BYTES", "", 5), []byte("\x01\x00\x00\x00x"), 400, "[N, 1]"},
		"no picture":      {"", in("images", "[1]", "BYTES", "", 5), []byte("\x01\x00\x00\x00x"), 400, "image 1"},
		"JSON":            {"", `{"inputs":`, nil, 400, "JSON"},
	} {
		path := c.path
		if path == "" {
			path = "/v2/models/m/infer"
		}
		status, _, text := infer(t, url+path, c.message, c.follow)
		var e struct{ Error string }
		if err := json.Unmarshal([]byte(text), &e); err != nil || status != c.status || !strings.Contains(e.Error, c.want) {
			t.Errorf("%s: %d %.300s, want %d and %q", name, status, text, c.status, c.want)
		}
	}
	url += "/v2/models/m/infer"
	if status, a, text := infer(t, url, in("images", "[1,1,28,28]", "FP32", `,"parameters":{"binary_data_output":true}`, 3136), raw(nan)); status != 200 || !math.IsNaN(float64(a.floats(t)[0])) {
		t.Errorf("NaN as bytes: %d %s", status, text)
	}
	for want, header := range map[string][]string{
		"multiple of 3136": {"Inference-Header-Content-Length", "0"}, "want a number": {"Inference-Header-Content-Length", "x"},
		"damaged": {"Content-Encoding", "gzip"}, "not known": {"Content-Encoding", "br"},
	} {
		if status, _, text := do(t, "POST", url, "", []byte("hello"), header...); status != 400 && status != 415 || !strings.Contains(text, want) {
			t.Errorf("%v: %d %s", header, status, text)
		}
	}
	// A small body that becomes a large one.
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(make([]byte, 1<<20)); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	if status, _, text := do(t, "POST", url, "", b.Bytes(), "Content-Encoding", "gzip"); status != 413 {
		t.Errorf("a bomb: %d %s", status, text)
	}
}

// slow is a device whose programs wait for a gate, and say so.
type slow struct {
	*cpu.Device
	waits, gate chan struct{}
}

type slowProgram struct {
	engine.Program
	slow
}

func (s slow) Compile(g *graph.Graph, outputs ...*graph.Node) (engine.Program, error) {
	p, err := s.Device.Compile(g, outputs...)
	return slowProgram{p, s}, err
}

func (p slowProgram) Run(feeds engine.Feeds, outputs []*tensor.Tensor) error {
	p.waits <- struct{}{}
	<-p.gate
	return p.Program.Run(feeds, outputs)
}

// A full queue is 429 with Retry-After, and a request that has waited too long 504.
func TestOverload(t *testing.T) {
	d := slow{cpu.New(cpu.Options{Threads: 1}), make(chan struct{}, 64), make(chan struct{}, 64)}
	for range 4 { // of the first runs of the programs
		d.gate <- struct{}{}
	}
	_, url := server(t, serve.Options{Device: d, QueueLimit: 2}, serve.HandlerOptions{})
	for len(d.waits) > 0 {
		<-d.waits
	}
	for len(d.gate) > 0 {
		<-d.gate
	}
	statuses := make(chan int, 3)
	send := func(parameters string) (int, http.Header, string) {
		message := `{"inputs":[{"name":"images","shape":[1,1,28,28],"datatype":"FP32","parameters":{"binary_data_size":3136}}],"parameters":{` + parameters + `}}`
		return do(t, "POST", url+"/v2/models/m/infer", "", append([]byte(message), raw(sample(1))...), "Inference-Header-Content-Length", strconv.Itoa(len(message)))
	}
	inBackground := func() {
		go func() {
			status := 429 // while a request that is given up below waits in its place
			for status == 429 {
				status, _, _ = send("")
			}
			statuses <- status
		}()
	}
	inBackground()
	<-d.waits // it is computed
	if status, _, text := send(`"timeout":1000`); status != 504 || !strings.Contains(text, "waited too long") {
		t.Errorf("%d %s after the time-out", status, text)
	}
	inBackground()
	inBackground()
	status, header, text := 0, http.Header(nil), ""
	for status != 429 { // until both wait
		if status, header, text = send(`"timeout":1000`); status != 429 && status != 504 {
			t.Fatalf("%d %s", status, text)
		}
	}
	if header.Get("Retry-After") == "" || !strings.Contains(text, "full") {
		t.Errorf("%v %s", header, text)
	}
	for range 8 {
		d.gate <- struct{}{}
	}
	for range 3 {
		if s := <-statuses; s != 200 {
			t.Errorf("status %d", s)
		}
	}
	if _, _, text := do(t, "GET", url+"/v2/models/m/stats", "", nil); !strings.Contains(text, `"success":{"count":3,`) || strings.Contains(text, `"fail":{"count":0,`) {
		t.Errorf("statistics %s", text)
	}
}

// The routes about the server and its models, as Triton's clients read them.
func TestMetadata(t *testing.T) {
	dir := t.TempDir()
	if err := servetest.LeNet(t, 3).Save(filepath.Join(dir, "folder", "2")); err != nil {
		t.Fatal(err)
	}
	models, url := server(t, serve.Options{}, serve.HandlerOptions{Version: "1.2.3"})
	if err := models.OpenFolder(dir); err != nil {
		t.Fatal(err)
	}
	x := raw(sample(1))
	message := `{"inputs":[{"name":"images","shape":[1,1,28,28],"datatype":"FP32","parameters":{"binary_data_size":3136}}]}`
	if status, _, text := infer(t, url+"/v2/models/m/infer", message, x); status != 200 {
		t.Fatal(text)
	}
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/v2", "", 200, `{"name":"stride","version":"1.2.3","extensions":["binary_tensor_data",`},
		{"HEAD", "/v2", "", 200, ``},
		{"GET", "/v2/health/live", "", 200, `{"live":true}`},
		{"GET", "/v2/health/ready", "", 200, `{"ready":true}`},
		{"GET", "/v2/models/m", "", 200, `{"name":"m","versions":["1"],"platform":"stride","inputs":[{"name":"images","datatype":"FP32","shape":[-1,1,28,28]}],"outputs":[{"name":"output","datatype":"FP32","shape":[-1,10]}]}`},
		{"GET", "/v2/models/folder/versions/2", "", 200, `{"name":"folder","versions":["2"]`},
		{"GET", "/v2/models/folder/versions/1", "", 404, `no version`},
		{"GET", "/v2/models/m/ready", "", 200, `{"name":"m","ready":true}`},
		{"GET", "/v2/models/m/versions/1/ready", "", 200, `"ready":true`},
		{"GET", "/v2/models/x/ready", "", 404, `"error"`},
		{"GET", "/v2/models/m/stats", "", 200, `"inference_count":1,"execution_count":1`},
		{"GET", "/v2/models/m/versions/1/stats", "", 200, `"batch_stats":[{"batch_size":1,"compute_infer":{"count":1,`},
		{"GET", "/v2/models/x/stats", "", 404, `"error"`},
		{"GET", "/v2/models/stats", "", 200, `"name":"folder","version":"2"`},
		{"POST", "/v2/repository/index", "", 200, `[{"name":"folder","version":"2","state":"READY"},{"name":"m","version":"1","state":"READY"}]`},
		{"POST", "/v2/repository/index", `{"ready":`, 400, `JSON`},
		{"POST", "/v2/repository/models/folder/unload", "", 200, `{}`},
		{"POST", "/v2/repository/index", `{"ready":true}`, 200, `[{"name":"m","version":"1","state":"READY"}]`},
		{"POST", "/v2/repository/index", `{}`, 200, `{"name":"folder","version":"2","state":"UNAVAILABLE","reason":"unloaded"}`},
		{"GET", "/v2/models/folder/ready", "", 404, `not loaded`},
		{"POST", "/v2/repository/models/folder/load", `{"parameters":{"config":"{}"}}`, 400, `not supported`},
		{"POST", "/v2/repository/models/folder/load", `{}`, 200, `{}`},
		{"GET", "/v2/models/folder/ready", "", 200, `"ready":true`},
		{"POST", "/v2/repository/models/m/load", "", 400, `part of the program`},
		{"POST", "/v2/repository/models/x/load", "", 404, `no model`},
		{"POST", "/v2/repository/models/x/unload", "", 404, `no model`},
		{"GET", "/v2/models/m/infer", "", 405, `want POST`},
		{"POST", "/v2", "", 405, `want GET, HEAD`},
		{"GET", "/nothing", "", 404, `/openapi.json`},
		{"GET", "/index", "", 404, `nothing at /index`},
		{"GET", "/v2/", "", 404, `nothing at`},
	} {
		status, header, text := do(t, c.method, url+c.path, "", []byte(c.body), "X-Request-Id", "abc-1")
		if status != c.status || !strings.Contains(text, c.want) || header.Get("X-Request-Id") != "abc-1" {
			t.Errorf("%s %s: %d %s, want %d %s", c.method, c.path, status, text, c.status, c.want)
		}
		if c.method != "HEAD" && !json.Valid([]byte(text)) {
			t.Errorf("%s %s: no JSON: %s", c.method, c.path, text)
		}
	}
	if _, header, _ := do(t, "GET", url+"/v2", "", nil, "X-Request-Id", "<script>"); header.Get("X-Request-Id") == "<script>" {
		t.Error("any request id is taken")
	}
}

// With BatchInvariant, a sample has the same bits in every batch, also when requests of
// several clients meet in one; without it, the same within rounding.
func TestBatchInvariant(t *testing.T) {
	x := sample(16)
	want := scoresOf(t, servetest.LeNet(t, 1), x)
	for _, invariant := range []bool{true, false} {
		_, url := server(t, serve.Options{BatchInvariant: invariant}, serve.HandlerOptions{})
		var wg sync.WaitGroup
		var met atomic.Int64
		for k := range 16 {
			wg.Go(func() {
				for i := range 10 {
					n := min(1+(k+i)%3, 16-k)
					message := fmt.Sprintf(`{"inputs":[{"name":"images","shape":[%d,1,28,28],"datatype":"FP32","parameters":{"binary_data_size":%d}}],"parameters":{"binary_data_output":true}}`, n, n*3136)
					status, a, text := infer(t, url+"/v2/models/m/infer", message, raw(x[k*pixels:(k+n)*pixels]))
					if status != 200 {
						t.Errorf("%d %s", status, text)
						return
					}
					got := a.floats(t)
					if invariant && !slices.Equal(got, want[k*10:(k+n)*10]) || !near(got, want[k*10:(k+n)*10]) {
						t.Errorf("invariant %v: sample %d in %d: %v, want %v", invariant, k, n, got, want[k*10:(k+n)*10])
					}
					met.Add(int64(n))
				}
			})
		}
		wg.Wait()
		var stats struct {
			Stats []struct {
				Samples int64 `json:"inference_count"`
				Batches int64 `json:"execution_count"`
			} `json:"model_stats"`
		}
		_, _, text := do(t, "GET", url+"/v2/models/m/stats", "", nil)
		if err := json.Unmarshal([]byte(text), &stats); err != nil || stats.Stats[0].Samples != met.Load() {
			t.Errorf("%s (%v), want %d samples", text, err, met.Load())
		}
	}
}

// While a model is replaced, every request is answered by the old or the new one.
func TestReloadUnderLoad(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x")
	if err := servetest.LeNet(t, 10).Save(path); err != nil {
		t.Fatal(err)
	}
	models, url := server(t, serve.Options{}, serve.HandlerOptions{})
	if err := models.OpenFolder(dir); err != nil {
		t.Fatal(err)
	}
	x := sample(1)
	known := [][]float32{scoresOf(t, servetest.LeNet(t, 10), x), scoresOf(t, servetest.LeNet(t, 11), x)}
	message := `{"inputs":[{"name":"images","shape":[1,1,28,28],"datatype":"FP32","parameters":{"binary_data_size":3136}}],"parameters":{"binary_data_output":true}}`
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var seen [2]atomic.Int64
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				status, a, text := infer(t, url+"/v2/models/x/infer", message, raw(x))
				if status != 200 {
					t.Errorf("%d %s", status, text)
					return
				}
				i := slices.IndexFunc(known, func(k []float32) bool { return near(a.floats(t), k) })
				if i < 0 {
					t.Errorf("a mixture: %v", a.floats(t))
					return
				}
				seen[i].Add(1)
			}
		})
	}
	for i := range 4 {
		if err := errors.Join(servetest.LeNet(t, uint64(10+(i+1)%2)).Save(path), models.Reload()); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	wg.Wait()
	if seen[0].Load() == 0 || seen[1].Load() == 0 {
		t.Errorf("%d and %d answers", seen[0].Load(), seen[1].Load())
	}
}
