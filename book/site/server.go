package site

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"

	"github.com/strideml/stride/internal/webstyle"
)

// mediaTypes are those of files by their extension.
var mediaTypes = map[string]string{
	".html":  "text/html; charset=utf-8",
	".css":   "text/css; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".svg":   "image/svg+xml",
	".png":   "image/png",
	".woff2": "font/woff2",
	".wasm":  "application/wasm",
	".gz":    "application/gzip",
	".json":  "application/json",
}

// languageCookie has the language that a reader has chosen; assets/book.js sets it.
const languageCookie = "stride-language"

// Handler returns a handler that serves the site. It answers GET and HEAD. The
// language of "/", and of "/conv" for a chapter, is the one that was chosen last, or
// that the browser prefers.
func (s *Site) Handler() http.Handler {
	h := &handler{site: s, files: map[string]*served{}}
	for name, data := range s.files {
		f := &served{data: data, tag: fmt.Sprintf(`W/"%.8x"`, sha256.Sum256(data)), kind: mediaTypes[path.Ext(name)]}
		switch path.Ext(name) {
		case ".png", ".woff2", ".gz": // are compressed
		default:
			f.packed = sync.OnceValue(f.pack)
		}
		h.files[name] = f
	}
	return h
}

type handler struct {
	site  *Site
	files map[string]*served
}

// A served file has what is sent for it.
type served struct {
	kind, tag string // Content-Type and ETag
	data      []byte
	packed    func() []byte // by gzip; nil, or returns nil, where that is no use
}

func (f *served) pack() []byte {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil
	}
	if _, err := w.Write(f.data); err != nil || w.Close() != nil || b.Len() >= len(f.data) {
		return nil
	}
	return b.Bytes()
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	webstyle.SetHeaders(header)
	policy := pagePolicy
	if path.Ext(r.URL.Path) == ".svg" {
		policy = figurePolicy
	}
	header.Set("Content-Security-Policy", policy+"; frame-ancestors 'none'")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD are answered", http.StatusMethodNotAllowed)
		return
	}
	name := strings.TrimPrefix(r.URL.Path, "/")
	switch {
	case name == "":
		header.Set("Vary", "Accept-Language, Cookie")
		header.Set("Cache-Control", "no-store")
		http.Redirect(w, r, "/"+chosenLanguage(r)+"/", http.StatusFound)
		return
	case h.files[Languages[0]+"/"+name+".html"] != nil: // /conv
		header.Set("Vary", "Accept-Language, Cookie")
		header.Set("Cache-Control", "no-store")
		http.Redirect(w, r, "/"+chosenLanguage(r)+"/"+name+".html", http.StatusFound)
		return
	case strings.HasSuffix(name, "/"):
		name += "index.html"
	case h.files[name+"/index.html"] != nil: // /en
		http.Redirect(w, r, "/"+name+"/", http.StatusMovedPermanently)
		return
	}
	f := h.files[name]
	if f == nil {
		http.Error(w, "the book has no such page", http.StatusNotFound)
		return
	}
	header.Set("Cache-Control", "no-cache") // ask each time, by the ETag
	header.Set("ETag", f.tag)
	header.Set("Vary", "Accept-Encoding")
	if r.Header.Get("If-None-Match") == f.tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	data := f.data
	if f.packed != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		if packed := f.packed(); packed != nil {
			header.Set("Content-Encoding", "gzip")
			data = packed
		}
	}
	if f.kind != "" {
		header.Set("Content-Type", f.kind)
	} else {
		header.Set("Content-Type", "application/octet-stream")
	}
	header.Set("Content-Length", strconv.Itoa(len(data)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(data) // the client is gone
	}
}

// chosenLanguage returns the language of the cookie, or that which the browser prefers.
func chosenLanguage(r *http.Request) string {
	if c, err := r.Cookie(languageCookie); err == nil {
		for _, language := range Languages {
			if c.Value == language {
				return language
			}
		}
	}
	return webstyle.Preferred(r.Header.Get("Accept-Language"))
}
