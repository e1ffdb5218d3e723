package cpu

import (
	"slices"
	"unsafe"

	"github.com/strideml/stride/engine/cpu/internal/work"
)

// A buffer is a place for the elements of one value.
type buffer struct {
	size int       // elements
	data []float32 // set when the program is finished, or at each run for inputs and variables

	arena bool // has its place in the arena, with slack after its end
	// Lifetime in the arena: indices of the first step that writes and the
	// last step that uses it. keep extends it to the end of the run.
	first, last int
	keep        bool
	offset      int

	// alias is the buffer whose memory this one shares, if any.
	alias *buffer
	// persistent buffers live as long as the program and are shared with
	// nobody: packed weights of programs that do not train.
	persistent bool
}

// root follows aliases to the buffer that has the memory.
func (b *buffer) root() *buffer {
	for b.alias != nil {
		b = b.alias
	}
	return b
}

// planArena gives each buffer an offset such that buffers whose lifetimes
// overlap do not overlap in memory, and returns the arena's size in elements.
// It places the largest buffers first, each at the lowest offset where it
// fits.
func planArena(buffers []*buffer, steps int) int {
	order := slices.Clone(buffers)
	for _, b := range order {
		if b.keep {
			b.last = steps
		}
	}
	slices.SortStableFunc(order, func(a, b *buffer) int { return b.size - a.size })
	var placed []*buffer // by offset
	total := 0
	for _, b := range order {
		need := work.RoundUp(b.size+work.SlackFloats, work.AlignFloats)
		at := 0
		for _, p := range placed {
			if p.last < b.first || b.last < p.first {
				continue
			}
			if at+need <= p.offset {
				break
			}
			at = max(at, p.offset+work.RoundUp(p.size+work.SlackFloats, work.AlignFloats))
		}
		b.offset = at
		total = max(total, at+need)
		i, _ := slices.BinarySearchFunc(placed, b, func(p, b *buffer) int { return p.offset - b.offset })
		placed = slices.Insert(placed, i, b)
	}
	return total
}

// bytesOf reinterprets elements as memory.
func bytesOf(f []float32) []byte {
	if len(f) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&f[0])), 4*len(f))
}

// floatsOf reinterprets memory as float32 elements.
func floatsOf(b []byte) []float32 {
	if len(b) == 0 {
		return nil
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&b[0])), len(b)/4)
}
