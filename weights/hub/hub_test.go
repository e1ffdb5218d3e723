package hub

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
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/zoo"
	_ "github.com/strideml/stride/zoo/efficientnetlite"
	_ "github.com/strideml/stride/zoo/torchvision"
)

const (
	repo   = "timm/resnet18.tv_in1k"
	config = `{"architecture": "resnet18"}`
)

var content = bytes.Repeat([]byte("weights, "), 20000)

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// A server is like the hub: it redirects to where the contents are.
type server struct {
	*httptest.Server
	mu       sync.Mutex
	requests []string
	linked   string // X-Linked-Etag
	answer   func(w http.ResponseWriter, r *http.Request) bool
}

func serve(t *testing.T, answer func(w http.ResponseWriter, r *http.Request) bool) *server {
	t.Helper()
	s := &server{linked: `"` + sum(content) + `"`, answer: answer}
	s.Server = httptest.NewServer(http.HandlerFunc(s.handle))
	t.Cleanup(s.Close)
	return s
}

func (s *server) handle(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, strings.TrimSpace(r.Method+" "+r.URL.Path+" "+r.Header.Get("Range")))
	s.mu.Unlock()
	if s.answer != nil && s.answer(w, r) {
		return
	}
	switch r.URL.Path {
	case "/" + repo + "/resolve/main/config.json":
		fmt.Fprint(w, config)
	case "/" + repo + "/resolve/main/model.safetensors":
		if s.linked != "" {
			w.Header().Set("X-Linked-Etag", s.linked)
			w.Header().Set("X-Linked-Size", fmt.Sprint(len(content)))
		}
		http.Redirect(w, r, "/cdn/file", http.StatusFound)
	case "/cdn/file":
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	default:
		http.NotFound(w, r)
	}
}

func (s *server) asked() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.requests, "\n")
}

func get(t *testing.T, s *server, dir string) error {
	t.Helper()
	w, ok := Find("torchvision/resnet18")
	if !ok || w.Repo != repo {
		t.Fatalf("%+v", w)
	}
	client := download.Client{HTTP: &http.Client{Transport: &http.Transport{}}, Stall: 200 * time.Millisecond}
	_, err := w.Get(context.Background(), Options{Dir: dir, Endpoint: s.URL + "/", client: &client})
	return err
}

func checkFolder(t *testing.T, dir string) {
	t.Helper()
	for name, want := range map[string][]byte{"config.json": []byte(config), "model.safetensors": content} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("the folder has %v, %v", entries, err)
	}
}

func TestGet(t *testing.T) {
	s := serve(t, nil)
	dir := filepath.Join(t.TempDir(), "a", "b")
	if err := get(t, s, dir); err != nil {
		t.Fatal(err)
	}
	checkFolder(t, dir)
	if err := get(t, s, dir); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(s.asked(), "GET /cdn/file"); n != 1 {
		t.Errorf("the file was fetched %d times", n)
	}
	if err := os.WriteFile(filepath.Join(dir, weightsFile), bytes.ToUpper(content), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := get(t, s, dir); err != nil {
		t.Fatal(err)
	}
	checkFolder(t, dir)
	if err := Remove(dir); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("%v, %v", entries, err)
	}
}

// A mirror that redirects to the hub without saying anything about the file.
func TestMirror(t *testing.T) {
	hub := serve(t, nil)
	mirror := serve(t, func(w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, hub.URL+r.URL.Path, http.StatusPermanentRedirect)
		return true
	})
	dir := t.TempDir()
	if err := get(t, mirror, dir); err != nil {
		t.Fatal(err)
	}
	checkFolder(t, dir)
	// One that does not know the hash: only the size is checked, and no part is used.
	hub.linked = ""
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, weightsFile+".part"), []byte("something else"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := get(t, mirror, dir); err != nil {
		t.Fatal(err)
	}
	checkFolder(t, dir)
}

// A connection that is cut goes on where it broke off, in the same call and in
// the next one.
func TestResumes(t *testing.T) {
	cuts := 0
	s := serve(t, func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/cdn/file" || r.Method != http.MethodGet || cuts == 0 {
			return false
		}
		cuts--
		start := 0
		if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &start); err == nil {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", start, len(content)-1, len(content)))
			w.Header().Set("Content-Length", fmt.Sprint(len(content)-start))
			w.WriteHeader(http.StatusPartialContent)
		} else {
			w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		}
		w.Write(content[start : start+30000])
		return true // net/http closes the connection
	})
	cuts = 2
	dir := t.TempDir()
	if err := get(t, s, dir); err != nil {
		t.Fatal(err)
	}
	checkFolder(t, dir)
	if !strings.Contains(s.asked(), "GET /cdn/file bytes=60000-") {
		t.Errorf("requests\n%s", s.asked())
	}
	cuts, dir = attempts, t.TempDir()
	if err := get(t, s, dir); err == nil || !strings.Contains(err.Error(), "model.safetensors") {
		t.Errorf("got %v", err)
	}
	if err := get(t, s, dir); err != nil {
		t.Fatal(err)
	}
	checkFolder(t, dir)
	if !strings.Contains(s.asked(), "GET /cdn/file bytes=120000-") {
		t.Errorf("requests\n%s", s.asked())
	}
}

func TestBadServers(t *testing.T) {
	file := func(answer func(w http.ResponseWriter, r *http.Request)) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/cdn/file" && r.Method == http.MethodGet {
				answer(w, r)
				return true
			}
			return false
		}
	}
	all := func(answer func(w http.ResponseWriter, r *http.Request)) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool { answer(w, r); return true }
	}
	page := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, "<!DOCTYPE html><html>please log in</html>")
	}
	for _, c := range []struct {
		name   string
		answer func(http.ResponseWriter, *http.Request) bool
		want   string
	}{
		{"gone", all(http.NotFound), "model.safetensors: 404 Not Found"},
		{"gone later", file(http.NotFound), "404 Not Found"},
		{"forbidden", all(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }), "401 Unauthorized"},
		{"pages", all(page), "an HTML page in place of the file"},
		{"page later", file(page), "the server offers 41 bytes, want 180000"},
		{"wrong hash", file(func(w http.ResponseWriter, _ *http.Request) { w.Write(bytes.ToUpper(content)) }), "the contents are not those of the published file: SHA-256 "},
		{"too short", file(func(w http.ResponseWriter, _ *http.Request) { w.Write(content[:90]) }), "the server offers 90 bytes"},
		{"too long", file(func(w http.ResponseWriter, _ *http.Request) {
			for range 2 { // without a length
				w.Write(bytes.ToUpper(content))
				w.(http.Flusher).Flush()
			}
		}), "more than 180000 bytes came"},
		{"stall", file(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(content)))
			w.Write(content[:9])
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}), "nothing came for 200ms"},
		{"no answer", all(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), "no answer for 200ms"},
		{"loop", all(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }), "more than 6 redirections"},
		{"odd address", all(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "file:///etc/passwd")
			w.WriteHeader(http.StatusFound)
		}), `302 Found to "file:///etc/passwd", which is not followed`},
		{"huge", all(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Linked-Size", "99999999999") }), "a size of 99999999999 bytes"},
		{"configuration is a page", func(w http.ResponseWriter, r *http.Request) bool {
			if strings.HasSuffix(r.URL.Path, "config.json") {
				page(w, r)
				return true
			}
			return false
		}, "config.json: what came is an HTML page"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			err := get(t, serve(t, c.answer), dir)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want %q", err, c.want)
			}
			for _, name := range []string{configFile, weightsFile} {
				if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
					t.Errorf("%s was put in place", name)
				}
			}
		})
	}
}

func TestGetIsCancelled(t *testing.T) {
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(stop)
	w, _ := Find("efficientnet-lite0")
	if _, err := w.Get(ctx, Options{Dir: t.TempDir(), Endpoint: "http://localhost"}); !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}
	if _, err := w.Get(t.Context(), Options{Dir: t.TempDir(), Endpoint: "hub"}); err == nil || !strings.Contains(err.Error(), `the address of the hub is "hub"`) {
		t.Errorf("got %v", err)
	}
}

// All known weights are those of networks, of which timm has the equal.
func TestKnown(t *testing.T) {
	for _, w := range Known() {
		spec, err := zoo.Get(w.Net)
		if err != nil {
			t.Error(err)
			continue
		}
		if name, _, _ := strings.Cut(strings.TrimPrefix(w.Repo, "timm/"), "."); name != spec.Timm.Architecture {
			t.Errorf("%s: %s, but timm has it as %s", w.Net, w.Repo, spec.Timm.Architecture)
		}
		shapes, err := nn.StateShapes(spec.New(spec.Classes), spec.Input)
		if err != nil {
			t.Error(err)
			continue
		}
		parameters := 0
		for name, shape := range shapes {
			if !strings.Contains(name, ".running_") {
				parameters += shape.Size()
			}
		}
		if parameters != w.Parameters {
			t.Errorf("%s: %d parameters, but the network has %d", w.Net, w.Parameters, parameters)
		}
	}
	if _, ok := Find("lenet"); ok {
		t.Error("lenet is known")
	}
}

func TestCached(t *testing.T) {
	home := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", home)
	t.Setenv("HOME", home)
	t.Setenv("LocalAppData", home)
	w, _ := Find("torchvision/resnet18")
	if got := w.Cached(); got != "" {
		t.Errorf("%q is there", got)
	}
	dir, err := w.Dir()
	if err != nil || !strings.HasPrefix(dir, home) {
		t.Fatalf("%s, %v", dir, err)
	}
	if err := get(t, serve(t, nil), ""); err != nil {
		t.Fatal(err)
	}
	if got := w.Cached(); got != dir {
		t.Errorf("%q, want %q", got, dir)
	}
	t.Setenv("HF_ENDPOINT", "https://hf-mirror.example/")
	if got := Endpoint(); got != "https://hf-mirror.example" {
		t.Error(got)
	}
}
