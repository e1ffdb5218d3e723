package jpeg

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/strideml/stride/data/internal/exif"
)

// Markers of T.81, table B.1: the second byte, after 0xff.
const (
	markerTEM  = 0x01
	markerSOF0 = 0xc0 // start of frame: baseline
	markerSOF1 = 0xc1 // extended sequential
	markerSOF2 = 0xc2 // progressive
	markerDHT  = 0xc4
	markerDAC  = 0xcc
	markerRST0 = 0xd0
	markerRST7 = 0xd7
	markerSOI  = 0xd8
	markerEOI  = 0xd9
	markerSOS  = 0xda
	markerDQT  = 0xdb
	markerDNL  = 0xdc
	markerDRI  = 0xdd
	markerAPP0 = 0xe0
	markerCOM  = 0xfe
)

// readHeader reads a file up to its first scan.
func (d *Decoder) readHeader(file []byte) error {
	if err := d.readFrame(file); err != nil {
		return err
	}
	if err := d.readSegments(markerSOS); err != nil {
		return err
	}
	if d.height == 0 {
		if err := d.findHeight(); err != nil {
			return err
		}
	}
	d.guessColorSpace()
	d.layOut()
	return nil
}

// readFrame reads a file up to its frame header.
func (d *Decoder) readFrame(file []byte) error {
	d.reset(file)
	if len(file) < 2 && bytes.HasPrefix([]byte{0xff, markerSOI}, file) {
		return errShort
	}
	if len(file) < 2 || file[0] != 0xff || file[1] != markerSOI {
		return FormatError("this is not a JPEG file: it does not begin with ff d8")
	}
	d.in.at = 2
	return d.readSegments(markerSOF0)
}

// readSize reads a file as far as it takes to know the size.
func (d *Decoder) readSize(file []byte) error {
	err := d.readFrame(file)
	if err == nil && d.height == 0 {
		return d.readHeader(file)
	}
	return err
}

// nextMarker finds the next marker, behind what is no marker. Where the file ends
// it is the end of the image.
func (r *bitReader) nextMarker() {
	for {
		n := bytes.IndexByte(r.file[r.at:], 0xff)
		if n < 0 {
			r.at, r.marker, r.ended = len(r.file), markerEOI, true
			return
		}
		for r.at += n; r.at < len(r.file) && r.file[r.at] == 0xff; {
			r.at++
		}
		if r.at == len(r.file) {
			r.marker, r.ended = markerEOI, true
			return
		}
		r.at++
		if r.marker = r.file[r.at-1]; r.marker != 0 {
			return
		}
	}
}

// segment returns the contents of the segment behind a marker. It is nil with
// ended set where the file ends before.
func (r *bitReader) segment() []byte {
	length := 2
	if len(r.file)-r.at >= 2 {
		length = max(2, int(binary.BigEndian.Uint16(r.file[r.at:])))
	}
	if len(r.file)-r.at < length {
		r.at, r.ended, r.cut = len(r.file), true, true
		return nil
	}
	r.at += length
	return r.file[r.at-length+2 : r.at]
}

// readSegments reads segments up to the given one, of a frame, a scan or the end of
// the image, and that one. Once a scan was read, the file's end counts as the end
// of the image, which sets d.done.
func (d *Decoder) readSegments(until uint8) error {
	for {
		marker := d.in.marker
		if marker == 0 {
			d.in.nextMarker()
			marker = d.in.marker
		}
		d.in.marker = 0
		if d.in.ended {
			if d.scans == 0 {
				return errShort
			}
			d.done = true
			return nil
		}
		switch {
		case marker == markerEOI:
			if d.scans == 0 {
				return FormatError("there is no picture in the file: it has no scan")
			}
			d.done = true
			return nil
		case marker == markerSOI:
			return FormatError("a second file begins before the picture ends")
		case marker >= markerRST0 && marker <= markerRST7, marker == markerTEM:
			continue
		}
		if err := d.checkMarker(marker); err != nil {
			return err
		}
		body := d.in.segment()
		if d.in.ended {
			continue
		}
		if err := d.readSegment(marker, body); err != nil {
			return err
		}
		if marker == until || until == markerSOF0 && (marker == markerSOF1 || marker == markerSOF2) {
			return nil
		}
	}
}

// checkMarker refuses the segments of which nothing can be decoded.
func (d *Decoder) checkMarker(marker uint8) error {
	switch marker {
	case 0xc3, 0xcb:
		return UnsupportedError("lossless coding")
	case 0xc5, 0xc6, 0xc7, 0xcd, 0xce, 0xcf, 0xde, 0xdf:
		return UnsupportedError("hierarchical coding")
	case 0xc9, 0xca:
		return UnsupportedError("arithmetic coding")
	case markerSOF0, markerSOF1, markerSOF2, markerDHT, markerDAC, markerSOS, markerDQT, markerDNL, markerDRI, markerCOM:
		return nil
	}
	if marker >= markerAPP0 && marker < markerAPP0+16 {
		return nil
	}
	return FormatError(fmt.Sprintf("the marker ff %02x is unknown", marker))
}

func (d *Decoder) readSegment(marker uint8, body []byte) error {
	switch marker {
	case markerSOF0, markerSOF1, markerSOF2:
		return d.readSOF(marker, body)
	case markerSOS:
		return d.readSOS(body)
	case markerDHT:
		return d.readDHT(body)
	case markerDQT:
		return d.readDQT(body)
	case markerDRI:
		if len(body) != 2 {
			return FormatError("the restart interval has a wrong length")
		}
		d.restartInterval = int(binary.BigEndian.Uint16(body))
	case markerAPP0:
		d.jfif = d.jfif || len(body) >= 14 && bytes.HasPrefix(body, []byte("JFIF\x00"))
	case markerAPP0 + 1:
		if d.orientation == 0 && bytes.HasPrefix(body, []byte(exif.Prefix)) {
			d.orientation = exif.Orientation(body[len(exif.Prefix):])
		}
	case markerAPP0 + 14:
		if len(body) >= 12 && bytes.HasPrefix(body, []byte("Adobe")) {
			d.adobe = int(body[11])
		}
	}
	return nil
}

// readDQT reads quantisation tables.
func (d *Decoder) readDQT(body []byte) error {
	for len(body) > 0 {
		size, table := 64, body[0]&15
		if body[0]>>4 != 0 {
			size = 128
		}
		if table > 3 {
			return FormatError(fmt.Sprintf("quantisation table %d: want 0 to 3", table))
		}
		if len(body) < 1+size {
			return FormatError("a quantisation table has a wrong length")
		}
		quant := &d.quants[table]
		for i := range 64 {
			if size == 64 {
				quant.values[natural[i]] = uint16(body[1+i])
			} else {
				quant.values[natural[i]] = binary.BigEndian.Uint16(body[1+2*i:])
			}
		}
		quant.defined = true
		body = body[1+size:]
	}
	return nil
}

// readDHT reads Huffman tables.
func (d *Decoder) readDHT(body []byte) error {
	for len(body) > 16 {
		total := 0
		for _, n := range body[1:17] {
			total += int(n)
		}
		if total > 256 || total > len(body)-17 {
			return FormatError("a Huffman table has more symbols than it has place for")
		}
		class, table := body[0]>>4&1, body[0]&^0x10
		if table > 3 {
			return FormatError(fmt.Sprintf("Huffman table %d: want 0 to 3", table))
		}
		d.tables[class][table].define(body[1:17], body[17:17+total])
		body = body[17+total:]
	}
	if len(body) != 0 {
		return FormatError("a Huffman table has a wrong length")
	}
	return nil
}

// findHeight finds the height of a picture whose frame header has none: behind the
// data of the first scan.
func (d *Decoder) findHeight() error {
	ahead := bitReader{file: d.in.file, at: d.in.at}
	for {
		ahead.nextMarker()
		if ahead.marker >= markerRST0 && ahead.marker <= markerRST7 {
			continue
		}
		var body []byte
		if ahead.marker == markerDNL {
			body = ahead.segment()
		}
		if ahead.ended {
			return errShort
		}
		if len(body) != 2 || binary.BigEndian.Uint16(body) == 0 {
			return FormatError("the height is 0, and none follows the first scan")
		}
		d.height = int(binary.BigEndian.Uint16(body))
		return nil
	}
}

// natural has the place in a block, row by row, of each coefficient in zigzag
// order. Behind the 64 the last one is repeated 16 times: damaged files have runs that
// go so far, and libjpeg does this with them.
var natural = [256]uint8{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
	63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63,
}
