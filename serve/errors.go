package serve

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"

	"github.com/strideml/stride/serve/internal/batch"
	"github.com/strideml/stride/serve/internal/protocol"
	"github.com/strideml/stride/serve/internal/repository"
)

// A statusError is an error with the status of the answer.
type statusError struct {
	status int
	error
}

func (e *statusError) Unwrap() error { return e.error }

// refuse returns an error with a status.
func refuse(status int, format string, args ...any) error {
	return &statusError{status, fmt.Errorf(format, args...)}
}

// bad returns an error of the request itself.
func bad(err error) error { return &statusError{http.StatusBadRequest, err} }

// errGone says that the client does not wait for the answer any more.
var errGone = errors.New("the client is gone")

// statusClientGone is in the log for requests whose client is gone, as nginx has it. No
// client sees it.
const statusClientGone = 499

// statusOf returns the status of the answer to a request that fails.
func statusOf(err error) int {
	var status *statusError
	var notFound *repository.NotFoundError
	var full *batch.FullError
	switch {
	case errors.As(err, &status):
		return status.status
	case errors.As(err, &notFound):
		return http.StatusNotFound
	case errors.As(err, &full):
		return http.StatusTooManyRequests
	case errors.Is(err, batch.ErrClosed):
		return http.StatusServiceUnavailable
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout
	case errors.Is(err, errGone), errors.Is(err, context.Canceled):
		return statusClientGone
	}
	return http.StatusInternalServerError
}

// fail answers a request that failed, unless an answer has begun, and returns the error for
// the log.
func (h *handler) fail(c *call, err error) error {
	status := statusOf(err)
	if c.r.Context().Err() != nil && status != http.StatusGatewayTimeout {
		status = statusClientGone
	}
	if c.status != 0 || status == statusClientGone {
		c.status = status
		return err
	}
	var full *batch.FullError
	if errors.As(err, &full) {
		seconds := min(60, max(1, math.Ceil(full.RetryAfter.Seconds())))
		c.Header().Set("Retry-After", strconv.Itoa(int(seconds)))
	}
	text := err.Error()
	if errors.Is(err, context.DeadlineExceeded) {
		text = "the request has waited too long for its turn"
	}
	_ = c.answerStatus(status, protocol.ErrorBody{Error: text}) // the client is gone
	return err
}
