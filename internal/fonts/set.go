package fonts

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/unicode/norm"
)

// A Set is fonts that together draw a text. It is safe for concurrent use.
type Set []*sfnt.Font

// Of returns the index of the first font that has a character, or −1.
func (s Set) Of(r rune) int {
	var b sfnt.Buffer
	return slices.IndexFunc(s, func(f *sfnt.Font) bool { return has(f, &b, r) })
}

// A Run is a part of a text that one font draws.
type Run struct {
	Text string
	Font int // its index in the Set; −1 if none has the characters
}

// Runs cuts a text into parts of one font each.
func (s Set) Runs(text string) (runs []Run) {
	for _, r := range text {
		font := s.Of(r)
		if n := len(runs); n > 0 && runs[n-1].Font == font {
			runs[n-1].Text += string(r)
			continue
		}
		runs = append(runs, Run{string(r), font})
	}
	return runs
}

// Normal returns a text with letters and their accents composed (Unicode's form C), as
// accents on their own would stand beside the letter. macOS has names of files
// decomposed.
func Normal(text string) string { return norm.NFC.String(text) }

// A MissingError says which characters of a text cannot be drawn.
type MissingError struct {
	Text    string
	Missing []rune // in the order of the text, each once
	reason  string
}

func (e *MissingError) Error() string {
	var names []string
	for _, r := range e.Missing[:min(len(e.Missing), 4)] {
		name := fmt.Sprintf("%U", r)
		if unicode.IsGraphic(r) && r != utf8.RuneError {
			name = fmt.Sprintf("%c (%U)", r, r)
		}
		names = append(names, name)
	}
	if more := len(e.Missing) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	list := names[0]
	if last := len(names) - 1; last > 0 {
		list = strings.Join(names[:last], ", ") + " and " + names[last]
	}
	return fmt.Sprintf("the text %q cannot be drawn: %s", e.Text, fmt.Sprintf(e.reason, list))
}

// scripts are those whose letters stand one after the other, from left to right.
var scripts = []*unicode.RangeTable{
	unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Armenian, unicode.Georgian,
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Bopomofo, unicode.Hangul, unicode.Common,
}

// simple reports whether a character is drawn by its glyph alone.
func simple(r rune) bool {
	jamo := r >= 0x1100 && r <= 0x11FF // parts of Hangul syllables
	return unicode.In(r, scripts...) && !jamo && !unicode.In(r, unicode.C, unicode.M) && r != utf8.RuneError
}

// Find returns the fonts of base and as many more as the texts need, which must be
// in the form of Normal. They come from the file, or, where that is "", from the
// system's folders of fonts. The error is a [MissingError] if characters are left, or
// that of the file.
func Find(base Set, file string, texts ...string) (Set, error) {
	if file == "" {
		return find(base, "", Folders(), texts)
	}
	return find(base, file, nil, texts)
}

func find(base Set, file string, folders []string, texts []string) (Set, error) {
	var wanted []rune
	for _, text := range texts {
		if odd := without(text, simple); len(odd) > 0 {
			return nil, &MissingError{text, odd, "%s: control characters, accents on their own, and scripts whose letters are joined or reordered, such as Arabic, are not drawn; use another text"}
		}
		for _, r := range without(text, func(r rune) bool { return base.Of(r) >= 0 }) {
			if !slices.Contains(wanted, r) {
				wanted = append(wanted, r)
			}
		}
	}
	if len(wanted) == 0 {
		return base, nil
	}
	set, reason := slices.Clone(base), ""
	if file != "" {
		f, err := load(file, wanted)
		if err != nil {
			return nil, err
		}
		set = append(set, f)
		reason = "the font " + strings.ReplaceAll(file, "%", "%%") + " has no %s; name a font that has"
	} else {
		set = search(set, wanted, folders)
		reason = "no font on this machine has %s; install one, such as Noto Sans CJK for Chinese, Japanese and Korean, or name the file of a font"
	}
	for _, text := range texts {
		if missing := without(text, func(r rune) bool { return set.Of(r) >= 0 }); len(missing) > 0 {
			return nil, &MissingError{text, missing, reason}
		}
	}
	return set, nil
}

// without returns the characters of a text for which ok is false, each once.
func without(text string, ok func(r rune) bool) (list []rune) {
	for _, r := range text {
		if !ok(r) && !slices.Contains(list, r) {
			list = append(list, r)
		}
	}
	return list
}

// load returns the best font of a file for the characters.
func load(file string, wanted []rune) (*sfnt.Font, error) {
	f, err := openFile(file)
	if err != nil {
		return nil, fmt.Errorf("font: %w", err)
	}
	best, _ := bestOf(f.fonts, wanted)
	return best, nil
}

// known are searches that were done: a run draws its curves again and again.
var known struct {
	sync.Mutex
	found map[string][]*sfnt.Font
}

// search adds installed fonts that have the characters: one that has all of them, if
// there is one, otherwise several.
func search(set Set, wanted []rune, folders []string) Set {
	key := string(wanted) + string(os.PathListSeparator) + strings.Join(folders, string(os.PathListSeparator))
	known.Lock()
	defer known.Unlock()
	found, ok := known.found[key]
	if !ok {
		found = searchFiles(wanted, installed(folders))
		if known.found == nil || len(known.found) >= 64 {
			known.found = map[string][]*sfnt.Font{}
		}
		known.found[key] = found
	}
	return append(set, found...)
}

// maxOpen bounds how many files are open during a search.
const maxOpen = 64

func searchFiles(wanted []rune, paths []string) (found []*sfnt.Font) {
	var some []*sfnt.Font // that have some of the characters
	for _, path := range paths {
		f, err := openFile(path)
		if err != nil {
			continue // others may be readable
		}
		switch best, covered := bestOf(f.fonts, wanted); {
		case covered == len(wanted):
			return []*sfnt.Font{best}
		case covered > 0 && len(some) < maxOpen:
			some = append(some, best)
		default:
			_ = f.Close() // nothing was written
		}
	}
	var b sfnt.Buffer
	for _, f := range some {
		left := slices.DeleteFunc(slices.Clone(wanted), func(r rune) bool { return has(f, &b, r) })
		if len(left) < len(wanted) {
			found, wanted = append(found, f), left
		}
	}
	return found
}
