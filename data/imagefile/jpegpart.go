package imagefile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
)

// partOfJPEG decodes what is there of a JPEG file that is cut short, on a grey
// picture of the whole size, and says how much that is. It returns nil where there
// is nothing to show.
//
// Go's decoder gives nothing at all of such a file. So the file is made whole:
//
//   - a sequential one, or the first scan of a progressive one, ends after the
//     last row of blocks that is complete, and its header says a height of so many
//     rows;
//   - a progressive one ends after its last complete scan, where there is one:
//     that is the whole picture, with less detail.
func partOfJPEG(file []byte, check checkSize) (picture image.Image, howMuch string) {
	j := jpegFile{data: file}
	if err := j.parse(); err != nil {
		return nil, ""
	}
	whole := append(bytes.Clone(file[:j.cut]), 0xff, 0xd9)
	if j.last != 0 { // a byte with some bits of what is cut off
		whole = append(bytes.Clone(file[:j.cut]), j.last)
		if j.last == 0xff {
			whole = append(whole, 0)
		}
		whole = append(whole, 0xff, 0xd9)
	}
	rows := j.height
	if j.rows < j.mcuRows {
		rows = j.rows * j.mcuHeight
		binary.BigEndian.PutUint16(whole[j.heightAt:], uint16(rows))
	}
	if rows < 1 || check(j.width, j.height) != nil {
		return nil, ""
	}
	part, err := jpeg.Decode(bytes.NewReader(whole))
	if err != nil {
		return nil, ""
	}
	if rows == j.height {
		if j.progressive {
			return part, "the picture has less detail than it should have"
		}
		return part, "all of the picture is there, but the end of the file is missing"
	}
	out := image.NewRGBA(image.Rect(0, 0, j.width, j.height))
	draw.Draw(out, out.Rect, image.NewUniform(color.Gray{128}), image.Point{}, draw.Src)
	draw.Draw(out, out.Rect, part, part.Bounds().Min, draw.Src)
	return out, fmt.Sprintf("%d %% of the picture is there, and the rest is grey", 100*rows/j.height)
}

// A jpegFile is a JPEG file that is cut short, as far as parse understands it.
type jpegFile struct {
	data          []byte
	width, height int
	heightAt      int // where the height is in data
	progressive   bool
	components    []jpegComponent
	interval      int // MCUs between restarts; 0 is none
	tables        [2][4]*huffmanTable

	// An MCU is the smallest unit of a scan: some blocks of each component.
	mcuHeight, mcuRows, mcuColumns int

	// The result: data up to cut, then last if it is not 0, hold rows complete rows
	// of MCUs.
	cut  int
	last uint8
	rows int
}

type jpegComponent struct{ id, h, v, dc, ac uint8 }

var errNotUnderstood = errors.New("this JPEG file cannot be read in part")

// parse finds where the file can be cut.
func (j *jpegFile) parse() error {
	scans := 0
	for at := 2; ; {
		for at < len(j.data) && j.data[at] == 0xff && at+1 < len(j.data) && j.data[at+1] == 0xff {
			at++ // fill bytes
		}
		if at+4 > len(j.data) || j.data[at] != 0xff {
			return j.endAt(at, scans)
		}
		marker, length := j.data[at+1], int(binary.BigEndian.Uint16(j.data[at+2:]))
		if length < 2 || at+2+length > len(j.data) {
			return j.endAt(at, scans)
		}
		body := j.data[at+4 : at+2+length]
		next := at + 2 + length
		var err error
		switch {
		case marker >= 0xc0 && marker <= 0xc2:
			j.progressive = marker == 0xc2
			j.heightAt = at + 5
			err = j.frame(body)
		case marker == 0xc4:
			err = j.huffman(body)
		case marker == 0xdd && len(body) == 2:
			j.interval = int(binary.BigEndian.Uint16(body))
		case marker == 0xda:
			end := scanEnd(j.data[next:])
			if end >= 0 {
				scans++
				at = next + end
				if scans == 1 && !j.progressive {
					j.rows = j.mcuRows
					return j.endAt(at, scans)
				}
				continue
			}
			if scans > 0 {
				return j.endAt(at, scans)
			}
			return j.partOfScan(body, next)
		case marker > 0xc2 && marker < 0xd0 && marker != 0xc8 && marker != 0xcc:
			return errNotUnderstood // lossless, arithmetic coding
		}
		if err != nil {
			return err
		}
		at = next
	}
}

// endAt cuts the file behind its complete scans.
func (j *jpegFile) endAt(at, scans int) error {
	if scans == 0 {
		return errNotUnderstood
	}
	j.cut, j.rows = at, j.mcuRows
	return nil
}

// scanEnd returns where a scan's data end, before the next marker, or −1.
func scanEnd(data []byte) int {
	for at := 0; ; at += 2 {
		found := bytes.IndexByte(data[at:], 0xff)
		if found < 0 || at+found+1 >= len(data) {
			return -1
		}
		at += found
		if m := data[at+1]; m != 0 && (m < 0xd0 || m > 0xd7) {
			return at
		}
	}
}

// frame reads the frame header.
func (j *jpegFile) frame(body []byte) error {
	if len(body) < 6 || body[0] != 8 || len(body) != 6+3*int(body[5]) || body[5] == 0 || body[5] > 4 {
		return errNotUnderstood
	}
	j.height, j.width = int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
	mostH, mostV := 1, 1
	j.components = nil
	for c := body[6:]; len(c) > 0; c = c[3:] {
		h, v := c[1]>>4, c[1]&15
		if h < 1 || h > 4 || v < 1 || v > 4 {
			return errNotUnderstood
		}
		j.components = append(j.components, jpegComponent{id: c[0], h: h, v: v})
		mostH, mostV = max(mostH, int(h)), max(mostV, int(v))
	}
	if len(j.components) == 1 { // a scan of one component goes block by block
		j.components[0].h, j.components[0].v, mostH, mostV = 1, 1, 1, 1
	}
	j.mcuHeight = 8 * mostV
	j.mcuRows, j.mcuColumns = (j.height+j.mcuHeight-1)/j.mcuHeight, (j.width+8*mostH-1)/(8*mostH)
	return nil
}

// huffman reads Huffman tables.
func (j *jpegFile) huffman(body []byte) error {
	for len(body) > 0 {
		if len(body) < 17 || body[0]>>4 > 1 || body[0]&15 > 3 {
			return errNotUnderstood
		}
		t, total := &huffmanTable{}, 0
		code := 0
		for i, n := range body[1:17] {
			t.first[i], t.from[i], t.count[i] = code, total, int(n)
			code, total = (code+int(n))<<1, total+int(n)
		}
		if total > 256 || len(body) < 17+total {
			return errNotUnderstood
		}
		t.symbols = body[17 : 17+total]
		j.tables[body[0]>>4][body[0]&15] = t
		body = body[17+total:]
	}
	return nil
}

// partOfScan finds the last complete row of MCUs of the first scan, whose data
// begin at start: one of all components, with all coefficients or, in a
// progressive file, the first bits of their means (DC).
func (j *jpegFile) partOfScan(header []byte, start int) error {
	n := len(j.components)
	if n == 0 || len(header) != 4+2*n || int(header[0]) != n || j.progressive && header[1+2*n] != 0 {
		return errNotUnderstood
	}
	for i := range j.components {
		c := &j.components[i]
		tables := header[2+2*i]
		if header[1+2*i] != c.id || tables>>4 > 3 || tables&15 > 3 {
			return errNotUnderstood
		}
		c.dc, c.ac = tables>>4, tables&15
		if j.tables[0][c.dc] == nil || !j.progressive && j.tables[1][c.ac] == nil {
			return errNotUnderstood
		}
	}
	in := bitReader{data: j.data, at: start}
	for mcu := 0; mcu < j.mcuRows*j.mcuColumns; mcu++ {
		if j.interval > 0 && mcu > 0 && mcu%j.interval == 0 && !in.restart() || !j.skipMCU(&in) {
			break
		}
		if (mcu+1)%j.mcuColumns == 0 {
			j.rows, j.cut, j.last = (mcu+1)/j.mcuColumns, in.at, 0
			if in.left > 0 { // the bits that are read of a byte, then ones
				j.cut, j.last = in.byteAt, j.data[in.byteAt]|uint8(1<<in.left-1)
			}
		}
	}
	if j.rows == 0 {
		return errNotUnderstood
	}
	return nil
}

// skipMCU reads over an MCU; false says that the data ended.
func (j *jpegFile) skipMCU(in *bitReader) bool {
	for _, c := range j.components {
		for range c.h * c.v {
			size, ok := in.symbol(j.tables[0][c.dc])
			if !ok || !in.skip(int(size)) {
				return false
			}
			for k := 1; k < 64 && !j.progressive; k++ {
				symbol, ok := in.symbol(j.tables[1][c.ac])
				run, size := int(symbol>>4), int(symbol&15)
				switch {
				case !ok || !in.skip(size):
					return false
				case size == 0 && run < 15:
					k = 64 // the rest is 0
				default:
					k += run
				}
			}
		}
	}
	return true
}

// A huffmanTable has the codes of each length from 1 to 16 bits: count codes from
// first on, whose symbols begin at from.
type huffmanTable struct {
	first, from, count [16]int
	symbols            []byte
}

// A bitReader reads a scan's bits.
type bitReader struct {
	data   []byte
	at     int // the next byte
	byteAt int // the byte that is being read
	left   int // its bits that are not read yet
}

// bit returns the next bit, or −1 at the end of the data or a marker.
func (r *bitReader) bit() int {
	if r.left == 0 {
		if r.at >= len(r.data) {
			return -1
		}
		if r.byteAt = r.at; r.data[r.at] == 0xff { // a byte 0xff is followed by 0
			if r.at+1 >= len(r.data) || r.data[r.at+1] != 0 {
				return -1
			}
			r.at++
		}
		r.at++
		r.left = 8
	}
	r.left--
	return int(r.data[r.byteAt]>>r.left) & 1
}

// skip reads over n bits.
func (r *bitReader) skip(n int) bool {
	for range n {
		if r.bit() < 0 {
			return false
		}
	}
	return true
}

// symbol reads a Huffman code.
func (r *bitReader) symbol(t *huffmanTable) (byte, bool) {
	code := 0
	for i := range t.first {
		b := r.bit()
		if b < 0 {
			return 0, false
		}
		code = code<<1 | b
		if offset := code - t.first[i]; offset >= 0 && offset < t.count[i] {
			return t.symbols[t.from[i]+offset], true
		}
	}
	return 0, false
}

// restart reads over a restart marker.
func (r *bitReader) restart() bool {
	r.left = 0
	if r.at+2 > len(r.data) || r.data[r.at] != 0xff || r.data[r.at+1] < 0xd0 || r.data[r.at+1] > 0xd7 {
		return false
	}
	r.at += 2
	return true
}
