package check

import (
	"cmp"
	"slices"
)

// A Group is a number of pictures that show the same.
type Group struct {
	// Pictures are sorted by split and path.
	Pictures []Picture `json:"pictures"`
	// AcrossSplits says that they are not all in the same split, AcrossClasses that
	// they do not all have the same class.
	AcrossSplits  bool `json:"across_splits"`
	AcrossClasses bool `json:"across_classes"`
}

// A Picture is an item in a result.
type Picture struct {
	Path  string `json:"path"`
	Class string `json:"class"`
	Split string `json:"split,omitempty"`
}

func (c *checker) picture(i int) Picture {
	item := c.Items[i]
	return Picture{item.Path, c.Classes[item.Label], item.Split}
}

func (c *checker) group(items []int) Group {
	g := Group{}
	for _, i := range items {
		g.Pictures = append(g.Pictures, c.picture(i))
		g.AcrossSplits = g.AcrossSplits || c.Items[i].Split != c.Items[items[0]].Split
		g.AcrossClasses = g.AcrossClasses || c.Items[i].Label != c.Items[items[0]].Label
	}
	slices.SortFunc(g.Pictures, func(a, b Picture) int {
		return cmp.Or(cmp.Compare(splitOrder(a.Split), splitOrder(b.Split)), cmp.Compare(a.Split, b.Split), cmp.Compare(a.Path, b.Path))
	})
	return g
}

// splitOrder puts the splits in their usual order.
func splitOrder(split string) int {
	if i := slices.Index([]string{"train", "validation", "test"}, split); i >= 0 {
		return i
	}
	return 3
}

// A forest unites items that belong together.
type forest []int32

func newForest(n int) forest {
	f := make(forest, n)
	for i := range f {
		f[i] = int32(i)
	}
	return f
}

func (f forest) root(i int) int {
	for int(f[i]) != i {
		f[i] = f[f[i]]
		i = int(f[i])
	}
	return i
}

// unite keeps the lower root, so that roots do not depend on the order.
func (f forest) unite(i, j int) {
	a, b := f.root(i), f.root(j)
	f[max(a, b)] = int32(min(a, b))
}

// duplicates finds files with the same bytes and pictures that look the same.
func (c *checker) duplicates(r *Result) {
	exact, near := newForest(len(c.Items)), newForest(len(c.Items))
	first := map[[32]byte]int{}
	for i := range c.pictures {
		p := &c.pictures[i]
		if p.err != nil {
			continue
		}
		if j, ok := first[p.sum]; ok {
			exact.unite(i, j)
			near.unite(i, j)
		} else {
			first[p.sum] = i
		}
	}
	r.NearIncomplete = c.similar(exact, near)
	c.same = near
	r.Duplicates = c.groups(exact, func([]int) bool { return true })
	r.NearDuplicates = c.groups(near, func(items []int) bool {
		return slices.ContainsFunc(items, func(i int) bool { return exact.root(i) != exact.root(items[0]) })
	})
}

// groups returns the sets of a forest with several items that are wanted: first
// those across splits, then those across classes, then the largest.
func (c *checker) groups(f forest, wanted func(items []int) bool) []Group {
	members := map[int][]int{}
	var roots []int
	for i := range f {
		root := f.root(i)
		if root == i {
			roots = append(roots, i)
		}
		members[root] = append(members[root], i)
	}
	groups := []Group{}
	for _, root := range roots {
		if items := members[root]; len(items) > 1 && wanted(items) {
			groups = append(groups, c.group(items))
		}
	}
	slices.SortStableFunc(groups, func(a, b Group) int {
		return cmp.Or(-cmp.Compare(rank(a.AcrossSplits), rank(b.AcrossSplits)), -cmp.Compare(rank(a.AcrossClasses), rank(b.AcrossClasses)), -cmp.Compare(len(a.Pictures), len(b.Pictures)))
	})
	return groups
}

func rank(b bool) int {
	if b {
		return 1
	}
	return 0
}

// maxLeaders bounds how many different pictures with the same hash are compared with
// each other and with their neighbours.
const maxLeaders = 8

// similar unites near duplicates. It returns true if some comparisons were left out.
func (c *checker) similar(exact, near forest) (incomplete bool) {
	// Of pictures with the same hash, leaders are not near duplicates of each other.
	leaders := map[uint64][]int{}
	var hashes []uint64
	for i := range c.pictures {
		p := &c.pictures[i]
		if p.err != nil || p.blank || exact.root(i) != i {
			continue
		}
		list, ok := leaders[p.hash]
		if !ok {
			hashes = append(hashes, p.hash)
		}
		at := slices.IndexFunc(list, func(j int) bool { return p.thumbnail.distance(&c.pictures[j].thumbnail) <= ThumbnailDistance })
		switch {
		case at >= 0:
			near.unite(i, list[at])
		case len(list) < maxLeaders:
			leaders[p.hash] = append(list, i)
		default:
			incomplete = true
		}
	}
	x := newIndex(hashes)
	for i, h := range hashes {
		complete := x.near(i, func(j int) {
			for _, a := range leaders[h] {
				for _, b := range leaders[hashes[j]] {
					if c.pictures[a].thumbnail.distance(&c.pictures[b].thumbnail) <= ThumbnailDistance {
						near.unite(a, b)
					}
				}
			}
		})
		incomplete = incomplete || !complete
	}
	return incomplete
}
