package sitecheck

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// files are a site.
type files map[string]string

func (f files) Names() []string { return slices.Sorted(maps.Keys(f)) }

func (f files) File(name string) ([]byte, bool) {
	text, ok := f[name]
	return []byte(text), ok
}

// pageOf returns a page that is right but for its body.
func pageOf(body string) string {
	return `<!doctype html><html lang="en"><head><title>T</title><meta name="description" content="d"><meta name="viewport" content="w">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'"><link rel="stylesheet" href="../a.css">
<link rel="alternate" hreflang="zh" href="https://example.com/zh"></head><body><main><h1 id="top">T</h1>` + body + `</main></body></html>`
}

func site(body string) files {
	return files{"en/p.html": pageOf(body), "en/q.html": pageOf(`<p id="there">`), "a.css": `a { background: url("i.svg"); } b { background: url(data:image/png;base64,AA) }`, "i.svg": "<svg/>"}
}

func TestRight(t *testing.T) {
	for _, body := range []string{
		"", `<a href="q.html">q</a> <a href="q.html#there">q</a> <a href="#top">up</a> <a href="https://example.com">e</a>`, `<img src="../i.svg" alt="">`, `<script src="../a.css"></script>`,
	} {
		if err := Check(site(body)); err != nil {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestWrong(t *testing.T) {
	for body, want := range map[string]string{
		`<a href="r.html">r</a>`:                        "en/p.html: r.html is not there",
		`<a href="q.html#nowhere">q</a>`:                `en/q.html has no element with the id "nowhere"`,
		`<a href="#nowhere">q</a>`:                      `en/p.html has no element with the id "nowhere"`,
		`<a href="/q.html">q</a>`:                       "want a relative address",
		`<a href="http://example.com">q</a>`:            "want https",
		`<a href="javascript:x">q</a>`:                  "want https",
		`<img src="../j.svg" alt="">`:                   "../j.svg is not there",
		`<img src="../i.svg">`:                          "has no text",
		`<img src="https://example.com/i.png" alt="">`:  "loads https://example.com/i.png from elsewhere",
		`<img src="//example.com/i.png" alt="">`:        "from elsewhere",
		`<script src="https://cdn.example/x"></script>`: "from elsewhere",
		`<script>x</script>`:                            "refuses scripts",
		`<p onclick="x">`:                               "refuses scripts",
		`<p style="color: red">`:                        "refuses styles",
		`<style>p{}</style>`:                            "refuses styles",
		`<p id="a"><p id="a">`:                          `two elements with the id "a"`,
		`<h1>again</h1>`:                                "has 2 elements h1",
	} {
		if err := Check(site(body)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", body, err, want)
		}
	}
	for name, change := range map[string]func(files){
		"a.css loads https://example.com/x from elsewhere": func(f files) { f["a.css"] = "a { background: url('https://example.com/x') }" },
		"a.css: x.png is not there":                        func(f files) { f["a.css"] = "a { background: url(x.png) }" },
		"a.css imports another style sheet":                func(f files) { f["a.css"] = "@import 'b.css';" },
		"en/p.html has no title":                           func(f files) { f["en/p.html"] = strings.Replace(pageOf(""), "<title>T</title>", "<title></title>", 1) },
		"en/p.html has no description":                     func(f files) { f["en/p.html"] = strings.Replace(pageOf(""), `content="d"`, `content=""`, 1) },
		"en/p.html has no language":                        func(f files) { f["en/p.html"] = strings.Replace(pageOf(""), ` lang="en"`, "", 1) },
		"en/p.html has no policy":                          func(f files) { f["en/p.html"] = strings.Replace(pageOf(""), "Content-Security-Policy", "x", 1) },
	} {
		f := site("")
		change(f)
		if err := Check(f); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v, want %s", err, name)
		}
	}
}
