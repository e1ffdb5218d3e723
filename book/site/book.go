package site

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"unicode"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"

	"github.com/strideml/stride/book"
)

// A volume is the book before it is rendered.
type volume struct {
	files    fs.FS
	chapters []string
	library  int                         // the size of the library for the live parts in bytes; 0: there is none
	pages    map[string]map[string]*page // by language and chapter
	regions  map[string]string           // where a chapter's regions begin: "conv go corr2d" to "main.go#L18"
	sources  map[string]bool             // files of programs, "conv/main.go"
}

// A page is a text in one language.
type page struct {
	of          *volume
	chapter     string // book.Front is the front page
	language    string
	file        string // in the repository
	source      []byte
	doc         ast.Node
	headings    []*heading
	title       string
	description string
	problems    []error
	hasFormulas bool
	liveNames   map[string]int // how often the text shows each live part
	linked      []string
}

// A heading has its anchor on the site and the one that GitHub makes of its words.
type heading struct {
	level            int
	id, github, text string
	node             ast.Node
}

// problem notes a mistake at a node, or with nil in the whole text.
func (p *page) problem(at ast.Node, format string, words ...any) {
	where := p.file
	for n := at; n != nil; n = n.Parent() {
		if f, ok := n.(*ast.FencedCodeBlock); ok && f.Info != nil {
			where = fmt.Sprintf("%s:%d", p.file, p.line(f.Info.Segment.Start))
			break
		}
		if n.Type() == ast.TypeBlock && n.Lines().Len() > 0 {
			where = fmt.Sprintf("%s:%d", p.file, p.line(n.Lines().At(0).Start))
			break
		}
	}
	p.problems = append(p.problems, fmt.Errorf("%s: %s", where, fmt.Sprintf(format, words...)))
}

// line returns the line of a byte of the text, from 1.
func (p *page) line(offset int) int { return 1 + strings.Count(string(p.source[:offset]), "\n") }

// readBook parses all texts.
func readBook(o Options) (*volume, error) {
	v := &volume{files: o.Files, chapters: o.Chapters, library: len(o.Live["book.wasm.gz"]), pages: map[string]map[string]*page{}, regions: map[string]string{}, sources: map[string]bool{}}
	var wrong []error
	for _, language := range Languages {
		v.pages[language] = map[string]*page{}
		for _, name := range v.folders() {
			p, err := v.read(name, language)
			if err != nil {
				return nil, err
			}
			v.pages[language][name] = p
		}
	}
	for _, name := range v.folders() {
		wrong = append(wrong, align(v.pages["en"][name], v.pages["zh"][name]))
		if err := v.readSources(name); err != nil {
			return nil, err
		}
	}
	return v, errors.Join(wrong...)
}

// folders are those of all texts.
func (v *volume) folders() []string { return append([]string{book.Front}, v.chapters...) }

// listOfChapters is what readers of the file see in the place of the contents that the site makes.
var listOfChapters = regexp.MustCompile(`(?s)<!-- contents -->.*<!-- end of contents -->`)

// withoutList leaves out the list of chapters, and keeps the numbers of lines.
func withoutList(source []byte) []byte {
	return listOfChapters.ReplaceAllFunc(source, func(list []byte) []byte {
		return append([]byte("<!-- contents -->"), bytes.Repeat([]byte("\n"), bytes.Count(list, []byte("\n")))...)
	})
}

// read parses a text.
func (v *volume) read(chapter, language string) (*page, error) {
	name := chapter + "/" + language + ".md"
	file := "book/" + name
	source, err := fs.ReadFile(v.files, name)
	if err != nil {
		return nil, err
	}
	source = withoutList(source)
	p := &page{of: v, chapter: chapter, language: language, file: file, source: source, liveNames: map[string]int{}}
	p.doc = p.markdown().Parser().Parse(text.NewReader(source))
	err = ast.Walk(p.doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if h, ok := n.(*ast.Heading); ok && entering {
			words := plain(h, source)
			p.headings = append(p.headings, &heading{level: h.Level, text: words, github: githubAnchor(words), node: h})
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		return nil, err
	}
	if len(p.headings) == 0 || p.headings[0].level != 1 || p.doc.FirstChild() != p.headings[0].node {
		return nil, fmt.Errorf("%s: the text does not begin with a title, # …", file)
	}
	p.title = p.headings[0].text
	for n := p.doc.FirstChild(); n != nil && p.description == ""; n = n.NextSibling() {
		if n.Kind() == ast.KindParagraph {
			p.description = shorten(plain(n, source), 200)
		}
	}
	return p, nil
}

// align gives the headings of both languages the same anchors.
func align(en, zh *page) error {
	seen := map[string]int{}
	for _, h := range en.headings {
		h.id = h.github
		if n := seen[h.github]; n > 0 {
			h.id = fmt.Sprintf("%s-%d", h.github, n)
			h.github = h.id
		}
		seen[h.github]++
	}
	if len(en.headings) != len(zh.headings) {
		return fmt.Errorf("%s has %d headings, %s %d", en.file, len(en.headings), zh.file, len(zh.headings))
	}
	for i, h := range zh.headings {
		h.id = en.headings[i].id
	}
	return nil
}

var region = regexp.MustCompile(`^\s*(?://|# )region (\S+)\s*$`)

// readSources notes the files of a chapter's program, and where its regions begin.
func (v *volume) readSources(chapter string) error {
	for language, pattern := range map[string]string{"go": "/*.go", "python": "/*.py"} {
		files, err := fs.Glob(v.files, chapter+pattern)
		if err != nil {
			return err
		}
		for _, file := range files {
			text, err := fs.ReadFile(v.files, file)
			if err != nil {
				return err
			}
			v.sources[file] = true
			for i, line := range strings.Split(string(text), "\n") {
				if m := region.FindStringSubmatch(line); m != nil {
					v.regions[chapter+" "+language+" "+m[1]] = fmt.Sprintf("%s#L%d", path.Base(file), i+2)
				}
			}
		}
	}
	return nil
}

// plain returns the words of a node.
func plain(n ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // returns what the function does: nothing
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Text:
			b.Write(n.Segment.Value(source))
			if n.SoftLineBreak() || n.HardLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.String:
			b.Write(n.Value)
		case *formula:
			b.WriteString(n.tex)
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

// githubAnchor returns the anchor that GitHub makes of a heading: lower case, no
// punctuation, hyphens for spaces.
func githubAnchor(words string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(words) {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || r == '-' || r == '_':
			b.WriteRune(r)
		case r == ' ':
			b.WriteByte('-')
		}
	}
	return b.String()
}

// shorten cuts a text to so many characters, at the end of a word where there is one.
func shorten(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	cut := string(runes[:most])
	if i := strings.LastIndexAny(cut, " 。，；"); i > most/2 {
		cut = cut[:i]
	}
	return strings.TrimRight(cut, " 。，；,.;") + "…"
}
