package exec

import (
	"math/rand/v2"
	"testing"
)

// Buffers whose lifetimes overlap have places that do not, with slack after the
// end, in no less memory than is needed at the peak.
func TestPlanArena(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 200 {
		steps := 1 + r.IntN(12)
		var buffers []*Buffer
		for range 1 + r.IntN(20) {
			size := 1 + r.IntN(500)
			if round%2 == 0 {
				size = 100
			}
			first := r.IntN(steps)
			buffers = append(buffers, &Buffer{Size: size, Keep: r.IntN(5) == 0, first: first, last: first + r.IntN(steps-first)})
		}
		total := planArena(buffers, steps)
		for i, a := range buffers {
			if a.Keep && a.last != steps {
				t.Fatalf("a buffer that is kept is needed until step %d of %d", a.last, steps)
			}
			if a.offset < 0 || a.offset+roomFor(a) > total {
				t.Fatalf("a buffer at %d of size %d reaches beyond %d", a.offset, a.Size, total)
			}
			for _, b := range buffers[:i] {
				if a.first <= b.last && b.first <= a.last && a.offset < b.offset+roomFor(b) && b.offset < a.offset+roomFor(a) {
					t.Fatalf("two buffers that are alive at once, of sizes %d and %d, are at %d and %d", a.Size, b.Size, a.offset, b.offset)
				}
			}
		}
		if peak := peakOf(buffers, steps); total < peak {
			t.Fatalf("%d floats for buffers of %d", total, peak)
		}
	}
}

// peakOf is the most that buffers need at once.
func peakOf(buffers []*Buffer, steps int) (peak int) {
	for i := range steps + 1 {
		live := 0
		for _, b := range buffers {
			if b.first <= i && i <= b.last {
				live += roomFor(b)
			}
		}
		peak = max(peak, live)
	}
	return peak
}

// A step writes over an argument that no later step uses, and over no other.
func TestShareInPlace(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(steps []Step, in, out *Buffer)
		shared bool
	}{
		{"in place", func([]Step, *Buffer, *Buffer) {}, true},
		{"a step that overwrites one argument", func(s []Step, in, _ *Buffer) { s[1].InPlace, s[1].Overwrites = false, in }, true},
		{"not in place", func(s []Step, _, _ *Buffer) { s[1].InPlace = false }, false},
		{"another argument is overwritten", func(s []Step, _, _ *Buffer) { s[1].Overwrites = &Buffer{Size: 8} }, false},
		{"read by the epilogue", func(s []Step, in, _ *Buffer) { s[1].LateReads = []*Buffer{in} }, false},
		{"read later", func(s []Step, in, _ *Buffer) { s[2].Reads = append(s[2].Reads, in) }, false},
		{"kept", func(_ []Step, in, _ *Buffer) { in.Keep = true }, false},
		{"persistent", func(_ []Step, in, _ *Buffer) { in.Persistent = true }, false},
		{"a persistent result", func(_ []Step, _, out *Buffer) { out.Persistent = true }, false},
		{"another size", func(_ []Step, in, _ *Buffer) { in.Size = 9 }, false},
		{"an input", func(_ []Step, in, _ *Buffer) { in.Arena = false }, false},
		{"written in parts", func(s []Step, _, out *Buffer) { s[0].Writes = append(s[0].Writes, out) }, false},
	} {
		in, out := &Buffer{Size: 8, Arena: true}, &Buffer{Size: 8, Arena: true}
		steps := []Step{
			{Writes: []*Buffer{in}},
			{Reads: []*Buffer{in}, Writes: []*Buffer{out}, InPlace: true},
			{Reads: []*Buffer{out}},
		}
		c.change(steps, in, out)
		setLifetimes(steps, []*Buffer{in, out})
		shareInPlace(steps)
		if shared := out.Alias == in; shared != c.shared {
			t.Errorf("%s: shared %v, want %v", c.name, shared, c.shared)
		}
		if c.shared && in.last != 2 {
			t.Errorf("%s: the shared memory is needed until step %d, want 2", c.name, in.last)
		}
	}
}
