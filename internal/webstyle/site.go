package webstyle

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/json"
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

//go:embed base.css base.js elements.js theme.js early.js texts
var shared embed.FS

// File returns one of the files that all pages share, for pages that are made
// in another way: base.css, elements.js, theme.js or early.js.
func File(name string) ([]byte, error) { return shared.ReadFile(name) }

// Languages are those that every page has its texts in. The first is the default.
var Languages = []string{"en", "zh"}

// indexFile is the file that "/" stands for.
const indexFile = "index.html"

// policy is the Content-Security-Policy of every file.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

// types are the media types of files by their extension.
var types = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
	".png":  "image/png",
	".webp": "image/webp",
}

// A Site serves a page. It is an http.Handler: the last element of a request's path is the
// name of the file, and a path that ends with a slash is index.html.
type Site struct {
	files map[string]*file // index.html of each language is index.html.en and so on
}

// A file is what is sent for a name.
type file struct {
	kind, tag string // Content-Type and ETag
	data      []byte
	packed    func() []byte // gzip; nil where that is not shorter
}

// New makes the site of a page's files. It is an error if index.html is missing, if a text
// is missing in one of the languages, or if a file has an unknown extension.
func New(page fs.FS) (*Site, error) {
	s := &Site{files: map[string]*file{}}
	texts, err := readTexts(page)
	if err != nil {
		return nil, err
	}
	for _, from := range []fs.FS{shared, page} {
		names, err := fs.Glob(from, "*.*")
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			data, err := fs.ReadFile(from, name)
			if err != nil {
				return nil, err
			}
			if name == indexFile {
				err = s.addIndex(string(data), texts)
			} else {
				err = s.add(name, data)
			}
			if err != nil {
				return nil, err
			}
		}
	}
	if s.files[indexFile+"."+Languages[0]] == nil {
		return nil, fmt.Errorf("the page has no %s", indexFile)
	}
	all, err := json.Marshal(texts)
	if err != nil {
		return nil, err
	}
	return s, s.add("texts.js", bytes.Join([][]byte{[]byte("export default "), all, []byte(";\n")}, nil))
}

// readTexts returns the texts by language and key: those of the page and those that all
// pages have.
func readTexts(page fs.FS) (map[string]map[string]string, error) {
	texts := map[string]map[string]string{}
	for _, language := range Languages {
		texts[language] = map[string]string{}
		for _, from := range []fs.FS{shared, page} {
			name := "texts/" + language + ".json"
			data, err := fs.ReadFile(from, name)
			if err != nil {
				return nil, err
			}
			own := texts[language] // keeps the keys that are there
			if err := json.Unmarshal(data, &own); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	for _, a := range Languages {
		for _, b := range Languages {
			for key := range texts[a] {
				if texts[b][key] == "" {
					return nil, fmt.Errorf("the text %q is missing in the language %s", key, b)
				}
			}
		}
	}
	return texts, nil
}

var placeholder = regexp.MustCompile(`\{\{([\w.-]+)\}\}`)

// addIndex adds index.html in each language.
func (s *Site) addIndex(text string, texts map[string]map[string]string) error {
	for _, language := range Languages {
		var unknown error
		filled := placeholder.ReplaceAllStringFunc(text, func(match string) string {
			key := match[2 : len(match)-2]
			if key == "language" {
				return language
			}
			value, ok := texts[language][key]
			if !ok {
				unknown = fmt.Errorf("%s: there is no text %q", indexFile, key)
			}
			return html.EscapeString(value)
		})
		if unknown != nil {
			return unknown
		}
		if err := s.addAs(indexFile+"."+language, ".html", []byte(filled)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Site) add(name string, data []byte) error { return s.addAs(name, path.Ext(name), data) }

func (s *Site) addAs(name, extension string, data []byte) error {
	kind, ok := types[extension]
	if !ok {
		return fmt.Errorf("%s: files of this kind are not served", name)
	}
	f := &file{kind: kind, data: data, tag: fmt.Sprintf(`W/"%.8x"`, sha256.Sum256(data))}
	f.packed = sync.OnceValue(func() []byte {
		var b bytes.Buffer
		w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		if err != nil {
			return nil
		}
		if _, err := w.Write(data); err != nil || w.Close() != nil || b.Len() >= len(data) {
			return nil
		}
		return b.Bytes()
	})
	s.files[name] = f
	return nil
}

// ServeHTTP implements http.Handler. It answers GET and HEAD; a file that is not there is 404.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := path.Base(r.URL.Path)
	header := w.Header()
	if strings.HasSuffix(r.URL.Path, "/") || name == indexFile || name == "." {
		name = indexFile + "." + Preferred(r.Header.Get("Accept-Language"))
		header.Add("Vary", "Accept-Language")
	}
	f := s.files[name]
	if f == nil {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "want GET", http.StatusMethodNotAllowed)
		return
	}
	SetHeaders(header)
	header.Set("Cache-Control", "no-cache") // asks each time, by the ETag
	header.Set("ETag", f.tag)
	header.Add("Vary", "Accept-Encoding")
	if r.Header.Get("If-None-Match") == f.tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	data := f.data
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		if packed := f.packed(); packed != nil {
			header.Set("Content-Encoding", "gzip")
			data = packed
		}
	}
	header.Set("Content-Type", f.kind)
	header.Set("Content-Length", strconv.Itoa(len(data)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(data) // the client is gone
	}
}

// SetHeaders sets the headers that keep a page apart from other sites. They suit any answer
// that a browser may show.
func SetHeaders(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
}

// Preferred returns the one of Languages that an Accept-Language header prefers.
func Preferred(accept string) string {
	best, quality := Languages[0], 0.0
	for part := range strings.SplitSeq(accept, ",") {
		tag, parameter, _ := strings.Cut(strings.TrimSpace(part), ";")
		q := 1.0
		if text, ok := strings.CutPrefix(strings.TrimSpace(parameter), "q="); ok {
			var err error
			if q, err = strconv.ParseFloat(text, 64); err != nil {
				continue
			}
		}
		primary, _, _ := strings.Cut(strings.ToLower(tag), "-")
		for _, language := range Languages {
			if primary == language && q > quality {
				best, quality = language, q
			}
		}
	}
	return best
}
