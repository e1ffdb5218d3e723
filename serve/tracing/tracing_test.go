package tracing_test

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"image"
	"image/png"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/strideml/stride/serve"
	"github.com/strideml/stride/serve/internal/servetest"
	"github.com/strideml/stride/serve/tracing"
)

// spans is a collector of traces.
type spans struct {
	mu      sync.Mutex
	all     map[string]*otlp.Span // by name
	service string
	errors  []string
}

func (s *spans) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		in, _ = gzip.NewReader(r.Body)
	}
	body, err := io.ReadAll(in)
	var request collector.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(body, &request)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
		s.errors = append(s.errors, r.URL.Path+" "+r.Header.Get("Content-Type"))
	}
	for _, group := range request.ResourceSpans {
		for _, a := range group.Resource.Attributes {
			if a.Key == "service.name" {
				s.service = a.Value.GetStringValue()
			}
		}
		for _, scope := range group.ScopeSpans {
			for _, span := range scope.Spans {
				s.all[span.Name] = span
			}
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

func server(t *testing.T) *serve.Models {
	t.Helper()
	models, err := serve.NewModels(serve.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { models.Close() })
	if err := models.Add("m", servetest.LeNet(t, 1, strings.Fields("a b c d e f g h i j")...)); err != nil {
		t.Fatal(err)
	}
	return models
}

// A request's trace goes on with the client's, has a span for each part, and its ids are in the log.
func TestTraces(t *testing.T) {
	s := &spans{all: map[string]*otlp.Span{}}
	to := httptest.NewServer(s)
	defer to.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", to.URL)
	t.Setenv("OTEL_SERVICE_NAME", "shop")
	if !tracing.Wanted() {
		t.Fatal("no traces are wanted")
	}
	traces, err := tracing.New(t.Context(), "1.2", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	log := slog.New(traces.LogHandler(slog.NewJSONHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug})))
	h := traces.Handler(serve.Handler(server(t), serve.HandlerOptions{Observe: traces.Observe, Log: log.With("a", "b")}))
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 28, 28))); err != nil {
		t.Fatal(err)
	}
	const traceID, parentID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	ask := func(method, path string, body []byte) int {
		r := httptest.NewRequest(method, path, bytes.NewReader(body))
		r.Header.Set("Content-Type", "image/png")
		r.Header.Set("Traceparent", "00-"+traceID+"-"+parentID+"-01")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	if status := ask("POST", "/v1/predict", picture.Bytes()); status != 200 {
		t.Errorf("status %d", status)
	}
	if status := ask("GET", "/v2/models/x", nil); status != 404 {
		t.Errorf("status %d", status)
	}
	if err := traces.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if names := slices.Sorted(maps.Keys(s.all)); !slices.Equal(names, []string{"GET /v2/models/{model}", "POST /v1/predict", "inference", "preprocess", "queue"}) || s.service != "shop" || len(s.errors) > 0 {
		t.Fatalf("spans %q of %q, errors %q", names, s.service, s.errors)
	}
	whole := s.all["POST /v1/predict"]
	if hex.EncodeToString(whole.TraceId) != traceID || hex.EncodeToString(whole.ParentSpanId) != parentID || whole.Kind != otlp.Span_SPAN_KIND_SERVER {
		t.Errorf("%v", whole)
	}
	last := whole.StartTimeUnixNano
	for _, name := range []string{"preprocess", "queue", "inference"} {
		part := s.all[name]
		if !bytes.Equal(part.ParentSpanId, whole.SpanId) || part.StartTimeUnixNano < last || part.EndTimeUnixNano < part.StartTimeUnixNano || part.EndTimeUnixNano > whole.EndTimeUnixNano {
			t.Errorf("%s: %v, the whole is %v", name, part, whole)
		}
		last = part.EndTimeUnixNano
	}
	attributes := map[string]string{}
	for _, a := range append(whole.Attributes, s.all["GET /v2/models/{model}"].Attributes...) {
		attributes[a.Key] += strings.TrimSpace(a.Value.String()) + " "
	}
	for key, want := range map[string]string{"http.route": "/v1/predict", "stride.model": `"m"`, "http.response.status_code": "404", "error.type": "not_found", "stride.samples": "1"} {
		if !strings.Contains(attributes[key], want) {
			t.Errorf("attribute %s is %s, want %s", key, attributes[key], want)
		}
	}
	var record map[string]any
	for line := range strings.Lines(text.String()) {
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatal(err)
		}
		if record["path"] == "/v1/predict" && (record["trace_id"] != traceID || record["span_id"] != hex.EncodeToString(whole.SpanId) || record["a"] != "b") {
			t.Errorf("log %v", record)
		}
	}
}

// A collector that is not there costs nothing but a warning, and the server ends in time.
func TestNoCollector(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:1/v1/traces")
	t.Setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "50")
	var text bytes.Buffer
	traces, err := tracing.New(t.Context(), "", slog.New(slog.NewTextHandler(&text, nil)))
	if err != nil {
		t.Fatal(err)
	}
	h := traces.Handler(serve.Handler(server(t), serve.HandlerOptions{Observe: traces.Observe}))
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, httptest.NewRequest("GET", "/v2", http.NoBody)); w.Code != 200 {
		t.Errorf("status %d", w.Code)
	}
	start := time.Now()
	if err := traces.Close(t.Context()); err == nil && !strings.Contains(text.String(), "tracing") {
		t.Error("nobody is told")
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("Close took %v", took)
	}
}

func TestWanted(t *testing.T) {
	for _, name := range []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"} {
		t.Setenv(name, "")
	}
	if tracing.Wanted() {
		t.Error("traces without an endpoint")
	}
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
	if _, err := tracing.New(t.Context(), "", slog.New(slog.DiscardHandler)); !tracing.Wanted() || err == nil || !strings.Contains(err.Error(), "http/protobuf") {
		t.Errorf("%v", err)
	}
	t.Setenv("OTEL_SDK_DISABLED", "true")
	if tracing.Wanted() {
		t.Error("traces although they are disabled")
	}
}
