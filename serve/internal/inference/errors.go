package inference

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/strideml/stride/serve/internal/batch"
	"github.com/strideml/stride/serve/internal/budget"
	"github.com/strideml/stride/serve/internal/repository"
)

// A StatusError is an error with the status of the answer.
type StatusError struct {
	Status int // of HTTP
	error
}

// Unwrap returns the error without the status.
func (e *StatusError) Unwrap() error { return e.error }

// Refuse returns an error with a status.
func Refuse(status int, format string, args ...any) error {
	return &StatusError{status, fmt.Errorf(format, args...)}
}

// Bad returns an error of the request itself.
func Bad(err error) error { return &StatusError{http.StatusBadRequest, err} }

// ErrGone says that the client does not wait for the answer any more.
var ErrGone = errors.New("the client is gone")

// StatusClientGone is in the log for requests whose client is gone, as nginx has it. No
// client sees it.
const StatusClientGone = 499

// StatusOf returns the status of the answer to a request that fails.
func StatusOf(err error) int {
	var status *StatusError
	var notFound *repository.NotFoundError
	switch {
	case errors.As(err, &status):
		return status.Status
	case errors.As(err, &notFound):
		return http.StatusNotFound
	case isFull(err):
		return http.StatusTooManyRequests
	case errors.Is(err, batch.ErrClosed):
		return http.StatusServiceUnavailable
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout
	case errors.Is(err, ErrGone), errors.Is(err, context.Canceled):
		return StatusClientGone
	}
	return http.StatusInternalServerError
}

// RetryAfter is when the client of a request that was refused with 429 should try again: a second to a
// minute.
func RetryAfter(err error) time.Duration {
	var later interface{ RetryAfter() time.Duration }
	if errors.As(err, &later) {
		return min(time.Minute, max(time.Second, later.RetryAfter()))
	}
	return time.Second
}

// isFull reports whether a request was refused because there are too many.
func isFull(err error) bool {
	var queue *batch.FullError
	var memory *budget.FullError
	return errors.As(err, &queue) || errors.As(err, &memory)
}

// TextOf is what a client is told of an error.
func TextOf(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "the request has waited too long for its turn"
	}
	return err.Error()
}
