package inference

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/strideml/stride/serve/internal/batch"
	"github.com/strideml/stride/serve/internal/budget"
)

// A Call is what is known of a request, while it is carried out and after.
type Call struct {
	ID     string
	Client string // its address
	// Protocol is "http" or "grpc", and Method and Path are what was called.
	Protocol, Method, Path string
	Start                  time.Time
	Took                   time.Duration
	Status                 int // of HTTP, also for gRPC; 0 before the answer begins
	Err                    error

	// Of an inference, which Inference says that it is. Model is "" if there is no such model.
	Inference bool
	Model     string
	Version   int
	Samples   int
	Decode    time.Time     // when decoding of pictures began
	Decoded   time.Duration // how long it took
	Queue     time.Time     // when the request came into the queue
	Timing    batch.Timing
	Computed  bool // the engine has computed it

	input *budget.Lease // the memory of its input
}

// NewID returns a client's name for a request, if it is short and plain, or a random one.
func NewID(wanted string) string {
	plain := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("-_.:", c)
	}
	if wanted != "" && len(wanted) <= 64 && !strings.ContainsFunc(wanted, func(c rune) bool { return !plain(c) }) {
		return wanted
	}
	return fmt.Sprintf("%016x", rand.Uint64())
}

// Finish logs a request that was answered, and tells Options.Observe. The request does not use its input
// any more.
func (s *Service) Finish(ctx context.Context, c *Call) {
	c.input.Release()
	c.Took = time.Since(c.Start)
	if s.options.Observe != nil {
		s.options.Observe(ctx, c)
	}
	level := slog.LevelDebug
	switch {
	case c.Status >= 500 && c.Status != http.StatusServiceUnavailable && c.Status != http.StatusGatewayTimeout:
		level = slog.LevelError
	case c.Status >= 400:
		level = slog.LevelInfo
	}
	if !s.options.Log.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("id", c.ID), slog.String("client", c.Client), slog.String("protocol", c.Protocol), slog.String("method", c.Method), slog.String("path", c.Path),
		slog.Int("status", c.Status), slog.Duration("took", c.Took),
	}
	if c.Model != "" {
		attrs = append(attrs, slog.String("model", c.Model), slog.Int("version", c.Version), slog.Int("samples", c.Samples), slog.Duration("decoded", c.Decoded),
			slog.Duration("queued", c.Timing.Queued), slog.Duration("computed", c.Timing.Computed), slog.Int("batch", c.Timing.Batch))
	}
	if c.Err != nil {
		attrs = append(attrs, slog.String("error", c.Err.Error()))
	}
	s.options.Log.LogAttrs(ctx, level, "request", attrs...)
}
