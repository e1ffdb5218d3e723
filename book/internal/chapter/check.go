package chapter

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/png" // figures
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/strideml/stride/book/internal/markup"
	"github.com/strideml/stride/internal/atomicfile"
)

// texts are the files of a chapter that repeat its code and its results.
type texts struct {
	dir     string
	regions map[string]map[string]string // by the language of the block, then by name
	pages   map[Language]string
	blocks  map[Language][]markup.Block
}

func pageFile(l Language) string { return string(l) + ".md" }

// readTexts reads a chapter's folder.
func readTexts(dir string) (*texts, error) {
	t := &texts{dir: dir, pages: map[Language]string{}, blocks: map[Language][]markup.Block{}, regions: map[string]map[string]string{}}
	for language, pattern := range map[string]string{"go": "*.go", "python": "*.py"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return nil, err
		}
		t.regions[language] = map[string]string{}
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			found, err := markup.Regions(file, string(source))
			if err != nil {
				return nil, err
			}
			for name, code := range found {
				if _, twice := t.regions[language][name]; twice {
					return nil, fmt.Errorf("%s: another file has a region %q, too", file, name)
				}
				t.regions[language][name] = code
			}
		}
	}
	for _, l := range Languages {
		file := filepath.Join(dir, pageFile(l))
		page, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		t.pages[l] = string(page)
		if t.blocks[l], err = markup.Blocks(file, t.pages[l]); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// CheckShort runs the short sections of the chapter in folder dir, and compares
// code, printed values and figures with the texts. It returns what each section
// printed.
func (c *Chapter) CheckShort(dir string) (outputs map[string]string, err error) {
	t, err := readTexts(dir)
	if err != nil {
		return nil, err
	}
	r, err := c.run(false, nil)
	if err != nil {
		return nil, err
	}
	return r.outputs, c.check(t, r)
}

// now returns what a block should say, and false if the section did not run.
func (t *texts) now(b markup.Block, outputs map[string]string) (string, bool) {
	if b.Region != "" {
		return t.regions[b.Language][b.Region], true
	}
	text, ok := outputs[b.Output]
	return text, ok
}

// check says what is out of date in a chapter's folder: blocks that differ, regions,
// sections and figures that a text lacks, names that do not exist, and whatever one
// language shows and the other does not. With long false, long sections did not run.
func (c *Chapter) check(t *texts, r *results) error {
	var wrong []error
	say := func(format string, words ...any) { wrong = append(wrong, fmt.Errorf(format, words...)) }
	sections := map[string]bool{}
	for _, s := range c.Sections {
		sections[s.Name] = true
	}
	for _, l := range Languages {
		shown := map[string]bool{}
		for _, b := range t.blocks[l] {
			where := fmt.Sprintf("%s:%d", filepath.Join(t.dir, pageFile(l)), b.Line)
			shown[b.Language+" "+b.Region+b.Output] = true
			if _, ok := t.regions[b.Language][b.Region]; b.Region != "" && !ok {
				say("%s: no region of a %s file is called %q", where, b.Language, b.Region)
				continue
			}
			if b.Output != "" && !sections[b.Output] {
				say("%s: no section is called %q", where, b.Output)
				continue
			}
			if now, ran := t.now(b, r.outputs); ran {
				if how := b.Differs(now); how != "" {
					say("%s: %s%s is out of date: %s", where, b.Region, b.Output, how)
				}
			}
		}
		for language, regions := range t.regions {
			for name := range regions {
				if !shown[language+" "+name] {
					say("%s shows no block region=%s", pageFile(l), name)
				}
			}
		}
		for name := range sections {
			if !shown["text "+name] {
				say("%s shows no block output=%s", pageFile(l), name)
			}
		}
		wrong = append(wrong, c.checkFigures(t, l)...)
	}
	if en, zh := outline(t.blocks[English]), outline(t.blocks[Chinese]); !slices.Equal(en, zh) {
		say("en.md shows %v, zh.md %v", en, zh)
	}
	for _, d := range r.drawings {
		if how := d.differs(filepath.Join(t.dir, "figures", d.file)); how != "" {
			say("figures/%s is out of date: %s", d.file, how)
		}
	}
	return errors.Join(wrong...)
}

// outline is what the blocks of a text repeat, in order.
func outline(blocks []markup.Block) []string {
	var list []string
	for _, b := range blocks {
		list = append(list, fmt.Sprint(b.Region, b.Output, b.Approx, b.Measured))
	}
	return list
}

var picture = regexp.MustCompile(`!\[([^\]]*)\]\(figures/([^)\s]+)\)`)

// checkFigures says which figures a text lacks, and which of its pictures nothing draws.
func (c *Chapter) checkFigures(t *texts, l Language) []error {
	var wrong []error
	shown := map[string]bool{}
	for _, m := range picture.FindAllStringSubmatch(t.pages[l], -1) {
		shown[m[2]] = true
		if len(strings.TrimSpace(m[1])) < 5 {
			wrong = append(wrong, fmt.Errorf("%s: the picture %s has no description", pageFile(l), m[2]))
		}
	}
	for _, f := range c.Figures {
		file := f.File
		if !f.Wordless {
			file = f.files()[slices.Index(Languages, l)]
		}
		if !shown[file] {
			wrong = append(wrong, fmt.Errorf("%s does not show figures/%s", pageFile(l), file))
		}
		delete(shown, file)
	}
	for file := range shown {
		wrong = append(wrong, fmt.Errorf("%s shows figures/%s, which no figure of the program draws", pageFile(l), file))
	}
	return wrong
}

// files are the names of a figure with words, in the order of Languages.
func (f Figure) files() []string {
	ext := filepath.Ext(f.File)
	var list []string
	for _, l := range Languages {
		list = append(list, strings.TrimSuffix(f.File, ext)+"."+string(l)+ext)
	}
	return list
}

// maxMean is how far the pixels of a picture may be from those in the folder, of 255,
// on average: a training ends a little differently on another kind of processor.
const maxMean = 6

// differs says how a figure differs from its file, "" if it does not.
func (d drawing) differs(file string) string {
	now := d.bytes
	was, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	if bytes.Equal(was, now) {
		return ""
	}
	if filepath.Ext(file) == ".svg" {
		b := markup.Block{Text: string(was), Approx: d.approx}
		return b.Differs(string(now))
	}
	a, _, err := image.Decode(bytes.NewReader(was))
	if err != nil {
		return err.Error()
	}
	b, _, err := image.Decode(bytes.NewReader(now))
	if err != nil {
		return err.Error()
	}
	if a.Bounds() != b.Bounds() {
		return fmt.Sprintf("it has %v pixels, and had %v", b.Bounds().Size(), a.Bounds().Size())
	}
	var sum, n float64
	for y := a.Bounds().Min.Y; y < a.Bounds().Max.Y; y++ {
		for x := a.Bounds().Min.X; x < a.Bounds().Max.X; x++ {
			r1, g1, b1, _ := a.At(x, y).RGBA()
			r2, g2, b2, _ := b.At(x, y).RGBA()
			for _, d := range []int{int(r1) - int(r2), int(g1) - int(g2), int(b1) - int(b2)} {
				sum, n = sum+float64(max(d, -d)), n+1
			}
		}
	}
	if mean := sum / n / 257; mean > maxMean {
		return fmt.Sprintf("its pixels differ by %.1f on average", mean)
	}
	return ""
}

// update writes code, results and figures into a chapter's folder.
func (t *texts) update(r *results) error {
	for _, l := range Languages {
		page := markup.Replace(t.pages[l], t.blocks[l], func(b markup.Block) string {
			now, ran := t.now(b, r.outputs)
			if !ran || b.Differs(now) == "" {
				return b.Text
			}
			return now
		})
		if page == t.pages[l] {
			continue
		}
		if err := atomicfile.WriteBytes(filepath.Join(t.dir, pageFile(l)), []byte(page)); err != nil {
			return err
		}
	}
	for _, d := range r.drawings {
		file := filepath.Join(t.dir, "figures", d.file)
		if d.differs(file) == "" {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			return err
		}
		if err := atomicfile.WriteBytes(file, d.bytes); err != nil {
			return err
		}
	}
	return nil
}
