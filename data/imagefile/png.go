package imagefile

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/zlib"

	"github.com/strideml/stride/data/raster"
)

// A pngDecoder decodes the usual PNG files, faster than package image/png: 8 bits a
// sample, grey, colour, or colour with an alpha that is 255 everywhere, not interlaced,
// without a transparent colour. All others, and all that are damaged, it leaves to
// image/png, and with them the errors.
type pngDecoder struct {
	inflate    io.ReadCloser
	compressed bytes.Buffer
	lines      [2][]uint8 // filtered: the line before and this one
}

const pngName = "PNG"

const pngSignature = "\x89PNG\r\n\x1a\n"

// pngSize returns the size that the beginning of a PNG file claims, 0 where it is not
// there.
func pngSize(file []byte) (width, height int) {
	if len(file) < 24 || string(file[12:16]) != "IHDR" {
		return 0, 0
	}
	return int(binary.BigEndian.Uint32(file[16:])), int(binary.BigEndian.Uint32(file[20:]))
}

// decode decodes a whole file into dst, with one channel or three, whichever is stored.
// It reports false for a file that is left to image/png.
func (d *pngDecoder) decode(dst *raster.Raster, file []byte) (raster.Orientation, bool) {
	if !bytes.HasPrefix(file, []byte(pngSignature)) {
		return 1, false
	}
	var found pngChunks
	d.compressed.Reset()
	samples, width, height := 0, 0, 0
	last := ""
	for in := file[len(pngSignature):]; last != "IEND"; {
		if len(in) < 12 {
			return 1, false
		}
		length := int(binary.BigEndian.Uint32(in))
		if length > len(in)-12 || crc32.ChecksumIEEE(in[4:8+length]) != binary.BigEndian.Uint32(in[8+length:]) {
			return 1, false
		}
		name, body := string(in[4:8]), in[8:8+length]
		switch {
		case (name == "IHDR") != (last == ""), name == "tRNS":
			return 1, false
		case name == "IHDR":
			width, height = pngSize(file)
			samples = pngSamples(body)
			if samples == 0 || width < 1 || height < 1 || width > 1<<24 || height > 1<<24 {
				return 1, false
			}
		case name == "IDAT":
			if d.compressed.Len() > 0 && last != "IDAT" {
				return 1, false
			}
			d.compressed.Write(body)
		case name == "IEND":
		case name == "eXIf" && found.exif == nil && length <= mostMetadata:
			found.exif = body
		case name == "iTXt" && len(found.texts)+length <= mostMetadata:
			found.texts = append(found.texts, body...)
		case name[0]&0x20 == 0: // another critical chunk
			return 1, false
		}
		last, in = name, in[12+length:]
	}
	if d.compressed.Len() == 0 || !d.pixels(dst, width, height, samples) {
		return 1, false
	}
	return found.metadata().orientation(), true
}

// pngSamples returns the samples of a pixel, 0 for what is left to image/png.
func pngSamples(header []byte) int {
	if len(header) != 13 || header[8] != 8 || header[10] != 0 || header[11] != 0 || header[12] != 0 {
		return 0
	}
	return map[byte]int{0: 1, 2: 3, 6: 4}[header[9]]
}

// pixels decompresses lines, undoes their filters and puts them into planes.
func (d *pngDecoder) pixels(dst *raster.Raster, width, height, samples int) bool {
	var err error
	if d.inflate == nil {
		d.inflate, err = zlib.NewReader(&d.compressed)
	} else {
		err = d.inflate.(zlib.Resetter).Reset(&d.compressed, nil)
	}
	if err != nil {
		return false
	}
	dst.Reset(min(samples, 3), height, width)
	// A line is its filter and its pixels; before them there are as many zeros as a pixel
	// has samples, the pixel to the left of the first one.
	size := samples * width
	for i := range d.lines {
		if cap(d.lines[i]) < samples+size {
			d.lines[i] = make([]uint8, samples+size)
		}
		d.lines[i] = d.lines[i][:samples+size]
		clear(d.lines[i])
	}
	var filter [1]byte
	for y := range height {
		above, line := d.lines[0], d.lines[1]
		clear(line[:samples])
		if _, err := io.ReadFull(d.inflate, filter[:]); err != nil {
			return false
		}
		if _, err := io.ReadFull(d.inflate, line[samples:]); err != nil {
			return false
		}
		if !unfilter(filter[0], line, above, samples) || !dst.SetRow(y, line[samples:], samples) {
			return false
		}
		d.lines[0], d.lines[1] = line, above
	}
	// The end of the stream, and with it the checksum.
	n, err := d.inflate.Read(filter[:])
	return n == 0 && err == io.EOF && d.compressed.Len() == 0
}

// unfilter undoes the filter of a line, given the line above. Both begin with the pixel
// to the left of the first one.
func unfilter(filter uint8, line, above []uint8, samples int) bool {
	above = above[:len(line)]
	now := line[samples:]
	left, up, upLeft := line[:len(now)], above[samples:][:len(now)], above[:len(now)]
	switch filter {
	case 0:
	case 1:
		for i := range now {
			now[i] += left[i]
		}
	case 2:
		for i := range now {
			now[i] += up[i]
		}
	case 3:
		for i := range now {
			now[i] += uint8((int(left[i]) + int(up[i])) / 2)
		}
	case 4:
		if samples == 3 {
			paeth3(now, up)
			return true
		}
		for i := range now {
			now[i] += paeth(int(left[i]), int(up[i]), int(upLeft[i]))
		}
	default:
		return false
	}
	return true
}

// paeth is whichever of left, up and their neighbour is nearest to left + up −
// neighbour.
func paeth(left, up, upLeft int) uint8 {
	a, b := up-upLeft, left-upLeft
	c := a + b
	a, b, c = max(a, -a), max(b, -b), max(c, -c)
	v := upLeft
	if b <= c {
		v = up
	}
	if a <= b && a <= c {
		v = left
	}
	return uint8(v)
}

// paeth3 undoes the filter Paeth of pixels of three samples, kept in registers.
func paeth3(now, up []uint8) {
	var a0, a1, a2, c0, c1, c2 int
	for len(now) >= 3 && len(up) >= 3 {
		b0, b1, b2 := int(up[0]), int(up[1]), int(up[2])
		now[0] += paeth(a0, b0, c0)
		now[1] += paeth(a1, b1, c1)
		now[2] += paeth(a2, b2, c2)
		a0, a1, a2 = int(now[0]), int(now[1]), int(now[2])
		c0, c1, c2 = b0, b1, b2
		now, up = now[3:], up[3:]
	}
}
