package jpeg

import "bytes"

// A huffmanTable decodes the symbols of one Huffman code. A symbol of a JPEG file
// is a run, the number of zeros before a coefficient, and the size in bits of the
// coefficient, which follows the code.
type huffmanTable struct {
	// fast has what the next fastBits bits begin with:
	//
	//	bits 0 to 15   the coefficient, or its size if apart is set
	//	bits 16 to 21  the length of code and coefficient, of the code if apart is set
	//	bits 24 to 28  the run and 1 for the coefficient
	//	bit 31         apart: the coefficient is not in the entry. It follows the code,
	//	               or there is none, which is of size 0
	//
	// Where the code is longer it is tooLong.
	fast [1 << fastBits]uint32
	// limit has, for each length of code, the first 16 bits at which codes are
	// longer; the one of 17 is beyond all.
	limit [18]uint32
	// offset added to a code of a length gives its place in symbols.
	offset  [18]int32
	symbols [256]uint8
	// The file's definition, and whether fast, limit and offset were made of it.
	counts  [16]uint8
	defined bool
	built   bool
}

const (
	fastBits = 10
	apart    = 1 << 31
	tooLong  = apart
)

// define sets the code: counts of codes of each length from 1 on, and their
// symbols. The tables are made when a scan uses it, unless they are those of the
// file before.
func (t *huffmanTable) define(counts []uint8, symbols []uint8) {
	if t.built && bytes.Equal(t.counts[:], counts) && bytes.Equal(t.symbols[:len(symbols)], symbols) {
		t.defined = true
		return
	}
	copy(t.counts[:], counts)
	clear(t.symbols[copy(t.symbols[:], symbols):])
	t.defined, t.built = true, false
}

// build makes the tables. dc says that the symbols are sizes of DC differences,
// which have at most 15 bits.
func (t *huffmanTable) build(dc bool) error {
	if !t.defined {
		return FormatError("a scan uses a Huffman table that is not defined")
	}
	if dc {
		total := 0
		for _, n := range t.counts {
			total += int(n)
		}
		for _, symbol := range t.symbols[:min(total, 256)] {
			if symbol > 15 {
				return FormatError("a Huffman table has a DC difference of more than 15 bits")
			}
		}
	}
	if t.built {
		return nil
	}
	for i := range t.fast {
		t.fast[i] = tooLong
	}
	code, at := uint32(0), 0
	for i, count := range t.counts {
		length := i + 1
		n := int(count)
		if at+n > 256 || n > 0 && code+uint32(n) >= 1<<length {
			return FormatError("a Huffman table has more codes than fit")
		}
		t.offset[length] = int32(at) - int32(code)
		for range n {
			if length <= fastBits {
				t.fill(code, length, t.symbols[at])
			}
			code++
			at++
		}
		t.limit[length] = code << (16 - length)
		code <<= 1
	}
	t.limit[17] = 1 << 16
	t.built = true
	return nil
}

// fill sets the entries of fast that begin with a code.
func (t *huffmanTable) fill(code uint32, length int, symbol uint8) {
	size := int(symbol & 15)
	entries := t.fast[code<<(fastBits-length):][:1<<(fastBits-length)]
	if size == 0 || length+size > fastBits {
		for i := range entries {
			entries[i] = entryApart(length, symbol)
		}
		return
	}
	entry := uint32(length+size)<<16 | uint32(symbol>>4+1)<<24
	each := 1 << (fastBits - length - size) // entries of a coefficient
	for i := 0; i < len(entries); i += each {
		value := extend(int32(i/each), size)
		for j := i; j < i+each; j++ {
			entries[j] = entry | uint32(uint16(value))
		}
	}
}

func entryApart(length int, symbol uint8) uint32 {
	return apart | uint32(symbol&15) | uint32(length)<<16 | uint32(symbol>>4+1)<<24
}

// long returns the entry, as in fast, of a code that is longer than fastBits.
//
//go:noinline
func (t *huffmanTable) long(bits uint64) uint32 {
	symbol, length := t.find(bits)
	return entryApart(length, symbol)
}

// extend is the number that so many bits stand for (T.81, F.12): the lower half of
// the codes is negative.
func extend(bits int32, size int) int32 {
	if bits < 1<<(size-1) {
		return bits - 1<<size + 1
	}
	return bits
}

// standardTables define the tables that files without any mean: those of T.81,
// K.3, as counts and symbols.
var standardTables = [2][2]struct{ counts, symbols string }{{ // DC, of luma and chroma
	{"\x00\x01\x05\x01\x01\x01\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00", "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b"},
	{"\x00\x03\x01\x01\x01\x01\x01\x01\x01\x01\x01\x00\x00\x00\x00\x00", "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b"},
}, { // AC
	{"\x00\x02\x01\x03\x03\x02\x04\x03\x05\x05\x04\x04\x00\x00\x01\x7d", "" +
		"\x01\x02\x03\x00\x04\x11\x05\x12\x21\x31\x41\x06\x13\x51\x61\x07\x22\x71\x14\x32\x81\x91\xa1\x08\x23\x42\xb1" +
		"\xc1\x15\x52\xd1\xf0\x24\x33\x62\x72\x82\x09\x0a\x16\x17\x18\x19\x1a\x25\x26\x27\x28\x29\x2a\x34\x35\x36\x37" +
		"\x38\x39\x3a\x43\x44\x45\x46\x47\x48\x49\x4a\x53\x54\x55\x56\x57\x58\x59\x5a\x63\x64\x65\x66\x67\x68\x69\x6a" +
		"\x73\x74\x75\x76\x77\x78\x79\x7a\x83\x84\x85\x86\x87\x88\x89\x8a\x92\x93\x94\x95\x96\x97\x98\x99\x9a\xa2\xa3" +
		"\xa4\xa5\xa6\xa7\xa8\xa9\xaa\xb2\xb3\xb4\xb5\xb6\xb7\xb8\xb9\xba\xc2\xc3\xc4\xc5\xc6\xc7\xc8\xc9\xca\xd2\xd3" +
		"\xd4\xd5\xd6\xd7\xd8\xd9\xda\xe1\xe2\xe3\xe4\xe5\xe6\xe7\xe8\xe9\xea\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9\xfa"},
	{"\x00\x02\x01\x02\x04\x04\x03\x04\x07\x05\x04\x04\x00\x01\x02\x77", "" +
		"\x00\x01\x02\x03\x11\x04\x05\x21\x31\x06\x12\x41\x51\x07\x61\x71\x13\x22\x32\x81\x08\x14\x42\x91\xa1\xb1\xc1" +
		"\x09\x23\x33\x52\xf0\x15\x62\x72\xd1\x0a\x16\x24\x34\xe1\x25\xf1\x17\x18\x19\x1a\x26\x27\x28\x29\x2a\x35\x36" +
		"\x37\x38\x39\x3a\x43\x44\x45\x46\x47\x48\x49\x4a\x53\x54\x55\x56\x57\x58\x59\x5a\x63\x64\x65\x66\x67\x68\x69" +
		"\x6a\x73\x74\x75\x76\x77\x78\x79\x7a\x82\x83\x84\x85\x86\x87\x88\x89\x8a\x92\x93\x94\x95\x96\x97\x98\x99\x9a" +
		"\xa2\xa3\xa4\xa5\xa6\xa7\xa8\xa9\xaa\xb2\xb3\xb4\xb5\xb6\xb7\xb8\xb9\xba\xc2\xc3\xc4\xc5\xc6\xc7\xc8\xc9\xca" +
		"\xd2\xd3\xd4\xd5\xd6\xd7\xd8\xd9\xda\xe2\xe3\xe4\xe5\xe6\xe7\xe8\xe9\xea\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9\xfa"},
}}
