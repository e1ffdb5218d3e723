package jpeg

import (
	"fmt"
	"math/bits"
)

// progressiveScan decodes a scan of a progressive file.
func (d *Decoder) progressiveScan() error {
	s := &d.scan
	if s.first == 0 && s.end != 1 || s.first > 0 && (s.first >= s.end || s.end > 64 || len(s.components) != 1) ||
		s.high != 0 && s.low != s.high-1 || s.low > 13 {
		return FormatError(fmt.Sprintf("a scan has coefficients %d to %d, bits %d to %d, of %d components", s.first, s.end-1, s.high, s.low, len(s.components)))
	}
	for _, c := range s.components {
		for k := min(s.first, 1); k < max(s.end, 10); k++ {
			if c.before[k] = 0; d.scans > 1 {
				c.before[k] = c.approximation[k]
			}
		}
		for k := s.first; k < s.end; k++ {
			c.approximation[k] = int8(s.low)
		}
	}
	for row := range d.mcuRows {
		if d.work < 0 {
			break
		}
		d.progressiveRow(row)
	}
	return nil
}

// progressiveRow decodes a row of MCUs of a progressive scan.
func (d *Decoder) progressiveRow(row int) {
	s := &d.scan
	if len(s.components) == 1 {
		c := s.components[0]
		for y := range min(c.v, c.blocksHigh-row*c.v) {
			from := (row*c.v + y) * c.paddedWide
			d.work -= c.blocksWide
			for block := from; block < from+c.blocksWide; block++ {
				if !d.insufficient {
					d.lastGood = row
				}
				if d.beginMCU() {
					d.progressiveBlock(0, block)
					d.endMCU(row)
				}
			}
		}
		return
	}
	for x := range s.mcusWide {
		if !d.insufficient {
			d.lastGood = row
		}
		if !d.beginMCU() {
			continue
		}
		for i, c := range s.components {
			d.work -= c.h * c.v
			for y := range c.v {
				from := (row*c.v+y)*c.paddedWide + x*c.h
				for block := from; block < from+c.h; block++ {
					d.progressiveBlock(i, block)
				}
			}
		}
		d.endMCU(row)
	}
}

// progressiveBlock decodes what a scan has of a block of its component i.
func (d *Decoder) progressiveBlock(i, block int) {
	s := &d.scan
	c := s.components[i]
	b := (*[64]int16)(c.coefficients[64*block:])
	switch {
	case s.first > 0 && s.high == 0:
		d.firstAC(c, b, block)
	case s.first > 0:
		d.refineAC(c, b, block)
	case s.high == 0:
		d.in.refill()
		size := int(d.in.symbol(&d.tables[0][s.dc[i]]))
		if size > 0 {
			d.predictions[i] += extend(d.in.number(size), size)
		}
		b[0] = int16(d.predictions[i] << s.low)
	default:
		d.in.refill()
		b[0] |= int16(d.in.number(1) << s.low)
	}
}

// firstAC decodes the first bits of a block's coefficients.
func (d *Decoder) firstAC(c *component, b *[64]int16, block int) {
	if d.endOfBand > 0 {
		d.endOfBand--
		return
	}
	s := &d.scan
	table := &d.tables[1][s.ac[0]]
	nonzero := c.nonzero[block]
	for k := s.first; k < s.end; k++ {
		d.in.refill()
		symbol := d.in.symbol(table)
		run, size := int(symbol>>4), int(symbol&15)
		switch {
		case size > 0:
			k += run
			at := min(k, 63)
			value := int16(extend(d.in.number(size), size) << s.low)
			b[natural[at]] = value
			nonzero &^= 1 << at
			if value != 0 {
				nonzero |= 1 << at
			}
			c.last[block] = max(c.last[block], uint8(at))
			continue
		case run == 15:
			k += 15
			continue
		}
		d.endOfBand = 1<<run + int(d.in.number(run)) - 1
		break
	}
	c.nonzero[block] = nonzero
}

// refineAC decodes one more bit of a block's coefficients: of those that are not 0
// so far one bit each, and between them which others begin here, with 1 or −1.
func (d *Decoder) refineAC(c *component, b *[64]int16, block int) {
	s := &d.scan
	table := &d.tables[1][s.ac[0]]
	nonzero := c.nonzero[block]
	known := nonzero & (1<<s.end - 1)
	k := s.first
	for d.endOfBand == 0 && k < s.end {
		d.in.refill()
		symbol := d.in.symbol(table)
		run, value := int(symbol>>4), int16(0)
		switch {
		case symbol&15 != 0: // the size is 1, or the file is damaged
			value = int16(-1) << s.low
			if d.in.number(1) != 0 {
				value = 1 << s.low
			}
		case run != 15:
			d.endOfBand = 1<<run + int(d.in.number(run))
			continue
		}
		for k < s.end { // over run coefficients that are 0, and the others between them
			zeros := min(bits.TrailingZeros64(known>>k), s.end-k)
			if run < zeros {
				k += run
				break
			}
			k, run = k+zeros, run-zeros
			if k < s.end {
				d.correct(&b[natural[k]])
				k++
			}
		}
		if value != 0 {
			at := min(k, 63) // behind the band if the file is damaged
			b[natural[at]] = value
			nonzero |= 1 << at
			c.last[block] = max(c.last[block], uint8(at))
		}
		k++
	}
	if d.endOfBand > 0 {
		for k < s.end {
			k += bits.TrailingZeros64(known >> k)
			if k < s.end {
				d.correct(&b[natural[k]])
				k++
			}
		}
		d.endOfBand--
	}
	c.nonzero[block] = nonzero
}

// correct reads the next bit of a coefficient that is not 0.
func (d *Decoder) correct(coefficient *int16) {
	if d.in.left == 0 {
		d.in.refill()
	}
	bit := int16(1) << d.scan.low
	switch {
	case d.in.number(1) == 0 || *coefficient&bit != 0:
	case *coefficient > 0:
		*coefficient += bit
	default:
		*coefficient -= bit
	}
}
