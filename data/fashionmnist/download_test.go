package fashionmnist

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/strideml/stride/internal/download"
)

// published are four small files as a mirror would have them.
func published(t testing.TB) (list []file, contents map[string][]byte) {
	t.Helper()
	contents = map[string][]byte{}
	for _, f := range files {
		b := zipped(t, small()[f.name])
		sum := sha256.Sum256(b)
		list = append(list, file{f.name, int64(len(b)), hex.EncodeToString(sum[:])})
		contents["/"+f.name+".gz"] = b
	}
	return list, contents
}

// A mirror serves files and remembers what it was asked for.
type mirror struct {
	*httptest.Server
	mu       sync.Mutex
	requests []string // method, path and range
}

func (m *mirror) asked() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return strings.Join(m.requests, "\n")
}

// serve starts a mirror; first, if not nil, may answer a request itself.
func serve(t testing.TB, contents map[string][]byte, first func(w http.ResponseWriter, r *http.Request) bool) *mirror {
	t.Helper()
	m := &mirror{}
	m.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.mu.Lock()
		m.requests = append(m.requests, strings.TrimSpace(r.Method+" "+r.URL.Path+" "+r.Header.Get("Range")))
		m.mu.Unlock()
		if first != nil && first(w, r) {
			return
		}
		b, ok := contents[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
	}))
	t.Cleanup(m.Close)
	return m
}

func sourceOf(list []file, mirrors ...*mirror) source {
	s := source{files: list, client: download.Client{HTTP: &http.Client{Transport: &http.Transport{}}, Stall: 2 * time.Second}, connect: 2 * time.Second}
	for _, m := range mirrors {
		s.mirrors = append(s.mirrors, m.URL+"/")
	}
	return s
}

func checkFolder(t *testing.T, dir string, contents map[string][]byte) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != len(contents) {
		t.Errorf("%d files, want %d: %v", len(entries), len(contents), err)
	}
	for name, want := range contents {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s has other contents: %v", name, err)
		}
	}
}

func TestDownload(t *testing.T) {
	list, contents := published(t)
	m := serve(t, contents, nil)
	dir := filepath.Join(t.TempDir(), "a", "b")
	var last Progress
	watch := func(p Progress) {
		if p.Done < last.Done || p.Done > p.Total {
			t.Errorf("progress %+v after %+v", p, last)
		}
		last = p
	}
	if err := sourceOf(list, m).download(context.Background(), dir, watch); err != nil {
		t.Fatal(err)
	}
	checkFolder(t, dir, contents)
	if last.Done != last.Total || last.Total == 0 {
		t.Errorf("last progress %+v", last)
	}
	n := len(m.asked())
	if err := sourceOf(list, m).download(context.Background(), dir, nil); err != nil || len(m.asked()) != n {
		t.Errorf("a second download: %v, requests\n%s", err, m.asked())
	}
	if err := os.WriteFile(filepath.Join(dir, list[1].name+".gz"), []byte("damaged"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := sourceOf(list, m).download(context.Background(), dir, nil); err != nil {
		t.Fatal(err)
	}
	checkFolder(t, dir, contents)
}

func TestDownloadResumes(t *testing.T) {
	list, contents := published(t)
	name := list[0].name + ".gz"
	whole := contents["/"+name]
	for _, c := range []struct {
		name, part string
		ranges     bool // the server knows Range
		want       string
	}{
		{"a part", string(whole[:30]), true, "bytes=30-"},
		{"a part, no ranges", string(whole[:30]), false, "bytes=30-"},
		{"a whole part", string(whole), true, ""},
		{"too long a part", string(whole) + "x", true, ""},
	} {
		m := serve(t, contents, func(_ http.ResponseWriter, r *http.Request) bool {
			if !c.ranges {
				r.Header.Del("Range")
			}
			return false
		})
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name+".part"), []byte(c.part), 0o666); err != nil {
			t.Fatal(err)
		}
		if err := sourceOf(list, m).download(context.Background(), dir, nil); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		checkFolder(t, dir, contents)
		if strings.Contains(m.asked(), "bytes=30-") != (c.want != "") {
			t.Errorf("%s: requests\n%s", c.name, m.asked())
		}
	}
}

// A transfer that breaks off on one mirror goes on at the next.
func TestSecondMirrorGoesOn(t *testing.T) {
	list, contents := published(t)
	name := "/" + list[0].name + ".gz"
	breaking := serve(t, contents, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodGet && r.URL.Path == name {
			w.Header().Set("Content-Length", fmt.Sprint(len(contents[name])))
			w.Write(contents[name][:50])
			return true // net/http closes the connection
		}
		return false
	})
	good := serve(t, contents, nil)
	dir := t.TempDir()
	if err := sourceOf(list, breaking, good).download(context.Background(), dir, nil); err != nil {
		t.Fatal(err)
	}
	checkFolder(t, dir, contents)
	if good.asked() != "HEAD "+name+"\nGET "+name+" bytes=50-" {
		t.Errorf("requests of the second mirror:\n%s", good.asked())
	}
}

func TestBadMirrors(t *testing.T) {
	list, contents := published(t)
	name := "/" + list[0].name + ".gz"
	only := func(answer func(w http.ResponseWriter, r *http.Request)) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodGet && r.URL.Path == name {
				answer(w, r)
				return true
			}
			return false
		}
	}
	wrong := bytes.Clone(contents[name])
	wrong[len(wrong)/2] ^= 1
	for _, c := range []struct {
		name  string
		first func(http.ResponseWriter, *http.Request) bool
		want  string
	}{
		{"gone", func(w http.ResponseWriter, r *http.Request) bool { http.NotFound(w, r); return true }, "no mirror has the file: "},
		{"gone later", only(func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }), "404 Not Found"},
		{"wrong hash", only(func(w http.ResponseWriter, r *http.Request) { w.Write(wrong) }), "the contents are not those of the published file: SHA-256 "},
		{"too short", only(func(w http.ResponseWriter, r *http.Request) { w.Write(wrong[:9]) }), "the server offers 9 bytes"},
		{"too long", only(func(w http.ResponseWriter, r *http.Request) {
			for range 10 { // without a length
				w.Write(wrong)
				w.(http.Flusher).Flush()
			}
		}), fmt.Sprintf("more than %d bytes came", len(wrong))},
		{"stall", only(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(wrong)))
			w.Write(wrong[:9])
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}), "nothing came for 100ms"},
		{"no answer", only(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), "nothing came for 100ms"},
	} {
		bad, good := serve(t, contents, c.first), serve(t, contents, nil)
		s := sourceOf(list, bad)
		s.client.Stall = 100 * time.Millisecond
		dir := t.TempDir()
		err := s.download(context.Background(), dir, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), list[0].name) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
		if complete(dir) {
			t.Errorf("%s: files were put in place", c.name)
		}
		s = sourceOf(list, bad, good)
		s.client.Stall = 100 * time.Millisecond
		if err := s.download(context.Background(), dir, nil); err != nil {
			t.Errorf("%s, then a good mirror: %v", c.name, err)
			continue
		}
		checkFolder(t, dir, contents)
	}
}

func TestDownloadIsCancelled(t *testing.T) {
	list, contents := published(t)
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(context.Background())
	m := serve(t, contents, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet {
			return false
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(contents[r.URL.Path])))
		w.Write(contents[r.URL.Path][:40])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		return true
	})
	dir := t.TempDir()
	err := sourceOf(list, m).download(ctx, dir, func(Progress) { cancel(stop) })
	if !errors.Is(err, stop) {
		t.Errorf("error %v", err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, list[0].name+".gz.part")); err != nil || len(b) != 40 {
		t.Errorf("the part has %d bytes, %v", len(b), err)
	}
	if err := sourceOf(list, m).download(ctx, t.TempDir(), nil); !errors.Is(err, stop) {
		t.Errorf("error %v", err)
	}
}

func TestLoadDownloads(t *testing.T) {
	at := nowhere(t)
	list, contents := published(t)
	at.source = sourceOf(list, serve(t, contents, nil))
	cache := t.TempDir()
	set, err := load(context.Background(), Options{CacheDir: cache, Download: true}, at)
	if err != nil || set.Source != cache || set.Train.Len() != 20 {
		t.Errorf("%+v, %v", set, err)
	}
}

func TestLoadWithoutNetwork(t *testing.T) {
	at := nowhere(t)
	list, contents := published(t)
	closed, silent := serve(t, contents, nil), serve(t, contents, func(_ http.ResponseWriter, r *http.Request) bool {
		<-r.Context().Done()
		return true
	})
	closed.Close()
	at.source = sourceOf(list, closed, silent)
	at.source.connect = 200 * time.Millisecond
	var lines []string
	cache := filepath.Join(t.TempDir(), "cache")
	start := time.Now()
	set, err := load(context.Background(), Options{CacheDir: cache, Download: true, Log: func(line string) { lines = append(lines, line) }}, at)
	if err != nil || !set.Sample || len(lines) != 1 || strings.Contains(lines[0], "failed") {
		t.Errorf("%+v, %v, log %q", set, err, lines)
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("that took %v", took)
	}
	if _, err := os.Stat(cache); err == nil {
		t.Error("an empty cache folder was made")
	}

	at.source = sourceOf(list, serve(t, nil, nil), serve(t, nil, nil))
	lines = nil
	set, err = load(context.Background(), Options{CacheDir: cache, Download: true, Log: func(line string) { lines = append(lines, line) }}, at)
	if err != nil || !set.Sample || len(lines) != 1 || !strings.Contains(lines[0], "404") || strings.Contains(lines[0], "\n") {
		t.Errorf("%+v, %v, log %q", set, err, lines)
	}
}

// The hashes are those of the files that the authors publish. Debian's package
// has the same ones less the name in gzip's header, so the originals can be put
// together from it.
func TestHashesAreOfTheOriginals(t *testing.T) {
	for i, f := range files {
		b, err := os.ReadFile(filepath.Join(systemDir, f.name+".gz"))
		if err != nil {
			t.Skip("the full dataset is not on this machine")
		}
		if int64(len(b)) != f.size-int64(len(f.name)+1) || b[3] != 0 {
			t.Skip("not the files of Debian's package")
		}
		written := []uint32{1504176606, 1504176627}[i/2] // 31 August 2017, 10:50 UTC
		head := []byte{0x1f, 0x8b, 8, 8, byte(written), byte(written >> 8), byte(written >> 16), byte(written >> 24), 0, 3}
		head = append(append(head, f.name...), 0)
		sum := sha256.Sum256(append(head, b[10:]...))
		if got := hex.EncodeToString(sum[:]); got != f.sha256 {
			t.Errorf("%s: SHA-256 %s", f.name, got)
		}
	}
}
