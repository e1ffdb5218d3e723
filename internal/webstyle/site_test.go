package webstyle

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func page() fstest.MapFS {
	return fstest.MapFS{
		"index.html":    {Data: []byte(`<html lang="{{language}}"><h1 title="{{hint}}">{{title}}</h1>`)},
		"app.js":        {Data: []byte(strings.Repeat("export const x = 1;\n", 50))},
		"texts/en.json": {Data: []byte(`{"title": "Boots & bags", "hint": "\"<b>\""}`)},
		"texts/zh.json": {Data: []byte(`{"title": "靴子", "hint": "提示"}`)},
	}
}

func TestSite(t *testing.T) {
	s, err := New(page())
	if err != nil {
		t.Fatal(err)
	}
	get := func(method, path string, header ...string) *http.Response {
		r := httptest.NewRequest(method, path, nil)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w.Result()
	}
	text := func(r *http.Response) string {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if got, want := text(get("GET", "/")), `<html lang="en"><h1 title="&#34;&lt;b&gt;&#34;">Boots &amp; bags</h1>`; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	chinese := get("GET", "/", "Accept-Language", "fr, zh-CN;q=0.9, en;q=0.8")
	if got, want := text(chinese), `<html lang="zh"><h1 title="提示">靴子</h1>`; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	csp := chinese.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "trusted-types"} {
		if !strings.Contains(csp, want) || strings.Contains(csp, "unsafe") {
			t.Errorf("policy %q: want %s", csp, want)
		}
	}
	if chinese.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Error("browsers may guess the type")
	}
	packed := get("GET", "/page/app.js", "Accept-Encoding", "br, gzip")
	unpacked, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(unpacked); err != nil || string(b) != string(page()["app.js"].Data) || packed.ContentLength >= int64(len(b)) {
		t.Errorf("%v, %d of %d bytes", err, packed.ContentLength, len(b))
	}
	if r := get("GET", "/app.js", "If-None-Match", packed.Header.Get("ETag")); r.StatusCode != 304 || text(r) != "" {
		t.Errorf("status %d", r.StatusCode)
	}
	if got := text(get("GET", "/texts.js")); !strings.HasPrefix(got, "export default {") || !strings.Contains(got, "靴子") || !strings.Contains(got, "base.dark") {
		t.Error(got)
	}
	if r := get("HEAD", "/base.css"); r.StatusCode != 200 || text(r) != "" || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/css") {
		t.Errorf("HEAD: %v", r)
	}
	for path, status := range map[string]int{"/nothing.js": 404, "/texts/en.json": 404, "/index.html": 200, "/page/": 200, "/../site.go": 404} {
		if r := get("GET", path); r.StatusCode != status {
			t.Errorf("%s: status %d, want %d", path, r.StatusCode, status)
		}
	}
	if r := get("POST", "/"); r.StatusCode != 405 {
		t.Errorf("POST: status %d", r.StatusCode)
	}
}

func TestSiteRefuses(t *testing.T) {
	for name, change := range map[string]func(fstest.MapFS){
		"no index.html":         func(f fstest.MapFS) { delete(f, "index.html") },
		`no text "nothing"`:     func(f fstest.MapFS) { f["index.html"].Data = []byte("{{nothing}}") },
		"language zh":           func(f fstest.MapFS) { f["texts/zh.json"].Data = []byte(`{"hint": "提示"}`) },
		"texts/en.json":         func(f fstest.MapFS) { f["texts/en.json"].Data = []byte(`{"hint": 1}`) },
		"zh.json":               func(f fstest.MapFS) { delete(f, "texts/zh.json") },
		"a.exe: files of this ": func(f fstest.MapFS) { f["a.exe"] = &fstest.MapFile{} },
	} {
		files := page()
		change(files)
		if _, err := New(files); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v: want %s", err, name)
		}
	}
}

func TestPreferred(t *testing.T) {
	for accept, want := range map[string]string{
		"": "en", "de": "en", "zh": "zh", "ZH-Hant-TW": "zh", "en, zh": "en", "zh;q=0.5, en;q=0.9": "en", "en;q=0.1,zh;q=0.2": "zh", "zh;q=x": "en", "zh;q=0": "en",
	} {
		if got := Preferred(accept); got != want {
			t.Errorf("%q: %s, want %s", accept, got, want)
		}
	}
}
