package kernel

import "testing"

func TestChoose(t *testing.T) {
	for _, tc := range []struct {
		want string
		have bool
		avx2 bool
		ok   bool
	}{
		{"", true, true, true},
		{"", false, false, true},
		{ISAGeneric, true, false, true},
		{ISAGeneric, false, false, true},
		{ISAAVX2, true, true, true},
		{ISAAVX2, false, false, false},
		{"sse9", true, true, false},
		{"sse9", false, false, false},
	} {
		avx2, err := choose(tc.want, tc.have)
		if avx2 != tc.avx2 || (err == nil) != tc.ok {
			t.Errorf("choose(%q, %v) = %v, %v; want %v, ok %v", tc.want, tc.have, avx2, err, tc.avx2, tc.ok)
		}
	}
}

func TestSetISA(t *testing.T) {
	before := ISA()
	restore, err := SetISA(ISAGeneric)
	if err != nil {
		t.Fatal(err)
	}
	if ISA() != ISAGeneric {
		t.Errorf("after SetISA(%q), ISA() = %q", ISAGeneric, ISA())
	}
	restore()
	if ISA() != before {
		t.Errorf("after restore, ISA() = %q, want %q", ISA(), before)
	}
	for _, name := range []string{"", "sse9"} {
		if _, err := SetISA(name); err == nil {
			t.Errorf("SetISA(%q): no error", name)
		}
	}
	if ISA() != before {
		t.Errorf("after failed calls, ISA() = %q, want %q", ISA(), before)
	}
}

func TestPeakFMA(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		// All chains tend to 1 + 1/2 + 1/4 + … = 2.
		switch got := PeakFMA(1000); got {
		case 2 * 12, 2 * 8:
		default:
			t.Errorf("PeakFMA(1000) = %v, want the sum of all chains, 2 each", got)
		}
	})
}
