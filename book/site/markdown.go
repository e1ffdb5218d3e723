package site

import (
	"bytes"
	"fmt"
	"html"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	gmhtml "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"

	"github.com/strideml/stride/book"
	"github.com/strideml/stride/book/internal/markup"
)

// markdown returns what parses and renders a page.
func (p *page) markdown() goldmark.Markdown {
	return goldmark.New(
		goldmark.WithExtensions(extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute))),
		goldmark.WithParserOptions(
			parser.WithInlineParsers(util.Prioritized(formulas{}, 150)),
			parser.WithBlockParsers(util.Prioritized(displayedFormulas{}, 650)),
		),
		goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(p, 100))),
	)
}

// RegisterFuncs implements renderer.NodeRenderer.
func (p *page) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	for kind, render := range map[ast.NodeKind]func(w util.BufWriter, n ast.Node, entering bool) ast.WalkStatus{
		ast.KindHeading:         p.renderHeading,
		ast.KindParagraph:       p.renderParagraph,
		ast.KindFencedCodeBlock: p.renderFenced,
		ast.KindCodeBlock:       p.renderIndented,
		ast.KindImage:           p.renderImage,
		ast.KindLink:            p.renderLink,
		ast.KindText:            p.renderText,
		ast.KindHTMLBlock:       p.renderHTML,
		ast.KindRawHTML:         p.renderInlineHTML,
		extast.KindTable:        p.renderTable,
		kindFormula:             p.renderFormula,
		kindDisplayed:           p.renderDisplayed,
	} {
		r.Register(kind, func(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
			return render(w, n, entering), nil
		})
	}
}

func (p *page) renderHeading(w util.BufWriter, n ast.Node, entering bool) ast.WalkStatus {
	level := n.(*ast.Heading).Level
	for _, h := range p.headings {
		if h.node != n {
			continue
		}
		switch {
		case entering:
			fmt.Fprintf(w, `<h%d id="%s">`, level, html.EscapeString(h.id))
			if number := p.number(); level == 1 && number > 0 {
				fmt.Fprintf(w, `<span class="number">%d</span> `, number)
			}
		case level == 1:
			w.WriteString("</h1>\n")
		default:
			fmt.Fprintf(w, ` <a class="anchor" href="#%s" aria-label="%s">#</a></h%d>`+"\n", html.EscapeString(h.id), html.EscapeString(p.say("anchor")+h.text), level)
		}
	}
	return ast.WalkContinue
}

// renderParagraph leaves out the paragraph around a picture that stands alone, which is a figure.
func (p *page) renderParagraph(w util.BufWriter, n ast.Node, entering bool) ast.WalkStatus {
	switch {
	case n.ChildCount() == 1 && n.FirstChild().Kind() == ast.KindImage:
	case entering:
		w.WriteString("<p>")
	default:
		w.WriteString("</p>\n")
	}
	return ast.WalkContinue
}

// renderText renders words. Two asterisks that are left in them were to be strong: CommonMark
// takes "。**" before a letter for the beginning of strong words, not for their end.
func (p *page) renderText(w util.BufWriter, n ast.Node, entering bool) ast.WalkStatus {
	if !entering {
		return ast.WalkContinue
	}
	t := n.(*ast.Text)
	words := t.Segment.Value(p.source)
	if bytes.Contains(words, []byte("**")) {
		p.problem(n.Parent(), "** is shown as it is: put the punctuation behind the second **, as in **…**。")
	}
	gmhtml.DefaultWriter.Write(w, words)
	switch {
	case t.HardLineBreak():
		w.WriteString("<br>\n")
	case t.SoftLineBreak():
		w.WriteString("\n")
	}
	return ast.WalkContinue
}

// textOf returns the lines of a block.
func (p *page) textOf(n ast.Node) string {
	return string(n.Lines().Value(p.source))
}

func (p *page) renderFenced(w util.BufWriter, n ast.Node, entering bool) ast.WalkStatus {
	if !entering {
		return ast.WalkContinue
	}
	block := n.(*ast.FencedCodeBlock)
	info := ""
	if block.Info != nil {
		info = string(block.Info.Segment.Value(p.source))
	}
	b, err := markup.ParseInfo(info)
	if err != nil {
		p.problem(n, "%v", err)
		return ast.WalkSkipChildren
	}
	beside := func(n ast.Node, language string) bool {
		f, ok := n.(*ast.FencedCodeBlock)
		return ok && string(f.Language(p.source)) == language
	}
	if b.Language == "python" && beside(n.NextSibling(), "go") {
		w.WriteString(`<div class="pair">` + "\n")
	}
	if b.Output != "" {
		p.writeOutput(w, b, p.textOf(n))
	} else {
		p.writeCode(w, b, p.textOf(n))
	}
	if b.Language == "go" && beside(n.PreviousSibling(), "python") {
		w.WriteString("</div>\n")
	}
	return ast.WalkSkipChildren
}

// languages are the names of what stands in blocks.
var languages = map[string]string{"go": "Go", "python": "Python", "sh": "Shell", "text": "", "": ""}

func (p *page) writeCode(w util.BufWriter, b markup.Block, code string) {
	w.WriteString(`<figure class="code">`)
	name, known := languages[b.Language]
	if !known {
		p.problem(nil, "blocks of the language %q are not known", b.Language)
	}
	if at, ok := p.of.regions[p.chapter+" "+b.Language+" "+b.Region]; ok && b.Region != "" {
		file, line, _ := strings.Cut(at, "#")
		fmt.Fprintf(w, `<figcaption>%s<a href="../source/%s/%s.html#%s">%s/%s</a></figcaption>`, label(name), p.chapter, file, line, "book/"+p.chapter, file)
	} else if name != "" {
		fmt.Fprintf(w, "<figcaption>%s</figcaption>", label(name))
	}
	fmt.Fprintf(w, `<pre tabindex="0"><code>%s</code></pre></figure>`+"\n", highlighted(b.Language, code))
}

func label(language string) string { return `<span class="language">` + language + `</span>` }

func (p *page) writeOutput(w util.BufWriter, b markup.Block, output string) {
	fmt.Fprintf(w, `<figure class="output"><figcaption>%s <code class="command">go run ./book/%s -only %s</code>`, p.say("output"), p.chapter, html.EscapeString(b.Output))
	if b.Measured {
		fmt.Fprintf(w, ` <span class="note">%s</span>`, p.say("measured"))
	}
	fmt.Fprintf(w, `</figcaption><pre tabindex="0"><samp>%s</samp></pre></figure>`+"\n", html.EscapeString(output))
}

func (p *page) renderIndented(w util.BufWriter, n ast.Node, entering bool) ast.WalkStatus {
	if entering {
		p.writeCode(w, markup.Block{}, p.textOf(n))
	}
	return ast.WalkSkipChildren
}

func (p *page) renderTable(w util.BufWriter, _ ast.Node, entering bool) ast.WalkStatus {
	if entering {
		w.WriteString(`<div class="scroll" tabindex="0"><table>` + "\n")
	} else {
		w.WriteString("</tbody>\n</table></div>\n")
	}
	return ast.WalkContinue
}

func (p *page) renderFormula(w util.BufWriter, n ast.Node, entering bool) ast.WalkStatus {
	if entering {
		f := n.(*formula)
		p.hasFormulas = true
		class := "math"
		if f.display {
			class += " display"
		}
		fmt.Fprintf(w, `<span class="%s">%s</span>`, class, html.EscapeString(f.tex))
	}
	return ast.WalkSkipChildren
}

func (p *page) renderDisplayed(w util.BufWriter, n ast.Node, entering bool) ast.WalkStatus {
	if entering {
		p.hasFormulas = true
		if n.(*displayed).open {
			p.problem(n, "the formula has no end")
		}
		fmt.Fprintf(w, `<div class="math display">%s</div>`+"\n", html.EscapeString(strings.TrimSpace(p.textOf(n))))
	}
	return ast.WalkSkipChildren
}

var (
	allowed  = regexp.MustCompile(`^</?(details|summary|kbd|sub|sup)>|^<br ?/?>|^[^<]+`)
	comment  = regexp.MustCompile(`(?s)^<!--\s*(.*?)\s*-->\s*$`)
	summary  = regexp.MustCompile(`(?s)<summary>(.*?)</summary>`)
	liveLine = regexp.MustCompile(`(?s)^live:\s*([a-z0-9-]+)\s*(\{.*\})?$`)
)

func (p *page) renderHTML(w util.BufWriter, n ast.Node, entering bool) ast.WalkStatus {
	if !entering {
		return ast.WalkContinue
	}
	block := n.(*ast.HTMLBlock)
	text := p.textOf(n)
	if block.HasClosure() {
		text += string(block.ClosureLine.Value(p.source))
	}
	text = strings.TrimSpace(text)
	if m := comment.FindStringSubmatch(text); m != nil {
		p.renderDirective(w, n, m[1])
		return ast.WalkContinue
	}
	p.checkHTML(n, text)
	// Formulas and code of a summary are Markdown, as those of a paragraph.
	w.WriteString(summary.ReplaceAllStringFunc(text, func(s string) string {
		return "<summary>" + p.inline(summary.FindStringSubmatch(s)[1]) + "</summary>"
	}))
	w.WriteString("\n")
	return ast.WalkContinue
}

// inline renders Markdown without its paragraph.
func (p *page) inline(text string) string {
	within := &page{of: p.of, chapter: p.chapter, language: p.language, file: p.file, source: []byte(text), headings: p.headings}
	var b bytes.Buffer
	if err := within.markdown().Convert(within.source, &b); err != nil {
		within.problem(nil, "%v", err)
	}
	p.problems, p.linked = append(p.problems, within.problems...), append(p.linked, within.linked...)
	p.hasFormulas = p.hasFormulas || within.hasFormulas
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(b.String()), "<p>"), "</p>")
}

func (p *page) renderInlineHTML(w util.BufWriter, n ast.Node, entering bool) ast.WalkStatus {
	if entering {
		text := string(n.(*ast.RawHTML).Segments.Value(p.source))
		p.checkHTML(n, text)
		w.WriteString(text)
	}
	return ast.WalkSkipChildren
}

// checkHTML reports tags that texts may not have.
func (p *page) checkHTML(n ast.Node, text string) {
	for rest := text; rest != ""; {
		m := allowed.FindString(rest)
		if m == "" {
			p.problem(n, "HTML that texts may not have: %.40s", rest)
			return
		}
		rest = rest[len(m):]
	}
}

// renderDirective renders what a comment stands for.
func (p *page) renderDirective(w util.BufWriter, n ast.Node, text string) {
	m := liveLine.FindStringSubmatch(text)
	switch {
	case m != nil:
		p.writeLive(w, n, m[1], m[2])
	case text == "contents" && p.chapter == book.Front:
		p.writeContents(w)
	case strings.HasPrefix(text, "live"):
		p.problem(n, "want <!-- live: NAME --> or <!-- live: NAME {options in JSON} -->")
	}
}
