package nn_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/strideml/stride/dist"
	"github.com/strideml/stride/dist/local"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// A partOfBatch is what is computed of some images of a batch: this part's share of the
// loss, its gradients, and the new running statistics.
type partOfBatch struct {
	graph   *graph.Graph
	feeds   engine.Feeds
	outputs []*graph.Node // loss, gradients, statistics
	grads   int
}

const wholeBatch = 12

// newPart traces images lo ≤ i < hi. The network has batch normalization of images and of
// vectors, and dropout.
func newPart(t *testing.T, lo, hi int) partOfBatch {
	t.Helper()
	m, err := nn.New(nn.Sequential(
		nn.Conv2D(4, 3).NoBias(), nn.BatchNorm(), nn.ReLU(), nn.Dropout(0.3),
		nn.Conv2D(5, 2), nn.BatchNorm().Momentum(0.3), nn.ReLU(),
		nn.Flatten(), nn.Linear(6), nn.BatchNorm(), nn.StochasticDepth(0.4), nn.Linear(3),
	), tensor.Shape{2, 5, 5}, nn.Options{Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	trace, err := m.TracePart(hi-lo, wholeBatch, nn.Frozen{})
	if err != nil {
		t.Fatal(err)
	}
	g := trace.Graph
	labels := g.Input("labels", hi-lo)
	loss := graph.Mul(nn.CrossEntropyLoss(trace.Output, labels), g.Scalar(float32(hi-lo)/wholeBatch))
	p := partOfBatch{graph: g, feeds: engine.Feeds{}, outputs: []*graph.Node{loss}}
	var params []*graph.Node
	for _, v := range m.Parameters() {
		params = append(params, g.Variable(v))
	}
	p.grads = len(params)
	p.outputs = append(p.outputs, graph.Gradients(loss, params...)...)
	for _, a := range g.Assignments() {
		p.outputs = append(p.outputs, a.Value)
	}
	images := tensor.New(wholeBatch, 2, 5, 5)
	rng.Normal(rng.New(3, "images"), images.Data(), 1, 2)
	p.feeds[trace.Input] = tensor.Must(tensor.FromSlice(images.Data()[lo*50:hi*50], hi-lo, 2, 5, 5))
	p.feeds[labels] = tensor.New(hi - lo)
	for i := range hi - lo {
		p.feeds[labels].Data()[i] = float32((lo + i) % 3)
	}
	nn.FeedStepPart(g, p.feeds, 7, lo)
	return p
}

// feed is that of the reference engine.
func (p partOfBatch) feed() map[*graph.Node][]float64 {
	feed := map[*graph.Node][]float64{}
	for n, x := range p.feeds {
		for _, v := range x.Data() {
			feed[n] = append(feed[n], float64(v))
		}
	}
	return feed
}

// joined adds up loss and gradients of the parts. Statistics must be the same everywhere.
func joined(t *testing.T, parts [][][]float64, grads int, tolerance float64) [][]float64 {
	t.Helper()
	sum := slices.Clone(parts[0])
	for k := range sum {
		sum[k] = slices.Clone(sum[k])
		for _, p := range parts[1:] {
			for i, v := range p[k] {
				if k <= grads {
					sum[k][i] += v
				} else if math.Abs(v-sum[k][i]) > tolerance {
					t.Errorf("statistics %d differ between members: %v and %v", k-grads, v, sum[k][i])
				}
			}
		}
	}
	return sum
}

// compareJoined compares what parts have computed together with the whole batch.
func compareJoined(t *testing.T, what string, got, want [][]float64, tolerance float64) {
	t.Helper()
	for k := range want {
		largest := 1.0
		for _, v := range want[k] {
			largest = max(largest, math.Abs(v))
		}
		for i, v := range want[k] {
			if !(math.Abs(got[k][i]-v) <= tolerance*largest) {
				t.Errorf("%s, output %d of %d, element %d: %v, want %v", what, k, len(want), i, got[k][i], v)
				break
			}
		}
	}
}

var partBounds = [][]int{{0, 6, 12}, {0, 3, 6, 9, 12}, {0, 2, 7, 12}, {0, 1, 12}}

// Parts of a batch, of equal and of different sizes, compute together what one process
// computes of the whole batch: with the statistics of the whole batch, and dropping the
// same elements.
func TestSyncBatchNorm(t *testing.T) {
	whole := newPart(t, 0, wholeBatch)
	for _, n := range whole.graph.Nodes() {
		if n.Op() == (graph.AllReduceOp{}) {
			t.Fatal("a whole batch has sums over a group")
		}
	}
	want, err := reference.Eval(whole.outputs, whole.feed())
	if err != nil {
		t.Fatal(err)
	}
	for _, bounds := range partBounds {
		var members []reference.Member
		for i, hi := range bounds[1:] {
			p := newPart(t, bounds[i], hi)
			members = append(members, reference.Member{Outputs: p.outputs, Feed: p.feed()})
		}
		parts, err := reference.EvalGroup(members)
		if err != nil {
			t.Fatal(err)
		}
		const tolerance = 1e-6 // shares are float32
		compareJoined(t, fmt.Sprint(bounds), joined(t, parts, whole.grads, tolerance), want, tolerance)
	}
}

// The same on the cpu engine, with ranks that add up.
func TestSyncBatchNormOfRanks(t *testing.T) {
	whole := newPart(t, 0, wholeBatch)
	want, err := reference.Eval(whole.outputs, whole.feed())
	if err != nil {
		t.Fatal(err)
	}
	for _, bounds := range partBounds {
		parts := make([][][]float64, len(bounds)-1)
		var wait sync.WaitGroup
		for rank, c := range local.New(len(parts), local.Options{}) {
			p := newPart(t, bounds[rank], bounds[rank+1])
			wait.Go(func() {
				group := dist.NewGroup(c, dist.Float32)
				defer group.Close()
				d := cpu.New(cpu.Options{Threads: 1, Reducer: group})
				defer d.Close()
				results, err := engine.Run(d, p.feeds, p.outputs...)
				if err != nil {
					t.Errorf("rank %d: %v", rank, err)
					c.Fail(err)
					return
				}
				for _, x := range results {
					parts[rank] = append(parts[rank], wide(x.Data()))
				}
			})
		}
		wait.Wait()
		if !t.Failed() {
			compareJoined(t, fmt.Sprint(bounds), joined(t, parts, whole.grads, 0), want, 2e-5)
		}
	}
}

func wide(data []float32) (out []float64) {
	for _, v := range data {
		out = append(out, float64(v))
	}
	return out
}

// A batch that is larger than the whole one is refused, as is a whole batch with one value
// for each channel; a part may have one.
func TestSyncBatchNormErrors(t *testing.T) {
	m, err := nn.New(nn.Sequential(nn.Linear(3), nn.BatchNorm()), tensor.Shape{2}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		batch, whole int
		want         string
	}{
		{4, 3, "1 (BatchNorm): a batch of 4 is no part of one of 3"},
		{1, 1, "training needs more than one value for each channel"},
		{1, 2, ""},
		{2, 0, ""},
	} {
		_, err := m.TracePart(c.batch, c.whole, nn.Frozen{})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d of %d: error %v, want %q", c.batch, c.whole, err, c.want)
		}
	}
}
