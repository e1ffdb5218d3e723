package imagefile

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"

	"github.com/strideml/stride/data/raster"
)

// A webpReader reads a WebP file: a RIFF container with chunks (RFC 9649). The
// compressed pixels are read by golang.org/x/image.
type webpReader struct {
	still    webpStill // the picture, or what is known of it so far
	extended bool      // there is a VP8X chunk: still has a size and says whether there is alpha
	picture  *image.NRGBA
	found    metadata
}

// decodeWebP reads a WebP file, or the first frame of an animated one. Where that
// frame does not reach, the canvas is transparent, or black in a file without
// alpha, as with libwebp, which takes no heed of the background colour.
func decodeWebP(in *bufio.Reader, check checkSize) (image.Image, raster.Orientation, error) {
	var head [12]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return nil, 1, unexpected(err)
	}
	r := &webpReader{still: webpStill{check: check}}
	chunks := &riffChunks{in: in, left: int64(binary.LittleEndian.Uint32(head[4:])) - 4}
	for r.picture == nil || r.extended { // simple files hold one chunk
		name, body, err := chunks.next()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = r.chunk(name, body)
		}
		if err != nil {
			return nil, 1, unexpected(err)
		}
	}
	if r.picture == nil {
		return nil, 1, errors.New("webp: the file holds no picture")
	}
	return r.picture, r.found.orientation(), nil
}

// chunk reads a chunk of the file. Chunks of unknown names are skipped, and so are
// pictures after the first.
func (r *webpReader) chunk(name string, body *io.LimitedReader) (err error) {
	switch {
	case name == "VP8X":
		return r.header(body)
	case name == "EXIF" && body.N <= mostMetadata:
		r.found.exif, err = io.ReadAll(body)
	case name == "XMP " && body.N <= mostMetadata:
		r.found.xmp, err = io.ReadAll(body)
	case r.picture != nil:
	case name == "ANMF":
		r.picture, err = r.frame(body)
	default:
		r.picture, err = r.still.chunk(name, body)
	}
	return err
}

// header reads the VP8X chunk: flags and the size of the canvas.
func (r *webpReader) header(body io.Reader) error {
	if r.extended || r.picture != nil {
		return errors.New("webp: a VP8X chunk is not the first one")
	}
	var b [10]byte
	if _, err := io.ReadFull(body, b[:]); err != nil {
		return unexpected(err)
	}
	r.extended = true
	r.still.sized = true
	r.still.alphaFlag = b[0]&0x10 != 0
	r.still.width, r.still.height = int(uint24(b[4:]))+1, int(uint24(b[7:]))+1
	return r.still.check(r.still.width, r.still.height)
}

// frame reads a frame of an animation, an ANMF chunk, onto an empty canvas.
func (r *webpReader) frame(body *io.LimitedReader) (*image.NRGBA, error) {
	if !r.extended {
		return nil, errors.New("webp: a frame without a VP8X chunk")
	}
	var b [16]byte
	if _, err := io.ReadFull(body, b[:]); err != nil {
		return nil, unexpected(err)
	}
	x, y := 2*int(uint24(b[0:])), 2*int(uint24(b[3:]))
	still := webpStill{check: r.still.check, sized: true, alphaFlag: r.still.alphaFlag,
		width: int(uint24(b[6:])) + 1, height: int(uint24(b[9:])) + 1}
	place := image.Rect(x, y, x+still.width, y+still.height)
	canvas := image.Rect(0, 0, r.still.width, r.still.height)
	if !place.In(canvas) {
		return nil, fmt.Errorf("webp: a frame at %v is outside its canvas of %v", place, canvas.Max)
	}
	for chunks := (&riffChunks{in: body, left: body.N}); ; {
		name, body, err := chunks.next()
		if err == io.EOF {
			return nil, errors.New("webp: a frame holds no picture")
		}
		if err != nil {
			return nil, err
		}
		picture, err := still.chunk(name, body)
		if err != nil {
			return nil, err
		}
		if picture != nil {
			return onCanvas(picture, place.Min, canvas, still.alphaFlag), nil
		}
	}
}

// onCanvas is a picture at its place on an empty canvas.
func onCanvas(picture *image.NRGBA, at image.Point, canvas image.Rectangle, alpha bool) *image.NRGBA {
	if picture.Rect == canvas {
		return picture
	}
	out := image.NewNRGBA(canvas)
	for y := range picture.Rect.Dy() {
		copy(out.Pix[out.PixOffset(at.X, at.Y+y):], picture.Pix[y*picture.Stride:][:4*picture.Rect.Dx()])
	}
	if !alpha {
		opaque(out)
	}
	return out
}

func opaque(picture *image.NRGBA) {
	for i := 3; i < len(picture.Pix); i += 4 {
		picture.Pix[i] = 255
	}
}

func uint24(b []byte) uint32 { return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 }

// riffChunks goes through the chunks in the next left bytes of a RIFF file.
type riffChunks struct {
	in   io.Reader
	left int64
	body io.LimitedReader
	odd  bool // a byte of padding follows the body
}

// next returns a chunk's name and body, and io.EOF after the last one. What was
// not read of the body before is skipped.
func (c *riffChunks) next() (string, *io.LimitedReader, error) {
	skip := c.body.N
	if c.odd && c.left > 0 { // the padding of the last chunk is often missing
		skip++
		c.left--
	}
	if n, err := io.CopyN(io.Discard, c.in, skip); err != nil && (err != io.EOF || n < c.body.N) {
		return "", nil, unexpected(err)
	}
	c.body.N, c.odd = 0, false
	if c.left < 8 {
		return "", nil, io.EOF
	}
	var head [8]byte
	if _, err := io.ReadFull(c.in, head[:]); err != nil {
		return "", nil, unexpected(err)
	}
	size := int64(binary.LittleEndian.Uint32(head[4:]))
	c.left -= 8
	if size > c.left {
		return "", nil, fmt.Errorf("webp: a chunk of %d bytes stands where only %d are left", size, c.left)
	}
	c.left -= size
	c.body, c.odd = io.LimitedReader{R: c.in, N: size}, size%2 == 1
	return string(head[:4]), &c.body, nil
}

// unexpected is err, or io.ErrUnexpectedEOF for io.EOF.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
