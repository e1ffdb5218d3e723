package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The book is served, in the language that is asked for, and to this machine only.
func TestBook(t *testing.T) {
	t.Parallel()
	cmd, url, wait := shown(t, "book", "conv", "--lang", "zh", "--live=false", "--addr", "127.0.0.1:0")
	root, page, _ := strings.Cut(strings.TrimPrefix(url, "http://"), "/")
	if page != "zh/conv.html" {
		t.Errorf("the page %s", url)
	}
	get := func(path, host string) (status int, text string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+root+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		r.Header.Set("Accept-Language", "en")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		b, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(b)
	}
	if status, text := get("/zh/conv.html", root); status != 200 || !strings.Contains(text, `<html lang="zh">`) {
		t.Errorf("status %d, %.200s", status, text)
	}
	if status, text := get("/conv", root); status != 200 || !strings.Contains(text, `<html lang="en">`) {
		t.Errorf("status %d, %.200s", status, text)
	}
	if status, _ := get("/zh/conv.html", "evil.example"); status != http.StatusForbidden && status != http.StatusMisdirectedRequest {
		t.Errorf("another host: status %d", status)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if status, rest := wait(); status != done || rest != "" {
		t.Errorf("status %d, %q", status, rest)
	}
}

func TestBookFiles(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "public")
	out := mustStride(t, "book", "--out", dir, "--live=false")
	if !strings.HasSuffix(out, " files in "+dir+"\n") {
		t.Errorf("said %q", out)
	}
	for _, name := range []string{"index.html", "en/conv.html", "zh/conv.html", "assets/book.js"} {
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			t.Error(err)
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	fails(t, failed, []string{"book", "--out", file, "--live=false"}, "not a directory")
}
