package serve

import (
	"context"
	"time"

	"github.com/strideml/stride/serve/internal/inference"
	"github.com/strideml/stride/serve/internal/repository"
)

// A Record says how a request was answered, for metrics and traces.
type Record struct {
	// ID is that in the log.
	ID string
	// Protocol is "http" or "grpc".
	Protocol string
	// Method and Path are what was called. A client can choose them freely.
	Method, Path string
	// Start is when the request came, or the end of its header, and Took how long it took to the
	// end of its answer.
	Start time.Time
	Took  time.Duration
	// Status is that of HTTP, or the one that HTTP would have for what gRPC answered; 499 if
	// the client has gone. Reason is that of a failure, one of Reasons, and "" if there is none.
	Status int
	Reason string
	// Err is why the request failed, or nil.
	Err error

	// Inference says that the request asked for an inference. The other fields are about
	// that. Model and Version are "" and 0 if there is no such model, so that there are never
	// more of them than models.
	Inference bool
	Model     string
	Version   int
	Samples   int
	// Decode is when the decoding of pictures began, and Decoded how long it took; 0 if
	// there were none.
	Decode  time.Time
	Decoded time.Duration
	// Queue is when the request came into the queue, Queued how long it waited, and
	// Computed how long its batch, of so many samples, was computed. They are 0 for requests
	// that did not get so far.
	Queue            time.Time
	Queued, Computed time.Duration
	Batch            int
}

// Reasons are the reasons for failures.
var Reasons = []string{"bad_request", "not_found", "too_large", "queue_full", "timeout", "canceled", "unavailable", "internal"}

// reasonOf returns the reason for a failure with a status of HTTP, "" for success.
func reasonOf(status int) string {
	switch {
	case status < 400:
		return ""
	case status == 404:
		return "not_found"
	case status == 413:
		return "too_large"
	case status == 429:
		return "queue_full"
	case status == inference.StatusClientGone:
		return "canceled"
	case status < 500:
		return "bad_request"
	case status == 503:
		return "unavailable"
	case status == 504:
		return "timeout"
	}
	return "internal"
}

// observer passes records on.
func observer(observe func(context.Context, *Record)) func(context.Context, *inference.Call) {
	if observe == nil {
		return nil
	}
	return func(ctx context.Context, c *inference.Call) {
		r := Record{
			ID: c.ID, Protocol: c.Protocol, Method: c.Method, Path: c.Path, Start: c.Start, Took: c.Took, Status: c.Status, Reason: reasonOf(c.Status), Err: c.Err,
			Inference: c.Inference, Model: c.Model, Version: c.Version, Samples: c.Samples, Decode: c.Decode, Decoded: c.Decoded,
			Queue: c.Queue, Queued: c.Timing.Queued, Computed: c.Timing.Computed, Batch: c.Timing.Batch,
		}
		observe(ctx, &r)
	}
}

// ModelStatistics are those of a version of a model since it was loaded.
type ModelStatistics struct {
	Model   string
	Version int
	// Waiting is how many requests are in the queue.
	Waiting int
	// Samples is how many were computed, and Batches how many batches there were of each size.
	Samples int64
	Batches map[int]int64
	// MemoryBytes is the memory of the weights and of the programs.
	MemoryBytes int64
}

// Statistics returns those of all models that are served, by name and version.
func (m *Models) Statistics() (all []ModelStatistics) {
	m.repository.Each(func(v *repository.Version) {
		s := v.Queue.Stats()
		batches := map[int]int64{}
		for size, sum := range s.Batches {
			batches[size] = sum.Count
		}
		all = append(all, ModelStatistics{v.Name, v.Number, s.WaitingRequests, s.Samples, batches, v.MemoryBytes()})
	})
	return all
}
