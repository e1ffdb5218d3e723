package check

import (
	"image"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"
)

// near finds the hashes that comparing all with all finds.
func TestIndex(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var hashes []uint64
	for range 300 {
		h := r.Uint64()
		hashes = append(hashes, h)
		for range r.IntN(6) { // neighbours at distances around the limit
			v := h
			for range r.IntN(10) {
				v ^= 1 << r.IntN(64)
			}
			if !slices.Contains(hashes, v) {
				hashes = append(hashes, v)
			}
		}
	}
	r.Shuffle(len(hashes), func(i, j int) { hashes[i], hashes[j] = hashes[j], hashes[i] })
	x := newIndex(hashes)
	pairs := 0
	for i, h := range hashes {
		var want, got []int
		for j := range i {
			if bits.OnesCount64(h^hashes[j]) <= HashDistance {
				want = append(want, j)
			}
		}
		if !x.near(i, func(j int) { got = append(got, j) }) {
			t.Error("too many candidates")
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("hash %d: got %v, want %v", i, got, want)
		}
		pairs += len(want)
	}
	if pairs < 300 {
		t.Errorf("only %d pairs", pairs)
	}
}

// Very many similar hashes end in a bounded time, and it is said.
func TestIndexIsBounded(t *testing.T) {
	hashes := make([]uint64, maxCandidates+2)
	for i := range hashes {
		hashes[i] = uint64(i) // the three upper parts are equal
	}
	x := newIndex(hashes)
	if x.near(len(hashes)-1, func(int) {}) {
		t.Error("all were compared")
	}
	if !x.near(maxCandidates/8, func(int) {}) {
		t.Error("an eighth of maxCandidates is too many")
	}
}

func TestPHash(t *testing.T) {
	p := image.NewGray(image.Rect(0, 0, 64, 64))
	for i := range p.Pix {
		p.Pix[i] = uint8(i%64*2 + i/64)
	}
	h := PHash(p)
	if n := bits.OnesCount64(h); n < 16 || n > 32 || h>>63 != 1 {
		t.Errorf("%064b", h)
	}
	double := image.NewGray(image.Rect(0, 0, 128, 128))
	for i := range double.Pix {
		double.Pix[i] = p.Pix[i/256*64+i%128/2]
	}
	if got := PHash(double); got != h {
		t.Errorf("twice the size: %016x, want %016x", got, h)
	}
}
