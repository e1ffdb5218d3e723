package kernel

import (
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
	"unsafe"
)

// guarded copies x to memory that ends where an unreadable page begins, so that a
// kernel that reads or writes beyond the end crashes the test.
func guarded[T any](t *testing.T, x []T) []T {
	t.Helper()
	size := len(x) * int(unsafe.Sizeof(x[0]))
	page := syscall.Getpagesize()
	pages := (size + page - 1) / page * page
	memory, err := syscall.Mmap(-1, 0, pages+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatalf("mmap: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(memory); err != nil {
			t.Errorf("munmap: %v", err)
		}
	})
	if err := syscall.Mprotect(memory[pages:], syscall.PROT_NONE); err != nil {
		t.Fatalf("mprotect: %v", err)
	}
	copied := unsafe.Slice((*T)(unsafe.Pointer(&memory[pages-size])), len(x))
	copy(copied, x)
	return copied
}

// TestTileBounds runs Tile in memory that ends with the last valid element.
func TestTileBounds(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(11, 12))
		for _, nr := range []int{TileCols, NarrowCols} {
			for rows := 1; rows <= 2*NarrowRows; rows++ {
				tc := &tileCase{
					nr: nr, rows: rows, cols: 1 + r.IntN(nr), segs: 1 + r.IntN(3), run: 1 + r.IntN(9),
					bias: true, accumulate: rows%2 == 0, relu: rows%3 == 0,
				}
				tc.fill(r)
				want := tc.result()

				last := func(off []int32) int { return int(slices.Max(off)) }
				tc.a = guarded(t, tc.a[:last(tc.aOff)+last(tc.segOff)+tc.run])
				tc.b = guarded(t, tc.b)
				tc.biases = guarded(t, tc.biases)
				tc.aOff, tc.segOff, tc.cOff = guarded(t, tc.aOff), guarded(t, tc.segOff), guarded(t, tc.cOff)
				c := guarded(t, tc.c[:last(tc.cOff)+tc.cols])
				tc.call(c, 0, rows)
				if !slices.Equal(c, want[:len(c)]) {
					t.Fatalf("%v: another result at another place", tc)
				}
			}
		}
	})
}

// TestOuterBounds runs Outer with the 64 bytes after its operands that it may read,
// and none after its result.
func TestOuterBounds(t *testing.T) {
	const slack = 64 / 4
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(13, 14))
		for rows := 1; rows <= 2*NarrowRows; rows++ {
			for cols := 1; cols <= TileCols; cols++ {
				oc := &outerCase{rows: rows, cols: cols, k: 1 + r.IntN(9), b1: 8, ldc: cols, accumulate: rows%2 == 0}
				oc.fill(r)
				want := slices.Clone(oc.c)
				oc.call(want, 0, rows)

				k := oc.k
				oc.a = guarded(t, oc.a[:int(slices.Max(oc.aOff))+rows+slack])
				oc.b = guarded(t, oc.b[:int(slices.Max(oc.bOff))+cols+slack])
				oc.aOff, oc.bOff = guarded(t, oc.aOff[:k]), guarded(t, oc.bOff[:k])
				c := guarded(t, oc.c[:rows*cols])
				oc.call(c, 0, rows)
				if !slices.Equal(c, want[:len(c)]) {
					t.Fatalf("%v: another result at another place", oc)
				}
			}
		}
	})
}
