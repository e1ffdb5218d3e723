package imagefile

import (
	"bytes"
	"encoding/binary"
	"io"
)

// pngChunks passes a PNG file on as it is, and keeps the bodies of its eXIf chunk and
// of iTXt chunks, one of which may be XMP: Go's decoder skips them. A chunk is its length, a name of four bytes, the body
// and a checksum, which the decoder checks.
type pngChunks struct {
	in      io.Reader
	exif    []byte
	texts   []byte
	started bool    // the file's signature is behind
	head    []byte  // what is left to pass on of a signature or a chunk's head
	left    int64   // what is left of the chunk's body and checksum
	keep    *[]byte // where the body goes, if it is kept
}

// metadata is what was found so far. Compressed XMP is not looked into.
func (c *pngChunks) metadata() metadata {
	found := metadata{exif: c.exif}
	// The keyword is followed by two bytes that say how the text is compressed.
	if _, xmp, ok := bytes.Cut(c.texts, []byte("XML:com.adobe.xmp\x00\x00\x00")); ok {
		found.xmp = xmp
	}
	return found
}

// Read passes on the next bytes.
func (c *pngChunks) Read(p []byte) (int, error) {
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
			c.keep = nil
			switch name := string(b[4:]); {
			case name == "eXIf" && c.exif == nil && length <= mostMetadata:
				c.keep = &c.exif
			case name == "iTXt" && int64(len(c.texts))+length <= mostMetadata:
				c.keep = &c.texts
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
	if c.keep != nil { // the checksum too, which does no harm
		*c.keep = append(*c.keep, p[:n]...)
	}
	c.left -= int64(n)
	return n, err
}
