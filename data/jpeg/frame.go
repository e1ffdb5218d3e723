package jpeg

import (
	"encoding/binary"
	"fmt"
)

// A component is a plane of the picture: 8×8 blocks of coefficients, and the rows
// of samples that are being made of them.
type component struct {
	id     uint8
	h, v   int // sampling factors
	table  uint8
	needed bool // the output depends on it

	// Blocks of the component, without and with those that only fill the last MCUs.
	blocksWide, blocksHigh int
	paddedWide, paddedHigh int
	// dctSize is the side of a block's samples: 8, less when the picture is scaled.
	// width and height are those of the component in samples.
	dctSize, width, height int

	quant   [64]uint16 // the table at the component's first scan
	latched bool       // quant is set

	// coefficients of the blocks in natural order, row of blocks by row of blocks: all
	// of them, or those of one row of MCUs if the picture is in one scan. last has the
	// zigzag index of a block's last coefficient that may not be 0.
	coefficients []int16
	last         []uint8
	nonzero      []uint64 // progressive: bit k says that coefficient k is not 0

	// approximation has for each coefficient the bits that are missing, −1 if nothing
	// is known of it, and before what it was before the last scan of this component.
	approximation, before [64]int8

	samples samples
}

// A scan is some components' data, in MCUs: of one component block by block, of
// several h×v blocks of each.
type scan struct {
	components        []*component
	dc, ac            [4]uint8 // tables of the components
	first, end        int      // coefficients first to end − 1, if progressive
	high, low         int      // bits that were missing before, and are missing after
	mcusWide, mcuRows int
}

// readSOF reads the frame header.
func (d *Decoder) readSOF(marker uint8, body []byte) error {
	if len(d.components) != 0 {
		return FormatError("there are two frame headers")
	}
	if len(body) < 6 {
		return FormatError("the frame header has a wrong length")
	}
	n := int(body[5])
	height, width := int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
	switch {
	case body[0] == 12:
		return UnsupportedError("a picture of 12 bits a sample")
	case body[0] != 8:
		return FormatError(fmt.Sprintf("samples have %d bits: want 8", body[0]))
	case width == 0 || n == 0:
		return FormatError("the picture is empty")
	case len(body) != 6+3*n:
		return FormatError("the frame header has a wrong length")
	case n != 1 && n != 3 && n != 4:
		return UnsupportedError(fmt.Sprintf("a picture of %d components", n))
	case height > 65500 || width > 65500: // as in libjpeg
		return FormatError(fmt.Sprintf("the size is %d×%d pixels: want at most 65500 in either direction", width, height))
	}
	d.width, d.height, d.progressive = width, height, marker == markerSOF2
	d.components = d.memory[:n]
	for i, b := 0, body[6:]; i < n; i, b = i+1, b[3:] {
		c := &d.components[i]
		c.id, c.h, c.v, c.table = b[0], int(b[1]>>4), int(b[1]&15), b[2]
		c.latched = false
		c.quant = [64]uint16{}
		if c.h < 1 || c.h > 4 || c.v < 1 || c.v > 4 {
			return FormatError(fmt.Sprintf("component %d has sampling factors %d×%d: want 1 to 4", i+1, c.h, c.v))
		}
		for k := range c.approximation {
			c.approximation[k], c.before[k] = -1, -1
		}
	}
	return nil
}

// readSOS reads a scan's header.
func (d *Decoder) readSOS(body []byte) error {
	if len(d.components) == 0 {
		return FormatError("a scan comes before the frame header")
	}
	if len(body) < 1 || int(body[0]) < 1 || int(body[0]) > 4 || len(body) != 4+2*int(body[0]) {
		return FormatError("the header of a scan has a wrong length")
	}
	n := int(body[0])
	s := &d.scan
	s.components = d.scanMemory[:0]
	var taken [4]bool // by a position in the scan, as libjpeg has it where ids are equal
	for i := range n {
		id, tables := body[1+2*i], body[2+2*i]
		var found *component
		for at := range d.components {
			if d.components[at].id == id && !taken[at] {
				found = &d.components[at]
				break
			}
		}
		if found == nil {
			return FormatError(fmt.Sprintf("a scan has a component %d, which is not in the frame header", id))
		}
		for _, c := range s.components {
			if c == found {
				return FormatError(fmt.Sprintf("a scan has component %d twice", id))
			}
		}
		taken[i] = true
		s.components = append(s.components, found)
		s.dc[i], s.ac[i] = tables>>4, tables&15
	}
	body = body[1+2*n:]
	s.first, s.end = int(body[0]), int(body[1])+1
	s.high, s.low = int(body[2]>>4), int(body[2]&15)
	d.scans++
	d.nextRestart = 0
	return nil
}

// layOut computes the numbers of blocks.
func (d *Decoder) layOut() {
	d.maxH, d.maxV = 1, 1
	for i := range d.components {
		d.maxH, d.maxV = max(d.maxH, d.components[i].h), max(d.maxV, d.components[i].v)
	}
	d.mcuRows = ceilDiv(d.height, 8*d.maxV)
	for i := range d.components {
		c := &d.components[i]
		c.blocksWide, c.blocksHigh = ceilDiv(d.width*c.h, 8*d.maxH), ceilDiv(d.height*c.v, 8*d.maxV)
		c.paddedWide, c.paddedHigh = ceilDiv(c.blocksWide, c.h)*c.h, ceilDiv(c.blocksHigh, c.v)*c.v
	}
}

// setScale sets the size of the output: that of the picture, or 1/2, 1/4, 1/8 of it.
// As in libjpeg a component that is stored with fewer samples is made less small
// where that saves making more samples of it later.
func (d *Decoder) setScale(denominator int) {
	d.dctSize = 8 / denominator
	d.outWidth, d.outHeight = ceilDiv(d.width, denominator), ceilDiv(d.height, denominator)
	for i := range d.components {
		c := &d.components[i]
		size := d.dctSize
		for size < 8 && d.maxH*d.dctSize%(c.h*size*2) == 0 && d.maxV*d.dctSize%(c.v*size*2) == 0 {
			size *= 2
		}
		c.dctSize = size
		c.width, c.height = ceilDiv(d.width*c.h*size, 8*d.maxH), ceilDiv(d.height*c.v*size, 8*d.maxV)
	}
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// startScan prepares for the data of a scan.
func (d *Decoder) startScan() error {
	s := &d.scan
	blocks := 0
	for _, c := range s.components {
		blocks += c.h * c.v
		if c.latched {
			continue
		}
		if c.table > 3 || !d.quants[c.table].defined {
			return FormatError(fmt.Sprintf("component %d uses quantisation table %d, which is not defined", c.id, c.table))
		}
		c.quant, c.latched = d.quants[c.table].values, true
	}
	if len(s.components) == 1 {
		s.mcusWide, s.mcuRows = s.components[0].blocksWide, s.components[0].blocksHigh
	} else {
		s.mcusWide, s.mcuRows = ceilDiv(d.width, 8*d.maxH), d.mcuRows
		if blocks > 10 {
			return FormatError(fmt.Sprintf("an MCU has %d blocks: want at most 10", blocks))
		}
	}
	for i := range s.components {
		useDC, useAC := true, true
		if d.progressive {
			useDC, useAC = s.first == 0 && s.high == 0, s.first > 0
		}
		if err := d.useTable(0, s.dc[i], useDC); err != nil {
			return err
		}
		if err := d.useTable(1, s.ac[i], useAC); err != nil {
			return err
		}
	}
	d.predictions = [4]int32{}
	d.endOfBand = 0
	d.restartsToGo = d.restartInterval
	d.insufficient = false
	d.in.start()
	return nil
}

// useTable makes the Huffman table that a scan needs. Sequential files without
// tables mean the standard's.
func (d *Decoder) useTable(class, table uint8, use bool) error {
	if !use {
		return nil
	}
	if table > 3 {
		return FormatError(fmt.Sprintf("a scan uses Huffman table %d: want 0 to 3", table))
	}
	t := &d.tables[class][table]
	if !t.defined && !d.progressive && table < 2 {
		standard := standardTables[class][table]
		t.define([]uint8(standard.counts), []uint8(standard.symbols))
	}
	return t.build(class == 0)
}
