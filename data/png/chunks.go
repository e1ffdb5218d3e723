package png

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"math"
)

// bufferSize is how much is read at a time.
const bufferSize = 16 << 10

// signature is how a PNG file begins.
const signature = "\x89PNG\r\n\x1a\n"

// mostMetadata is the largest body of metadata that is kept.
const mostMetadata = 1 << 20

// chunks reads the chunks of a file: a length, a name of four bytes, a body of that length
// and a checksum of name and body.
type chunks struct {
	in   *bufio.Reader
	name string
	left int       // what is left of the body
	crc  uint32    // of what was read of the chunk
	body [768]byte // of one that fits, which a palette does
	sum  [4]byte
}

// begin reads the header of a file and forgets the one before.
func (d *Decoder) begin(r io.Reader) error {
	if d.in == nil {
		d.in = bufio.NewReaderSize(r, bufferSize)
	}
	d.in.Reset(r)
	d.info, d.stage, d.keyed = Info{}, atHeader, false
	start := d.body[:len(signature)]
	if err := d.full(start); err != nil {
		return err
	}
	if string(start) != signature {
		return FormatError("it does not begin as PNG files do")
	}
	if err := d.next(); err != nil {
		return err
	}
	if d.name != "IHDR" {
		return FormatError("the header is missing")
	}
	_, err := d.chunk()
	return err
}

// full reads all of p.
func (c *chunks) full(p []byte) error {
	_, err := io.ReadFull(c.in, p)
	return short(err)
}

// short is err, or errShort if it says that a file has ended.
func short(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errShort
	}
	return err
}

// known are the names of chunks that are used, which need no memory.
var known = []string{"IHDR", "PLTE", "tRNS", "IDAT", "IEND", "eXIf", "iTXt"}

// next reads the head of the next chunk.
func (c *chunks) next() error {
	head := c.body[:8]
	if err := c.full(head); err != nil {
		return err
	}
	length := binary.BigEndian.Uint32(head)
	if length > math.MaxInt32 {
		return FormatError("a chunk is longer than the format allows")
	}
	c.name, c.left, c.crc = "", int(length), crc32.ChecksumIEEE(head[4:])
	for _, name := range known {
		if string(head[4:]) == name {
			c.name = name
		}
	}
	return nil
}

// read reads a part of the body, not beyond it.
func (c *chunks) read(p []byte) (int, error) {
	n, err := c.in.Read(p[:min(len(p), c.left)])
	c.crc = crc32.Update(c.crc, crc32.IEEETable, p[:n])
	c.left -= n
	return n, short(err)
}

// all reads the body, which fits into c.body, and the checksum.
func (c *chunks) all() ([]byte, error) {
	body := c.body[:c.left]
	if err := c.full(body); err != nil {
		return nil, err
	}
	c.left, c.crc = 0, crc32.Update(c.crc, crc32.IEEETable, body)
	return body, c.verify()
}

// keep reads the body into memory that grows as bytes come, and the checksum.
func (c *chunks) keep() ([]byte, error) {
	var kept bytes.Buffer
	if n, err := io.CopyN(&kept, c.in, int64(c.left)); n < int64(c.left) {
		return nil, short(err)
	}
	c.left, c.crc = 0, crc32.Update(c.crc, crc32.IEEETable, kept.Bytes())
	return kept.Bytes(), c.verify()
}

// skip reads what is left of the body, and the checksum.
func (c *chunks) skip() error {
	for c.left > 0 {
		if _, err := c.read(c.body[:]); err != nil {
			return err
		}
	}
	return c.verify()
}

// verify reads the checksum behind the body.
func (c *chunks) verify() error {
	sum := c.sum[:]
	if err := c.full(sum); err != nil {
		return err
	}
	if binary.BigEndian.Uint32(sum) != c.crc {
		return FormatError("the checksum of a chunk is wrong")
	}
	return nil
}

// idat reads the bodies of consecutive IDAT chunks, from within the first one on.
type idat struct {
	*chunks
	err error
}

func (i *idat) Read(p []byte) (n int, err error) {
	defer func() { i.err = err }()
	for i.left == 0 {
		if err := i.verify(); err != nil {
			return 0, err
		}
		if err := i.next(); err != nil {
			return 0, err
		}
		if i.name != "IDAT" {
			return 0, errShort
		}
	}
	return i.read(p)
}

// chunk reads a chunk whose head was read, and says whether it is the last.
func (d *Decoder) chunk() (end bool, err error) {
	order := FormatError("the chunks are in the wrong order")
	switch d.name {
	case "IHDR":
		if d.stage != atHeader {
			return false, order
		}
		d.stage = afterHeader
		return false, d.header()
	case "PLTE":
		if d.stage != afterHeader {
			return false, order
		}
		d.stage = afterPalette
		return false, d.colors()
	case "tRNS":
		palette := d.info.ColorType == TypePalette
		if palette && d.stage != afterPalette || d.stage > afterPalette || d.stage == afterPalette && d.info.ColorType == TypeGray {
			return false, order
		}
		d.stage = afterTransparency
		return false, d.transparency()
	case "IEND":
		if d.stage != afterPixels {
			return false, order
		}
		if d.left != 0 {
			return false, FormatError("the end has a length")
		}
		return true, d.verify()
	case "eXIf":
		if d.info.EXIF == nil && d.left <= mostMetadata {
			d.info.EXIF, err = d.keep()
			return false, err
		}
	case "iTXt":
		if d.info.XMP == nil && d.left <= mostMetadata {
			return false, d.text()
		}
	}
	return false, d.skip()
}

// header reads an IHDR chunk.
func (d *Decoder) header() error {
	if d.left != 13 {
		return FormatError("the header has a wrong length")
	}
	b, err := d.all()
	if err != nil {
		return err
	}
	width, height := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	if width < 1 || width > math.MaxInt32 || height < 1 || height > math.MaxInt32 {
		return FormatError("its width or height is not from 1 to 2³¹−1")
	}
	d.info = Info{Width: int(width), Height: int(height), BitDepth: int(b[8]), ColorType: ColorType(b[9]), Interlaced: b[12] == 1}
	ok := false
	switch d.info.BitDepth {
	case 1, 2, 4:
		ok = d.info.ColorType == TypeGray || d.info.ColorType == TypePalette
	case 8:
		ok = d.info.ColorType.samples() > 0
	case 16:
		ok = d.info.ColorType.samples() > 0 && d.info.ColorType != TypePalette
	}
	switch {
	case !ok:
		return FormatError("there is no " + d.info.ColorType.String() + " of this bit depth")
	case b[10] != 0 || b[11] != 0:
		return FormatError("its method of compression or of filtering is not known")
	case b[12] > 1:
		return FormatError("its method of interlacing is not known")
	}
	return nil
}

// colors reads a PLTE chunk.
func (d *Decoder) colors() error {
	n := d.left / 3
	switch {
	case d.left%3 != 0 || n < 1 || n > 256 || n > 1<<d.info.BitDepth:
		return FormatError("the palette has a wrong length")
	case d.info.ColorType == TypeGray || d.info.ColorType == TypeGrayAlpha:
		return FormatError("a grey picture has a palette")
	}
	b, err := d.all()
	if err != nil {
		return err
	}
	for i := range d.palette {
		d.palette[i] = [4]uint8{3: 255}
		if i < n {
			copy(d.palette[i][:3], b[3*i:])
		}
	}
	return nil
}

// transparency reads a tRNS chunk.
func (d *Decoder) transparency() error {
	wrong := FormatError("tRNS has a wrong length")
	samples := d.info.ColorType.samples()
	switch d.info.ColorType {
	case TypePalette:
		if d.left > len(d.palette) {
			return wrong
		}
	case TypeGray, TypeRGB:
		if d.left != 2*samples {
			return wrong
		}
	default:
		return FormatError("a picture with alpha has tRNS too")
	}
	b, err := d.all()
	if err != nil {
		return err
	}
	if d.info.ColorType == TypePalette {
		for i, alpha := range b {
			d.palette[i][3] = alpha
		}
		return nil
	}
	d.keyed = true
	for i := range samples {
		d.transparent[i] = be16(b[2*i:]) & (1<<d.info.BitDepth - 1)
	}
	return nil
}

// text reads an iTXt chunk, which may be XMP.
func (d *Decoder) text() error {
	b, err := d.keep()
	// The keyword is followed by two bytes that say how the text is compressed.
	if xmp, ok := bytes.CutPrefix(b, []byte("XML:com.adobe.xmp\x00\x00\x00")); ok {
		d.info.XMP = xmp
	}
	return err
}
