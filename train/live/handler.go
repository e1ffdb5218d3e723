package live

import (
	"cmp"
	"crypto/rand"
	"crypto/subtle"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/strideml/stride/internal/printable"
	"github.com/strideml/stride/internal/webguard"
	"github.com/strideml/stride/internal/webstyle"
	"github.com/strideml/stride/train/observe"
	"github.com/strideml/stride/train/runs"
)

//go:embed page
var page embed.FS

// Options are the choices of New.
type Options struct {
	// Folder has the runs, as runs.List finds them, or is a run folder.
	Folder string
	// Recorder is that of the training of this program; nil if there is none. Its run folder is
	// shown even if it is not in Folder.
	Recorder *observe.Recorder
	// Controller is what the buttons do; without one, or without a Recorder, there are none.
	Controller *Controller
	// AnyHost answers requests by any host name: for servers that others than this machine
	// may reach by names of their own.
	AnyHost bool
}

// A Handler shows runs. Close ends its streams.
type Handler struct {
	http.Handler
	inner *handler
}

// handler is what the routes share.
type handler struct {
	options   Options
	own       string // the folder of the training of this program; "" if there is none
	token     string
	hub       hub
	streams   atomic.Int64 // that are open
	untold    atomic.Int64 // those of the training of this program that do not know its end
	closed    chan struct{}
	closeOnce sync.Once
	asked     atomic.Int64 // when the last request came, in Unix nanoseconds

	mu     sync.Mutex // of the list
	listed []*runs.Run
	failed error
	until  time.Time // the list is valid
}

// New returns a handler. It is an error if the page's own files are damaged.
func New(o Options) (*Handler, error) {
	files, err := fs.Sub(page, "page")
	if err != nil {
		return nil, err
	}
	site, err := webstyle.New(files)
	if err != nil {
		return nil, err
	}
	h := &handler{options: o, token: rand.Text(), closed: make(chan struct{})}
	h.hub = hub{follow: h.follow, followers: map[string]*follower{}}
	if o.Recorder != nil {
		h.own = o.Recorder.Dir()
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", site)
	for pattern, act := range map[string]action{
		"GET /api/info": h.info, "GET /api/runs": h.list, "GET /api/run": h.run, "GET /api/events": h.events, "GET /api/compare": h.compare,
		"GET /api/epoch": h.epoch, "GET /api/chosen": h.chosen, "GET /api/probe": h.probe, "GET /api/parameter": h.parameter, "GET /api/dead": h.dead,
		"POST /api/stop": h.stop, "POST /api/save": h.save,
	} {
		mux.Handle(pattern, h.endpoint(act))
	}
	guarded, err := webguard.New(mux, webguard.Options{RestrictHosts: !o.AnyHost})
	if err != nil {
		return nil, err
	}
	return &Handler{guarded, h}, nil
}

// Close ends the streams of all clients. They connect again if something still listens.
func (h *Handler) Close() {
	h.inner.closeOnce.Do(func() { close(h.inner.closed) })
}

// Settle waits, when the training has ended, until the pages that show it know that and have fetched the rest: until they have
// asked for nothing for so long as quiet, and at most for most. If there are none, it returns at once.
func (h *Handler) Settle(quiet, most time.Duration) {
	if h.inner.streams.Load() == 0 {
		return
	}
	h.inner.asked.Store(time.Now().UnixNano())
	for end := time.Now().Add(most); time.Now().Before(end); time.Sleep(quiet / 20) {
		if h.inner.untold.Load() == 0 && time.Since(time.Unix(0, h.inner.asked.Load())) > quiet {
			return
		}
	}
}

// An action answers a request, or returns why it does not.
type action func(w http.ResponseWriter, r *http.Request) error

// A refusal is an error with a status.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return r.text }

func refuse(status int, format string, args ...any) error {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

func (h *handler) endpoint(act action) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.asked.Store(time.Now().UnixNano())
		webstyle.SetHeaders(w.Header())
		w.Header().Set("Cache-Control", "no-store")
		err := act(w, r)
		if err == nil {
			return
		}
		status := http.StatusInternalServerError
		var known *refusal
		switch {
		case errors.As(err, &known):
			status = known.status
		case errors.Is(err, fs.ErrNotExist):
			status = http.StatusNotFound
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": printable.Line(err.Error())}) // the client may be gone
	})
}

func answer(w http.ResponseWriter, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(b) // the client may be gone
	return nil
}

// info says what the page may do.
func (h *handler) info(w http.ResponseWriter, _ *http.Request) error {
	type info struct {
		Own   string `json:"own,omitempty"` // the run of this program
		Token string `json:"token,omitempty"`
		Stop  bool   `json:"stop"`
		One   bool   `json:"one"` // the folder is a run
	}
	i := info{}
	if h.own != "" {
		i.Own = h.nameOf(h.own)
		if h.options.Controller != nil {
			i.Token, i.Stop = h.token, true
		}
	}
	found, err := h.find()
	i.One = err == nil && len(found) == 1 && filepath.Clean(found[0].Dir) == filepath.Clean(h.options.Folder)
	if i.One && i.Own == "" {
		i.Own = found[0].Name
	}
	return answer(w, i)
}

// nameOf is the name of a run by its folder.
func (h *handler) nameOf(dir string) string {
	name, err := filepath.Rel(h.options.Folder, dir)
	if err != nil || name == "." || !filepath.IsLocal(name) {
		return filepath.Base(dir)
	}
	return name
}

// find lists the runs. A list is valid for two seconds, or for twenty times as long as it took: at most
// twenty seconds.
func (h *handler) find() ([]*runs.Run, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if began := time.Now(); began.After(h.until) {
		h.listed, h.failed = runs.List(h.options.Folder)
		took := time.Since(began)
		h.until = time.Now().Add(min(max(2*time.Second, 20*took), 20*time.Second))
	}
	return h.listed, h.failed
}

// A named is a run by its name.
type named struct{ name, dir string }

// lookUp finds a run by its name.
func (h *handler) lookUp(name string) (named, error) {
	if h.own != "" && name == h.nameOf(h.own) {
		return named{name, h.own}, nil
	}
	found, err := h.find()
	if err != nil {
		return named{}, err
	}
	for _, r := range found {
		if r.Name == name {
			return named{name, r.Dir}, nil
		}
	}
	return named{}, refuse(http.StatusNotFound, "there is no run %.200q", name)
}

// runsOf returns the runs that a request names, at least one.
func (h *handler) runsOf(r *http.Request) (found []named, err error) {
	names := r.URL.Query()["run"]
	if len(names) == 0 || len(names) > maxRuns {
		return nil, refuse(http.StatusBadRequest, "%d runs: want 1 to %d", len(names), maxRuns)
	}
	for _, name := range names {
		run, err := h.lookUp(name)
		if err != nil {
			return nil, err
		}
		if slices.Contains(found, run) {
			return nil, refuse(http.StatusBadRequest, "the run %.200q is named twice", name)
		}
		found = append(found, run)
	}
	return found, nil
}

// oneOf returns the run that a request names.
func (h *handler) oneOf(r *http.Request) (named, error) {
	found, err := h.runsOf(r)
	if err == nil && len(found) > 1 {
		err = refuse(http.StatusBadRequest, "%d runs: want one", len(found))
	}
	if err != nil {
		return named{}, err
	}
	return found[0], nil
}

// numberOf returns a whole number of a request.
func numberOf(r *http.Request, key string) (int, error) {
	n, err := strconv.Atoi(r.URL.Query().Get(key))
	if err != nil || n < 0 {
		return 0, refuse(http.StatusBadRequest, "%s %.50q: want a whole number, 0 or more", key, r.URL.Query().Get(key))
	}
	return n, nil
}

// checkControl reports a request that may not change the training.
func (h *handler) checkControl(r *http.Request) error {
	switch {
	case h.own == "" || h.options.Controller == nil:
		return refuse(http.StatusNotFound, "this program trains nothing")
	case subtle.ConstantTimeCompare([]byte(r.Header.Get("X-Stride-Token")), []byte(h.token)) != 1:
		return refuse(http.StatusForbidden, "the request lacks the token of /api/info in the header X-Stride-Token")
	}
	return nil
}

// stop stops the training.
func (h *handler) stop(w http.ResponseWriter, r *http.Request) error {
	if err := h.checkControl(r); err != nil {
		return err
	}
	switch when := r.URL.Query().Get("when"); when {
	case stopNow:
		h.options.Controller.Stop()
	case stopAfterEpoch, stopNever:
		h.options.Controller.StopAfterEpoch(when == stopAfterEpoch)
	default:
		return refuse(http.StatusBadRequest, "when=%.50q: want %s, %s or %s", when, stopAfterEpoch, stopNow, stopNever)
	}
	return answer(w, map[string]string{"stopping": h.options.Controller.state()})
}

// save writes a checkpoint.
func (h *handler) save(w http.ResponseWriter, r *http.Request) error {
	if err := h.checkControl(r); err != nil {
		return err
	}
	path, err := h.options.Controller.Save(r.Context())
	if errors.Is(err, errNotTraining) {
		return refuse(http.StatusConflict, "%v", err)
	}
	return cmp.Or(err, answer(w, map[string]string{"saved": printable.Line(filepath.Base(path))}))
}
