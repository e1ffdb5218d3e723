package site

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"html"
	"image"
	_ "image/png" // figures
	"io/fs"
	"math"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/util"
)

func (p *page) renderLink(w util.BufWriter, n ast.Node, entering bool) ast.WalkStatus {
	if !entering {
		w.WriteString("</a>")
		return ast.WalkContinue
	}
	link := n.(*ast.Link)
	to, err := p.address(string(link.Destination))
	if err != nil {
		p.problem(n, "%v", err)
	}
	fmt.Fprintf(w, `<a href="%s">`, html.EscapeString(to))
	return ast.WalkContinue
}

// address returns where a link of the text leads on the site.
func (p *page) address(link string) (string, error) {
	u, err := url.Parse(link)
	if err != nil {
		return "", err
	}
	if u.Scheme != "" {
		if u.Scheme != "https" {
			return "", fmt.Errorf("the link %s: want https", link)
		}
		return link, nil
	}
	if u.Path == "" {
		id, err := p.anchor(u.Fragment)
		return "#" + id, err
	}
	file := path.Join(path.Dir(p.file), u.Path) // in the repository
	if name, ok := strings.CutPrefix(file, "book/"); ok {
		chapter, base := path.Dir(name), path.Base(name)
		language, isText := strings.CutSuffix(base, ".md")
		switch {
		case isText && p.of.pages[language][chapter] != nil:
			other := p.of.pages[language][chapter]
			to := "../" + language + "/" + other.name()
			if language == p.language {
				to = other.name()
			}
			if u.Fragment == "" {
				return to, nil
			}
			id, err := other.anchor(u.Fragment)
			return to + "#" + id, err
		case p.of.sources[name]:
			to := "../source/" + name + ".html"
			if u.Fragment != "" {
				to += "#" + u.Fragment
			}
			return to, nil
		case isText:
			return "", fmt.Errorf("the link %s: there is no chapter %s", link, chapter)
		}
	}
	if strings.HasPrefix(file, "..") {
		return "", fmt.Errorf("the link %s leads out of the repository", link)
	}
	p.linked = append(p.linked, file)
	to := repository + "/blob/main/" + file
	if u.Fragment != "" {
		to += "#" + u.Fragment
	}
	return to, nil
}

// anchor returns the anchor on the site of a heading that a text names as GitHub does.
func (p *page) anchor(fragment string) (string, error) {
	for _, h := range p.headings {
		if h.github == fragment || h.id == fragment {
			return h.id, nil
		}
	}
	return "", fmt.Errorf("%s has no heading #%s", p.file, fragment)
}

// wide is the width of a figure, in pixels, from which it is not shrunk to a phone's.
const wide = 480

func (p *page) renderImage(w util.BufWriter, n ast.Node, entering bool) ast.WalkStatus {
	if !entering {
		return ast.WalkContinue
	}
	file := string(n.(*ast.Image).Destination)
	alt := html.EscapeString(plain(n, p.source))
	if !strings.HasPrefix(file, "figures/") {
		p.problem(n, "the picture %s: want one in the folder figures", file)
		return ast.WalkSkipChildren
	}
	data, err := fs.ReadFile(p.of.files, p.chapter+"/"+file)
	if err != nil {
		p.problem(n, "%v", err)
		return ast.WalkSkipChildren
	}
	width, height, err := sizeOf(file, data)
	if err != nil {
		p.problem(n, "%s: %v", file, err)
		return ast.WalkSkipChildren
	}
	class := ""
	if width > wide {
		class = ` class="wide"`
	}
	img := fmt.Sprintf(`<img src="../figures/%s/%s" alt="%s" width="%d" height="%d"%s>`,
		p.chapter, html.EscapeString(strings.TrimPrefix(file, "figures/")), alt, width, height, class)
	if parent := n.Parent(); parent.Kind() != ast.KindParagraph || parent.ChildCount() > 1 {
		w.WriteString(img)
		return ast.WalkSkipChildren
	}
	// Screen readers get the description with the picture, others below it.
	fmt.Fprintf(w, `<figure class="picture"><div class="scroll" tabindex="0">%s</div><figcaption aria-hidden="true">%s</figcaption></figure>`+"\n", img, alt)
	return ast.WalkSkipChildren
}

// sizeOf returns the size in which a figure is shown, in pixels.
func sizeOf(file string, data []byte) (width, height int, err error) {
	if path.Ext(file) != ".svg" {
		c, _, err := image.DecodeConfig(bytes.NewReader(data))
		return c.Width, c.Height, err
	}
	var root struct {
		Width   string `xml:"width,attr"`
		Height  string `xml:"height,attr"`
		ViewBox string `xml:"viewBox,attr"`
	}
	if err := xml.Unmarshal(data, &root); err != nil {
		return 0, 0, err
	}
	x, errX := length(root.Width)
	y, errY := length(root.Height)
	if errX == nil && errY == nil {
		return x, y, nil
	}
	box := strings.Fields(strings.ReplaceAll(root.ViewBox, ",", " "))
	if len(box) != 4 {
		return 0, 0, fmt.Errorf("the SVG file has neither width and height nor a viewBox")
	}
	x, errX = length(box[2])
	y, errY = length(box[3])
	if errX != nil || errY != nil {
		return 0, 0, fmt.Errorf("the SVG file has the viewBox %q", root.ViewBox)
	}
	return x, y, nil
}

// length returns a length of an SVG file in pixels.
func length(text string) (int, error) {
	unit := 1.0
	if points, ok := strings.CutSuffix(text, "pt"); ok {
		text, unit = points, 96.0/72
	}
	x, err := strconv.ParseFloat(strings.TrimSuffix(text, "px"), 64)
	return int(math.Ceil(x * unit)), err
}

// neighbours returns the chapters before and after one.
func (v *volume) neighbours(chapter string) (before, after string) {
	list := v.folders()
	i := slices.Index(list, chapter)
	if i > 1 {
		before = list[i-1]
	}
	if i+1 < len(list) {
		after = list[i+1]
	}
	return before, after
}
