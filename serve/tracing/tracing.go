// Package tracing records the requests of a server of package serve as OpenTelemetry traces, and
// sends them over OTLP, as protobuf over HTTP.
//
//	traces, err := tracing.New(ctx, version, log)
//	…
//	service := serve.NewService(models, serve.HandlerOptions{Observe: traces.Observe, Log: slog.New(traces.LogHandler(log.Handler()))})
//	http.Handle("/", traces.Handler(service))
//	…
//	traces.Close(ctx)
//
// A request is a span, with a span for each of its parts: "preprocess", the decoding of its
// pictures, "queue" and "inference". A client's trace goes on if it sends the header
// traceparent of W3C's Trace Context. Records of the log have trace_id and span_id.
//
// The environment variables of OpenTelemetry say where traces go and which are kept:
// OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS, OTEL_SERVICE_NAME,
// OTEL_TRACES_SAMPLER and others; see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/.
package tracing

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/strideml/stride/serve"
)

// The environment variables that ask for traces, those that say how they are sent, and the one that
// switches OpenTelemetry off.
var (
	endpointVariables = []string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"}
	protocolVariables = []string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"}
)

const (
	disabledVariable = "OTEL_SDK_DISABLED"
	protocol         = "http/protobuf"
)

// Wanted reports whether the environment asks for traces.
func Wanted() bool {
	if strings.EqualFold(os.Getenv(disabledVariable), "true") {
		return false
	}
	for _, name := range endpointVariables {
		if os.Getenv(name) != "" {
			return true
		}
	}
	return false
}

// Tracing makes traces. It is safe for concurrent use.
type Tracing struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
	context  propagation.TraceContext
}

// New starts sending traces to where the environment says. Traces that cannot be sent are
// dropped, and told to log: OpenTelemetry has one handler of errors for a program, which this is.
func New(ctx context.Context, version string, log *slog.Logger) (*Tracing, error) {
	for _, name := range protocolVariables {
		if p := os.Getenv(name); p != "" && p != protocol {
			return nil, fmt.Errorf("%s is %q: traces are sent as %s only", name, p, protocol)
		}
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("tracing", "error", err) }))
	about, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", "stride"), attribute.String("service.version", version)),
		resource.WithTelemetrySDK(), resource.WithHost(), resource.WithProcessPID(), resource.WithFromEnv(), // the last has precedence
	)
	if err != nil {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	t := &Tracing{provider: sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(about))}
	t.tracer = t.provider.Tracer("github.com/strideml/stride/serve", trace.WithInstrumentationVersion(version))
	return t, nil
}

// Close sends what has not been sent.
func (t *Tracing) Close(ctx context.Context) error { return t.provider.Shutdown(ctx) }

// headers are those of a request, for the client's trace.
type headers func(name string) string

func (h headers) Get(name string) string { return h(name) }
func (h headers) Set(string, string)     {}
func (h headers) Keys() []string         { return nil }

// Begin begins the span of a request. header returns the value of one of its headers, "" if there
// is none. The context has the span, which end ends.
func (t *Tracing) Begin(ctx context.Context, name string, header func(string) string) (_ context.Context, end func()) {
	ctx = t.context.Extract(ctx, headers(header))
	ctx, span := t.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindServer))
	return ctx, func() { span.End() }
}

// Handler begins a span for each request that it passes on to next.
func (t *Tracing) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, end := t.Begin(r.Context(), r.Method, r.Header.Get)
		defer end()
		r = r.WithContext(ctx)
		next.ServeHTTP(w, r)
		if at := strings.IndexByte(r.Pattern, '/'); at >= 0 { // a mux has found the route
			span := trace.SpanFromContext(ctx)
			span.SetName(r.Method + " " + r.Pattern[at:])
			span.SetAttributes(attribute.String("http.route", r.Pattern[at:]))
		}
	})
}

// Observe describes the span of a request, and its parts; it is for HandlerOptions.Observe.
func (t *Tracing) Observe(ctx context.Context, r *serve.Record) {
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(attribute.String("stride.request.id", r.ID))
	if r.Protocol == "grpc" {
		span.SetAttributes(attribute.String("rpc.system", "grpc"), attribute.String("rpc.method", strings.TrimPrefix(r.Path, "/")))
	} else {
		span.SetAttributes(attribute.String("http.request.method", r.Method), attribute.String("url.path", r.Path))
	}
	span.SetAttributes(attribute.Int("http.response.status_code", r.Status))
	if r.Status >= http.StatusInternalServerError && r.Err != nil {
		span.SetStatus(codes.Error, r.Err.Error())
	}
	if r.Reason != "" {
		span.SetAttributes(attribute.String("error.type", r.Reason))
	}
	if r.Model == "" {
		return
	}
	span.SetAttributes(attribute.String("stride.model", r.Model), attribute.String("stride.model.version", strconv.Itoa(r.Version)), attribute.Int("stride.samples", r.Samples))
	part := func(name string, start time.Time, took time.Duration, attributes ...attribute.KeyValue) {
		_, s := t.tracer.Start(ctx, name, trace.WithTimestamp(start), trace.WithAttributes(attributes...))
		s.End(trace.WithTimestamp(start.Add(took)))
	}
	if r.Decoded > 0 {
		part("preprocess", r.Decode, r.Decoded)
	}
	if !r.Queue.IsZero() {
		part("queue", r.Queue, r.Queued)
	}
	if r.Computed > 0 {
		part("inference", r.Queue.Add(r.Queued), r.Computed, attribute.Int("stride.batch", r.Batch))
	}
}

// LogHandler adds trace_id and span_id to the records of requests with a span.
func (t *Tracing) LogHandler(inner slog.Handler) slog.Handler { return logHandler{inner} }

type logHandler struct{ slog.Handler }

func (h logHandler) Handle(ctx context.Context, r slog.Record) error {
	if c := trace.SpanContextFromContext(ctx); c.IsValid() {
		r.AddAttrs(slog.String("trace_id", c.TraceID().String()), slog.String("span_id", c.SpanID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return logHandler{h.Handler.WithAttrs(attrs)}
}
func (h logHandler) WithGroup(name string) slog.Handler { return logHandler{h.Handler.WithGroup(name)} }
