// Package metrics counts and times the requests of a server of package serve, for Prometheus.
//
//	m := metrics.New(models)
//	service := serve.NewService(models, serve.HandlerOptions{Observe: m.Observe})
//	m.AddService(service)
//	http.Handle("/metrics", m.Handler(log))
//
// The metrics mean what Triton's nv_inference_… mean, except that durations are histograms in
// seconds. docs/serving.md lists them. Only names of models that are, or were, served become
// labels; what clients ask for beyond that has the empty label, so that nobody can make the
// number of series grow.
package metrics

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/strideml/stride/serve"
)

// seconds are the upper bounds of the buckets of durations.
var seconds = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// maxModels is how many versions of models may have series that are not served any more.
const maxModels = 1000

// Metrics are those of a server. They are safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	models   *serve.Models

	requests, success, failure, refused  *prometheus.CounterVec
	request, preprocess, queue, inferred *prometheus.HistogramVec

	mu     sync.RWMutex
	series map[version]*series
	counts map[answer]prometheus.Counter // of requests
}

// An answer is what requests are counted by; there are few of them.
type answer struct {
	protocol string
	status   int
}

// A version is one of a model; the zero value stands for those that do not exist.
type version struct {
	model  string
	number int
}

// series are the metrics of a version, found once.
type series struct {
	success                              prometheus.Counter
	failure                              map[string]prometheus.Counter
	request, preprocess, queue, inferred prometheus.Observer
}

// New returns metrics for a server of models.
func New(models *serve.Models) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), models: models, series: map[version]*series{}, counts: map[answer]prometheus.Counter{}}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "stride_" + name, Help: help}, labels)
		m.registry.MustRegister(c)
		return c
	}
	histogram := func(name, help string) *prometheus.HistogramVec {
		h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "stride_" + name, Help: help, Buckets: seconds}, []string{"model", "version"})
		m.registry.MustRegister(h)
		return h
	}
	m.requests = counter("requests_total", "Requests of any kind that were answered, by protocol and status of HTTP.", "protocol", "status")
	m.refused = counter("refused_requests_total", "Requests that were refused before they were read: host, origin or token.", "reason")
	m.success = counter("inference_request_success_total", "Requests for an inference that were answered.", "model", "version")
	m.failure = counter("inference_request_failure_total", "Requests for an inference that failed, by reason.", "model", "version", "reason")
	m.request = histogram("inference_request_duration_seconds", "From the header of a request to the end of its answer, for those that were answered.")
	m.preprocess = histogram("inference_preprocess_duration_seconds", "Decoding and preprocessing of a request's pictures, for requests with pictures.")
	m.queue = histogram("inference_queue_duration_seconds", "Time of a request in the queue.")
	m.inferred = histogram("inference_compute_duration_seconds", "Computation of the batch that a request was in.")
	m.registry.MustRegister(
		&modelCollector{m}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// AddService adds the memory that the requests of a service hold. It must be called once at most.
func (m *Metrics) AddService(s *serve.Service) {
	gauge := func(name, help string, value func() float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "stride_" + name, Help: help}, value))
	}
	gauge("request_memory_bytes", "Memory that the bodies of the requests under way, and their inputs, have reserved.", func() float64 {
		bytes, _ := s.Memory()
		return float64(bytes)
	})
	gauge("requests_waiting_for_memory", "Requests that wait until others give memory back.", func() float64 {
		_, waiting := s.Memory()
		return float64(waiting)
	})
}

// Observe counts a request; it is for HandlerOptions.Observe.
func (m *Metrics) Observe(_ context.Context, r *serve.Record) {
	m.count(answer{r.Protocol, r.Status}).Inc()
	if !r.Inference {
		return
	}
	s := m.of(version{r.Model, r.Version})
	if r.Decoded > 0 {
		s.preprocess.Observe(r.Decoded.Seconds())
	}
	if !r.Queue.IsZero() {
		s.queue.Observe(r.Queued.Seconds())
	}
	if r.Computed > 0 {
		s.inferred.Observe(r.Computed.Seconds())
	}
	if r.Reason != "" {
		s.failure[r.Reason].Inc()
		return
	}
	s.success.Inc()
	s.request.Observe(r.Took.Seconds())
}

// count returns the counter of requests that were answered so.
func (m *Metrics) count(a answer) prometheus.Counter {
	m.mu.RLock()
	c := m.counts[a]
	m.mu.RUnlock()
	if c == nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		c = m.requests.WithLabelValues(a.protocol, strconv.Itoa(a.status))
		m.counts[a] = c
	}
	return c
}

// CountRefused counts a request that was refused before Observe could see it. reason must be
// one of a few words.
func (m *Metrics) CountRefused(reason string) { m.refused.WithLabelValues(reason).Inc() }

// of returns the series of a version.
func (m *Metrics) of(v version) *series {
	m.mu.RLock()
	s := m.series[v]
	m.mu.RUnlock()
	if s != nil {
		return s
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if s := m.series[v]; s != nil {
		return s
	}
	number := ""
	if v.number != 0 {
		number = strconv.Itoa(v.number)
	}
	model := label(v.model)
	s = &series{
		success: m.success.WithLabelValues(model, number), failure: map[string]prometheus.Counter{},
		request: m.request.WithLabelValues(model, number), preprocess: m.preprocess.WithLabelValues(model, number),
		queue: m.queue.WithLabelValues(model, number), inferred: m.inferred.WithLabelValues(model, number),
	}
	for _, reason := range serve.Reasons {
		s.failure[reason] = m.failure.WithLabelValues(model, number, reason)
	}
	m.series[v] = s
	return s
}

// label is a model's name as a label, which is UTF-8.
func label(model string) string { return strings.ToValidUTF8(model, "\uFFFD") }

// forget drops the series of versions that are not served any more, if there are many.
func (m *Metrics) forget(served []serve.ModelStatistics) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.series) <= len(served)+maxModels {
		return
	}
	keep := map[version]bool{{}: true}
	for _, s := range served {
		keep[version{s.Model, s.Version}] = true
	}
	for v := range m.series {
		if keep[v] {
			continue
		}
		delete(m.series, v)
		labels := prometheus.Labels{"model": label(v.model), "version": strconv.Itoa(v.number)}
		m.success.DeletePartialMatch(labels)
		m.failure.DeletePartialMatch(labels)
		for _, h := range []*prometheus.HistogramVec{m.request, m.preprocess, m.queue, m.inferred} {
			h.DeletePartialMatch(labels)
		}
	}
}

// Handler answers requests for the metrics, in the formats of Prometheus and OpenMetrics.
func (m *Metrics) Handler(log *slog.Logger) http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelError), Registry: m.registry, EnableOpenMetrics: true,
	})
}
