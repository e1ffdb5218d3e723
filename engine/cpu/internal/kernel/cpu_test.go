package kernel

import (
	"slices"
	"testing"
)

func TestChoose(t *testing.T) {
	zen4 := []string{ISAAVX512, ISAAVX2, ISAGeneric}
	amd64, arm64, other := []string{ISAAVX2, ISAGeneric}, []string{ISANEON, ISAGeneric}, []string{ISAGeneric}
	for _, tc := range []struct {
		want      string
		available []string
		isa       string
		ok        bool
	}{
		{"", amd64, ISAAVX2, true},
		{"", arm64, ISANEON, true},
		{"", other, ISAGeneric, true},
		{ISAGeneric, amd64, ISAGeneric, true},
		{ISAGeneric, arm64, ISAGeneric, true},
		{ISAGeneric, other, ISAGeneric, true},
		{ISAAVX2, amd64, ISAAVX2, true},
		{ISAAVX2, arm64, ISAGeneric, false},
		{ISAAVX2, other, ISAGeneric, false},
		{ISANEON, amd64, ISAGeneric, false},
		{ISANEON, arm64, ISANEON, true},
		{"", zen4, ISAAVX512, true},
		{ISAAVX2, zen4, ISAAVX2, true},
		{ISAAVX512, zen4, ISAAVX512, true},
		{ISAAVX512, amd64, ISAGeneric, false},
		{ISAAVX512, arm64, ISAGeneric, false},
		{"sse9", amd64, ISAAVX2, false},
		{"sse9", arm64, ISANEON, false},
		{"sse9", other, ISAGeneric, false},
	} {
		isa, err := choose(tc.want, tc.available)
		if isa != tc.isa || (err == nil) != tc.ok {
			t.Errorf("choose(%q, %q) = %v, %v; want %v, ok %v", tc.want, tc.available, isa, err, tc.isa, tc.ok)
		}
	}
}

// TestAvailable checks that each instruction set of this CPU can be chosen, and no
// other.
func TestAvailable(t *testing.T) {
	for _, name := range []string{ISAGeneric, ISAAVX2, ISAAVX512, ISANEON} {
		restore, err := SetISA(name)
		if (err == nil) != slices.Contains(available(), name) {
			t.Errorf("SetISA(%q): %v, available are %q", name, err, available())
		}
		if err != nil {
			continue
		}
		if ISA() != name {
			t.Errorf("after SetISA(%q), ISA() = %q", name, ISA())
		}
		restore()
	}
	if haveNEON && available()[0] != ISANEON {
		t.Errorf("available instruction sets are %q, but arm64 always has NEON", available())
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
		// All chains tend to 1 + 1/2 + 1/4 + … = 2, but NEON's, which count.
		want := map[string]float32{ISAAVX2: 2 * 12, ISAAVX512: 2 * 12, ISANEON: 1000 * 24, ISAGeneric: 2 * 8}[ISA()]
		if got := PeakFMA(1000); got != want {
			t.Errorf("PeakFMA(1000) = %v, want the sum of all chains, %v", got, want)
		}
	})
}
