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
		for k := min(s.first, 1); k < max(s.end, smoothed); k++ {
			if c.before[k] = 0; d.scans > 1 {
				c.before[k] = c.approximation[k]
			}
		}
		for k := s.first; k < s.end; k++ {
			c.approximation[k] = int8(s.low)
		}
	}
	for row := range d.mcuRows {
		rows := 1
		if len(s.components) == 1 {
			c := s.components[0]
			rows = min(c.v, c.blocksHigh-row*c.v)
		}
		for y := range rows {
			d.startMCUs(row, y)
			d.work -= int64(s.mcusWide * len(d.mcu))
			if s.first == 0 {
				d.progressiveDC(row)
			} else {
				d.progressiveAC(row, s.components[0].nonzero)
			}
		}
		if d.work < 0 || d.exhausted() {
			break
		}
	}
	return nil
}

// progressiveDC decodes a row of MCUs of a scan of DC coefficients.
func (d *Decoder) progressiveDC(row int) {
	s := &d.scan
	for range s.mcusWide {
		if !d.insufficient {
			d.lastGood = row
		}
		here := d.beginMCU()
		for i := range d.mcu {
			m := &d.mcu[i]
			if here {
				d.in.refill()
				if s.high == 0 {
					*m.prediction += d.in.difference(m.dc)
					m.coefficients[64*m.at] = int16(*m.prediction << s.low)
				} else {
					m.coefficients[64*m.at] |= int16(d.in.take(1) << s.low)
				}
			}
			m.at += m.step
		}
		if here {
			d.endMCU(row)
		}
	}
}

// difference reads by how much a DC coefficient differs from the one before.
func (r *bitReader) difference(t *huffmanTable) int32 {
	entry := t.fast[r.bits>>(64-fastBits)]
	if entry == tooLong {
		entry = t.long(r.bits)
	}
	r.skip(int(entry >> 16 & 63))
	if entry&apart == 0 {
		return int32(int16(entry))
	}
	size := entry & 15
	value := number(r.bits, size)
	r.skip(int(size))
	return value
}

// progressiveAC decodes a row of blocks of a scan of AC coefficients. Bit k of
// nonzero[i] says that coefficient k of block i is not 0.
func (d *Decoder) progressiveAC(row int, nonzero []uint64) {
	s, m := &d.scan, &d.mcu[0]
	band := uint64(1)<<(s.end-1)<<1 - 1<<s.first
	for block := m.at; block < m.at+s.mcusWide; block++ {
		if !d.insufficient {
			d.lastGood = row
		}
		if s.high == 0 && d.endOfBand > 0 && d.restartInterval == 0 { // nothing is in so many blocks
			n := min(d.endOfBand, m.at+s.mcusWide-block)
			d.endOfBand -= n
			block += n - 1
			continue
		}
		if !d.beginMCU() {
			continue
		}
		known := &nonzero[block]
		if d.endOfBand > 0 {
			d.endOfBand--
			if s.high == 0 || *known&band == 0 {
				continue
			}
			d.in.correctAll((*[64]int16)(m.coefficients[64*block:]), *known&band, s.low)
		} else if b := (*[64]int16)(m.coefficients[64*block:]); s.high == 0 {
			*known, d.endOfBand = d.in.firstAC(b, m.ac, *known, uint(s.first), uint(s.end), s.low)
		} else {
			*known, d.endOfBand = d.in.refineAC(b, m.ac, *known, s.first, s.end, s.low)
		}
		d.endMCU(row)
	}
}

// firstAC decodes the first bits of the coefficients of a block, from first to
// end − 1. It returns which are not 0 now, and how many blocks follow in which
// nothing is.
func (r *bitReader) firstAC(b *[64]int16, t *huffmanTable, nonzero uint64, first, end uint, low int) (uint64, int) {
	buffer, bits, next, left := r.buffer, r.bits, r.next, r.left
	endOfBand := 0
	k := first - 1 // the last coefficient
	for k+1 < end {
		bits |= load(buffer, next) >> (left & 63)
		next += (63 - left) >> 3
		left |= 56
		entry := t.fast[bits>>(64-fastBits)]
		if entry&apart == 0 {
			bits <<= entry >> 16 & 63
			left -= uint(entry >> 16 & 63)
			k += uint(entry >> 24)
			value := int16(entry) << (low & 15)
			b[natural[uint8(k)]&63] = value
			nonzero |= 1 << min(k, 63)
			if value == 0 { // the file is damaged
				nonzero &^= 1 << min(k, 63)
			}
			continue
		}
		if entry == tooLong {
			entry = t.long(bits)
		}
		bits <<= entry >> 16 & 63
		left -= uint(entry >> 16 & 63)
		run, size := uint(entry>>24&31), entry&15
		if size == 0 {
			if run < 16 {
				endOfBand = 1<<(run-1) + int(bits>>1>>(64-run)) - 1
				bits <<= (run - 1) & 63
				left -= run - 1
				break
			}
			k += 16
			continue
		}
		k += run
		value := int16(number(bits, size)) << (low & 15)
		bits <<= size & 63
		left -= uint(size)
		at := min(k, 63)
		b[natural[at]&63] = value
		nonzero |= 1 << at
		if value == 0 {
			nonzero &^= 1 << at
		}
	}
	r.bits, r.next, r.left = bits, next, left
	return nonzero, endOfBand
}

// refineAC decodes one more bit of the coefficients of a block, from first to
// end − 1: of those that are not 0 so far one bit each, and between them which
// others begin here, with 1 or −1. It returns what firstAC does.
func (r *bitReader) refineAC(b *[64]int16, t *huffmanTable, nonzero uint64, first, end, low int) (uint64, int) {
	buffer, now, next, left := r.buffer, r.bits, r.next, r.left
	known := nonzero & (uint64(1)<<(end-1)<<1 - 1)
	endOfBand := 0
	k := first
	for k < end {
		now |= load(buffer, next) >> (left & 63)
		next += (63 - left) >> 3
		left |= 56
		entry := t.fast[now>>(64-fastBits)]
		value := int16(entry)
		if entry&apart != 0 || value != 1 && value != -1 {
			symbol, length := t.find(now)
			now <<= length & 63
			left -= uint(length)
			run := uint(symbol >> 4)
			switch {
			case symbol&15 != 0: // the size should be 1
				value = int16(now>>63)*2 - 1
				now <<= 1
				left--
			case run != 15:
				endOfBand = 1<<run + int(now>>1>>(63-run))
				now <<= run & 63
				left -= run
			default:
				value = 0
			}
			entry = uint32(run+1) << 24
			if endOfBand != 0 {
				break
			}
		} else {
			now <<= entry >> 16 & 63
			left -= uint(entry >> 16 & 63)
		}
		run := int(entry>>24) - 1
		for k < end { // over run coefficients that are 0, and the others between them
			zeros := min(bits.TrailingZeros64(known>>(k&63)), end-k)
			if run < zeros {
				k += run
				break
			}
			k, run = k+zeros, run-zeros
			if k >= end {
				break
			}
			if left == 0 {
				now, next, left = load(buffer, next), next+7, 56
			}
			at := natural[uint8(k)] & 63
			b[at] = corrected(b[at], int16(now>>63), low)
			now <<= 1
			left--
			k++
		}
		if value != 0 {
			at := min(k, 63) // behind the band if the file is damaged
			b[natural[at]&63] = value << (low & 15)
			nonzero |= 1 << at
		}
		k++
	}
	r.bits, r.next, r.left = now, next, left
	if endOfBand > 0 {
		endOfBand--
		if k < end {
			r.correctAll(b, known>>(k&63)<<(k&63), low)
		}
	}
	return nonzero, endOfBand
}

// correctAll reads one more bit of each coefficient whose bit is in known.
func (r *bitReader) correctAll(b *[64]int16, known uint64, low int) {
	now, left := r.bits, r.left
	for known != 0 {
		if left == 0 {
			now, left = load(r.buffer, r.next), 56
			r.next += 7
		}
		at := natural[bits.TrailingZeros64(known)&63] & 63
		b[at] = corrected(b[at], int16(now>>63), low)
		now <<= 1
		left--
		known &= known - 1
	}
	r.bits, r.left = now, left
}

// findLast sets the index of the last coefficient that is not 0 of n blocks.
func (c *component) findLast(from, n int) {
	last, nonzero := c.last[from:from+n], c.nonzero[from:from+n]
	for i, known := range nonzero {
		last[i] = uint8(63 - bits.LeadingZeros64(known|1))
	}
}

// corrected returns a coefficient with one more bit, which makes it larger in
// magnitude. In damaged files it may have the bit.
func corrected(coefficient, bit int16, low int) int16 {
	sign := coefficient >> 15
	bit &^= coefficient >> (low & 15)
	return coefficient + (bit<<(low&15) ^ sign) - sign
}
