package data

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/tensor"
)

// LoaderConfig says how a Loader makes batches.
type LoaderConfig struct {
	// BatchSize is the number of images in a batch: at least 1.
	BatchSize int
	// Shuffle draws a new order of the images for each epoch; otherwise they
	// come in the dataset's order.
	Shuffle bool
	// Seed is the random seed of Shuffle and Transform.
	Seed uint64
	// DropLast leaves out the last batch where it is smaller than BatchSize.
	DropLast bool
	// Workers is the number of goroutines that prepare batches. The default, 0,
	// is GOMAXPROCS, at most 4. It never changes what the batches hold.
	Workers int
	// Prefetch is the number of batches prepared ahead. The default, 0, is one
	// a worker and at least 2.
	Prefetch int
	// Transform, if not nil, changes each image after it was read, for example
	// a random flip. Targets stay as they are. Its random numbers depend on the seed, the epoch and the
	// index of the image in the dataset alone. It is called from several
	// goroutines at once and must not keep pixels.
	Transform func(r *rand.Rand, pixels []float32, shape tensor.Shape)
	// Part, if its Ranks is not 0, makes the loader give a part of each batch only, and
	// read no image of the others.
	Part Part
	// Lead, with a Part, makes the loader also read the image before each part, for those
	// who mix every image of a batch with the one before it; see Batch.Led.
	Lead bool
}

func (c LoaderConfig) withDefaults() LoaderConfig {
	if c.Workers == 0 {
		c.Workers = min(runtime.GOMAXPROCS(0), 4)
	}
	if c.Prefetch == 0 {
		c.Prefetch = max(c.Workers, 2)
	}
	return c
}

// Slots is how many batches a Loader has in memory: those prepared ahead and
// the one in use.
func (c LoaderConfig) Slots() int { return c.withDefaults().Prefetch + 1 }

// A Batch is some images with their labels. It belongs to the loop body that
// received it: the Loader reuses its memory as soon as the loop goes on.
type Batch struct {
	// Images has shape N×C×H×W, values 0..1.
	Images *tensor.Tensor
	// Labels has shape N and holds class indices.
	Labels *tensor.Tensor
	// Targets has shape N×TargetShape and holds the targets of a Targeted dataset.
	// Of any other it is Labels.
	Targets *tensor.Tensor
	// Items holds the index in the dataset of each image. An image that could not be
	// used (ErrSkip) has the index of the one in its place.
	Items []int
	// Index is the number of the batch in its epoch, from 0.
	Index int
	// Whole is the number of images of the batch that this one is a part of, and First
	// the place in it of the first image here; see LoaderConfig.Part. Without parts
	// they are Len and 0. A part may have no images: its tensors are nil then.
	First, Whole int
	// Led is this part with the image before it in front, in the same memory, where
	// LoaderConfig.Lead asks for it: the last image of the whole batch is before the
	// first one. It is nil where the part has no images or all of them.
	Led *Batch
}

// Len returns the number of images.
func (b *Batch) Len() int { return len(b.Items) }

// Loader cuts a dataset into batches, prepared ahead by goroutines that live as
// long as the loop over an epoch. It is safe for concurrent use.
type Loader struct {
	dataset Dataset
	config  LoaderConfig
	shape   tensor.Shape
	targets Targeted   // nil if the dataset has none
	random  Randomized // nil if the dataset's images are always the same
	batches int

	waited, replaced, delivered atomic.Int64 // Stats

	memory *memory
}

// A memory keeps the batches of finished epochs for those that follow.
type memory struct {
	room int // images in a batch
	mu   sync.Mutex
	idle []Batch // of the full size
}

// ShareMemory makes two loaders, of which one runs an epoch while the other does not,
// use the memory of one. It reports false, and does nothing, where their batches differ
// in size or in the shapes of images or targets. Call it before the first epoch.
func (l *Loader) ShareMemory(with *Loader) bool {
	switch {
	case l.config.BatchSize != with.config.BatchSize, l.config.Part != with.config.Part, !l.shape.Equal(with.shape), (l.targets == nil) != (with.targets == nil):
		return false
	case l.targets != nil && !l.targets.TargetShape().Equal(with.targets.TargetShape()):
		return false
	}
	l.memory.room = max(l.memory.room, with.memory.room)
	with.memory = l.memory
	return true
}

// NewLoader returns a loader of the dataset. It is an error when the dataset is
// empty, its image shape is not C×H×W, or a number in config is out of range.
func NewLoader(dataset Dataset, config LoaderConfig) (*Loader, error) {
	n, shape := dataset.Len(), dataset.ImageShape().Clone()
	if err := cmp.Or(checkImageShape(shape), config.Part.check()); err != nil {
		return nil, err
	}
	switch {
	case n < 1:
		return nil, errors.New("the dataset has no images")
	case config.BatchSize < 1:
		return nil, fmt.Errorf("batch size %d: want at least 1", config.BatchSize)
	case config.Workers < 0 || config.Prefetch < 0:
		return nil, fmt.Errorf("%d workers and %d batches ahead: neither can be negative", config.Workers, config.Prefetch)
	case config.DropLast && n < config.BatchSize:
		return nil, fmt.Errorf("a dataset of %d images has no whole batch of %d, and the last partial batch is dropped", n, config.BatchSize)
	}
	config.BatchSize = min(config.BatchSize, n)
	batches := n / config.BatchSize
	if n%config.BatchSize != 0 && !config.DropLast {
		batches++
	}
	config = config.withDefaults()
	config.Prefetch = min(config.Prefetch, batches)
	config.Workers = min(config.Workers, config.Prefetch)
	l := &Loader{dataset: dataset, config: config, shape: shape, batches: batches}
	l.memory = &memory{room: l.room()}
	if t, ok := dataset.(Targeted); ok {
		if shape := t.TargetShape(); shape.Size() < 1 {
			return nil, fmt.Errorf("target shape %v: want sizes of at least 1", shape)
		}
		l.targets = t
	}
	l.random, _ = dataset.(Randomized)
	return l, nil
}

// Dataset returns the dataset the loader reads.
func (l *Loader) Dataset() Dataset { return l.dataset }

// Config returns what the loader was made with, its defaults filled in.
func (l *Loader) Config() LoaderConfig { return l.config }

// Batches returns the number of batches in an epoch.
func (l *Loader) Batches() int { return l.batches }

// Items returns the number of images in an epoch.
func (l *Loader) Items() int { return min(l.batches*l.config.BatchSize, l.dataset.Len()) }

// Stats is what a Loader has done since it was made. The share of an epoch that
// training waited for images is the difference of Waited before and after it,
// divided by the time between.
type Stats struct {
	// Waited is how long loops over epochs waited for batches that were not ready.
	Waited time.Duration
	// Images is the number of images that loops were given.
	Images int
	// Replaced is how many of the images that were read could not be used (ErrSkip)
	// and had another one put in their place.
	Replaced int
}

// Stats returns what the loader has done so far. It may be called at any time.
func (l *Loader) Stats() Stats {
	return Stats{time.Duration(l.waited.Load()), int(l.delivered.Load()), int(l.replaced.Load())}
}

// Epoch returns the batches of one epoch from number from on, in order, as a
// loop's range:
//
//	for batch, err := range loader.Epoch(ctx, epoch, 0) {
//		if err != nil {
//			return err
//		}
//		…
//	}
//
// Their contents depend on the dataset, the seed and the epoch only, so a run
// that stopped after k batches goes on with from = k. A batch is valid until
// the next turn of the loop. An error, of reading an image or of ctx, comes
// with a nil batch and ends the loop. However the loop ends, its goroutines
// have ended too before the loop does.
//
// An image whose error wraps ErrSkip ends nothing, unless 100 in a row do: the next
// image of the dataset that can be used takes its place, the first one that of the
// last. So batches keep their size, and what they hold depends on nothing but which
// images can be used.
func (l *Loader) Epoch(ctx context.Context, epoch, from int) iter.Seq2[*Batch, error] {
	return func(yield func(*Batch, error) bool) {
		if epoch < 0 || from < 0 || from > l.batches {
			yield(nil, fmt.Errorf("epoch %d from batch %d: want an epoch from 0 and a batch from 0 to %d", epoch, from, l.batches))
			return
		}
		if from == l.batches {
			return
		}
		r := l.takeRing()
		defer l.putRing(r)
		r.order(l, uint64(epoch))
		r.run(ctx, l, uint64(epoch), from, yield)
	}
}

// takeRing returns a ring in the memory of earlier epochs, as far as that is free.
func (l *Loader) takeRing() *ring {
	n := min(l.config.Slots(), l.batches)
	l.memory.mu.Lock()
	kept := min(n, len(l.memory.idle))
	from := len(l.memory.idle) - kept
	batches := slices.Clone(l.memory.idle[from:])
	l.memory.idle = slices.Delete(l.memory.idle, from, len(l.memory.idle))
	l.memory.mu.Unlock()
	for len(batches) < n {
		batches = append(batches, l.newBatch(l.memory.room))
	}
	return newRing(l, batches)
}

// putRing keeps the memory of a ring, as much as one epoch needs.
func (l *Loader) putRing(r *ring) {
	l.memory.mu.Lock()
	defer l.memory.mu.Unlock()
	for i := range r.slots {
		s := &r.slots[i]
		if len(l.memory.idle) < l.config.Slots() {
			l.memory.idle = append(l.memory.idle, s.memory)
		}
	}
}

// rest is the number of images in the last batch, if that is smaller than the others.
func (l *Loader) rest() int { return l.dataset.Len() % l.config.BatchSize }

// room is the number of images that the memory of a batch must hold.
func (l *Loader) room() int {
	part := l.config.Part
	room := max(part.Size(l.config.BatchSize), part.Size(l.rest()))
	if l.leads(l.config.BatchSize) || l.leads(l.rest()) {
		room++
	}
	return room
}

// leads says that a part of a batch of a size has an image in front of it.
func (l *Loader) leads(size int) bool {
	n := l.config.Part.Size(size)
	return l.config.Lead && n > 0 && n < size
}

// A ring is the memory of one running epoch. Batch k lives in slot k mod
// len(slots): one slot is in the hands of the loop body, the others are being
// filled or wait.
type ring struct {
	items []int // dataset indices in the epoch's order
	slots []slot
}

type slot struct {
	memory     Batch
	full, last Batch // views of it; last has the epoch's odd size
	ready      chan struct{}
	batch      *Batch  // what is being filled, by all workers, a part each
	errs       []error // of the parts
	left       atomic.Int32
}

// fills is what is filled to fill the batch.
func (b *Batch) fills() *Batch {
	if b.Led != nil {
		return b.Led
	}
	return b
}

// err is the error of the first part that has one.
func (s *slot) err() error {
	for _, err := range s.errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// A job is a part of the batch in a slot.
type job struct {
	slot *slot
	part int
}

func newRing(l *Loader, batches []Batch) *ring {
	r := &ring{items: make([]int, l.dataset.Len()), slots: make([]slot, len(batches))}
	for i := range r.slots {
		s := &r.slots[i]
		s.ready = make(chan struct{}, 1)
		s.errs = make([]error, l.config.Workers)
		s.memory = batches[i]
		s.full = l.view(&s.memory, l.config.BatchSize)
		s.last = l.view(&s.memory, l.rest())
	}
	return r
}

// newBatch makes room for n images.
func (l *Loader) newBatch(n int) Batch {
	if n == 0 {
		return Batch{}
	}
	b := Batch{Images: tensor.New(append(tensor.Shape{n}, l.shape...)...), Labels: tensor.New(n)}
	b.Targets = b.Labels
	if l.targets != nil {
		b.Targets = tensor.New(append(tensor.Shape{n}, l.targets.TargetShape()...)...)
	}
	return b
}

// view is the memory for the part of a batch of a size.
func (l *Loader) view(memory *Batch, size int) Batch {
	n := l.config.Part.Size(size)
	if !l.leads(size) {
		return memory.between(0, n)
	}
	led := memory.between(0, n+1)
	b := memory.between(1, n+1)
	led.Items, b.Led = make([]int, n+1), &led
	b.Items = led.Items[1:]
	return b
}

// between is a view of images from to to−1.
func (b *Batch) between(from, to int) Batch {
	if from == to {
		return Batch{}
	}
	view := func(t *tensor.Tensor) *tensor.Tensor {
		shape := t.Shape().Clone()
		size := shape[1:].Size()
		shape[0] = to - from
		return tensor.Must(tensor.FromSlice(t.Data()[from*size:to*size:to*size], shape...))
	}
	few := Batch{Images: view(b.Images), Labels: view(b.Labels)}
	few.Targets = few.Labels
	if b.Targets != b.Labels {
		few.Targets = view(b.Targets)
	}
	return few
}

// order fills in the epoch's order of images.
func (r *ring) order(l *Loader, epoch uint64) {
	for i := range r.items {
		r.items[i] = i
	}
	if l.config.Shuffle {
		rng.New(l.config.Seed, "shuffle", epoch).Shuffle(len(r.items), func(i, j int) {
			r.items[i], r.items[j] = r.items[j], r.items[i]
		})
	}
}

// batch returns the view of slot s that batch k fills.
func (r *ring) batch(s *slot, k int, c LoaderConfig) *Batch {
	items := r.items[k*c.BatchSize : min((k+1)*c.BatchSize, len(r.items))]
	b := &s.full
	if len(items) < c.BatchSize {
		b = &s.last
	}
	from, to := c.Part.Of(len(items))
	b.Index, b.First, b.Whole = k, from, len(items)
	if led := b.Led; led != nil {
		led.Index, led.Whole = k, len(items)
		led.First = (from - 1 + len(items)) % len(items)
		led.Items[0] = items[led.First]
		copy(b.Items, items[from:to])
	} else {
		b.Items = items[from:to]
	}
	return b
}

// run starts the workers, yields the batches from number from on and stops the
// workers again.
func (r *ring) run(parent context.Context, l *Loader, epoch uint64, from int, yield func(*Batch, error) bool) {
	ctx, cancel := context.WithCancel(parent)
	parts := l.config.Workers
	jobs := make(chan job, len(r.slots)*parts)
	var workers sync.WaitGroup
	defer func() {
		cancel()
		close(jobs)
		workers.Wait()
		for i := range r.slots {
			select {
			case <-r.slots[i].ready:
			default:
			}
		}
	}()
	for range l.config.Workers {
		workers.Go(func() {
			for j := range jobs {
				b := j.slot.batch.fills()
				n := b.Len()
				j.slot.errs[j.part] = l.fill(ctx, b, j.part*n/parts, (j.part+1)*n/parts, epoch)
				if j.slot.left.Add(-1) == 0 {
					j.slot.ready <- struct{}{}
				}
			}
		})
	}
	// A slot is asked to be filled again only when the loop body is through with it.
	next := from
	ask := func() {
		if next == l.batches {
			return
		}
		s := &r.slots[next%len(r.slots)]
		s.batch = r.batch(s, next, l.config)
		s.left.Store(int32(parts))
		for part := range parts {
			jobs <- job{s, part}
		}
		next++
	}
	for range len(r.slots) {
		ask()
	}
	for k := from; k < l.batches; k++ {
		s := &r.slots[k%len(r.slots)]
		if !s.wait(ctx, &l.waited) {
			yield(nil, context.Cause(ctx))
			return
		}
		err := s.err()
		if err == nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			yield(nil, err)
			return
		}
		b := s.batch
		l.delivered.Add(int64(b.Len()))
		if !yield(b, nil) {
			return
		}
		ask()
	}
}

// wait waits until the slot is filled and adds the time to waited; false says that
// ctx ended first.
func (s *slot) wait(ctx context.Context, waited *atomic.Int64) bool {
	select {
	case <-s.ready:
		return true
	default:
	}
	began := time.Now()
	defer func() { waited.Add(int64(time.Since(began))) }()
	select {
	case <-s.ready:
		return true
	case <-ctx.Done():
		return false
	}
}

// mostSkipped is how many images in a row may be left out. When it is reached, the
// disk is gone, for example.
const mostSkipped = 100

// fill reads images from to to−1 of a batch.
func (l *Loader) fill(ctx context.Context, b *Batch, from, to int, epoch uint64) error {
	n := l.dataset.Len()
	for j := from; j < to; j++ {
		item := b.Items[j]
		for tries := 1; ; tries++ {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			err := l.read(b, j, epoch)
			if err == nil {
				break
			}
			if !errors.Is(err, ErrSkip) {
				return err
			}
			if tries == min(n, mostSkipped) {
				return fmt.Errorf("%d images in a row cannot be used, from image %d on: %w", tries, item, err)
			}
			b.Items[j] = (b.Items[j] + 1) % n
			l.replaced.Add(1)
		}
	}
	return nil
}

// read reads image j of a batch.
func (l *Loader) read(b *Batch, j int, epoch uint64) error {
	item, size := b.Items[j], l.shape.Size()
	pixels := b.Images.Data()[j*size : (j+1)*size : (j+1)*size]
	var r *rand.Rand
	if l.random != nil || l.config.Transform != nil {
		r = rng.New(l.config.Seed, "augment", epoch, uint64(item))
	}
	var label int
	var err error
	if l.random != nil {
		label, err = l.random.ReadRandom(r, item, pixels)
	} else {
		label, err = l.dataset.Read(item, pixels)
	}
	if err != nil {
		return fmt.Errorf("read image %d: %w", item, err)
	}
	b.Labels.Data()[j] = float32(label)
	if l.targets != nil {
		size := b.Targets.Size() / b.Len()
		if err := l.targets.ReadTarget(item, b.Targets.Data()[j*size:(j+1)*size:(j+1)*size]); err != nil {
			return fmt.Errorf("read the target of image %d: %w", item, err)
		}
	}
	if l.config.Transform != nil {
		l.config.Transform(r, pixels, l.shape)
	}
	return nil
}
