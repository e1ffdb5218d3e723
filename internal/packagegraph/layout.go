package main

import (
	"maps"
	"slices"
)

// A node is a package, or a point where an arrow passes a layer (pkg is "").
type node struct {
	pkg   string
	layer int       // 0 is at the top
	x     float64   // of the middle
	down  [][2]int  // layer and place there of the nodes below
	up    []float64 // positions of the nodes above, while they are placed
}

// A layout has the packages in layers; arrows go from a layer to the next one.
type layout struct {
	layers [][]*node
}

// reduce leaves out each import that follows from others: a→c where there are
// a→b and b→c.
func reduce(imports map[string][]string) map[string][]string {
	reach := map[string]map[string]bool{}
	var from func(pkg string) map[string]bool
	from = func(pkg string) map[string]bool {
		if reach[pkg] == nil {
			reach[pkg] = map[string]bool{}
			for _, to := range imports[pkg] {
				reach[pkg][to] = true
				maps.Copy(reach[pkg], from(to))
			}
		}
		return reach[pkg]
	}
	less := map[string][]string{}
	for pkg, list := range imports {
		less[pkg] = []string{}
		for _, to := range list {
			if !slices.ContainsFunc(list, func(other string) bool { return other != to && from(other)[to] }) {
				less[pkg] = append(less[pkg], to)
			}
		}
		slices.Sort(less[pkg])
	}
	return less
}

// arrange puts packages into layers of at most so many columns, orders each layer
// so that few arrows cross, and places its nodes near those they belong to
// (Sugiyama, Tagawa and Toda, 1981).
func arrange(imports map[string][]string, columns int) *layout {
	layer := assignLayers(imports, columns)
	l := &layout{layers: make([][]*node, slices.Max(slices.Collect(maps.Values(layer)))+1)}
	nodes := map[string]*node{}
	add := func(n *node) *node {
		l.layers[n.layer] = append(l.layers[n.layer], n)
		return n
	}
	names := slices.Sorted(maps.Keys(imports))
	for _, pkg := range names {
		nodes[pkg] = add(&node{pkg: pkg, layer: layer[pkg]})
	}
	edges := map[*node][]*node{}
	for _, pkg := range names {
		for _, to := range imports[pkg] {
			last := nodes[pkg]
			for at := layer[pkg] + 1; at < layer[to]; at++ {
				pass := add(&node{layer: at})
				edges[last] = append(edges[last], pass)
				last = pass
			}
			edges[last] = append(edges[last], nodes[to])
		}
	}
	l.order(edges)
	for i, nodes := range l.layers {
		for _, n := range nodes {
			for _, to := range edges[n] {
				n.down = append(n.down, [2]int{i + 1, slices.Index(l.layers[i+1], to)})
			}
		}
	}
	l.place()
	return l
}

// assignLayers returns the layer of each package: below all that import it, as
// high as there is room. Those with the longest way down go first.
func assignLayers(imports map[string][]string, columns int) map[string]int {
	height := map[string]int{}
	var measure func(pkg string) int
	measure = func(pkg string) int {
		if _, ok := height[pkg]; !ok {
			height[pkg] = 0
			for _, to := range imports[pkg] {
				height[pkg] = max(height[pkg], measure(to)+1)
			}
		}
		return height[pkg]
	}
	left := slices.Sorted(maps.Keys(imports))
	slices.SortStableFunc(left, func(a, b string) int { return measure(b) - measure(a) })
	layer := map[string]int{}
	for at := 0; len(left) > 0; at++ {
		var here []string
		for _, pkg := range left {
			waits := slices.ContainsFunc(left, func(other string) bool { return slices.Contains(imports[other], pkg) })
			if !waits && len(here) < columns {
				here = append(here, pkg)
			}
		}
		for _, pkg := range here {
			layer[pkg] = at
			left = slices.DeleteFunc(left, func(other string) bool { return other == pkg })
		}
	}
	return layer
}

// order sorts the nodes of each layer by the mean place of their neighbours, down
// and up again, and then exchanges neighbours while that helps. It keeps the order
// with the fewest crossings.
func (l *layout) order(edges map[*node][]*node) {
	above := map[*node][]*node{}
	for _, layer := range l.layers {
		for _, n := range layer {
			for _, to := range edges[n] {
				above[to] = append(above[to], n)
			}
		}
	}
	best, fewest := l.copy(), l.crossings(edges)
	for sweep := range 24 {
		for i := range l.layers {
			at, near, next := i, above, i-1
			if sweep%2 == 1 {
				at, near, next = len(l.layers)-1-i, edges, len(l.layers)-i
			}
			if next < 0 || next == len(l.layers) {
				continue
			}
			l.sortByMean(at, next, near)
		}
		l.exchange(edges)
		if c := l.crossings(edges); c < fewest {
			best, fewest = l.copy(), c
		}
	}
	l.layers = best
}

func (l *layout) copy() [][]*node {
	layers := make([][]*node, len(l.layers))
	for i := range layers {
		layers[i] = slices.Clone(l.layers[i])
	}
	return layers
}

// sortByMean sorts a layer by the mean place of each node's neighbours in layer next.
func (l *layout) sortByMean(at, next int, near map[*node][]*node) {
	mean := map[*node]float64{}
	for i, n := range l.layers[at] {
		mean[n] = float64(i)
		if len(near[n]) > 0 {
			sum := 0
			for _, other := range near[n] {
				sum += slices.Index(l.layers[next], other)
			}
			mean[n] = float64(sum) / float64(len(near[n]))
		}
	}
	slices.SortStableFunc(l.layers[at], func(a, b *node) int {
		switch {
		case mean[a] < mean[b]:
			return -1
		case mean[a] > mean[b]:
			return 1
		}
		return 0
	})
}

// exchange swaps nodes side by side where fewer arrows cross then.
func (l *layout) exchange(edges map[*node][]*node) {
	for again := true; again; {
		again = false
		for _, layer := range l.layers {
			for i := 1; i < len(layer); i++ {
				before := l.crossings(edges)
				layer[i-1], layer[i] = layer[i], layer[i-1]
				if l.crossings(edges) < before {
					again = true
				} else {
					layer[i-1], layer[i] = layer[i], layer[i-1]
				}
			}
		}
	}
}

// crossings returns how many pairs of arrows cross.
func (l *layout) crossings(edges map[*node][]*node) int {
	count := 0
	for i := range len(l.layers) - 1 {
		place := map[*node]int{}
		for j, n := range l.layers[i+1] {
			place[n] = j
		}
		var ends []int // of the arrows so far, from nodes to the left
		for _, n := range l.layers[i] {
			for _, to := range edges[n] {
				for _, end := range ends {
					if end > place[to] {
						count++
					}
				}
			}
			for _, to := range edges[n] {
				ends = append(ends, place[to])
			}
		}
	}
	return count
}

// distance is how far the middles of two nodes side by side are at least apart.
func distance(a, b *node) float64 { return a.width()/2 + b.width()/2 + gap }

func (n *node) width() float64 {
	if n.pkg == "" {
		return 2
	}
	return boxWidthOf(n.pkg)
}

// place gives each node its x: the mean of its neighbours above and below, as far
// as the order and the distances in its layer allow.
func (l *layout) place() {
	for _, layer := range l.layers {
		x := 0.0
		for i, n := range layer {
			if i > 0 {
				x += distance(layer[i-1], n)
			}
			n.x = x
		}
		for _, n := range layer {
			n.x -= x / 2
		}
	}
	for range 300 {
		for _, layer := range l.layers {
			for _, n := range layer {
				n.up = n.up[:0]
			}
		}
		for _, layer := range l.layers {
			for _, n := range layer {
				for _, to := range n.down {
					below := l.layers[to[0]][to[1]]
					below.up = append(below.up, n.x)
				}
			}
		}
		for _, layer := range l.layers {
			l.relax(layer)
		}
	}
}

// relax moves the nodes of a layer towards their neighbours.
func (l *layout) relax(layer []*node) {
	want := make([]float64, len(layer))
	for i, n := range layer {
		sum, count := n.x*0.5, 0.5
		for _, x := range n.up {
			sum, count = sum+x, count+1
		}
		for _, to := range n.down {
			sum, count = sum+l.layers[to[0]][to[1]].x, count+1
		}
		// The picture's middle attracts a little, so that it stays narrow.
		want[i] = sum / (count + 0.5)
	}
	// Two ways to keep the distances, pushing to the right and to the left: their
	// mean keeps them too.
	right, left := slices.Clone(want), slices.Clone(want)
	for i := 1; i < len(layer); i++ {
		right[i] = max(right[i], right[i-1]+distance(layer[i-1], layer[i]))
	}
	for i := len(layer) - 2; i >= 0; i-- {
		left[i] = min(left[i], left[i+1]-distance(layer[i], layer[i+1]))
	}
	for i, n := range layer {
		n.x = (left[i] + right[i]) / 2
	}
}
