package imagefile

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"math/bits"

	"github.com/strideml/stride/data/raster"
)

// How the pixels of a BMP file are packed.
const (
	bmpPlain          = 0
	bmpRLE8           = 1
	bmpRLE4           = 2
	bmpBitFields      = 3
	bmpAlphaBitFields = 6
)

// A bmpReader reads a BMP file of Windows or OS/2: of 1, 2, 4 and 8 bits with a
// palette, plain or run-length encoded, and of 16, 24 and 32 bits, with any masks.
// It is our own because golang.org/x/image/bmp reads neither run lengths nor 16 bits, and
// takes the fourth byte of plain 32-bit pixels for alpha, which it is not.
type bmpReader struct {
	in            *bufio.Reader
	read          int64 // bytes of the file so far
	width, height int
	topDown       bool
	bitCount      int
	packing       uint32
	palette       color.Palette
	masks         [4]bmpMask // red, green, blue, alpha
}

// decodeBMP reads a BMP file. Alpha counts only if the header has a mask for it and
// says that masks are used.
func decodeBMP(in *bufio.Reader, check checkSize) (image.Image, raster.Orientation, error) {
	r := &bmpReader{in: in}
	if err := r.header(check); err != nil {
		return nil, 1, unexpected(err)
	}
	var picture image.Image
	var err error
	switch {
	case r.packing == bmpRLE8 || r.packing == bmpRLE4:
		picture, err = r.runs()
	case r.bitCount <= 8:
		picture, err = r.indices()
	default:
		picture, err = r.colours()
	}
	return picture, 1, unexpected(err)
}

// bytes reads the next n bytes.
func (r *bmpReader) bytes(n int) ([]byte, error) {
	b := make([]byte, n)
	got, err := io.ReadFull(r.in, b)
	r.read += int64(got)
	return b, err
}

// header reads all that comes before the pixels.
func (r *bmpReader) header(check checkSize) error {
	b, err := r.bytes(18)
	if err != nil {
		return err
	}
	offset := int64(binary.LittleEndian.Uint32(b[10:]))
	length := binary.LittleEndian.Uint32(b[14:])
	entry := 4 // bytes of an entry of the palette
	var colours uint32
	var info []byte // from the end of the field of its length
	switch length {
	case 12:
		if info, err = r.bytes(8); err != nil {
			return err
		}
		entry = 3
		r.width, r.height = int(binary.LittleEndian.Uint16(info)), int(binary.LittleEndian.Uint16(info[2:]))
		r.bitCount = int(binary.LittleEndian.Uint16(info[6:]))
	case 40, 52, 56, 64, 108, 124:
		if info, err = r.bytes(int(length) - 4); err != nil {
			return err
		}
		r.width = int(int32(binary.LittleEndian.Uint32(info)))
		r.height = int(int32(binary.LittleEndian.Uint32(info[4:])))
		if r.height < 0 {
			r.height, r.topDown = -r.height, true
		}
		r.bitCount = int(binary.LittleEndian.Uint16(info[10:]))
		r.packing = binary.LittleEndian.Uint32(info[12:])
		colours = binary.LittleEndian.Uint32(info[28:])
	default:
		return fmt.Errorf("bmp: a header of %d bytes is of no known kind", length)
	}
	if err := check(r.width, r.height); err != nil {
		return err
	}
	if err := r.readMasks(length, info); err != nil {
		return err
	}
	if r.bitCount <= 8 {
		if err := r.readPalette(colours, entry); err != nil {
			return err
		}
	}
	if offset < r.read {
		return fmt.Errorf("bmp: the pixels are said to begin at byte %d, within the header of %d", offset, r.read)
	}
	_, err = io.CopyN(io.Discard, r.in, offset-r.read)
	r.read = offset
	return err
}

// readMasks checks how pixels are packed and finds where their colours are.
func (r *bmpReader) readMasks(length uint32, info []byte) error {
	if length == 64 && r.packing == bmpBitFields {
		return errors.New("bmp: pixels packed by OS/2's Huffman code are not read")
	}
	masked := r.packing == bmpBitFields || r.packing == bmpAlphaBitFields
	switch {
	case r.packing == bmpPlain && (r.bitCount == 1 || r.bitCount == 2 || r.bitCount == 4 || r.bitCount == 8 ||
		r.bitCount == 16 || r.bitCount == 24 || r.bitCount == 32),
		r.packing == bmpRLE8 && r.bitCount == 8 && !r.topDown, r.packing == bmpRLE4 && r.bitCount == 4 && !r.topDown,
		masked && (r.bitCount == 16 || r.bitCount == 32):
	default:
		return fmt.Errorf("bmp: pixels of %d bits with compression %d are not read", r.bitCount, r.packing)
	}
	masks := [4]uint32{0xff0000, 0xff00, 0xff, 0}
	if r.bitCount == 16 {
		masks = [4]uint32{31 << 10, 31 << 5, 31, 0}
	}
	if masked {
		count := 3
		if length >= 56 || r.packing == bmpAlphaBitFields {
			count = 4
		}
		if length == 40 { // the masks follow the header
			var err error
			if info, err = r.bytes(4 * count); err != nil {
				return err
			}
		} else {
			info = info[36:]
		}
		for i := range min(count, len(info)/4) {
			masks[i] = binary.LittleEndian.Uint32(info[4*i:])
		}
	}
	for i, mask := range masks {
		low := bits.TrailingZeros32(mask)
		top := mask >> low // 0 if there is no mask
		if top&(top+1) != 0 || r.bitCount == 16 && mask > 0xffff {
			return fmt.Errorf("bmp: mask %#x for a colour", mask)
		}
		r.masks[i] = bmpMask{mask, low, uint64(top)}
	}
	return nil
}

// A bmpMask says which bits of a pixel are a colour.
type bmpMask struct {
	mask uint32
	low  int    // number of the lowest bit
	top  uint64 // the largest value
}

// of is the colour's value in a pixel, from 0 to 255.
func (m bmpMask) of(pixel uint32) uint8 {
	if m.top == 0 {
		return 0
	}
	return uint8(uint64((pixel&m.mask)>>m.low) * 255 / m.top)
}

// readPalette reads a palette of so many colours; 0 stands for all that the bits of
// a pixel can name. Colours that it lacks are black.
func (r *bmpReader) readPalette(colours uint32, entry int) error {
	most := uint32(1) << r.bitCount
	if colours == 0 {
		colours = most
	}
	if colours > 256 {
		return fmt.Errorf("bmp: a palette of %d colours", colours)
	}
	b, err := r.bytes(int(colours) * entry)
	if err != nil {
		return err
	}
	r.palette = make(color.Palette, most)
	for i := range r.palette {
		c := color.RGBA{A: 255}
		if i < int(colours) {
			c.R, c.G, c.B = b[entry*i+2], b[entry*i+1], b[entry*i]
		}
		r.palette[i] = c
	}
	return nil
}

// rows calls visit for each row of pixels as it is stored, in a multiple of 4 bytes.
func (r *bmpReader) rows(visit func(y int, row []byte)) error {
	row := make([]byte, (r.width*r.bitCount+31)/32*4)
	for i := range r.height {
		if _, err := io.ReadFull(r.in, row); err != nil {
			return err
		}
		y := i
		if !r.topDown {
			y = r.height - 1 - i
		}
		visit(y, row)
	}
	return nil
}

func (r *bmpReader) indices() (image.Image, error) {
	out := image.NewPaletted(image.Rect(0, 0, r.width, r.height), r.palette)
	mask := byte(1<<r.bitCount - 1)
	err := r.rows(func(y int, row []byte) {
		to := out.Pix[y*out.Stride:][:r.width]
		for x := range to {
			bit := x * r.bitCount
			to[x] = row[bit/8] >> (8 - r.bitCount - bit%8) & mask
		}
	})
	return out, err
}

func (r *bmpReader) colours() (image.Image, error) {
	out := image.NewNRGBA(image.Rect(0, 0, r.width, r.height))
	size := r.bitCount / 8
	alpha := r.masks[3].mask != 0
	usual := r.bitCount > 16 && r.masks[0].mask == 0xff0000 && r.masks[1].mask == 0xff00 && r.masks[2].mask == 0xff && !alpha
	err := r.rows(func(y int, row []byte) {
		to := out.Pix[y*out.Stride:][:4*r.width]
		if usual { // blue, green, red: as below, but faster
			for ; len(to) >= 4 && len(row) >= size; to, row = to[4:], row[size:] {
				to[0], to[1], to[2], to[3] = row[2], row[1], row[0], 255
			}
			return
		}
		for ; len(to) > 0; to, row = to[4:], row[size:] {
			var pixel uint32
			for i := range size {
				pixel |= uint32(row[i]) << (8 * i)
			}
			to[0], to[1], to[2], to[3] = r.masks[0].of(pixel), r.masks[1].of(pixel), r.masks[2].of(pixel), 255
			if alpha {
				to[3] = r.masks[3].of(pixel)
			}
		}
	})
	return out, err
}

// runs reads run-length encoded pixels. Pixels that are skipped have the first
// colour; what reaches beyond the end of a row is dropped.
func (r *bmpReader) runs() (image.Image, error) {
	out := image.NewPaletted(image.Rect(0, 0, r.width, r.height), r.palette)
	x, y := 0, r.height-1
	put := func(index byte) {
		if x < r.width && y >= 0 {
			out.Pix[y*out.Stride+x] = index
		}
		x++
	}
	// nth is the i-th index in bytes that hold one each, or two; they repeat.
	nth := func(b []byte, i int) byte {
		if r.packing == bmpRLE8 {
			return b[i%len(b)]
		}
		return b[i/2%len(b)] >> (4 - i%2*4) & 15
	}
	var code, more [2]byte
	var literal [256]byte
	for y >= 0 {
		if _, err := io.ReadFull(r.in, code[:]); err != nil {
			return nil, err
		}
		switch {
		case code[0] > 0: // a run
			for i := range int(code[0]) {
				put(nth(code[1:], i))
			}
		case code[1] == 0: // end of the row
			x, y = 0, y-1
		case code[1] == 1: // end of the picture
			return out, nil
		case code[1] == 2: // skip to the right and up
			if _, err := io.ReadFull(r.in, more[:]); err != nil {
				return nil, err
			}
			x, y = x+int(more[0]), y-int(more[1])
		default: // so many pixels as they are, padded to two bytes
			count := int(code[1])
			size := count
			if r.packing == bmpRLE4 {
				size = (count + 1) / 2
			}
			b := literal[:size+size%2]
			if _, err := io.ReadFull(r.in, b); err != nil {
				return nil, err
			}
			for i := range count {
				put(nth(b[:size], i))
			}
		}
	}
	return out, nil
}
