package serve

import (
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
)

// A bufferPool has memory for requests and answers, which is used again.
type bufferPool struct{ pool sync.Pool }

// maxKept is the largest buffer that is kept.
const maxKept = 4 << 20

// get returns an empty buffer.
func (p *bufferPool) get() *[]byte {
	if b, ok := p.pool.Get().(*[]byte); ok {
		return b
	}
	return new([]byte)
}

// put takes a buffer back.
func (p *bufferPool) put(b *[]byte) {
	if cap(*b) <= maxKept {
		*b = (*b)[:0]
		p.pool.Put(b)
	}
}

// readBody appends the body of a request to b, decompressed. It takes memory as the data
// arrive, at most about twice as much as they are.
func (h *handler) readBody(c *call, b []byte) ([]byte, error) {
	limit := h.options.MaxBody
	if c.r.ContentLength > limit {
		return nil, tooLong(limit)
	}
	var body io.Reader = c.r.Body
	compressed := true
	var err error
	switch encoding := c.r.Header.Get("Content-Encoding"); encoding {
	case "", "identity":
		compressed = false
	case "gzip":
		body, err = gzip.NewReader(http.MaxBytesReader(c, c.r.Body, limit))
	case "deflate":
		body, err = zlib.NewReader(http.MaxBytesReader(c, c.r.Body, limit))
	default:
		return nil, refuse(http.StatusUnsupportedMediaType, "the Content-Encoding %.40q is not known: want gzip, deflate or none", encoding)
	}
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "the compressed body is damaged: %v", err)
	}
	from := len(b)
	if n := c.r.ContentLength; !compressed && n > 0 && n <= int64(cap(b)-from) {
		b = b[:from+int(n)]
		_, err := io.ReadFull(body, b[from:])
		return b, bodyError(err)
	}
	for {
		if len(b) == cap(b) {
			grown := make([]byte, len(b), min(int(limit)+from+1, max(64<<10, 2*cap(b))))
			copy(grown, b)
			b = grown
		}
		n, err := body.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		switch {
		case int64(len(b)-from) > limit:
			return nil, tooLong(limit)
		case err == io.EOF:
			return b, nil
		case err != nil:
			return nil, bodyError(err)
		}
	}
}

// tooLong says that a body is longer than the limit.
func tooLong(limit int64) error {
	return refuse(http.StatusRequestEntityTooLarge, "the request has more than %d bytes", limit)
}

// bodyError says that a body could not be read.
func bodyError(err error) error {
	var most *http.MaxBytesError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &most):
		return tooLong(most.Limit)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return refuse(http.StatusRequestTimeout, "the body of the request did not arrive in the time that it may take")
	}
	return refuse(http.StatusBadRequest, "the body cannot be read: %v", err)
}
