package main

import "testing"

// TestVEX holds the encoding against those of the GNU assembler 2.40, {vex} vpdpbusd.
func TestVEX(t *testing.T) {
	for _, c := range []struct {
		w, a, sum int
		want      [5]byte
	}{
		{5, 1, 2, [5]byte{0xc4, 0xe2, 0x75, 0x50, 0xd5}},
		{0, 0, 0, [5]byte{0xc4, 0xe2, 0x7d, 0x50, 0xc0}},
		{15, 14, 13, [5]byte{0xc4, 0x42, 0x0d, 0x50, 0xef}},
		{8, 7, 9, [5]byte{0xc4, 0x42, 0x45, 0x50, 0xc8}},
		{3, 12, 8, [5]byte{0xc4, 0x62, 0x1d, 0x50, 0xc3}},
	} {
		if got := vexDot(c.w, c.a, c.sum); got != c.want {
			t.Errorf("vpdpbusd ymm%d, ymm%d, ymm%d is encoded as %x, want %x", c.w, c.a, c.sum, got, c.want)
		}
	}
}
