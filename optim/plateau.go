package optim

import (
	"fmt"
	"math"
)

// Plateau lowers the learning rate when a metric no longer improves, as torch.optim's
// ReduceLROnPlateau. It has no state of its own: the rate is a function of the
// metric after each epoch so far, so a resumed run gets the same rates.
type Plateau struct {
	// Factor is what the rate is multiplied by, from 0 to below 1; 0 means 0.1.
	Factor float32
	// Patience is the number of epochs without improvement that change nothing;
	// PyTorch's default is 10.
	Patience int
	// Threshold is the least improvement that counts, as a part of the best value so
	// far; 0 means 1e-4.
	Threshold float32
	// Cooldown is the number of epochs after a reduction that do not count as bad.
	Cooldown int
	// Min is what the rate is not lowered beyond, as a multiple of the rate without
	// reductions.
	Min float32
}

// Check reports settings that are out of range.
func (p Plateau) Check() error {
	switch {
	case !(p.Factor >= 0 && p.Factor < 1):
		return fmt.Errorf("plateau: the factor must be at least 0 and below 1, got %v", p.Factor)
	case p.Patience < 0 || p.Cooldown < 0:
		return fmt.Errorf("plateau: patience %d and cooldown %d: neither can be negative", p.Patience, p.Cooldown)
	case !(p.Threshold >= 0 && p.Threshold < 1):
		return fmt.Errorf("plateau: the threshold must be at least 0 and below 1, got %v", p.Threshold)
	case !(p.Min >= 0 && p.Min <= 1):
		return fmt.Errorf("plateau: the minimum must be from 0 to 1, got %v", p.Min)
	}
	return nil
}

// String is like "factor 0.1, patience 10, threshold 0.0001".
func (p Plateau) String() string {
	s := fmt.Sprintf("factor %v, patience %d, threshold %v", or(p.Factor, 0.1), p.Patience, or(p.Threshold, 1e-4))
	if p.Cooldown > 0 {
		s += fmt.Sprintf(", cooldown %d", p.Cooldown)
	}
	return s + setting("minimum", p.Min)
}

// Scale returns the multiple of the learning rate after epochs with the given
// values of the metric, of which the greater is the better if higher is set. NaN is
// no improvement.
func (p Plateau) Scale(values []float64, higher bool) float64 {
	factor, threshold := exact(or(p.Factor, 0.1)), exact(or(p.Threshold, 1e-4))
	best, bad, cooling, scale := math.Inf(1), 0, 0, 1.0
	if higher {
		best = math.Inf(-1)
	}
	for _, v := range values {
		better := v < best*(1-threshold)
		if higher {
			better = v > best*(1+threshold)
		}
		if better {
			best, bad = v, 0
		} else {
			bad++
		}
		if cooling > 0 {
			cooling--
			bad = 0
		}
		if bad > p.Patience {
			scale = max(scale*factor, exact(p.Min))
			cooling, bad = p.Cooldown, 0
		}
	}
	return scale
}
