package fonts_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/font/sfnt"

	"github.com/strideml/stride/internal/fonts"
	"github.com/strideml/stride/internal/fonts/fonttest"
)

// ascii is a font for what every text has.
func ascii(t *testing.T) fonts.Set {
	t.Helper()
	var all strings.Builder
	for r := '!'; r <= '~'; r++ {
		all.WriteRune(r)
	}
	f, err := sfnt.Parse(fonttest.TrueType(fonttest.Font{Family: "Base", Runes: all.String() + "é", Blank: " "}))
	if err != nil {
		t.Fatal(err)
	}
	return fonts.Set{f}
}

// families are the names of the fonts of a set after the first.
func families(t *testing.T, set fonts.Set) (names []string) {
	t.Helper()
	for _, f := range set[1:] {
		name, err := f.Name(nil, sfnt.NameIDFamily)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	return names
}

func TestFind(t *testing.T) {
	cjk := "训练曲線한글カナ损失"
	dir := fonttest.Install(t, map[string][]byte{
		"a/zz.ttf":                  fonttest.TrueType(fonttest.Font{Family: "Some", Runes: "训✓"}),
		"a/damaged.ttf":             []byte("this is no font"),
		"b/wqy-microhei.ttc":        fonttest.Collection(fonttest.Font{Family: "Odd", Runes: "龙龜", Odd: true}, fonttest.Font{Family: "Odd Mono", Runes: "龙", Odd: true}),
		"b/NotoSansCJK-Bold.ttc":    fonttest.TrueType(fonttest.Font{Family: "Bold", Runes: cjk}),
		"b/NotoSansCJK-Regular.ttc": fonttest.Collection(fonttest.Font{Family: "CJK JP", Runes: cjk}, fonttest.Font{Family: "CJK KR", Runes: cjk}, fonttest.Font{Family: "CJK SC", Runes: cjk}),
		"b/emoji.ttf":               fonttest.TrueType(fonttest.Font{Family: "Emoji", Blank: "🎉"}),
		"b/arabic.ttf":              fonttest.TrueType(fonttest.Font{Family: "Arabic", Runes: "تدريب"}),
		"c/notes.txt":               fonttest.TrueType(fonttest.Font{Family: "Text", Runes: "†"}),
	})
	set := ascii(t)
	for _, c := range []struct {
		file string
		text string
		want []string // families
	}{
		{"", "LeNet on Fashion-MNIST", nil},
		{"", "LeNet 训练曲線", []string{"CJK SC"}},
		{"", "カナ训练", []string{"CJK JP"}},
		{"", "한글", []string{"CJK KR"}},
		{"", "训 ✓", []string{"Some"}}, // has both
		{"", "训练 ✓", []string{"CJK SC", "Some"}},
		{"", "龙龜", []string{"Odd"}},
		{"", "✓龙", []string{"Odd", "Some"}},
		{"a/zz.ttf", "训 ✓", []string{"Some"}},
		{"b/NotoSansCJK-Bold.ttc", "训练", []string{"Bold"}},
		{"", fonts.Normal("Cafe\u0301"), nil},
	} {
		file := c.file
		if file != "" {
			file = filepath.Join(dir, file)
		}
		got, err := fonts.Find(set, file, c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if names := families(t, got); !slices.Equal(names, c.want) {
			t.Errorf("%q is drawn with %q, want %q", c.text, names, c.want)
		}
		for _, r := range got.Runs(c.text) {
			if r.Font < 0 {
				t.Errorf("%q has no font for %q", c.text, r.Text)
			}
		}
	}
}

func TestFindErrors(t *testing.T) {
	dir := fonttest.Install(t, map[string][]byte{
		"emoji.ttf":  fonttest.TrueType(fonttest.Font{Family: "Emoji", Blank: "🎉"}),
		"arabic.ttf": fonttest.TrueType(fonttest.Font{Family: "Arabic", Runes: "تدريبशิ🇩"}),
		"one.ttf":    fonttest.TrueType(fonttest.Font{Family: "One", Runes: "训"}),
		"text.ttf":   []byte("<html>"),
		"cut.ttc":    fonttest.Collection(fonttest.Font{Family: "Cut", Runes: "训"})[:200],
	})
	set := ascii(t)
	for _, c := range []struct {
		file, text, want string
		missing          string // "" for other errors
	}{
		{"", "LeNet 训练曲线", `the text "LeNet 训练曲线" cannot be drawn: no font on this machine has 练 (U+7EC3), 曲 (U+66F2) and 线 (U+7EBF); install one`, "练曲线"},
		{"", "练练", "no font on this machine has 练 (U+7EC3); install", "练"},
		{"", "一二三四五六", "has 一 (U+4E00), 二 (U+4E8C), 三 (U+4E09), 四 (U+56DB) and 2 more; install", "一二三四五六"},
		{"", "done 🎉", "no font on this machine has 🎉 (U+1F389)", "🎉"},
		{"", "تدريب", "ت (U+062A), د (U+062F), ر (U+0631), ي (U+064A) and 1 more: control characters, accents on their own, and scripts", "تدريب"},
		{"", "श", "श (U+0936): control characters", "श"},
		{"", "e\u0301", "U+0301", "\u0301"},
		{"", "red\x1b[31m", "U+001B: control characters", "\x1b"},
		{"", "tab\tnul\x00", "U+0009 and U+0000: control characters", "\t\x00"},
		{"", "a\u200db", "U+200D", "\u200d"},
		{"", "bad \xff", "U+FFFD", "\ufffd"},
		{"one.ttf", "训练", "one.ttf has no 练 (U+7EC3); name a font that has", "练"},
		{"text.ttf", "训", "text.ttf cannot be read as a TrueType or OpenType font or collection", ""},
		{"cut.ttc", "训", "cut.ttc has no font that can be read", ""},
		{"none.ttf", "训", "none.ttf", ""},
		{".", "训", "is not a regular file", ""},
	} {
		file := c.file
		if file != "" {
			file = filepath.Join(dir, file)
		}
		_, err := fonts.Find(set, file, "fine", c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %v, want %s", c.text, err, c.want)
			continue
		}
		var missing *fonts.MissingError
		if is := errors.As(err, &missing); is != (c.missing != "") || is && string(missing.Missing) != c.missing {
			t.Errorf("%q: error %v, want one for %q", c.text, err, c.missing)
		}
	}
	if _, err := fonts.Find(set, filepath.Join(dir, "none.ttf"), "训"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

// The folders of this system are absolute, and looking through them meets no error.
func TestFolders(t *testing.T) {
	for _, dir := range fonts.Folders() {
		if !filepath.IsAbs(dir) {
			t.Errorf("%s is not an absolute path", dir)
		}
	}
	var missing *fonts.MissingError
	if set, err := fonts.Find(ascii(t), "", "训练曲线"); err != nil && !errors.As(err, &missing) {
		t.Errorf("%d fonts, %v", len(set), err)
	}
}

func ExampleSet_Runs() {
	f, _ := sfnt.Parse(fonttest.TrueType(fonttest.Font{Family: "One", Runes: "训练"}))
	for _, r := range (fonts.Set{f}).Runs("a训练 b") {
		fmt.Printf("%q %d\n", r.Text, r.Font)
	}
	// Output:
	// "a" -1
	// "训练" 0
	// " b" -1
}

// Files that are of no use do not stay open.
func TestSearchClosesFiles(t *testing.T) {
	open := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skip("this system does not say which files are open")
		}
		return len(entries)
	}
	files := map[string][]byte{"msyh.ttc": []byte("damaged")}
	for i := range 300 {
		files[fmt.Sprintf("useless%d.ttf", i)] = fonttest.TrueType(fonttest.Font{Family: "Useless", Runes: "ab"})
		files[fmt.Sprintf("part%d.ttf", i)] = fonttest.TrueType(fonttest.Font{Family: "Part", Runes: "训"})
	}
	fonttest.Install(t, files)
	before := open()
	if _, err := fonts.Find(ascii(t), "", "训练"); err == nil {
		t.Error("a character that no font has is found")
	}
	if n := open() - before; n > 70 {
		t.Errorf("a search of %d files leaves %d open", len(files), n)
	}
	if _, err := fonts.Find(ascii(t), filepath.Join(fonts.Folders()[0], "part1.ttf"), "练"); err == nil {
		t.Error("a character that the font lacks is found")
	}
}
