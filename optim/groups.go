package optim

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/layerpath"
)

// Groups gives parts of a network learning rates of their own, as multiples of the
// common one, and leaves out weight decay where it does harm. PyTorch's word is
// parameter groups.
type Groups struct {
	// Of does the updates.
	Of Optimizer
	// Rates are the multiples for parts of the network. Of several that a parameter
	// lies in, the one with the longest path counts. Where none does, Depth counts.
	Rates []LayerRate
	// Depth gives the first layers a smaller rate than the last; its zero value
	// gives all layers the same rate.
	Depth DepthRates
	// NoDecay does without weight decay for biases and for the scales and shifts of
	// normalizations: for all parameters with a single axis, and those named
	// "bias", as timm does.
	NoDecay bool
}

// A LayerRate is the multiple of the learning rate for a part of a network.
type LayerRate struct {
	// Layers is the path of a layer or block, such as "features.3", with all that is
	// in it; "" is the whole network.
	Layers string
	// Rate is the multiple, above 0. Layers that are not to change at all are frozen
	// instead; see train.Freeze.
	Rate float32
}

// DepthRates are multiples of the learning rate that grow from the first layer to the
// last (discriminative learning rates, Howard & Ruder 2018): of n layers with
// parameters, layer i, from 0, gets From·(To/From)^(i/(n−1)). fastai, with
// slice(lr/100, lr), does the same over blocks of layers.
type DepthRates struct {
	// Params are all parameters of the network, in its order, those included that are
	// frozen for a time; nil is no DepthRates.
	Params []*graph.Variable
	// From and To are the multiples of the first and of the last layer, above 0.
	From, To float32
}

// String is like "sgd, rate of features 0.1, rates by depth 0.01 to 0.1, no decay of
// biases and norms".
func (o Groups) String() string {
	var b strings.Builder
	b.WriteString(o.Of.String())
	for _, r := range o.Rates {
		fmt.Fprintf(&b, ", rate of %s %v", orAll(r.Layers), r.Rate)
	}
	if o.Depth.Params != nil {
		fmt.Fprintf(&b, ", rates by depth %v to %v", o.Depth.From, o.Depth.To)
	}
	if o.NoDecay {
		b.WriteString(", no decay of biases and norms")
	}
	return b.String()
}

func orAll(layers string) string {
	if layers == "" {
		return "all layers"
	}
	return layers
}

// Check reports settings that do not fit the parameters of a network: a path that no
// parameter lies in, most often a typing error; a rate that is not above 0.
func (o Groups) Check(params []*graph.Variable) error {
	good := func(rate float32) bool { return rate > 0 && rate <= 1e30 }
	for _, r := range o.Rates {
		found := false
		for _, p := range params {
			found = found || layerpath.In(p.Name, r.Layers)
		}
		switch {
		case !found:
			return fmt.Errorf("learning rates: the network has no parameters in %q", r.Layers)
		case !good(r.Rate):
			return fmt.Errorf("learning rate of %s: want a multiple above 0, got %v", orAll(r.Layers), r.Rate)
		}
	}
	if o.Depth.Params != nil && !(good(o.Depth.From) && good(o.Depth.To)) {
		return fmt.Errorf("learning rates by depth: want multiples above 0, got %v to %v", o.Depth.From, o.Depth.To)
	}
	return Check(o.Of, params)
}

// Check reports settings of an optimizer that do not fit the parameters of a network:
// of any that has a method Check, and of those that wrap one.
func Check(o Optimizer, params []*graph.Variable) error {
	switch o := o.(type) {
	case nil:
		return errors.New("an optimizer that changes the gradients for another one lacks that one")
	case ClipNorm:
		return Check(o.Of, params)
	case ClipValue:
		return Check(o.Of, params)
	case interface {
		Check(params []*graph.Variable) error
	}:
		return o.Check(params)
	}
	return nil
}

// Rate returns the multiple of the learning rate for the parameter of that name.
func (o Groups) Rate(name string) float32 {
	rate, longest := float32(1), -1
	for _, r := range o.Rates {
		if len(r.Layers) > longest && layerpath.In(name, r.Layers) {
			rate, longest = r.Rate, len(r.Layers)
		}
	}
	if longest < 0 && o.Depth.Params != nil {
		return o.Depth.rates()[layerpath.Of(name)]
	}
	return rate
}

// rates returns the multiples by the path of a layer.
func (d DepthRates) rates() map[string]float32 {
	var order []string
	rates := map[string]float32{}
	for _, p := range d.Params {
		layer := layerpath.Of(p.Name)
		if _, seen := rates[layer]; !seen {
			rates[layer] = 0
			order = append(order, layer)
		}
	}
	from, to := exact(d.From), exact(d.To)
	for i, layer := range order {
		share := 1.0
		if len(order) > 1 {
			share = float64(i) / float64(len(order)-1)
		}
		rates[layer] = float32(from * math.Pow(to/from, share))
	}
	return rates
}

// Update implements Optimizer. It panics with a *graph.Error if NoDecay is set and the
// optimizer in Of is not one of this package, or if Check finds an error.
func (o Groups) Update(g *graph.Graph, lr *graph.Node, params, grads []*graph.Node, state *State) {
	check(g, "Groups", lr, params, grads)
	if err := (Groups{Of: o.Of, Depth: o.Depth}).Check(nil); err != nil { // params may be a part of all
		g.Fail("Groups", "%w", err)
	}
	plain := o.Of
	if o.NoDecay {
		d, ok := o.Of.(interface{ withoutDecay() Optimizer })
		if !ok {
			g.Fail("Groups", "weight decay cannot be left out for %v", o.Of)
		}
		plain = d.withoutDecay()
	}
	type group struct {
		rate  float32
		decay bool
	}
	var order []group
	members := map[group][]int{}
	for i, p := range params {
		at := group{o.rateOf(g, variable(p)), !(o.NoDecay && decayHarms(variable(p)))}
		if members[at] == nil {
			order = append(order, at)
		}
		members[at] = append(members[at], i)
	}
	for _, at := range order {
		var p, d []*graph.Node
		for _, i := range members[at] {
			p, d = append(p, params[i]), append(d, grads[i])
		}
		rate := lr
		if at.rate != 1 {
			rate = graph.Mul(lr, g.Scalar(at.rate))
		}
		if at.decay {
			o.Of.Update(g, rate, p, d, state)
		} else {
			plain.Update(g, rate, p, d, state)
		}
	}
}

// rateOf is Rate for a parameter of a graph.
func (o Groups) rateOf(g *graph.Graph, p *graph.Variable) float32 {
	rate := o.Rate(p.Name)
	if !(rate > 0 && rate <= 1e30) {
		g.Fail("Groups", "the learning rate of %s must be a multiple above 0, got %v", p.Name, rate)
	}
	return rate
}

// decayHarms is true for biases and for the parameters of normalizations.
func decayHarms(p *graph.Variable) bool {
	return len(p.Value.Shape()) <= 1 || p.Name == "bias" || strings.HasSuffix(p.Name, ".bias")
}
