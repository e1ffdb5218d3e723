package fonts

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"unicode"

	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// has reports whether a font has an outline for a character, or is known to draw
// nothing for it, as for a space. Fonts of pictures, as most of emoji are, have none.
func has(f *sfnt.Font, b *sfnt.Buffer, r rune) bool {
	glyph, err := f.GlyphIndex(b, r)
	if err != nil || glyph == 0 {
		return false
	}
	outline, err := f.LoadGlyph(b, glyph, fixed.I(16), nil)
	return err == nil && (len(outline) > 0 || unicode.Is(unicode.Zs, r))
}

// A file is a font file that is open: CJK fonts have 20 MB and more, of which little
// is needed. Fonts in use keep it open; the garbage collector closes it after them.
type file struct {
	*os.File
	fonts []*sfnt.Font
}

// openFile reads a TrueType or OpenType font or collection.
func openFile(path string) (f *file, err error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = in.Close() // nothing was written
		}
	}()
	info, err := in.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	collection, err := sfnt.ParseCollectionReaderAt(in)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read as a TrueType or OpenType font or collection: %w", path, err)
	}
	f = &file{File: in}
	damaged := errors.New("it is empty")
	for i := range collection.NumFonts() {
		one, err := collection.Font(i)
		if err != nil {
			one, err = aligned(in, i)
		}
		if err != nil {
			damaged = err
			continue
		}
		f.fonts = append(f.fonts, one)
	}
	if len(f.fonts) == 0 {
		return nil, fmt.Errorf("%s has no font that can be read: %w", path, damaged)
	}
	return f, nil
}

// bestOf returns the font of a collection that has most of the characters. Among equals
// it is the one for the texts' language: Chinese, Japanese and Korean write the same
// character in different ways, and a collection has a font for each.
func bestOf(fonts []*sfnt.Font, runes []rune) (best *sfnt.Font, covered int) {
	var b sfnt.Buffer
	language, most := languageOf(runes), -1
	for _, f := range fonts {
		n := 0
		for _, r := range runes {
			if has(f, &b, r) {
				n++
			}
		}
		score := 2 * n
		if name, err := f.Name(&b, sfnt.NameIDFamily); err == nil && strings.HasSuffix(name, " "+language) {
			score++
		}
		if score > most {
			best, covered, most = f, n, score
		}
	}
	return best, covered
}

// languageOf is the end of the names of fonts for the language of a text.
func languageOf(runes []rune) string {
	for _, r := range runes {
		switch {
		case unicode.In(r, unicode.Hiragana, unicode.Katakana):
			return "JP"
		case unicode.Is(unicode.Hangul, r):
			return "KR"
		}
	}
	return "SC"
}
