package jpeg

// An mcuBlock is where a block of an MCU is, and what its component needs.
type mcuBlock struct {
	coefficients []int16
	last         []uint8
	dc, ac       *huffmanTable
	prediction   *int32
	at, step     int // the block, and from an MCU to the next
}

// startMCUs sets d.mcu to the blocks of the first MCU in a row. In the components'
// memory the row begins at a row of MCUs, and y rows of blocks below if the scan has
// one component.
func (d *Decoder) startMCUs(at, y int) {
	s := &d.scan
	d.mcu = d.mcuMemory[:0]
	for i, c := range s.components {
		b := mcuBlock{
			coefficients: c.coefficients, last: c.last,
			dc: &d.tables[0][s.dc[i]&3], ac: &d.tables[1][s.ac[i]&3],
			prediction: &d.predictions[i], step: 1,
		}
		if len(s.components) == 1 {
			b.at = (at*c.v + y) * c.paddedWide
			d.mcu = append(d.mcu, b)
			return
		}
		b.step = c.h
		for j := range c.h * c.v {
			b.at = (at*c.v+j/c.h)*c.paddedWide + j%c.h
			d.mcu = append(d.mcu, b)
		}
	}
}

// sequentialRow decodes a row of MCUs of a scan of all components, or the same rows
// of one component. In the components' memory it begins at a row of MCUs.
func (d *Decoder) sequentialRow(row, at int) {
	rows := 1
	if s := &d.scan; len(s.components) == 1 {
		c := s.components[0]
		rows = min(c.v, c.blocksHigh-row*c.v)
	}
	for y := range rows {
		if d.exhausted() {
			return
		}
		d.startMCUs(at, y)
		d.work -= int64(d.scan.mcusWide * len(d.mcu))
		for range d.scan.mcusWide {
			here := d.beginMCU()
			for i := range d.mcu {
				m := &d.mcu[i]
				if here {
					b := (*[64]int16)(m.coefficients[64*m.at:])
					var last uint8
					*m.prediction, last = d.in.block(b, m.dc, m.ac, *m.prediction)
					m.last[m.at] = max(m.last[m.at], last)
				}
				m.at += m.step
			}
			if here {
				d.endMCU(row)
			}
		}
	}
}

// block decodes the coefficients of a block of a sequential file. It returns the DC
// coefficient, which predicts the next one, and an index behind which all
// coefficients are 0.
func (r *bitReader) block(b *[64]int16, dc, ac *huffmanTable, prediction int32) (int32, uint8) {
	buffer, bits, next, left := r.buffer, r.bits, r.next, r.left
	bits |= load(buffer, next) >> (left & 63)
	next += (63 - left) >> 3
	left |= 56
	entry := dc.fast[bits>>(64-fastBits)]
	if entry == tooLong {
		entry = dc.long(bits)
	}
	bits <<= entry >> 16 & 63
	left -= uint(entry >> 16 & 63)
	if entry&apart == 0 {
		prediction += int32(int16(entry))
	} else {
		size := entry & 15
		prediction += number(bits, size)
		bits <<= size & 63
		left -= uint(size)
	}
	b[0] = int16(prediction)

	// Three symbols that fit into entries take at most 30 bits: what comes before them
	// makes enough bits ready, also for one that does not fit behind two that do.
	k := uint(0) // the last coefficient
	for k < 63 {
		bits |= load(buffer, next) >> (left & 63)
		next += (63 - left) >> 3
		left |= 56
		entry := ac.fast[bits>>(64-fastBits)]
		if entry&apart == 0 {
			bits <<= entry >> 16 & 63
			left -= uint(entry >> 16 & 63)
			k += uint(entry >> 24)
			b[natural[uint8(k)]&63] = int16(entry)
			if k >= 63 {
				break
			}
			entry = ac.fast[bits>>(64-fastBits)]
			if entry&apart == 0 {
				bits <<= entry >> 16 & 63
				left -= uint(entry >> 16 & 63)
				k += uint(entry >> 24)
				b[natural[uint8(k)]&63] = int16(entry)
				if k >= 63 {
					break
				}
				entry = ac.fast[bits>>(64-fastBits)]
				if entry&apart == 0 {
					bits <<= entry >> 16 & 63
					left -= uint(entry >> 16 & 63)
					k += uint(entry >> 24)
					b[natural[uint8(k)]&63] = int16(entry)
					continue
				}
			}
		}
		if entry == tooLong {
			entry = ac.long(bits)
		}
		bits <<= entry >> 16 & 63
		left -= uint(entry >> 16 & 63)
		run, size := uint(entry>>24&31), entry&15
		if size == 0 {
			if run != 16 {
				break
			}
			k += 16
			continue
		}
		k += run
		b[natural[uint8(k)]&63] = int16(number(bits, size))
		bits <<= size & 63
		left -= uint(size)
	}
	r.bits, r.next, r.left = bits, next, left
	return prediction, uint8(min(k, 63))
}

// number is the number that the first size bits stand for (T.81, F.12): if the
// first one is 0 it is negative.
func number(bits uint64, size uint32) int32 {
	positive := int32(int64(bits) >> 63) // −1 or 0
	return int32(bits>>1>>(63-size&63)) + (-1<<(size&15)+1)&^positive
}
