package main

import (
	"math"
	"slices"
	"strings"

	"github.com/strideml/stride/tensor"
)

const (
	// times is how many times as far results may be apart as noise moves them, as in
	// package enginetest.
	times = 3
	// rounding is allowed in any case, relative to the values: float32 has steps of 1.2e-7.
	rounding = 5e-7
	// The conformance suite checks operators one by one, more sharply than whole networks can.
	// What is looked for here is wrong in their programs: an update that is left out or done twice, a
	// value of another step, a mask or an axis of another tensor. Such a fault changes how a tensor moves by
	// half or more. So a comparison says something if an error of half of the movement, visibleError,
	// would be noticed in nearly all tensors: all but mostBlurred of them.
	visibleError = 0.5
	mostBlurred  = 0.1
)

// The names of trainings. Those with noise have none.
const (
	onCPU     = "cpu"
	onXLA     = "xla"
	inPyTorch = "PyTorch"
)

// A measurement is what is kept of the trainings of a network, as JSON: losses, and how far apart
// weights are.
type measurement struct {
	Network string               `json:"network"`
	Input   tensor.Shape         `json:"input"`
	Batch   int                  `json:"batch"`
	Rate    float32              `json:"rate"`
	Losses  map[string][]float64 `json:"losses"` // of each step, by the name of the training
	Noisy   [][]float64          `json:"noisy"`  // losses with noise
	Tensors []tensorDistances    `json:"tensors"`
}

// tensorDistances are Euclidean norms of differences, after the last step.
type tensorDistances struct {
	Name  string    `json:"name"`
	Size  float64   `json:"size"`  // of the tensor itself on engine/cpu
	Moved float64   `json:"moved"` // from before the first step, on engine/cpu
	Noisy []float64 `json:"noisy"` // from that with noise to that without
	// Apart are the distances between two trainings, "xla PyTorch" for example.
	Apart map[string]float64 `json:"apart"`
}

// between is the key of Apart.
func between(a, b string) string { return a + " " + b }

// statistic reports whether the tensor is a running statistic, which no gradient moves.
func (d tensorDistances) statistic() bool { return strings.Contains(d.Name, "running_") }

// allowed is how far two trainings may be apart.
func (d tensorDistances) allowed() float64 { return times*slices.Max(d.Noisy) + rounding*d.Size }

// blur is the smallest error of the tensor's movement that is noticed, as a share of the
// movement.
func (d tensorDistances) blur() float64 { return d.allowed() / d.Moved }

// newMeasurement begins a measurement with the training on engine/cpu.
func newMeasurement(cpu training) *measurement {
	m := &measurement{Losses: map[string][]float64{onCPU: cpu.losses}}
	for i, e := range cpu.state {
		m.Tensors = append(m.Tensors, tensorDistances{
			Name: e.Name, Size: norm(e.Tensor, nil), Moved: norm(e.Tensor, cpu.before[i].Tensor), Apart: map[string]float64{}})
	}
	return m
}

// addNoisy adds a training on engine/cpu with noise.
func (m *measurement) addNoisy(noisy, cpu training) {
	m.Noisy = append(m.Noisy, noisy.losses)
	for i := range m.Tensors {
		t := &m.Tensors[i]
		t.Noisy = append(t.Noisy, norm(noisy.state[i].Tensor, cpu.state[i].Tensor))
	}
}

// add adds how far the training a, of that name, is from b.
func (m *measurement) add(name string, a training, other string, b training) {
	m.Losses[name] = a.losses
	for i, t := range m.Tensors {
		t.Apart[between(name, other)] = norm(a.state[i].Tensor, b.state[i].Tensor)
	}
}

// A result says how far two trainings are apart. Differences of losses and weights are shares of how far
// these moved; of what is allowed, a tensor takes tensorShare, and a loss takes lossShare.
type result struct {
	loss, weights          float64 // the greatest difference of a loss; that of all weights together, without running statistics
	lossShare, tensorShare float64
	step                   int    // that of lossShare
	tensor                 string // that of tensorShare
}

func (r result) ok() bool { return r.lossShare <= 1 && r.tensorShare <= 1 } // false for NaN

// judge compares two trainings.
func (m *measurement) judge(name, other string) (r result) {
	got, want, cpu := m.Losses[name], m.Losses[other], m.Losses[onCPU]
	moved, noisy := 0.0, 0.0
	for i, w := range cpu {
		moved = max(moved, math.Abs(w-cpu[0]))
		for _, n := range m.Noisy {
			noisy = max(noisy, math.Abs(n[i]-w))
		}
		off := math.Abs(got[i] - want[i])
		r.loss = max(r.loss, off)
		if share := off / (times*noisy + rounding*math.Abs(w)); share > r.lossShare || math.IsNaN(share) {
			r.step, r.lossShare = i, share
		}
	}
	r.loss /= moved
	var apart, way float64 // squares
	for _, t := range m.Tensors {
		d := t.Apart[between(name, other)]
		if share := d / t.allowed(); share > r.tensorShare || math.IsNaN(share) {
			r.tensor, r.tensorShare = t.Name, share
		}
		if !t.statistic() {
			apart += d * d
			way += t.Moved * t.Moved
		}
	}
	r.weights = math.Sqrt(apart / way)
	return r
}

// blurs returns the blur of all tensors that are trained, the smallest first.
func (m *measurement) blurs() (all []float64) {
	for _, t := range m.Tensors {
		if !t.statistic() {
			all = append(all, t.blur())
		}
	}
	slices.Sort(all)
	return all
}

// blurred is the share of trained tensors in which a visibleError would not be noticed.
func (m *measurement) blurred() float64 {
	n, all := 0, m.blurs()
	for _, b := range all {
		if !(b <= visibleError) { // NaN is blurred, too
			n++
		}
	}
	return float64(n) / float64(len(all))
}

// norm is the Euclidean norm of a − b, or of a if b is nil.
func norm(a, b *tensor.Tensor) float64 {
	sum := 0.0
	for i, v := range a.Data() {
		d := float64(v)
		if b != nil {
			d -= float64(b.Data()[i])
		}
		sum += d * d
	}
	return math.Sqrt(sum)
}
