package site

import (
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/strideml/stride/book"
	"github.com/strideml/stride/book/internal/sitecheck"
)

// The site of the book: every chapter in both languages, no broken link, nothing
// loaded from elsewhere, nothing that its policy refuses.
func TestBook(t *testing.T) {
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := sitecheck.Check(s); err != nil {
		t.Error(err)
	}
	for _, language := range Languages {
		for _, name := range append([]string{"index"}, book.Chapters...) {
			if _, ok := s.File(language + "/" + name + ".html"); !ok {
				t.Errorf("there is no page %s in %s", name, language)
			}
		}
	}
	for text, files := range s.Repository() {
		for _, file := range files {
			if _, err := os.Stat(filepath.Join("..", "..", filepath.FromSlash(file))); err != nil {
				t.Errorf("%s links to %s: %v", text, file, err)
			}
		}
	}
	dir := t.TempDir()
	if err := s.Write(dir); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(filepath.Join(dir, "zh", "conv.html"))
	if want, _ := s.File("zh/conv.html"); err != nil || string(written) != string(want) {
		t.Error("Write wrote something else", err)
	}
}

// small returns a book of two chapters with texts that begin as given.
func small(en, zh string) Options {
	return Options{Chapters: []string{"a", "b"}, Files: fstest.MapFS{
		"first/en.md":      {Data: []byte("# Book\n\nAbout it.\n\n<!-- contents -->\n")},
		"first/zh.md":      {Data: []byte("# 书\n\n关于本书。\n\n<!-- contents -->\n")},
		"a/en.md":          {Data: []byte(en)},
		"a/zh.md":          {Data: []byte(zh)},
		"b/en.md":          {Data: []byte("# Bee\n\nAbout bees.\n\n## The sting!\n")},
		"b/zh.md":          {Data: []byte("# 蜜蜂\n\n关于蜜蜂。\n\n## 蜂针\n")},
		"a/main.go":        {Data: []byte("package main\n\n//region x\nvar x = `a\nb` // <b>\n//endregion\n")},
		"a/x.py":           {Data: []byte("# region x\nx = 'a'  # b\n# endregion\n")},
		"a/figures/f.svg":  {Data: []byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 20.500"/>`)},
		"b/figures/g.svg":  {Data: []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="30pt" height="15"/>`)},
		"a/figures/no.svg": {Data: []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`)},
	}}
}

// body returns the text of a page.
func body(t *testing.T, s *Site, name string) string {
	t.Helper()
	data, ok := s.File(name)
	if !ok {
		t.Fatalf("there is no %s", name)
	}
	_, text, _ := strings.Cut(string(data), "<article")
	text, _, _ = strings.Cut(text, "</article>")
	return text
}

func TestMarkdown(t *testing.T) {
	for _, test := range []struct{ name, markdown, want string }{
		{"a formula", "so $a_1 < b$ and", `<p>so <span class="math">a_1 &lt; b</span> and</p>`},
		{"money", "5 $ and 6 $, $5 and $6", `<p>5 $ and 6 $, $5 and $6</p>`},
		{"emphasis in a formula", "$a*b*c$", `<span class="math">a*b*c</span>`},
		{"a formula on a line", "$$a\\\\b$$", `<div class="math display">a\\b</div>`},
		{"a formula on lines", "$$\na\n\nb\n$$\n\nend", "<div class=\"math display\">a\n\nb</div>\n<p>end</p>"},
		{"a formula that ends with a line", "$$a\n= b$$", "<div class=\"math display\">a\n= b</div>"},
		{"a displayed formula within a line", "so $$a$$ and", `<span class="math display">a</span>`},
		{"code", "```go region=x\nvar x = `a\nb` // <b>\n```",
			`<span class="language">Go</span><a href="../source/a/main.go.html#L4">book/a/main.go</a></figcaption><pre tabindex="0"><code><span class="k">var</span> x = <span class="s">` + "`a\nb`</span> <span class=\"c\">// &lt;b&gt;</span>\n</code>"},
		{"Python beside Go", "```python\nx = 1\n```\n\n```go\nx := 1\n```", `<div class="pair">` + "\n" + `<figure class="code">`},
		{"an output", "```text output=s measured\n1 < 2\n```", `<samp>1 &lt; 2` + "\n</samp>"},
		{"how to run it", "```text output=s\n1\n```", `<code class="command">go run ./book/a -only s</code>`},
		{"a figure", "![What it shows](figures/f.svg)", `<img src="../figures/a/f.svg" alt="What it shows" width="600" height="21" class="wide"></div><figcaption aria-hidden="true">What it shows</figcaption></figure>`},
		{"a live part", `<!-- live: window {"net": "a"} -->`, `data-live="window" data-options="{&#34;net&#34;: &#34;a&#34;}" data-missing`},
		{"another chapter", "[b](../b/en.md#the-sting)", `<a href="b.html#the-sting">`},
		{"a chapter in Chinese", "[b](../b/zh.md#蜂针)", `<a href="../zh/b.html#the-sting">`},
		{"within a page", "## Part 1\n\n[b](#part-1)", `<a href="#part-1">`},
		{"a program", "[b](main.go)", `<a href="../source/a/main.go.html">`},
		{"a file of the repository", "[b](../../nn/conv.go)", `<a href="https://github.com/strideml/stride/blob/main/nn/conv.go">`},
		{"another site", "[b](https://d2l.ai)", `<a href="https://d2l.ai">`},
		{"details", "<details><summary>How big is $n$?</summary>\n\n*5*\n\n</details>", "<details><summary>How big is <span class=\"math\">n</span>?</summary>\n<p><em>5</em></p>\n</details>"},
		{"words", "a &amp; <b \\* c\nd", "<p>a &amp; &lt;b * c\nd</p>"},
		{"a key", "press <kbd>a</kbd>", `<p>press <kbd>a</kbd></p>`},
		{"a table with an empty corner", "||b|\n|-|-:|\n|1|2|", "<td></td>\n<th align=\"right\">b</th>"},
		{"a table", "|a|b|\n|-|-:|\n|1|$x$|", `<div class="scroll" tabindex="0"><table>`},
	} {
		zh := "# 甲\n\n文字。"
		if strings.Contains(test.markdown, "## ") {
			zh += "\n\n## 乙"
		}
		s, err := New(small("# Ay\n\nText.\n\n"+test.markdown, zh))
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if got := body(t, s, "en/a.html"); !strings.Contains(got, test.want) {
			t.Errorf("%s: %s\nwant %s", test.name, got, test.want)
		}
		if err := sitecheck.Check(s); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestMistakes(t *testing.T) {
	for markdown, want := range map[string]string{
		"\n\n```go regoin=x\n```":          `book/a/en.md:7: unknown word "regoin=x"`,
		"<script>alert(1)</script>":        "HTML that texts may not have: <script>",
		"a <b onclick=x>":                  "HTML that texts may not have: <b onclick",
		"<!-- live: windw -->":             `no live part is called "windw"`,
		"<!-- live: window {net} -->":      "are no JSON",
		"<!-- live window -->":             "want <!-- live: NAME -->",
		"![Description](figures/none.svg)": "a/figures/none.svg",
		"![Description](figures/no.svg)":   "neither width and height nor a viewBox",
		"![Description](f.svg)":            "want one in the folder figures",
		"[a](../c/en.md)":                  "there is no chapter c",
		"[a](../b/en.md#nothing)":          "book/b/en.md has no heading #nothing",
		"[a](#nothing)":                    "has no heading #nothing",
		"[a](http://example.com)":          "want https",
		"[a](javascript:alert)":            "want https",
		"[a](../../../x)":                  "leads out of the repository",
		"**a。**b":                          "** is shown as it is",
		"$$\na":                            "the formula has no end",
		"## One too many":                  "book/a/en.md has 2 headings, book/a/zh.md 1",
	} {
		_, err := New(small("# Ay\n\nText.\n\n"+markdown, "# 甲"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v\nwant %s", markdown, err, want)
		}
	}
	if _, err := New(small("Ay", "# 甲")); err == nil || !strings.Contains(err.Error(), "does not begin with a title") {
		t.Error(err)
	}
}

// Headings have the same anchors in both languages, and different ones within a page.
func TestAnchors(t *testing.T) {
	s, err := New(small("# Ay\n\n## Edges: how?\n\n## Edges: how?\n\n[x](#edges-how-1)", "# 甲\n\n## 边缘：如何？\n\n## 后\n\n[x](#边缘如何)"))
	if err != nil {
		t.Fatal(err)
	}
	ids := regexp.MustCompile(`<h\d id="([^"]*)"`)
	en, zh := ids.FindAllString(body(t, s, "en/a.html"), -1), ids.FindAllString(body(t, s, "zh/a.html"), -1)
	if got := strings.Join(en, " "); got != `<h1 id="ay" <h2 id="edges-how" <h2 id="edges-how-1"` || got != strings.Join(zh, " ") {
		t.Errorf("%s, %s", en, zh)
	}
	if !strings.Contains(body(t, s, "zh/a.html"), `<a href="#edges-how">`) {
		t.Error("a link to a Chinese heading does not lead to it")
	}
	data, _ := s.File("zh/a.html")
	for _, want := range []string{`<html lang="zh">`, `<title>甲 · 用 Go 学卷积神经网络</title>`, `rel="next" href="b.html"`, `href="../en/a.html" lang="en"`, `<meta http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;`} {
		if !strings.Contains(string(data), want) {
			t.Errorf("no %s in %s", want, data)
		}
	}
}

func TestHandler(t *testing.T) {
	o := small("# Ay\n\nText.", "# 甲\n\n文字。")
	o.Live = map[string][]byte{"book.wasm.gz": {0x1f, 0x8b}}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	h := s.Handler()
	get := func(method, path string, header ...string) *http.Response {
		r := httptest.NewRequest(method, path, nil)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Result()
	}
	for _, test := range []struct {
		path, header, value string
		status              int
		key, want           string // of the answer
	}{
		{"/", "", "", 302, "Location", "/en/"},
		{"/", "Accept-Language", "zh-CN,zh;q=0.9,en;q=0.8", 302, "Location", "/zh/"},
		{"/", "Cookie", "stride-language=zh", 302, "Location", "/zh/"},
		{"/", "Cookie", "stride-language=//x", 302, "Location", "/en/"},
		{"/a", "Accept-Language", "zh", 302, "Location", "/zh/a.html"},
		{"/en", "", "", 301, "Location", "/en/"},
		{"/zh/", "", "", 200, "Content-Type", "text/html; charset=utf-8"},
		{"/zh/a.html", "Accept-Encoding", "gzip", 200, "Content-Encoding", "gzip"},
		{"/assets/live/book.wasm.gz", "Accept-Encoding", "gzip", 200, "Content-Encoding", ""},
		{"/assets/katex/fonts/KaTeX_Main-Regular.woff2", "", "", 200, "Content-Type", "font/woff2"},
		{"/assets/book.js", "", "", 200, "X-Content-Type-Options", "nosniff"},
		{"/figures/a/f.svg", "", "", 200, "Content-Type", "image/svg+xml"},
		{"/nothing", "", "", 404, "", ""},
		{"/en/../../go.mod", "", "", 404, "", ""},
	} {
		r := get("GET", test.path, test.header, test.value)
		if r.StatusCode != test.status || test.key != "" && r.Header.Get(test.key) != test.want {
			t.Errorf("%s with %s: %d, %v", test.path, test.value, r.StatusCode, r.Header)
		}
		if csp := r.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe-inline") != strings.HasSuffix(test.path, ".svg") {
			t.Errorf("%s: policy %q", test.path, csp)
		}
	}
	first := get("GET", "/en/a.html")
	if r := get("GET", "/en/a.html", "If-None-Match", first.Header.Get("ETag")); r.StatusCode != http.StatusNotModified {
		t.Errorf("status %d", r.StatusCode)
	}
	if r := get("POST", "/en/"); r.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: status %d", r.StatusCode)
	}
	head := get("HEAD", "/en/a.html")
	if text, err := io.ReadAll(head.Body); err != nil || len(text) > 0 || head.ContentLength <= 0 {
		t.Errorf("HEAD: %v, %d bytes of %d", err, len(text), head.ContentLength)
	}
}

// Every type of file of the site has a media type.
func TestMediaTypes(t *testing.T) {
	err := fs.WalkDir(own, "assets", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && entry.Name() != "LICENSE" && mediaTypes[filepath.Ext(name)] == "" {
			t.Errorf("%s has no media type", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
