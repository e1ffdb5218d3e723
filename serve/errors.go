package serve

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/strideml/stride/serve/internal/batch"
	"github.com/strideml/stride/serve/internal/inference"
	"github.com/strideml/stride/serve/internal/look"
	"github.com/strideml/stride/serve/internal/protocol"
)

// refuse returns an error with a status.
func refuse(status int, format string, args ...any) error {
	return inference.Refuse(status, format, args...)
}

// bad returns an error of the request itself.
func bad(err error) error { return inference.Bad(err) }

// fail answers a request that failed, unless an answer has begun, and returns the error for
// the log.
func (h *handler) fail(c *call, err error) error {
	status := inference.StatusOf(err)
	timeout := status == http.StatusGatewayTimeout || status == http.StatusRequestTimeout
	if c.r.Context().Err() != nil && !timeout {
		status = inference.StatusClientGone
	}
	if c.Status != 0 || status == inference.StatusClientGone {
		c.Status = status
		return err
	}
	var full *batch.FullError
	var busy *look.BusyError
	var after time.Duration
	switch {
	case errors.As(err, &full):
		after = full.RetryAfter
	case errors.As(err, &busy):
		after = busy.RetryAfter
	}
	if status == http.StatusTooManyRequests {
		seconds := min(60, max(1, math.Ceil(after.Seconds())))
		c.Header().Set("Retry-After", strconv.Itoa(int(seconds)))
	}
	_ = c.answerStatus(status, protocol.ErrorBody{Error: inference.TextOf(err)}) // the client is gone
	return err
}
