package jpeg

import (
	"bytes"
	"encoding/binary"
)

// A bitReader reads the bits of a scan's data. The file's bytes are copied to a
// buffer without the zeros that follow bytes 0xff, some kilobytes at a time, so
// that the decoders of blocks meet neither these nor markers nor the end: behind
// the last byte before a marker there are zeros, as many as an MCU can take.
// libjpeg feeds itself zero bits there, too.
type bitReader struct {
	file []byte
	at   int // what is copied next, or behind marker
	// marker is the one that ended the data, 0 if none was found yet. Where the file
	// ends it is the end of the image.
	marker uint8
	ended  bool // the file ended
	cut    bool // within a segment

	buffer *[bufferSize + 8]byte
	size   int    // bytes of the file in buffer; zeros follow
	next   uint   // the next byte of buffer that is not in bits
	bits   uint64 // the next bits, from the highest one on
	left   uint   // the number of them, at most 63
}

const (
	chunk = 16 << 10
	// slack is more than an MCU takes: 10 blocks of 64 symbols of at most 17 + 15
	// bits, and some bytes that are read ahead.
	slack = 10*64*4 + 64
	// bufferSize is a power of 2, at least chunk and twice slack.
	bufferSize = 32 << 10
)

// start begins to read a scan's data, or those behind a restart marker, at the
// reader's place in the file.
func (r *bitReader) start() {
	if r.buffer == nil {
		r.buffer = new([bufferSize + 8]byte)
	}
	r.size, r.next, r.bits, r.left = 0, 0, 0, 0
	if r.marker != 0 { // there are none
		clear(r.buffer[:slack])
	}
}

// ready makes sure that the next MCU can be read from the buffer.
func (r *bitReader) ready() {
	if r.size-int(r.next) < slack && r.marker == 0 {
		r.fill()
	}
}

// overrun says that more bits were read than there are.
func (r *bitReader) overrun() bool {
	return int(r.next*8-r.left) > r.size*8
}

// fill copies more of the file to the buffer.
func (r *bitReader) fill() {
	r.size = copy(r.buffer[:], r.buffer[r.next:r.size])
	r.next = 0
	for r.marker == 0 && r.size < chunk {
		room := bufferSize - slack - r.size
		in := r.file[r.at:min(len(r.file), r.at+room)]
		n := bytes.IndexByte(in, 0xff)
		if n < 0 {
			n = len(in)
		}
		r.size += copy(r.buffer[r.size:], in[:n])
		r.at += n
		switch {
		case r.at >= len(r.file):
			r.marker, r.ended = markerEOI, true
		case r.file[r.at] == 0xff:
			r.escape()
		}
	}
	clear(r.buffer[r.size:min(bufferSize, r.size+slack)])
}

// escape reads what follows a byte 0xff: a zero if it is one of the data, or a
// marker. More bytes 0xff may be between them.
func (r *bitReader) escape() {
	at := r.at + 1
	for at < len(r.file) && r.file[at] == 0xff {
		at++
	}
	switch {
	case at >= len(r.file):
		r.marker, r.ended = markerEOI, true
	case r.file[at] == 0:
		r.buffer[r.size] = 0xff
		r.size++
	default:
		r.marker = r.file[at]
	}
	r.at = min(at+1, len(r.file))
}

// refill makes at least 56 bits ready.
func (r *bitReader) refill() {
	r.bits |= load(r.buffer, r.next) >> (r.left & 63)
	r.next += (63 - r.left) >> 3
	r.left |= 56
}

// load returns 8 bytes of a bitReader's buffer.
func load(buffer *[bufferSize + 8]byte, at uint) uint64 {
	at &= bufferSize - 1 // it is less already
	return binary.BigEndian.Uint64(buffer[at : at+8])
}

// skip discards n bits.
func (r *bitReader) skip(n int) {
	r.bits <<= n & 63
	r.left -= uint(n)
}

// take reads n bits, 1 to 16 of them, which must be ready.
func (r *bitReader) take(n int) int32 {
	v := int32(r.bits >> (64 - n))
	r.skip(n)
	return v
}

// find returns the symbol whose code is at the beginning of next, and the code's
// length. Where there is none it is 0 and takes 17 bits, as in libjpeg.
func (t *huffmanTable) find(next uint64) (symbol uint8, length int) {
	code := uint32(next >> 48)
	for length = 1; code >= t.limit[length]; {
		length++
	}
	if length > 16 {
		return 0, 17
	}
	return t.symbols[uint8(int32(code>>(16-length))+t.offset[length])], length
}
