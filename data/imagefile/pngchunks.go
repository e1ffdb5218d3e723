package imagefile

import (
	"encoding/binary"
	"io"
)

// pngChunks passes a PNG file on as it is, and keeps the body of its eXIf chunk,
// which Go's decoder skips. A chunk is its length, a name of four bytes, the body
// and a checksum, which the decoder checks.
type pngChunks struct {
	in      io.Reader
	exif    []byte
	started bool   // the file's signature is behind
	head    []byte // what is left to pass on of a signature or a chunk's head
	left    int64  // what is left of the chunk's body and checksum
	keep    int    // what is left to keep of an eXIf chunk
}

// Read passes on the next bytes.
func (c *pngChunks) Read(p []byte) (int, error) {
	const mostEXIF = 1 << 20
	if len(p) == 0 {
		return 0, nil
	}
	if len(c.head) == 0 && c.left == 0 {
		b := make([]byte, 8)
		n, err := io.ReadFull(c.in, b)
		if n == 0 {
			return 0, err
		}
		c.head = b[:n]
		if c.started && n == len(b) {
			length := int64(binary.BigEndian.Uint32(b))
			c.left = length + 4
			if string(b[4:]) == "eXIf" && c.exif == nil && length <= mostEXIF {
				c.keep = int(length)
			}
		}
		c.started = true
	}
	if len(c.head) > 0 {
		n := copy(p, c.head)
		c.head = c.head[n:]
		return n, nil
	}
	n, err := c.in.Read(p[:min(int64(len(p)), c.left)])
	kept := min(n, c.keep)
	c.exif = append(c.exif, p[:kept]...)
	c.keep -= kept
	c.left -= int64(n)
	return n, err
}
