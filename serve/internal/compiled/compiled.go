// Package compiled has networks compiled for batches of any size.
//
// A server batches whatever waits, so that sizes change from batch to batch. A network is
// compiled for a few numbers of samples that the engine computes at a time, its "units":
// 1, and those that the engine prefers for larger batches. A batch of any size is a number
// of units. All units of one network, and all instances of it, share its weights, and those that
// are packed in the same form, too.
package compiled

import (
	"errors"
	"fmt"
	"math/bits"

	"golang.org/x/sync/errgroup"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/serve/internal/batch"
	"github.com/strideml/stride/tensor"
)

// Options are the choices of New. The zero value compiles for single samples.
type Options struct {
	// Batch is the largest batch to compile for. Larger ones are computed too, in parts.
	Batch int
	// Outputs returns the nodes of a trace that are results beside its output; nil means none. The results of
	// a sample are then those of the output and of these, one after the other.
	Outputs func(g *graph.Graph) []*graph.Node
	// Invariant compiles for single samples only, so that a sample gets the same bits
	// whatever the size of its batch.
	Invariant bool
}

// A Network is a network that is compiled for each of some devices. Its weights must not change
// while it is in use. It implements batch.Engine.
type Network struct {
	devices   *Devices
	instances []*Instance // one for each device
	kept      int64       // bytes that the instances share
}

// New compiles a network.
func New(net *nn.Model, devices *Devices, o Options) (n *Network, err error) {
	n = &Network{devices: devices}
	defer func() {
		if err != nil {
			err = errors.Join(err, n.Close())
			n = nil
		}
	}()
	for lane, d := range devices.all {
		n.instances = append(n.instances, &Instance{lane: lane, device: d})
	}
	size := max(1, o.Batch)
	if o.Invariant {
		size = 1
	}
	for size > 0 {
		samples, err := n.compile(net, size, o.Outputs)
		if err != nil {
			return n, err
		}
		// The engine may compute fewer samples at a time than asked for; smaller units are
		// powers of two.
		size = 1 << bits.Len(uint(samples-1)) >> 1
	}
	// The first instance packs what all share, on all threads; the others, which share these, go on side by side.
	if err := n.instances[0].warm(); err != nil {
		return n, err
	}
	var all errgroup.Group
	for _, i := range n.instances[1:] {
		all.Go(i.warm)
	}
	return n, all.Wait()
}

// compile adds a unit of at most so many samples to each instance, and returns its size.
func (n *Network) compile(net *nn.Model, size int, further func(*graph.Graph) []*graph.Node) (samples int, err error) {
	t, err := net.Trace(size, nn.Eval)
	if err != nil {
		return 0, err
	}
	outputs := []*graph.Node{t.Output}
	if further != nil {
		outputs = append(outputs, further(t.Graph)...)
	}
	in := t.Input.Shape()[1:]
	var out []tensor.Shape
	for _, o := range outputs {
		if len(o.Shape()) < 1 || o.Shape()[0] != size {
			return 0, fmt.Errorf("the network gives %v for a batch of %d: want a result for each sample", o.Shape(), size)
		}
		out = append(out, o.Shape()[1:])
	}
	first, err := n.instances[0].device.Compile(t.Graph, outputs...)
	if err != nil {
		return 0, fmt.Errorf("compile the network: %w", err)
	}
	batcher, ok := first.(engine.Batcher)
	if !ok { // an engine that computes what it was compiled for, on its only device
		u := unit{program: first, samples: size, input: t.Input, in: in, out: out, exact: true}
		n.instances[0].units = append(n.instances[0].units, u)
		return size, nil
	}
	defer first.Close() // what it shares stays
	if sharer, ok := first.(engine.KeptSharer); ok {
		for _, u := range n.instances[0].units {
			if _, err := sharer.ShareKept(u.program); err != nil {
				return 0, fmt.Errorf("compile the network: %w", err)
			}
		}
	}
	if p, ok := first.(engine.MemoryPlanner); ok {
		n.kept += p.KeptBytes()
	}
	var all errgroup.Group
	for _, i := range n.instances {
		all.Go(func() error {
			p, s, err := batcher.AnyBatch(i.device)
			if err != nil {
				return fmt.Errorf("compile the network: %w", err)
			}
			i.units = append(i.units, unit{program: p, samples: s, input: t.Input, in: in, out: out})
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		return 0, err
	}
	units := n.instances[0].units
	return units[len(units)-1].samples, nil
}

// Lanes implements batch.Engine.
func (n *Network) Lanes() int { return n.devices.Lanes() }

// Preferred implements batch.Engine.
func (n *Network) Preferred() int { return n.instances[0].units[0].samples }

// Acquire implements batch.Engine.
func (n *Network) Acquire(alone bool) batch.Runner { return n.instances[n.devices.acquire(alone)] }

// Release implements batch.Engine.
func (n *Network) Release(r batch.Runner) { n.devices.release(r.(*Instance).lane) }

// MemoryBytes is the memory of all instances for what they keep between runs, such as
// packed weights, and for the values between layers, of which those of one device share
// memory; 0 if the engine does not tell.
func (n *Network) MemoryBytes() (bytes int64) {
	bytes = n.kept
	for _, i := range n.instances {
		var most int64
		for _, u := range i.units {
			if p, ok := u.program.(engine.MemoryPlanner); ok {
				most = max(most, p.MemoryBytes()-p.KeptBytes())
			}
		}
		bytes += most
	}
	return bytes
}

// Close releases the memory. No instance may be running.
func (n *Network) Close() (err error) {
	for _, i := range n.instances {
		for _, u := range i.units {
			err = errors.Join(err, u.program.Close())
		}
		i.units = nil
	}
	return err
}

// An Instance is a network compiled for one device. It is not safe for concurrent use.
type Instance struct {
	lane   int
	device engine.Device
	units  []unit // the largest first; the last one is for single samples
}

// A unit computes a number of samples at a time.
type unit struct {
	program engine.Program
	samples int
	input   *graph.Node
	in      tensor.Shape   // of a sample
	out     []tensor.Shape // of its results
	exact   bool           // it computes so many samples in a run, and no more
}

// size is the number of values of a sample's results.
func (u *unit) size() (n int) {
	for _, out := range u.out {
		n += out.Size()
	}
	return n
}

// Samples returns how many samples the units compute at a time, the largest first.
func (i *Instance) Samples() (samples []int) {
	for _, u := range i.units {
		samples = append(samples, u.samples)
	}
	return samples
}

// Run computes n samples, which lie one after the other in in. Their results are written
// to out.
func (i *Instance) Run(n int, in, out []float32) error {
	if len(i.units) == 0 {
		return errors.New("the network is closed")
	}
	inSize, outSize := i.units[0].in.Size(), i.units[0].size()
	if len(in) != n*inSize || len(out) != n*outSize {
		return fmt.Errorf("%d values in and %d out for a batch of %d: want %d and %d", len(in), len(out), n, n*inSize, n*outSize)
	}
	for _, u := range i.units {
		for n >= u.samples {
			now := n / u.samples * u.samples
			if u.exact {
				now = u.samples
			}
			if err := u.run(now, in[:now*inSize], out[:now*outSize]); err != nil {
				return err
			}
			in, out, n = in[now*inSize:], out[now*outSize:], n-now
		}
	}
	return nil
}

func (u *unit) run(n int, in, out []float32) error {
	x, err := tensor.FromSlice(in, append([]int{n}, u.in...)...)
	if err != nil {
		return err
	}
	if len(u.out) == 1 {
		y, err := tensor.FromSlice(out, append([]int{n}, u.out[0]...)...)
		if err != nil {
			return err
		}
		return u.program.Run(engine.Feeds{u.input: x}, []*tensor.Tensor{y})
	}
	var results []*tensor.Tensor
	for _, shape := range u.out {
		results = append(results, tensor.New(append([]int{n}, shape...)...))
	}
	if err := u.program.Run(engine.Feeds{u.input: x}, results); err != nil {
		return err
	}
	for sample := range n {
		for k, y := range results {
			size := u.out[k].Size()
			out = out[copy(out, y.Data()[sample*size:][:size]):]
		}
	}
	return nil
}

// warm computes a batch of zeros with each unit, so that weights are packed before the
// first request comes.
func (i *Instance) warm() error {
	for _, u := range i.units {
		if err := u.run(u.samples, make([]float32, u.samples*u.in.Size()), make([]float32, u.samples*u.size())); err != nil {
			return err
		}
	}
	return nil
}
