package jpeg

import "encoding/binary"

// sequentialRow decodes a row of MCUs. Its blocks begin at a row of MCUs in the
// components' memory.
func (d *Decoder) sequentialRow(row, at int) {
	s := &d.scan
	if len(s.components) == 1 {
		c := s.components[0]
		for y := range min(c.v, c.blocksHigh-row*c.v) {
			from := (at*c.v + y) * c.paddedWide
			d.work -= c.blocksWide
			for x := range c.blocksWide {
				if d.beginMCU() {
					d.sequentialBlock(0, from+x)
					d.endMCU(row)
				}
			}
		}
		return
	}
	for _, c := range s.components {
		d.work -= c.v * c.paddedWide
	}
	for x := range s.mcusWide {
		if !d.beginMCU() {
			continue
		}
		for i, c := range s.components {
			for y := range c.v {
				from := (at*c.v+y)*c.paddedWide + x*c.h
				for block := from; block < from+c.h; block++ {
					d.sequentialBlock(i, block)
				}
			}
		}
		d.endMCU(row)
	}
}

// sequentialBlock decodes a block of component i of the scan.
func (d *Decoder) sequentialBlock(i, block int) {
	s := &d.scan
	c := s.components[i]
	b := (*[64]int16)(c.coefficients[64*block:])
	var last int
	d.predictions[i], last = d.in.block(b, &d.tables[0][s.dc[i]], &d.tables[1][s.ac[i]], d.predictions[i])
	c.last[block] = max(c.last[block], uint8(last))
}

// block decodes the coefficients of a block of a sequential file. It returns the DC
// coefficient, which predicts the next one, and the index of the last coefficient
// that it set.
func (r *bitReader) block(b *[64]int16, dc, ac *huffmanTable, prediction int32) (int32, int) {
	buffer, bits, next, left := r.buffer, r.bits, r.next, r.left
	if left < 32 {
		bits |= binary.BigEndian.Uint64(buffer[next:]) >> (left & 63)
		next += (63 - left) >> 3
		left |= 56
	}
	entry := dc.fast[bits>>(64-fastBits)]
	if entry&hasValue != 0 {
		bits <<= entry & 63
		left -= int(entry & 63)
		prediction += int32(entry) >> 16
	} else {
		symbol, length := dc.find(bits)
		bits <<= length & 63
		left -= length
		if size := int(symbol & 15); size > 0 {
			prediction += extend(int32(bits>>(64-size)), size)
			bits <<= size & 63
			left -= size
		}
	}
	b[0] = int16(prediction)

	last, k := uint(0), uint(1)
	for k < 64 {
		if left < 32 {
			bits |= binary.BigEndian.Uint64(buffer[next:]) >> (left & 63)
			next += (63 - left) >> 3
			left |= 56
		}
		entry := ac.fast[bits>>(64-fastBits)]
		if entry&hasValue != 0 {
			bits <<= entry & 63
			left -= int(entry & 63)
			k += uint(entry >> 8 & 31)
			b[natural[k&127]&63] = int16(entry >> 16)
			last = k
			k++
			continue
		}
		symbol, length := ac.find(bits)
		bits <<= length & 63
		left -= length
		run, size := uint(symbol>>4), int(symbol&15)
		if size == 0 {
			if run != 15 {
				break
			}
			k += 16
			continue
		}
		k += run
		b[natural[k&127]&63] = int16(extend(int32(bits>>(64-size)), size))
		bits <<= size & 63
		left -= size
		last = k
		k++
	}
	r.bits, r.next, r.left = bits, next, left
	return prediction, int(min(last, 63))
}
