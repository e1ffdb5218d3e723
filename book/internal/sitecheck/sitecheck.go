// Package sitecheck finds what is wrong with the pages of a site of plain files:
// links that lead nowhere, what is loaded from elsewhere, what their
// Content-Security-Policy refuses, and what screen readers need and do not find.
package sitecheck

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// A Site is what is checked: files by their paths, with slashes.
type Site interface {
	Names() []string
	File(name string) ([]byte, bool)
}

// loads are the attributes by which an element loads something. Links of the
// head are among them, unless they only name another page.
var loads = map[string][]string{
	"img": {"src", "srcset"}, "script": {"src"}, "link": {"href"}, "source": {"src", "srcset"}, "video": {"src", "poster"}, "audio": {"src"},
	"iframe": {"src"}, "object": {"data"}, "embed": {"src"}, "input": {"src"}, "form": {"action"}, "track": {"src"},
}

// Check reads every page of a site. Its error has a line for each mistake.
func Check(s Site) error {
	c := &checker{site: s, pages: map[string]*page{}}
	for _, name := range s.Names() {
		data, _ := s.File(name)
		switch path.Ext(name) {
		case ".html":
			c.pages[name] = c.read(name, data)
		case ".css":
			c.checkStyle(name, data)
		}
	}
	for _, name := range s.Names() {
		if p := c.pages[name]; p != nil {
			c.checkLinks(name, p)
		}
	}
	return errors.Join(c.wrong...)
}

type checker struct {
	site  Site
	pages map[string]*page
	wrong []error
}

// A page is what is needed of a page once it has been read.
type page struct {
	ids   map[string]bool
	links []string // of a elements
	loads []string
}

func (c *checker) say(format string, words ...any) {
	c.wrong = append(c.wrong, fmt.Errorf(format, words...))
}

// read reads a page and reports what is wrong in itself.
func (c *checker) read(name string, data []byte) *page {
	p := &page{ids: map[string]bool{}}
	count := map[string]int{}
	var described, viewport, policy bool
	title := ""
	z := html.NewTokenizer(bytes.NewReader(data))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			continue
		}
		t := z.Token()
		count[t.Data]++
		attribute := map[string]string{}
		for _, a := range t.Attr {
			attribute[a.Key] = a.Val
			switch {
			case a.Key == "style":
				c.say("%s: <%s style=…>: the policy refuses styles in the HTML", name, t.Data)
			case strings.HasPrefix(a.Key, "on"):
				c.say("%s: <%s %s=…>: the policy refuses scripts in the HTML", name, t.Data, a.Key)
			case a.Key == "id" && p.ids[a.Val]:
				c.say("%s: there are two elements with the id %q", name, a.Val)
			case a.Key == "id":
				p.ids[a.Val] = true
			case slices.Contains(loads[t.Data], a.Key) && attribute["hreflang"] == "":
				p.loads = append(p.loads, a.Val)
			}
		}
		switch t.Data {
		case "html":
			if lang := attribute["lang"]; lang == "" {
				c.say("%s has no language", name)
			}
		case "title":
			if z.Next() == html.TextToken {
				title = strings.TrimSpace(z.Token().Data)
			}
		case "meta":
			described = described || attribute["name"] == "description" && attribute["content"] != ""
			viewport = viewport || attribute["name"] == "viewport"
			policy = policy || strings.EqualFold(attribute["http-equiv"], "Content-Security-Policy")
		case "img":
			if _, ok := attribute["alt"]; !ok {
				c.say("%s: the picture %s has no text", name, attribute["src"])
			}
		case "script":
			if attribute["src"] == "" {
				c.say("%s: the policy refuses scripts in the HTML", name)
			}
		case "style":
			c.say("%s: the policy refuses styles in the HTML", name)
		case "a":
			if to, ok := attribute["href"]; ok {
				p.links = append(p.links, to)
			}
		}
	}
	for what, ok := range map[string]bool{"title": title != "", "description": described, "viewport": viewport, "policy": policy} {
		if !ok {
			c.say("%s has no %s", name, what)
		}
	}
	for _, tag := range []string{"h1", "main"} {
		if count[tag] != 1 {
			c.say("%s has %d elements %s, want one", name, count[tag], tag)
		}
	}
	return p
}

// checkLinks reports links and files that are not there or are elsewhere.
func (c *checker) checkLinks(name string, p *page) {
	for _, to := range p.loads {
		if u, err := url.Parse(to); err != nil || u.IsAbs() && u.Scheme != "data" || u.Host != "" {
			c.say("%s loads %s from elsewhere", name, to)
			continue
		}
		c.find(name, to, false)
	}
	for _, to := range p.links {
		u, err := url.Parse(to)
		switch {
		case err != nil:
			c.say("%s: link %s: %v", name, to, err)
		case u.Scheme == "https":
		case u.IsAbs() || u.Host != "":
			c.say("%s: link %s: want https", name, to)
		default:
			c.find(name, to, true)
		}
	}
}

// find reports an address that leads nowhere.
func (c *checker) find(from, to string, link bool) {
	u, err := url.Parse(to)
	if err != nil || strings.HasPrefix(u.Path, "/") {
		c.say("%s: %s: want a relative address", from, to)
		return
	}
	file := from
	if u.Path != "" {
		file = path.Join(path.Dir(from), u.Path)
	}
	if _, ok := c.site.File(file); !ok {
		c.say("%s: %s is not there", from, to)
		return
	}
	if page := c.pages[file]; link && u.Fragment != "" && (page == nil || !page.ids[u.Fragment]) {
		c.say("%s: %s has no element with the id %q", from, file, u.Fragment)
	}
}

// checkStyle reports what a style sheet loads from elsewhere, or what is not there.
func (c *checker) checkStyle(name string, data []byte) {
	if bytes.Contains(data, []byte("@import")) {
		c.say("%s imports another style sheet", name)
	}
	for _, rest := range strings.Split(string(data), "url(")[1:] {
		to, _, _ := strings.Cut(rest, ")")
		to = strings.Trim(to, `"'`)
		if u, err := url.Parse(to); err == nil && u.Scheme == "data" {
			continue
		} else if err != nil || u.IsAbs() || u.Host != "" {
			c.say("%s loads %s from elsewhere", name, to)
			continue
		}
		c.find(name, to, false)
	}
}
