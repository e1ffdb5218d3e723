package conv

import "github.com/strideml/stride/engine/cpu/internal/work"

// Options change how [Choose] decides.
type Options struct {
	// Strict forbids algorithms other than sums of products of the operands
	// themselves, that is, Winograd's.
	Strict bool
	// BF16 allows products of operands that are rounded to bfloat16.
	BF16 bool
	// Tuner, if it is not nil, decides instead of the costs, unless Strict is set.
	Tuner Tuner
}

// A Tuner decides which of several plans computes a problem.
type Tuner interface {
	// Choose returns one of the names of plans. Any other name leaves the
	// decision to the costs.
	Choose(p Problem, names []string) (string, error)
}

// Choose decides how a problem is computed: by the cheapest plan that sums up
// products of the operands themselves, or by Winograd's algorithm if that costs
// less than a share of it, work.Limits.WinogradGain. The error is that of the
// tuner.
func Choose(p Problem, o Options) (Plan, error) {
	p.BF16 = o.BF16 && !p.depthwise()
	plans := Candidates(p)
	best, cost := 0, plans[0].Cost()
	for i, plan := range plans {
		if isDirect(plan) && plan.Cost() < cost {
			best, cost = i, plan.Cost()
		}
	}
	cost *= work.Limit.WinogradGain
	for i, plan := range plans {
		if !isDirect(plan) && !o.Strict && plan.Cost() < cost {
			best, cost = i, plan.Cost()
		}
	}
	if o.Tuner == nil || o.Strict || len(plans) == 1 {
		return plans[best], nil
	}
	names := make([]string, len(plans))
	for i, plan := range plans {
		names[i] = plan.Algorithm()
	}
	name, err := o.Tuner.Choose(p, names)
	if err != nil {
		return nil, err
	}
	for i := range plans {
		if names[i] == name {
			best = i
		}
	}
	return plans[best], nil
}

// isDirect reports whether a plan sums up products of the operands themselves.
func isDirect(p Plan) bool {
	switch p.(type) {
	case *Winograd, *WinogradWeight:
		return false
	}
	return true
}

// Candidates returns all plans that apply to a problem. The first is always a
// direct one; a depthwise convolution has no other.
func Candidates(p Problem) (plans []Plan) {
	if p.depthwise() {
		if p.Kind == WeightGrad {
			return []Plan{newDepthwiseWeight(p)}
		}
		return []Plan{newDepthwise(p)}
	}
	if p.Kind == WeightGrad {
		plans = append(plans, newWeightGradient(p))
		for _, t := range winogradTransforms(p) {
			plans = append(plans, newWinogradWeight(p, t))
		}
		return plans
	}
	plans = append(plans, newDirect(p))
	if p.Kind == InputGrad {
		if c := newCol2im(p); c != nil {
			plans = append(plans, c)
		}
	}
	for _, t := range winogradTransforms(p) {
		plans = append(plans, newWinograd(p, t))
	}
	return plans
}
