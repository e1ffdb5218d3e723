// Package inflate decompresses DEFLATE data (RFC 1951) that is in memory, into
// memory of a known size, about twice as fast as compress/flate, which must read
// from a stream byte by byte. Loading a dataset waits for one large gzip file,
// and one stream can only be decompressed by one core: hence this package.
//
// It says only whether all went well. Who wants to know what is wrong with a
// file runs compress/gzip over it, as package idx does. Some streams of odd but
// permitted make (incomplete codes) are refused too.
package inflate

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math/bits"
)

// ErrRefused is returned for data that is damaged, too long, too short or of odd make.
var ErrRefused = errors.New("not good DEFLATE data of the expected size")

const (
	primary   = 10 // bits that index a table; longer codes continue in a subtable
	secondary = 15 - primary
	// A subtable has two of 288 symbols at least.
	tableSize = 1<<primary + 288/2<<secondary
)

// An entry of a table says what a code means:
//
//	bits 0–4	bits of the code (in a subtable: all of them)
//	bits 5–8	extra bits after it
//	bits 9–11	kind
//	bits 16–31	literal, base of a length or distance, or start of a subtable
type entry uint32

const (
	literal  = 0 << 9
	base     = 1 << 9
	endBlock = 2 << 9
	subtable = 3 << 9
	invalid  = 4 << 9
	kindMask = 7 << 9
)

func (e entry) codeBits() uint  { return uint(e & 31) }
func (e entry) extraBits() uint { return uint(e >> 5 & 15) }
func (e entry) value() int      { return int(e >> 16) }

type table [tableSize]entry

// Symbols of the three alphabets, as entries that lack the number of code bits.
var (
	lengthSymbols   [288]entry
	distanceSymbols [32]entry
	plainSymbols    [19]entry
)

// fixedLengths are the code lengths of blocks that bring none.
var fixedLengths [288 + 32]uint8

// order is the order in which code lengths of code lengths are stored.
var order = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

func init() {
	for i := range lengthSymbols {
		lengthSymbols[i] = literal | entry(i)<<16
	}
	lengthSymbols[256] = endBlock
	length := 3
	for i := 257; i < 285; i++ {
		extra := max((i-261)/4, 0)
		lengthSymbols[i] = base | entry(extra)<<5 | entry(length)<<16
		length += 1 << extra
	}
	lengthSymbols[285] = base | 258<<16
	lengthSymbols[286], lengthSymbols[287] = invalid, invalid
	distance := 1
	for i := range 30 {
		extra := max((i-2)/2, 0)
		distanceSymbols[i] = base | entry(extra)<<5 | entry(distance)<<16
		distance += 1 << extra
	}
	distanceSymbols[30], distanceSymbols[31] = invalid, invalid
	for i := range plainSymbols {
		plainSymbols[i] = literal | entry(i)<<16
	}
	for i := range fixedLengths {
		switch {
		case i < 144:
			fixedLengths[i] = 8
		case i < 256:
			fixedLengths[i] = 9
		case i < 280:
			fixedLengths[i] = 7
		case i < 288:
			fixedLengths[i] = 8
		default:
			fixedLengths[i] = 5
		}
	}
}

// build fills a table for the canonical code with the given lengths. It reports
// whether they make a complete code, or one of a single symbol and bit.
func (t *table) build(lengths []uint8, symbols []entry) bool {
	var count [16]int
	for _, n := range lengths {
		count[n]++
	}
	var next [16]uint32
	code, left := uint32(0), 1
	for n := 1; n < 16; n++ {
		code <<= 1
		next[n] = code
		code += uint32(count[n])
		if left = left<<1 - count[n]; left < 0 {
			return false
		}
	}
	if used := len(lengths) - count[0]; left > 0 {
		if used > 1 || used == 1 && count[1] != 1 {
			return false
		}
		for i := range t[:1<<primary] {
			t[i] = invalid
		}
	}
	free := 1 << primary
	var last uint32 // prefix of the newest subtable, plus one
	for n := 1; n < 16; n++ {
		if count[n] == 0 {
			continue
		}
		for symbol, length := range lengths {
			if int(length) != n {
				continue
			}
			reversed := bits.Reverse32(next[n]) >> (32 - n)
			next[n]++
			e := symbols[symbol] | entry(n)
			if n <= primary {
				for i := int(reversed); i < 1<<primary; i += 1 << n {
					t[i] = e
				}
				continue
			}
			prefix := reversed & (1<<primary - 1)
			if last != prefix+1 { // codes come in order, so those of a prefix are neighbours
				last = prefix + 1
				t[prefix] = subtable | entry(free)<<16
				free += 1 << secondary
			}
			start := t[prefix].value()
			for i := int(reversed >> primary); i < 1<<secondary; i += 1 << (n - primary) {
				t[start+i] = e
			}
		}
	}
	return true
}

// lookup returns the entry for the code at the low end of buffer.
func (t *table) lookup(buffer uint64) entry {
	e := t[buffer&(1<<primary-1)]
	if e&kindMask == subtable {
		e = t[(e.value()+int(buffer>>primary&(1<<secondary-1)))%tableSize]
	}
	return e
}

// A decoder is the state of one stream.
type decoder struct {
	src, dst  []byte
	in, out   int
	buffer    uint64 // bits that were read and not used, lowest first
	have      int    // how many; negative when more were used than there are
	lengths   table
	distances table
}

// refill reads until there are at least 56 bits, or the source ends.
func (d *decoder) refill() {
	d.in, d.buffer, d.have = refill(d.src, d.in, d.buffer, d.have)
}

// refill reads a byte at a time until there are at least 56 bits, or the source ends.
func refill(src []byte, in int, buffer uint64, have int) (int, uint64, int) {
	for have >= 0 && have < 56 && in < len(src) {
		buffer |= uint64(src[in]) << have
		in++
		have += 8
	}
	return in, buffer, have
}

// take returns the next n ≤ 16 bits.
func (d *decoder) take(n uint) int {
	if d.have < int(n) {
		d.refill()
	}
	v := d.buffer & (1<<n - 1)
	d.buffer >>= n
	d.have -= int(n)
	return int(v)
}

// Inflate decompresses src, one DEFLATE stream, to exactly fill dst. It returns
// how many bytes of src the stream has.
func Inflate(dst, src []byte) (used int, err error) {
	d := &decoder{src: src, dst: dst}
	for final := false; !final; {
		final = d.take(1) == 1
		ok := false
		switch d.take(2) {
		case 0:
			ok = d.stored()
		case 1:
			ok = d.lengths.build(fixedLengths[:288], lengthSymbols[:]) &&
				d.distances.build(fixedLengths[288:], distanceSymbols[:]) && d.compressed()
		case 2:
			ok = d.readTables() && d.compressed()
		}
		if !ok || d.have < 0 {
			return 0, ErrRefused
		}
	}
	if d.out != len(dst) {
		return 0, ErrRefused
	}
	return d.in - d.have/8, nil
}

// stored copies a block that is not compressed.
func (d *decoder) stored() bool {
	d.take(uint(d.have & 7))
	length, check := d.take(16), d.take(16)
	if d.have < 0 || length != ^check&0xffff {
		return false
	}
	d.in -= d.have / 8 // give back whole bytes
	d.buffer, d.have = 0, 0
	if length > len(d.src)-d.in || length > len(d.dst)-d.out {
		return false
	}
	copy(d.dst[d.out:], d.src[d.in:d.in+length])
	d.in, d.out = d.in+length, d.out+length
	return true
}

// readTables reads the code lengths that a block brings.
func (d *decoder) readTables() bool {
	literals, distances, codes := d.take(5)+257, d.take(5)+1, d.take(4)+4
	if literals > 286 || distances > 30 {
		return false
	}
	var lengths [286 + 30]uint8
	var codeLengths [19]uint8
	for _, symbol := range order[:codes] {
		codeLengths[symbol] = uint8(d.take(3))
	}
	// The table is free until the lengths are known.
	if !d.lengths.build(codeLengths[:], plainSymbols[:]) {
		return false
	}
	total := literals + distances
	for i := 0; i < total; {
		d.refill()
		e := d.lengths.lookup(d.buffer)
		d.take(e.codeBits())
		symbol, value, repeat := e.value(), uint8(0), 1
		switch {
		case e&kindMask == invalid || d.have < 0:
			return false
		case symbol < 16:
			value = uint8(symbol)
		case symbol == 16:
			if i == 0 {
				return false
			}
			value, repeat = lengths[i-1], 3+d.take(2)
		case symbol == 17:
			repeat = 3 + d.take(3)
		default:
			repeat = 11 + d.take(7)
		}
		if repeat > total-i {
			return false
		}
		for range repeat {
			lengths[i] = value
			i++
		}
	}
	return d.lengths.build(lengths[:literals], lengthSymbols[:]) &&
		d.distances.build(lengths[literals:total], distanceSymbols[:])
}

// compressed decodes symbols up to the end of the block. The decoder's state is
// kept in local variables, which the compiler holds in registers.
func (d *decoder) compressed() bool {
	src, dst, in, out, buffer, have := d.src, d.dst, d.in, d.out, d.buffer, d.have
	lengths, distances := &d.lengths, &d.distances
	for {
		// Eight bytes at once. Of them, have counts the whole ones that fit; the
		// bits above are those that the next refill puts there once more.
		if len(src)-in >= 8 {
			buffer |= binary.LittleEndian.Uint64(src[in:]) << (uint(have) & 63)
			in += (63 - have) >> 3
			have |= 56
		} else {
			in, buffer, have = refill(src, in, buffer, have)
		}
		// Three literals use at most 45 of the 56 bits.
		e := lengths.lookup(buffer)
		for tries := 0; e&kindMask == literal && tries < 3; tries++ {
			if out >= len(dst) {
				return false
			}
			dst[out] = byte(e >> 16)
			out++
			buffer >>= e & 31
			have -= int(e & 31)
			e = lengths.lookup(buffer)
		}
		if have < 0 {
			return false
		}
		if e&kindMask == literal {
			continue
		}
		// A length and a distance use up to 15 + 5 + 15 + 13 = 48 bits.
		if len(src)-in >= 8 {
			buffer |= binary.LittleEndian.Uint64(src[in:]) << (uint(have) & 63)
			in += (63 - have) >> 3
			have |= 56
		} else {
			in, buffer, have = refill(src, in, buffer, have)
			e = lengths.lookup(buffer) // there may have been too few bits to tell
			if e&kindMask == literal {
				continue
			}
		}
		buffer >>= e & 31
		have -= int(e & 31)
		if e&kindMask == endBlock {
			d.in, d.out, d.buffer, d.have = in, out, buffer, have
			return have >= 0
		}
		if e&kindMask != base {
			return false
		}
		length := e.value() + int(buffer&(1<<e.extraBits()-1))
		buffer >>= e.extraBits()
		have -= int(e.extraBits())
		e = distances.lookup(buffer)
		if e&kindMask != base {
			return false
		}
		buffer >>= e & 31
		distance := e.value() + int(buffer&(1<<e.extraBits()-1))
		buffer >>= e.extraBits()
		have -= int(e&31) + int(e.extraBits())
		if have < 0 || distance > out || length > len(dst)-out {
			return false
		}
		from, to := dst[out-distance:], dst[out:]
		switch {
		case distance >= 8 && len(to) >= length+8:
			for i := 0; i < length; i += 8 { // up to 7 bytes too many, written over later
				binary.LittleEndian.PutUint64(to[i:], binary.LittleEndian.Uint64(from[i:]))
			}
		case distance == 1:
			v, run := from[0], to[:length]
			for i := range run {
				run[i] = v
			}
		default:
			for i := range length {
				to[i] = from[i]
			}
		}
		out += length
	}
}

// Gunzip decompresses src, a gzip file (RFC 1952) of a single member, and
// compares the checksum. limit is the largest size of contents taken.
func Gunzip(src []byte, limit int) ([]byte, error) {
	const (
		header, trailer = 10, 8
		flagText        = 1 << 0
		flagName        = 1 << 3
		flagComment     = 1 << 4
	)
	if len(src) < header+trailer || src[0] != 0x1f || src[1] != 0x8b || src[2] != 8 {
		return nil, ErrRefused
	}
	flags, body := src[3], src[header:]
	if flags&^(flagText|flagName|flagComment) != 0 {
		return nil, ErrRefused
	}
	for _, flag := range []byte{flagName, flagComment} { // texts that end with a zero
		if flags&flag != 0 {
			_, after, found := bytes.Cut(body, []byte{0})
			if !found {
				return nil, ErrRefused
			}
			body = after
		}
	}
	end := src[len(src)-trailer:]
	size := uint64(binary.LittleEndian.Uint32(end[4:]))
	// DEFLATE cannot shrink anything further than 1032 to 1.
	if size > uint64(limit) || size > 1032*uint64(len(src)) {
		return nil, ErrRefused
	}
	dst := make([]byte, size)
	used, err := Inflate(dst, body)
	if err != nil {
		return nil, err
	}
	if used != len(body)-trailer || crc32.ChecksumIEEE(dst) != binary.LittleEndian.Uint32(end) {
		return nil, ErrRefused
	}
	return dst, nil
}
