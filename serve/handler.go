package serve

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/serve/internal/inference"
	"github.com/strideml/stride/serve/internal/look"
)

// HandlerOptions are the choices of Handler. The zero value is a good default.
type HandlerOptions struct {
	// MaxBody is the length of the longest request in bytes, after decompression; 0 means 16 MiB.
	MaxBody int64
	// BodyMemory is how many bytes the requests under way may hold together, and again how many the inputs that
	// are made of them, such as decoded pictures; 0 means 256 MiB. Requests that find too little wait, before they are read, for
	// at most Timeout, and are then refused (429). One that needs more is taken when there is no other.
	BodyMemory int64
	// MaxPixels is the number of pixels of the largest picture that is decoded; 0 means 50
	// million. Decoding takes about four bytes a pixel.
	MaxPixels int
	// MaxImages is how many samples a request may have; 0 means 256.
	MaxImages int
	// Timeout is how long a request may wait for its turn; 0 means 30 s.
	Timeout time.Duration
	// Name and Version are what GET /v2 says; "" means "stride" and "".
	Name, Version string
	// NoPage leaves out the page, and the routes that look inside networks for it.
	NoPage bool
	// Training finds the pictures that a model was trained with, for the page. nil means that none are
	// at hand.
	Training func(ctx context.Context, model *modelfolder.Model) (TrainingData, error)
	// Log gets a record of each request: failures of the server at level Error, refused
	// requests at Info, others at Debug. nil means nobody.
	Log *slog.Logger
	// Observe is told of each request when it was answered, with the request's context; nil means
	// nobody. It must not keep the record.
	Observe func(ctx context.Context, r *Record)
}

// A handler has what all requests share.
type handler struct {
	models  *Models
	options HandlerOptions
	service *inference.Service
	looker  *look.Looker // nil without a page
	mux     *http.ServeMux
	buffers bufferPool
}

// Handler answers requests for models.
func Handler(models *Models, o HandlerOptions) http.Handler { return NewService(models, o) }

// A Service carries out requests for models, within limits. It is an http.Handler; package
// serve/grpcserver answers gRPC with it, within the same limits.
type Service struct{ h *handler }

// NewService returns a service.
func NewService(models *Models, o HandlerOptions) *Service {
	o.MaxBody = cmp.Or(o.MaxBody, 16<<20)
	o.BodyMemory = cmp.Or(o.BodyMemory, 256<<20)
	o.MaxPixels = cmp.Or(o.MaxPixels, 50_000_000)
	o.MaxImages = cmp.Or(o.MaxImages, 256)
	o.Timeout = cmp.Or(o.Timeout, 30*time.Second)
	o.Name = cmp.Or(o.Name, "stride")
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	h := &handler{models: models, options: o, mux: http.NewServeMux()}
	h.service = inference.New(models.repository, runtime.GOMAXPROCS(0), inference.Options{
		MaxPixels: o.MaxPixels, MaxImages: o.MaxImages, Timeout: o.Timeout, Memory: o.BodyMemory, Name: o.Name, Version: o.Version, Draining: &models.draining, Log: o.Log, Observe: observer(o.Observe),
	})
	all := routes
	if !o.NoPage {
		h.looker = newLooker(models, o)
		all = slices.Concat(routes, pageRoutes)
	}
	methods := map[string]map[string]action{}
	for _, r := range all {
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
	return &Service{h}
}

// ServeHTTP implements http.Handler.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.h.mux.ServeHTTP(w, r) }

// Memory returns how many bytes of HandlerOptions.BodyMemory requests hold, with those of their inputs, and how many requests
// wait for more.
func (s *Service) Memory() (bytes int64, waiting int) { return s.h.service.MemoryUsed() }

// Inference is for the packages of other protocols in this module: its type is internal.
func (s *Service) Inference() *inference.Service { return s.h.service }

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
	inference.Call
	r *http.Request
}

// WriteHeader implements http.ResponseWriter.
func (c *call) WriteHeader(status int) {
	if c.Status == 0 {
		c.Status = status
	}
	c.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (c *call) Write(b []byte) (int, error) {
	if c.Status == 0 {
		c.Status = http.StatusOK
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
		c := &call{ResponseWriter: w, r: r}
		c.Start, c.ID, c.Client = time.Now(), inference.NewID(r.Header.Get("X-Request-Id")), r.RemoteAddr
		c.Protocol, c.Method, c.Path = "http", r.Method, r.URL.Path
		w.Header().Set("X-Request-Id", c.ID)
		method := r.Method
		if method == "HEAD" {
			method = "GET"
		}
		var err error
		switch act := actions[method]; {
		case act != nil:
			err = h.service.Safely(&c.Call, func() error { return act(h, c) })
		case actions == nil:
			err = refuse(http.StatusNotFound, "there is nothing at %.200s: /openapi.json lists what there is", r.URL.Path)
		default:
			w.Header().Set("Allow", allow)
			err = refuse(http.StatusMethodNotAllowed, "%s is not possible here: want %s", r.Method, allow)
		}
		if err != nil {
			c.Err = h.fail(c, err)
		}
		h.service.Finish(r.Context(), &c.Call)
		if c.Status == inference.StatusClientGone {
			panic(http.ErrAbortHandler) // closes the connection: to return would answer 200 without a body
		}
	})
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
		return inference.ErrGone
	}
	return nil
}
