package chapter

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	source = "package main\n\n//region double\nfunc double(x int) int { return 2 * x }\n\n//endregion\n"
	text   = "# T\n\n```go region=double\nfunc double(x int) int { return 2 * x }\n```\n\n```text output=two\n4\n```\n\n![A grey square](figures/grey.png)\n![Words of a picture](figures/words.LANG.svg)\n"
)

// grey draws a grey square.
func grey(v uint8) func(io.Writer, Language) error {
	return func(w io.Writer, _ Language) error {
		m := image.NewGray(image.Rect(0, 0, 8, 8))
		for i := range m.Pix {
			m.Pix[i] = v
		}
		m.Set(0, 0, color.Gray{Y: 0})
		return png.Encode(w, m)
	}
}

// sample returns a chapter and its folder, where all is up to date.
func sample(t *testing.T) (*Chapter, string) {
	t.Helper()
	dir := t.TempDir()
	c := &Chapter{
		Name: "sample",
		Sections: []Section{
			{Name: "two", Run: func() error { fmt.Println(4); return nil }},
		},
		Figures: []Figure{
			{File: "grey.png", Wordless: true, Draw: grey(128)},
			{File: "words.svg", Draw: func(w io.Writer, l Language) error {
				_, err := io.WriteString(w, "<svg>"+l.Pick("word 1.00", "词 1.00")+"</svg>\n")
				return err
			}},
		},
	}
	write(t, dir, "main.go", source)
	write(t, dir, "en.md", strings.ReplaceAll(text, "LANG", "en"))
	write(t, dir, "zh.md", strings.ReplaceAll(text, "LANG", "zh"))
	if err := os.Mkdir(filepath.Join(dir, "figures"), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, f := range c.Figures {
		list, err := f.draw()
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range list {
			write(t, dir, "figures/"+d.file, string(d.bytes))
		}
	}
	return c, dir
}

func write(t *testing.T, dir, file, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// Whatever is changed in the texts, the program or the figures, a check says so.
func TestCheck(t *testing.T) {
	change := func(file, from, to string) func(t *testing.T, c *Chapter, dir string) {
		return func(t *testing.T, _ *Chapter, dir string) {
			old, err := os.ReadFile(filepath.Join(dir, file))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(old), from) {
				t.Fatalf("%s lacks %q", file, from)
			}
			write(t, dir, file, strings.Replace(string(old), from, to, 1))
		}
	}
	for name, test := range map[string]struct {
		change func(t *testing.T, c *Chapter, dir string)
		want   string // "" for no error
	}{
		"nothing":             {func(*testing.T, *Chapter, string) {}, ""},
		"code in the text":    {change("en.md", "2 * x", "3 * x"), "double is out of date: line 1"},
		"code":                {change("main.go", "2 * x", "3 * x"), "double is out of date"},
		"value in the text":   {change("zh.md", "\n4\n", "\n5\n"), "zh.md:7: two is out of date"},
		"no such region":      {change("zh.md", "region=double", "region=doble"), `called "doble"`},
		"no such section":     {change("zh.md", "output=two", "output=tow"), `called "tow"`},
		"block only in one":   {change("en.md", "```go region=double\nfunc double(x int) int { return 2 * x }\n```\n", ""), "en.md shows no block region=double"},
		"picture without":     {change("en.md", "![A grey square]", "![]"), "has no description"},
		"picture missing":     {change("en.md", "![A grey square](figures/grey.png)\n", ""), "does not show figures/grey.png"},
		"unknown picture":     {change("en.md", "grey.png", "gray.png"), "no figure of the program draws"},
		"order of blocks":     {change("zh.md", "```text output=two\n4\n```\n", "```text output=two approx=0.1\n4\n```\n"), "en.md shows"},
		"figure with words":   {change("figures/words.zh.svg", "词 1.00", "词 1.10"), "words.zh.svg is out of date"},
		"figure nearly equal": {change("figures/words.zh.svg", "词 1.00", "词 1.01"), ""},
		"picture file":        {func(t *testing.T, c *Chapter, dir string) { c.Figures[0].Draw = grey(140) }, "pixels differ by"},
		"picture file nearly": {func(t *testing.T, c *Chapter, dir string) { c.Figures[0].Draw = grey(129) }, ""},
		"section fails": {func(t *testing.T, c *Chapter, dir string) {
			c.Sections[0].Run = func() error { return errors.New("no luck") }
		}, "section two: no luck"},
		"section is long": {func(t *testing.T, c *Chapter, dir string) {
			c.Sections[0].Long, c.Sections[0].Run = true, func() error { t.Error("ran"); return nil }
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c, dir := sample(t)
			test.change(t, c, dir)
			_, err := c.CheckShort(dir)
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("%v, want %s", err, test.want)
			}
		})
	}
}

// An update makes a check succeed, and leaves alone what may differ.
func TestUpdate(t *testing.T) {
	c, dir := sample(t)
	c.Sections[0].Run = func() error { fmt.Println("five"); return nil }
	c.Figures[0].Draw = grey(10)
	write(t, dir, "main.go", strings.Replace(source, "2 *", "2*1 *", 1))
	write(t, dir, "figures/words.en.svg", "<svg>word 1.01</svg>\n")
	texts, err := readTexts(dir)
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.run(true, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := texts.update(r); err != nil {
		t.Fatal(err)
	}
	if _, err := c.CheckShort(dir); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{"zh.md": "```text output=two\nfive\n```", "en.md": "2*1 * x", "figures/words.en.svg": "1.01"} {
		got, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil || !strings.Contains(string(got), want) {
			t.Errorf("%s: %v\n%s\nwant %s", file, err, got, want)
		}
	}
}

// What a section prints is captured, even if it is more than a pipe holds.
func TestOutput(t *testing.T) {
	long := strings.Repeat("many words\n", 20_000)
	stdout := os.Stdout
	got, err := Section{Name: "s", Run: func() error { fmt.Print(long); return nil }}.output()
	if err != nil || got != long || os.Stdout != stdout {
		t.Fatal(err, len(got), os.Stdout == stdout)
	}
}

func TestCommand(t *testing.T) {
	t.Chdir(t.TempDir())
	c, _ := sample(t)
	for _, arguments := range [][]string{{"word"}, {"-only", "x"}, {"-check", "-full"}, {"-update", "-only", "two"}} {
		if err := c.command(arguments); !errors.As(err, new(misuse)) {
			t.Errorf("%v: %v", arguments, err)
		}
	}
	if err := c.command([]string{"-check"}); err == nil || !strings.Contains(err.Error(), "folder of the repository") {
		t.Errorf("-check elsewhere: %v", err)
	}
	c, _ = sample(t)
	if err := c.command(nil); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"grey.png", "words.en.svg", "words.zh.svg"} {
		if _, err := os.Stat(filepath.Join("book-figures", "sample", file)); err != nil {
			t.Error(err)
		}
	}
}
