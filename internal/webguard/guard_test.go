package webguard

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const token = "0123456789abcdef"

// ask sends a request through a guard and returns the answer; headers are pairs.
func ask(t *testing.T, o Options, method, host string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	h, err := New(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("inside")) }), o)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(method, "/v1/predict", http.NoBody)
	r.Host = host
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if refused := w.Code >= 400; refused == strings.Contains(w.Body.String(), "inside") && method != "OPTIONS" {
		t.Errorf("%s %s %v: %d %s", method, host, headers, w.Code, w.Body)
	}
	return w
}

func TestHosts(t *testing.T) {
	o := Options{RestrictHosts: true, Hosts: []string{"Models.example.com."}}
	for host, want := range map[string]int{
		"localhost": 200, "localhost:8080": 200, "LOCALHOST.:8080": 200, "a.localhost": 200, "127.0.0.1:8080": 200, "[::1]:8080": 200, "[::1]": 200,
		"192.168.1.7:8080": 200, "models.example.com:443": 200, "": 200,
		"evil.example": 403, "localhost.evil.example:8080": 403, "notlocalhost": 403, "127.0.0.1.evil.example": 403, "x.models.example.com": 403,
	} {
		if w := ask(t, o, "GET", host); w.Code != want {
			t.Errorf("%q: %d, want %d", host, w.Code, want)
		}
	}
	if w := ask(t, Options{}, "GET", "evil.example"); w.Code != 200 {
		t.Errorf("hosts are not restricted: %d", w.Code)
	}
	for host, ok := range map[string]bool{"a.example": true, "": false, "http://a.example": false, "a.example:80": false, "*.example": false, "a b": false} {
		if err := CheckHost(host); (err == nil) != ok {
			t.Errorf("%q: %v", host, err)
		}
	}
}

func TestOrigins(t *testing.T) {
	friend := Options{Origins: []string{"https://friend.example"}}
	for name, c := range map[string]struct {
		o       Options
		method  string
		headers []string
		status  int
	}{
		"a program":           {Options{}, "POST", nil, 200},
		"the own page":        {Options{}, "POST", []string{"Origin", "http://me:8080", "Sec-Fetch-Site", "same-origin"}, 200},
		"an old browser":      {Options{}, "POST", []string{"Origin", "http://me:8080"}, 200},
		"another site":        {Options{}, "POST", []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, 403},
		"another, old":        {Options{}, "POST", []string{"Origin", "https://evil.example"}, 403},
		"another port":        {Options{}, "POST", []string{"Origin", "http://me:9090", "Sec-Fetch-Site", "same-site"}, 403},
		"a file":              {Options{}, "POST", []string{"Origin", "null"}, 403},
		"only reading":        {Options{}, "GET", []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, 200},
		"a friend":            {friend, "POST", []string{"Origin", "https://friend.example", "Sec-Fetch-Site", "cross-site"}, 200},
		"none of the friends": {friend, "POST", []string{"Origin", "https://friend.example.evil.example"}, 403},
		"all":                 {Options{Origins: []string{"*"}}, "POST", []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, 200},
	} {
		if w := ask(t, c.o, c.method, "me:8080", c.headers...); w.Code != c.status {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	for origin, ok := range map[string]bool{
		"*": true, "https://a.example": true, "http://localhost:3000": true,
		"": false, "a.example": false, "https://a.example/": false, "https://*.example": false, "ftp://a": false, "https://": false, "https://u@a.example": false,
	} {
		_, err := New(http.NotFoundHandler(), Options{Origins: []string{origin}})
		if (err == nil) != ok {
			t.Errorf("%q: %v", origin, err)
		}
	}
}

// What pages of other sites may read is told to their browser.
func TestCORS(t *testing.T) {
	o := Options{Origins: []string{"https://friend.example"}}
	w := ask(t, o, "GET", "me", "Origin", "https://friend.example")
	if got := w.Header().Get("Access-Control-Allow-Origin"); got != "https://friend.example" || !strings.Contains(w.Header().Get("Access-Control-Expose-Headers"), "Inference-Header-Content-Length") {
		t.Errorf("%v", w.Header())
	}
	for _, w := range []*httptest.ResponseRecorder{ask(t, o, "GET", "me", "Origin", "https://evil.example"), ask(t, Options{}, "GET", "me", "Origin", "https://friend.example")} {
		if got := w.Header().Get("Access-Control-Allow-Origin"); got != "" {
			t.Errorf("%q may read", got)
		}
	}
	tokens, err := NewTokens(token)
	if err != nil {
		t.Fatal(err)
	}
	o.Tokens = tokens // a preflight request has none
	preflight := func(origin, method, headers string) http.Header {
		w := ask(t, o, "OPTIONS", "me", "Origin", origin, "Access-Control-Request-Method", method, "Access-Control-Request-Headers", headers)
		if w.Code >= 300 {
			t.Errorf("%s: %d %s", origin, w.Code, w.Body)
		}
		return w.Header()
	}
	if h := preflight("https://friend.example", "POST", "authorization,content-type"); h.Get("Access-Control-Allow-Origin") == "" || h.Get("Access-Control-Max-Age") != "600" {
		t.Errorf("%v", h)
	}
	if h := preflight("https://friend.example", "DELETE", ""); h.Get("Access-Control-Allow-Origin") != "" && h.Get("Access-Control-Allow-Methods") != "" {
		t.Errorf("%v", h)
	}
	if h := preflight("https://evil.example", "POST", ""); h.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%v", h)
	}
}

func TestTokens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("\n" + token + "\r\n second-token-second \n")
	tokens, err := ReadTokens(path)
	if err != nil {
		t.Fatal(err)
	}
	var reasons []string
	o := Options{Tokens: tokens, Public: func(r *http.Request) bool { return r.Method == "HEAD" }, Refused: func(_ *http.Request, _ int, reason string) { reasons = append(reasons, reason) }}
	status := func(authorization string) int { return ask(t, o, "GET", "me", "Authorization", authorization).Code }
	for authorization, want := range map[string]int{
		"Bearer " + token: 200, "bearer  " + token: 200, "Bearer second-token-second": 200,
		"Bearer " + token + "x": 401, "Bearer " + token[1:]: 401, "Bearer ": 401, "Bearer": 401, token: 401, "": 401, "Basic !": 401,
		"Basic eDowMTIzNDU2Nzg5YWJjZGVm": 200, "Basic eDpub25l": 401, // x:0123456789abcdef, x:none
	} {
		if got := status(authorization); got != want {
			t.Errorf("%q: %d, want %d", authorization, got, want)
		}
	}
	if len(reasons) != 8 || reasons[0] != "token" {
		t.Errorf("%d times refused: %v", len(reasons), reasons)
	}
	if w := ask(t, o, "GET", "me"); len(w.Header().Values("WWW-Authenticate")) != 2 {
		t.Errorf("%v", w.Header())
	}
	r := httptest.NewRequest("HEAD", "/", http.NoBody)
	w := httptest.NewRecorder()
	h, err := New(http.NotFoundHandler(), o)
	if err != nil {
		t.Fatal(err)
	}
	if h.ServeHTTP(w, r); w.Code != 404 {
		t.Errorf("a public route: %d", w.Code)
	}

	// The file changes; one that cannot be used changes nothing.
	write("another-token-another")
	if err := tokens.Reload(); err != nil {
		t.Fatal(err)
	}
	if status("Bearer "+token) != 401 || status("Bearer another-token-another") != 200 {
		t.Error("the old token is valid, or the new one is not")
	}
	for _, text := range []string{"", "\n \n", "short", "0123456789 abcdef", "0123456789abcdef\x01", "ümlaut-ümlaut-ümlaut"} {
		write(text)
		if err := tokens.Reload(); err == nil || text != "" && len(text) > 5 && strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if status("Bearer another-token-another") != 200 {
		t.Error("the token is gone")
	}
	if _, err := ReadTokens(path + "x"); err == nil {
		t.Error("a file that does not exist was read")
	}
}

func TestIsLoopback(t *testing.T) {
	for address, want := range map[string]bool{"127.0.0.1:80": true, "127.8.0.1:80": true, "[::1]:80": true, "[::ffff:127.0.0.1]:80": true, "0.0.0.0:80": false, "[::]:80": false, "10.0.0.1:80": false} {
		a, err := net.ResolveTCPAddr("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if IsLoopback(a) != want {
			t.Errorf("%s: %v", address, !want)
		}
	}
	if IsLoopback(&net.UnixAddr{Name: "x"}) {
		t.Error("a Unix socket")
	}
}
