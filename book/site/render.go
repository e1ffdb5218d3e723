package site

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"html/template"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark/util"

	"github.com/strideml/stride/book"
)

var templates = template.Must(template.New("").Funcs(template.FuncMap{"inc": func(i int) int { return i + 1 }}).ParseFS(own, "templates/page.html", "templates/source.html"))

// pagePolicy is the Content-Security-Policy of a page: nothing comes from elsewhere,
// no script stands in the HTML, and the library may run. Servers add frame-ancestors,
// which a page cannot say itself.
const pagePolicy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; " +
	"connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types stride-live"

// figurePolicy is that of a figure, which is opened by itself, too: an SVG file has its
// style sheet in it, and nothing else.
const figurePolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

// appendix are pages that are not chapters: they have no number.
var appendix = []string{"translation", "tenminutes"}

// An entry is a line of the contents.
type entry struct {
	Number   int // 0: it has none
	Title    string
	Href     string
	Current  bool
	Sections []section // of the current one
}

type section struct{ Title, Href string }

// number returns the number of a chapter, from 1; other pages have 0.
func (p *page) number() int {
	number := 0
	for _, name := range p.of.chapters {
		if slices.Contains(appendix, name) {
			continue
		}
		if number++; name == p.chapter {
			return number
		}
	}
	return 0
}

// contents lists the chapters as page p shows them.
func (p *page) contents() []entry {
	var list []entry
	for _, name := range p.of.chapters {
		other := p.of.pages[p.language][name]
		e := entry{Number: other.number(), Title: other.title, Href: name + ".html", Current: other == p}
		if e.Current {
			for _, h := range other.headings {
				if h.level == 2 {
					e.Sections = append(e.Sections, section{h.text, "#" + h.id})
				}
			}
		}
		list = append(list, e)
	}
	return list
}

// writeContents writes the list of chapters into the front page.
func (p *page) writeContents(w util.BufWriter) {
	w.WriteString(`<ol class="chapters">` + "\n")
	for _, e := range p.contents() {
		number := ""
		if e.Number > 0 {
			number = fmt.Sprintf(`<span class="number">%d</span>`, e.Number)
		}
		fmt.Fprintf(w, `<li>%s<a href="%s">%s</a>`, number, e.Href, html.EscapeString(e.Title))
		if about := p.of.pages[p.language][strings.TrimSuffix(e.Href, ".html")].description; about != "" {
			fmt.Fprintf(w, `<p>%s</p>`, html.EscapeString(shorten(about, 140)))
		}
		w.WriteString("</li>\n")
	}
	w.WriteString("</ol>\n")
}

// A view is what the template of a page shows.
type view struct {
	Language, Other           string
	OtherHref, Name           string
	Policy, Title, BookTitle  string
	Description               string
	Contents                  []entry
	Before, After             *entry
	Body                      template.HTML
	Formulas, Front, HasParts bool
	Library                   string // the size of the library in MB, "" if there is none
	text                      map[string]string
}

// Say returns a text of the pages in their language.
func (v view) Say(key string) string { return v.text[key] }

// render makes all pages.
func (v *volume) render(s *Site) error {
	var wrong []error
	for _, language := range Languages {
		for _, name := range v.folders() {
			p := v.pages[language][name]
			data, err := p.render()
			wrong = append(wrong, err)
			wrong = append(wrong, p.problems...)
			s.files[language+"/"+p.name()] = data
			s.linked[p.file] = append(s.linked[p.file], p.linked...)
		}
	}
	for file := range v.sources {
		data, err := v.renderSource(file)
		wrong = append(wrong, err)
		s.files["source/"+file+".html"] = data
	}
	return errors.Join(wrong...)
}

// name returns the file name of a page.
func (p *page) name() string {
	if p.chapter == book.Front {
		return "index.html"
	}
	return p.chapter + ".html"
}

var emptyHeading = regexp.MustCompile(`<th( align="\w+")?></th>`)

// render makes a page.
func (p *page) render() ([]byte, error) {
	var body bytes.Buffer
	if err := p.markdown().Renderer().Render(&body, p.source, p.doc); err != nil {
		return nil, fmt.Errorf("%s: %w", p.file, err)
	}
	// The corner of a table that has names of rows and of columns is no heading.
	text := emptyHeading.ReplaceAllString(body.String(), "<td$1></td>")
	other := Languages[1-slices.Index(Languages, p.language)]
	data := view{
		Language: p.language, Other: other, OtherHref: "../" + other + "/" + p.name(), Name: p.chapter,
		Policy: pagePolicy, Title: p.title, BookTitle: p.say("book"), Description: p.description,
		Contents: p.contents(), Body: template.HTML(text), // of our own texts, checked above
		Formulas: p.hasFormulas, Front: p.chapter == book.Front, HasParts: len(p.liveNames) > 0, text: texts[p.language],
	}
	if n := p.of.library; n > 0 {
		data.Library = fmt.Sprintf("%.1f", float64(n)/1e6)
	}
	before, after := p.of.neighbours(p.chapter)
	for _, e := range data.Contents {
		switch e.Href {
		case before + ".html":
			data.Before = &e
		case after + ".html":
			data.After = &e
		}
	}
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, "page.html", data); err != nil {
		return nil, fmt.Errorf("%s: %w", p.file, err)
	}
	return b.Bytes(), nil
}

// renderSource makes the page of a file of a program.
func (v *volume) renderSource(file string) ([]byte, error) {
	code, err := fs.ReadFile(v.files, file)
	if err != nil {
		return nil, err
	}
	language := "go"
	if path.Ext(file) == ".py" {
		language = "python"
	}
	var lines []template.HTML
	for _, line := range highlightedLines(language, strings.TrimSuffix(string(code), "\n")) {
		lines = append(lines, template.HTML(line)) // highlighted escapes
	}
	chapter := path.Dir(file)
	var b bytes.Buffer
	err = templates.ExecuteTemplate(&b, "source.html", map[string]any{
		"Policy": pagePolicy, "File": "book/" + file, "Page": v.pages["en"][chapter].name(),
		"Title": v.pages["en"][chapter].title, "TitleZH": v.pages["zh"][chapter].title, "Lines": lines,
		"Repository": repository + "/blob/main/book/" + file,
	})
	return b.Bytes(), err
}

// highlightedLines returns code as HTML line by line; a comment or a string of
// several lines is coloured in each.
func highlightedLines(language, code string) []string {
	const open = `<span class="`
	var lines []string
	class := "" // of the piece that goes on
	for _, line := range strings.Split(highlighted(language, code), "\n") {
		if class != "" {
			line = open + class + `">` + line
		}
		class = ""
		if at := strings.LastIndex(line, open); at >= 0 && !strings.Contains(line[at:], "</span>") {
			class = line[at+len(open) : at+len(open)+1]
			line += "</span>"
		}
		lines = append(lines, line)
	}
	return lines
}

// say returns a text of the pages as HTML.
func (p *page) say(key string) string { return html.EscapeString(texts[p.language][key]) }

// texts are those of the pages beside the chapters' own.
var texts = map[string]map[string]string{
	"en": {
		"book":         "Convolutional networks in Go",
		"skip":         "Skip to the text",
		"contents":     "Contents",
		"front":        "About the book",
		"before":       "Previous",
		"after":        "Next",
		"turn":         "Previous and next chapter",
		"toLanguage":   "中文",
		"toLabel":      "本页的中文版",
		"dark":         "Dark mode",
		"chapter":      "Chapter",
		"anchor":       "Link to ",
		"output":       "Output of",
		"measured":     "measured on one machine: yours prints other numbers",
		"needsScripts": "This part computes in the page, and needs a browser that runs scripts.",
		"needsLibrary": "This part computes in the page with the library as WebAssembly, which this copy of the book has not. " +
			"A release of stride has it, and where Go is installed “stride book” builds it.",
		"footer": "The code of this book is part of Stride and runs as it stands here: go run ./book/NAME.",
	},
	"zh": {
		"book":         "用 Go 学卷积神经网络",
		"skip":         "跳到正文",
		"contents":     "目录",
		"front":        "关于本书",
		"before":       "上一章",
		"after":        "下一章",
		"turn":         "上一章和下一章",
		"toLanguage":   "English",
		"toLabel":      "This page in English",
		"dark":         "深色模式",
		"chapter":      "章",
		"anchor":       "链接到",
		"output":       "输出：",
		"measured":     "在一台机器上测得，你的机器会得到不同的数值",
		"needsScripts": "这一部分在网页里计算，需要浏览器允许运行脚本。",
		"needsLibrary": "这一部分用 WebAssembly 形式的库在网页里计算，而这份书里没有它。stride 的发行版带有它；装有 Go 时，“stride book”会自动构建。",
		"footer":       "本书的代码是 Stride 的一部分，与页面所示完全相同：go run ./book/章名。",
	},
}
