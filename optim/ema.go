package optim

import (
	"errors"
	"fmt"
	"math"

	"github.com/strideml/stride/graph"
)

// EMA keeps an exponential moving average of the weights and running statistics of a
// network, which often does better than the weights of the last step. After each
// update
//
//	average ← decay·average + (1−decay)·weight
//
// as in timm's ModelEmaV2. The average begins with the weights from before the first
// update. It is in the state variable "ema" of each parameter and buffer.
type EMA struct {
	// Decay is from 0 to below 1, such as 0.9998; 0 is no EMA.
	Decay float32
	// Warmup lets the decay begin at 0 and grow to Decay, so that the average forgets
	// the first weights in a short run, too: after update t, from 0, it is
	// min(Decay, 1 − (1+t)^(−2/3)), as in timm's ModelEmaV3.
	Warmup bool
}

// Check reports a Decay that is out of range.
func (e EMA) Check() error {
	if !(e.Decay >= 0 && e.Decay < 1) {
		return fmt.Errorf("moving average of the weights: the decay must be at least 0 and below 1, got %v", e.Decay)
	}
	if e.Decay == 0 && e.Warmup {
		return errors.New("moving average of the weights: a warm-up needs a decay above 0")
	}
	return nil
}

// String is like "decay 0.9998, warm-up"; "" without an average.
func (e EMA) String() string {
	switch {
	case e.Decay == 0:
		return ""
	case e.Warmup:
		return fmt.Sprintf("decay %v, warm-up", e.Decay)
	}
	return fmt.Sprintf("decay %v", e.Decay)
}

// Weight returns 1−decay for an update, counted from 0.
func (e EMA) Weight(update uint64) float32 {
	weight := 1 - exact(e.Decay)
	if e.Warmup {
		weight = max(weight, math.Pow(1+float64(update), -2.0/3))
	}
	return float32(weight)
}

// Begin makes the averages, with the values that the variables have now, if they are
// not there yet.
func (e EMA) Begin(variables []*graph.Variable, state *State) {
	for _, v := range variables {
		state.Copy(v, "ema")
	}
}

// Update adds the average of the variables to a graph whose assignments to them are
// all made. weight is a scalar, usually an input that is fed with Weight. A variable
// that the graph does not change is left out: its average does not change either.
func (e EMA) Update(g *graph.Graph, weight *graph.Node, variables []*graph.Variable, state *State) {
	values := map[*graph.Variable]*graph.Node{}
	for _, a := range g.Assignments() {
		values[a.Variable.Op().(graph.VariableOp).Variable] = a.Value
	}
	e.Begin(variables, state)
	for _, v := range variables {
		if value, ok := values[v]; ok {
			keep(g, state.Copy(v, "ema"), func(old *graph.Node) *graph.Node {
				return graph.Add(old, graph.Mul(graph.Sub(value, old), weight))
			})
		}
	}
}

// Swap exchanges the variables' values with their averages, if there are any, and a
// second Swap changes them back. In between no step may run.
func (e EMA) Swap(variables []*graph.Variable, state *State) {
	if e.Decay == 0 {
		return
	}
	for _, v := range variables {
		average := state.Copy(v, "ema")
		a, b := v.Value.Data(), average.Value.Data()
		for i := range a {
			a[i], b[i] = b[i], a[i]
		}
		v.Changed()
		average.Changed()
	}
}
