package isa

import (
	"slices"
	"testing"
)

func TestChoose(t *testing.T) {
	zen4 := []string{AVX512, AVX2, Generic}
	amd64, arm64, other := []string{AVX2, Generic}, []string{NEON, Generic}, []string{Generic}
	for _, tc := range []struct {
		want      string
		available []string
		isa       string
		ok        bool
	}{
		{"", amd64, AVX2, true},
		{"", arm64, NEON, true},
		{"", other, Generic, true},
		{Generic, amd64, Generic, true},
		{Generic, arm64, Generic, true},
		{Generic, other, Generic, true},
		{AVX2, amd64, AVX2, true},
		{AVX2, arm64, Generic, false},
		{AVX2, other, Generic, false},
		{NEON, amd64, Generic, false},
		{NEON, arm64, NEON, true},
		{"", zen4, AVX512, true},
		{AVX2, zen4, AVX2, true},
		{AVX512, zen4, AVX512, true},
		{AVX512, amd64, Generic, false},
		{AVX512, arm64, Generic, false},
		{"sse9", amd64, AVX2, false},
		{"sse9", arm64, NEON, false},
		{"sse9", other, Generic, false},
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
	for _, name := range []string{Generic, AVX2, AVX512, NEON} {
		restore, err := Set(name)
		if (err == nil) != slices.Contains(Available(), name) {
			t.Errorf("Set(%q): %v, available are %q", name, err, Available())
		}
		if err != nil {
			continue
		}
		if Current() != name {
			t.Errorf("after Set(%q), Current() = %q", name, Current())
		}
		restore()
	}
	if HaveNEON && Available()[0] != NEON {
		t.Errorf("available instruction sets are %q, but arm64 always has NEON", Available())
	}
}

func TestSetISA(t *testing.T) {
	before := Current()
	restore, err := Set(Generic)
	if err != nil {
		t.Fatal(err)
	}
	if Current() != Generic {
		t.Errorf("after Set(%q), Current() = %q", Generic, Current())
	}
	restore()
	if Current() != before {
		t.Errorf("after restore, Current() = %q, want %q", Current(), before)
	}
	for _, name := range []string{"", "sse9"} {
		if _, err := Set(name); err == nil {
			t.Errorf("Set(%q): no error", name)
		}
	}
	if Current() != before {
		t.Errorf("after failed calls, Current() = %q, want %q", Current(), before)
	}
}
