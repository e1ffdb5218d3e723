package main

import (
	"math"
	"strings"

	"github.com/strideml/stride/tensor"
)

// A result says how far two trainings are apart.
type result struct {
	first, last float64 // losses
	// loss is the greatest difference of a loss, weights the difference of all weights
	// together, without running statistics, as shares of how far the losses and the
	// weights moved.
	loss, weights distance
	// worst is the tensor that is farthest outside of its tolerance, or nearest to it.
	worst      string
	worstShare float64 // its difference in units of its tolerance
}

// A distance is a difference and what is allowed.
type distance struct{ off, allowed float64 }

const (
	// times is how many times as far results may be apart as noise moves them, as in
	// package enginetest.
	times = 3
	// rounding is allowed in any case, relative to the values: float32 has steps of 1.2e-7.
	rounding = 5e-7
	// mostShare is how large the tolerance may be, as a share of how far the weights
	// moved: a network for which noise does more says nothing. That of MobileNetV2, whose
	// batch normalizations have few values for each channel, is 0.11.
	mostShare = 0.15
)

func (r result) ok() bool {
	return r.loss.off <= r.loss.allowed && r.worstShare <= 1 && r.weights.allowed <= mostShare // false for NaN
}

// judge compares a training with another one, and this one with itself under noise.
func judge(got, want training, noisy []training) result {
	r := result{first: want.losses[0], last: want.losses[len(want.losses)-1]}
	moved, allowed := 0.0, 0.0
	for i, w := range want.losses {
		moved = math.Max(moved, math.Abs(w-r.first))
		for _, n := range noisy {
			allowed = math.Max(allowed, times*math.Abs(n.losses[i]-w))
		}
		slack := allowed + rounding*math.Abs(w)
		if off := math.Abs(got.losses[i] - w); !(off*r.loss.allowed <= slack*r.loss.off) || i == 0 {
			r.loss = distance{off, slack} // the step with the largest share of what is allowed
		}
	}
	r.loss = distance{r.loss.off / moved, r.loss.allowed / moved}
	var off, slack, way float64 // squares
	for k, e := range want.state {
		d := distance{off: norm(got.state[k].Tensor, e.Tensor)}
		for _, n := range noisy {
			d.allowed = math.Max(d.allowed, times*norm(n.state[k].Tensor, e.Tensor))
		}
		d.allowed += rounding * norm(e.Tensor, nil)
		if share := d.off / d.allowed; share > r.worstShare || math.IsNaN(share) || r.worst == "" {
			r.worst, r.worstShare = e.Name, share
		}
		if strings.Contains(e.Name, "running_") {
			continue
		}
		off += d.off * d.off
		slack += d.allowed * d.allowed
		step := norm(want.before[k].Tensor, e.Tensor)
		way += step * step
	}
	r.weights = distance{math.Sqrt(off / way), math.Sqrt(slack / way)}
	return r
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
