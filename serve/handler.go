package serve

import (
	"cmp"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/strideml/stride/serve/internal/batch"
)

// HandlerOptions are the choices of Handler. The zero value is a good default.
type HandlerOptions struct {
	// MaxBody is the length of the longest request in bytes, after decompression; 0 means 16 MiB.
	MaxBody int64
	// MaxPixels is the number of pixels of the largest picture that is decoded; 0 means 50
	// million. Decoding takes about four bytes a pixel.
	MaxPixels int
	// MaxImages is how many samples a request may have; 0 means 256.
	MaxImages int
	// Timeout is how long a request may wait for its turn; 0 means 30 s.
	Timeout time.Duration
	// Name and Version are what GET /v2 says; "" means "stride" and "".
	Name, Version string
	// Log gets a record of each request: failures of the server at level Error, refused
	// requests at Info, others at Debug. nil means nobody.
	Log *slog.Logger
}

// A handler has what all requests share.
type handler struct {
	models  *Models
	options HandlerOptions
	mux     *http.ServeMux
	buffers bufferPool
	decode  chan struct{} // a place for each picture that is decoded at once
}

// Handler answers requests for models.
func Handler(models *Models, o HandlerOptions) http.Handler {
	o.MaxBody = cmp.Or(o.MaxBody, 16<<20)
	o.MaxPixels = cmp.Or(o.MaxPixels, 50_000_000)
	o.MaxImages = cmp.Or(o.MaxImages, 256)
	o.Timeout = cmp.Or(o.Timeout, 30*time.Second)
	o.Name = cmp.Or(o.Name, "stride")
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	h := &handler{models: models, options: o, mux: http.NewServeMux(), decode: make(chan struct{}, runtime.GOMAXPROCS(0))}
	methods := map[string]map[string]action{}
	for _, r := range routes {
		if methods[r.path] == nil {
			methods[r.path] = map[string]action{}
		}
		methods[r.path][r.method] = r.action
	}
	for path, actions := range methods {
		pattern := path
		if path == "/" {
			pattern = "/{$}"
		}
		h.mux.Handle(pattern, h.endpoint(actions))
	}
	h.mux.Handle("/", h.endpoint(nil))
	return h.mux
}

// An action answers a request, or returns why it does not.
type action func(h *handler, c *call) error

// A route is a method and a path with placeholders. openapi.json describes each.
type route struct {
	method, path string
	action       action
}

var routes = []route{
	{"GET", "/v2", (*handler).serverMetadata},
	{"GET", "/v2/health/live", (*handler).live},
	{"GET", "/v2/health/ready", (*handler).ready},
	{"GET", "/v2/models/stats", (*handler).statistics},
	{"GET", "/v2/models/{model}", (*handler).modelMetadata},
	{"GET", "/v2/models/{model}/ready", (*handler).modelReady},
	{"GET", "/v2/models/{model}/stats", (*handler).statistics},
	{"POST", "/v2/models/{model}/infer", (*handler).infer},
	{"GET", "/v2/models/{model}/versions/{version}", (*handler).modelMetadata},
	{"GET", "/v2/models/{model}/versions/{version}/ready", (*handler).modelReady},
	{"GET", "/v2/models/{model}/versions/{version}/stats", (*handler).statistics},
	{"POST", "/v2/models/{model}/versions/{version}/infer", (*handler).infer},
	{"POST", "/v2/repository/index", (*handler).index},
	{"POST", "/v2/repository/models/{model}/load", (*handler).load},
	{"POST", "/v2/repository/models/{model}/unload", (*handler).unload},
	{"POST", "/v1/predict", (*handler).predict},
	{"GET", "/openapi.json", (*handler).openAPI},
}

// A call is a request that is being answered.
type call struct {
	http.ResponseWriter
	r      *http.Request
	id     string
	status int // of the answer, 0 before it begins

	// What is known of an inference.
	model   string
	samples int
	timing  batch.Timing
	decoded time.Duration // pictures
}

// WriteHeader implements http.ResponseWriter.
func (c *call) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
	c.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (c *call) Write(b []byte) (int, error) {
	if c.status == 0 {
		c.status = http.StatusOK
	}
	return c.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (c *call) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// endpoint answers requests for a path by their method; nil is for unknown paths.
func (h *handler) endpoint(actions map[string]action) http.Handler {
	var allowed []string
	for method := range actions {
		allowed = append(allowed, method)
		if method == "GET" {
			allowed = append(allowed, "HEAD")
		}
	}
	slices.Sort(allowed)
	allow := strings.Join(allowed, ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		c := &call{ResponseWriter: w, r: r, id: requestID(r)}
		w.Header().Set("X-Request-Id", c.id)
		method := r.Method
		if method == "HEAD" {
			method = "GET"
		}
		var err error
		switch act := actions[method]; {
		case act != nil:
			err = h.safely(c, act)
		case actions == nil:
			err = refuse(http.StatusNotFound, "there is nothing at %.200s: /openapi.json lists what there is", r.URL.Path)
		default:
			w.Header().Set("Allow", allow)
			err = refuse(http.StatusMethodNotAllowed, "%s is not possible here: want %s", r.Method, allow)
		}
		if err != nil {
			err = h.fail(c, err)
		}
		h.log(c, start, err)
	})
}

// safely carries out an action; a panic is an error.
func (h *handler) safely(c *call, act action) (err error) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			panic(p)
		default:
			h.options.Log.Error("panic", "id", c.id, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("internal error; the server's log has it under %s", c.id)
		}
	}()
	return act(h, c)
}

// requestID returns the client's name for a request, if it is short and plain, or a random one.
func requestID(r *http.Request) string {
	id := r.Header.Get("X-Request-Id")
	plain := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("-_.:", c)
	}
	if id != "" && len(id) <= 64 && !strings.ContainsFunc(id, func(c rune) bool { return !plain(c) }) {
		return id
	}
	return fmt.Sprintf("%016x", rand.Uint64())
}

// log writes the record of a request; err is why it failed.
func (h *handler) log(c *call, start time.Time, err error) {
	level := slog.LevelDebug
	switch {
	case c.status >= 500 && c.status != http.StatusServiceUnavailable:
		level = slog.LevelError
	case c.status >= 400:
		level = slog.LevelInfo
	}
	if !h.options.Log.Enabled(c.r.Context(), level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("id", c.id), slog.String("client", c.r.RemoteAddr), slog.String("method", c.r.Method), slog.String("path", c.r.URL.Path),
		slog.Int("status", c.status), slog.Duration("took", time.Since(start)),
	}
	if c.model != "" {
		attrs = append(attrs, slog.String("model", c.model), slog.Int("samples", c.samples), slog.Duration("decoded", c.decoded),
			slog.Duration("queued", c.timing.Queued), slog.Duration("computed", c.timing.Computed), slog.Int("batch", c.timing.Batch))
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	h.options.Log.LogAttrs(c.r.Context(), level, "request", attrs...)
}

// answer writes a value as JSON.
func (c *call) answer(v any) error { return c.answerStatus(http.StatusOK, v) }

func (c *call) answerStatus(status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	c.Header().Set("Content-Type", "application/json")
	c.WriteHeader(status)
	_, err = c.Write(append(b, '\n'))
	if err != nil {
		return errGone
	}
	return nil
}
