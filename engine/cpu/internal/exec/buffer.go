package exec

import "unsafe"

// A Buffer is a place for float32 elements.
type Buffer struct {
	// Size counts elements.
	Size int
	// Data is set when the program is made, or at each run for inputs and
	// variables.
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

	// Lifetime: indices of the first step that writes and the last step that
	// uses the buffer.
	first, last int
	offset      int
}

// Root follows aliases to the buffer that has the memory.
func (b *Buffer) Root() *Buffer {
	for b.Alias != nil {
		b = b.Alias
	}
	return b
}

// Lifetime returns the first step that writes the buffer and the last that uses
// it; the number of steps if it is kept to the end.
func (b *Buffer) Lifetime() (first, last int) { return b.first, b.last }

// BytesOf reinterprets elements as memory.
func BytesOf(f []float32) []byte {
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
