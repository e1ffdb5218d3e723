package metrics_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/strideml/stride/serve"
	"github.com/strideml/stride/serve/internal/servetest"
	"github.com/strideml/stride/serve/metrics"
)

// server serves LeNet and its metrics.
func server(t testing.TB) (m *metrics.Metrics, url string) {
	t.Helper()
	models, err := serve.NewModels(serve.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := models.Add("m", servetest.LeNet(t, 1, strings.Fields("a b c d e f g h i j")...)); err != nil {
		t.Fatal(err)
	}
	m = metrics.New(models)
	mux := http.NewServeMux()
	mux.Handle("/metrics", m.Handler(slog.New(slog.DiscardHandler)))
	service := serve.NewService(models, serve.HandlerOptions{Observe: m.Observe, MaxImages: 2})
	m.AddService(service)
	mux.Handle("/", service)
	s := httptest.NewServer(mux)
	t.Cleanup(func() {
		s.Close()
		if err := models.Close(); err != nil {
			t.Error(err)
		}
	})
	return m, s.URL
}

func ask(t testing.TB, method, url, kind string, body []byte) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(b)
}

// Each kind of request is counted where it belongs, and what clients make up becomes no label.
func TestMetrics(t *testing.T) {
	m, url := server(t)
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 28, 28))); err != nil {
		t.Fatal(err)
	}
	tensor := make([]byte, 2*4*28*28)
	for _, c := range []struct {
		method, path, kind string
		body               []byte
		status             int
	}{
		{"POST", "/v1/predict", "image/png", picture.Bytes(), 200},
		{"POST", "/v1/predict", "image/png", []byte("no picture"), 400},
		{"POST", "/v1/predict?model=x", "image/png", picture.Bytes(), 404},
		{"POST", "/v1/predict?model=y", "image/png", picture.Bytes(), 404},
		{"POST", "/v2/models/m/infer", "", []byte("{}"), 400},
		{"POST", "/v2/models/z/infer", "", []byte("{}"), 404},
		{"GET", "/v2/models/m", "", nil, 200},
		{"GET", "/no/such/route", "", nil, 404},
	} {
		if status, text := ask(t, c.method, url+c.path, c.kind, c.body); status != c.status {
			t.Errorf("%s %s: %d %s", c.method, c.path, status, text)
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), "POST", url+"/v2/models/m/infer", bytes.NewReader(tensor))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Inference-Header-Content-Length", "0")
	response, err := http.DefaultClient.Do(r)
	if err != nil || response.Body.Close() != nil || response.StatusCode != 200 {
		t.Fatal(response, err)
	}
	m.CountRefused("host")
	var text string
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); { // the last request is counted after its answer
		if _, text = ask(t, "GET", url+"/metrics", "", nil); strings.Contains(text, `stride_requests_total{protocol="http",status="200"} 3`) {
			break
		}
	}
	for _, want := range []string{
		"stride_request_memory_bytes 0\n", "stride_requests_waiting_for_memory 0\n", // all have given it back
		`stride_requests_total{protocol="http",status="200"} 3`,
		`stride_requests_total{protocol="http",status="404"} 4`,
		`stride_refused_requests_total{reason="host"} 1`,
		`stride_inference_request_success_total{model="m",version="1"} 2`,
		`stride_inference_request_failure_total{model="m",reason="bad_request",version="1"} 2`,
		`stride_inference_request_failure_total{model="",reason="not_found",version=""} 3`,
		`stride_inference_request_duration_seconds_count{model="m",version="1"} 2`,
		`stride_inference_queue_duration_seconds_count{model="m",version="1"} 2`,
		`stride_inference_preprocess_duration_seconds_count{model="m",version="1"} 2`,
		`stride_inference_compute_duration_seconds_bucket{model="m",version="1",le="30"} 2`,
		`stride_inference_pending_requests{model="m",version="1"} 0`,
		`stride_inference_count_total{model="m",version="1"} 3`,
		`stride_inference_batch_size_bucket{model="m",version="1",le="1"} 1`,
		`stride_inference_batch_size_bucket{model="m",version="1",le="2"} 2`,
		`stride_inference_batch_size_count{model="m",version="1"} 2`,
		`stride_inference_batch_size_sum{model="m",version="1"} 3`,
		"stride_models_loaded 1", "\ngo_goroutines ", "\nprocess_start_time_seconds ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, grep(text, "stride_"))
		}
	}
	for _, made := range []string{`model="x"`, `model="y"`, `model="z"`, "route"} {
		if strings.Contains(text, made) {
			t.Errorf("%s is a label", made)
		}
	}
}

// grep returns the lines with a word, without comments.
func grep(text, word string) string {
	var found []string
	for line := range strings.Lines(text) {
		if strings.Contains(line, word) && line[0] != '#' {
			found = append(found, line)
		}
	}
	return strings.Join(found, "")
}

// Models that come and go do not make the number of series grow without end; those that are
// served keep theirs.
func TestSeriesAreBounded(t *testing.T) {
	m, url := server(t)
	observe := func(model string) {
		m.Observe(context.Background(), &serve.Record{Inference: true, Model: model, Version: 1, Status: 200})
	}
	observe("m")
	for i := range 1200 {
		observe(fmt.Sprintf("old %d", i))
	}
	observe("no UTF-8: \xff")
	_, _ = ask(t, "GET", url+"/metrics", "", nil)
	status, text := ask(t, "GET", url+"/metrics", "", nil)
	if n := strings.Count(text, "stride_inference_request_success_total{"); status != 200 || n != 1 || !strings.Contains(text, `success_total{model="m",version="1"} 1`) {
		t.Errorf("%d series remain, status %d", n, status)
	}
}

// The cost of a request's metrics.
func BenchmarkObserve(b *testing.B) {
	m, _ := server(b)
	r := &serve.Record{
		Inference: true, Protocol: "http", Model: "m", Version: 1, Status: 200, Took: 60 * time.Microsecond,
		Queue: time.Now(), Queued: time.Microsecond, Computed: 20 * time.Microsecond,
	}
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			m.Observe(context.Background(), r)
		}
	})
}

// BenchmarkRequest is a request to LeNet, without a network between, with metrics and without.
func BenchmarkRequest(b *testing.B) {
	models, err := serve.NewModels(serve.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer models.Close()
	if err := models.Add("m", servetest.LeNet(b, 1)); err != nil {
		b.Fatal(err)
	}
	body := bytes.Repeat([]byte{0, 0, 128, 63}, 28*28)
	for name, observe := range map[string]func(context.Context, *serve.Record){"without": nil, "with": metrics.New(models).Observe} {
		h := serve.Handler(models, serve.HandlerOptions{Observe: observe})
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest("POST", "/v2/models/m/infer", bytes.NewReader(body))
				r.Header.Set("Inference-Header-Content-Length", "0")
				w := httptest.NewRecorder()
				if h.ServeHTTP(w, r); w.Code != http.StatusOK {
					b.Fatal(w.Code, w.Body)
				}
			}
		})
	}
}
