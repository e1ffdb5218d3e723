package xla

import (
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"runtime"
	"sync"
	"time"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/xla/internal/lower"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/pjrt"
	"github.com/strideml/stride/tensor"
)

// A Device is one or several devices of a plugin as an engine. It is safe for
// concurrent use.
type Device struct {
	backend     backend
	client      *pjrt.Client // nil in tests without a plugin
	lowering    lower.Options
	log         func(line string)
	description string
	platform    string
	identity    string // of plugin, devices and options: programs of the same graph are the same

	meter     *meter
	records   *records
	constants *constants

	order  sync.Mutex // held while a run begins
	closed bool
}

var _ engine.Device = (*Device)(nil)

func newDevice(b backend) *Device {
	m := &meter{}
	return &Device{backend: b, meter: m, records: &records{meter: m}, constants: &constants{}}
}

// Name returns "xla".
func (d *Device) Name() string { return "xla" }

// Description names the devices, the plugin's platform and its version of PJRT.
func (d *Device) Description() string { return d.description }

// Platform is the kind of the devices, as pjrt.Client.Platform has it: "cuda", "tpu", "cpu".
func (d *Device) Platform() string { return d.platform }

// Client is the connection to the plugin, for what this package does not have, such as the memory of the
// devices. Other Devices may use it, too: it must not be closed.
func (d *Device) Client() *pjrt.Client { return d.client }

// Close brings the values of variables to the host and gives the devices up. Programs
// cannot be run afterwards. It is an error if a variable's value cannot be
// fetched.
func (d *Device) Close() error {
	d.order.Lock()
	defer d.order.Unlock()
	if d.closed {
		return nil
	}
	d.closed = true
	var all []error
	for _, r := range d.records.list() {
		if r.value.Released() {
			continue
		}
		if err := r.value.Fetch(); err != nil {
			all = append(all, fmt.Errorf("xla: close the device: variable %q: %w", r.name, err))
			continue
		}
		r.drop()
	}
	d.backend.close()
	return errors.Join(all...)
}

// Compile implements engine.Device. It may take minutes for a large network on a GPU, which
// Options.Log tells. Several goroutines may compile at once.
func (d *Device) Compile(g *graph.Graph, outputs ...*graph.Node) (engine.Program, error) {
	m, err := lower.Lower(g, outputs, d.lowering)
	if err != nil {
		return nil, fmt.Errorf("xla: %w", err)
	}
	stop := d.tell(len(g.Nodes()))
	e, err := d.backend.compile(m)
	stop(err)
	if err != nil {
		return nil, fmt.Errorf("xla: compile: %w", d.explain(err, g))
	}
	p, err := newProgram(d, g, outputs, m, e)
	if err != nil {
		return nil, fmt.Errorf("xla: %w", d.explain(err, g))
	}
	h := fnv.New64a()
	_, _ = io.WriteString(h, d.identity+"\n"+m.Text) // a hash cannot fail
	p.order = h.Sum64()
	if bytes, ok := e.temporary(); ok {
		return plannedProgram{p, bytes}, nil
	}
	return p, nil
}

// Compiling is told from firstLine on, every nextLine.
var firstLine, nextLine = 5 * time.Second, 15 * time.Second

// tell logs that something is being compiled, if it takes long, until stop is called.
func (d *Device) tell(nodes int) (stop func(err error)) {
	if d.log == nil {
		return func(error) {}
	}
	start, done, ended := time.Now(), make(chan struct{}), make(chan struct{})
	said := false
	seconds := func() time.Duration { return time.Since(start).Round(time.Second) }
	go func() {
		defer close(ended)
		timer := time.NewTimer(firstLine)
		defer timer.Stop()
		for {
			select {
			case <-done:
				return
			case <-timer.C:
				said = true
				d.log(fmt.Sprintf("xla: compiling a graph of %d nodes … %v", nodes, seconds()))
				timer.Reset(nextLine)
			}
		}
	}()
	return func(err error) {
		close(done)
		<-ended
		if said && err == nil {
			d.log(fmt.Sprintf("xla: compiled in %v", seconds()))
		}
	}
}

// put copies a tensor to the devices.
func (d *Device) put(data []float32, shape tensor.Shape, split bool) (array, error) {
	a, err := d.backend.put(data, shape, split)
	if pjrt.CodeOf(err) == pjrt.ResourceExhausted {
		// The garbage collector does not know of the memory of devices.
		runtime.GC()
		time.Sleep(50 * time.Millisecond) // cleanups run after it
		a, err = d.backend.put(data, shape, split)
	}
	if err == nil {
		d.meter.toDevice(len(data))
	}
	return a, err
}

// variable returns the array with the value of a variable, which it copies to the devices
// if they do not have it.
func (d *Device) variable(r *record, v *graph.Variable, shape tensor.Shape) (array, error) {
	a, err := r.current(v)
	if a != nil || err != nil {
		return a, err
	}
	switch {
	case v.Value.Released():
		return nil, fmt.Errorf("the value of variable %q was released after another program had packed it", v.Name)
	case !v.Value.HasShape(shape):
		return nil, fmt.Errorf("variable %q has changed its shape since the program was compiled", v.Name)
	}
	if err := v.Value.Fetch(); err != nil {
		return nil, fmt.Errorf("variable %q: %w", v.Name, err)
	}
	if a, err = d.put(v.Value.Data(), shape, false); err != nil {
		return nil, fmt.Errorf("variable %q: %w", v.Name, err)
	}
	r.replace(a, v.Version())
	return a, nil
}
