package data_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/tensor"
)

// seen is what a batch held.
type seen struct {
	index  int
	shape  string
	items  []int
	labels []float32
	pixels []float32
}

// collect copies the batches of one epoch.
func collect(t testing.TB, l *data.Loader, epoch, from int) (all []seen) {
	t.Helper()
	for b, err := range l.Epoch(context.Background(), epoch, from) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, seen{b.Index, b.Images.Shape().String(), slices.Clone(b.Items), slices.Clone(b.Labels.Data()), slices.Clone(b.Images.Data())})
	}
	return all
}

func newLoader(t testing.TB, d data.Dataset, config data.LoaderConfig) *data.Loader {
	t.Helper()
	l, err := data.NewLoader(d, config)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestLoaderInOrder(t *testing.T) {
	images := numbered(t, 10)
	for _, c := range []struct {
		config data.LoaderConfig
		sizes  []int
	}{
		{data.LoaderConfig{BatchSize: 4}, []int{4, 4, 2}},
		{data.LoaderConfig{BatchSize: 4, DropLast: true}, []int{4, 4}},
		{data.LoaderConfig{BatchSize: 5}, []int{5, 5}},
		{data.LoaderConfig{BatchSize: 1, Workers: 3, Prefetch: 7}, []int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
		{data.LoaderConfig{BatchSize: 100}, []int{10}},
		{data.LoaderConfig{BatchSize: 3, Workers: 1, Prefetch: 1}, []int{3, 3, 3, 1}},
	} {
		l := newLoader(t, images, c.config)
		if l.Batches() != len(c.sizes) {
			t.Errorf("%+v: %d batches, want %d", c.config, l.Batches(), len(c.sizes))
		}
		next := 0
		for k, b := range collect(t, l, 0, 0) {
			if b.index != k || len(b.items) != c.sizes[k] || b.shape != fmt.Sprintf("%d×1×2×2", c.sizes[k]) || len(b.pixels) != 4*c.sizes[k] {
				t.Errorf("%+v: batch %d is %+v", c.config, k, b)
			}
			for j, item := range b.items {
				if item != next || b.labels[j] != float32(item%3) || b.pixels[4*j] != float32(item)/255 {
					t.Errorf("%+v: batch %d, place %d has image %d, label %v", c.config, k, j, item, b.labels[j])
				}
				next++
			}
		}
		if next != l.Items() {
			t.Errorf("%+v: %d images, Items() = %d", c.config, next, l.Items())
		}
	}
}

func TestShuffleDependsOnSeedAndEpochAlone(t *testing.T) {
	images := numbered(t, 50)
	config := data.LoaderConfig{
		BatchSize: 7, Shuffle: true, Seed: 3, Workers: 1,
		Transform: func(r *rand.Rand, pixels []float32, _ tensor.Shape) { pixels[1] = r.Float32() },
	}
	one := newLoader(t, images, config)
	config.Workers, config.Prefetch = 4, 6
	four := newLoader(t, images, config)
	config.Seed = 4
	other := newLoader(t, images, config)

	first := collect(t, one, 0, 0)
	order := func(all []seen) (items []int) {
		for _, b := range all {
			items = append(items, b.items...)
		}
		return items
	}
	if items := order(first); slices.IsSorted(items) {
		t.Error("the order is not shuffled")
	} else if slices.Sort(items); !slices.Equal(items, order(collect(t, newLoader(t, images, data.LoaderConfig{BatchSize: 7}), 0, 0))) {
		t.Error("the order is no permutation")
	}
	same := func(a, b []seen) bool { return fmt.Sprint(a) == fmt.Sprint(b) }
	if !same(first, collect(t, four, 0, 0)) || !same(first, collect(t, one, 0, 0)) {
		t.Error("the same epoch differs")
	}
	if same(first, collect(t, one, 1, 0)) || same(first, collect(t, other, 0, 0)) {
		t.Error("another epoch or seed gives the same batches")
	}
	for from := range 9 {
		if !same(first[from:], collect(t, four, 0, from)) {
			t.Errorf("the epoch differs when it goes on from batch %d", from)
		}
		if from == len(first) {
			break
		}
	}
}

func TestTwoEpochsAtOnce(t *testing.T) {
	l := newLoader(t, numbered(t, 20), data.LoaderConfig{BatchSize: 3, Shuffle: true})
	want := fmt.Sprint(collect(t, l, 5, 0))
	for _, err := range l.Epoch(context.Background(), 1, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(collect(t, l, 5, 0)) != want {
			t.Error("an epoch within another differs")
		}
	}
}

// faulty is a dataset with some bad images, that can also hold readers up.
type faulty struct {
	data.Dataset
	bad map[int]error
}

func (f faulty) Read(i int, pixels []float32) (int, error) {
	if err := f.bad[i]; err != nil {
		return 0, err
	}
	return f.Dataset.Read(i, pixels)
}

func TestReadErrorEndsTheLoop(t *testing.T) {
	broken, worse := errors.New("broken"), errors.New("worse")
	d := faulty{numbered(t, 20), map[int]error{9: broken, 10: worse, 11: worse, 19: worse}}
	for _, workers := range []int{1, 4} {
		l := newLoader(t, d, data.LoaderConfig{BatchSize: 2, Workers: workers})
		good, failures := 0, 0
		for b, err := range l.Epoch(context.Background(), 0, 0) {
			if err == nil {
				good++
				continue
			}
			failures++
			if b != nil || !errors.Is(err, broken) || !strings.Contains(err.Error(), "image 9") {
				t.Errorf("batch %v, error %v", b, err)
			}
		}
		if good != 4 || failures != 1 {
			t.Errorf("%d good batches and %d errors, want 4 and 1", good, failures)
		}
	}
}

// settle waits until there are no more goroutines than before.
func settle(t *testing.T, before int) {
	t.Helper()
	for range 200 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

func TestNoGoroutineIsLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	l := newLoader(t, numbered(t, 200), data.LoaderConfig{BatchSize: 2, Workers: 3, Prefetch: 5})

	for b, err := range l.Epoch(context.Background(), 0, 0) { // left early
		if err != nil {
			t.Fatal(err)
		}
		if b.Index == 3 {
			break
		}
	}
	settle(t, before)

	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	var last error
	turns := 0
	for _, err := range l.Epoch(ctx, 0, 0) { // cancelled
		turns++
		last = err
		if turns == 4 {
			cancel(stop)
		}
	}
	if !errors.Is(last, stop) || turns != 5 {
		t.Errorf("after a cancel, turn %d has error %v", turns, last)
	}
	settle(t, before)

	for _, err := range l.Epoch(ctx, 0, 0) { // cancelled before it began
		if !errors.Is(err, stop) {
			t.Errorf("error %v", err)
		}
	}
	func() { // left by a panic
		defer func() { _ = recover() }()
		for range l.Epoch(context.Background(), 0, 0) {
			panic("loop body")
		}
	}()
	settle(t, before)
	if n := len(collect(t, l, 0, 0)); n != 100 { // and the loader still works
		t.Errorf("%d batches", n)
	}
}

func TestBadConfig(t *testing.T) {
	images := numbered(t, 3)
	none, err := data.Subset(images, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		d      data.Dataset
		config data.LoaderConfig
		want   string
	}{
		{images, data.LoaderConfig{}, "batch size 0: want at least 1"},
		{images, data.LoaderConfig{BatchSize: -2}, "batch size -2: want at least 1"},
		{none, data.LoaderConfig{BatchSize: 1}, "the dataset has no images"},
		{images, data.LoaderConfig{BatchSize: 1, Workers: -1}, "-1 workers"},
		{images, data.LoaderConfig{BatchSize: 4, DropLast: true}, "no whole batch of 4"},
	} {
		_, err := data.NewLoader(c.d, c.config)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want %q", c.config, err, c.want)
		}
	}
	l := newLoader(t, images, data.LoaderConfig{BatchSize: 1})
	for _, c := range [][2]int{{-1, 0}, {0, -1}, {0, 4}} {
		n := 0
		for _, err := range l.Epoch(context.Background(), c[0], c[1]) {
			if n++; err == nil {
				t.Errorf("epoch %d from %d: no error", c[0], c[1])
			}
		}
		if n != 1 {
			t.Errorf("epoch %d from %d: %d turns", c[0], c[1], n)
		}
	}
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	l := newLoader(t, numbered(t, 250), data.LoaderConfig{BatchSize: 1, Shuffle: true})
	drain := func() {
		for _, err := range l.Epoch(context.Background(), 0, 0) {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	drain()
	if allocs := testing.AllocsPerRun(5, drain); allocs > 50 {
		t.Errorf("an epoch of 250 batches allocates %v times: want a few an epoch, none a batch", allocs)
	}
}

func BenchmarkLoader(b *testing.B) {
	images, err := data.NewImages(make([]uint8, 6000*784), make([]int, 6000), tensor.Shape{1, 28, 28}, []string{"a"})
	if err != nil {
		b.Fatal(err)
	}
	for _, side := range []int{28, 96, 224} {
		b.Run(fmt.Sprint(side), func(b *testing.B) {
			d, err := images.Resize(side, side)
			if err != nil {
				b.Fatal(err)
			}
			l := newLoader(b, data.Limit(d, 6000*28/side), data.LoaderConfig{BatchSize: 256, Shuffle: true})
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				for batch, err := range l.Epoch(context.Background(), 0, 0) {
					if err != nil {
						b.Fatal(err)
					}
					n += batch.Len()
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "images/s")
		})
	}
}

func ExampleLoader_Epoch() {
	pixels, labels := make([]uint8, 5*4), []int{0, 1, 0, 1, 0}
	images, err := data.NewImages(pixels, labels, tensor.Shape{1, 2, 2}, []string{"cat", "dog"})
	if err != nil {
		fmt.Println(err)
		return
	}
	loader, err := data.NewLoader(images, data.LoaderConfig{BatchSize: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	for batch, err := range loader.Epoch(context.Background(), 0, 0) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(batch.Index, batch.Images.Shape(), batch.Labels.Data())
	}
	// Output:
	// 0 2×1×2×2 [0 1]
	// 1 2×1×2×2 [0 1]
	// 2 1×1×2×2 [0]
}

// Two loaders that take turns use the same memory; others have their own.
func TestShareMemory(t *testing.T) {
	shape := tensor.Shape{1, 2, 2}
	set := func(n int) data.Dataset {
		d, err := data.NewImages(make([]uint8, 4*n), make([]int, n), shape, []string{"a"})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	loader := func(n, batch int) *data.Loader {
		l, err := data.NewLoader(set(n), data.LoaderConfig{BatchSize: batch, Prefetch: 2})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	memory := func(l *data.Loader) map[*float32]bool {
		seen := map[*float32]bool{}
		for b, err := range l.Epoch(t.Context(), 0, 0) {
			if err != nil {
				t.Fatal(err)
			}
			seen[&b.Images.Data()[0]] = true
		}
		return seen
	}
	a, b := loader(40, 4), loader(7, 4)
	if !a.ShareMemory(b) || a.ShareMemory(loader(40, 5)) {
		t.Error("memory is shared by batch size")
	}
	first := memory(a)
	for range 3 {
		for p := range memory(b) {
			if !first[p] {
				t.Error("the second loader has memory of its own")
			}
		}
		for p := range memory(a) {
			if !first[p] {
				t.Error("an epoch has new memory")
			}
		}
	}
	for range a.Epoch(t.Context(), 0, 0) { // both at once work, too
		if n := len(memory(b)); n != 2 {
			t.Errorf("%d batches", n)
		}
	}
}
