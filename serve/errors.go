package serve

import (
	"math"
	"net/http"
	"strconv"

	"github.com/strideml/stride/serve/internal/inference"
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
	if status == http.StatusTooManyRequests {
		c.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(inference.RetryAfter(err).Seconds()))))
	}
	_ = c.answerStatus(status, protocol.ErrorBody{Error: inference.TextOf(err)}) // the client is gone
	return err
}
