package exec

import "unsafe"

// A Buffer is memory for float32 elements.
type Buffer struct {
	// Size counts elements.
	Size int
	// Data is the memory. It is set before each run, that of constants and of
	// persistent buffers once. Outside of a run it may be stale.
	Data []float32
	// Arena buffers have their place in the memory that the programs of a device
	// share, with work.SlackFloats elements of slack after the end.
	Arena bool
	// Keep extends the lifetime to the end of a run.
	Keep bool
	// Persistent buffers keep their contents from run to run.
	Persistent bool
	// Alias is the buffer whose memory this one shares, if any.
	Alias *Buffer

	first, last int // see Lifetime
	offset      int // in the arena, in elements
}

// Root follows aliases to the buffer that has the memory.
func (b *Buffer) Root() *Buffer {
	for b.Alias != nil {
		b = b.Alias
	}
	return b
}

// Lifetime returns the indices of the first and the last step that use the buffer. last
// is the number of steps if the buffer is kept to the end.
func (b *Buffer) Lifetime() (first, last int) { return b.first, b.last }

// BytesOf returns the memory of elements as bytes.
func BytesOf(f []float32) []byte {
	if len(f) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&f[0])), 4*len(f))
}

// floatsOf returns memory as float32 elements.
func floatsOf(b []byte) []float32 {
	if len(b) == 0 {
		return nil
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&b[0])), len(b)/4)
}
