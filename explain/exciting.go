package explain

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/strideml/stride/tensor"
)

// A Picture is a picture of a dataset for Exciting.
type Picture struct {
	// Name says which picture it is: the name of a file, for example.
	Name string
	// Input is the network's input, C×H×W or 1×C×H×W. Exciting keeps a copy of those that it returns.
	Input *tensor.Tensor
}

// An Excitation is how much a picture excites a channel.
type Excitation struct {
	// Name is that of the picture, and Index its place among all.
	Name  string `json:"name"`
	Index int    `json:"index"`
	// Activation is the greatest value of the channel's map, and Y and X the unit that has it, the first
	// of several in row-major order.
	Activation float32 `json:"activation"`
	Y          int     `json:"y"`
	X          int     `json:"x"`
	// Field is the receptive field of that unit.
	Field Field `json:"field"`
	// Input is the network's input, C×H×W.
	Input *tensor.Tensor `json:"-"`
}

// Exciting returns the k pictures that excite a channel of a layer most, the greatest activation first; of
// equal ones, the first. Of a picture counts the unit with the greatest activation (Zeiler & Fergus 2014).
// The first error that pictures yields ends it. k is 1 to 1000.
func (m *Model) Exciting(ctx context.Context, layer string, channel, k int, pictures iter.Seq2[Picture, error]) ([]Excitation, error) {
	n, err := m.outline.layer(layer)
	if err != nil {
		return nil, err
	}
	if err := checkUnit(layer, n.Shape(), channel, 0, 0); err != nil {
		return nil, err
	}
	if k < 1 || k > 1000 {
		return nil, fmt.Errorf("explain: the %d most exciting pictures: want 1 to 1000", k)
	}
	s := search{m: m, layer: layer, channel: channel, k: k}
	for p, err := range pictures {
		if err != nil {
			return nil, err
		}
		x, err := m.asInput(p.Input)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.Name, err)
		}
		s.waiting = append(s.waiting, Excitation{Name: p.Name, Index: s.seen, Input: x.Clone()})
		s.seen++
		if len(s.waiting) == m.batch {
			if err := s.compute(ctx); err != nil {
				return nil, err
			}
		}
	}
	if err := s.compute(ctx); err != nil {
		return nil, err
	}
	for i := range s.best {
		e := &s.best[i]
		if e.Field, err = m.ReceptiveField(layer, e.Y, e.X); err != nil {
			return nil, err
		}
		if e.Input, err = e.Input.Reshape(m.net.Input()...); err != nil {
			return nil, err
		}
	}
	return s.best, nil
}

// A search is a call of Exciting.
type search struct {
	m          *Model
	layer      string
	channel, k int
	seen       int
	waiting    []Excitation // to be computed
	best       []Excitation
}

// compute computes the waiting pictures, of which there are at most a batch, and keeps the best.
func (s *search) compute(ctx context.Context) error {
	if len(s.waiting) == 0 {
		return nil
	}
	batch := make([]*tensor.Tensor, 0, s.m.batch)
	for _, e := range s.waiting {
		batch = append(batch, e.Input)
	}
	for len(batch) < min(s.m.batch, s.seen) { // the last batch is as large as those before
		batch = append(batch, batch[0])
	}
	x, err := tensor.Concat(0, batch...)
	if err != nil {
		return fmt.Errorf("explain: %w", err)
	}
	results, err := s.m.run(ctx, key{task: features, layer: s.layer}, x, nil)
	if err != nil {
		return err
	}
	shape := results[0].Shape()
	size := shape[2] * shape[3]
	for i, e := range s.waiting {
		values := results[0].Data()[(i*shape[1]+s.channel)*size:][:size]
		at := 0
		for j, v := range values {
			if v-v != 0 {
				return fmt.Errorf("%s: explain: the output of layer %q is %v", e.Name, s.layer, v)
			}
			if v > values[at] {
				at = j
			}
		}
		e.Activation, e.Y, e.X = values[at], at/shape[3], at%shape[3]
		s.best = append(s.best, e)
	}
	s.waiting = s.waiting[:0]
	slices.SortFunc(s.best, func(a, b Excitation) int {
		return cmp.Or(cmp.Compare(b.Activation, a.Activation), cmp.Compare(a.Index, b.Index))
	})
	clear(s.best[min(s.k, len(s.best)):]) // their inputs
	s.best = s.best[:min(s.k, len(s.best))]
	return nil
}
