package look

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/explain"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/serve/internal/inference"
	"github.com/strideml/stride/serve/internal/repository"
	"github.com/strideml/stride/tensor"
)

const (
	// maxWaiting is how many requests may wait for their turn.
	maxWaiting = 16
	// computeTime bounds how long one may compute.
	computeTime = time.Minute
	// keptPrograms and keptBytes bound what is kept of each model for the next request.
	keptPrograms = 6
	keptBytes    = 128 << 20
)

// Options are the choices of New.
type Options struct {
	// CPU configures the engine. Half of its Threads are used, which are GOMAXPROCS if they
	// are 0.
	CPU cpu.Options
	// Device, if it is not nil, computes in place of the cpu engine. Close does not close it.
	Device engine.Device
	// Wait is how long a request may wait for its turn.
	Wait time.Duration
	// Training finds the data that a model was trained with; nil if there are none.
	Training func(ctx context.Context, model *modelfolder.Model) (Dataset, error)
}

// A Dataset has the pictures that a model was trained with, as the network is given them.
type Dataset interface {
	// Len returns the number of pictures.
	Len() int
	// Read writes the network's input of picture i, C×H×W values, and returns its label.
	Read(i int, input []float32) (label int, err error)
}

// A BusyError says that too many requests wait.
type BusyError struct {
	// After is about how long those that wait will take.
	After time.Duration
}

// RetryAfter is when the client should try again.
func (e *BusyError) RetryAfter() time.Duration { return e.After }

func (e *BusyError) Error() string {
	return fmt.Sprintf("%d requests to look inside a network wait already", maxWaiting)
}

// errSlow says that a computation took too long.
var errSlow = inference.Refuse(http.StatusGatewayTimeout, "this takes more than %v on this machine", computeTime)

// refuse says that a request asks for something that is not there.
func refuse(format string, args ...any) error {
	return inference.Refuse(http.StatusBadRequest, format, args...)
}

// A Looker computes for a server. It is safe for concurrent use.
type Looker struct {
	options Options
	device  func() engine.Device // made when it is needed
	turn    chan struct{}
	waiting atomic.Int64
	own     atomic.Pointer[cpu.Device]
}

// New makes a Looker.
func New(o Options) *Looker {
	l := &Looker{options: o, turn: make(chan struct{}, 1)}
	l.device = sync.OnceValue(func() engine.Device {
		if o.Device != nil {
			return o.Device
		}
		if o.CPU.Threads <= 0 {
			o.CPU.Threads = runtime.GOMAXPROCS(0)
		}
		o.CPU.Threads = max(1, o.CPU.Threads/2)
		own := cpu.New(o.CPU)
		l.own.Store(own)
		return own
	})
	return l
}

// inside is what is kept of a version.
type inside struct {
	*explain.Model
	nodes []explain.Node
	data  func() (Dataset, error)
}

// of returns what is kept of a version, which is made at the first request for it and goes with it.
func (l *Looker) of(v *repository.Version) (*inside, error) {
	kept, err := v.Attached(func() (io.Closer, error) {
		m, err := explain.New(v.Model, explain.Options{Device: l.device(), Programs: keptPrograms, ProgramBytes: keptBytes})
		if err != nil {
			return nil, inference.Bad(err)
		}
		in := &inside{Model: m, nodes: m.Nodes()}
		in.data = sync.OnceValues(func() (Dataset, error) {
			if l.options.Training == nil {
				return nil, errors.New("the server does not know them")
			}
			return l.options.Training(context.Background(), v.Model)
		})
		return in, nil
	})
	if err != nil {
		return nil, err
	}
	return kept.(*inside), nil
}

// enter waits for the turn of a request. The context that it returns ends when the request's
// does, and when the request has computed for too long.
func (l *Looker) enter(ctx context.Context) (context.Context, func(), error) {
	if l.waiting.Add(1) > maxWaiting+1 {
		l.waiting.Add(-1)
		return nil, nil, inference.Refuse(http.StatusTooManyRequests, "%w", &BusyError{After: 2 * time.Second})
	}
	wait, cancel := context.WithTimeout(ctx, l.options.Wait)
	defer cancel()
	select {
	case l.turn <- struct{}{}:
	case <-wait.Done():
		l.waiting.Add(-1)
		return nil, nil, context.Cause(wait)
	}
	computing, stop := context.WithTimeoutCause(ctx, computeTime, errSlow)
	return computing, func() {
		stop()
		<-l.turn
		l.waiting.Add(-1)
	}, nil
}

// Close ends the threads. No request may be under way.
func (l *Looker) Close() error {
	if own := l.own.Load(); own != nil {
		return own.Close()
	}
	return nil
}

// node returns the node of a name.
func (in *inside) node(name string) (*explain.Node, error) {
	for i := range in.nodes {
		if in.nodes[i].Name == name {
			return &in.nodes[i], nil
		}
	}
	return nil, refuse("there is no layer %.200q: /v1/network lists them", name)
}

// maps returns the shape C×H×W of the maps of a layer, or of a block of layers.
func (in *inside) maps(name string) (tensor.Shape, error) {
	for _, l := range in.Layers() {
		if l.Name == name {
			return l.Output, nil
		}
	}
	n, err := in.node(name)
	if err != nil {
		return nil, err
	}
	return nil, refuse("layer %q has no maps: its output is %v", name, n.Output)
}

// inputKind is the kind of the first node, the picture.
const inputKind = "Input"

// limited yields the pictures of a sequence until a time has passed.
func limited[V any](pictures iter.Seq2[V, error], until time.Time) iter.Seq2[V, error] {
	return func(yield func(V, error) bool) {
		for p, err := range pictures {
			if !yield(p, err) || time.Now().After(until) {
				return
			}
		}
	}
}
