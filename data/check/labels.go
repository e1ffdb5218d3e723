package check

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A Suspect is a picture whose label may be wrong: of its nearest neighbours, at
// least 7 in 10 have one and the same other label, and at most 1 in 10 its own. A class
// of fewer than four pictures is not judged, and of a class of n pictures no more than
// n − 1 neighbours vote.
type Suspect struct {
	Picture
	// Suggested is the class of most neighbours.
	Suggested string `json:"suggested"`
	// Agreement is the share of the neighbours that have it, 0 to 1.
	Agreement float64 `json:"agreement"`
	// Similarity is the mean cosine of the angles between the features of the picture
	// and of those neighbours, −1 to 1.
	Similarity float64 `json:"similarity"`
	// Neighbours are the paths of the three nearest of those neighbours.
	Neighbours []string `json:"neighbours"`
}

const (
	suspectOther = 0.7
	suspectOwn   = 0.1
	fewestVotes  = 3
)

// A neighbour is a picture with its similarity to another one.
type neighbour struct {
	item int
	cos  float32
}

// labels compares pictures by their features.
func (c *checker) labels(ctx context.Context, r *Result) error {
	r.Suspects = []Suspect{}
	if c.config.Features == nil {
		return nil
	}
	var items []int
	sizes := make([]int, len(c.Classes))
	width := 0
	for i := range c.pictures {
		p := &c.pictures[i]
		if p.err != nil || p.features == nil {
			continue
		}
		if width == 0 {
			width = len(p.features)
		}
		if len(p.features) != width {
			return fmt.Errorf("check: features of %d numbers for %s and of %d for others", len(p.features), c.Items[i].Path, width)
		}
		items = append(items, i)
		sizes[c.Items[i].Label]++
	}
	r.Compared = len(items)
	if len(items) < fewestVotes+1 {
		return nil
	}
	nearest, err := c.nearest(ctx, items, width)
	if err != nil {
		return err
	}
	for k, i := range items {
		own := c.Items[i].Label
		votes := min(c.config.Neighbours, sizes[own]-1, len(nearest[k]))
		if votes < fewestVotes {
			continue
		}
		if s, ok := c.suspect(i, nearest[k][:votes]); ok {
			r.Suspects = append(r.Suspects, s)
		}
	}
	slices.SortStableFunc(r.Suspects, func(a, b Suspect) int {
		return cmp.Or(-cmp.Compare(a.Agreement, b.Agreement), -cmp.Compare(a.Similarity, b.Similarity))
	})
	return nil
}

// suspect judges the label of an item by its neighbours.
func (c *checker) suspect(i int, neighbours []neighbour) (Suspect, bool) {
	votes := map[int]int{}
	best := -1
	for _, n := range neighbours {
		label := c.Items[n.item].Label
		if votes[label]++; best < 0 || votes[label] > votes[best] {
			best = label
		}
	}
	all, own := float64(len(neighbours)), c.Items[i].Label
	if best == own || float64(votes[best]) < suspectOther*all || float64(votes[own]) > suspectOwn*all {
		return Suspect{}, false
	}
	s := Suspect{Picture: c.picture(i), Suggested: c.Classes[best], Agreement: float64(votes[best]) / all}
	for _, n := range neighbours {
		if c.Items[n.item].Label != best {
			continue
		}
		s.Similarity += float64(n.cos) / float64(votes[best])
		if len(s.Neighbours) < 3 {
			s.Neighbours = append(s.Neighbours, c.Items[n.item].Path)
		}
	}
	return s, true
}

// blockRows is how many pictures are compared with how many others at once.
const blockRows, blockColumns = 256, 2048

// nearest returns for each item its nearest neighbours, nearest first, without its
// duplicates: products of blocks of the matrix of features with its transpose.
func (c *checker) nearest(ctx context.Context, items []int, width int) ([][]neighbour, error) {
	device := c.config.Device
	if device == nil {
		device = cpu.Default()
	}
	rows, columns := min(blockRows, len(items)), min(blockColumns, len(items))
	product, err := newProduct(device, rows, columns, width)
	if err != nil {
		return nil, fmt.Errorf("check: %w", err)
	}
	defer product.program.Close()
	nearest := make([][]neighbour, len(items))
	for first := 0; first < len(items); first += rows {
		c.config.Progress("labels", first, len(items))
		queries := items[first:min(first+rows, len(items))]
		c.fill(product.a, queries, width)
		for at := 0; at < len(items); at += columns {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			others := items[at:min(at+columns, len(items))]
			c.fill(product.b, others, width)
			if err := product.program.Run(product.feeds, []*tensor.Tensor{product.cosines}); err != nil {
				return nil, fmt.Errorf("check: %w", err)
			}
			for q, i := range queries {
				scores := product.cosines.Data()[q*columns:][:len(others)]
				nearest[first+q] = c.merge(nearest[first+q], i, others, scores)
			}
		}
	}
	c.config.Progress("labels", len(items), len(items))
	return nearest, nil
}

// merge puts those of others that are nearer than the neighbours so far into their
// list. Among equally near ones the first item wins.
func (c *checker) merge(list []neighbour, i int, others []int, scores []float32) []neighbour {
	k := c.config.Neighbours
	for at, cos := range scores {
		j := others[at]
		if len(list) == k && !(cos > list[k-1].cos) || cos != cos || c.same.root(j) == c.same.root(i) {
			continue
		}
		if len(list) < k {
			list = append(list, neighbour{})
		}
		place := len(list) - 1
		for ; place > 0 && cos > list[place-1].cos; place-- {
			list[place] = list[place-1]
		}
		list[place] = neighbour{j, cos}
	}
	return list
}

// fill copies the features of items into the rows of a tensor.
func (c *checker) fill(t *tensor.Tensor, items []int, width int) {
	for row, i := range items {
		copy(t.Data()[row*width:], c.pictures[i].features)
	}
}

// A product computes cosines = a·bᵀ.
type product struct {
	program       engine.Program
	feeds         engine.Feeds
	a, b, cosines *tensor.Tensor
}

func newProduct(device engine.Device, rows, columns, width int) (p *product, err error) {
	defer graph.Catch(&err)
	g := graph.New()
	a, b := g.Input("a", rows, width), g.Input("b", columns, width)
	y := graph.MatMulT(a, b, false, true)
	program, err := device.Compile(g, y)
	if err != nil {
		return nil, err
	}
	p = &product{program: program, a: tensor.New(rows, width), b: tensor.New(columns, width), cosines: tensor.New(rows, columns)}
	p.feeds = engine.Feeds{a: p.a, b: p.b}
	return p, nil
}
