package live

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/internal/suggest"
	"github.com/strideml/stride/tensor"
)

// A Host is what the functions need of the program that they are a part of.
type Host struct {
	// Fetch returns the bytes of a file that the page has beside book.wasm:
	// train.bin and test.bin of data/fashionmnist/sample. It is called once for each.
	Fetch func(ctx context.Context, name string) ([]byte, error)
	// Turn lets the messages of the browser in. Long functions call it between two
	// steps, at most every 20 ms. It may be nil.
	Turn func()
}

// A Session has the functions as methods, and keeps between two calls what they
// have in common: the sample and the network that was trained. It is safe for
// concurrent use.
type Session struct {
	host  Host
	exact *cpu.Device // direct sums: whole numbers stay whole
	fast  *cpu.Device
	long  chan struct{} // holds the turn of the functions that take long

	mu     sync.Mutex // guards what follows
	turned time.Time
	files  map[string]*sampleFile
	// networks are those of PredictDrawing, "trained" and "pretrained". The lock is held
	// while they compute, which takes a millisecond.
	networks map[string]*network
}

// New returns a Session.
func New(h Host) *Session {
	return &Session{
		host: h, exact: cpu.New(cpu.Options{Strict: true}), fast: cpu.Default(),
		long: make(chan struct{}, 1), files: map[string]*sampleFile{}, networks: map[string]*network{},
	}
}

// turn lets messages in, if it is time, and returns the cause if the context has ended.
func (s *Session) turn(ctx context.Context) error {
	if s.host.Turn != nil {
		s.mu.Lock()
		due := time.Since(s.turned) > 20*time.Millisecond
		if due {
			s.turned = time.Now()
		}
		s.mu.Unlock()
		if due {
			s.host.Turn()
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// enter waits for the turn of a function that takes long; leave gives it back.
func (s *Session) enter(ctx context.Context) (leave func(), err error) {
	select {
	case s.long <- struct{}{}:
		return func() { <-s.long }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// A Function is one of those that a page may call.
type Function struct {
	Name string
	// Args returns a pointer to its arguments with their defaults.
	Args func() any
	// Call computes it; args is what Args has returned, filled in. Events are structs.
	Call func(s *Session, ctx context.Context, args any, event func(any)) (any, error)
}

// define makes a Function of a method.
func define[A, R any](name string, defaults A, call func(s *Session, ctx context.Context, args A, event func(any)) (R, error)) Function {
	return Function{
		Name: name,
		Args: func() any { args := defaults; return &args },
		Call: func(s *Session, ctx context.Context, args any, event func(any)) (any, error) {
			result, err := call(s, ctx, *args.(*A), event)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			return result, nil
		},
	}
}

// short makes a method that has no events and does not take long fit for define.
func short[A, R any](call func(s *Session, args A) (R, error)) func(*Session, context.Context, A, func(any)) (R, error) {
	return func(s *Session, _ context.Context, args A, _ func(any)) (R, error) { return call(s, args) }
}

// Functions are all functions, in the order of the package's documentation.
func Functions() []Function {
	return []Function{
		define("info", InfoArgs{}, short((*Session).Info)),
		define("crossCorrelate", CrossCorrelateArgs{Stride: Pair{1, 1}, Dilation: Pair{1, 1}}, short((*Session).CrossCorrelate)),
		define("pool", defaultPool, short((*Session).Pool)),
		define("learnKernel", defaultLearnKernel, (*Session).LearnKernel),
		define("trainLeNet", defaultTrainLeNet, (*Session).TrainLeNet),
		define("predictDrawing", PredictDrawingArgs{Network: "auto"}, short((*Session).PredictDrawing)),
		define("samplePictures", defaultSamplePictures, (*Session).SamplePictures),
		define("describe", DescribeArgs{Batch: 1}, short((*Session).Describe)),
		define("receptiveField", ReceptiveFieldArgs{Y: -1, X: -1}, short((*Session).ReceptiveField)),
		define("compareTraining", defaultCompareTraining, (*Session).CompareTraining),
		define("augment", defaultAugment, (*Session).Augment),
		define("growth", defaultGrowth, (*Session).Growth),
		define("machine", defaultMachine, (*Session).Machine),
	}
}

// Lookup returns the function of a name. The error says which is nearest.
func Lookup(name string) (Function, error) {
	var names []string
	for _, f := range Functions() {
		if f.Name == name {
			return f, nil
		}
		names = append(names, f.Name)
	}
	if near := suggest.Nearest(name, names); near != "" {
		return Function{}, fmt.Errorf("there is no function %q: did you mean %q?", name, near)
	}
	return Function{}, fmt.Errorf("there is no function %q: there are %v", name, names)
}

// An Array is a tensor, row by row.
type Array struct {
	Shape []int     `json:"shape"`
	Data  []float32 `json:"data"`
}

// arrayOf returns a tensor's elements, which it does not copy, with another shape, or
// its own if none is given.
func arrayOf(t *tensor.Tensor, shape ...int) Array {
	if shape == nil {
		shape = t.Shape()
	}
	return Array{slices.Clone(shape), t.Data()}
}

// given reports whether there is an array.
func (a Array) given() bool { return a.Shape != nil || a.Data != nil }

// tensor returns the array with at least so many axes: those that it lacks have size 1.
func (a Array) tensor(name string, least, most int) (*tensor.Tensor, error) {
	want := fmt.Sprintf("%d", least)
	if most > least {
		want = fmt.Sprintf("%d to %d", least, most)
	}
	switch {
	case !a.given():
		return nil, fmt.Errorf("%s is missing", name)
	case len(a.Shape) < least || len(a.Shape) > most:
		return nil, fmt.Errorf("%s has %d axes: want %s", name, len(a.Shape), want)
	case slices.Min(a.Shape) < 1:
		return nil, fmt.Errorf("%s has the shape %v: each size must be at least 1", name, a.Shape)
	}
	shape := append(slices.Repeat([]int{1}, most-len(a.Shape)), a.Shape...)
	t, err := tensor.FromSlice(a.Data, shape...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return t, nil
}

// A Pair is a vertical and a horizontal number; a page may give one for both.
type Pair [2]int

// A Picture is what ImageData of a canvas is: red, green, blue and alpha of each
// pixel, row by row.
type Picture struct {
	Width  int     `json:"width"`
	Height int     `json:"height"`
	RGBA   []uint8 `json:"rgba"`
}

// within is an error if a number is outside of a range.
func within(name string, value, low, high int) error {
	if value < low || value > high {
		return fmt.Errorf("%s is %d: want %d to %d", name, value, low, high)
	}
	return nil
}
