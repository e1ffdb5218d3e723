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
	"github.com/strideml/stride/serve/internal/inference"
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

// A body is that of a request. It must be released.
type body struct {
	data []byte // decompressed, a part of buffer

	h      *handler
	copies int64 // of the body that the request takes while it is carried out
	buffer *[]byte
	lease  *budget.Lease
}

// release gives the memory back.
func (b *body) release() {
	b.lease.Release()
	b.h.buffers.put(b.buffer)
}

// readBody reads the body of a request, decompressed. The data begin after so many bytes of padding in
// their memory. copies is how many times the memory of the body the request takes while it is
// carried out.
//
// All bodies share a budget. As long as there is much room, the memory for a body is reserved at once. Otherwise
// its first bytes must have come before that, so that clients that send nothing reserve little. It
// takes memory as the data arrive, at most about four times as much as they are, unless there is a buffer already.
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
	most := padding + int(limit) + 1
	if length >= 0 {
		most = padding + int(length)
	}
	b := &body{h: h, copies: copies}
	if err := b.read(c, encoding, padding, most); err != nil {
		b.lease.Release()
		if b.buffer != nil {
			h.buffers.put(b.buffer)
		}
		return nil, err
	}
	if length < 0 && len(b.data) > int(limit) {
		b.release()
		return nil, tooLong(limit)
	}
	return b, nil
}

// read reserves memory and reads the body, of which there are at most so many bytes with the padding.
func (b *body) read(c *call, encoding string, padding, most int) (err error) {
	service, wait := b.h.service, b.h.options.Timeout
	_, size := classOf(most)
	whole := b.copies * int64(size)
	first := most
	if b.lease = service.Bodies.TryAcquire(whole); b.lease != nil {
		b.buffer = b.h.buffers.kept(most)
	} else {
		first = min(most, inference.FirstBytes)
		if b.lease, err = service.Starts.Acquire(c.r.Context(), b.copies*int64(first), wait); err != nil {
			return err
		}
	}
	if b.buffer == nil {
		b.buffer = b.h.buffers.get(min(most, leastBuffer))
	}
	*b.buffer = (*b.buffer)[:padding]
	clear(*b.buffer)
	giveUp := func() {
		_ = http.NewResponseController(c.ResponseWriter).SetReadDeadline(time.Unix(1, 0)) // a writer that cannot has none to read from
	}
	b.lease.Arrive(b.held(), giveUp)
	from, err := decompressed(c, encoding, most)
	if err != nil {
		return err
	}
	ended, err := b.fill(from, first, most)
	if err == nil && !ended && first < most {
		start := b.lease
		start.Arrived(b.held()) // it waits, not its client
		b.lease, err = service.Bodies.Acquire(c.r.Context(), whole, wait)
		start.Release()
		if err != nil {
			return err
		}
		b.lease.Arrive(b.held(), giveUp)
		_, err = b.fill(from, most, most)
	}
	if err != nil {
		return err
	}
	b.lease.Arrived(b.held())
	b.data = (*b.buffer)[padding:]
	return nil
}

// held is how much memory the body takes.
func (b *body) held() int64 { return b.copies * int64(cap(*b.buffer)) }

// decompressed returns a reader of the body of a request.
func decompressed(c *call, encoding string, most int) (from io.Reader, err error) {
	switch encoding {
	case "gzip":
		from, err = gzip.NewReader(http.MaxBytesReader(c, c.r.Body, int64(most)))
	case "deflate":
		from, err = zlib.NewReader(http.MaxBytesReader(c, c.r.Body, int64(most)))
	default:
		return c.r.Body, nil
	}
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, refuse(http.StatusBadRequest, "the compressed body is damaged: %v", err)
	}
	return from, bodyError(err)
}

// fill reads until the buffer has so many bytes of most, or to the end.
func (b *body) fill(from io.Reader, until, most int) (ended bool, err error) {
	for len(*b.buffer) < until {
		all := *b.buffer
		if len(all) == cap(all) {
			_, size := classOf(min(most, 4*cap(all)))
			if err := b.lease.Hold(b.copies * int64(size)); err != nil {
				return false, err
			}
			larger := b.h.buffers.get(size)
			*larger = append(*larger, all...)
			b.h.buffers.put(b.buffer)
			b.buffer = larger
			continue
		}
		n, err := from.Read(all[len(all):min(cap(all), until)])
		b.lease.Received(n)
		*b.buffer = all[:len(all)+n]
		if err == io.EOF {
			return true, nil
		}
		if err != nil {
			return false, bodyError(err)
		}
	}
	return false, nil
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
