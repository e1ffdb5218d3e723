package imagefolder

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// divide moves a share of each class to validation.
func (f *found) divide(options Options) {
	f.splits[1] = map[string][]Item{}
	for label, items := range f.splits[0] {
		var keep, move []Item
		border := border(options.Validation)
		hashes := make([]uint64, len(items))
		for i, item := range items {
			hashes[i] = place(options.Seed, item.Path)
		}
		if len(items) > 1 { // either side has one
			border = max(border, slices.Min(hashes)+1)
			border = min(border, slices.Max(hashes))
		} else {
			border = 0
		}
		for i, item := range items {
			if hashes[i] < border {
				move = append(move, item)
			} else {
				keep = append(keep, item)
			}
		}
		f.splits[0][label] = keep
		if len(move) > 0 {
			f.splits[1][label] = move
		}
	}
}

// border is the share of all 63-bit numbers.
func border(share float64) uint64 { return uint64(share * (1 << 63)) }

// place is a picture's 63-bit number: pictures below the border are for validation.
// The path alone decides, with the seed: not the machine, not the other pictures.
func place(seed uint64, path string) uint64 {
	b := binary.LittleEndian.AppendUint64([]byte("stride/split/v1"), seed)
	sum := sha256.Sum256(append(b, path...))
	return binary.LittleEndian.Uint64(sum[:]) >> 1
}
