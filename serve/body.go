package serve

import (
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/strideml/stride/serve/internal/budget"
)

// A bufferPool has memory for requests and answers, which is used again. Buffers have a few sizes, so
// that a small request does not hold a large one.
type bufferPool struct{ pools [6]sync.Pool }

// The sizes of buffers: each is four times the one before. Larger ones are not kept.
const (
	leastBuffer = 4 << 10
	mostBuffer  = leastBuffer << (2 * 5)
)

// classOf returns the class of the buffers that have at least n bytes, and their size; above mostBuffer
// there are no classes.
func classOf(n int) (class, size int) {
	size = leastBuffer
	for size < n {
		size *= 4
		class++
	}
	if size > mostBuffer {
		size = n
	}
	return class, size
}

// get returns an empty buffer with room for at least n bytes.
func (p *bufferPool) get(n int) *[]byte {
	if b := p.kept(n); b != nil {
		return b
	}
	_, size := classOf(n)
	b := make([]byte, 0, size)
	return &b
}

// kept is get, but returns nil if there is none.
func (p *bufferPool) kept(n int) *[]byte {
	if class, _ := classOf(n); class < len(p.pools) {
		b, _ := p.pools[class].Get().(*[]byte)
		return b
	}
	return nil
}

// put takes a buffer back.
func (p *bufferPool) put(b *[]byte) {
	class, size := classOf(cap(*b))
	if size > cap(*b) { // it was made elsewhere
		class--
	}
	if class >= 0 && class < len(p.pools) {
		*b = (*b)[:0]
		p.pools[class].Put(b)
	}
}

// firstBuffer is how much memory a body takes before any of it has arrived, unless there is a buffer
// of the right size already.
const firstBuffer = 64 << 10

// A body is that of a request. It must be released.
type body struct {
	data   []byte // decompressed
	pool   *bufferPool
	buffer *[]byte // that data is a part of
	lease  *budget.Lease
}

// release gives the memory back.
func (b *body) release() {
	b.lease.Release()
	b.pool.put(b.buffer)
}

// readBody reads the body of a request, decompressed. The data begin after so many bytes of padding in
// their memory. copies is how many times the memory of the body the request takes while it is
// carried out. There is memory for it in the budget of all requests, for which it waits. It takes memory
// as the data arrive, at most about four times as much as they are.
func (h *handler) readBody(c *call, padding int, copies int64) (*body, error) {
	limit, length := h.options.MaxBody, c.r.ContentLength
	encoding := c.r.Header.Get("Content-Encoding")
	switch {
	case length > limit:
		return nil, tooLong(limit)
	case encoding == "gzip", encoding == "deflate":
		length = -1
	case encoding != "" && encoding != "identity":
		return nil, refuse(http.StatusUnsupportedMediaType, "the Content-Encoding %.40q is not known: want gzip, deflate or none", encoding)
	}
	most := int(limit) + 1
	if length >= 0 {
		most = int(length)
	}
	_, size := classOf(padding + most)
	lease, err := h.service.Bodies.Acquire(c.r.Context(), copies*int64(size), h.options.Timeout)
	if err != nil {
		return nil, err
	}
	b := &body{pool: &h.buffers, lease: lease}
	if b.buffer = h.buffers.kept(padding + most); b.buffer == nil {
		b.buffer = h.buffers.get(min(padding+most, firstBuffer))
	}
	lease.Arrive(copies*int64(cap(*b.buffer)), func() {
		_ = http.NewResponseController(c.ResponseWriter).SetReadDeadline(time.Unix(1, 0)) // a writer that cannot has none to read from
	})
	if err = b.read(c, encoding, padding, most, copies); err == nil && length < 0 && len(b.data) > int(limit) {
		err = tooLong(limit)
	}
	lease.Arrived(copies * int64(cap(*b.buffer)))
	if err != nil {
		b.release()
		return nil, err
	}
	return b, nil
}

// read reads at most so many bytes.
func (b *body) read(c *call, encoding string, padding, most int, copies int64) (err error) {
	from := io.Reader(c.r.Body)
	switch encoding {
	case "gzip":
		from, err = gzip.NewReader(http.MaxBytesReader(c, c.r.Body, int64(most)))
	case "deflate":
		from, err = zlib.NewReader(http.MaxBytesReader(c, c.r.Body, int64(most)))
	}
	if err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return bodyError(err)
		}
		return refuse(http.StatusBadRequest, "the compressed body is damaged: %v", err)
	}
	all := (*b.buffer)[:padding]
	clear(all)
	for len(all) < padding+most {
		if len(all) == cap(all) {
			_, size := classOf(min(padding+most, 4*cap(all)))
			if err := b.lease.Hold(copies * int64(size)); err != nil {
				return err
			}
			larger := b.pool.get(size)
			all = append(*larger, all...)
			b.pool.put(b.buffer)
			b.buffer = larger
		}
		n, err := from.Read(all[len(all):min(cap(all), padding+most)])
		b.lease.Received(n)
		all = all[:len(all)+n]
		if err == io.EOF {
			break
		}
		if err != nil {
			return bodyError(err)
		}
	}
	b.data = all[padding:]
	return nil
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
