package repository

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/serve/internal/batch"
	"github.com/strideml/stride/serve/internal/compiled"
)

// Options are the choices of New.
type Options struct {
	// CPU configures the cpu engine; its Threads, 0 for GOMAXPROCS, are shared by all models.
	CPU cpu.Options
	// Device, if it is not nil, computes in place of the cpu engine. Close does not close it.
	Device engine.Device
	// Concurrency is how many batches are computed side by side, each on its share of the
	// threads; 0 stands for one on each thread.
	Concurrency int
	// Batch configures the queue of each model.
	Batch batch.Options
	// Invariant gives a sample the same bits whatever batch it is in.
	Invariant bool
	// Load reads the model at a path; nil means modelfolder.Load.
	Load func(path string) (*modelfolder.Model, error)
	// Log is told what is loaded and unloaded; nil means nobody.
	Log *slog.Logger
}

// A Repository has models by name. It is safe for concurrent use.
type Repository struct {
	options Options
	devices *compiled.Devices
	open    sync.WaitGroup // of the versions that are not closed

	loading sync.Mutex // held by whoever changes the models
	dir     string     // of which models are loaded by name; "" if there is none

	mu     sync.RWMutex
	models map[string]*entry
	closed bool
}

// An entry is a model.
type entry struct {
	source   source
	versions map[int]*Version
	reason   map[int]string // why a version is not there
}

// A NotFoundError says that there is no such model, or no such version of it.
type NotFoundError struct{ Name, Version, Reason string }

func (e *NotFoundError) Error() string {
	text := fmt.Sprintf("there is no model %q", e.Name)
	if e.Version != "" {
		text = fmt.Sprintf("there is no version %q of the model %q", e.Version, e.Name)
	}
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	return text
}

// New makes an empty repository.
func New(o Options) (*Repository, error) {
	if o.Concurrency < 0 {
		return nil, fmt.Errorf("%d batches side by side: want at least 1, or 0 for one on each thread", o.Concurrency)
	}
	if o.Load == nil {
		o.Load = LoadRecognized
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	r := &Repository{options: o, models: map[string]*entry{}}
	if o.Device != nil {
		r.devices = compiled.SingleDevice(o.Device)
	} else {
		r.devices = compiled.NewDevices(o.CPU, o.Concurrency)
	}
	return r, nil
}

// Add serves a model of the program as version 1. Its weights must not change as long as
// it is served.
func (r *Repository) Add(name string, model *modelfolder.Model) error {
	if err := checkName(name); err != nil {
		return err
	}
	r.loading.Lock()
	defer r.loading.Unlock()
	if r.entry(name) != nil {
		return fmt.Errorf("there are two models of the name %q", name)
	}
	v, err := r.compile(name, 1, model, "")
	if err != nil {
		return err
	}
	r.put(source{name, map[int]string{1: ""}}, map[int]*Version{1: v}, nil)
	return nil
}

// Open serves the model at a path, which may be anything that Options.Load takes. Without
// a name it is called as the file or folder, without what the name of a model file ends with.
func (r *Repository) Open(name, path string) error {
	if path != "" {
		path = filepath.Clean(path)
	}
	if name == "" {
		if name = filepath.Base(path); name == "." || name == ".." {
			if abs, err := filepath.Abs(path); err == nil {
				name = filepath.Base(abs)
			}
		}
		if stem, ok := isModelFile(name); ok {
			name = stem
		}
	}
	if err := checkName(name); err != nil {
		return err
	}
	r.loading.Lock()
	defer r.loading.Unlock()
	if r.entry(name) != nil {
		return fmt.Errorf("there are two models of the name %q", name)
	}
	s := source{name, map[int]string{1: path}}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		if found, err := inspect(filepath.Dir(path), fs.FileInfoToDirEntry(info)); err != nil {
			return err
		} else if found.name != "" {
			s.paths = found.paths
		}
	}
	err := r.load(s, true)
	if len(r.Versions(name)) == 0 {
		r.put(source{name: name}, nil, nil)
	}
	return err
}

// OpenFolder serves all models in a folder. Those that cannot be loaded are told to the
// log, and are in Index with the reason.
func (r *Repository) OpenFolder(dir string) error {
	r.loading.Lock()
	defer r.loading.Unlock()
	found, err := scan(dir)
	if err != nil {
		return err
	}
	for _, s := range found {
		if r.entry(s.name) != nil {
			return fmt.Errorf("there are two models of the name %q", s.name)
		}
	}
	r.dir = dir
	for _, s := range found {
		if err := r.load(s, true); err != nil {
			r.options.Log.Error("model cannot be loaded", "model", s.name, "error", err)
		}
	}
	return nil
}

// Load loads a model by its name, with all versions that are there now. Versions that are
// served already are replaced. It is an error if one of them cannot be loaded: it is then
// served as before, if it was.
func (r *Repository) Load(name string) error {
	r.loading.Lock()
	defer r.loading.Unlock()
	s, err := r.find(name)
	if err != nil {
		return err
	}
	return r.load(s, true)
}

// find returns where a model is now.
func (r *Repository) find(name string) (source, error) {
	known := r.entry(name)
	if r.dir != "" {
		found, err := scan(r.dir)
		if err != nil {
			return source{}, err
		}
		for _, s := range found {
			if s.name == name && (known == nil || r.inFolder(known.source)) {
				return s, nil
			}
		}
	}
	switch {
	case known == nil || r.inFolder(known.source):
		return source{}, &NotFoundError{Name: name}
	case known.source.paths[1] == "":
		return source{}, fmt.Errorf("the model %q is a part of the program: it cannot be loaded again", name)
	}
	return known.source, nil
}

// inFolder reports whether a source was found in the folder of models.
func (r *Repository) inFolder(s source) bool {
	for _, path := range s.paths {
		return r.dir != "" && strings.HasPrefix(path, filepath.Clean(r.dir)+string(filepath.Separator))
	}
	return false
}

// Unload stops serving a model. Requests under way are answered.
func (r *Repository) Unload(name string) error {
	r.loading.Lock()
	defer r.loading.Unlock()
	e := r.entry(name)
	if e == nil {
		return &NotFoundError{Name: name}
	}
	reasons := map[int]string{}
	for number := range e.source.paths {
		reasons[number] = "unloaded"
	}
	r.put(e.source, nil, reasons)
	r.options.Log.Info("model unloaded", "model", name)
	return nil
}

// Reload loads the models of the folder again whose files have changed, and new ones, and
// stops serving those that are gone. Models from elsewhere are loaded again if their files
// have changed. What cannot be loaded is served as before, and is an error.
func (r *Repository) Reload() error {
	r.loading.Lock()
	defer r.loading.Unlock()
	var found []source
	var errs []error
	if r.dir != "" {
		var err error
		if found, err = scan(r.dir); err != nil {
			errs = append(errs, err)
		}
	}
	for _, name := range r.names() {
		s := r.entry(name).source
		switch {
		case r.inFolder(s) && len(errs) > 0 && found == nil: // the folder cannot be read
		case r.inFolder(s) && !slices.ContainsFunc(found, func(f source) bool { return f.name == name }):
			r.put(source{name, nil}, nil, nil)
			r.options.Log.Info("model is gone", "model", name)
		case !r.inFolder(s) && s.paths[1] != "":
			found = append(found, s)
		}
	}
	for _, s := range found {
		if e := r.entry(s.name); e != nil && len(e.versions) == 0 && !r.failed(e) {
			continue // it was unloaded
		}
		if err := r.load(s, false); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// failed reports whether a version of a model could not be loaded.
func (r *Repository) failed(e *entry) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.ContainsFunc(slices.Collect(maps.Values(e.reason)), func(reason string) bool { return reason != "unloaded" })
}

// load loads the versions of a model and serves them. Without always, versions whose files
// have not changed stay.
func (r *Repository) load(s source, always bool) error {
	before := r.entry(s.name)
	versions, reasons := map[int]*Version{}, map[int]string{}
	var errs []error
	for _, number := range slices.Sorted(maps.Keys(s.paths)) {
		var old *Version
		if before != nil {
			old = before.versions[number]
		}
		path := s.paths[number]
		if old != nil && !always && old.path == path && old.unchanged() {
			versions[number] = old
			continue
		}
		v, err := r.read(s.name, number, path)
		if err == nil {
			versions[number] = v
			defer r.options.Log.Info("model loaded", "model", s.name, "version", number, "path", path, "bytes", v.MemoryBytes()) // when it is served
			continue
		}
		errs = append(errs, err)
		if reasons[number] = err.Error(); old != nil {
			versions[number] = old // as before
		}
	}
	r.put(s, versions, reasons)
	return errors.Join(errs...)
}

// put replaces the versions of a model; without paths it removes the model. It releases
// those that are replaced.
func (r *Repository) put(s source, versions map[int]*Version, reasons map[int]string) {
	r.mu.Lock()
	old := r.models[s.name]
	if len(s.paths) == 0 {
		delete(r.models, s.name)
	} else {
		r.models[s.name] = &entry{source: s, versions: versions, reason: reasons}
	}
	r.mu.Unlock()
	if old == nil {
		return
	}
	for number, v := range old.versions {
		if versions[number] != v {
			v.Release()
		}
	}
}

// entry returns a model, or nil.
func (r *Repository) entry(name string) *entry {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.models[name]
}

func (r *Repository) names() []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.Sorted(maps.Keys(r.models))
}

// Acquire returns a version of a model, the highest if version is "". The caller must
// release it. The error is a *NotFoundError.
func (r *Repository) Acquire(name, version string) (*Version, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	e := r.models[name]
	if e == nil {
		return nil, &NotFoundError{Name: name}
	}
	var v *Version
	number := 0
	if version == "" {
		for n := range e.versions {
			number = max(number, n)
		}
	} else if n, err := strconv.Atoi(version); err == nil && strconv.Itoa(n) == version {
		number = n
	}
	if v = e.versions[number]; v == nil {
		reason := e.reason[number]
		if version == "" {
			reason = "it is not loaded"
		}
		return nil, &NotFoundError{Name: name, Version: version, Reason: reason}
	}
	v.refs.Add(1)
	return v, nil
}

// Versions returns the versions of a model that are served, in ascending order; nil if there
// is no such model.
func (r *Repository) Versions(name string) []int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if e := r.models[name]; e != nil {
		return slices.Sorted(maps.Keys(e.versions))
	}
	return nil
}

// Each calls f with each version that is served, by name and number. f must not keep it.
func (r *Repository) Each(f func(v *Version)) {
	r.mu.RLock()
	var all []*Version
	for _, e := range r.models {
		for _, v := range e.versions {
			v.refs.Add(1)
			all = append(all, v)
		}
	}
	r.mu.RUnlock()
	slices.SortFunc(all, func(a, b *Version) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(a.Number, b.Number))
	})
	for _, v := range all {
		f(v)
		v.Release()
	}
}

// A Status is a version of a model and whether it is served.
type Status struct {
	Name    string
	Version int
	Ready   bool
	Reason  string // why it is not served, or why a newer state of its files is not
}

// Index lists all versions of all models, by name and number. Those in the folder of models that
// are not loaded are among them.
func (r *Repository) Index() []Status {
	r.loading.Lock()
	dir := r.dir
	r.loading.Unlock()
	var found []source
	if dir != "" {
		found, _ = scan(dir) // what cannot be read is not there
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	var list []Status
	for _, e := range r.models {
		for number := range e.source.paths {
			list = append(list, Status{e.source.name, number, e.versions[number] != nil, e.reason[number]})
		}
	}
	for _, s := range found {
		for number := range s.paths {
			if !slices.ContainsFunc(list, func(st Status) bool { return st.Name == s.name && st.Version == number }) {
				list = append(list, Status{s.name, number, false, "not loaded"})
			}
		}
	}
	slices.SortFunc(list, func(a, b Status) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return a.Version - b.Version
	})
	return list
}

// Close stops serving all models, waits until the requests under way are answered, and
// releases all memory.
func (r *Repository) Close() error {
	r.loading.Lock()
	defer r.loading.Unlock()
	for _, name := range r.names() {
		r.put(source{name: name}, nil, nil)
	}
	r.mu.Lock()
	closed := r.closed
	r.closed = true
	r.mu.Unlock()
	r.open.Wait()
	if closed {
		return nil
	}
	return r.devices.Close()
}

// checkName reports a name that cannot stand in a path of a URL.
func checkName(name string) error {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\\?#%\x00") || strings.ContainsFunc(name, func(c rune) bool { return c < ' ' || c == 0x7f }) || len(name) > 200 {
		return fmt.Errorf("a model cannot have the name %.200q: want one without slashes and control characters", name)
	}
	return nil
}
