package serve

import (
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/serve/internal/batch"
	"github.com/strideml/stride/serve/internal/repository"
)

// Options say how models are computed. The zero value is a good default.
type Options struct {
	// CPU configures the cpu engine. All models share its Threads; 0 means GOMAXPROCS.
	CPU cpu.Options
	// Device, if it is not nil, computes in place of the cpu engine.
	Device engine.Device
	// Concurrency is how many batches are computed side by side, each on its share of the
	// threads; the default, 0, stands for one on each thread. A request that is alone is
	// computed on all threads in any case, and with 1 all are.
	Concurrency int
	// MaxBatch is how many samples the requests that are computed together have at most; 0
	// means 8. A request that has more itself is computed alone.
	MaxBatch int
	// MaxDelay is how long a request waits for others although nothing is computed. The
	// default is 0.
	MaxDelay time.Duration
	// QueueLimit is how many samples may wait for a model; 0 means 256. Requests beyond
	// that are refused.
	QueueLimit int
	// BatchInvariant gives a sample the same bits whatever batch it is in: it is computed
	// as if it were alone. Networks that are faster for several samples at a time lose that.
	BatchInvariant bool
	// Load reads the model at a path; nil means LoadModel.
	Load func(path string) (*modelfolder.Model, error)
	// Log is told which models are loaded and unloaded; nil means nobody.
	Log *slog.Logger
}

// LoadModel is modelfolder.Load, but weights that do not say which network they are for are
// those of the network whose tensors they have, if there is one.
func LoadModel(path string) (*modelfolder.Model, error) { return repository.LoadRecognized(path) }

// Models are the models of a server. They are safe for concurrent use: models may be
// loaded, replaced and unloaded while requests are under way. Each request is computed by one
// model from its beginning to its end, and the memory of a model that is not served any
// more is released when the last of its requests is answered.
type Models struct {
	options    Options
	repository *repository.Repository
	draining   atomic.Bool
}

// NewModels returns Models without a model.
func NewModels(o Options) (*Models, error) {
	r, err := repository.New(repository.Options{
		CPU: o.CPU, Device: o.Device, Concurrency: o.Concurrency, Invariant: o.BatchInvariant, Load: o.Load, Log: o.Log,
		Batch: batch.Options{MaxBatch: o.MaxBatch, MaxDelay: o.MaxDelay, Limit: o.QueueLimit},
	})
	if err != nil {
		return nil, err
	}
	return &Models{options: o, repository: r}, nil
}

// Add serves a model as version 1 under a name. Its weights must not change as long as it
// is served.
func (m *Models) Add(name string, model *modelfolder.Model) error {
	return m.repository.Add(name, model)
}

// Open serves the model at a path, which may be whatever modelfolder.Load takes. If name is
// "", the name is that of the file or folder, without the extension of a model file.
func (m *Models) Open(name, path string) error { return m.repository.Open(name, path) }

// OpenFolder serves all models in a folder: model files (NAME.onnx, NAME.safetensors,
// NAME.pth), run folders and model folders, and folders of versions (NAME/1, NAME/2) of which
// each is one of these. The version with the highest number is the default. Models that
// cannot be loaded are told to Options.Log; the others are served.
func (m *Models) OpenFolder(dir string) error { return m.repository.OpenFolder(dir) }

// Load loads a model again, or one that has come into the folder of OpenFolder. If it fails,
// the model is served as before.
func (m *Models) Load(name string) error { return m.repository.Load(name) }

// Unload stops serving a model.
func (m *Models) Unload(name string) error { return m.repository.Unload(name) }

// Reload loads all models whose files have changed and those that are new in the folder of
// OpenFolder, and stops serving those that are gone. It returns the errors of those that
// cannot be loaded, which are served as before.
func (m *Models) Reload() error { return m.repository.Reload() }

// Names returns the names of the models that are served, in alphabetical order.
func (m *Models) Names() (names []string) {
	for _, s := range m.repository.Index() {
		if s.Ready && (len(names) == 0 || names[len(names)-1] != s.Name) {
			names = append(names, s.Name)
		}
	}
	return names
}

// Drain makes /v2/health/ready say that no more requests should be sent, before the server
// stops. Requests are still answered.
func (m *Models) Drain() { m.draining.Store(true) }

// Close stops serving all models, waits for the requests under way and releases all memory.
func (m *Models) Close() error { return m.repository.Close() }
