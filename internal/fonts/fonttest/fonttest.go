// Package fonttest makes small TrueType fonts for tests: each character is a square.
package fonttest

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/strideml/stride/internal/fonts"
)

// Install makes a folder with the given files the only one where fonts are looked for,
// until the test ends, and returns it.
func Install(t testing.TB, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	before := fonts.Folders
	fonts.Folders = func() []string { return []string{dir} }
	t.Cleanup(func() { fonts.Folders = before })
	return dir
}

// A Font is what is in a font.
type Font struct {
	Family string
	Runes  string // the characters that it has; each is a square of 800 units of 1000
	Blank  string // characters that it maps to a glyph without an outline
	Odd    bool   // its tables begin at odd offsets
}

// TrueType returns the font as a file.
func TrueType(f Font) []byte { return build(f, 0) }

// Collection returns a collection of fonts.
func Collection(list ...Font) []byte {
	out := append([]byte("ttcf"), u32(1<<16, uint32(len(list)))...)
	at := len(out) + 4*len(list)
	var bodies []byte
	for _, f := range list {
		out = append(out, u32(uint32(at+len(bodies)))...)
		bodies = append(bodies, build(f, at+len(bodies))...)
	}
	return append(out, bodies...)
}

func u16(values ...int) (b []byte) {
	for _, v := range values {
		b = binary.BigEndian.AppendUint16(b, uint16(v))
	}
	return b
}

func u32(values ...uint32) (b []byte) {
	for _, v := range values {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return b
}

// build makes a font that begins at an offset of its file.
func build(f Font, start int) []byte {
	square := slices.Concat(u16(1, 100, 0, 900, 800, 3, 0), []byte{1, 1, 1, 1},
		u16(100, 800, 0, -800), u16(0, 0, 800, 0)) // flags: on the curve; x and y deltas
	square = append(square, make([]byte, -len(square)&3)...)
	size := uint32(len(square))
	// Glyph 0 is for missing characters, 1 the square, 2 empty.
	tables := map[string][]byte{
		"cmap": cmap(f),
		"glyf": append(slices.Clone(square), square...),
		"head": slices.Concat(u32(1<<16, 1<<16, 0, 0x5F0F3CF5), u16(0, 1000), make([]byte, 16), u16(0, 0, 1000, 1000, 0, 8, 2, 1, 0)),
		"hhea": slices.Concat(u32(1<<16), u16(900, -200, 0, 1000, 0, 0, 1000, 1, 0, 0, 0, 0, 0, 0, 0, 3)),
		"hmtx": u16(1000, 0, 1000, 0, 1000, 0),
		"loca": u32(0, size, 2*size, 2*size),
		"maxp": slices.Concat(u32(1<<16), u16(3), make([]byte, 26)),
		"name": slices.Concat(u16(0, 1, 18, 3, 1, 0x409, 1, 2*len(f.Family), 0), utf16(f.Family)),
		"post": slices.Concat(u32(3<<16), make([]byte, 28)),
	}
	tags := []string{"cmap", "glyf", "head", "hhea", "hmtx", "loca", "maxp", "name", "post"}
	out := append(u32(1<<16), u16(len(tags), 0, 0, 0)...)
	at := start + len(out) + 16*len(tags)
	var bodies []byte
	for _, tag := range tags {
		if f.Odd {
			bodies = append(bodies, 0)
		}
		body := tables[tag]
		out = append(append(out, tag...), u32(0, uint32(at+len(bodies)), uint32(len(body)))...)
		bodies = append(bodies, body...)
		bodies = append(bodies, make([]byte, -len(bodies)&3)...)
	}
	return append(out, bodies...)
}

func utf16(s string) (b []byte) {
	for _, r := range s {
		b = append(b, u16(int(r))...)
	}
	return b
}

// cmap is a table in format 12: ranges of characters.
func cmap(f Font) []byte {
	glyphs := map[rune]uint32{}
	for _, r := range f.Runes {
		glyphs[r] = 1
	}
	for _, r := range f.Blank {
		glyphs[r] = 2
	}
	var runes []rune
	for r := range glyphs {
		runes = append(runes, r)
	}
	slices.Sort(runes)
	out := append(u16(0, 1, 3, 10), u32(12)...)
	out = append(out, u16(12, 0)...)
	out = append(out, u32(uint32(16+12*len(runes)), 0, uint32(len(runes)))...)
	for _, r := range runes {
		out = append(out, u32(uint32(r), uint32(r), glyphs[r])...)
	}
	return out
}
