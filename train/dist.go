package train

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/bits"
	"strings"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/dist"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/train/internal/ranks"
	"github.com/strideml/stride/train/internal/step"
	"github.com/strideml/stride/train/runfolder"
)

// Dist is data-parallel training: processes, called ranks, that each call Fit with the
// same model, data and settings, compute the gradients of their part of every batch
// and add them up, so that all have the same weights after every step.
//
// BatchSize is that of the whole batch, of which each rank reads and computes a part.
// The order of the images, their augmentation and dropout do not depend on the number
// of ranks. Batch normalization takes the statistics of the rank's part, unless
// SyncBatchNorm is set; the running statistics are the mean over the ranks, weighted
// by their images. A Mixer gives the images that it gives a single process; see there for
// those who write one.
//
// Rank 0 writes: on the others Dir, Save, Log and the Callbacks are ignored. Each rank
// measures its part of the test set. An error of one rank is the error of all, a
// *dist.RankError. Any other error is known to the rank that returns it alone: the
// others wait for it, so it should call Comm.Abort once it has told the error.
//
// Before the first step the ranks compare their settings, data and weights, and refuse
// to begin if they differ.
type Dist struct {
	// Comm connects the ranks; nil is a single one.
	Comm dist.Comm
	// Reducer adds up gradients over the ranks; it may be that of Config.Device, which
	// then does it while it computes others. nil means Comm.AllReduce, one after the
	// other.
	Reducer engine.Reducer
	// Shards, if not 0, makes weights that are the same bit for bit for any number of
	// ranks that divides it, on the same instruction set: each batch is cut into so many
	// parts, a power of two, whose gradients are computed one after the other and added
	// up in the order of dist.Sum. Batch normalization sees a shard at a time.
	// It takes longer; see docs/scale.md.
	Shards int
	// SyncBatchNorm gives batch normalization the statistics of the whole batch. The Reducer
	// must be that of Config.Device, and each batch must have an image for each rank.
	SyncBatchNorm bool
	// Plan is what the ranks must agree on beside what Fit knows of: the program's
	// version, the command line.
	Plan []dist.Field
}

// comm returns the Comm, of a single rank if there is none.
func (d *Dist) comm() dist.Comm {
	if d.Comm == nil {
		return dist.Single()
	}
	return d.Comm
}

// check reports settings that cannot be.
func (d *Dist) check(c Config) error {
	n := d.comm().Size()
	switch {
	case d.Shards < 0 || d.Shards > 0 && bits.OnesCount(uint(d.Shards)) != 1:
		return fmt.Errorf("%d shards of a batch: want a power of two, or 0 for one a rank", d.Shards)
	case d.Shards > 0 && d.Shards%n != 0:
		return fmt.Errorf("%d ranks cannot share %d shards of a batch evenly: want a number of ranks that divides it", n, d.Shards)
	case d.Shards > 0 && d.SyncBatchNorm:
		return errors.New("batch normalization over the whole batch does not go with fixed shards, which are computed one after the other")
	case c.BatchSize < max(n, d.Shards):
		return fmt.Errorf("a batch of %s for %d %s: want at least one image for each", count(c.BatchSize, "image"), max(n, d.Shards), cmp.Or(map[bool]string{true: "shards"}[d.Shards > n], "ranks"))
	}
	return nil
}

// start finds the other ranks. It returns nil for a training in a single process.
func (d *Dist) start() (*ranks.Ranks, error) {
	if d == nil {
		return nil, nil
	}
	comm := d.comm()
	reducer := d.Reducer
	if reducer == nil {
		reducer = plainReducer{comm}
	}
	if reducer.Size() != comm.Size() {
		return nil, fmt.Errorf("the reducer has %d members, and there are %d ranks", reducer.Size(), comm.Size())
	}
	return ranks.New(comm, reducer)
}

// shardsOf returns the parts of a batch that a rank computes, one after the other.
func (d *Dist) shardsOf(r *ranks.Ranks) (shards []data.Part) {
	n, rank, all := r.Size(), r.Part().Rank, cmp.Or(d.Shards, r.Size())
	for i := rank * all / n; i < (rank+1)*all/n; i++ {
		shards = append(shards, data.Part{Rank: i, Ranks: all})
	}
	return shards
}

// step returns what does the steps of a rank.
func (d *Dist) step(t *step.Training, r *ranks.Ranks, size int) (step.Ranked, error) {
	if own, ok := t.Device.(interface{ Reducer() engine.Reducer }); ok && d.Shards == 0 && d.Reducer != nil && own.Reducer() == d.Reducer {
		return step.NewFused(t, r.Part(), size, d.Reducer, d.SyncBatchNorm), nil
	}
	if d.SyncBatchNorm && r.Size() > 1 {
		return nil, errors.New("batch normalization over the whole batch needs a device that adds up with the reducer, such as cpu.Options.Reducer")
	}
	return step.NewSplit(t, r, d.shardsOf(r)), nil
}

// plainReducer is a Comm as an engine.Reducer.
type plainReducer struct{ dist.Comm }

func (r plainReducer) AllReduce(data []float32) func() error {
	err := r.Comm.AllReduce(data)
	return func() error { return err }
}

// forRank takes away what rank 0 alone does.
func (c Config) forRank(r *ranks.Ranks) Config {
	if !r.Root() {
		c.Dir, c.Save, c.Callbacks, c.Log = "", nil, Callbacks{}, func(string) {}
	}
	return c
}

// agree compares what the ranks are about to do. hashes are those of sample images, by
// index, of which rank 0 has all.
func (c Config) agree(r *ranks.Ranks, model *nn.Model, set data.Dataset, s runfolder.Settings, samples *samples) error {
	if r == nil {
		return nil
	}
	plan := append([]dist.Field{}, c.Dist.Plan...)
	add := func(name string, value any) { plan = append(plan, dist.Field{Name: name, Value: fmt.Sprint(value)}) }
	for _, p := range s.Compared() {
		add("the "+p.Name, p.Value)
	}
	add("the number of epochs", s.Epochs)
	add("the classes", "a list with the hash "+hashText(strings.Join(s.Classes, "\n")))
	add("the number of fixed shards", c.Dist.Shards)
	add("synchronised batch normalization", c.Dist.SyncBatchNorm)
	add("the memory budget", c.MemoryBudget)
	add("the engine", c.Device.Name())
	if c.Resume {
		add("the beginning", "a run that is resumed")
	} else {
		add("the beginning", "weights with the hash "+hashState(model.State()))
	}
	if k, ok := c.Device.(interface{ Kernels() string }); ok && c.Dist.Shards > 0 {
		add("the instruction set of the kernels", k.Kernels())
	}
	if err := dist.CheckPlan(r.Comm(), r.Peers(), plan); err != nil {
		return dist.Shared(err)
	}
	return samples.compare(r, set)
}

func hashText(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// hashState is a hash of values with their names.
func hashState(entries []safetensors.Entry) string {
	h := sha256.New()
	for _, e := range entries {
		fmt.Fprintf(h, "%s %v\n", e.Name, e.Tensor.Shape())
		_, _ = h.Write(floatBytes(nil, e.Tensor.Data())) // never fails
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}
